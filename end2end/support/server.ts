// The release build, started with a fresh folder on a port that the system chooses.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const top = resolve(import.meta.dirname, "../..");
const program = join(top, `target/${process.env.LATCHKEY_BUILD ?? "release"}/latchkey`);

/** The variable with the URL of a transport that a policy's file calls "own". */
export const OWN_URL = "LATCHKEY_MAIL__TRANSPORTS__OWN__URL";

/** Waits for the log line with the server's URL. Prints other lines, except those of level INFO. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    createInterface(child.stderr!).on("line", (line) => {
      const url = /sign-in page: (\S+)\/login/.exec(line)?.[1];
      if (url) found(url);
      else if (!/ INFO /.test(line)) console.error(line);
    });
    child.once("exit", (code) => failed(new Error(`the server did not start: exit code ${code}`)));
  });
}

export class Server {
  private constructor(
    readonly url: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(smtpUrl: string, policy: Record<string, string>): Promise<Server> {
    if (!existsSync(program)) throw new Error("there is no release build: run `make build` first");
    const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
    const env = {
      PATH: process.env.PATH,
      RUST_LOG: "warn,latchkey=info,latchkey::server=warn",
      NO_COLOR: "1",
      DATABASE_URL: `sqlite://${join(folder, "latchkey.db")}`,
      SMTP_URL: smtpUrl,
      LATCHKEY_CONFIG: join(top, "Leptos.toml"),
      LEPTOS_SITE_ADDR: "127.0.0.1:0",
      LEPTOS_SITE_ROOT: join(top, "target/site"),
      ...policy,
      // A policy whose file names a transport leaves its URL to this.
      ...(OWN_URL in policy ? { SMTP_URL: "", [OWN_URL]: smtpUrl } : {}),
    };
    const child = spawn(program, [], { cwd: folder, stdio: ["ignore", "ignore", "pipe"], env });
    const server = new Server(await urlOf(child), child, folder, env);
    try {
      await server.ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (!this.isRunning || Date.now() > deadline) throw new Error("the server did not start");
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Runs a command of the program beside the server, given an input. */
  async command(args: string[], input = ""): Promise<void> {
    const child = spawn(program, args, { cwd: this.folder, stdio: ["pipe", "ignore", "inherit"], env: this.env });
    child.stdin.end(input);
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`latchkey ${args.join(" ")}: exit code ${code}`);
  }

  async stop(): Promise<void> {
    if (this.isRunning) {
      const exit = once(this.process, "exit");
      this.process.kill("SIGTERM");
      await exit;
    }
    rmSync(this.folder, { recursive: true });
  }
}
