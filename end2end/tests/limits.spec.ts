import { alive, askForMail, expect, test, wrong } from "../support/test";

test.use({ policy: { LATCHKEY_LIMITS__VERIFIES_PER_MINUTE: "1", LATCHKEY_LIMITS__MAILS_PER_MINUTE: "1" } });

test("a link opened by a client that has tried too often says when to try again", async ({ page, inbox, address, expected }) => {
  expected.add(400).add(429);
  await askForMail(page, address);
  const { code, link } = await inbox.mailTo(address);
  await page.getByLabel("Code from the email").fill(wrong(code));
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await page.goto(link);
  await expect(page.getByText(/Try again in/)).toBeVisible();
});

test("the button counts down for an address over its limit, not for another", async ({ page, address, expected }) => {
  expected.add(429);
  await askForMail(page, address);
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").fill(address);
  await page.keyboard.press("Enter");
  const button = page.getByRole("main").getByRole("button");
  await expect(button).toHaveText(/^Try again in 0:5\d$/);
  await expect(button).toBeDisabled();
  const first = await button.textContent();
  await expect(button).not.toHaveText(first!);
  await page.getByLabel("Email address").fill(`other-${address}`);
  await expect(button).toHaveText("Send magic link");
  await button.click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
});
