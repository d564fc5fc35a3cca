// A server of others as a child process. It runs from a folder of its own, on ports that are held
// for it, and knows nothing of the machine's own configuration.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const top = resolve(import.meta.dirname, "../..");

/** Takes a port of 127.0.0.1 before there is an issuer: its policy may have to name the port. */
export async function holdPort(): Promise<string> {
  // A child may listen there; nobody else is given the port as long as this process lives.
  const hold = spawn(join(top, "scripts/hold_port.py"), { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(hold.stdout!, "data");
  for (const part of [hold, hold.stdin, hold.stdout] as { unref(): void }[]) part.unref();
  return String(port).trim();
}

/** Returns the text of a recipe of deploy/, with these texts in place of those it shows. */
export function recipe(file: string, instead: Record<string, string>): string {
  let text = readFileSync(join(top, "deploy", file), "utf8");
  for (const [shown, own] of Object.entries(instead)) {
    if (!text.includes(shown)) throw new Error(`deploy/${file} does not have ${shown}`);
    text = text.replaceAll(shown, own);
  }
  return text;
}

/** Returns the path of a program: the system's, or the one that scripts/setup.sh has brought. */
export function programOf(path: string): string {
  return existsSync(path) ? path : join(top, "target/debian", path);
}

export class Child {
  readonly folder: string;
  private process?: ChildProcess;

  constructor(private readonly program: string) {
    this.folder = mkdtempSync(join(tmpdir(), "latchkey-child-"));
    // Its workers are somebody else, if root starts it.
    chmodSync(this.folder, 0o755);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Starts it, and waits until something is served at a URL. */
  async start(options: string[], url: string, env: Record<string, string> = {}): Promise<void> {
    const log = openSync(join(this.folder, "log"), "a");
    this.process = spawn(this.program, options, {
      cwd: this.folder,
      stdio: ["ignore", "ignore", log],
      env: { PATH: process.env.PATH, HOME: this.folder, ...env },
    });
    closeSync(log);
    const failed = once(this.process, "error").then(([why]) => Promise.reject(why));
    await Promise.race([this.ready(url), failed]);
  }

  private get isRunning(): boolean {
    return this.process?.exitCode === null && this.process.signalCode === null;
  }

  private async ready(url: string): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!(await fetch(url, { redirect: "manual" }).catch(() => undefined))) {
      if (!this.isRunning || Date.now() > deadline) {
        throw new Error(`${this.program} did not start\n${this.report()}`);
      }
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Returns the lines of its log that tell of something unexpected. */
  private report(noise = /^$/): string {
    const lines = readFileSync(join(this.folder, "log"), "utf8").split("\n");
    return lines.filter((line) => line && !noise.test(line)).join("\n");
  }

  /** Stops it, and prints what it reported beside what is expected of it. */
  async stop(noise: RegExp): Promise<void> {
    if (this.isRunning) {
      const exit = once(this.process!, "exit");
      this.process!.kill("SIGTERM");
      await exit;
    }
    const report = this.report(noise);
    if (report) console.error(report);
    rmSync(this.folder, { recursive: true });
  }
}
