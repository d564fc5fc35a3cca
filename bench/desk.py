#!/usr/bin/env python3
"""Measures the pages of the desk, beside the dashboard in one run: on a database of a million
users, ten million events and a year of counters. ROWS (1,000,000) makes it smaller. SQLite, or
PostgreSQL by scripts/with_postgres.sh bench/desk.py"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

from filling import CLUSTER, ROWS, database_url, numbers, run
from harness import PROGRAM, MailSink, Process, environment, expect, held_port, say, sign_in

HOUR, DAY = 3_600_000, 86_400_000
TIMES = 40
# Signs in by harness.sign_in.
OPERATOR = "code0@example.com"


def rows(now):
    """Yields statements that fill the tables, up to `now` in unix milliseconds."""
    n, source = numbers(ROWS)
    domain = f"'example' || ({n} % 1000) || '.com'"
    yield f"""
        INSERT INTO latchkey_users (id, address, created_at)
        SELECT 'user' || {n}, 'old' || {n} || '@' || {domain}, {now - 30 * DAY} FROM {source}"""
    events = ["auth.requested", "mail.sent", "auth.verified", "session.issued", "auth.failed"]
    for tenth in range(10):
        event = events[tenth % len(events)]
        at = f"{now - 30 * DAY} + {tenth} * 1000 + {n} * {30 * DAY // ROWS}"
        yield f"""
            INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, address,
                user_agent, ip_prefix, list, user_id)
            SELECT {at}, '{event}', '', 'request{tenth}-' || {n}, 'subject' || {n},
                'o***@' || {domain}, 'Mozilla/5.0 (X11; Linux x86_64)', '10.0.0.*', 'attempts',
                'user' || {n} FROM {source}"""
    # As the migration that brings the seals leaves a table with events.
    newest = "(SELECT MAX(id) FROM latchkey_audit_events)"
    yield f"UPDATE latchkey_audit_head SET last_id = {newest}, cut_id = {newest}"
    names = ["asked", "sent", "opened", "signed_in", "refused", "returned", "complaint"]
    for span, count in ((HOUR, 365 * 24), (DAY, 365)):
        n, source = numbers(count)
        at = f"({now // span} - {n} + 1) * {span}"
        for name in names:
            yield f"""
                INSERT INTO latchkey_counters (span, at, name, label, count)
                SELECT {span}, {at}, '{name}', '', 1000 FROM {source}"""
        for domain in range(50):
            for name in ["domain", "asked.domain", "sent.domain", "signed_in.domain"]:
                yield f"""
                    INSERT INTO latchkey_counters (span, at, name, label, count)
                    SELECT {span}, {at}, '{name}', 'example{domain}.com', 20 FROM {source}"""


def pages(person, request_id):
    """The pages, by the words of their row."""
    find = "/desk/people?" + urllib.parse.urlencode({"q": ""})
    return {
        "dashboard": "/dashboard",
        "now": "/desk",
        "now, thirty days": "/desk?range=month",
        "people, by address": find + "old77%40example77.com",
        "people, by a beginning": find + "old7",
        "people, by domain": find + "%40example77.com",
        "people, by request id": find + request_id,
        "a person and the timeline": person,
        "audit": "/desk/audit",
        "operators": "/desk/operators",
        "invitations": "/desk/invitations",
        "waitlist": "/desk/waitlist",
        "steer": "/desk/steer",
    }


def main():
    sink, port = MailSink(), held_port()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/latchkey.db"
        env = environment(database_url(path), port, sink)
        env["LATCHKEY_DESK__ENABLED"] = "true"
        subprocess.run([PROGRAM, "migrate"], env=env, cwd=folder, check=True)
        statements = list(rows(int(time.time() * 1000)))
        began = time.monotonic()
        for statement in statements:
            run(path, statement)
        if CLUSTER:
            run(path, "VACUUM ANALYZE")
        say(f"{ROWS:,} users, {10 * ROWS:,} events: filled in {time.monotonic() - began:.0f} s")
        invite = [PROGRAM, "desk", "invite", OPERATOR]
        subprocess.run(invite, env=env, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with Process([PROGRAM], env, folder) as server:
            server.until_answers(port, "/login")
            measure(port, sign_in(port, sink, "code", 0))


def measure(port, cookie):
    answer, html = expect(200, port, "GET", f"/desk/people?q={OPERATOR}", cookie=cookie)
    person = re.search(r'href="(/desk/people/[^"?]+)"', html.decode())[1]
    request_id = answer.getheader("x-request-id")
    kind = "postgres" if CLUSTER else "sqlite"
    print(f"| {kind} | median | p99 | beside the dashboard |")
    print("|---|---|---|---|")
    beside = None
    for name, page in pages(person, request_id).items():
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            expect(200, port, "GET", page, cookie=cookie)
            took.append((time.perf_counter() - began) * 1000)
        median, last = statistics.median(took), statistics.quantiles(took, n=100)[98]
        beside = beside or median
        print(f"| {name} | {median:.1f} ms | {last:.1f} ms | {median / beside:.1f} |", flush=True)


try:
    main()
except RuntimeError as error:
    sys.exit(f"desk: {error}")
