"""A service in FastAPI: lets in whoever brings a token of Latchkey for it, and asks nobody."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
RULES = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["RS256"], "leeway": 30}
# Keeps the key set for 5 minutes, and reads it again for an unknown key after 30 seconds.
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=5)
app = FastAPI()


def signed_in(given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]):
    try:
        key = keys.get_signing_key_from_jwt(given.credentials)
        token = jwt.decode_complete(given.credentials, key, options={"require": ["exp"]}, **RULES)
        if token["header"].get("typ") != "service+jwt":
            raise jwt.InvalidTokenError("not a token for services")
    except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError) as error:
        raise HTTPException(503) from error  # there is no key to judge it by
    except jwt.PyJWTError as error:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from error
    return token["payload"]


@app.get("/api/me")
def me(caller: Annotated[dict, Depends(signed_in)]):
    return {"email": caller["email"]}
