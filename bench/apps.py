#!/usr/bin/env python3
"""Measures what apps and guarded hosts cost beside the session endpoint and a whole sign-in of our
own, in one run. The server has the first core to itself, the load the second. Numbers are printed
and never asserted. TURNS and SIGN_INS make it shorter."""

import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.parse
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness import (
    PROGRAM,
    SIGN_INS,
    TOP,
    MailSink,
    Process,
    connected,
    cookie_of,
    environment,
    expect,
    expect_on,
    held_port,
    say,
    sign_in,
)
from speed import WRK, load, plain_handler

TURNS = int(os.environ.get("TURNS", "5"))
SECRET = "only for the benchmark, and known to all"
VERIFIER = "a verifier of 43 letters at least, as PKCE has it"
BACK = "http://127.0.0.1/callback"
HOST = "127.0.0.1:9"
ALGORITHMS = ("RS256", "ES256")
# A grant that no server knows: a refusal costs what a request does without what it asks for.
UNKNOWN = "unknown"


def digest(text):
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


POLICY = f"""
[server]
trusted_proxies = ["127.0.0.1"]
[[forward_auth]]
host = "{HOST}"
"""
for algorithm in ALGORITHMS:
    POLICY += f"""
[[apps]]
id = "{algorithm}"
secrets = ["sha256:{digest(SECRET)}"]
redirect_uris = ["{BACK}"]
algorithm = "{algorithm}"
scopes = ["openid", "email", "offline_access"]
first_party = true
"""


def query(path, **fields):
    return f"{path}?{urllib.parse.urlencode(fields)}"


def part(url, name):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)[name][0]


def goes_to(browser, path, cookie):
    answer, _ = expect_on(browser, 303, "GET", path, cookie=cookie)
    return answer, answer.headers["location"]


def exchange(browser, app, **fields):
    form = {"client_id": app, "client_secret": SECRET, **fields}
    _, data = expect_on(browser, 200, "POST", "/oauth/token", urllib.parse.urlencode(form))
    return json.loads(data)


def authorize(app):
    return query(
        "/oauth/authorize",
        client_id=app,
        redirect_uri=BACK,
        response_type="code",
        scope="openid email offline_access",
        state="s",
        code_challenge=digest(VERIFIER),
        code_challenge_method="S256",
    )


def tokens(browser, app, session):
    """The tokens of a user who is signed in already."""
    begun, onward = goes_to(browser, authorize(app), session)
    return answered(browser, app, onward, f"{session}; {cookie_of(begun, 'authorization')}")


def answered(browser, app, onward, cookies):
    _, back = goes_to(browser, onward, cookies)
    given = {"code": part(back, "code"), "redirect_uri": BACK, "code_verifier": VERIFIER}
    return exchange(browser, app, grant_type="authorization_code", **given)


def sign_in_to_app(port, sink, app, number):
    """A whole sign-in that an app asked for, on one connection."""
    address = f"{app.lower()}{number}@example.com"
    with connected(port) as browser:
        begun, onward = goes_to(browser, authorize(app), "")
        brought = cookie_of(begun, "authorization")
        _, login = goes_to(browser, onward, brought)
        ask = {"email": address, "next": part(login, "next")}
        _, data = expect_on(browser, 200, "POST", "/api/auth/send-passwordless", ask)
        _, code = sink.mail_to(address)
        body = {"code": code, "auth_request_id": json.loads(data)["auth_request_id"]}
        verified, _ = expect_on(browser, 200, "POST", "/api/auth/verify", body)
        answered(browser, app, onward, f"{cookie_of(verified, 'session')}; {brought}")


def enter(port, session):
    """The cookie of a browser that is signed in at the guarded host."""
    asked = {
        "x_forwarded_host": HOST,
        "x_forwarded_uri": "/",
        "accept": "text/html",
    }
    begun, _ = expect(303, port, "GET", "/api/auth/forward", **asked)
    begin = urllib.parse.urlsplit(begun.headers["location"])
    given, _ = expect(303, port, "GET", f"{begin.path}?{begin.query}", cookie=session)
    asked["x_forwarded_uri"] = given.headers["location"].split(HOST)[1]
    entered, _ = expect(
        303, port, "GET", "/api/auth/forward", cookie=cookie_of(begun, "latchkey-entry"), **asked
    )
    return cookie_of(entered, "latchkey")


def cpu_of(server, numbers, turn):
    """CPU seconds of the server per 1,000 turns, 8 at a time."""
    before = server.cpu()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, numbers))
    return (server.cpu() - before) * 1000 / len(numbers)


