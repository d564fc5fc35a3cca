// Checks the release build, which speaks TLS itself, with third-party tools: HTTP Observatory,
// csp_evaluator, vnu, html-validate and Lighthouse. Prints a line for each result. The exit code is
// 1 if one of them is not what it should be.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const here = import.meta.dirname;
const top = resolve(here, "../..");
const { SMTPServer } = createRequire(join(here, "../package.json"))("smtp-server");
const folder = process.env.JUDGES_FOLDER ?? mkdtempSync(join(tmpdir(), "judges-"));

// Node reads the authorities it trusts at its start, so it is started again with ours.
if (!process.env.JUDGES_FOLDER) {
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const subject = ["-subj", "/CN=judges"];
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject, "-keyout", "ca.key", "-out", "ca.crt");
  openssl("req", "-newkey", "rsa:2048", "-nodes", ...subject, "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "csr");
  openssl("x509", "-req", "-in", "csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2", "-copy_extensions", "copy", "-out", "cert.pem");
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.crt"), JUDGES_FOLDER: folder };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { env, stdio: "inherit" });
  rmSync(folder, { recursive: true });
  process.exit(status ?? 1);
}

// A port that nobody else is given as long as this process lives; the server may listen there.
async function heldPort() {
  const hold = spawn(join(top, "scripts/hold_port.py"), { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(hold.stdout, "data");
  for (const part of [hold, hold.stdin, hold.stdout]) part.unref();
  return Number(port);
}
const [httpsPort, httpPort] = await Promise.all([heldPort(), heldPort()]);
const site = `https://localhost:${httpsPort}`;

// The mails it has received, newest last.
const mails = [];
const inbox = new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  onData: (stream, _, done) => {
    let text = "";
    stream.on("data", (piece) => (text += piece)).on("end", () => done(null, mails.push(text)));
  },
});
inbox.listen(0, "localhost");
await once(inbox.server, "listening");
const smtpPort = inbox.server.address().port;

const program = join(top, "target/release/latchkey");
const env = {
  PATH: process.env.PATH,
  RUST_LOG: "error,latchkey=info,latchkey::server=error",
  NO_COLOR: "1",
  LATCHKEY_CONFIG: join(top, "Leptos.toml"),
  LATCHKEY_ENV: "production",
  LATCHKEY_PUBLIC_URL: site,
  DATABASE_URL: `sqlite://${join(folder, "latchkey.db")}`,
  LATCHKEY_DESK__ENABLED: "true",
  LATCHKEY_MAIL__FROM: "Example <no-reply@example.com>",
  SESSION_JWT_SECRET: randomBytes(48).toString("base64"),
  SMTP_URL: `smtp://localhost:${smtpPort}`,
  LEPTOS_SITE_ADDR: `127.0.0.1:${httpsPort}`,
  LATCHKEY_SERVER__TLS_CERTIFICATE: join(folder, "cert.pem"),
  LATCHKEY_SERVER__TLS_KEY: join(folder, "key.pem"),
  LATCHKEY_SERVER__REDIRECT_LISTEN: `127.0.0.1:${httpPort}`,
  LEPTOS_SITE_ROOT: join(top, "target/site"),
};
const server = spawn(program, [], { cwd: folder, stdio: ["ignore", "ignore", "pipe"], env });

createInterface(server.stderr).on("line", (line) => {
  if (!/"INFO"/.test(line)) console.error(line);
});

let bad = 0;
const judge = (who, what, complaints) => {
  console.log(`${complaints.length ? "BAD" : "ok "}  ${who}: ${what}${complaints.map((text) => `\n       ${text}`).join("")}`);
  bad += complaints.length;
};

try {
  await judgeAll();
} finally {
  server.kill();
  inbox.close();
}
process.exit(bad ? 1 : 0);

