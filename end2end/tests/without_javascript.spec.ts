import { inFirefox } from "../support/firefox";
import { askForMail, expect, send, test, wrong } from "../support/test";

test.use({ javaScriptEnabled: false });
test.skip(inFirefox, "Playwright needs scripts in Firefox");

test("the link signs in", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("the code signs in, and signing out works", async ({ page, inbox, address }) => {
  await askForMail(page, address, "/login?next=%2Fdashboard%3Fa%3D1");
  await page.getByLabel("Code from the email").fill((await inbox.mailTo(address)).code);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/dashboard?a=1");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page).toHaveURL("/login?signed_out=true");
  await expect(page.getByRole("status").first()).toHaveText("You have signed out.");
});

test("a malformed address comes back with an error, its text and the destination", async ({ page, inbox, address }) => {
  await page.goto("/login?next=%2Fdashboard%3Fa%3D1");
  await page.getByLabel("Email address").fill("ada at example");
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("alert")).toHaveText(/Check the spelling of that email address/);
  await expect(page.getByLabel("Email address")).toHaveValue("ada at example");
  await expect(page.locator("input[name=next]")).toHaveValue("/dashboard?a=1");
  await send(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL("/dashboard?a=1");
});

test("a wrong code comes back with an error, and the right one still works", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  await page.getByLabel("Code from the email").fill(wrong(code));
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await page.getByLabel("Code from the email").fill(code);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("a fresh mail requested too soon is refused with the time to wait", async ({ page, address }) => {
  await askForMail(page, address);
  await page.getByRole("button", { name: "Send a new email" }).click();
  await expect(page.getByRole("alert")).toHaveText(/Try again in \d+ seconds/);
});
