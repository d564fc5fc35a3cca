// A service in Express: lets in whoever brings a token of Latchkey for it, and asks nobody.
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { ISSUER, AUDIENCE, PORT = "8080" } = process.env;
if (!ISSUER || !AUDIENCE) throw new Error("ISSUER and AUDIENCE are needed");
// Keeps the key set for 10 minutes, and reads it again for an unknown key after 30 seconds.
const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", ISSUER));
const rules = { issuer: ISSUER, audience: AUDIENCE, algorithms: ["RS256"], typ: "service+jwt" };
const noKeys = ["ERR_JOSE_GENERIC", "ERR_JWKS_INVALID", "ERR_JWKS_TIMEOUT"];

async function signedIn(request, response, next) {
  const [, token] = /^Bearer (.+)$/i.exec(request.get("authorization") ?? "") ?? [];
  try {
    const { payload } = await jwtVerify(token ?? "", keys, { ...rules, requiredClaims: ["exp"] });
    request.caller = payload;
  } catch (error) {
    const isRefused = error instanceof errors.JOSEError && !noKeys.includes(error.code);
    return isRefused
      ? response.set("www-authenticate", "Bearer").sendStatus(401)
      : response.sendStatus(503); // there is no key to judge it by
  }
  next();
}

const app = express();
app.get("/api/me", signedIn, (request, response) => response.json({ email: request.caller.email }));
app.listen(Number(PORT), "127.0.0.1");
