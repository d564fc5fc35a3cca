#!/usr/bin/env python3
"""Memory and file handles of one server over an hour of sign-ins, 100,000 in all, half by code and
half by link. SECONDS_IN_ALL (3,600) and SIGN_INS (100,000) make it shorter. Nobody scrapes
/metrics.
Fails if memory grows by more than 2 MiB once five minutes are over, beside what the caches of
connections to SQLite take that were opened after that. SQLite, or PostgreSQL by
scripts/with_postgres.sh bench/soak.py"""

import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import PROGRAM, MailSink, Process, environment, held_port, say, sign_in

SECONDS = int(os.environ.get("SECONDS_IN_ALL", "3600"))
SIGN_INS = int(os.environ.get("SIGN_INS", "100000"))
CLUSTER = os.environ.get("LATCHKEY_TEST_POSTGRES")
LOOKS = 12
# Minutes until caches are full, and the MiB that memory may grow by after that.
SETTLING, FLAT = 5, 2
# MiB that SQLite keeps of its file for each connection (cache_size, 2,000 KiB); a server has five
# at most.
CACHE = 2


def main():
    sink, port = MailSink(), held_port()
    if CLUSTER:
        create = ["psql", "-q", f"{CLUSTER}/postgres", "-c", "CREATE DATABASE soak"]
        subprocess.run(create, check=True)
    with tempfile.TemporaryDirectory() as folder:
        database_url = f"{CLUSTER}/soak" if CLUSTER else f"sqlite://{folder}/latchkey.db"
        env = environment(database_url, port, sink)
        with Process([PROGRAM], env, folder) as server, ThreadPoolExecutor(8) as pool:
            server.until_answers(port, "/login")
            began, rows = time.monotonic(), []

            def look(done):
                minutes = (time.monotonic() - began) / 60
                handles = list(pathlib.Path(f"/proc/{server.child.pid}/fd").iterdir())
                connections = sum(link_of(handle).endswith("/latchkey.db") for handle in handles)
                memory = server.memory()
                rows.append((minutes, done, memory, len(handles), connections, server.cpu()))
                say(
                    f"{minutes:.0f} minutes, {done:,} sign-ins: {memory:.1f} MiB, "
                    f"{len(handles)} file handles, {connections} of them connections to SQLite"
                )

            look(0)
            # As many at a time as the pool has threads, no faster than their share of the time.
            room, errors = threading.Semaphore(8), []

            def one(number):
                try:
                    sign_in(port, sink, "code" if number % 2 else "link", number)
                except Exception as error:
                    errors.append(error)
                finally:
                    room.release()

            for number in range(SIGN_INS):
                time.sleep(max(0, began + number * SECONDS / SIGN_INS - time.monotonic()))
                room.acquire()
                pool.submit(one, number)
                if errors:
                    raise RuntimeError(f"sign-in {number}: {errors[0]!r}")
                if (number + 1) % (SIGN_INS // LOOKS) == 0:
                    look(number + 1)
        print("| minutes | sign-ins | resident | file handles | to SQLite | CPU s |")
        print("|---|---|---|---|---|---|")
        for minutes, done, memory, files, connections, cpu in rows:
            print(
                f"| {minutes:.0f} | {done:,} | {memory:.1f} MiB | {files} | {connections} "
                f"| {cpu:.0f} |"
            )
        settled = [
            memory - CACHE * connections
            for minutes, _, memory, _, connections, _ in rows
            if minutes >= SETTLING * 0.99
        ]
        if len(settled) < 2:
            raise RuntimeError(
                f"too short to judge memory: it may grow for the first {SETTLING} minutes"
            )
        grown = max(settled) - settled[0]
        if grown > FLAT:
            raise RuntimeError(
                f"memory grew by {grown:.1f} MiB after the first {SETTLING} minutes, "
                "caches of SQLite apart"
            )


def link_of(handle):
    """Returns the target of a file handle; nothing if it was closed meanwhile."""
    try:
        return str(pathlib.Path(handle).readlink())
    except FileNotFoundError:
        return ""


try:
    main()
except RuntimeError as error:
    sys.exit(f"soak: {error}")
