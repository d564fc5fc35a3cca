import { isAccessible } from "../support/accessible";
import { askForMail, expect, test } from "../support/test";

test.use({ policy: { LATCHKEY_AUTH__SAME_BROWSER: "confirm" } });

test("another browser is signed in by a press where policy allows it", async ({ page, browser, inbox, address, watch }) => {
  await askForMail(page, address);
  const context = await browser.newContext();
  await watch(context);
  const phone = await context.newPage();
  await phone.goto((await inbox.mailTo(address)).link);
  await expect(phone.getByRole("heading", { name: "Sign in here?" })).toBeVisible();
  await expect(phone.getByRole("definition").first()).toHaveText(address);
  await isAccessible(phone);
  await phone.getByRole("button", { name: "Sign in here" }).click();
  await expect(phone).toHaveURL(/\/dashboard$/);
  await context.close();
});
