// Programs of others sign their users in here as their own documentation configures them: an app
// with Auth.js, and a site in Apache with mod_auth_openidc.
import { createHash, randomBytes } from "node:crypto";
import { type Page } from "@playwright/test";
import { Apache } from "../apps/apache";
import { AuthJsApp } from "../apps/auth_js";
import { fileOf } from "../support/files";
import {
  alive,
  expect,
  type Mail,
  send,
  signIn,
  signInElsewhere,
  test,
  type Workshop,
} from "../support/test";

const SECRET = randomBytes(32).toString("base64url");
const hash = `sha256:${createHash("sha256").update(SECRET).digest("base64url")}`;
const club = await AuthJsApp.listen("club", SECRET);
const site = await Apache.hold();

const policy = fileOf(
  "Leptos.toml",
  `
[[apps]]
id = "club"
name = "Book club"
secrets = ["${hash}"]
redirect_uris = ["${club.url}/auth/callback/latchkey"]
post_logout_redirect_uris = ["${club.url}/"]
first_party = true
backchannel_logout_uri = "${club.url}/ended"

[[apps]]
id = "intranet"
name = "Intranet"
secrets = ["${hash}"]
redirect_uris = ["http://127.0.0.1/oidc/callback"]
post_logout_redirect_uris = ["http://127.0.0.1/bye.html"]
first_party = true
backchannel_logout_uri = "${site.url}/oidc/callback?logout=backchannel"
`,
);

test.use({ policy: { LATCHKEY_CONFIG: policy } });

/** Types the code of a mail into the page that asks for it. */
async function typeCode(page: Page, { code }: Mail): Promise<void> {
  await alive(page);
  await page.getByLabel("Code from the email").fill(code);
}

/** Presses what an app with Auth.js has on its first page and on the page after it. */
async function press(page: Page, link: string, button: string): Promise<void> {
  await page.goto(`${club.url}/`);
  await page.getByRole("link", { name: link, exact: true }).click();
  await page.getByRole("button", { name: button, exact: true }).click();
}

const enter = (page: Page) => press(page, "Sign in", "Sign in with Latchkey");

/** Waits for the heading of a page, which is loaded anew until it has it. */
async function until(page: Page, url: string, heading: string): Promise<void> {
  await expect(async () => {
    await page.goto(url);
    await expect(page.getByRole("heading", { name: heading })).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 10_000 });
}

/** Presses what the dashboard has for those who are signed in on a second device. */
async function signOutEverywhere(page: Page, workshop: Workshop, address: string): Promise<void> {
  await signInElsewhere(workshop, address, 2);
  await page.goto("/dashboard");
  await alive(page);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page).toHaveURL(/\/login/);
}

test.describe("an app with Auth.js", () => {
  test.beforeAll(({ workshop }) => club.trust(workshop.server.url));

  test("needs an issuer, an id and a secret, and its user a code", async ({
    page,
    inbox,
    address,
  }) => {
    await enter(page);
    await expect(page.getByRole("heading", { name: "Sign in to Book club" })).toBeVisible();
    await send(page, address);
    await typeCode(page, await inbox.mailTo(address));
    await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
  });

  test("lets its user go alone, or signs them out at Latchkey, too", async ({
    page,
    inbox,
    address,
  }) => {
    await signIn(page, inbox, address);
    await enter(page);
    await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
    await press(page, "Sign out of the club", "Sign out");
    await expect(page.getByRole("heading", { name: "Nobody is here" })).toBeVisible();
    await enter(page);
    await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
    await page.getByRole("link", { name: "Sign out of Latchkey, too" }).click();
    await expect(page.getByRole("heading", { name: "Nobody is here" })).toBeVisible();
    await enter(page);
    await expect(page.getByRole("heading", { name: "Sign in to Book club" })).toBeVisible();
  });

  test("hears within seconds that its user has signed out everywhere", async ({
    page,
    inbox,
    address,
    workshop,
  }) => {
    await signIn(page, inbox, address);
    await enter(page);
    await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
    await signOutEverywhere(page, workshop, address);
    await until(page, `${club.url}/`, "Nobody is here");
    const both = { sid: expect.any(String), sub: expect.any(String) };
    expect(club.told).toContainEqual(expect.objectContaining(both));
  });
});

test.describe("a site in Apache", () => {
  test.beforeAll(({ workshop }) => site.start(workshop.server.url, SECRET));
  test.afterAll(() => site.stop());

  test("lets people in by the link of a mail, knows their address, and signs them out", async ({
    page,
    inbox,
    address,
  }) => {
    await page.goto(`${site.url}/`);
    await expect(page.getByRole("heading", { name: "Sign in to Intranet" })).toBeVisible();
    await send(page, address);
    await page.goto((await inbox.mailTo(address)).link);
    await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
    await expect(page).toHaveURL(`${site.url}/`);
    await page.goto(site.leave);
    await expect(page.getByRole("heading", { name: "Bye" })).toBeVisible();
    await page.goto(`${site.url}/`);
    await expect(page.getByRole("heading", { name: "Sign in to Intranet" })).toBeVisible();
  });

  test("hears within seconds that its user has signed out everywhere", async ({
    page,
    inbox,
    address,
    workshop,
  }) => {
    await signIn(page, inbox, address);
    await page.goto(`${site.url}/`);
    await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
    await signOutEverywhere(page, workshop, address);
    await until(page, `${site.url}/`, "Sign in to Intranet");
  });
});
