#!/usr/bin/env bash
# Runs the browser tests of the release build in Firefox and WebKitGTK, as Debian has them.
set -euo pipefail
cd "$(dirname "$0")/../end2end"

ENGINE=firefox npx playwright test "$@"

# WebKitGTK needs a display. Xvfb takes a free number and says which.
numbers=$(mktemp)
Xvfb -displayfd 1 -screen 0 1280x1024x24 >"$numbers" 2>/dev/null &
xvfb=$!
trap 'kill $xvfb; rm -f "$numbers"' EXIT
until [ -s "$numbers" ]; do sleep 0.1; done
DISPLAY=:$(cat "$numbers") npx playwright test --config engines/webkit.config.ts "$@"
