// What Playwright cannot do yet in the Firefox that it drives by WebDriver BiDi.
import { type Page, test } from "@playwright/test";

export const inFirefox = process.env.ENGINE === "firefox";

/** Makes `fill` replace the text of a field for an address, to which it would add. */
export function mend(page: Page): void {
  const locators = Object.getPrototypeOf(page.locator("*"));
  if (!inFirefox || locators.isMended) return;
  const { fill } = locators;
  locators.isMended = true;
  locators.fill = async function (value: string, options?: object) {
    if (value) await fill.call(this, "", options);
    return fill.call(this, value, options);
  };
}

/** Skips the rest of a test that needs something else. */
export function notInFirefox(what: string): void {
  test.skip(inFirefox, `Playwright has no ${what} in Firefox`);
}
