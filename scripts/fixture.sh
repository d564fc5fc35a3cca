#!/usr/bin/env bash
# Writes tests/fixtures anew: the tables as this version leaves them, filled. Run it before a
# release, after its last migration: the story that starts on them proves each later migration.
set -euo pipefail
cd "$(dirname "$0")/.."
story=(cargo test --quiet --features ssr --test stories -- --ignored the_fixture_is_written)
scripts/with_tools.sh "${story[@]}"
scripts/with_postgres.sh scripts/with_tools.sh "${story[@]}"
