#!/usr/bin/env node
// Starts the system's Firefox for Playwright, which drives it by WebDriver BiDi. Commands that
// this Firefox does not know yet, and that change nothing we test, are answered here.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { WebSocket, WebSocketServer } from "ws";

const SKIPPED = ["emulation.setMediaFeaturesOverride", "emulation.setScreenSettingsOverride"];

const firefox = spawn("firefox-esr", process.argv.slice(2), { stdio: ["ignore", "inherit", "pipe"] });
firefox.on("exit", (code) => process.exit(code ?? 1));
process.on("SIGTERM", () => firefox.kill());

createInterface(firefox.stderr).on("line", async (line) => {
  const [, theirs] = /^WebDriver BiDi listening on (ws:\/\/\S+)/.exec(line) ?? [];
  if (!theirs) return void process.stderr.write(`${line}\n`);
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (playwright, request) => {
    const browser = new WebSocket(theirs + request.url, { maxPayload: 0 });
    const waiting = [];
    browser.on("open", () => waiting.splice(0).forEach((message) => browser.send(message)));
    browser.on("message", (message) => playwright.send(message.toString()));
    browser.on("close", () => playwright.close());
    playwright.on("close", () => browser.close());
    playwright.on("message", (message) => {
      const { id, method } = JSON.parse(message);
      if (SKIPPED.includes(method)) {
        playwright.send(JSON.stringify({ type: "success", id, result: {} }));
      } else if (browser.readyState === WebSocket.OPEN) {
        browser.send(message.toString());
      } else {
        waiting.push(message.toString());
      }
    });
  });
  process.stderr.write(`WebDriver BiDi listening on ws://127.0.0.1:${server.address().port}\n`);
});
