// Checks a page with axe, in light and dark.
import AxeBuilder from "@axe-core/playwright";
import { type Page } from "@playwright/test";
import { expect } from "./test";

/** Fails on any violation. A mail is shown within another page, so it needs no landmarks. */
export async function isAccessible(page: Page, kind: "page" | "mail" = "page"): Promise<void> {
  const rules = ["wcag2a", "wcag2aa", "wcag21aa", ...(kind === "page" ? ["best-practice"] : [])];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Frames without scripts cannot be looked into; what they show is checked where it is a page.
    const { violations } = await new AxeBuilder({ page }).exclude("iframe[sandbox]").withTags(rules).analyze();
    expect(violations.map(({ id, nodes }) => `${id} in ${colorScheme}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
  }
}
