// The dev mailbox, which receives mails when there is no mail server.
import { type Page } from "@playwright/test";
import { isAccessible } from "../support/accessible";
import { askForMail, expect, test } from "../support/test";

test.use({ policy: { SMTP_URL: "" }, permissions: ["clipboard-read", "clipboard-write"] });

/** Checks the mailbox, and its mail separately: axe cannot enter a frame that runs no scripts. */
async function areAccessible(page: Page): Promise<void> {
  const mailbox = page.url();
  const mail = (await page.getByTitle("The mail as HTML").getAttribute("src"))!;
  await page.evaluate(() => document.querySelector("iframe")!.remove());
  await isAccessible(page);
  await page.goto(mail);
  await isAccessible(page, "mail");
  await page.goto(mailbox);
}

test("a mail is shown as HTML, text and source, and its link signs in", async ({ page, address }) => {
  await askForMail(page, address);
  await page.goto("/dev/mailbox");
  await areAccessible(page);
  await expect(page.getByRole("navigation", { name: "Mails" }).getByRole("link", { name: address })).toBeVisible();
  const mail = page.getByTitle("The mail as HTML").contentFrame();
  await expect(mail.getByRole("heading", { name: "Sign in to Example" })).toBeVisible();
  await page.getByText("Text", { exact: true }).click();
  await expect(page.locator("details[open] pre")).toContainText("Or type this code there:");
  await page.getByText("Source", { exact: true }).click();
  await expect(page.locator("details[open] pre")).toContainText("Auto-Submitted: auto-generated");
  await page.getByRole("link", { name: "Open the link" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("the button in the mail itself signs in, too", async ({ page, address }) => {
  await askForMail(page, address);
  await page.goto("/dev/mailbox");
  await page.getByTitle("The mail as HTML").contentFrame().getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/dashboard");
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("the code of a mail is copied with one press and signs in when pasted", async ({ page, context, address }) => {
  await askForMail(page, address);
  const mailbox = await context.newPage();
  await mailbox.goto("/dev/mailbox");
  await mailbox.getByRole("button", { name: /^Copy \d{6}$/ }).click();
  await expect(mailbox.getByRole("button", { name: "Copied" })).toBeVisible();
  await page.bringToFront();
  await page.getByLabel("Code from the email").press("Control+V");
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("every kind of mail can be previewed in every language", async ({ page }) => {
  test.slow();
  await page.goto("/dev/mailbox");
  for (const [sample, heading] of [
    ["Sign-in, English", "Sign in to Example"],
    ["Sign-in, Deutsch", "Bei Example anmelden"],
    ["New device, English", "New sign-in to Example"],
    ["New device, Deutsch", "Neue Anmeldung bei Example"],
  ] as const) {
    await page.getByRole("link", { name: sample }).click();
    await expect(page.getByTitle("The mail as HTML").contentFrame().getByRole("heading", { name: heading })).toBeVisible();
    await areAccessible(page);
  }
});
