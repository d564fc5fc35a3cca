#!/usr/bin/env bash
# Runs a command with the tools scripts/setup.sh brought: its compiler, when that is not rustup's own, and wasm-opt.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
[ -s "$top/target/.toolchain" ] && [ -z "${RUSTUP_TOOLCHAIN:-}" ] && RUSTUP_TOOLCHAIN=$(cat "$top/target/.toolchain") && export RUSTUP_TOOLCHAIN
PATH="$top/end2end/node_modules/.bin:$PATH" exec "$@"
