#!/usr/bin/env python3
"""Tests the API against its description, and the description against the schema of OpenAPI:
openapi-spec-validator judges the description; schemathesis sends what it allows and what it does
not, and looks for answers of 5xx, undescribed statuses, and bodies that do not fit. The part of the
desk is called by an app that may do everything there, the rest by nobody."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

top = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(top / "bench"))

# Found by the line above.
from harness import held_port  # noqa: E402

SECRET = "a secret of the contract's own app"
HASH = base64.urlsafe_b64encode(hashlib.sha256(SECRET.encode()).digest()).decode().rstrip("=")
APP = f"""
[[apps]]
id = "contract"
secrets = ["sha256:{HASH}"]
desk = "steer"
"""
PROGRAM = pathlib.Path(os.environ.get("LATCHKEY", top / "target/release/latchkey"))

port = held_port()
url = f"http://localhost:{port}"


def fetched(path, form=None):
    """Returns the body of an answer, once the server gives one."""
    data = urllib.parse.urlencode(form).encode() if form else None
    for _ in range(400):
        try:
            with urllib.request.urlopen(f"{url}{path}", data, timeout=5) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.05)
    sys.exit(f"the server does not answer {path}")


def tested(folder, *options):
    """Tests a part of the API, and returns whether it is as described."""
    checks = (
        "not_a_server_error,status_code_conformance,"
        "content_type_conformance,response_schema_conformance"
    )
    command = [top / "target/python/bin/schemathesis", "run", f"{url}/api/openapi.json"]
    command += ["--url", url, "--checks", checks, "--max-examples", "60", "--seed", "1"]
    command += ["--workers", "1", "--generation-database", "none", *options]
    return subprocess.call(command, cwd=folder) == 0


with tempfile.TemporaryDirectory() as folder:
    policy = pathlib.Path(folder, "Leptos.toml")
    policy.write_text((top / "Leptos.toml").read_text() + APP)
    settings = {
        "PATH": os.environ["PATH"],
        "RUST_LOG": "error",
        "LATCHKEY_CONFIG": str(policy),
        "LATCHKEY_DESK__ENABLED": "true",
        "LATCHKEY_PUBLIC_URL": url,
        "LEPTOS_SITE_ADDR": f"127.0.0.1:{port}",
        "LEPTOS_SITE_ROOT": str(top / "target/site"),
    }
    server = subprocess.Popen([PROGRAM], cwd=folder, env=settings, stdout=subprocess.DEVNULL)
    try:
        fetched("/readyz")
        description = pathlib.Path(folder, "openapi.json")
        description.write_bytes(fetched("/api/openapi.json"))
        subprocess.run([top / "target/python/bin/openapi-spec-validator", description], check=True)
        form = {
            "grant_type": "client_credentials",
            "client_id": "contract",
            "client_secret": SECRET,
            "scope": "desk:steer",
        }
        # The first token waits until the keys are drawn.
        token = json.loads(fetched("/oauth/token", form))["access_token"]
        desk = "^/api/desk"
        parts = [
            tested(folder, "--exclude-path-regex", desk),
            tested(
                folder, "--include-path-regex", desk, "--header", f"Authorization: Bearer {token}"
            ),
        ]
        sys.exit(0 if all(parts) else 1)
    finally:
        server.terminate()
        server.wait()
