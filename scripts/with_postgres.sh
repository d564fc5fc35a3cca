#!/usr/bin/env bash
# Runs a command beside a throwaway PostgreSQL cluster, which LATCHKEY_TEST_POSTGRES names.
set -euo pipefail

initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1 || command -v initdb)
bin=$(dirname "$initdb")
folder=$(mktemp -d)
# PostgreSQL may listen there; nobody else is given the port until this script ends.
coproc HOLD { exec "$(dirname "$0")/hold_port.py"; }
read -r port <&"${HOLD[0]}"

# initdb refuses root.
as_somebody() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }
[ "$(id -u)" = 0 ] && chown nobody "$folder"

finish() {
  as_somebody "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap finish EXIT

(
  cd "$folder"
  as_somebody "$bin/initdb" -D data -U postgres --auth=trust --no-sync >/dev/null
  as_somebody "$bin/pg_ctl" -D data -w -l log \
    -o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=off" \
    start >/dev/null
)
LATCHKEY_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port" "$@"
