// The release build, started on a free port with a fresh folder.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const top = resolve(import.meta.dirname, "../..");
const program = join(top, "target/release/latchkey");

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

export class Server {
  private constructor(
    readonly url: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(smtpUrl: string, policy: Record<string, string>): Promise<Server> {
    if (!existsSync(program)) throw new Error("there is no release build: run `make build` first");
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
    const url = `http://localhost:${port}`;
    const child = spawn(program, [], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        PATH: process.env.PATH,
        RUST_LOG: "warn",
        DATABASE_URL: `sqlite://${join(folder, "latchkey.db")}`,
        SMTP_URL: smtpUrl,
        LATCHKEY_PUBLIC_URL: url,
        LATCHKEY_CONFIG: join(top, "Leptos.toml"),
        LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
        LEPTOS_SITE_ROOT: join(top, "target/site"),
        ...policy,
      },
    });
    const server = new Server(url, child, folder);
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

  async stop(): Promise<void> {
    if (this.isRunning) {
      const exit = once(this.process, "exit");
      this.process.kill("SIGTERM");
      await exit;
    }
    rmSync(this.folder, { recursive: true });
  }
}
