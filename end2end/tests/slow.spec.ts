// On a slow connection, people type before the script has loaded.
import { type Page } from "@playwright/test";
import { alive, askForMail, expect, test } from "../support/test";

/** Holds the script back until the returned function is called. */
async function hold(page: Page): Promise<() => void> {
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  return release;
}

test("an address typed before the page is alive is sent", async ({ page, address }) => {
  const release = await hold(page);
  await page.goto("/login", { waitUntil: "commit" });
  await page.getByLabel("Email address").fill(address);
  release();
  await alive(page);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
});

test("a code typed before the page is alive is sent", async ({ page, inbox, address }) => {
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  const release = await hold(page);
  await page.reload({ waitUntil: "commit" });
  await page.getByLabel("Code from the email").fill(code);
  release();
  await alive(page);
  await page.getByLabel("Code from the email").press("Enter");
  await expect(page).toHaveURL("/dashboard");
});

test("a form sent before the page is alive is sent all the same", async ({ page, inbox, address }) => {
  await hold(page);
  await page.goto("/login", { waitUntil: "commit" });
  await page.getByLabel("Email address").fill(address);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL("/dashboard");
});
