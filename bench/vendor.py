#!/usr/bin/env python3
"""Measures what asking for a mail costs over gRPC beside the same over JSON, mail included, in one
run. The server has the first core to itself, the load the second. Numbers are printed and never
asserted. TURNS and ASKS make it shorter."""

import json
import os
import statistics
import sys
import tempfile
import urllib.parse
from pathlib import Path

from apps import SECRET, cpu_of, digest
from harness import (
    PROGRAM,
    TOP,
    MailSink,
    Process,
    connected,
    environment,
    expect,
    expect_on,
    held_port,
    say,
)

# Where `make test` installs the vendor's SDK, whose gRPC this is.
sys.path.append(str(TOP / "target/python/scalekit-2.21.0"))

import grpc

TURNS = int(os.environ.get("TURNS", "5"))
ASKS = int(os.environ.get("ASKS", "1000"))
SEND = "/scalekit.v1.auth.passwordless.PasswordlessService/SendPasswordlessEmail"
BACK = "http://localhost:3000/back"
POLICY = f"""
[auth]
magiclink_origins = ["http://localhost:3000"]
[[apps]]
id = "backend"
api = true
secrets = ["sha256:{digest(SECRET)}"]
"""


def field(number, text):
    """A short text as protobuf has it."""
    return bytes([number << 3 | 2, len(text)]) + text.encode()


def main():
    os.sched_setaffinity(0, {1})
    sink, port = MailSink(), held_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(f"sqlite://{folder}/latchkey.db", port, sink)
        env["LATCHKEY_CONFIG"] = str(Path(folder) / "Leptos.toml")
        Path(env["LATCHKEY_CONFIG"]).write_text(POLICY)
        with Process([PROGRAM], env, folder) as server:
            server.until_answers(port, "/.well-known/jwks.json")
            form = {"grant_type": "client_credentials", "client_id": "backend"}
            form = urllib.parse.urlencode(form | {"client_secret": SECRET})
            _, given = expect(200, port, "POST", "/oauth/token", form)
            bearer = f"Bearer {json.loads(given)['access_token']}"

            def over_json(addresses):
                with connected(port) as program:
                    for address in addresses:
                        path = "/api/auth/send-passwordless"
                        ask = {"email": address, "magiclink_auth_uri": BACK}
                        expect_on(program, 200, "POST", path, ask)

            def over_grpc(addresses):
                with grpc.insecure_channel(f"localhost:{port}") as channel:
                    send = channel.unary_unary(SEND)
                    for address in addresses:
                        message = field(1, address) + field(3, BACK)
                        send(message, metadata=[("authorization", bearer)])

            found = {}
            for turn in range(TURNS):
                for ask in (over_json, over_grpc):
                    name = ask.__name__
                    addresses = [f"{name}{turn}.{n}@example.com" for n in range(ASKS)]
                    batches = [addresses[n::8] for n in range(8)]
                    cost = cpu_of(server, batches, ask) * len(batches) / ASKS
                    found.setdefault(name, []).append(cost)
            costs = {name: statistics.median(all_) for name, all_ in found.items()}
            pairs = zip(found["over_grpc"], found["over_json"], strict=True)
            times = statistics.median(a / b for a, b in pairs)
            say(f"asking for a mail over JSON: {costs['over_json']:.2f} CPU s per 1,000")
            say(f"over gRPC: {costs['over_grpc']:.2f}: {times:.2f} times")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"vendor: {error}")
