#!/usr/bin/env bash
# Runs everything: set-up, lint, unit tests and stories, and against the release build the API's
# contract, an app in Python, services that take its tokens, the vendor's SDKs, the mails that it
# sends, real mail servers, and browser tests.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(scripts/with_tools.sh cargo test --quiet --features ssr)
threads=(--test-threads 8)

step() { printf '\ntest %s: %s\n' "$1" "$2" >&2; }

step 1/11 "set-up"
scripts/setup.sh all
step 2/11 "lint (a few minutes the first time)"
scripts/lint.sh
step 3/11 "unit tests, and stories on SQLite, on PostgreSQL and behind a pooler"
"${tests[@]}" -- "${threads[@]}"
scripts/with_postgres.sh "${tests[@]}" --test stories -- "${threads[@]}"
# Some of them by way of a pooler; `make pooler` runs all.
scripts/with_postgres.sh scripts/with_pooler.sh "${tests[@]}" --test stories -- "${threads[@]}" \
  sign_in codes links sessions databases faults::two_instances faults::instances
step 4/11 "release build (several minutes the first time)"
scripts/with_tools.sh cargo leptos build --release --precompress
step 5/11 "the API against its description"
scripts/contract.py
step 6/11 "an app in Python"
target/python/bin/python scripts/authlib_app.py
step 7/11 "services that take its tokens"
scripts/with_tools.sh cargo build --quiet --features ssr --example service_axum
target/python/bin/python scripts/services.py
step 8/11 "the vendor's SDKs"
target/python/bin/python scripts/vendor_sdks.py
step 9/11 "mails as they arrive"
target/python/bin/python scripts/mail_quality.py
step 10/11 "Postfix and OpenSMTPD"
target/python/bin/python scripts/mail_servers.py
step 11/11 "browser tests"
npm test --prefix end2end
