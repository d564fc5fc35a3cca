#!/usr/bin/env python3
"""Checks the alerts of deploy/alerts.yml, runs their tests, and checks the queries of the dashboard
deploy/grafana.json, by Prometheus's own promtool. Where that is missing, it says so."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
UNPACKED = TOP / "target/debian/usr/bin/promtool"

# Variables that Grafana fills in.
FILLED_IN = {"$__rate_interval": "5m", "$transport": ".+"}


def queries():
    """The queries of the dashboard as rules, which are what promtool reads."""
    dashboard = json.loads((TOP / "deploy/grafana.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in FILLED_IN.items():
                query = query.replace(variable, value)
            yield {"record": f"panel_{panel['id']}_{target['refId']}", "expr": query}


def main():
    promtool = shutil.which("promtool") or (UNPACKED if UNPACKED.exists() else None)
    if promtool is None:
        print("alerts: no promtool here, so neither alerts nor dashboard are checked by it")
        return

    def run(*arguments):
        done = subprocess.run([promtool, *arguments], cwd=TOP, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"alerts: promtool {' '.join(arguments)}: {done.stdout}{done.stderr}")

    run("check", "rules", "deploy/alerts.yml")
    run("test", "rules", "tests/alerts.yml")
    rules = list(queries())
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "rules.yml"
        # JSON is YAML.
        file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        run("check", "rules", str(file))
    print(f"alerts: they fire where they should; {len(rules)} queries of the dashboard are right")


main()
