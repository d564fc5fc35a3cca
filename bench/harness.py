"""Shared by the benchmarks: the release build as a process, a mail server, a whole sign-in."""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import socket
import socketserver
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
SIGN_INS = int(os.environ.get("SIGN_INS", "1000"))
PROGRAM = os.environ.get("PROGRAM", str(TOP / "target/release/latchkey"))


def environment(database_url, port, sink=None):
    """The settings of a server under load. Without a sink, the caller says where mails go."""
    smtp = {"SMTP_URL": f"smtp://127.0.0.1:{sink.port}"} if sink else {}
    return smtp | {
        "PATH": os.environ["PATH"],
        "RUST_LOG": "error",
        "DATABASE_URL": database_url,
        "SESSION_JWT_SECRET": secrets.token_urlsafe(48),
        "LATCHKEY_CONFIG": str(TOP / "Leptos.toml"),
        "LATCHKEY_PUBLIC_URL": f"http://localhost:{port}",
        "LATCHKEY_LIMITS__SENDS_PER_MINUTE": "1000000",
        "LATCHKEY_LIMITS__VERIFIES_PER_MINUTE": "1000000",
        "LATCHKEY_LIMITS__TOTAL_MAILS_PER_MINUTE": "1000000",
        "LEPTOS_SITE_ADDR": f"127.0.0.1:{port}",
        "LEPTOS_SITE_ROOT": str(TOP / "target/site"),
    }


def say(text):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {text}", file=sys.stderr, flush=True)


HELD = []


def held_port():
    """Returns a port that nobody else is given as long as this process lives: its socket is bound
    and does not listen, so that a server may (all set SO_REUSEADDR, as this one does), and may stop
    and start again."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    HELD.append(held)
    return held.getsockname()[1]


class Conversation(socketserver.StreamRequestHandler):
    """A mail client's connection."""

    disable_nagle_algorithm = True

    def handle(self):
        self.wfile.write(b"220 sink\r\n")
        to = None
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT":
                to = re.search(rb"<(.+)>", line)[1].decode()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                # lettre writes a mail and the dot after it separately, and the kernel holds back
                # the dot until the mail is acknowledged. Without a quick acknowledgement that takes
                # 40 ms, which would be the clock of every sign-in.
                self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                raw = b"".join(iter(lambda: self.rfile.readline() or b".\r\n", b".\r\n"))
                self.server.keep(to, raw.decode())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                break


class MailSink(socketserver.ThreadingTCPServer):
    """SMTP server that remembers the last link and code of each address, and how many mails it
    got."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.port, self.mails, self.arrived = self.server_address[1], {}, threading.Condition()
        self.count = collections.Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def keep(self, to, raw):
        text = raw.replace("=\r\n", "").replace("=3D", "=")
        token, code = (
            re.search(r"link_token=([\w-]{43})", text)[1],
            "".join(re.search(r": (\d{3}) (\d{3})\r?$", text, re.M).groups()),
        )
        with self.arrived:
            self.mails[to] = (token, code)
            self.count[to] += 1
            self.arrived.notify_all()

    def mail_to(self, address, seconds=30):
        with self.arrived:
            if not self.arrived.wait_for(lambda: address in self.mails, seconds):
                raise RuntimeError(f"no mail came to {address}")
            return self.mails[address]


class Process:
    """A server, on the first core unless told otherwise, stopped at the end of its `with`."""

    def __init__(self, command, env, folder, stdout=sys.stderr, core=0):
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        self.child = subprocess.Popen(command, env=env, cwd=folder, stdout=stdout, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()

    def until_answers(self, port, path, status=200):
        deadline = time.monotonic() + 30
        while self.child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                return expect(status, port, "GET", path)
            time.sleep(0.0002)
        raise RuntimeError("the server did not start")

    def cpu(self):
        # The clock of another process's CPU time, as clock_getcpuclockid(3) names it.
        return time.clock_gettime(~self.child.pid << 3 | 2)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def connected(port):
    return contextlib.closing(http.client.HTTPConnection("localhost", port, timeout=30))


def expect_on(connection, status, method, path, body=None, **headers):
    """An answer and its body, on a connection that stays open."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str):
        headers["content-type"] = "application/x-www-form-urlencoded"
    elif body is not None:
        body, headers["content-type"] = json.dumps(body), "application/json"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    if answer.status != status:
        raise RuntimeError(f"{method} {path}: {answer.status} instead of {status}: {data[:200]}")
    return answer, data


def expect(status, port, *arguments, **headers):
    """An answer and its body, on a connection of its own."""
    with connected(port) as connection:
        return expect_on(connection, status, *arguments, **headers)


def cookie_of(answer, name):
    cookies = answer.headers.get_all("set-cookie")
    return next(cookie.split(";")[0] for cookie in cookies if cookie.startswith(f"{name}="))


def sign_in(port, sink, by, number):
    """A whole one, on one connection, as a browser keeps it."""
    address = f"{by}{number}@example.com"
    with connected(port) as browser:
        sent, data = expect_on(
            browser, 200, "POST", "/api/auth/send-passwordless", {"email": address}
        )
        token, code = sink.mail_to(address)
        if by == "code":
            body = {"code": code, "auth_request_id": json.loads(data)["auth_request_id"]}
            verified, _ = expect_on(browser, 200, "POST", "/api/auth/verify", body)
        else:
            held = cookie_of(sent, "auth-request")
            verified, _ = expect_on(
                browser, 303, "GET", f"/api/auth/verify?link_token={token}", cookie=held
            )
        session = cookie_of(verified, "session")
        expect_on(browser, 200, "GET", "/dashboard", cookie=session)
    return session
