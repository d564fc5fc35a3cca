#!/usr/bin/env python3
"""Runs the services of examples/services, as they are, against a real Latchkey: who signed in by
the code of a mail is let in, and nobody else. Then they run against an issuer whose key is ours, so
that it can sign what Latchkey never would."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import threading
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

# Found by the line above.
from harness import PROGRAM, TOP, MailSink, Process, environment, expect, held_port, say, sign_in

FOLDER = TOP / "examples/services"
GO_SERVICE = TOP / "target/go/service"
UVICORN = [sys.executable, "-m", "uvicorn", "--log-level", "critical", "--host", "127.0.0.1"]
SERVICES = {
    "Express": ["node", "express.mjs"],
    "Next.js": ["node", "--import", "tsx", TOP / "scripts/next_stand_in.mjs"],
    "FastAPI": [*UVICORN, "--port", "{port}", "fastapi_app:app"],
    "Go": [GO_SERVICE],
    "axum": [TOP / "target/debug/examples/service_axum"],
}
ASKING = {"FastAPI, asking": [*UVICORN, "--port", "{port}", "fastapi_asking:app"]}
AUDIENCE = "billing"


def build_go():
    """Builds the service in Go. What the compiler keeps stays below target, too."""
    home = GO_SERVICE.parent
    keeps = {"GOCACHE": home / "cache", "GOPATH": home / "path", "GOTOOLCHAIN": "local"}
    go = pathlib.Path(sys.executable).parent / "go"
    build = [go, "build", "-o", GO_SERVICE, "."]
    subprocess.run(build, cwd=FOLDER / "go", env=os.environ | keeps, check=True)


def started(command, port, settings):
    """The command of a service for this port, and its environment."""
    command = [str(part).format(port=port) for part in command]
    settings = {"PORT": str(port), "TSX_DISABLE_CACHE": "1", **settings}
    return command, {"PATH": os.environ["PATH"], **settings}


@contextlib.contextmanager
def running(services, issuer):
    """Runs services, and gives the port of each."""
    ports = {name: held_port() for name in services}
    settings = {"ISSUER": issuer, "AUDIENCE": AUDIENCE}
    with contextlib.ExitStack() as stack:
        processes = {}
        for name, port in ports.items():
            command, env = started(services[name], port, settings)
            processes[name] = stack.enter_context(Process(command, env, FOLDER, core=None))
        for name, port in ports.items():
            processes[name].until_answers(port, "/api/me", 401)
        yield ports


def ask(status, port, token=None, scheme="Bearer"):
    headers = {} if token is None else {"authorization": f"{scheme} {token}"}
    return expect(status, port, "GET", "/api/me", **headers)


def let_in(ports, token, address):
    for name, port in ports.items():
        with named(name, "a good token"):
            _, body = ask(200, port, token)
            assert json.loads(body)["email"] == address, body


def turned_away(ports, tokens):
    for name, port in ports.items():
        for what, token in tokens.items():
            with named(name, what):
                answer, _ = ask(401, port, token)
                assert answer.headers["www-authenticate"].split()[0] == "Bearer"


@contextlib.contextmanager
def named(name, what):
    """Says which service, and which token, did what it should not."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"{name}, {what}: {error}") from error


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def forged(header, payload, sign):
    """A token with a signature of one's own."""
    signed = encoded(json.dumps(header).encode()) + "." + payload
    return f"{signed}.{encoded(sign(signed.encode()))}"


def forgeries(token, key_set):
    """Returns the forgeries that somebody makes of a good token with the published keys alone."""
    head, payload, signature = token.split(".")
    header, claims = jwt.get_unverified_header(token), json.loads(decoded(payload))
    grace = encoded(json.dumps(claims | {"email": "grace@example.com"}).encode())
    key = next(key for key in key_set["keys"] if key["kid"] == header["kid"])
    public = jwt.PyJWK(key).key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def keyed(secret):
        by_hmac = header | {"alg": "HS256"}
        return forged(by_hmac, payload, lambda data: hmac.digest(secret, data, hashlib.sha256))

    return {
        "another address": f"{head}.{grace}.{signature}",
        "no signature": f"{head}.{payload}.",
        "alg none": forged(header | {"alg": "none"}, payload, lambda _: b""),
        "alg None": forged(header | {"alg": "None"}, payload, lambda _: b""),
        "HS256 by the public key": keyed(pem),
        "HS256 by the public key, as DER": keyed(der),
        "HS256 by the modulus": keyed(decoded(key["n"])),
        "HS256 by nothing": keyed(b""),
    }


def against_latchkey():
    sink, port = MailSink(), held_port()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as services:
        file = pathlib.Path(folder, "Leptos.toml")
        file.write_text(f'[session]\naudiences = ["{AUDIENCE}", "https://api.example.com"]\n')
        env = environment(f"sqlite://{folder}/latchkey.db", port, sink)
        env["LATCHKEY_CONFIG"] = str(file)
        issuer = env["LATCHKEY_PUBLIC_URL"]

        def token_for(audience):
            body = {"audience": audience}
            _, given = expect(200, port, "POST", "/api/auth/token", body, cookie=session)
            return json.loads(given)["token"]

        with Process([PROGRAM], env, folder, core=None) as server:
            server.until_answers(port, "/login")
            session = sign_in(port, sink, "code", 1)
            ports = services.enter_context(running(SERVICES, issuer))
            asking = services.enter_context(running(ASKING, issuer))
            token, of_session = token_for(AUDIENCE), session.split("=", 1)[1]
            let_in(ports, token, "code1@example.com")
            let_in(asking, of_session, "code1@example.com")
            strangers = {"no token": None, "an empty token": "", "no JWT": "code1@example.com"}
            _, key_set = expect(200, port, "GET", "/.well-known/jwks.json")
            strangers |= forgeries(token, json.loads(key_set))
            turned_away(asking, strangers | {"a token for a service": token})
            strangers["the token of the session"] = of_session
            strangers["a token for another service"] = token_for("https://api.example.com")
            turned_away(ports, strangers)
            for service in ports.values():
                ask(401, service, token, scheme="Basic")
                ask(200, service, token, scheme="bearer")
            expect(204, port, "POST", "/api/auth/logout", {}, cookie=session)
            turned_away(asking, {"the token of a session that has ended": of_session})
        # Nobody is asked: neither that the session has ended nor that Latchkey stands still counts.
        let_in(ports, token, "code1@example.com")


