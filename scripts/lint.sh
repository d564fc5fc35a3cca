#!/usr/bin/env bash
# Checks formatting, and runs clippy for the server and for the browser, and ruff for Python.
set -euo pipefail
cd "$(dirname "$0")/.."
target/python/bin/ruff format --quiet --check bench examples scripts
target/python/bin/ruff check --quiet bench examples scripts
# rustfmt comes with rustup's own toolchain, whichever compiler builds.
cargo fmt --check
clippy=(scripts/with_tools.sh cargo clippy --quiet)
"${clippy[@]}" --features ssr --all-targets -- -D warnings
"${clippy[@]}" -p latchkey-hydrate --target wasm32-unknown-unknown -- -D warnings
