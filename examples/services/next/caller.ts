// caller.ts of a Next.js app: who sends a request, by a token of Latchkey.
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";

const noKeys = ["ERR_JOSE_GENERIC", "ERR_JWKS_INVALID", "ERR_JWKS_TIMEOUT"];
// Keeps the key set for 10 minutes, and reads it again for an unknown key after 30 seconds.
let keys: JWTVerifyGetKey | undefined;

/** The caller, or the answer for one who is not signed in. */
export async function callerOf(request: Request): Promise<JWTPayload | Response> {
  const { ISSUER: issuer, AUDIENCE: audience } = process.env;
  if (!issuer || !audience) throw new Error("ISSUER and AUDIENCE are needed");
  keys ??= createRemoteJWKSet(new URL("/.well-known/jwks.json", issuer));
  const rules = { issuer, audience, algorithms: ["RS256"], typ: "service+jwt" };
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  try {
    return (await jwtVerify(token ?? "", keys, { ...rules, requiredClaims: ["exp"] })).payload;
  } catch (error) {
    const isRefused = error instanceof errors.JOSEError && !noKeys.includes(error.code);
    return isRefused
      ? new Response(null, { status: 401, headers: { "www-authenticate": "Bearer" } })
      : new Response(null, { status: 503 }); // there is no key to judge it by
  }
}
