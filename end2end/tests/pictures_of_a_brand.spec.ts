// Pictures of a team's own look, and of the dev mailbox, for docs/, taken with PICTURES=1.
import { fileOf } from "../support/files";
import { take } from "../support/pictures";
import { askForMail, expect, test } from "../support/test";

test.skip(!process.env.PICTURES, "PICTURES=1 takes pictures");

const logo = fileOf(
  "logo.svg",
  `<svg xmlns="http://www.w3.org/2000/svg" width="150" height="40" viewBox="0 0 150 40">
  <style>text { fill: #0f766e } @media (prefers-color-scheme: dark) { text { fill: #5eead4 } }</style>
  <circle cx="20" cy="20" r="16" fill="#0f766e"/><path d="M20 10v10l7 5" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/>
  <text x="46" y="27" font-family="system-ui, sans-serif" font-size="21" font-weight="650">Engines</text>
</svg>`,
);

test.use({
  policy: {
    SMTP_URL: "",
    LATCHKEY_MAIL__FROM: "Analytical Engines <no-reply@example.com>",
    LATCHKEY_BRAND__NAME: "Analytical Engines",
    LATCHKEY_BRAND__ACCENT: "#0f766e",
    LATCHKEY_BRAND__LOGO: logo,
    LATCHKEY_BRAND__SUPPORT: "help@example.com",
    LATCHKEY_BRAND__TERMS: "https://example.com/terms",
    LATCHKEY_BRAND__PRIVACY: "https://example.com/privacy",
  },
});

test("pictures of a brand", async ({ page }) => {
  test.setTimeout(60_000);
  await page.goto("/login");
  await take(page, "brand");
  await askForMail(page, "ada@example.com");
  await page.goto("/dev/mailbox");
  await expect(page.getByRole("link", { name: "Open the link" })).toBeVisible();
  await take(page, "mailbox");
  await page.goto("/dev/mailbox/new_device-en");
  await take(page, "mail-new-device");
});
