// Pictures of the page that waits for a mail, as that comes back; taken with PICTURES=1.
import { take } from "../support/pictures";
import { RETURNING, comesBack } from "../support/returned";
import { askForMail, expect, test } from "../support/test";

test.skip(!process.env.PICTURES, "PICTURES=1 takes pictures");
test.use({ policy: RETURNING });

test("pictures", async ({ page, inbox, workshop }) => {
  test.setTimeout(60_000);
  await askForMail(page, "ada@example.com");
  await expect(page.getByRole("status")).toHaveText(/^Sent/);
  await take(page, "code-sent");
  await comesBack(workshop, await inbox.mailTo("ada@example.com"));
  await expect(page.getByRole("status")).toHaveText(/came back/);
  await take(page, "code-returned");
  await page.getByRole("button", { name: "Send a new email" }).click({ timeout: 15_000 });
  await expect(page.getByRole("status")).toHaveText(/Our last emails/);
  await take(page, "code-suppressed");
});
