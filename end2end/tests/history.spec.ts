// Tests with the back/forward cache, which browsers have and Playwright switches off.
import { expect, signIn, test } from "../support/test";

test.use({
  launchOptions: async ({ launchOptions }, use) =>
    use({ ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
});

test("Back does not show a cached page after signing out", async ({ page, inbox, address }) => {
  await signIn(page, inbox, address);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page).toHaveURL("/login?signed_out=true");
  await page.evaluate(() => history.back());
  await expect(page).toHaveURL("/login?next=%2Fdashboard", { timeout: 5_000 });
  await expect(page.getByText(address)).toBeHidden();
});