async function judgeAll() {
  for (let tries = 0; !(await fetch(`${site}/readyz`).catch(() => null))?.ok; tries++) {
    if (tries > 200) throw new Error("the server did not start");
    await new Promise((done) => setTimeout(done, 25));
  }
  execFileSync(program, ["desk", "invite", "ada@example.com", "--role", "steer"], { cwd: folder, env, stdio: "ignore" });
  const cookie = (answer, name) => answer.headers.getSetCookie().find((set) => set.startsWith(name)).split(";")[0];
  const post = (path, body) =>
    fetch(site + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const sent = await post("/api/auth/send-passwordless", { email: "ada@example.com" });
  const { auth_request_id } = await sent.clone().json();
  for (let tries = 0; !mails.length && tries < 200; tries++) await new Promise((done) => setTimeout(done, 25));
  const code = mails[0].match(/: (\d{3}) (\d{3})\r?$/m).slice(1).join("");
  const verified = await post("/api/auth/verify", { code, auth_request_id });
  if (!verified.ok) throw new Error(`the sign-in failed: ${await verified.text()}`);
  const session = cookie(verified, "__Host-session=");
  const asked = cookie(await post("/api/auth/send-passwordless", { email: "bea@example.com" }), "__Host-auth-request=");
  const flash = cookie(
    await fetch(`${site}/actions/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { accept: "text/html", "content-type": "application/x-www-form-urlencoded" },
      body: "email=nonsense",
    }),
    "__Host-flash=",
  );
  const pages = [
    ["/login", "", "the sign-in page"],
    ["/login", flash, "the sign-in page with an error"],
    ["/login/code", asked, "the code page"],
    ["/login/confirm?link_token=x", "", "the page of a link"],
    ["/dashboard", session, "the dashboard"],
    ["/login/not-you?request=x", "", "the page for whom a mail surprises"],
    ["/goodbye", "", "the page after an account was deleted"],
    ["/login", "__Host-language=de", "the sign-in page in German"],
    ["/nowhere", "", "an unknown page"],
    ["/desk", session, "the desk, now"],
    ["/desk/people?q=bea%40example.com", session, "the desk's people"],
    [await personOf(session, "bea@example.com"), session, "a person at the desk"],
    ["/desk/steer", session, "the desk's policy"],
    ["/desk/audit", session, "the desk's audit"],
    ["/desk/invitations", session, "the desk's invitations"],
    ["/desk/waitlist", session, "the desk's waitlist"],
    ["/desk/operators", session, "the desk's operators"],
  ];

  const { CspEvaluator, STRICTCSP_CHECKS } = await import("csp_evaluator/dist/evaluator.js");
  const { CspParser } = await import("csp_evaluator/dist/parser.js");
  const { Severity } = await import("csp_evaluator/dist/finding.js");
  const { HtmlValidate } = await import("html-validate");
  const validator = new HtmlValidate({ extends: ["html-validate:standard"] });
  for (const [path, held, name] of pages) {
    const answer = await fetch(site + path, { headers: held ? { cookie: held } : {} });
    const html = await answer.text();
    const findings = new CspEvaluator(new CspParser(answer.headers.get("content-security-policy")).csp).evaluate(STRICTCSP_CHECKS);
    const severe = findings.filter(({ severity }) => [Severity.HIGH, Severity.MEDIUM, Severity.SYNTAX].includes(severity));
    judge("csp_evaluator", name, severe.map(({ directive, description }) => `${directive}: ${description}`));
    const report = await validator.validateString(html);
    const errors = report.results.flatMap(({ messages }) => messages).filter(({ severity }) => severity === 2);
    judge("html-validate", name, errors.map(({ ruleId, message, line }) => `${line}: ${message} (${ruleId})`));
    judge("vnu", name, vnu(html));
  }
  await observatory();
  const inDesk = pages.filter(([path]) => path.startsWith("/desk"));
  await lighthouse([pages[0], pages[2], pages[4], ...inDesk]);
}

// The path of a person's page, as the desk's search links it.
async function personOf(session, address) {
  const found = await fetch(`${site}/desk/people?q=${encodeURIComponent(address)}`, { headers: { cookie: session } });
  return (await found.text()).match(/href="(\/desk\/people\/[^"?]+)"/)[1];
}

function vnu(html) {
  const jar = join(here, "node_modules/vnu-jar/build/dist/vnu.jar");
  const { stderr, error } = spawnSync("java", ["-jar", jar, "--errors-only", "--format", "json", "-"], { input: html });
  if (error) return [`java cannot be run: ${error.message}`];
  return JSON.parse(stderr).messages.map(({ message, lastLine }) => `${lastLine}: ${message}`);
}

// Its own `scan` uses only ports 80 and 443, so this puts its parts together the same way, with our
// ports.
async function observatory() {
  const part = (path) => import(join(here, "node_modules/@mdn/mdn-http-observatory/src", path));
  // The list of sites that browsers preload for HSTS. The tool's set-up would download it;
  // localhost is not in it.
  const preloaded = join(here, "node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json");
  if (!existsSync(preloaded)) writeFileSync(preloaded, "{}");
  const { retrieve } = await part("retriever/retriever.js");
  const { ALL_TESTS } = await part("constants.js");
  const { getGradeForScore, getScoreModifier } = await part("grader/grader.js");
  const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await part("grader/charts.js");
  const found = await retrieve("localhost", { httpPort, httpsPort, path: "/login" });
  const results = ALL_TESTS.map((test) => test(found)).filter(({ result }) => result);
  const modifiers = results.map(({ result }) => getScoreModifier(result));
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 100);
  const plainScore = sum(modifiers.filter((modifier) => modifier < 0));
  const score = plainScore >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? sum(modifiers) : plainScore;
  const { grade } = getGradeForScore(score);
  const failed = results.filter(({ pass }) => !pass).map(({ constructor, result }) => `${constructor.name}: ${result}`);
  judge("HTTP Observatory", `${grade}, ${score} points`, grade === "A+" ? failed : [`A+ is wanted`, ...failed]);
}

async function lighthouse(pages) {
  const { default: run, desktopConfig } = await import("lighthouse");
  const { launch } = await import("chrome-launcher");
  const { chromium } = await import(join(here, "../node_modules/@playwright/test/index.mjs"));
  // Playwright's own Chromium, or the system's if that is missing, as in playwright.config.ts.
  const chromePath = [chromium.executablePath(), "/usr/bin/chromium"].find(existsSync);
  if (!chromePath) throw new Error("there is no Chromium: run `make setup` first");
  const chromeFlags = ["--headless=new", "--no-sandbox", "--ignore-certificate-errors"];
  const chrome = await launch({ chromePath, chromeFlags, logLevel: "silent" });
  try {
    for (const [path, held, name] of pages) {
      for (const [form, config] of [["phone", undefined], ["desktop", desktopConfig]]) {
        const options = { port: chrome.port, logLevel: "silent", extraHeaders: held ? { cookie: held } : undefined };
        let { lhr } = await run(site + path, options, config);
        // Once in a while it fails to trace a page; what it says of that one is no verdict.
        for (let tries = 1; lhr.runtimeError && tries < 3; tries++) ({ lhr } = await run(site + path, options, config));
        const points = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]);
        const audits = Object.values(lhr.audits).filter(({ score }) => score !== null && score < 0.9);
        const told = points.map(([id, score]) => `${id} ${score}`).join(", ");
        const complaints = points.every(([, score]) => score === 100) ? [] : ["100 is wanted", ...(lhr.runtimeError ? [lhr.runtimeError.message] : []), ...audits.map(({ id, title }) => `${id}: ${title}`)];
        if (!lhr.finalDisplayedUrl.startsWith(site + path)) throw new Error(`${name} led to ${lhr.finalDisplayedUrl}`);
        judge("Lighthouse", `${name}, ${form}: ${told}`, complaints);
      }
    }
  } finally {
    await chrome.kill();
  }
}
