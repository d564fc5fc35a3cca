// A proxy in front of apps that know no sign-in, one for each guarded host. It runs the recipe of
// deploy/ once for each.
import { Child, holdPort, programOf } from "./child";

/** A host with an app, of which the proxy asks whether somebody may come in. */
export interface Guarded {
  /** As browsers name it. */
  host: string;
  app: string;
  latchkey: string;
}

/** Differences of nginx and Caddy. */
export interface Kind {
  name: string;
  program: string;
  options: string[];
  /** Lines that it logs while nobody can be asked: some stories see to that. */
  noise: RegExp;
  /** Returns its files: what a recipe expects around it, and the recipe for each host. */
  files(hosts: Guarded[]): Record<string, string>;
}

export class GuardingProxy {
  private child?: Child;

  private constructor(
    private readonly kind: Kind,
    /** Names of the hosts that it can guard. */
    readonly hosts: string[],
  ) {}

  /** Takes ports before there is a server: its policy names the hosts. */
  static async hold(kind: Kind, hosts: number): Promise<GuardingProxy> {
    const ports = await Promise.all(Array.from({ length: hosts }, holdPort));
    return new GuardingProxy(kind, ports.map((port) => `127.0.0.1:${port}`));
  }

  async start(hosts: Guarded[]): Promise<void> {
    this.child = new Child(programOf(this.kind.program));
    for (const [name, text] of Object.entries(this.kind.files(hosts))) this.child.write(name, text);
    await this.child.start(this.kind.options, `http://${hosts[0].host}/`);
  }

  async stop(): Promise<void> {
    await this.child?.stop(this.kind.noise);
  }
}
