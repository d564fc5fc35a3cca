// Apps of others sign their users in here, with libraries of others: openid-client (which is built
// on oauth4webapi, the strictest) on a server, oidc-client-ts in a page.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import * as oidc from "openid-client";
import { isAccessible } from "../support/accessible";
import { fileOf } from "../support/files";
import { take } from "../support/pictures";
import { alive, expect, signIn, test } from "../support/test";

const SECRET = randomBytes(32).toString("base64url");
const hash = `sha256:${createHash("sha256").update(SECRET).digest("base64url")}`;

/** The origin of an app that runs in a page. It holds its port before the policy names it. */
const pages = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end(page);
});
let page = "";
pages.listen(0, "127.0.0.1").unref();
await once(pages, "listening");
const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;

/** The key pair of an app that signs each request: the server knows its public half alone. */
const curve = { name: "ECDSA", namedCurve: "P-256" };
const pair = await crypto.subtle.generateKey(curve, true, ["sign", "verify"]);
const spki = Buffer.from(await crypto.subtle.exportKey("spki", pair.publicKey)).toString("base64");

const policy = fileOf(
  "Leptos.toml",
  `
[[apps]]
id = "wiki"
name = "Team wiki"
secrets = ["${hash}"]
scopes = ["openid", "email", "profile", "offline_access"]
redirect_uris = ["http://127.0.0.1/callback"]
post_logout_redirect_uris = ["http://127.0.0.1/bye"]
first_party = true

[[apps]]
id = "shop"
name = "A shop"
secrets = ["${hash}"]
redirect_uris = ["http://127.0.0.1/callback"]
algorithm = "EdDSA"

[[apps]]
id = "signer"
auth_method = "private_key_jwt"
public_keys = ["-----BEGIN PUBLIC KEY-----${spki}-----END PUBLIC KEY-----"]
scopes = ["openid", "email", "profile", "offline_access"]
redirect_uris = ["http://127.0.0.1/callback"]
first_party = true

[[apps]]
id = "page"
name = "A page"
auth_method = "none"
algorithm = "ES256"
first_party = true
redirect_uris = ["http://127.0.0.1/page"]
cors_origins = ["${origin}"]
`,
);

test.use({ policy: { LATCHKEY_CONFIG: policy } });

/** An app on a server: one sign-in, as its library's documentation shows it. */
class RelyingParty {
  private readonly verifier = oidc.randomPKCECodeVerifier();
  tokens?: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;
  person?: oidc.UserInfoResponse;
  fault?: unknown;

  private constructor(
    readonly url: string,
    private readonly http: Server,
    private readonly config: oidc.Configuration,
  ) {}

