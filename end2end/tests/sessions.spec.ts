import { askForMail, expect, test } from "../support/test";

test("a session is ended from another browser", async ({ page, browser, inbox, address, watch }) => {
  await askForMail(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  const context = await browser.newContext();
  await watch(context);
  const laptop = await context.newPage();
  await askForMail(laptop, address);
  await laptop.goto((await inbox.mailTo(address, 2)).link);
  const sessions = laptop.locator("section", { hasText: "Your devices" }).getByRole("listitem");
  await expect(sessions).toHaveCount(2);
  await laptop.getByRole("button", { name: /^Sign out \w+ on Linux/ }).click();
  await expect(sessions).toHaveCount(1);
  await expect(laptop.getByText("This device")).toBeVisible();
  await page.goto("/dashboard");
  await expect(page).toHaveURL(/\/login/);
  await context.close();
});
