#!/usr/bin/env python3
"""Measures what a full database costs, in one run: the times of each step of a sign-in on an empty
database, on one of a million users, ten million old auth requests and a million sessions, and while
a million of those requests are purged. ROWS (1,000,000) makes it smaller, SIGN_INS (1,000) shorter.
SQLite, or PostgreSQL by scripts/with_postgres.sh bench/growth.py"""

import json
import os
import statistics
import sys
import tempfile
import time

from filling import CLUSTER, ROWS, database_url, numbers, run
from harness import (
    PROGRAM,
    SIGN_INS,
    MailSink,
    Process,
    cookie_of,
    environment,
    expect,
    held_port,
    say,
)

DAY = 86_400_000
YEAR = 365 * DAY


def rows(count, old):
    """Yields statements that fill the tables. `old` is in unix milliseconds: long ago, but within
    what purging keeps."""
    n, source = numbers(count)
    blob = ("decode(md5({}), 'hex')" if CLUSTER else "CAST({} AS BLOB)").format
    address, browser = f"'old' || {n} || '@example.com'", "'Mozilla/5.0 (X11; Linux x86_64)'"
    salt, code = blob(f"'salt' || {n}"), f"'m=32,t=1,p=1$' || 'code' || {n}"
    yield f"""
        INSERT INTO latchkey_users (id, address, created_at)
        SELECT 'user' || {n}, {address}, {old} FROM {source}"""
    yield f"""
        INSERT INTO latchkey_sessions (id, user_id, address, subject, device, user_agent, ip_prefix,
            created_at, last_seen_at, token_expires_at, expires_at)
        SELECT 'session' || {n}, 'user' || {n}, {address}, '', '', {browser}, '10.0.0.*',
            {old}, {old}, {old} + {YEAR}, {old} + {YEAR} FROM {source}"""
    for tenth in range(10):
        link = blob(f"'link{tenth}-' || {n}")
        yield f"""
            INSERT INTO latchkey_auth_requests (id, address, mode, template, destination, variables,
                user_agent, ip_prefix, created_at, expires_at, generation, code_salt, code_tries,
                expires_in, last_mail_at, unlocks, ended_at, ended_by)
            SELECT 'request{tenth}-' || {n}, {address}, 'LINK_OTP', 'SIGNIN', '/dashboard', '{{}}',
                {browser}, '10.0.0.*', {old}, {old} + 600000, 1, {salt}, 1,
                600, {old}, 0, {old}, 'signed_in' FROM {source}"""
        yield f"""
            INSERT INTO latchkey_auth_credentials
                (auth_request_id, generation, link_hash, code_hash, expires_at)
            SELECT 'request{tenth}-' || {n}, 1, {link}, {code}, {old} + 600000 FROM {source}"""


def fill(path, old):
    statements = list(rows(ROWS, old))
    for number, statement in enumerate(statements, 1):
        began = time.monotonic()
        run(path, statement)
        say(f"filling, {number} of {len(statements)}: {time.monotonic() - began:.0f} s")
    if CLUSTER:
        # Filling them in minutes leaves work for the background that years of sign-ins would not.
        say("tidying up after that")
        run(path, "VACUUM ANALYZE")
        run(path, "CHECKPOINT")


def expire(path):
    """Makes a tenth of the auth requests so old that they are purged."""
    older = f"UPDATE latchkey_auth_requests SET expires_at = expires_at - {2 * DAY}"
    run(path, f"{older} WHERE id LIKE 'request0-%'")


def expired(path):
    before = int(time.time() * 1000) - DAY
    count = f"SELECT COUNT(*) FROM latchkey_auth_requests WHERE expires_at < {before}"
    return int(run(path, count))


def times(port, sink, by):
    """Milliseconds of each step, of sign-ins one after another."""
    took = {"send": [], "verify": [], "guard": [], "session": []}

    def timed(step, *arguments, **headers):
        began = time.perf_counter()
        answer, data = expect(*arguments, **headers)
        took[step].append((time.perf_counter() - began) * 1000)
        return answer, data

    for number in range(SIGN_INS):
        address = f"{by}{number}@example.com"
        _, data = timed(
            "send", 200, port, "POST", "/api/auth/send-passwordless", {"email": address}
        )
        _, code = sink.mail_to(address)
        body = {"code": code, "auth_request_id": json.loads(data)["auth_request_id"]}
        verified, _ = timed("verify", 200, port, "POST", "/api/auth/verify", body)
        session = cookie_of(verified, "session")
        timed("guard", 200, port, "GET", "/dashboard", cookie=session)
        timed("session", 200, port, "GET", "/api/auth/session", cookie=session)
    return took


def main():
    os.sched_setaffinity(0, {1})
    sink, port = MailSink(), held_port()
    with tempfile.TemporaryDirectory(dir=os.environ.get("GROWTH_FOLDER")) as folder:
        path = f"{folder}/latchkey.db"
        env = environment(database_url(path), port, sink)
        found = {}
        for state in ("empty", "full", "purging"):
            if state == "full":
                fill(path, int(time.time() * 1000) - 3_600_000)
            if state == "purging":
                expire(path)
            with Process([PROGRAM], env, folder) as server:
                server.until_answers(port, "/login")
                times(port, sink, f"warm{state}")
                while state == "purging" and expired(path) == ROWS:
                    say("waiting for the purge, which begins a minute after the start")
                    time.sleep(5)
                say(f"{SIGN_INS:,} sign-ins, {state}")
                found[state] = times(port, sink, state)
            if state == "purging":
                say(f"{expired(path):,} of {ROWS:,} left to purge")
        kind = "postgres" if CLUSTER else "sqlite"
        size = f"{ROWS:,} users and sessions, {10 * ROWS:,} auth requests"
        print(f"| {kind}, {size} | empty: median, p99 | full | ratio | purging | ratio |")
        print("|---|---|---|---|---|---|")
        for step in found["empty"]:
            ends = {
                state: (statistics.median(took[step]), statistics.quantiles(took[step], n=100)[98])
                for state, took in found.items()
            }
            cells = [f"{ends['empty'][0]:.2f} ms, {ends['empty'][1]:.2f} ms"]
            for state in ("full", "purging"):
                both = zip(ends[state], ends["empty"], strict=True)
                cells.append(f"{ends[state][0]:.2f} ms, {ends[state][1]:.2f} ms")
                cells.append(", ".join(f"{there / here:.2f}" for there, here in both))
            print(f"| {step} | {' | '.join(cells)} |")


try:
    main()
except RuntimeError as error:
    sys.exit(f"growth: {error}")
