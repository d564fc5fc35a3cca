#!/usr/bin/env python3
"""Runs three instances on one PostgreSQL behind nginx, with the settings of deploy/nginx.conf:
sign-ins wander from one to the other while one is killed and another is replaced. Every sign-in
that began has to end, with its mail sent once, or twice if the killed instance was sending it.
SIGN_INS (1,000) makes it shorter. Run by scripts/with_postgres.sh bench/instances.py"""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import (
    PROGRAM,
    SIGN_INS,
    TOP,
    MailSink,
    Process,
    cookie_of,
    environment,
    expect,
    held_port,
    say,
)

GONE = (OSError, http.client.HTTPException)


class Proxy:
    """nginx with our own settings, but for the addresses and the certificate."""

    def __init__(self, folder, port, instances):
        servers = "".join(f"    server 127.0.0.1:{instance};\n" for instance in instances)
        text = (TOP / "deploy/nginx.conf").read_text()
        text = re.sub(r"(    server 10\.0\.0\.\d+:3000;\n)+", servers, text)
        # Without TLS, and so without the way there from plain HTTP.
        text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
        text = re.sub(r"    (ssl_certificate|listen \[).*\n", "", text).replace(
            "listen 443 ssl", f"listen 127.0.0.1:{port}"
        )
        text = text.replace("server_name login.example.com", "server_name localhost").replace(
            "/var/log/nginx", str(folder)
        )
        around = (
            f"daemon off; user root; pid {folder}/nginx.pid; error_log {folder}/nginx.log; "
            "events {} http { access_log off;\n"
        )
        conf = pathlib.Path(folder, "nginx.conf")
        conf.write_text(f"{around}{text}}}\n")
        self.child = subprocess.Popen(["nginx", "-c", str(conf), "-e", f"{folder}/nginx.log"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


class Tally:
    """What clients saw."""

    def __init__(self):
        self.lock, self.retried, self.done, self.accepted = threading.Lock(), 0, 0, []

    def again(self):
        with self.lock:
            self.retried += 1


def is_gone(error):
    """Tells whether an error is what a client sees of a killed instance: a broken connection, or
    the proxy's own error."""
    return isinstance(error, GONE) or re.search(r": (502|503|504) instead", str(error))


def until(tally, status, *arguments, **headers):
    """Repeats a request until it is answered, as a person would."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return expect(status, *arguments, **headers)
        except (RuntimeError, *GONE) as error:
            if not is_gone(error) or time.monotonic() > deadline:
                raise
            tally.again()
            time.sleep(0.2)


def ask(port, tally, number):
    """Returns the address whose request was accepted, and the request's id. After a failure it
    takes another address: the first one's mail may come all the same."""
    for attempt in range(100):
        address = f"person{number}-{attempt}@example.com"
        try:
            _, data = expect(200, port, "POST", "/api/auth/send-passwordless", {"email": address})
            return address, json.loads(data)["auth_request_id"]
        except (RuntimeError, *GONE) as error:
            if not is_gone(error):
                raise
            tally.again()
            time.sleep(0.2)
    raise RuntimeError("no instance answers")


def sign_in(port, sink, tally, number):
    """Signs in by code or, every other time, by link, each request at whichever instance the proxy
    chooses."""
    address, request_id = ask(port, tally, number)
    token, code = sink.mail_to(address, 90)
    secret = {"code": code} if number % 2 == 0 else {"link_token": token}
    body = {"auth_request_id": request_id, **secret}
    try:
        verified, _ = until(tally, 200, port, "POST", "/api/auth/verify", body)
    except RuntimeError as error:
        # The instance died between using the secret up and saying so: the second try is told that
        # it is used. A person asks anew.
        if not re.search("code_expired|link_used|link_superseded|code_superseded", str(error)):
            raise
        return "used up in the instance that was killed"
    session = cookie_of(verified, "session")
    until(tally, 200, port, "GET", "/dashboard", cookie=session)
    _, told = until(tally, 200, port, "GET", "/api/auth/session", cookie=session)
    if json.loads(told)["email"] != address:
        raise RuntimeError(f"{address} is signed in as {told}")
    until(tally, 204, port, "POST", "/api/auth/logout", {}, cookie=session)
    until(tally, 401, port, "GET", "/api/auth/session", cookie=session)
    with tally.lock:
        tally.done += 1
        tally.accepted.append(address)
    return "signed in and out"


def limits_hold(port):
    """The third mail within a minute is refused, whichever instance is asked."""
    answers = []
    for _ in range(3):
        try:
            expect(200, port, "POST", "/api/auth/send-passwordless", {"email": "eager@example.com"})
            answers.append(200)
        except RuntimeError as error:
            answers.append(int(re.search(r": (\d+) instead", str(error))[1]))
    if answers != [200, 200, 429]:
        raise RuntimeError(f"limits do not hold across instances: {answers}")


def main():
    cluster = os.environ.get("LATCHKEY_TEST_POSTGRES") or sys.exit(
        "instances: run it by scripts/with_postgres.sh bench/instances.py"
    )
    sink, front, ports = MailSink(), held_port(), [held_port() for _ in range(3)]
    subprocess.run(
        ["psql", "-q", f"{cluster}/postgres", "-c", "CREATE DATABASE instances"], check=True
    )
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        env = environment(f"{cluster}/instances", front, sink)
        env["LATCHKEY_SERVER__TRUSTED_PROXIES"] = "127.0.0.0/8"

        def start(port):
            return Process(
                [PROGRAM], {**env, "LEPTOS_SITE_ADDR": f"127.0.0.1:{port}"}, folder, core=None
            )

        say("three instances start at once and race to migrate")
        instances = [stack.enter_context(start(port)) for port in ports]
        for instance, port in zip(instances, ports, strict=True):
            instance.until_answers(port, "/readyz")
        stack.enter_context(Proxy(folder, front, ports))
        instances[0].until_answers(front, "/readyz")
        limits_hold(front)

        tally = Tally()
        say(f"{SIGN_INS:,} sign-ins, 8 at a time")
        with ThreadPoolExecutor(8) as pool:
            waiting = [
                pool.submit(sign_in, front, sink, tally, number) for number in range(SIGN_INS)
            ]

            def when_done(share):
                while tally.done < SIGN_INS * share and not any(
                    one.done() and one.exception() for one in waiting
                ):
                    time.sleep(0.02)

            when_done(1 / 4)
            say("one is killed (SIGKILL)")
            instances[0].child.send_signal(signal.SIGKILL)
            instances[0].child.wait()
            when_done(2 / 4)
            say("one is replaced: SIGTERM, then started anew")
            instances[1].child.terminate()
            instances[1].child.wait(15)
            stack.enter_context(start(ports[1])).until_answers(ports[1], "/readyz")
            when_done(3 / 4)
            say("the killed one is back")
            stack.enter_context(start(ports[0])).until_answers(ports[0], "/readyz")
            ends = collections.Counter(one.result() for one in waiting)
        mails = collections.Counter(sink.count[address] for address in tally.accepted)
        print(f"sign-ins: {dict(ends)}; requests a client had to repeat: {tally.retried}")
        twice = "one that the killed instance was sending comes twice at most"
        print(f"mails an address got: {dict(sorted(mails.items()))} ({twice})")


try:
    main()
except RuntimeError as error:
    sys.exit(f"instances: {error}")
