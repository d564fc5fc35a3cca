import { isAccessible } from "../support/accessible";
import { notInFirefox } from "../support/firefox";
import { alive, askForMail, expect, signIn, test } from "../support/test";

test("a malformed address is refused in place, with the cursor in the field", async ({ page, expected }) => {
  expected.add(400);
  await page.goto("/login");
  await alive(page);
  const field = page.getByLabel("Email address");
  await field.fill("ada at example");
  await field.press("Enter");
  await expect(page.getByRole("alert")).toHaveText(/Check the spelling of that email address/);
  await expect(field).toBeFocused();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveValue("ada at example");
  await isAccessible(page);
});

test("a truncated link is explained, with a way to a new email", async ({ page, inbox, address, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  await page.goto((await inbox.mailTo(address)).link.slice(0, -3));
  await expect(page.getByRole("heading", { name: "This link is not valid" })).toBeVisible();
  await isAccessible(page);
  await page.getByRole("link", { name: "Ask for a new email" }).click();
  await expect(page).toHaveURL(/\/login$/);
});

test("an altered link is explained, and the real one still works", async ({
  page,
  inbox,
  address,
  expected,
}) => {
  expected.add(400);
  await askForMail(page, address);
  const { link } = await inbox.mailTo(address);
  // Not the last letter: some of its bits mean nothing.
  await page.goto(link.replace(/(?<=link_token=).{20}/, (start) => start.slice(0, -1) + (start.endsWith("A") ? "B" : "A")));
  await expect(page.getByRole("heading", { name: "This link is not valid" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Ask for a new email" })).toBeVisible();
  await page.goto(link);
  await expect(page).toHaveURL("/dashboard");
});

test("an unknown path has a page of its own", async ({ page, expected }) => {
  expected.add(404);
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await isAccessible(page);
});

test("every page is accessible, in light and dark", async ({ page, inbox, address }) => {
  await page.goto("/login");
  await alive(page);
  await isAccessible(page);
  await askForMail(page, address);
  await isAccessible(page);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
  await isAccessible(page);
});

test("the page of a link that was opened elsewhere is accessible", async ({ page, browser, inbox, address, watch, expected }) => {
  expected.add(403);
  await askForMail(page, address);
  const stranger = await browser.newContext();
  await watch(stranger);
  const elsewhere = await stranger.newPage();
  await elsewhere.goto((await inbox.mailTo(address)).link);
  await expect(elsewhere.getByRole("heading", { name: "This is a different browser" })).toBeVisible();
  await isAccessible(elsewhere);
  await stranger.close();
});

test("no answer may be framed", async ({ page, inbox, address }) => {
  const paths = ["/login", "/login/code", "/login/confirm", "/dashboard", "/no/such/page", "/api/auth/session", "/favicon.svg"];
  const isRefused = async (path: string) => {
    const answer = await page.request.get(path, { maxRedirects: 0 });
    expect(answer.headers()["content-security-policy"], path).toContain("frame-ancestors 'none'");
  };
  for (const path of paths) await isRefused(path);
  await signIn(page, inbox, address);
  for (const path of paths) await isRefused(path);
});

test("a page of another origin that frames the sign-in page gets an empty frame", async ({ browser, baseURL }) => {
  notInFirefox("word of a refused frame");
  // Not watched: the browser has to complain about the frame.
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaint = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors 'none'"));
  await page.setContent(`<iframe src="${baseURL}/login"></iframe>`);
  await complaint;
  await expect(page.frameLocator("iframe").getByLabel("Email address")).toHaveCount(0);
  await context.close();
});
