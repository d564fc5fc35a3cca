#!/usr/bin/env bash
# Fuzzes each target of fuzz/ in turn, for SECONDS_EACH seconds (60). A find stops it, and is kept
# in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
seconds="${SECONDS_EACH:-60}"
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)
for target in "${targets[@]}"; do
  printf '\nfuzz: %s, %s s\n' "$target" "$seconds" >&2
  cargo +nightly fuzz run "$target" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 -verbosity=0
done
