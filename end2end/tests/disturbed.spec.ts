// Password managers, translators and extensions change a page, before the script runs and after;
// and sometimes the script does not load, or fails. The forms work all the same.
import { type BrowserContext, type Page } from "@playwright/test";
import { notInFirefox } from "../support/firefox";
import { alive, askForMail, expect, send, test, wrong } from "../support/test";

/** Changes each page of the browser context when its HTML has been parsed. */
async function change(context: BrowserContext, disturbance: () => void): Promise<void> {
  await context.addInitScript(`document.addEventListener("DOMContentLoaded", ${disturbance})`);
}

const disturbances: Record<string, () => void> = {
  "a node before each field": () => {
    for (const field of document.querySelectorAll("input")) field.before(document.createElement("div"));
  },
  "a node first in each form, and one last": () => {
    for (const form of document.querySelectorAll("form")) {
      form.prepend(document.createElement("span"));
      form.append(document.createElement("span"));
    }
  },
  "nodes first, last and within each island": () => {
    for (const island of document.querySelectorAll("leptos-island")) {
      island.before("text", document.createComment("a comment"));
      island.append("text", document.createElement("div"));
    }
  },
  "each field in a node of its own": () => {
    for (const field of document.querySelectorAll("main input")) {
      const around = document.createElement("div");
      field.replaceWith(around);
      around.append(field);
    }
  },
  "every text in nodes of a translator": () => {
    const walker = document.createTreeWalker(document.querySelector("main") as Node, NodeFilter.SHOW_TEXT);
    const texts: Node[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      if (!text.nodeValue?.trim()) continue;
      const font = document.createElement("font");
      font.textContent = text.nodeValue;
      text.parentNode?.replaceChild(font, text);
    }
  },
  "every text joined, every comment gone": () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
    const comments: ChildNode[] = [];
    while (walker.nextNode()) comments.push(walker.currentNode as ChildNode);
    for (const comment of comments) comment.remove();
    document.body.normalize();
  },
};

/** Checks that a bad address and a wrong code are refused, and that the right ones sign in. */
async function goesThrough(page: Page, address: string, code: () => Promise<string>): Promise<void> {
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").fill("ada at example");
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("alert")).toHaveText(/Check the spelling of that email address/);
  await send(page, address);
  const field = page.getByLabel("Code from the email");
  const right = await code();
  const isPlain = !(await isAlive(page));
  await field.fill(wrong(right));
  if (isPlain) await field.press("Enter");
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await field.fill(right);
  if (isPlain) await field.press("Enter");
  await expect(page).toHaveURL("/dashboard");
}

async function isAlive(page: Page): Promise<boolean> {
  await alive(page);
  return (await page.locator("html").getAttribute("data-ready")) === "alive";
}

for (const [what, disturbance] of Object.entries(disturbances)) {
  test(`the forms come alive with ${what}`, async ({ page, context, inbox, address, expected }) => {
    expected.add(400);
    await change(context, disturbance);
    await goesThrough(page, address, async () => (await inbox.mailTo(address)).code);
    await page.goto("/login");
    expect(await isAlive(page)).toBe(true);
  });
}

test("texts that a translator has replaced are still updated", async ({ page, inbox, address, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  const translate = () =>
    page.evaluate(() => {
      for (const shown of document.querySelectorAll("button, .message, [role=timer]")) {
        const font = document.createElement("font");
        font.textContent = shown.textContent;
        shown.replaceChildren(font);
      }
    });
  const field = page.getByLabel("Code from the email");
  await translate();
  await field.fill(wrong(code));
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await translate();
  await field.fill(wrong(wrong(code)) === code ? "000002" : wrong(wrong(code)));
  await expect(page.getByRole("alert")).toHaveText(/3 tries are left/);
  await expect(page.getByRole("button", { name: /^You can send a new email in 0:0/ })).toBeVisible();
  await field.fill(code);
  await expect(page).toHaveURL("/dashboard");
});

test("a code set by a program after a refused one is sent by a press", async ({ page, inbox, address, expected }) => {
  expected.add(400);
  await askForMail(page, address);
  const { code } = await inbox.mailTo(address);
  const field = page.getByLabel("Code from the email");
  await field.fill(wrong(code));
  await expect(page.getByRole("alert")).toHaveText(/4 tries are left/);
  await field.evaluate((field: HTMLInputElement, code) => void (field.value = code), code);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/dashboard");
});

for (const kind of ["js", "wasm"]) {
  test(`the forms work as plain ones without the script's ${kind} file`, async ({ page, inbox, address, expected }) => {
    expected.add(404);
    await page.route(`**/pkg/*.${kind}`, (route) => route.fulfill({ status: 404, body: "" }));
    await goesThrough(page, address, async () => (await inbox.mailTo(address)).code);
    await page.goto("/login");
    expect(await isAlive(page)).toBe(false);
  });
}

test("an island of another version leaves a plain form that works", async ({ page, context, inbox, address }) => {
  await change(context, () => {
    for (const island of document.querySelectorAll<HTMLElement>("leptos-island")) island.dataset.component = "Other_1";
  });
  await goesThrough(page, address, async () => (await inbox.mailTo(address)).code);
});

test("a request that fails in the script leaves the form usable", async ({ page, address, failures }) => {
  failures.push(/an extension is in the way/);
  await page.addInitScript(() => {
    const real = window.fetch;
    window.fetch = (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (url.includes("/actions/")) throw new Error("an extension is in the way");
      return real(input, init);
    };
  });
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").fill(address);
  const button = page.getByRole("button", { name: "Send magic link" });
  await button.click();
  await expect(button).not.toHaveAttribute("aria-busy");
  await button.click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
});

test("an offline user is told to check the connection", async ({ page, context, address, failures }) => {
  notInFirefox("way to go offline");
  failures.push(/ERR_INTERNET_DISCONNECTED/);
  await page.goto("/login");
  await alive(page);
  await page.getByLabel("Email address").fill(address);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("alert")).toHaveText(/Check that you are online/);
  await context.setOffline(false);
  await page.getByRole("button", { name: "Send magic link" }).click();
  await expect(page.getByRole("heading", { name: "Check your inbox" })).toBeVisible();
});

test("a code in the digits of another script submits itself", async ({ page, inbox, address }) => {
  for (const zero of ["٠", "०", "０"]) {
    const own = `${zero.codePointAt(0)}${address}`;
    await page.context().clearCookies();
    await askForMail(page, own);
    const { code } = await inbox.mailTo(own);
    const digits = [...code].map((digit) => String.fromCodePoint((zero.codePointAt(0) ?? 0) + Number(digit)));
    await page.getByLabel("Code from the email").fill(digits.join(" "));
    await expect(page).toHaveURL("/dashboard");
  }
});

test("an address in another script with invisible characters gets its mail", async ({ page, inbox }) => {
  const address = "संपर्क@example.com";
  await page.goto("/login");
  await send(page, `\u2066${address}\u2069`);
  await expect(page.getByText(address)).toBeVisible();
  await page.getByLabel("Code from the email").fill((await inbox.mailTo(address)).code);
  await expect(page).toHaveURL("/dashboard");
});
