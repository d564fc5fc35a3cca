#!/usr/bin/env python3
"""Kills the first of two mail servers in the midst of sign-ins, together with all connections to
it: every sign-in has to end within a minute, and no mail may come by both. Whoever got no mail asks
again, as a person would. SIGN_INS (1,000) makes it shorter."""

import contextlib
import json
import pathlib
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import (
    PROGRAM,
    SIGN_INS,
    MailSink,
    Process,
    connected,
    environment,
    expect_on,
    held_port,
    say,
)

AT_ONCE = 32
# Seconds after which somebody who got no mail asks again: what the server allows at the soonest.
PATIENCE = 11
DEADLINE = 60


class Mortal(MailSink):
    """A mail server that can be killed in the midst of a mail."""

    def __init__(self):
        self.connections = set()
        super().__init__()

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        """Says nothing of connections that were cut."""

    def kill(self):
        threading.Thread(target=self.shutdown).start()
        self.socket.close()
        for connection in list(self.connections):
            # It may be closed already.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def policy(folder, first, second):
    """A policy file with both transports."""
    file = pathlib.Path(folder, "Leptos.toml")
    entry = '[[mail.transports]]\nname = "{}"\nkind = "smtp"\nurl = "smtp://127.0.0.1:{}"\n'
    file.write_text(entry.format("first", first.port) + entry.format("second", second.port))
    return str(file)


def mail_to(address, sinks):
    """Waits for a mail to an address. One that the killed server took last is read by nobody."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for sink in sinks:
            if address in sink.mails:
                return sink.mails[address]
        time.sleep(0.02)
    return None


def sign_in(port, sinks, number):
    """Signs in by code, and returns the address and how often a mail was asked for."""
    address, asked = f"failover{number}@example.com", 1
    with connected(port) as browser:
        path, body = "/api/auth/send-passwordless", {"email": address}
        _, answer = expect_on(browser, 200, "POST", path, body)
        request = {"auth_request_id": json.loads(answer)["auth_request_id"]}
        while (mail := mail_to(address, sinks)) is None:
            asked += 1
            expect_on(browser, 200, "POST", "/api/auth/resend-passwordless", request)
        expect_on(browser, 200, "POST", "/api/auth/verify", request | {"code": mail[1]})
    return address, asked


def main():
    first, second, port = Mortal(), MailSink(), held_port()
    sinks, ended, lock = [second, first], [], threading.Lock()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite://{folder}/latchkey.db"
        env = environment(url, port, first) | {
            "LATCHKEY_CONFIG": policy(folder, first, second),
            "LATCHKEY_AUTH__RESEND_COOLDOWN": "10",
        }
        del env["SMTP_URL"]

        def one(number):
            address, asked = sign_in(port, sinks, number)
            with lock:
                ended.append((time.monotonic(), address, asked))
                is_time = len(ended) == SIGN_INS // 3
            if is_time:
                first.kill()
                ended_at.append(time.monotonic())
                say(f"the first mail server is killed after {SIGN_INS // 3} sign-ins")

        ended_at = []
        with Process([PROGRAM], env, folder, core=None) as server:
            server.until_answers(port, "/readyz")
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(one, range(SIGN_INS)))
    killed = ended_at[0]
    took = max(at for at, _, _ in ended) - killed
    again = {address for _, address, asked in ended if asked > 1}
    twice = set(first.count) & set(second.count)
    say(
        f"{len(ended)} sign-ins ended, the last {took:.1f} s after it; {len(again)} asked again; "
        f"{len(first.count)} had mails by the first, {len(second.count)} by the second, "
        f"{len(twice - again)} by both without asking again"
    )
    if len(ended) < SIGN_INS or took > DEADLINE or twice - again:
        raise SystemExit("failover: not as it has to be")


if __name__ == "__main__":
    main()
