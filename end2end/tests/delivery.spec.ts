// The page that waits for a mail says what becomes of it, by itself.
import { isAccessible } from "../support/accessible";
import { RETURNING, comesBack } from "../support/returned";
import { alive, askForMail, expect, test } from "../support/test";

test.use({ policy: RETURNING });

test("an undeliverable mail is reported", async ({ page }) => {
  await askForMail(page, "refused@example.com");
  await expect(page.getByRole("status")).toHaveText(/could not be delivered/);
});

test("a mail that was accepted is said to be sent", async ({ page, address }) => {
  await askForMail(page, address);
  await expect(page.getByRole("status")).toHaveText("Sent: the mail system has taken the email.");
  await isAccessible(page);
});

test("a mail that comes back is told within two seconds, and one more may be sent", async ({ page, inbox, address, workshop }) => {
  test.setTimeout(60_000);
  await askForMail(page, address);
  await expect(page.getByRole("status")).toHaveText(/^Sent/);
  await comesBack(workshop, await inbox.mailTo(address));
  await expect(page.getByRole("status")).toHaveText(/came back: “550 5.1.1 no such mailbox”/, { timeout: 3_000 });
  await isAccessible(page);
  await page.getByRole("button", { name: "Send a new email" }).click({ timeout: 15_000 });
  await expect(page.getByRole("status")).toHaveText(/Our last emails to this address came back/);
  await isAccessible(page);
  await page.reload();
  await alive(page);
  // It waits, as every mail does, until the next one may be asked for.
  await page.getByRole("button", { name: "Send it all the same" }).click({ timeout: 15_000 });
  await page.goto((await inbox.mailTo(address, 2)).link);
  await expect(page).toHaveURL("/dashboard");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the page says the same when it is loaded again", async ({ page, inbox, address, workshop }) => {
    await askForMail(page, address);
    await comesBack(workshop, await inbox.mailTo(address));
    await page.reload();
    await expect(page.getByRole("status")).toHaveText(/came back/);
  });
});
