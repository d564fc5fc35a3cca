// Browser tests of the release build. Each worker has its own server, database and mail server.
// ENGINE=firefox runs them in the system's Firefox.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium, defineConfig } from "@playwright/test";

// Playwright's own Chromium, or the system's if that is missing.
const own = existsSync(chromium.executablePath());
const inChromium = {
  launchOptions: {
    executablePath: own ? undefined : "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
};
const inFirefox = {
  browserName: "firefox",
  channel: "moz-firefox",
  launchOptions: { executablePath: join(import.meta.dirname, "support/firefox_with_bidi.mjs") },
} as const;

export default defineConfig({
  testDir: "tests",
  workers: 1,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    trace: "retain-on-failure",
    ...(process.env.ENGINE === "firefox" ? inFirefox : inChromium),
  },
});
