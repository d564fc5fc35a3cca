// The sign-in in WebKitGTK, with real keys: what a person does in the first minutes, in an engine
// for which Playwright has no driver. Chromium and Firefox run tests/.
import { expect, test as base, wrong } from "../support/test";
import { Window } from "./webkit";

const test = base.extend<{ window: Window }>({
  // Playwright's own browser is not used.
  watch: [async ({}, use) => use(async () => undefined), { auto: true }],
  window: async ({}, use) => {
    const window = await Window.open();
    await use(window);
    await window.close();
  },
});

async function askForMail(window: Window, site: string, address: string): Promise<void> {
  await window.open(`${site}/login`);
  await window.alive();
  await window.type(address);
  await window.press("Enter");
  await expect.poll(() => window.text("h1")).toBe("Check your inbox");
  await window.alive();
}

const reaches = async (window: Window, url: string) => expect.poll(() => window.url()).toBe(url);

test("the keyboard alone signs in: the address, Enter, the six digits", async ({ window, baseURL, inbox, address }) => {
  await askForMail(window, baseURL!, address);
  expect(await window.focused()).toBe("code");
  await window.type((await inbox.mailTo(address)).code);
  await reaches(window, `${baseURL}/dashboard`);
  expect(await window.text()).toContain(address);
});

test("the link signs in, and the window that waits follows", async ({ window, baseURL, inbox, address }) => {
  await askForMail(window, baseURL!, address);
  const { link } = await inbox.mailTo(address);
  await window.inAnotherTab(() => window.open(link));
  await reaches(window, `${baseURL}/dashboard`);
});

test("a link opened with another profile signs in nobody, and says what to do", async ({ window, baseURL, inbox, address }) => {
  await askForMail(window, baseURL!, address);
  const { link } = await inbox.mailTo(address);
  const stranger = await Window.open();
  await stranger.open(link);
  expect(await stranger.text("h1")).toBe("This is a different browser");
  await stranger.open(`${baseURL}/dashboard`);
  await expect.poll(() => stranger.url()).toContain("/login");
  await stranger.close();
  await window.open(link);
  await reaches(window, `${baseURL}/dashboard`);
});

test("a wrong code is selected, and the next digits replace it", async ({ window, baseURL, inbox, address }) => {
  await askForMail(window, baseURL!, address);
  const { code } = await inbox.mailTo(address);
  await window.type(wrong(code));
  await expect.poll(() => window.text("#code-message")).toMatch(/4 tries are left/);
  expect(await window.focused()).toBe("code");
  await window.type(code[0]);
  expect(await window.value("#code")).toBe(code[0]);
  await expect.poll(() => window.text("#code-message")).toBe("");
  await window.type(code.slice(1));
  await reaches(window, `${baseURL}/dashboard`);
});

test("a mistyped domain is asked about before a mail goes out", async ({ window, baseURL, inbox }) => {
  await window.open(`${baseURL}/login`);
  await window.alive();
  await window.type("wk@gmial.com");
  await window.press("Enter");
  await expect.poll(() => window.focused()).toBe("meant");
  expect(await window.text("#meant")).toBe("Did you mean wk@gmail.com?");
  await window.press("Enter");
  expect(await window.value("#email")).toBe("wk@gmail.com");
  await window.press("Enter");
  await expect.poll(() => window.text("h1")).toBe("Check your inbox");
  await inbox.mailTo("wk@gmail.com");
});

test("Change keeps the address, selected", async ({ window, baseURL, address }) => {
  await askForMail(window, baseURL!, address);
  await window.click(".sent-to a");
  await expect.poll(() => window.text("h1")).toMatch(/^Sign in to/);
  await window.alive();
  expect(await window.value("#email")).toBe(address);
  await window.type("b");
  expect(await window.value("#email")).toBe("b");
});

test("an empty field is named as on the page", async ({ window, baseURL }) => {
  await window.open(`${baseURL}/login`);
  await window.alive();
  await window.press("Enter");
  await expect.poll(() => window.text("#email-message")).toBe("Enter your email address.");
});

test("after signing out, Back shows nothing of who was there", async ({ window, baseURL, inbox, address }) => {
  await askForMail(window, baseURL!, address);
  await window.type((await inbox.mailTo(address)).code);
  await reaches(window, `${baseURL}/dashboard`);
  await window.click(".account button");
  await expect.poll(() => window.text("[role=status]")).toBe("You have signed out.");
  for (const heading of ["Sign in to Example", "No sign-in is waiting here"]) {
    await window.back();
    await expect.poll(() => window.text("h1")).toBe(heading);
    expect(await window.text()).not.toContain(address);
  }
});

test("nothing scrolls sideways on a phone", async ({ baseURL, inbox, address }) => {
  const phone = await Window.open(360, 740);
  const fits = async () => expect(await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  await askForMail(phone, baseURL!, address);
  await fits();
  await phone.open(`${baseURL}/login`);
  await fits();
  await phone.open((await inbox.mailTo(address)).link);
  await reaches(phone, `${baseURL}/dashboard`);
  await fits();
  await phone.close();
});

test("no content security policy is violated from the first page to the last", async ({ window, baseURL, inbox, address }) => {
  const listen = "document.addEventListener('securitypolicyviolation', event => document.title = 'violated: ' + event.violatedDirective)";
  await askForMail(window, baseURL!, address);
  await window.evaluate(listen);
  await window.type(wrong((await inbox.mailTo(address)).code));
  await expect.poll(() => window.text("#code-message")).toMatch(/4 tries are left/);
  expect(await window.evaluate("document.title")).not.toContain("violated");
});
