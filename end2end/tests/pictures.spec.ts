// Pictures of every page and mail for docs/, taken with PICTURES=1.
import { join } from "node:path";
import { type Page } from "@playwright/test";
import { alive, askForMail, expect, test } from "../support/test";

const folder = join(import.meta.dirname, "../../docs/pictures");

test.skip(!process.env.PICTURES, "PICTURES=1 takes pictures");

async function take(page: Page, name: string): Promise<void> {
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

test("pictures", async ({ page, context, browser, inbox, expected, watch }) => {
  test.setTimeout(120_000);
  [400, 403, 404].forEach((status) => expected.add(status));
  const address = "ada@example.com";
  await page.goto("/login");
  await alive(page);
  await take(page, "sign-in");
  await page.getByLabel("E-mail address").fill("ada at example");
  await page.getByLabel("E-mail address").press("Enter");
  await expect(page.getByRole("alert")).toHaveText(/does not look/);
  await take(page, "sign-in-error");
  await page.getByLabel("E-mail address").fill("ada@gmial.com");
  await page.getByLabel("E-mail address").blur();
  await take(page, "sign-in-suggestion");
  await askForMail(page, "ada@gmail.com");
  await take(page, "code-webmail");
  await askForMail(page, address);
  await alive(page);
  await take(page, "code");
  const mail = await inbox.mailTo(address);
  const reader = await (await browser.newContext()).newPage();
  await reader.setContent(mail.html);
  await take(reader, "mail");
  const stranger = await browser.newContext();
  await watch(stranger);
  const elsewhere = await stranger.newPage();
  await elsewhere.goto(mail.link);
  await take(elsewhere, "wrong-browser");
  await elsewhere.goto(/http\S+\/login\/not-you\S+/.exec(mail.text)![0]);
  await take(elsewhere, "not-you");
  await page.goto(mail.link);
  await take(page, "dashboard");
  const german = await browser.newContext({ locale: "de-DE" });
  await watch(german);
  const ines = await german.newPage();
  await ines.goto("/login");
  await take(ines, "german-sign-in");
  await ines.getByLabel("E-Mail-Adresse").fill(address);
  await ines.keyboard.press("Enter");
  await expect(ines.getByRole("heading", { name: "Sehen Sie in Ihr Postfach" })).toBeVisible();
  await take(ines, "german-code");
  await reader.setContent((await inbox.mailTo(address, 2)).html);
  await take(reader, "german-mail");
  // As they will be once there is a language for it, and for who asks for more contrast.
  await page.goto("/dashboard");
  await page.evaluate(() => void (document.documentElement.dir = "rtl"));
  await take(page, "right-to-left");
  await page.goto("/dashboard");
  await page.emulateMedia({ contrast: "more" });
  await take(page, "more-contrast");
  await page.emulateMedia({ contrast: "no-preference" });
  await page.goto("/no/such/page");
  await take(page, "not-found");
});
