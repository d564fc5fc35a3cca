// Takes pictures for docs/.
import { join } from "node:path";
import { type Page } from "@playwright/test";

const folder = join(import.meta.dirname, "../../docs/pictures");

/** Takes pictures of a page in light, in dark and on a phone. */
export async function take(page: Page, name: string): Promise<void> {
  const looks = [
    { look: "light", colorScheme: "light", width: 1120, height: 760 },
    { look: "dark", colorScheme: "dark", width: 1120, height: 760 },
    { look: "phone", colorScheme: "light", width: 390, height: 844 },
  ] as const;
  for (const { look, colorScheme, width, height } of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(folder, `${name}-${look}.png`), caret: "initial" });
  }
}
