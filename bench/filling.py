"""Shared by benchmarks of a full database: where it is, and statements for many rows at once."""

import contextlib
import os
import sqlite3
import subprocess

ROWS = int(os.environ.get("ROWS", "1000000"))
CLUSTER = os.environ.get("LATCHKEY_TEST_POSTGRES")


def database_url(path):
    """The URL of an empty database: a file at `path`, or one made in the cluster."""
    if not CLUSTER:
        return f"sqlite://{path}"
    create = ["psql", "-q", f"{CLUSTER}/postgres", "-c", "CREATE DATABASE growth"]
    subprocess.run(create, check=True)
    return f"{CLUSTER}/growth"


def numbers(count):
    """A column of the numbers from 1 to `count`, and the table that has it."""
    if CLUSTER:
        return "g.n", f"generate_series(1, {count}::BIGINT) AS g(n)"
    numbers = f"SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {count}"
    return "n", f"(WITH RECURSIVE g(n) AS ({numbers}) SELECT n FROM g)"


def run(path, statement):
    """Runs a statement on the database, and returns what it prints."""
    if CLUSTER:
        psql = ["psql", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", f"{CLUSTER}/growth"]
        command = [*psql, "-c", statement]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        return "".join(str(row[0]) for row in database.execute(statement))
