#!/usr/bin/env bash
# Runs everything: set-up, lint, alerts, unit tests and stories, and against the release build the
# API's contract, an app in Python, services that take its tokens, the vendor's SDKs, the mails that
# it sends, real mail servers, and browser tests.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(scripts/with_tools.sh cargo test --quiet --features ssr)
threads=(--test-threads 8)

step() { printf '\ntest %s: %s\n' "$1" "$2" >&2; }

step 1/12 "set-up"
scripts/setup.sh all
step 2/12 "lint (a few minutes the first time)"
scripts/lint.sh
step 3/12 "alerts and dashboard for Prometheus and Grafana"
scripts/alerts.py
step 4/12 "unit tests, and stories on SQLite, on PostgreSQL and behind a pooler"
"${tests[@]}" -- "${threads[@]}"
scripts/with_postgres.sh "${tests[@]}" --test stories -- "${threads[@]}"
# Some of them by way of a pooler; `make pooler` runs all.
scripts/with_postgres.sh scripts/with_pooler.sh "${tests[@]}" --test stories -- "${threads[@]}" \
  sign_in codes links sessions databases faults::two_instances faults::instances
step 5/12 "release build (several minutes the first time)"
scripts/with_tools.sh cargo leptos build --release --precompress
step 6/12 "the API against its description"
scripts/contract.py
step 7/12 "an app in Python"
target/python/bin/python scripts/authlib_app.py
step 8/12 "services that take its tokens"
scripts/with_tools.sh cargo build --quiet --features ssr --example service_axum
target/python/bin/python scripts/services.py
step 9/12 "the vendor's SDKs"
target/python/bin/python scripts/vendor_sdks.py
step 10/12 "mails as they arrive"
target/python/bin/python scripts/mail_quality.py
step 11/12 "Postfix and OpenSMTPD"
target/python/bin/python scripts/mail_servers.py
step 12/12 "browser tests"
npm test --prefix end2end
