// Runs the example for Next.js without Next.js: proxy.ts first, then the route, as Next.js does.
import { createServer } from "node:http";
import { GET } from "../examples/services/next/app/api/me/route.ts";
import { proxy } from "../examples/services/next/proxy.ts";

createServer(async (incoming, outgoing) => {
  const request = new Request("http://localhost/api/me", { headers: incoming.headers });
  try {
    const answer = (await proxy(request)) ?? (await GET(request));
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  } catch (error) {
    outgoing.writeHead(500).end(error.message);
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
