import { isAccessible } from "../support/accessible";
import { take } from "../support/pictures";
import { askForMail, expect, test } from "../support/test";

test.use({ policy: { LATCHKEY_AUTH__SAME_BROWSER: "match" } });

test("the number typed on a phone signs in the window that waits, and not the phone", async ({ page, browser, inbox, address, watch }) => {
  await askForMail(page, address);
  const number = await page.locator(".number strong").textContent();
  await isAccessible(page);
  const context = await browser.newContext();
  await watch(context);
  const phone = await context.newPage();
  await phone.goto((await inbox.mailTo(address)).link);
  await expect(phone.getByRole("heading", { name: "This is a different browser" })).toBeVisible();
  await expect(phone.getByRole("definition").first()).toHaveText(address);
  await isAccessible(phone);
  if (process.env.PICTURES) await Promise.all([take(page, "match-window"), take(phone, "match-question")]);
  await phone.getByLabel("Number in the other window").fill(number!);
  await phone.getByRole("button", { name: "Finish in the other window" }).click();
  await expect(phone.getByRole("heading", { name: "Go back to the other window" })).toBeVisible();
  await expect(page).toHaveURL("/dashboard");
  await phone.goto("/dashboard");
  await expect(phone).toHaveURL("/login?next=%2Fdashboard");
  await context.close();
});

test("a wrong number stops the sign-in, and the window that waits says so", async ({ page, browser, inbox, address, watch, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  const number = await page.locator(".number strong").textContent();
  const context = await browser.newContext();
  await watch(context);
  const phone = await context.newPage();
  await phone.goto((await inbox.mailTo(address)).link);
  await phone.getByLabel("Number in the other window").fill(number === "42" ? "43" : "42");
  await phone.keyboard.press("Enter");
  await expect(phone.getByRole("heading", { name: "Stopped" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "This sign-in is over" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Ask for a new email" })).toBeVisible();
  await context.close();
});
