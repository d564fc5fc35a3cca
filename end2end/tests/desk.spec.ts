// The day of an operator: invited, signs in, finds out why somebody could not, helps, and changes
// the policy and takes that back.
import { type Page } from "@playwright/test";
import { isAccessible } from "../support/accessible";
import { type Workshop, askForMail, expect, send, test, wrong } from "../support/test";

test.use({ policy: { LATCHKEY_DESK__ENABLED: "true" } });

/** Makes somebody an operator, and signs them in to the desk. */
async function toDesk(page: Page, { server, inbox }: Workshop, address: string, role = "steer"): Promise<void> {
  await server.command(["desk", "invite", address, "--role", role]);
  await page.goto("/desk");
  await send(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page).toHaveURL("/desk");
}

/** Opens the page of a person by an address. */
async function open(page: Page, address: string): Promise<void> {
  await page.getByRole("link", { name: "People" }).click();
  await page.getByLabel("Address, user id or request id").fill(address);
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("table").getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Person");
}

test("the day of an operator", async ({ page, browser, workshop, inbox, watch, address, expected }) => {
  test.setTimeout(90_000);
  expected.add(400);
  // Somebody mistypes a code.
  const theirs = await browser.newContext({ baseURL: workshop.server.url });
  await watch(theirs);
  const person = await theirs.newPage();
  await askForMail(person, address);
  const { code } = await inbox.mailTo(address);
  await person.getByLabel("Code").fill(wrong(code));
  await expect(person.getByRole("alert")).toHaveText(/That code is not right/);

  await toDesk(page, workshop, "operator@example.com");
  await expect(page.getByRole("heading", { name: "Now", level: 1 })).toBeVisible();
  await isAccessible(page);

  // Why did they not get in?
  await open(page, address);
  await expect(page.getByRole("main")).toContainText(/The last try was refused .* Wrong code/);
  await expect(page.getByText("Wrong code typed", { exact: true })).toBeVisible();
  await isAccessible(page);

  // Helps them with a fresh mail, for a reason.
  await page.locator("summary", { hasText: "Send a sign-in email" }).click();
  await page.locator("details[open]").getByLabel("Reason").fill("asked on the phone");
  await page.locator("details[open]").getByRole("button").click();
  await expect(page.getByText("The email is on its way.")).toBeVisible();
  await person.goto((await inbox.mailTo(address, 2)).link);
  await person.getByRole("button").first().click();
  await expect(person).toHaveURL("/dashboard");

  // Changes the expiry, and takes it back.
  await page.getByRole("link", { name: "Policy" }).click();
  await isAccessible(page);
  await page.getByLabel("auth.expires_in").fill("10");
  await page.getByLabel("Reason").first().fill("codes live too long");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("main")).toContainText("must be 60 to 3600");
  await isAccessible(page);
  await page.getByLabel("auth.expires_in").fill("300");
  await page.getByLabel("Reason").first().fill("codes live too long");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("main")).toContainText("codes live too long");
  const take = page.getByRole("button", { name: "Take back" }).first();
  await page.getByLabel("Reason").last().fill("it was long enough");
  await take.click();
  await expect(page.getByLabel("auth.expires_in")).toHaveValue("600");

  for (const place of ["Invitations", "Waiting list", "Audit", "Operators"]) {
    await page.getByRole("link", { name: place }).click();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await isAccessible(page);
  }
  await theirs.close();
});

test("an operator who may only look is offered no acts", async ({ page, workshop, inbox, address }) => {
  await askForMail(page, address);
  await inbox.mailTo(address);
  await toDesk(page, workshop, "looks@example.com", "look");
  await open(page, address);
  await expect(page.locator("summary", { hasText: "Send a sign-in email" })).toHaveCount(0);
});

test("an operator pauses sign-up from the first page, and opens it again", async ({ page, workshop }) => {
  await toDesk(page, workshop, "pauses@example.com");
  await isAccessible(page);
  await page.getByRole("link", { name: "Pause sign-up" }).click();
  await expect(page.getByLabel("auth.sign_up")).toHaveValue("closed");
  await isAccessible(page);
  await page.getByLabel("Reason").first().fill("robots");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByRole("link", { name: "Now" }).click();
  await page.getByRole("link", { name: "Open sign-up again" }).click();
  const line = page.getByRole("row", { name: "auth.sign_up Set by pauses@example.com" });
  await line.getByLabel("Reason").fill("they are gone");
  await line.getByRole("button", { name: "Take back" }).click();
  await page.getByRole("link", { name: "Now" }).click();
  await expect(page.getByRole("link", { name: "Pause sign-up" })).toBeVisible();
});

test("nobody else finds a desk", async ({ page, inbox, address, expected }) => {
  expected.add(404);
  await page.goto("/desk");
  await send(page, address);
  await page.goto((await inbox.mailTo(address)).link);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
});
