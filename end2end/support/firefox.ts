// The gaps of Playwright in the Firefox that it drives by WebDriver BiDi.
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

/** What Firefox reports of a page that was left while it loaded, of a script that a test withholds,
    and of the icon that it looks for in the frame of a mail. */
const NOISE = /NS_BINDING_ABORTED|NS_ERROR_CORRUPTED_CONTENT|disallowed MIME type|favicon\.ico/;

export function isNoise(fault: string): boolean {
  return inFirefox && NOISE.test(fault);
}

/** Skips the rest of a test that needs something else. */
export function notInFirefox(what: string): void {
  test.skip(inFirefox, `Playwright has no ${what} in Firefox`);
}