def token_requests(server, port, app, grant_type, tokens=()):
    """CPU seconds of the server per 1,000 requests at the token endpoint."""
    form = {"grant_type": grant_type, "client_id": app, "client_secret": SECRET}
    url = f"http://localhost:{port}/oauth/token"
    wrk = ["taskset", "-c", "1", WRK, "-t1", "-c16", "-d1s", "-s", str(TOP / "bench/token.lua")]
    command = [*wrk, url, "--", urllib.parse.urlencode(form), *tokens]
    before = server.cpu()
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = (server.cpu() - before) * 1000
    if ("Non-2xx" in text) != (grant_type == UNKNOWN) or "Socket errors" in text:
        raise RuntimeError(f"{url}, {grant_type}: {text}")
    return cpu / int(re.search(r"(\d+) requests in", text)[1])


def refreshes(server, port, app, session):
    """CPU seconds of the server per 1,000 refreshes, with more grants than connections."""
    with connected(port) as browser:
        held = [tokens(browser, app, session)["refresh_token"] for _ in range(32)]
    return token_requests(server, port, app, "refresh_token", held)


def main():
    os.sched_setaffinity(0, {1})
    sink, port = MailSink(), held_port()
    rows = []

    def row(name, value):
        rows.append((name, value))
        say(f"{name}: {value}")

    def beside(found, name, other):
        cost = statistics.median(found[name])
        times = statistics.median(a / b for a, b in zip(found[name], found[other], strict=True))
        row(name, f"{cost:.3f} CPU s per 1,000: {times:.2f} times {other}")

    with tempfile.TemporaryDirectory() as folder:
        env = environment(f"sqlite://{folder}/latchkey.db", port, sink)
        policy = Path(folder) / "Leptos.toml"
        policy.write_text(POLICY)
        env["LATCHKEY_CONFIG"] = str(policy)
        env["LATCHKEY_LIMITS__MAILS_PER_MINUTE"] = "1000"
        with Process([PROGRAM], env, folder) as server:
            server.until_answers(port, "/.well-known/jwks.json")
            session = sign_in(port, sink, "code", "first")
            guarded = enter(port, session)
            with connected(port) as browser:
                for app in ALGORITHMS:
                    tokens(browser, app, session)
            asked = {"X-Forwarded-Host": HOST, "X-Forwarded-Uri": "/"}
            found = {}
            say(f"{TURNS} turns")
            with plain_handler(env, folder, session) as (plain, plain_port, cookie):
                for _ in range(TURNS):
                    loads = {
                        "a plain handler": (plain, plain_port, "/", cookie),
                        "the session endpoint": (server, port, "/api/auth/session", session),
                        "forward auth": (server, port, "/api/auth/forward", guarded, asked),
                        "discovery": (server, port, "/.well-known/openid-configuration", ""),
                        "the key set": (server, port, "/.well-known/jwks.json", ""),
                    }
                    for name, what in loads.items():
                        found.setdefault(name, []).append(load(*what)[1])
                    refused = token_requests(server, port, "ES256", UNKNOWN)
                    for app in ALGORITHMS:
                        own = token_requests(server, port, app, "client_credentials")
                        refresh = refreshes(server, port, app, session)
                        found.setdefault(f"a token of the app's own, {app}", []).append(own)
                        found.setdefault(f"a refresh, {app}", []).append(refresh)
                    # By ES256, the last: a refresh has two signatures, a token of its own has one.
                    unsigned = refresh - 2 * (own - refused)
                    found.setdefault("a refresh without its signatures", []).append(unsigned)
            beside(found, "the session endpoint", "a plain handler")
            beside(found, "discovery", "a plain handler")
            beside(found, "the key set", "a plain handler")
            beside(found, "forward auth", "the session endpoint")
            for app in reversed(ALGORITHMS):
                beside(found, f"a token of the app's own, {app}", "the session endpoint")
                beside(found, f"a refresh, {app}", "the session endpoint")
            beside(found, "a refresh without its signatures", "the session endpoint")

            say(f"{SIGN_INS:,} whole sign-ins of each kind")
            kinds = {"a whole sign-in": lambda n: sign_in(port, sink, "code", f"-{n}")}
            for app in reversed(ALGORITHMS):
                to_app = partial(sign_in_to_app, port, sink, app)
                kinds[f"a whole sign-in to an app, {app}"] = to_app
            found = {}
            for batch in range(TURNS):
                for name, turn in kinds.items():
                    cost = cpu_of(server, range(SIGN_INS)[batch::TURNS], turn)
                    found.setdefault(name, []).append(cost)
            for name in kinds:
                beside(found, name, "a whole sign-in")

    print("| | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"apps: {error}")
