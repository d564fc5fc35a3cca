#!/usr/bin/env python3
"""Tests the API against its description, and the description against the schema of OpenAPI:
openapi-spec-validator judges the description; schemathesis sends what it allows and what it does
not, and looks for answers of 5xx, undescribed statuses, and bodies that do not fit."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

top = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(top / "bench"))

# Found by the line above.
from harness import held_port  # noqa: E402

port = held_port()
url = f"http://localhost:{port}"

with tempfile.TemporaryDirectory() as folder:
    settings = {
        "PATH": os.environ["PATH"],
        "RUST_LOG": "error",
        "LATCHKEY_CONFIG": str(top / "Leptos.toml"),
        "LATCHKEY_PUBLIC_URL": url,
        "LEPTOS_SITE_ADDR": f"127.0.0.1:{port}",
        "LEPTOS_SITE_ROOT": str(top / "target/site"),
    }
    server = subprocess.Popen(
        [top / "target/release/latchkey"], cwd=folder, env=settings, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=1)
                break
            except OSError:
                time.sleep(0.05)
        description = pathlib.Path(folder, "openapi.json")
        description.write_bytes(urllib.request.urlopen(f"{url}/api/openapi.json", timeout=5).read())
        subprocess.run([top / "target/python/bin/openapi-spec-validator", description], check=True)
        sys.exit(
            subprocess.call(
                [
                    top / "target/python/bin/schemathesis",
                    "run",
                    f"{url}/api/openapi.json",
                    "--url",
                    url,
                    "--checks",
                    "not_a_server_error,status_code_conformance,"
                    "content_type_conformance,response_schema_conformance",
                    "--max-examples",
                    "60",
                    "--seed",
                    "1",
                    "--workers",
                    "1",
                    "--generation-database",
                    "none",
                ],
                cwd=folder,
            )
        )
    finally:
        server.terminate()
        server.wait()
