// What axe finds on a page, in light and dark.
import AxeBuilder from "@axe-core/playwright";
import { type Page } from "@playwright/test";
import { expect } from "./test";

export async function isAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]).analyze();
    expect(violations.map(({ id, nodes }) => `${id} in ${colorScheme}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
  }
}