  static async start(
    issuer: string,
    id: string,
    proof = oidc.ClientSecretPost(SECRET),
  ): Promise<RelyingParty> {
    const config = await oidc.discovery(new URL(issuer), id, undefined, proof, {
      execute: [oidc.allowInsecureRequests],
    });
    let app: RelyingParty;
    const http = createServer(async (request, response) => {
      const url = new URL(request.url!, app.url);
      if (url.pathname === "/callback") await app.take(url).catch((fault) => (app.fault = fault));
      response.setHeader("content-type", "text/html");
      response.end(`<title>The app</title><link rel="icon" href="data:,"><h1>${url.pathname === "/bye" ? "Bye" : `Hello ${app.person?.email}`}</h1>`);
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    app = new RelyingParty(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, http, config);
    return app;
  }

  async begin(more: Record<string, string> = {}): Promise<string> {
    const url = oidc.buildAuthorizationUrl(this.config, {
      redirect_uri: `${this.url}/callback`,
      scope: "openid email profile offline_access",
      code_challenge: await oidc.calculatePKCECodeChallenge(this.verifier),
      code_challenge_method: "S256",
      state: "a state",
      nonce: "a nonce",
      ...more,
    });
    return url.href;
  }

  private async take(url: URL): Promise<void> {
    this.tokens = await oidc.authorizationCodeGrant(this.config, url, {
      pkceCodeVerifier: this.verifier,
      expectedState: "a state",
      expectedNonce: "a nonce",
      idTokenExpected: true,
    });
    this.person = await oidc.fetchUserInfo(this.config, this.tokens.access_token, this.tokens.claims()!.sub);
  }

  refresh() {
    return oidc.refreshTokenGrant(this.config, this.tokens!.refresh_token!);
  }

  leave(): string {
    const url = oidc.buildEndSessionUrl(this.config, {
      id_token_hint: this.tokens!.id_token!,
      post_logout_redirect_uri: `${this.url}/bye`,
    });
    return url.href;
  }

  stop(): void {
    this.http.close();
    this.http.closeAllConnections();
  }
}

test("a person signs in to an app of the team's by a code, stays, and signs out", async ({ page, baseURL, inbox, address }) => {
  const app = await RelyingParty.start(baseURL!, "wiki");
  await page.goto(await app.begin({ login_hint: address }));
  await expect(page.getByRole("heading", { name: "Sign in to Team wiki" })).toBeVisible();
  await alive(page);
  await isAccessible(page);
  await expect(page.getByLabel("Email address")).toHaveValue(address);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
  await alive(page);
  await page.getByLabel("Code from the email").fill((await inbox.mailTo(address)).code);
  await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
  expect(app.fault).toBeUndefined();
  expect(app.tokens!.claims()).toMatchObject({ email: address, email_verified: true, amr: ["email", "code", "otp"] });
  const again = await app.refresh();
  expect(again.claims()!.sub).toBe(app.tokens!.claims()!.sub);
  await page.goto(app.leave());
  await expect(page.getByRole("heading", { name: "Bye" })).toBeVisible();
  await page.goto("/dashboard");
  await expect(page).toHaveURL("/login?next=%2Fdashboard");
  await expect(app.refresh()).rejects.toThrow(/server responded with an error/);
  app.stop();
});

test("an app of others asks first, and is signed for with its own algorithm", async ({ page, baseURL, inbox, address }) => {
  const app = await RelyingParty.start(baseURL!, "shop");
  await signIn(page, inbox, address);
  await page.goto(await app.begin());
  await expect(page.getByRole("heading", { name: "Sign in to A shop?" })).toBeVisible();
  await isAccessible(page);
  if (process.env.PICTURES) await take(page, "consent");
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
  expect(app.fault).toBeUndefined();
  expect(app.tokens!.refresh_token).toBeUndefined();
  app.stop();
});

test("an app signs each request with a key of its own", async ({ page, baseURL, inbox, address }) => {
  const app = await RelyingParty.start(baseURL!, "signer", oidc.PrivateKeyJwt(pair.privateKey));
  await signIn(page, inbox, address);
  await page.goto(await app.begin());
  await expect(page.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
  expect(app.fault).toBeUndefined();
  expect((await app.refresh()).claims()!.sub).toBe(app.tokens!.claims()!.sub);
  app.stop();
});

test("an app in a page signs in without a secret, and reads who it is across origins", async ({ page: tab, baseURL, inbox, address }) => {
  const folder = join(import.meta.dirname, "../node_modules/oidc-client-ts/dist/browser");
  const library = readFileSync(join(folder, "oidc-client-ts.min.js"), "utf8");
  page = `<!doctype html><title>A page</title><link rel="icon" href="data:,"><h1>Waiting</h1>
    <script>${library}</script>
    <script>
      const manager = new oidc.UserManager({ authority: ${JSON.stringify(baseURL)}, client_id: "page",
        redirect_uri: "${origin}/page", scope: "openid email", loadUserInfo: true });
      const say = (text) => (document.querySelector("h1").textContent = text);
      location.search
        ? manager.signinRedirectCallback().then((user) => say("Hello " + user.profile.email), (fault) => say(String(fault)))
        : manager.signinRedirect();
    </script>`;
  await signIn(tab, inbox, address);
  await tab.goto(`${origin}/page`);
  // Any program on this machine may claim to be an app without a secret on loopback.
  await tab.getByRole("button", { name: "Allow", exact: true }).click();
  await expect(tab.getByRole("heading", { name: `Hello ${address}` })).toBeVisible();
});
