#!/usr/bin/env python3
"""Signs a person in to an app in Python: authlib asks with PKCE, verifies the ID token by the
published keys, reads who it is, renews its tokens and gives them back. The person has signed in
already, so that the browser only follows redirects; its pages have tests of their own."""

import base64
import hashlib
import os
import pathlib
import secrets
import sys
import tempfile

import requests
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import PROGRAM, MailSink, Process, environment, held_port, say, sign_in

# authlib asks for https even on the machine itself.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

ID, SECRET = "reports", secrets.token_urlsafe(32)
# Nobody listens there: the browser stops before it goes back to the app.
BACK = "http://127.0.0.1/callback"


def policy():
    digest = hashlib.sha256(SECRET.encode()).digest()
    known = "sha256:" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return f"""
        [[apps]]
        id = "{ID}"
        secrets = ["{known}"]
        redirect_uris = ["{BACK}"]
        scopes = ["openid", "email", "offline_access"]
        first_party = true
    """


def answer_to(url, session):
    """Returns the URL that the browser of somebody with this session brings back to the app."""
    browser = requests.Session()
    browser.cookies.set(*session.split("=", 1))
    while not url.startswith(BACK):
        url = browser.get(url, allow_redirects=False, timeout=10).next.url
    return url


def identity(token, metadata, nonce):
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    algorithms = metadata["id_token_signing_alg_values_supported"]
    read = jwt.decode(token["id_token"], keys, algorithms=algorithms)
    claims = CodeIDToken(
        read.claims,
        read.header,
        {"iss": {"essential": True, "value": metadata["issuer"]}},
        {"nonce": nonce, "client_id": ID, "access_token": token["access_token"]},
    )
    claims.validate()
    return claims


def refused(what):
    try:
        what()
    except OAuthError as error:
        return error.error
    return None


def use(issuer, session):
    url = f"{issuer}/.well-known/openid-configuration"
    metadata = requests.get(url, timeout=10).json()
    app = OAuth2Session(
        ID,
        SECRET,
        scope="openid email offline_access",
        redirect_uri=BACK,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
        default_timeout=10,
    )
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    url, state = app.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    answer = answer_to(url, session)
    token = app.fetch_token(authorization_response=answer, state=state, code_verifier=verifier)
    claims = identity(token, metadata, nonce)
    assert claims["email"] == "code1@example.com" and claims["email_verified"], claims
    assert claims["amr"] == ["email", "code", "otp"], claims

    person = app.get(metadata["userinfo_endpoint"]).json()
    assert (person["sub"], person["email"]) == (claims["sub"], claims["email"]), person

    renewed = app.refresh_token()
    assert renewed["refresh_token"] != token["refresh_token"]
    assert identity(renewed, metadata, None)["sub"] == claims["sub"]
    assert app.get(metadata["userinfo_endpoint"]).json() == person
    told = app.introspect_token(metadata["introspection_endpoint"], renewed["access_token"])
    assert told.json()["active"], told.text

    given_back = app.revoke_token(metadata["revocation_endpoint"], renewed["refresh_token"])
    assert given_back.status_code == 200, given_back.text
    assert refused(app.refresh_token) == "invalid_grant"
    told = app.introspect_token(metadata["introspection_endpoint"], renewed["access_token"])
    assert told.json() == {"active": False}, told.text


def main():
    sink, port = MailSink(), held_port()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "Leptos.toml")
        file.write_text(policy())
        env = environment(f"sqlite://{folder}/latchkey.db", port, sink)
        env["LATCHKEY_CONFIG"] = str(file)
        with Process([PROGRAM], env, folder, core=None) as server:
            server.until_answers(port, "/login")
            use(env["LATCHKEY_PUBLIC_URL"], sign_in(port, sink, "code", 1))
    say("a person signs in to an app with authlib, which renews its tokens and gives them back")


main()
