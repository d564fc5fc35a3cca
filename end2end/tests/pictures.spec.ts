// Pictures of every page and mail for docs/, taken with PICTURES=1.
import { take } from "../support/pictures";
import { RETURNING, comesBack } from "../support/returned";
import { alive, askForMail, expect, test } from "../support/test";

test.skip(!process.env.PICTURES, "PICTURES=1 takes pictures");

test("pictures", async ({ page, context, browser, inbox, expected, watch }) => {
  test.setTimeout(120_000);
  [400, 403, 404].forEach((status) => expected.add(status));
  const address = "ada@example.com";
  await page.goto("/login");
  await alive(page);
  await take(page, "sign-in");
  await page.getByLabel("Email address").fill("ada at example");
  await page.getByLabel("Email address").press("Enter");
  await expect(page.getByRole("alert")).toHaveText(/Check the spelling/);
  await take(page, "sign-in-error");
  await page.getByLabel("Email address").fill("ada@gmial.com");
  await page.getByLabel("Email address").blur();
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
  await expect(ines.getByRole("heading", { name: "Prüfen Sie Ihr Postfach" })).toBeVisible();
  await take(ines, "german-code");
  await reader.setContent((await inbox.mailTo(address, 2)).html);
  await take(reader, "german-mail");
  const arabic = await browser.newContext({ locale: "ar" });
  await watch(arabic);
  const mai = await arabic.newPage();
  await mai.goto("/login");
  await take(mai, "arabic-sign-in");
  await mai.locator("#email").fill(address);
  await mai.keyboard.press("Enter");
  await expect(mai.getByRole("heading", { name: "تفقّد بريدك" })).toBeVisible();
  await take(mai, "arabic-code");
  const arabicMail = await inbox.mailTo(address, 3);
  await reader.setContent(arabicMail.html);
  await take(reader, "arabic-mail");
  await mai.goto(arabicMail.link);
  await take(mai, "arabic-dashboard");
  // For users who ask for more contrast.
  await page.goto("/dashboard");
  await page.emulateMedia({ contrast: "more" });
  await take(page, "more-contrast");
  await page.emulateMedia({ contrast: "no-preference" });
  await page.goto("/no/such/page");
  await take(page, "not-found");
  await page.goto("/dashboard");
  await page.getByText("Delete your account").click();
  await page.getByRole("button", { name: "Delete it for good" }).click();
  await expect(page).toHaveURL("/goodbye");
  await take(page, "goodbye");
});

test.describe("of mails that come back", () => {
  test.use({ policy: RETURNING });

  test("pictures", async ({ page, inbox, workshop }) => {
    await askForMail(page, "ada@example.com");
    await expect(page.getByRole("status")).toHaveText(/^Sent/);
    await take(page, "code-sent");
    await comesBack(workshop, await inbox.mailTo("ada@example.com"));
    await expect(page.getByRole("status")).toHaveText(/came back/);
    await take(page, "code-returned");
    await page.getByRole("button", { name: "Send a new email" }).click({ timeout: 15_000 });
    await expect(page.getByRole("status")).toHaveText(/Our last emails/);
    await take(page, "code-suppressed");
  });
});
