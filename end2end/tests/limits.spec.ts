import { askForMail, expect, test, wrong } from "../support/test";

test.use({ policy: { LATCHKEY_LIMITS__VERIFIES_PER_MINUTE: "1" } });

test("a link opened by a client that has tried too often says when to try again", async ({ page, inbox, address, expected }) => {
  expected.add(400).add(429);
  await askForMail(page, address);
  const { code, link } = await inbox.mailTo(address);
  await page.getByLabel("Code from the mail").fill(wrong(code));
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await page.goto(link);
  await expect(page.getByText(/Try again in/)).toBeVisible();
});
