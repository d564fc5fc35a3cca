#!/usr/bin/env bash
# Formatting, and clippy for the server and for the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
# rustfmt comes with rustup's own toolchain, whichever compiler builds.
cargo fmt --check
scripts/with_tools.sh cargo clippy --quiet --features ssr --all-targets -- -D warnings
scripts/with_tools.sh cargo clippy --quiet -p latchkey-hydrate --target wasm32-unknown-unknown -- -D warnings
