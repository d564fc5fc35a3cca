// An app on a server of its own that signs its users in with Auth.js, as its documentation shows
// it: one provider with an issuer, an id and a secret. Beside that it can sign its user out of
// Latchkey, and forgets the sessions that Latchkey says have ended.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { Auth, type AuthConfig } from "@auth/core";
import { getToken } from "@auth/core/jwt";
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";

/** Event of a token that tells of an end (OpenID Connect Back-Channel Logout 1.0, 2.4). */
const ENDED = "http://schemas.openid.net/event/backchannel-logout";
const COOKIE = "authjs.session-token";

export class AuthJsApp {
  /** Sessions at Latchkey that have ended, and users all of whose sessions have. */
  private readonly ended = new Set<unknown>();
  /** Claims of the logout tokens that it has verified. */
  readonly told: JWTPayload[] = [];
  private readonly secret = randomBytes(32).toString("base64url");
  private metadata: Record<string, string> = {};
  private config!: AuthConfig;

  private constructor(
    readonly url: string,
    private readonly id: string,
    private readonly clientSecret: string,
  ) {}

  /** Takes a port before there is an issuer: its policy may have to name the port. */
  static async listen(id: string, clientSecret: string): Promise<AuthJsApp> {
    let app: AuthJsApp;
    const http = createServer((request, response) => void app.serve(request, response));
    http.listen(0, "127.0.0.1").unref();
    await once(http, "listening");
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    app = new AuthJsApp(url, id, clientSecret);
    return app;
  }

  async trust(issuer: string): Promise<void> {
    this.metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    const { id: clientId, clientSecret } = this;
    const latchkey = { id: "latchkey", name: "Latchkey", type: "oidc" } as const;
    // Or its sign-in page takes a picture from its makers' site.
    const style = { logo: "" };
    this.config = {
      providers: [{ ...latchkey, issuer, clientId, clientSecret, style }],
      secret: this.secret,
      basePath: "/auth",
      trustHost: true,
      callbacks: {
        jwt: ({ token, account, profile }) => {
          const { id_token, providerAccountId: user } = account ?? {};
          if (account) return { ...token, user, session: profile!.sid, idToken: id_token };
          return this.ended.has(token.session) || this.ended.has(token.user) ? null : token;
        },
      },
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    const body = method === "POST" ? Buffer.concat(await request.toArray()) : undefined;
    const asked = { method, headers: headers as Record<string, string>, body };
    const answer = await this.answer(new Request(new URL(request.url!, this.url), asked)).catch(
      (fault) => new Response(String(fault), { status: 500 }),
    );
    response.writeHead(answer.status, [...answer.headers].flat());
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  private async answer(asked: Request): Promise<Response> {
    const { pathname } = new URL(asked.url);
    if (pathname.startsWith("/auth/")) return Auth(asked, this.config);
    if (pathname === "/") return this.home(asked);
    if (pathname === "/leave") return this.leave(asked);
    if (pathname === "/ended") return this.hear(asked);
    return new Response(null, { status: 204 });
  }

  private async home({ headers }: Request): Promise<Response> {
    const session = await Auth(new Request(`${this.url}/auth/session`, { headers }), this.config);
    const { user } = (await session.json()) ?? {};
    const page = user
      ? `<h1>Hello ${user.email}</h1> <a href="/auth/signout">Sign out of the club</a>
         <a href="/leave">Sign out of Latchkey, too</a>`
      : `<h1>Nobody is here</h1> <a href="/auth/signin">Sign in</a>`;
    const answer = new Response(`<!doctype html><title>Book club</title>${page}`);
    answer.headers.set("content-type", "text/html");
    session.headers.getSetCookie().forEach((cookie) => answer.headers.append("set-cookie", cookie));
    return answer;
  }

  /** Signs the user out of both (OpenID Connect RP-Initiated Logout 1.0). */
  private async leave(req: Request): Promise<Response> {
    const token = await getToken({ req, secret: this.secret, salt: COOKIE, cookieName: COOKIE });
    this.ended.add(token!.session);
    const url = new URL(this.metadata.end_session_endpoint);
    url.searchParams.set("id_token_hint", token!.idToken as string);
    url.searchParams.set("post_logout_redirect_uri", `${this.url}/`);
    return Response.redirect(url);
  }

  /** Hears that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8). */
  private async hear(asked: Request): Promise<Response> {
    const headers = { "cache-control": "no-store" };
    try {
      const token = new URLSearchParams(await asked.text()).get("logout_token") ?? "";
      const keys = createRemoteJWKSet(new URL(this.metadata.jwks_uri));
      const { payload } = await jwtVerify<{ sid?: string; events: Record<string, unknown> }>(
        token,
        keys,
        {
          typ: "logout+jwt",
          issuer: this.metadata.issuer,
          audience: this.id,
          algorithms: ["RS256"],
          requiredClaims: ["iat", "exp", "jti", "events"],
        },
      );
      const { sid, sub, events, nonce } = payload;
      if (nonce !== undefined) throw new Error("it has a nonce, as an ID token may have");
      if (typeof events[ENDED] !== "object") throw new Error("its events tell of no end");
      if (!sid && !sub) throw new Error("it names neither a session nor a user");
      this.told.push(payload);
      this.ended.add(sid ?? sub);
      return new Response(null, { status: 200, headers });
    } catch (fault) {
      console.error(`the app refuses what it is told: ${fault}`);
      return Response.json({ error: "invalid_request" }, { status: 400, headers });
    }
  }
}
