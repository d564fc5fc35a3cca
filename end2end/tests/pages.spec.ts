import AxeBuilder from "@axe-core/playwright";
import { type Page } from "@playwright/test";
import { alive, askForMail, expect, test } from "../support/test";

async function isAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]).analyze();
    expect(violations.map(({ id, nodes }) => `${id} in ${colorScheme}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
  }
}

test("a malformed address is refused in place, with the cursor in the field", async ({ page, expected }) => {
  expected.add(400);
  await page.goto("/login");
  await alive(page);
  const field = page.getByLabel("E-mail address");
  await field.fill("ada at example");
  await field.press("Enter");
  await expect(page.getByRole("alert")).toHaveText(/does not look like an e-mail address/);
  await expect(field).toBeFocused();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveValue("ada at example");
  await isAccessible(page);
});

test("a link that was cut off says so, with a way on", async ({ page, inbox, address, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  await page.goto((await inbox.mailTo(address)).link.slice(0, -3));
  await expect(page.getByRole("heading", { name: "This link is not valid" })).toBeVisible();
  await isAccessible(page);
  await page.getByRole("link", { name: "Ask for a fresh mail" }).click();
  await expect(page).toHaveURL(/\/login$/);
});

test("an unknown path is a page of its own", async ({ page, expected }) => {
  expected.add(404);
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await isAccessible(page);
});

test("every page is accessible, in light and dark", async ({ page, inbox, address }) => {
  await page.goto("/login");
  await isAccessible(page);
  await askForMail(page, address);
  await isAccessible(page);
  await page.goto((await inbox.mailTo(address)).link);
  await isAccessible(page);
});

test("no page can be framed", async ({ page, expected, baseURL }) => {
  const answer = await page.request.get(`${baseURL}/login`);
  expect(answer.headers()["content-security-policy"]).toContain("frame-ancestors 'none'");
});
