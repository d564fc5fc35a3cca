#!/usr/bin/env bash
# Runs a command with the tools that scripts/setup.sh installed: its compiler, unless that is
# rustup's own, and wasm-opt.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
if [ -s "$top/target/.toolchain" ] && [ -z "${RUSTUP_TOOLCHAIN:-}" ]; then
  RUSTUP_TOOLCHAIN=$(cat "$top/target/.toolchain")
  export RUSTUP_TOOLCHAIN
fi
PATH="$top/end2end/node_modules/.bin:$PATH" exec "$@"
