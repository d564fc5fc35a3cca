#!/usr/bin/env python3
"""Measures speed and size of the release build beside a plain axum handler, in one run. The server
has the first core to itself, all the rest (load, mail server) the second. Numbers are printed and
never asserted; only an unexpected answer stops the run. SECONDS_EACH and SIGN_INS make it shorter.
PostgreSQL instead of SQLite: scripts/with_postgres.sh bench/speed.py"""

import base64
import bisect
import contextlib
import gzip
import http.client
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from harness import (
    PROGRAM,
    SIGN_INS,
    TOP,
    MailSink,
    Process,
    environment,
    expect,
    held_port,
    say,
    sign_in,
)

SECONDS = int(os.environ.get("SECONDS_EACH", "5"))
BATCHES = 4
WRK = shutil.which("wrk")


def answers_to_wrk(url, headers):
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["taskset", "-c", "1", WRK, "-t1", "-c16", "-d1s", *given, url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{url}: {text}")
    return int(re.search(r"(\d+) requests in", text)[1]), float(
        re.search(r"Requests/sec:\s+([\d.]+)", text)[1]
    )


def answers_to_python(port, path, headers):
    began = time.monotonic()

    def ask(_):
        connection, answers = http.client.HTTPConnection("localhost", port, timeout=30), 0
        while time.monotonic() < began + 1:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            answers += answer.status == 200
        connection.close()
        return answers

    with ThreadPoolExecutor(16) as pool:
        answers = sum(pool.map(ask, range(16)))
    return answers, answers / (time.monotonic() - began)


def load(server, port, path, cookie, more=None):
    """Answers a second, and CPU seconds of the server per 1,000 of them."""
    # Before and after, because wrk takes a redirect to sign in for a success.
    headers = {"Cookie": cookie, **(more or {})}
    expect(200, port, "GET", path, **headers)
    before = server.cpu()
    url = f"http://localhost:{port}{path}"
    answers, rate = answers_to_wrk(url, headers) if WRK else answers_to_python(port, path, headers)
    cpu = server.cpu() - before
    expect(200, port, "GET", path, **headers)
    return rate, cpu * 1000 / answers


def session_id(cookie):
    """The id in a session's token."""
    claims = cookie.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"]


@contextlib.contextmanager
def plain_handler(env, folder, session):
    """What to compare with: its process, its port, and a cookie to send."""
    port = held_port()
    command = [
        str(TOP / "target/release/examples/plain_handler"),
        f"127.0.0.1:{port}",
        session_id(session),
    ]
    with Process(command, env, folder, subprocess.PIPE) as plain:
        yield plain, port, plain.child.stdout.readline().strip()


def sign_ins(server, port, sink, by, numbers):
    """Returns whole sign-ins a second, CPU seconds of the server per 1,000 of them, and how busy
    the load's core was."""
    before, busy, began = server.cpu(), time.process_time(), time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: sign_in(port, sink, by, number), numbers))
    took = time.monotonic() - began
    return (
        len(numbers) / took,
        (server.cpu() - before) * 1000 / len(numbers),
        (time.process_time() - busy) / took,
    )


