import { alive, askForMail, expect, send, signIn, test, wrong } from "../support/test";

test("a link opened in the same browser signs in with one click", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  await expect(page.getByText(address)).toBeVisible();
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(page.getByText(address)).toBeVisible();
});

test("a code submits itself once it is whole", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  await page.getByLabel("Code from the email").pressSequentially((await inbox.mailTo(address)).code);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("a pasted sentence is searched for the code", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  await page.getByLabel("Code from the email").fill(`Your code is ${code.slice(0, 3)} ${code.slice(3)}`);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("a wrong code says how many tries are left, and the right one still works", async ({ page, inbox, address, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  const field = page.getByLabel("Code from the email");
  await field.fill(wrong(code));
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await expect(field).toBeFocused();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill(code);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("a press does not resend a wrong code, and no code can be typed once off", async ({
  page,
  inbox,
  address,
  expected,
}) => {
  [400, 429].forEach((status) => expected.add(status));
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  const field = page.getByLabel("Code from the email");
  for (const left of [4, 3, 2, 1]) {
    await field.fill(String((Number(code) + left) % 1_000_000).padStart(6, "0"));
    await expect(page.getByRole("alert")).toHaveText(left === 1 ? /One try is left/ : new RegExp(`${left} tries are left`));
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await field.fill(String((Number(code) + 9) % 1_000_000).padStart(6, "0"));
  await expect(page.getByRole("alert")).toHaveText(/switched off/);
  await expect(field).toHaveCount(0);
});

test("the waiting page finishes by itself when the link is opened in another tab", async ({ page, context, inbox, address }) => {
  await askForMail(page, address);
  const other = await context.newPage();
  await other.goto((await inbox.mailTo(address)).link);
  await expect(other).toHaveURL(/\/dashboard$/);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("the guard keeps path and query, and the sign-in leads there", async ({ page, inbox, address }) => {
  await page.goto("/dashboard?tab=sessions");
  await expect(page).toHaveURL("/login?next=%2Fdashboard%3Ftab%3Dsessions");
  await send(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL("/dashboard?tab=sessions");
});

test("signing out ends the session in every tab and for a copied cookie", async ({
  page,
  context,
  inbox,
  address,
  request,
}) => {
  await signIn(page, inbox, address);
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const replayed = async () => (await request.get("/api/auth/session", { headers: { cookie } })).status();
  expect(await replayed()).toBe(200);
  const other = await context.newPage();
  await other.goto("/dashboard");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page).toHaveURL("/login?signed_out=true");
  await other.reload();
  await expect(other).toHaveURL("/login?next=%2Fdashboard");
  expect(await replayed()).toBe(401);
});

test("Back asks to sign in again after signing out", async ({ page, inbox, address }) => {
  await signIn(page, inbox, address);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page).toHaveURL("/login?signed_out=true");
  await page.goBack();
  await expect(page).toHaveURL("/login?next=%2Fdashboard");
  await expect(page.getByText(address)).toBeHidden();
});

test("a link opened in another browser signs in neither", async ({ page, browser, inbox, address, watch, expected }) => {
  expected.add(403);
  await askForMail(page, address);
  const { link } = await inbox.mailTo(address);
  const stranger = await browser.newContext();
  await watch(stranger);
  const elsewhere = await stranger.newPage();
  await elsewhere.goto(link);
  await expect(elsewhere.getByRole("heading", { name: "This is a different browser" })).toBeVisible();
  for (const browser of [elsewhere, page]) {
    await browser.goto("/dashboard");
    await expect(browser).toHaveURL("/login?next=%2Fdashboard");
  }
  await stranger.close();
  await page.goto(link);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("a used link opened again in the signed-in browser just goes on", async ({ page, inbox, address }) => {
  await askForMail(page, address, "/login?next=%2Fdashboard%3Ftab%3Dsessions");
  const { link } = await inbox.mailTo(address);
  await page.goto(link);
  await page.goto("/login");
  await page.goto(link);
  await expect(page).toHaveURL("/dashboard?tab=sessions");
});

test("a fresh mail replaces the first one", async ({ page, inbox, address, expected }) => {
  expected.add(410);
  await askForMail(page, address);
  const button = page.getByRole("button", { name: /send a new email/i });
  await expect(button).toBeDisabled();
  const left = async () => Number(/in 0:(\d+)/.exec((await button.textContent()) ?? "")?.[1] ?? 0);
  const atFirst = await left();
  await expect.poll(left, "it counts down").toBeLessThan(atFirst);
  await expect(button).toBeEnabled({ timeout: 15_000 });
  await button.click();
  const [old, fresh] = [await inbox.mailTo(address), await inbox.mailTo(address, 2)];
  await expect(button, "it counts anew").toBeDisabled();
  await page.goto(old.link);
  await expect(page.getByRole("heading", { name: "There is a newer email" })).toBeVisible();
  await page.goto(fresh.link);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("the keyboard alone is enough to sign in", async ({ page, inbox, address }) => {
  await page.goto("/login");
  await alive(page);
  await page.keyboard.type(address);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Send magic link" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
  await alive(page);
  await page.keyboard.type((await inbox.mailTo(address)).code);
  await expect(page).toHaveURL(/\/dashboard$/);
});
