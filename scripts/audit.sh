#!/usr/bin/env bash
# Asks third parties: the advisories of RustSec and npm about our dependencies, and the checkers of
# end2end/judges about the release build.
set -uo pipefail
cd "$(dirname "$0")/.."
step() { printf '\naudit: %s\n' "$1" >&2; }
bad=0

step "dependencies of the server, by RustSec"
command -v cargo-audit >/dev/null || cargo install cargo-audit --locked || bad=1
# ADVISORY_DB names a copy of https://github.com/RustSec/advisory-db where that cannot be reached.
database=()
[ -n "${ADVISORY_DB:-}" ] && database=(--db "$ADVISORY_DB" --no-fetch)
cargo audit "${database[@]}" || bad=1

step "dependencies of the browser tests, by npm"
if ! told=$(npm audit --prefix end2end 2>&1); then
  case $told in
    *"audit endpoint returned an error"*) told="npm's advisories cannot be reached from here" ;;
    *) bad=1 ;;
  esac
fi
printf '%s\n' "$told"

step "judges (a few minutes)"
# Their set-up scripts only download lists that are of no use here.
npm ci --prefix end2end/judges --ignore-scripts --no-audit --no-fund --loglevel=error || bad=1
node end2end/judges/judges.mjs || bad=1
exit $bad
