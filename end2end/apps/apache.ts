// A static site in Apache, guarded by mod_auth_openidc as deploy/apache.conf has it.
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Child, holdPort, recipe } from "./child";

const modules = "/usr/lib/apache2/modules";

/** Configuration that deploy/apache.conf expects around it. */
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
  private child?: Child;

  private constructor(private readonly port: string) {}

  /** Takes a port before there is an issuer: its policy may have to name the port. */
  static async hold(): Promise<Apache> {
    return new Apache(await holdPort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Where a person signs out of the site and of Latchkey. */
  get leave(): string {
    return `${this.url}/oidc/callback?logout=${encodeURIComponent(`${this.url}/bye.html`)}`;
  }

  async start(issuer: string, secret: string): Promise<void> {
    const child = (this.child = new Child("/usr/sbin/apache2"));
    mkdirSync(join(child.folder, "site"));
    const head = `<!doctype html><title>Intranet</title><link rel="icon" href="data:,">`;
    child.write("site/index.html", `${head}<h1>Hello <!--#echo var="REMOTE_USER" --></h1>`);
    child.write("site/bye.html", `${head}<h1>Bye</h1>`);
    child.write("recipe.conf", recipe("apache.conf", { "https://login.example.com": issuer }));
    child.write("apache.conf", around(this.port));
    const options = ["-d", child.folder, "-f", "apache.conf", "-DFOREGROUND"];
    await child.start(options, `${this.url}/bye.html`, {
      INTRANET_SECRET: secret,
      INTRANET_PASSPHRASE: randomBytes(32).toString("base64url"),
    });
  }

  async stop(): Promise<void> {
    // Of its own start and stop it tells as notices, whatever the level.
    await this.child?.stop(/:notice\]/);
  }
}
