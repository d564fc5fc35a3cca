// An app that knows no sign-in: it greets whom its proxy names, and shows what it was asked. With
// answers of its own it stands in for a server that a proxy asks.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { type AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** Names and values as they came. */
  rawHeaders: string[];
  bytes: number;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Greets. */
function greeting({ headers, method, url }: Asked): Answer {
  const head = `<!doctype html><title>Wiki</title><link rel="icon" href="data:,">`;
  const body = `${head}<h1>Hello ${headers["x-auth-email"]}</h1><p>${method} ${url}</p>`;
  return { status: 200, headers: { "content-type": "text/html" }, body };
}

export class Echo {
  /** Requests that it was sent, in that order. */
  readonly asked: Asked[] = [];
  /** How it answers; without an answer it hangs up. */
  answer: (asked: Asked) => Answer | undefined = greeting;

  private constructor(readonly url: string) {}

  static async listen(): Promise<Echo> {
    let echo: Echo;
    const http = createServer(async (request, response) => {
      const bytes = Buffer.concat(await request.toArray()).length;
      const answer = echo.answer(echo.hear(request, bytes));
      if (!answer) return void request.socket.destroy();
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    const sockets = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      const { headers } = echo.hear(request, 0);
      sockets.handleUpgrade(request, socket, head, (open) => {
        open.on("message", (text) => open.send(`${headers["x-auth-email"]} said ${text}`));
      });
    });
    http.listen(0, "127.0.0.1").unref();
    await once(http, "listening");
    echo = new Echo(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    return echo;
  }

  private hear({ method, url, headers, rawHeaders }: IncomingMessage, bytes: number): Asked {
    const asked = { method: method!, url: url!, headers, rawHeaders, bytes };
    this.asked.push(asked);
    return asked;
  }
}
