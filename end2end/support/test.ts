// What every browser test has: a server, an inbox, an address of its own, and a browser in which nothing goes wrong
// unnoticed.
import { type BrowserContext, type Page, expect, test as base } from "@playwright/test";
import { Inbox, type Mail } from "./inbox";
import { Server } from "./server";

export { expect, type Mail };

interface Workshop {
  server: Server;
  inbox: Inbox;
}

interface Story {
  /** An address nobody else uses. */
  address: string;
  inbox: Inbox;
  /** Statuses of answers that a test expects to be refusals: the console may speak of them. */
  expected: Set<number>;
  /** Watches a further browser, too. */
  watch: (context: BrowserContext) => Promise<void>;
}

/** Roomy limits: what they do has stories of its own. */
const POLICY = {
  LATCHKEY_LIMITS__MAILS_PER_MINUTE: "1000",
  LATCHKEY_LIMITS__MAILS_PER_HOUR: "1000",
  LATCHKEY_LIMITS__SENDS_PER_MINUTE: "1000",
  LATCHKEY_LIMITS__VERIFIES_PER_MINUTE: "1000",
  LATCHKEY_AUTH__RESEND_COOLDOWN: "10",
  LATCHKEY_MAIL__FROM: "Example <no-reply@example.com>",
  LATCHKEY_BRAND__NAME: "Example",
};

let stories = 0;

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
  address: async ({}, use) => use(`ada${++stories}@example.com`),
  expected: async ({}, use) => use(new Set()),
  watch: [
    async ({ context, expected }, use) => {
      const faults: string[] = [];
      const watch = async (context: BrowserContext) => {
        await context.exposeBinding("reportViolation", (_, text: string) => void faults.push(text));
        await context.addInitScript(() =>
          document.addEventListener("securitypolicyviolation", (event) =>
            (window as never as { reportViolation(text: string): void }).reportViolation(
              `${event.violatedDirective}: ${event.blockedURI}`,
            ),
          ),
        );
        context.on("weberror", (error) => void faults.push(String(error.error())));
        context.on("console", (message) => {
          const refusal = /status of (\d+)/.exec(message.text());
          const isExpected = refusal && expected.has(Number(refusal[1]));
          if (["error", "warning"].includes(message.type()) && !isExpected) faults.push(message.text());
        });
      };
      await watch(context);
      await use(watch);
      expect(faults, "console errors, exceptions and policy violations").toEqual([]);
    },
    { auto: true },
  ],
});

/** Until the islands of the page are alive. */
export async function alive(page: Page): Promise<void> {
  await page.locator("html[data-ready]").waitFor();
}

/** Types an address into the sign-in page. */
export async function askForMail(page: Page, address: string, path = "/login"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("E-mail address").fill(address);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
}

/** Signs in with the code of the mail. */
export async function signIn(page: Page, inbox: Inbox, address: string): Promise<void> {
  await askForMail(page, address);
  await page.getByLabel("Code from the mail").fill((await inbox.mailTo(address)).code);
  // Without JavaScript nothing submits by itself.
  if (page.url().includes("/login/code")) {
    await page.getByRole("button", { name: "Sign in" }).click({ timeout: 2_000 }).catch(() => undefined);
  }
  await expect(page.getByText(address)).toBeVisible();
  await page.waitForURL("**/dashboard");
}
