import { askForMail, expect, test } from "../support/test";

test("the waiting page reports an undeliverable mail by itself", async ({ page }) => {
  await askForMail(page, "refused@example.com");
  await expect(page.getByRole("status")).toHaveText(/could not be delivered/);
});
