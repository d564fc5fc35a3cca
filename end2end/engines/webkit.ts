// A window of WebKitGTK with a profile of its own, driven by WebDriver (W3C), for which Playwright
// has no driver. It needs a display: scripts/engines.sh brings one.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const KEYS: Record<string, string> = { Enter: "\uE007", Tab: "\uE004", Backspace: "\uE003" };
const libraries = "/usr/lib/x86_64-linux-gnu";

/** Waits until `look` gives something other than undefined. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** The port on which a process listens. The system chooses it, and the driver does not say it. */
function portOf(pid: number): number | undefined {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === "0A" && links.includes(`socket:[${inode}]`)) return parseInt(local.split(":")[1], 16);
  }
  return undefined;
}

export class Window {
  private constructor(
    private readonly driver: ChildProcess,
    private readonly session: string,
  ) {}

  static async open(width = 1100, height = 800): Promise<Window> {
    const driver = spawn("WebKitWebDriver", ["--port=0"], { stdio: "ignore" });
    const port = await until(() => portOf(driver.pid!), "the port of WebKitWebDriver");
    const browser = readdirSync(libraries).find((name) => /^webkit2gtk-4/.test(name));
    const options = { binary: `${libraries}/${browser}/MiniBrowser`, args: ["--automation"] };
    const root = `http://127.0.0.1:${port}/session`;
    const { sessionId } = await ask(root, "POST", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
    });
    const window = new Window(driver, `${root}/${sessionId}`);
    await window.post("window/rect", { width, height });
    return window;
  }

  async close(): Promise<void> {
    await ask(this.session, "DELETE").catch(() => undefined);
    this.driver.kill();
  }

  private post(command: string, body: object = {}): Promise<any> {
    return ask(`${this.session}/${command}`, "POST", body);
  }

  open(url: string): Promise<void> {
    return this.post("url", { url });
  }

  back(): Promise<void> {
    return this.post("back");
  }

  url(): Promise<string> {
    return ask(`${this.session}/url`, "GET");
  }

  /** Opens a second tab with the same profile, and returns to this one afterwards. */
  async inAnotherTab(act: () => Promise<void>): Promise<void> {
    const first = await ask(`${this.session}/window`, "GET");
    const { handle } = await this.post("window/new", { type: "tab" });
    await this.post("window", { handle });
    await act();
    await this.post("window", { handle: first });
  }

  evaluate<T>(script: string): Promise<T> {
    return this.post("execute/sync", { script: `return (${script})`, args: [] });
  }

  /** What the page says. */
  text(selector = "body"): Promise<string> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`);
  }

  value(selector: string): Promise<string> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).value`);
  }

  /** The id of the element that has the focus. */
  focused(): Promise<string> {
    return this.evaluate("document.activeElement.id");
  }

  private element(selector: string): Promise<string> {
    const find = async () => {
      const found = await this.post("elements", { using: "css selector", value: selector });
      return found[0]?.[ELEMENT] as string | undefined;
    };
    return until(find, selector);
  }

  async click(selector: string): Promise<void> {
    await this.post(`element/${await this.element(selector)}/click`);
  }

  /** Types with real keys into the element that has the focus. */
  async type(text: string): Promise<void> {
    const keys = [...text].flatMap((value) => [
      { type: "keyDown", value },
      { type: "keyUp", value },
    ]);
    await this.post("actions", { actions: [{ type: "key", id: "keys", actions: keys }] });
  }

  press(key: string): Promise<void> {
    return this.type(KEYS[key]);
  }

  /** Waits until the script of the page runs. */
  async alive(): Promise<void> {
    const ready = () => this.evaluate<boolean>("document.documentElement.dataset.ready === 'alive'");
    await until(async () => ((await ready()) ? true : undefined), "a page that is alive");
  }
}

async function ask(url: string, method: string, body?: object): Promise<any> {
  const answer = await fetch(url, { method, body: body && JSON.stringify(body) });
  const { value } = (await answer.json()) as { value: any };
  if (!answer.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}
