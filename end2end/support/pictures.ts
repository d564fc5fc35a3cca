// Takes pictures: with PICTURES=1 those that the documents show, into docs/pictures; with
// PICTURES=<folder> all of them, into that folder.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Page } from "@playwright/test";

const top = join(import.meta.dirname, "../..");
const wish = process.env.PICTURES;
const folder = !wish || wish === "1" ? join(top, "docs/pictures") : wish;
const documents = ["README.md", "docs/look.md"].map((file) => readFileSync(join(top, file), "utf8")).join();

/** Takes pictures of a page in light, in dark and on a phone. */
export async function take(page: Page, name: string): Promise<void> {
  const looks = [
    { look: "light", colorScheme: "light", width: 1120, height: 760 },
    { look: "dark", colorScheme: "dark", width: 1120, height: 760 },
    { look: "phone", colorScheme: "light", width: 390, height: 844 },
  ] as const;
  for (const { look, colorScheme, width, height } of looks) {
    const file = `${name}-${look}.png`;
    if (wish === "1" && !documents.includes(`pictures/${file}`)) continue;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(folder, file), caret: "initial" });
  }
}