class CountingSink:
    """bench/mail_sink.py, on the load's core."""

    def __init__(self):
        command = ["taskset", "-c", "1", str(TOP / "bench/mail_sink.py")]
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.port = int(self.child.stdout.readline())

    def count(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return int(self.child.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()


def asks(server, port, sink):
    """Describes what asking for mails at full load costs, and whether the mails keep up."""
    before = server.cpu()
    script = ["-s", str(TOP / "bench/ask.lua")]
    url = f"http://localhost:{port}/api/auth/send-passwordless"
    command = ["taskset", "-c", "1", WRK, "-t1", "-c16", f"-d{SECONDS}s", "--latency", *script, url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    asked, sent = int(re.search(r"(\d+) requests in", text)[1]), sink.count()
    cpu = (server.cpu() - before) * 1000 / asked
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{url}: {text}")
    ended = time.monotonic()
    while sink.count() < asked and time.monotonic() < ended + 60:
        time.sleep(0.02)
    lag = time.monotonic() - ended
    in_all = (server.cpu() - before) * 1000 / asked
    median, p99 = (re.search(rf"{share}%\s+(\S+)", text)[1] for share in (50, 99))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return (
        f"{rate:,.0f}/s, {cpu:.2f} CPU s per 1,000, {in_all:.2f} with all mails sent; "
        f"median {median}, p99 {p99}; {sent / asked:.0%} of the mails sent meanwhile, "
        f"the last {lag:.1f} s later"
    )


def apart(port, path, addresses):
    """Tells whether the time an answer takes distinguishes addresses of one kind from another: for
    each kind but the first, the chance that one of the first took longer. 0.5 distinguishes
    nothing."""
    tries = [(kind, address) for kind in addresses for address in addresses[kind]]
    random.shuffle(tries)
    took = {kind: [] for kind in addresses}
    for kind, address in tries:
        body = (
            {"email": address}
            if path.startswith("/api/")
            else {"email": address, "password": "correct horse battery"}
        )
        if not path.startswith("/api/"):
            body = urllib.parse.urlencode(body)
        began = time.perf_counter()
        expect(200 if path.startswith("/api/") else 400, port, "POST", path, body)
        took[kind].append((time.perf_counter() - began) * 1000)
    (first, times), *others = took.items()
    found = [f"{first} {statistics.median(times):.2f} ms"]
    for kind, theirs in others:
        longer = sum(bisect.bisect_left(sorted(theirs), one) for one in times) / (
            len(times) * len(theirs)
        )
        found.append(f"{kind} {statistics.median(theirs):.2f} ms, {longer:.3f}")
    return "; ".join(found)


def brotli(data):
    """Returns the compressed size, and the format."""
    if not shutil.which("node"):
        return len(gzip.compress(data)), "gzip"
    compress = "require('zlib').brotliCompressSync(require('fs').readFileSync(0))"
    command = ["node", "-e", f"process.stdout.write('' + {compress}.length)"]
    return int(subprocess.run(command, input=data, capture_output=True, check=True).stdout), "br"


def weigh(port):
    """Returns the size of the sign-in page and all it links, as served to a browser that takes
    brotli."""

    def encoding(answer):
        return answer.headers.get("content-encoding") or "plain"

    answer, html = expect(200, port, "GET", "/login", accept_encoding="br")
    parts, total = [f"html {len(html):,} {encoding(answer)}"], len(html)
    # The module of the islands and what it loads stand in a script.
    links = re.findall(r'(?:href=|src=|fetch\(|import\()"(/[^"]+\.\w+)"', html.decode())
    for path in sorted(set(links)):
        answer, data = expect(200, port, "GET", path, accept_encoding="br")
        parts.append(f"{path.rsplit('.', 1)[1]} {len(data):,} {encoding(answer)}")
        total += len(data)
    compressed, how = brotli(html)
    behind_proxy = f"{total - len(html) + compressed:,} with html in {how}, as a proxy may serve it"
    return f"{total:,} bytes ({', '.join(parts)}); {behind_proxy}"


def main():
    os.sched_setaffinity(0, {1})
    sink, port = MailSink(), held_port()
    cluster = os.environ.get("LATCHKEY_TEST_POSTGRES")
    rows = []

    def row(name, value):
        rows.append((name, value))
        say(f"{name}: {value}")

    with tempfile.TemporaryDirectory() as folder:
        env = environment(
            f"{cluster}/postgres" if cluster else f"sqlite://{folder}/latchkey.db", port, sink
        )
        command = [PROGRAM]

        say("cold starts, 10 and one that makes the database")
        starts = []
        for _ in range(11):
            began = time.monotonic()
            with Process(command, env, folder) as server:
                server.until_answers(port, "/login")
                starts.append((time.monotonic() - began) * 1000)
        starts = starts[1:]
        least, median = min(starts), statistics.median(starts)
        row(
            "cold start to the first 200 of `/login`",
            f"{least:.1f} ms least, {median:.1f} ms median of 10",
        )

        with Process(command, env, folder) as server:
            server.until_answers(port, "/login")
            say("resting for 5 s")
            time.sleep(5)
            row("resident when idle", f"{server.memory():.1f} MiB")
            row("sign-in page with all it links", weigh(port))

            session = sign_in(port, sink, "code", "first")
            with plain_handler(env, folder, session) as (plain, plain_port, cookie):
                loads = {
                    "plain axum handler": (plain, plain_port, "/", cookie),
                    "the same and one read of the session": (plain, plain_port, "/read", cookie),
                    "`/login`": (server, port, "/login", ""),
                    "`/dashboard`": (server, port, "/dashboard", session),
                    "`/api/auth/session`": (server, port, "/api/auth/session", session),
                }
                # In turn, because a virtual machine has fast and slow seconds.
                say(f"requests a second, {SECONDS} s each, a second at a time in turn")
                rounds = [
                    {name: load(*what) for name, what in loads.items()} for _ in range(SECONDS)
                ]
            for name in loads:
                rate, cpu = (statistics.median(one[name][n] for one in rounds) for n in (0, 1))
                of_rate, times = (
                    statistics.median(one[name][n] / one["plain axum handler"][n] for one in rounds)
                    for n in (0, 1)
                )
                beside = (
                    f": {times:.1f} times the handler's, at {of_rate:.3f} of its rate"
                    if times != 1
                    else ""
                )
                row(name, f"{rate:,.0f}/s, {cpu:.4f} CPU s per 1,000{beside}")

        # A fresh process, so that its memory is that of sign-ins alone.
        with (
            Process(command, env, folder) as server,
            plain_handler(env, folder, session) as (plain, plain_port, cookie),
        ):
            server.until_answers(port, "/login")
            say(
                f"{SIGN_INS:,} whole sign-ins by code and by link, 8 at a time, "
                f"in {BATCHES} batches with the handler between"
            )
            batches = {"code": [], "link": []}
            for batch in range(BATCHES):
                numbers = range(SIGN_INS)[batch::BATCHES]
                for by, found in batches.items():
                    _, floor = load(plain, plain_port, "/", cookie)
                    rate, cpu, busy = sign_ins(server, port, sink, by, numbers)
                    found.append((rate, cpu, busy, cpu / floor))
            for by, found in batches.items():
                rate, cpu, busy, times = map(statistics.median, zip(*found, strict=True))
                beside = f"{times:,.0f} times the handler's; the load's core {busy:.0%} busy"
                row(f"whole sign-in by {by}", f"{rate:,.0f}/s, {cpu:.2f} CPU s per 1,000: {beside}")
            row(f"resident after {2 * SIGN_INS:,} sign-ins", f"{server.memory():.1f} MiB")

        if WRK:
            for at_once in (8, 32):
                with CountingSink() as counting:
                    asking = environment(env["DATABASE_URL"], port, counting)
                    asking["LATCHKEY_MAIL__AT_ONCE"] = str(at_once)
                    say(f"asking for mails, 16 at a time, sent {at_once} at a time")
                    with Process(command, asking, folder) as server:
                        server.until_answers(port, "/login")
                        row(f"asking, `mail.at_once` {at_once}", asks(server, port, counting))

        if not cluster:
            with contextlib.closing(sqlite3.connect(f"{folder}/latchkey.db")) as database, database:
                database.execute(
                    "INSERT INTO latchkey_bans "
                    "SELECT '', address, 1 FROM latchkey_users WHERE address LIKE 'link%'"
                )
            closed = {
                **env,
                "LATCHKEY_AUTH__SIGN_UP": "closed",
                "LATCHKEY_AUTH__PASSWORDS": "optional",
            }
            with Process(command, closed, folder) as server:
                server.until_answers(port, "/login")
                kinds = {"known": "code", "unknown": "nobody", "disabled": "link"}
                # No address was asked for before, so all stand alike within a minute.
                for name, path in (
                    ("asking for a mail", "/api/auth/send-passwordless"),
                    ("a wrong password", "/actions/sign-in"),
                ):
                    say(f"{name}, {SIGN_INS:,} addresses of each kind")
                    addresses = {
                        kind: [f"{name}{n}@example.com" for n in range(SIGN_INS)]
                        for kind, name in kinds.items()
                    }
                    row(f"{name}: known, unknown, disabled", apart(port, path, addresses))

    kind, by = env["DATABASE_URL"].split(":")[0], "wrk" if WRK else "python, the load's own limit"
    print(f"| on {kind}, load by {by} | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"speed: {error}")
