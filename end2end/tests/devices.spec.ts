// Devices without a browser sign their users in, with openid-client on the device.
import { type Page } from "@playwright/test";
import * as oidc from "openid-client";
import { isAccessible } from "../support/accessible";
import { fileOf } from "../support/files";
import { inFirefox } from "../support/firefox";
import { take } from "../support/pictures";
import { expect, send, test } from "../support/test";

const policy = fileOf(
  "Leptos.toml",
  `
[[apps]]
id = "tv"
name = "Team TV"
auth_method = "none"
first_party = true
scopes = ["openid", "email", "profile", "offline_access"]
device = true
`,
);

test.use({ policy: { LATCHKEY_CONFIG: policy } });

/** A device that has begun: what it shows, and what it gets in the end. */
class Device {
  private constructor(
    readonly shown: oidc.DeviceAuthorizationResponse,
    readonly tokens: ReturnType<typeof oidc.pollDeviceAuthorizationGrant>,
  ) {}

  static async begin(issuer: string): Promise<Device> {
    const config = await oidc.discovery(new URL(issuer), "tv", undefined, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    });
    const shown = await oidc.initiateDeviceAuthorization(config, { scope: "openid email profile offline_access" });
    const tokens = oidc.pollDeviceAuthorizationGrant(config, shown);
    tokens.catch(() => {}); // a test that waits for a refusal looks at it later
    return new Device(shown, tokens);
  }
}

const field = (page: Page) => page.getByLabel("Code on the device");
const question = (page: Page) => page.getByRole("heading", { name: "Sign in to Team TV on your device?" });

async function picture(page: Page, name: string): Promise<void> {
  if (process.env.PICTURES) await take(page, name);
}

test("a device is signed in once its user has typed its code and allows it", async ({ page, baseURL, inbox, address, expected }) => {
  expected.add(400);
  const device = await Device.begin(baseURL!);
  await page.goto(device.shown.verification_uri);
  await send(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL("/device");
  await expect(field(page)).toBeFocused();
  await isAccessible(page);
  await picture(page, "device");
  await field(page).fill("BBBB-BBBB");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("alert")).toHaveText(/Compare the code with the one on your device/);
  await expect(field(page)).toHaveValue("BBBB-BBBB");
  await isAccessible(page);
  await picture(page, "device-error");
  await field(page).fill(device.shown.user_code.toLowerCase().replace("-", " "));
  await field(page).press("Enter");
  await expect(question(page)).toBeVisible();
  await expect(page.getByText(device.shown.user_code)).toBeVisible();
  await isAccessible(page);
  await picture(page, "device-question");
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await expect(page.getByRole("heading", { name: "You can go back to your device" })).toBeVisible();
  await isAccessible(page);
  await picture(page, "device-allowed");
  expect((await device.tokens).claims()).toMatchObject({ email: address, amr: ["email", "url"] });
});

test("the device's own link brings its code, and denying it is told to the device", async ({ browser, baseURL, inbox, address, watch }) => {
  test.skip(inFirefox, "Playwright needs scripts in Firefox");
  const device = await Device.begin(baseURL!);
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
  await watch(context);
  const page = await context.newPage();
  await page.goto(device.shown.verification_uri_complete!);
  await page.getByLabel("Email address").fill(address);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await page.getByLabel("Code from the email").fill((await inbox.mailTo(address)).code);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(question(page)).toBeVisible();
  await page.getByRole("button", { name: "Do not allow" }).click();
  await expect(page.getByRole("heading", { name: "The device is not signed in" })).toBeVisible();
  await expect(device.tokens).rejects.toMatchObject({ error: "access_denied" });
  await context.close();
});

test("the pages of a device are in every language, from either side", async ({ browser, baseURL, inbox, address, watch }) => {
  const device = await Device.begin(baseURL!);
  for (const [locale, name, label] of [
    ["de-DE", "german", "Code auf dem Gerät"],
    ["ar", "arabic", "الرمز الظاهر على الجهاز"],
  ] as const) {
    const context = await browser.newContext({ baseURL, locale });
    await watch(context);
    const page = await context.newPage();
    await page.goto(device.shown.verification_uri_complete!);
    await page.locator("#email").fill(`${name}-${address}`);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/login\/code/);
    await page.goto((await inbox.mailTo(`${name}-${address}`)).link);
    await expect(page.getByText(label)).toBeVisible();
    await isAccessible(page);
    await picture(page, `${name}-device-question`);
    await context.close();
  }
});
