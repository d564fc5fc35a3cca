"""A service in FastAPI that asks Latchkey about each request, by the caller's session token: who
has signed out is not let in again, not even for a minute."""

import os
from typing import Annotated

import requests
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

app = FastAPI()


def signed_in(given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]):
    url = f"{os.environ['ISSUER']}/api/auth/session"
    bearer = {"Authorization": f"Bearer {given.credentials}"}
    answer = requests.get(url, headers=bearer, allow_redirects=False, timeout=5)
    if answer.status_code != 200:
        refused = answer.status_code == 401
        raise HTTPException(401 if refused else 503, headers={"WWW-Authenticate": "Bearer"})
    return answer.json()


@app.get("/api/me")
def me(caller: Annotated[dict, Depends(signed_in)]):
    return {"email": caller["email"]}
