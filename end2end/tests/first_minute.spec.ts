// The first minute, and what follows it: a slip in the address, a wrong code, a second thought, a
// shared computer.
import { isAccessible } from "../support/accessible";
import { alive, askForMail, expect, signIn, test, wrong } from "../support/test";

for (const way of ["Enter", "the button"]) {
  test(`a mistyped domain is asked about before a mail goes out, by ${way}`, async ({ page, inbox }) => {
    await page.goto("/login");
    await alive(page);
    const field = page.getByLabel("Email address");
    const send = () => (way === "Enter" ? field.press("Enter") : page.getByRole("button", { name: "Send magic link" }).click());
    await field.fill("ada@gmial.com");
    await send();
    const question = page.getByRole("button", { name: "Did you mean ada@gmail.com?" });
    await expect(question).toBeFocused();
    await expect(page).toHaveURL(/\/login$/);
    await isAccessible(page);
    await page.keyboard.press("Enter");
    await expect(field).toHaveValue("ada@gmail.com");
    await expect(field).toBeFocused();
    await field.fill("eve@gmial.com");
    await send();
    await expect(page.getByRole("button", { name: "Did you mean eve@gmail.com?" })).toBeFocused();
    await field.focus();
    await send();
    await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
    expect((await inbox.mailTo("eve@gmial.com")).subject).toContain("Example");
  });
}

test("Change keeps the address, selected, and out of the URL", async ({ page, address }) => {
  await askForMail(page, address);
  await page.getByRole("link", { name: "Change" }).click();
  await alive(page);
  const field = page.getByLabel("Email address");
  await expect(field).toHaveValue(address);
  expect(page.url()).not.toContain(address.split("@")[0]);
  await expect(field).toBeFocused();
  await page.keyboard.type("b");
  await expect(field).toHaveValue("b");
});

test("an empty field is named as on the page, not as in the API", async ({ page, address, expected }) => {
  expected.add(400);
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Enter your email address.");
  await askForMail(page, address);
  await page.getByLabel("Code from the email").press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Enter the six digits from the email.");
});

test("a wrong code is selected, and its message goes with the first key", async ({ page, inbox, address, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  const mail = await inbox.mailTo(address);
  const field = page.getByLabel("Code from the email");
  await field.fill(wrong(mail.code));
  await expect(page.getByRole("alert")).toHaveText(/That code is not right/);
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await page.keyboard.type(mail.code[0]);
  await expect(field).toHaveValue(mail.code[0]);
  await expect(page.getByRole("alert")).toHaveText("");
  await expect(field).not.toHaveAttribute("aria-invalid");
  await page.keyboard.type(mail.code.slice(1));
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("the sign-in page says who is signed in, and leads on", async ({ page, inbox, address }) => {
  await signIn(page, inbox, address);
  await page.goto("/login");
  await expect(page.getByText(`You are signed in as ${address}`)).toBeVisible();
  await isAccessible(page);
  await page.getByRole("link", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("after signing out, no page of a shared computer shows who was there", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  const waiting = page.url();
  const mail = await inbox.mailTo(address);
  await page.getByLabel("Code from the email").fill(mail.code);
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await expect(page.getByRole("heading", { name: "Sign in to Example" })).toBeVisible();
  await page.goto(waiting);
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toHaveCount(0);
  await expect(page.getByText(address)).toHaveCount(0);
  const held = (await page.context().cookies()).map((cookie) => cookie.name);
  expect(held.filter((name) => /auth/.test(name))).toEqual([]);
});

test("at twice the text size a phone shows all six digits", async ({ page, inbox, address }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.addInitScript(() => {
    const twice = () => document.documentElement.style.setProperty("font-size", "200%");
    document.addEventListener("DOMContentLoaded", twice);
  });
  await askForMail(page, address);
  await inbox.mailTo(address);
  const field = page.getByLabel("Code from the email");
  await field.pressSequentially("12345");
  const [needs, has] = await field.evaluate((input: HTMLInputElement) => {
    const copy = document.createElement("span");
    copy.textContent = "123456";
    copy.style.cssText = "position:absolute;white-space:pre";
    const style = getComputedStyle(input);
    copy.style.font = style.font;
    copy.style.letterSpacing = style.letterSpacing;
    document.body.append(copy);
    const inner = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return [copy.getBoundingClientRect().width, inner];
  });
  expect(needs).toBeLessThanOrEqual(has);
});

test("every press is answered at once, whatever the network does", async ({ page, inbox, address }) => {
  let release = () => {};
  const held = () =>
    page.route(/\/actions\/(sign-in|verify-code)$/, async (route) => {
      await new Promise<void>((go) => (release = go));
      await route.continue();
    });
  await held();
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").fill(address);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Sending…" })).toHaveAttribute("aria-busy", "true");
  release();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
  await alive(page);
  await page.getByLabel("Code from the email").fill((await inbox.mailTo(address)).code);
  await expect(page.getByRole("button", { name: "Checking…" })).toHaveAttribute("aria-busy", "true");
  release();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("nothing moves while a page comes alive", async ({ page, address }) => {
  const held: (() => void)[] = [];
  await page.route("**/pkg/*.wasm", async (route) => {
    await new Promise<void>((go) => held.push(go));
    await route.continue();
  });
  const places = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("main :not(leptos-island)")].map((element) => {
        const { x, y } = element.getBoundingClientRect();
        return `${element.tagName} ${Math.round(x)} ${Math.round(y)}`;
      }),
    );
  const comesAlive = async (pages: number) => {
    await expect.poll(() => held.length).toBe(pages);
    const drawn = await places();
    held[pages - 1]();
    await alive(page);
    expect(await places()).toEqual(drawn);
  };
  await page.goto("/login");
  await comesAlive(1);
  await page.getByLabel("Email address").fill(address);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
  await comesAlive(2);
});

test("pasted text around a code gives way to its six digits", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  const field = page.getByLabel("Code from the email");
  let release = () => {};
  await page.route("**/actions/verify-code", async (route) => {
    await new Promise<void>((go) => (release = go));
    await route.continue();
  });
  await field.fill(`Your code is ${code.slice(0, 3)} ${code.slice(3)}.`);
  await expect(field).toHaveValue(code);
  await expect(page.getByRole("button", { name: "Checking…" })).toBeVisible();
  release();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("the page says how long the email works only at the end", async ({ page, address }) => {
  await page.clock.install();
  await askForMail(page, address);
  const timer = page.getByRole("timer");
  await expect(timer).toHaveText("");
  await page.clock.fastForward("08:05");
  await expect(timer).toHaveText(/^Expires in 1:5\d$/);
  await page.clock.fastForward("02:00");
  await expect(timer).toHaveText("This email has expired. Send a new one.");
  await expect(page.getByRole("button", { name: "Send a new email" })).toHaveClass("primary");
});
