// Conveniences of signing in: typos noticed, webmail one press away, the user's own language.
import { isAccessible } from "../support/accessible";
import { alive, askForMail, expect, send, signIn, test } from "../support/test";

test("a typo in a common domain is noticed after typing and fixed by a press", async ({ page }) => {
  await page.goto("/login");
  await alive(page);
  const field = page.getByLabel("Email address");
  await field.pressSequentially("ada@gmial.com");
  await expect(page.getByRole("button", { name: /Did you mean/ })).toHaveCount(0);
  await field.press("Tab");
  await page.getByRole("button", { name: "Did you mean ada@gmail.com?" }).click();
  await expect(field).toHaveValue("ada@gmail.com");
  await expect(field).toBeFocused();
  await expect(page.getByRole("button", { name: /Did you mean/ })).toHaveCount(0);
});

test("a malformed address is reported on leaving the field, not while typing", async ({ page }) => {
  await page.goto("/login");
  await alive(page);
  const field = page.getByLabel("Email address");
  await field.pressSequentially("ada");
  await expect(page.getByRole("alert")).toHaveText("");
  await field.blur();
  await expect(page.getByRole("alert")).toHaveText(/Check the spelling of that email address/);
});

test("nothing on the sign-in page moves when a message appears", async ({ page }) => {
  await page.goto("/login");
  await alive(page);
  const button = page.getByRole("button", { name: "Send magic link" });
  const before = await button.boundingBox();
  const field = page.getByLabel("Email address");
  await field.pressSequentially("ada");
  await field.press("Tab");
  await expect(page.getByRole("alert")).not.toHaveText("");
  expect(await button.boundingBox()).toEqual(before);
  await field.pressSequentially("@gmial.com");
  await field.press("Tab");
  await expect(page.getByRole("button", { name: /Did you mean/ })).toBeVisible();
  expect(await button.boundingBox()).toEqual(before);
  await isAccessible(page);
});

test("only an address at a known mail provider gets a button to open it", async ({ page, address }) => {
  await askForMail(page, "ada@gmail.com");
  const gmail = page.getByRole("link", { name: "Open Gmail" });
  await expect(gmail).toHaveAttribute("href", /^https:\/\/mail\.google\.com\//);
  await expect(gmail).toHaveAttribute("rel", "noopener noreferrer");
  await isAccessible(page);
  await askForMail(page, address);
  await expect(page.getByRole("link", { name: /^Open/ })).toHaveCount(0);
});

test("a chosen language stays through the whole sign-in, mail included", async ({ page, inbox, address }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: "Deutsch" }).click();
  await expect(page.getByRole("heading", { name: "Bei Example anmelden" })).toBeVisible();
  await alive(page);
  await page.getByLabel("E-Mail-Adresse").fill(address);
  await page.getByRole("button", { name: "Link zuschicken" }).click();
  await expect(page.getByRole("heading", { name: "Prüfen Sie Ihr Postfach" })).toBeVisible();
  const mail = await inbox.mailTo(address);
  expect(mail.subject).toContain("ist Ihr Code für Example");
  await page.goto(mail.link);
  await expect(page.getByRole("heading", { name: "Ihr Konto" })).toBeVisible();
  await isAccessible(page);
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("the owner of an address stops an unexpected sign-in with one press", async ({ page, inbox, address, browser, watch }) => {
  await askForMail(page, address);
  const mail = await inbox.mailTo(address);
  const owners = await browser.newContext();
  await watch(owners);
  const owner = await owners.newPage();
  await owner.goto(/http\S+\/login\/not-you\S+/.exec(mail.text)![0]);
  await isAccessible(owner);
  await owner.getByRole("button", { name: "Stop this sign-in" }).click();
  await expect(owner.getByRole("heading", { name: "Stopped" })).toBeVisible();
  await isAccessible(owner);
});

test("an account is deleted only after a second press", async ({ page, inbox, address }) => {
  await signIn(page, inbox, address);
  await expect(page.getByRole("button", { name: "Delete it for good" })).toBeHidden();
  await page.getByText("Delete your account").click();
  await isAccessible(page);
  await page.getByRole("button", { name: "Delete it for good" }).click();
  await expect(page.getByRole("heading", { name: "Your account is deleted" })).toBeVisible();
  await isAccessible(page);
  await page.goto("/dashboard");
  await expect(page).toHaveURL(/\/login/);
});

test("screen readers find every heading, label and message of the sign-in", async ({ page, address }) => {
  await page.goto("/login");
  await alive(page);
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - paragraph:
        - link "Example"
      - heading "Sign in to Example" [level=1]
      - text: Email address
      - textbox "Email address":
        - /placeholder: you@example.com
      - alert
      - status
      - button "Send magic link"
      - paragraph: /We email you a magic link/
  `);
  await send(page, address);
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - paragraph:
        - link "Example"
      - heading "Check your inbox" [level=1]
      - paragraph: /Open the link that we emailed you in this browser, or type the code/
      - paragraph:
        - text: /To ada/
        - link "Change"
      - text: Code from the email
      - textbox "Code from the email"
      - alert
      - button "Sign in"
      - status
      - paragraph: No email? Look in your spam folder, and check the address.
      - button /send a new email/
      - timer
  `);
});