def drawn():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer(http.server.ThreadingHTTPServer):
    """An issuer with keys of ours. The last one signs."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), KeySet)
        self.url, self.reads, self.is_broken = f"http://127.0.0.1:{port}", 0, True
        self.keys = {"first": drawn()}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def token(self, key=None, header=(), without=(), **claims):
        """A good token, but for what is named."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "1", "email": "ada@example.com"}
        claims = good | {"iat": now, "exp": now + 300} | claims
        claims = {name: value for name, value in claims.items() if name not in without}
        kid, signs = list(self.keys.items())[-1]
        header = {"typ": "service+jwt", "kid": kid} | dict(header)
        return jwt.encode(claims, key or signs, algorithm="RS256", headers=header)

    def strangers(self):
        past, another = int(time.time()) - 120, secrets.token_urlsafe()
        unpublished = drawn()
        return {
            "an expired token": self.token(iat=past - 300, exp=past),
            "a token that never expires": self.token(without=["exp"]),
            "a token of an app": self.token(header={"typ": "JWT"}),
            "an access token": self.token(header={"typ": "at+jwt"}),
            "a token of no type": self.token(header={"typ": None}),
            "a token of another issuer": self.token(iss="https://login.example.com"),
            "a token of no issuer": self.token(without=["iss"]),
            "a token for another service": self.token(aud="https://api.example.com"),
            "a token for nobody": self.token(without=["aud"]),
            "a token by another key": self.token(key=unpublished),
            "a token by an unknown key": self.token(key=unpublished, header={"kid": another}),
            "a token that names no key": self.token(header={"kid": ""}),
        }


def published(kid, key):
    number = key.public_key().public_numbers()
    part = {"n": number.n.to_bytes(256, "big"), "e": number.e.to_bytes(3, "big")}
    part = {name: encoded(value) for name, value in part.items()}
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid} | part


class KeySet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.reads += 1
        keys = [published(kid, key) for kid, key in self.server.keys.items()]
        self.send_response(500 if self.server.is_broken else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": keys}).encode())

    def log_message(self, *_):
        pass


def against_our_issuer():
    port = held_port()
    with running(SERVICES, f"http://127.0.0.1:{port}") as ports:
        # Only a key would show that it is no good.
        header = {"alg": "RS256", "typ": "service+jwt", "kid": "first"}
        token = forged(header, encoded(b"{}"), lambda _: bytes(256))
        unjudged(ports, "with no issuer there", token)
        issuer = Issuer(port)
        unjudged(ports, "with an issuer that is broken", issuer.token())
        issuer.is_broken, issuer.reads = False, 0
        let_in(ports, issuer.token(), "ada@example.com")
        let_in(ports, issuer.token(iat=int(time.time()) + 10), "ada@example.com")
        assert issuer.reads == len(ports), "each reads the key set once"
        turned_away(ports, issuer.strangers())
        earlier = issuer.token()
        issuer.keys["next"] = drawn()
        until_all_let_in(ports, issuer.token())
        let_in(ports, earlier, "ada@example.com")
        issuer.shutdown()


def unjudged(ports, what, token):
    """Nobody is let in while there is no key, and nobody is told that the token is at fault."""
    for name, port in ports.items():
        with named(name, what):
            ask(503, port, token)


def until_all_let_in(ports, token):
    """Waits for services to read the key set again: they do half a minute after the last time."""
    deadline = time.monotonic() + 60
    waiting = dict(ports)
    while waiting and time.monotonic() < deadline:
        for name, port in list(waiting.items()):
            with contextlib.suppress(RuntimeError):
                ask(200, port, token)
                del waiting[name]
        time.sleep(0.1)
    assert not waiting, f"{', '.join(waiting)}: the next key is unknown"


def without_an_audience():
    """A service that was told no audience takes no token, rather than one for anybody."""
    for name, command in SERVICES.items():
        port = held_port()
        command, env = started(command, port, {"ISSUER": "http://127.0.0.1:1"})
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        child = subprocess.Popen(command, env=env, cwd=FOLDER, **silent)
        try:
            deadline = time.monotonic() + 30
            while child.poll() is None and time.monotonic() < deadline:
                with named(name, "without an audience"), contextlib.suppress(OSError):
                    ask(500, port)
                    break
                time.sleep(0.05)
            else:
                assert child.poll(), f"{name}: it starts without an audience"
        finally:
            child.kill()
            child.wait()


build_go()
against_latchkey()
against_our_issuer()
without_an_audience()
say(f"{', '.join(SERVICES)} let in who has a token for them, and nobody else")
