// nginx and Caddy guard apps that know no sign-in, as the recipes of deploy/ have it: the same
// stories for both.
import { once } from "node:events";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { type Page } from "@playwright/test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { WebSocket } from "ws";
import { caddy } from "../apps/caddy";
import { type Asked, Echo } from "../apps/echo";
import { GuardingProxy, type Kind } from "../apps/guarding_proxy";
import { nginx } from "../apps/nginx";
import { fileOf } from "../support/files";
import { type Inbox } from "../support/inbox";
import { alive, expect, send, signInElsewhere, test, type Workshop } from "../support/test";

const ADA = "ada@example.org";
const BEA = "bea@example.org";
const EVE = "eve@example.org";

/** Each proxy guards a wiki, for Ada and Bea, a blog, for everybody, and a host of which it asks a
 * server that stands in for Latchkey. */
async function guarding(kind: Kind) {
  const [app, asked] = [await Echo.listen(), await Echo.listen()];
  const proxy = await GuardingProxy.hold(kind, 3);
  const [wiki, blog, other] = proxy.hosts;
  return { kind, app, asked, proxy, wiki, blog, other };
}

const all = [await guarding(nginx), await guarding(caddy)];

const policy = fileOf(
  "Leptos.toml",
  `[server]\ntrusted_proxies = ["127.0.0.1"]\n` +
    all
      .map(
        ({ wiki, blog }) => `
[[forward_auth]]
host = "${wiki}"
only = ["${ADA}", "${BEA}"]

[[forward_auth]]
host = "${blog}"
`,
      )
      .join(""),
);

test.use({ policy: { LATCHKEY_CONFIG: policy } });

const heading = (page: Page, name: string) => page.getByRole("heading", { name, exact: true });

const read = new Map<string, number>();

/** Counts the mails to an address that were read. */
function next(address: string): number {
  read.set(address, (read.get(address) ?? 0) + 1);
  return read.get(address)!;
}

/** Types the code of the next mail to an address into the open sign-in page. */
async function signInHere(page: Page, inbox: Inbox, address: string): Promise<void> {
  await send(page, address);
  const { code } = await inbox.mailTo(address, next(address));
  await page.getByLabel("Code from the email").fill(code);
}

interface Wish {
  method?: string;
  /** Path, or a whole URL, as it stands in the request's first line. */
  path?: string;
  headers?: Record<string, string | string[]>;
  body?: Buffer | string;
}

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Asks a host as a program does: with these headers, and no others. */
async function ask(host: string, { body, ...wish }: Wish = {}): Promise<Got> {
  const [hostname, port] = host.split(":");
  const request = httpRequest({ hostname, port, agent: false, ...wish }).end(body);
  const [response] = await once(request, "response");
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, headers: response.headers, body: text };
}

/** Returns the cookie that an answer sets, as browsers send it. */
const cookieOf = ({ headers }: Got) => headers["set-cookie"]![0].split(";")[0];

/** Lets a program in at a guarded host, as a browser would be, and returns its cookie. */
async function enter(workshop: Workshop, address: string, host: string): Promise<string> {
  const begun = await ask(host, { headers: { accept: "text/html" } });
  const session = await signInElsewhere(workshop, address, next(address));
  const go = { redirect: "manual", headers: { cookie: session } } as const;
  const onward = (await fetch(begun.headers.location!, go)).headers.get("location")!;
  const path = onward.slice(`http://${host}`.length);
  const cookie = cookieOf(begun);
  return cookieOf(await ask(host, { path, headers: { cookie } }));
}

/** Opens a websocket, says something, and returns the answer, or the status of the refusal. */
async function talk(host: string, cookie: string): Promise<string | number> {
  const socket = new WebSocket(`ws://${host}/live?room=1`, { headers: { cookie } });
  const refused = new Promise<number>((found) =>
    socket.on("unexpected-response", (_, { statusCode }) => found(statusCode)),
  );
  const answered = once(socket, "open").then(async () => {
    socket.send("hello");
    const [said] = await once(socket, "message");
    return String(said);
  });
  const result = await Promise.race([refused, answered]);
  socket.on("error", () => {}).terminate();
  return result;
}

