import { askForMail, expect, test } from "../support/test";

test("who waits for a mail that cannot be delivered is told so without asking", async ({ page }) => {
  await askForMail(page, "refused@example.com");
  await expect(page.getByRole("status")).toHaveText(/could not be delivered/);
});
