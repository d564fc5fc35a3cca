// Pictures of the desk after a morning of sign-ins; taken with PICTURES=1.
import { type Page } from "@playwright/test";
import { take } from "../support/pictures";
import { askForMail, expect, send, signInElsewhere, test, wrong } from "../support/test";

test.skip(!process.env.PICTURES, "PICTURES=1 takes pictures");
test.use({ policy: { LATCHKEY_DESK__ENABLED: "true" } });

/** Asks for a mail as somebody who never opens it. */
async function asks(url: string, email: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  await fetch(`${url}/api/auth/send-passwordless`, { method: "POST", headers, body: JSON.stringify({ email }) });
}

async function shows(page: Page, path: string, name: string): Promise<void> {
  await page.goto(path);
  await take(page, name);
}

test("pictures", async ({ page, workshop, inbox, expected }) => {
  test.setTimeout(120_000);
  expected.add(400);
  const { server } = workshop;
  for (const [domain, people] of [["example.com", 9], ["example.org", 5], ["example.net", 3]] as const) {
    for (let person = 0; person < people; person++) {
      await signInElsewhere(workshop, `person${person}@${domain}`, 1);
    }
    await asks(server.url, `refused@${domain}`);
    await asks(server.url, `late@${domain}`);
  }
  await askForMail(page, "ada@example.com");
  const { code } = await inbox.mailTo("ada@example.com");
  await page.getByLabel("Code").fill(wrong(code));
  await expect(page.getByRole("alert")).toHaveText(/That code is not right/);
  await server.command(["desk", "invite", "operator@example.com"]);
  await server.command(["users", "invite", "bea@example.org"]);
  await page.goto("/desk");
  await send(page, "operator@example.com");
  await page.goto((await inbox.mailTo("operator@example.com")).link);
  await expect(page).toHaveURL("/desk");
  // Counted a few seconds after it happened.
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("main")).toContainText("example.org", { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  await take(page, "desk-now");
  await page.goto("/desk/people?q=ada%40example.com");
  await page.getByRole("table").getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Person");
  await take(page, "desk-person");
  await shows(page, "/desk/steer", "desk-policy");
  await shows(page, "/desk/audit", "desk-audit");
  await shows(page, "/desk/invitations", "desk-invitations");
});