/** Names of headers as an app in CGI, WSGI or PHP has them. */
function inCgi({ rawHeaders }: Asked): string[] {
  const names = rawHeaders.filter((_, n) => n % 2 === 0);
  return names.map((name) => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_"));
}

for (const { kind, app, asked, proxy, wiki, blog, other } of all) {
  test.describe(`an app behind ${kind.name}`, () => {
    test.beforeAll(async ({ workshop }) => {
      const latchkey = workshop.server.url;
      await proxy.start([
        { host: wiki, app: app.url, latchkey },
        { host: blog, app: app.url, latchkey },
        { host: other, app: app.url, latchkey: asked.url },
      ]);
    });
    test.afterAll(() => proxy.stop());
    test.beforeEach(() => void app.asked.splice(0));

    test("lets people in at the page they wanted, and is told who they are", async ({
      page,
      context,
      inbox,
      workshop,
    }) => {
      const deep = `http://${wiki}/plans/2026?q=a%20b&x=%2F`;
      await page.goto(deep);
      await expect(heading(page, `Sign in to ${wiki}`)).toBeVisible();
      expect(app.asked).toEqual([]);
      await context.addCookies([{ name: "theme", value: "dark", url: `http://${wiki}` }]);
      await signInHere(page, inbox, ADA);
      await expect(heading(page, `Hello ${ADA}`)).toBeVisible();
      await expect(page).toHaveURL(deep);
      const { headers, url } = app.asked.at(-1)!;
      expect(url).toBe("/plans/2026?q=a%20b&x=%2F");
      expect(headers.host).toBe(wiki);
      expect(headers.cookie).toContain("theme=dark");
      expect(headers.cookie).not.toMatch(/latchkey=/);
      const keys = createRemoteJWKSet(new URL(`${workshop.server.url}/.well-known/jwks.json`));
      const { payload } = await jwtVerify(headers["x-auth-assertion"] as string, keys, {
        issuer: workshop.server.url,
        audience: wiki,
        typ: "forward-auth+jwt",
        algorithms: ["ES256"],
        requiredClaims: ["exp"],
      });
      expect(payload).toMatchObject({ email: ADA, sub: headers["x-auth-user"] });
      // Whoever is signed in needs no code for another host.
      await page.goto(`http://${blog}/`);
      await expect(heading(page, `Hello ${ADA}`)).toBeVisible();
      expect(app.asked.map(({ url }) => url).join()).not.toContain(".latchkey");
    });

    test("keeps a third address out, and lets another in instead", async ({ page, inbox }) => {
      await page.goto(`http://${wiki}/plans?q=1`);
      await signInHere(page, inbox, EVE);
      await expect(heading(page, `No access to ${wiki}`)).toBeVisible();
      await expect(page.getByText(EVE)).toBeVisible();
      expect(app.asked).toEqual([]);
      await page.getByRole("link", { name: "Use another address" }).click();
      await signInHere(page, inbox, BEA);
      await expect(heading(page, `Hello ${BEA}`)).toBeVisible();
      await expect(page).toHaveURL(`http://${wiki}/plans?q=1`);
    });

    test("is closed by the next request after its user signs out everywhere", async ({
      page,
      inbox,
      workshop,
    }) => {
      const elsewhere = { headers: { cookie: await enter(workshop, BEA, wiki) } };
      expect((await ask(wiki, elsewhere)).status).toBe(200);
      await page.goto(`http://${wiki}/`);
      await signInHere(page, inbox, BEA);
      await expect(heading(page, `Hello ${BEA}`)).toBeVisible();
      await page.goto("/dashboard");
      await alive(page);
      await page.getByRole("button", { name: "Sign out everywhere" }).click();
      await expect(page).toHaveURL(/\/login/);
      expect((await ask(wiki, elsewhere)).status).toBe(401);
      await page.goto(`http://${wiki}/`);
      await expect(heading(page, `Sign in to ${wiki}`)).toBeVisible();
    });

    test("answers scripts with 401 instead of a page, until they may", async ({
      page,
      context,
      workshop,
      expected,
    }) => {
      expected.add(401);
      const fetched = () =>
        page.evaluate(async () => {
          const { status, redirected } = await fetch("/api/notes", { method: "POST", body: "a" });
          return { status, redirected };
        });
      const cookie = await enter(workshop, ADA, wiki);
      const [name, value] = cookie.split("=");
      await context.addCookies([{ name, value, url: `http://${wiki}` }]);
      await page.goto(`http://${wiki}/`);
      expect(await fetched()).toEqual({ status: 200, redirected: false });
      await context.clearCookies();
      expect(await fetched()).toEqual({ status: 401, redirected: false });
      for (const method of ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]) {
        const refused = await ask(wiki, { method, headers: { accept: "*/*" } });
        expect([method, refused.status]).toEqual([method, 401]);
        const body = ["POST", "PUT"].includes(method) ? Buffer.alloc(900_000, "x") : "";
        const headers = { cookie, "content-length": String(body.length) };
        app.asked.splice(0);
        const got = await ask(wiki, { method, path: "/notes?q=1", headers, body });
        expect([method, got.status]).toEqual([method, 200]);
        const told = { method, url: "/notes?q=1", bytes: body.length };
        expect(app.asked).toEqual([expect.objectContaining(told)]);
        expect(app.asked[0].headers["x-auth-email"]).toBe(ADA);
      }
    });

    test("has a websocket with whoever is signed in, and with nobody else", async ({
      workshop,
    }) => {
      expect(await talk(wiki, "")).toBe(401);
      expect(await talk(wiki, "latchkey=made.up")).toBe(401);
      expect(app.asked).toEqual([]);
      const cookie = await enter(workshop, ADA, wiki);
      expect(await talk(wiki, cookie)).toBe(`${ADA} said hello`);
      expect(await talk(blog, cookie)).toBe(401);
    });

    test("is told of nobody else, whatever a browser sends", async ({ workshop }) => {
      const cookie = await enter(workshop, ADA, wiki);
      await ask(wiki, { headers: { cookie } });
      const me = app.asked[0].headers["x-auth-user"];
      const names = ["User", "Email", "Assertion"];
      const spelt = names.flatMap((name) => [
        [`X-Auth-${name}`, "root"],
        [`x_auth_${name}`, "root"],
        [`X-Auth_${name}`, "root"],
        [`X_Auth-${name}`, "root"],
        [`X.Auth.${name}`, "root"],
        [`X-Auth.${name}`, "root"],
      ]);
      const dropped = names.map((name) => `X-Auth-${name}`).join(", ");
      for (const connection of [`close, ${dropped}`, `Upgrade, ${dropped}`]) {
        app.asked.splice(0);
        const headers = { ...Object.fromEntries(spelt), cookie, connection, upgrade: "h2c" };
        expect((await ask(wiki, { headers })).status).toBe(200);
        const told = app.asked[0];
        expect(told.headers).toMatchObject({ "x-auth-user": me, "x-auth-email": ADA });
        const named = inCgi(told).filter((name) => name.startsWith("X_AUTH_"));
        expect(named.sort()).toEqual(["X_AUTH_ASSERTION", "X_AUTH_EMAIL", "X_AUTH_USER"]);
        expect(JSON.stringify(told.rawHeaders)).not.toContain("root");
        expect(told.headers.upgrade).toBeUndefined();
      }
    });

    test("opens to nobody who claims to ask for something else", async ({ workshop }) => {
      const cookie = await enter(workshop, EVE, blog);
      app.asked.splice(0);
      const claims: Wish[] = [
        { headers: { "x-forwarded-host": blog } },
        { headers: { "x-forwarded-host": [blog, blog] } },
        { headers: { x_forwarded_host: blog, "x-original-host": blog, forwarded: `host=${blog}` } },
        { headers: { host: blog } },
        { path: `http://${wiki}/`, headers: { host: blog } },
        { path: `http://${blog}/`, headers: { host: wiki } },
        { headers: { "x-forwarded-uri": "/.latchkey?code=a" } },
        { path: "/.latchkey?code=a", headers: { "x-forwarded-uri": "/" } },
        { path: "/.latchkey-ask/forward/check" },
        { path: "/.latchkey-ask/forward", headers: { "x-forwarded-host": blog } },
        { path: "/%2e%2e/.latchkey-ask/../" },
        { headers: { "x-forwarded-method": "OPTIONS", "x-http-method-override": "OPTIONS" } },
        { method: "OPTIONS" },
        { headers: { connection: "close, X-Forwarded-Host, X-Forwarded-Uri, Cookie" } },
        { headers: { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" } },
      ];
      for (const { headers, ...claim } of claims) {
        for (const accept of ["text/html", "*/*"]) {
          const got = await ask(wiki, { ...claim, headers: { cookie, accept, ...headers } });
          const what = JSON.stringify({ claim, headers, accept, got });
          expect(got.status, what).not.toBe(200);
          expect(got.body, what).not.toContain("Hello");
        }
      }
      expect(app.asked).toEqual([]);
      const headers = { cookie: await enter(workshop, ADA, wiki) };
      const got = await ask(wiki, { path: "/.latchkey-ask/forward", headers });
      expect(got.headers).not.toHaveProperty("x-auth-assertion");
    });

    test("is asked about without bodies, and in the proxy's own words", async () => {
      const identity = { "x-auth-user": "1", "x-auth-email": ADA, "x-auth-assertion": "a.b.c" };
      asked.answer = () => ({ status: 200, headers: identity });
      asked.asked.splice(0);
      const headers = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-uri": "/evil",
        "x-forwarded-method": "OPTIONS",
        cookie: "latchkey=mine.too; theme=dark",
      };
      const body = Buffer.alloc(900_000, "x");
      const got = await ask(other, { method: "POST", path: "/notes?q=%2F", headers, body });
      expect(got.status).toBe(200);
      const [question] = asked.asked;
      expect(question).toMatchObject({ method: "GET", bytes: 0 });
      expect(question.headers).not.toHaveProperty("content-length");
      expect(question.headers).toMatchObject({
        "x-forwarded-host": other,
        "x-forwarded-uri": "/notes?q=%2F",
        "x-forwarded-method": "POST",
        cookie: headers.cookie,
      });
      expect(app.asked[0]).toMatchObject({ method: "POST", bytes: body.length });
      expect(app.asked[0].headers).toMatchObject({ ...identity, cookie: "theme=dark" });
    });

    test("is closed while nobody can be asked", async () => {
      const failures = [undefined, { status: 500 }, { status: 503 }, { status: 404 }];
      for (const failure of failures) {
        asked.answer = () => failure;
        for (const accept of ["text/html", "*/*"]) {
          const got = await ask(other, { headers: { accept } });
          expect(got.status, JSON.stringify({ failure, got })).toBeGreaterThanOrEqual(404);
        }
      }
      expect(app.asked).toEqual([]);
    });
  });
}
