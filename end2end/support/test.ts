// Fixtures of every browser test: a server, an inbox, an address of its own, and a browser that
// reports everything that goes wrong.
import { type BrowserContext, type Page, expect, test as base } from "@playwright/test";
import { isNoise, mend } from "./firefox";
import { Inbox, type Mail } from "./inbox";
import { Server } from "./server";

export { expect, type Mail };

export interface Workshop {
  server: Server;
  inbox: Inbox;
}

interface Story {
  /** An address nobody else uses. */
  address: string;
  inbox: Inbox;
  /** Error statuses that a test expects: the console may report them, and each has to occur. */
  expected: Set<number>;
  /** Faults that a test causes on purpose: each has to occur. */
  failures: RegExp[];
  /** Watches another browser context, too. */
  watch: (context: BrowserContext) => Promise<void>;
}

/** High limits: they have tests of their own. */
const POLICY = {
  LATCHKEY_LIMITS__MAILS_PER_MINUTE: "1000",
  LATCHKEY_LIMITS__MAILS_PER_HOUR: "1000",
  LATCHKEY_LIMITS__SENDS_PER_MINUTE: "1000",
  LATCHKEY_LIMITS__VERIFIES_PER_MINUTE: "1000",
  LATCHKEY_AUTH__RESEND_COOLDOWN: "10",
  LATCHKEY_MAIL__FROM: "Example <no-reply@example.com>",
  LATCHKEY_BRAND__NAME: "Example",
  LATCHKEY_MAIL__NEW_DEVICE_NOTICE: "false",
};

let stories = 0;
const withoutScript = new WeakSet<BrowserContext>();

export const test = base.extend<Story, { policy: Record<string, string>; workshop: Workshop }>({
  policy: [{}, { option: true, scope: "worker" }],
  workshop: [
    async ({ policy }, use) => {
      const inbox = new Inbox();
      const server = await Server.start(await inbox.start(), { ...POLICY, ...policy });
      await use({ server, inbox });
      await server.stop();
      await inbox.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ workshop }, use) => use(workshop.server.url),
  inbox: async ({ workshop }, use) => use(workshop.inbox),
  page: async ({ page }, use) => {
    mend(page);
    await use(page);
  },
  address: async ({}, use) => use(`ada${++stories}@example.com`),
  expected: async ({}, use) => use(new Set()),
  failures: async ({}, use) => use([]),
  watch: [
    async ({ context, expected, failures, javaScriptEnabled }, use) => {
      const faults: string[] = [];
      const seen = new Set<number>();
      const watch = async (context: BrowserContext) => {
        if (javaScriptEnabled === false) withoutScript.add(context);
        await context.exposeBinding("reportViolation", (_, text: string) => void faults.push(text));
        await context.addInitScript(() =>
          document.addEventListener("securitypolicyviolation", (event) =>
            (window as never as { reportViolation(text: string): void }).reportViolation(
              `${event.violatedDirective}: ${event.blockedURI}`,
            ),
          ),
        );
        context.on("weberror", (error) => void faults.push(String(error.error())));
        context.on("requestfailed", (request) => {
          const why = request.failure()?.errorText;
          // Loads that a navigation aborted, and scripts for a browser that runs none.
          const isExpected = why === "net::ERR_ABORTED" || (withoutScript.has(context) && request.resourceType() === "script");
          if (!isExpected) faults.push(`${request.method()} ${new URL(request.url()).pathname}: ${why}`);
        });
        context.on("response", (response) => void seen.add(response.status()));
        context.on("console", (message) => {
          const refusal = /status of (\d+)/.exec(message.text());
          // A mail in the dev mailbox and a preview at the desk may not run scripts, the one above
          // included, and the browser reports that here, too.
          const isOurs = /^Blocked script execution in '[^']*\/(dev\/mailbox\/|desk\/steer\/preview[?/])/.test(message.text());
          const isExpected = isOurs || (refusal && expected.has(Number(refusal[1])));
          if (["error", "warning"].includes(message.type()) && !isExpected) faults.push(message.text());
        });
      };
      await watch(context);
      await use(watch);
      const meant = (fault: string) => isNoise(fault) || failures.some((failure) => failure.test(fault));
      expect(failures.filter((failure) => !faults.some((fault) => failure.test(fault))), "failures that never came").toEqual([]);
      expect(faults.filter((fault) => !meant(fault)), "console errors, exceptions, failed requests and policy violations").toEqual([]);
      expect([...expected].filter((status) => !seen.has(status)), "statuses that were expected, and never came").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the page's islands are alive; not without JavaScript, where they never are. */
export async function alive(page: Page): Promise<void> {
  if (!withoutScript.has(page.context())) await page.locator("html[data-ready]").waitFor();
}

/** Types an address into the open sign-in page, and waits for the page that says there is mail. */
export async function send(page: Page, address: string): Promise<void> {
  await alive(page);
  await page.getByLabel("Email address").fill(address);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
  await alive(page);
}

/** Opens the sign-in page and asks for a mail. */
export async function askForMail(page: Page, address: string, path = "/login"): Promise<void> {
  await page.goto(path);
  await send(page, address);
}

/** Signs in with the link of a mail. */
export async function signIn(page: Page, inbox: Inbox, address: string): Promise<void> {
  await askForMail(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL("/dashboard");
}

/** Signs in as a program does, by the nth mail to an address, and returns the session's cookie. */
export async function signInElsewhere(
  { server, inbox }: Workshop,
  address: string,
  nth: number,
): Promise<string> {
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    return fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  };
  const sent = await post("/api/auth/send-passwordless", { email: address });
  const { auth_request_id } = await sent.json();
  const { code } = await inbox.mailTo(address, nth);
  const verified = await post("/api/auth/verify", { code, auth_request_id });
  return verified.headers.getSetCookie()[0].split(";")[0];
}

/** Returns a code that differs from this one. */
export function wrong(code: string): string {
  return code === "000000" ? "000001" : "000000";
}
