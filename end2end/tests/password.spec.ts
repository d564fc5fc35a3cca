import { type Page } from "@playwright/test";
import { inFirefox } from "../support/firefox";
import { alive, askForMail, expect, test } from "../support/test";

test.use({ policy: { LATCHKEY_AUTH__PASSWORDS: "optional" } });

const PASSWORD = "correct horse battery";

async function setPassword(page: Page): Promise<void> {
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Save password" }).click();
  await expect(page.getByRole("button", { name: "Remove the password" })).toBeVisible();
}

test("the one button says what it will do, and a password signs in", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await setPassword(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await alive(page);
  await expect(page.getByRole("main").getByRole("button")).toHaveText(["Send magic link"]);
  await page.getByLabel("Email address").fill(address);
  await page.getByLabel("Password").fill(PASSWORD);
  await expect(page.getByRole("main").getByRole("button")).toHaveText(["Sign in"]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("a wrong password is refused in place", async ({ page, address, expected }) => {
  expected.add(400);
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").fill(address);
  await page.getByLabel("Password").fill("not this one");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText(/do not match/);
  await expect(page.getByLabel("Password")).toBeFocused();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });
  test.skip(inFirefox, "Playwright needs scripts in Firefox");

  test("the page has a button for each way to sign in", async ({ page, inbox, address }) => {
    await askForMail(page, address);
    await page.goto((await inbox.mailTo(address)).link);
    await setPassword(page);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByLabel("Email address").fill(address);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in with password" }).click();
    await expect(page).toHaveURL(/\/dashboard$/);
  });
});
