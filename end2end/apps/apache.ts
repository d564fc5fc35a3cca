// A static site in Apache, guarded by mod_auth_openidc as deploy/apache.conf has it. Apache runs as
// a child, from a folder of its own, and knows nothing of the machine's own configuration.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const top = resolve(import.meta.dirname, "../..");
const modules = "/usr/lib/apache2/modules";

/** What deploy/apache.conf expects around it. */
function around(port: string): string {
  const needed = ["authn_core", "authz_core", "authz_user", "dir", "filter", "include"];
  const module = (name: string) => `LoadModule ${name}_module ${modules}/mod_${name}.so`;
  return `${["mpm_event", ...needed, "auth_openidc"].map(module).join("\n")}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
User nobody
Group nogroup
PidFile pid
DefaultRuntimeDir .
ErrorLog log
LogLevel error
DocumentRoot site
<Directory site>
  Options +Includes
  ForceType text/html
  SetOutputFilter INCLUDES
</Directory>
Include recipe.conf
`;
}

export class Apache {
  private child?: ChildProcess;
  private folder = "";

  private constructor(private readonly port: string) {}

  /** Takes a port before there is an issuer: its policy may have to name the port. */
  static async hold(): Promise<Apache> {
    // Apache may listen there; nobody else is given the port as long as this process lives.
    const hold = spawn(join(top, "scripts/hold_port.py"), { stdio: ["pipe", "pipe", "inherit"] });
    const [port] = await once(hold.stdout!, "data");
    for (const part of [hold, hold.stdin, hold.stdout] as { unref(): void }[]) part.unref();
    return new Apache(String(port).trim());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Where a person signs out of the site and of Latchkey. */
  get leave(): string {
    return `${this.url}/oidc/callback?logout=${encodeURIComponent(`${this.url}/bye.html`)}`;
  }

  async start(issuer: string, secret: string): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "apache-"));
    // Its workers are somebody else, if root starts it.
    chmodSync(this.folder, 0o755);
    const write = (name: string, text: string) => writeFileSync(join(this.folder, name), text);
    mkdirSync(join(this.folder, "site"));
    const head = `<!doctype html><title>Intranet</title><link rel="icon" href="data:,">`;
    write("site/index.html", `${head}<h1>Hello <!--#echo var="REMOTE_USER" --></h1>`);
    write("site/bye.html", `${head}<h1>Bye</h1>`);
    const recipe = readFileSync(join(top, "deploy/apache.conf"), "utf8");
    write("recipe.conf", recipe.replace("https://login.example.com", issuer));
    write("apache.conf", around(this.port));
    const options = ["-d", this.folder, "-f", "apache.conf", "-DFOREGROUND"];
    this.child = spawn("/usr/sbin/apache2", options, {
      cwd: this.folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        PATH: process.env.PATH,
        INTRANET_SECRET: secret,
        INTRANET_PASSPHRASE: randomBytes(32).toString("base64url"),
      },
    });
    await this.ready();
  }

  private get isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!(await fetch(`${this.url}/bye.html`).catch(() => undefined))?.ok) {
      if (!this.isRunning || Date.now() > deadline) throw new Error("Apache did not start");
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Stops it, and prints what it reported. */
  async stop(): Promise<void> {
    if (this.isRunning) {
      const exit = once(this.child!, "exit");
      this.child!.kill("SIGTERM");
      await exit;
    }
    const log = join(this.folder, "log");
    const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
    // Of its own start and stop it tells as notices, whatever the level.
    for (const line of lines) if (line && !/:notice\]/.test(line)) console.error(line);
    rmSync(this.folder, { recursive: true });
  }
}
