#!/usr/bin/env bash
# Runs a command beside a throwaway pgbouncer in transaction mode, which LATCHKEY_TEST_POOLER names,
# in front of the cluster of scripts/with_postgres.sh:
#   scripts/with_postgres.sh scripts/with_pooler.sh cargo test …
set -euo pipefail

program=/usr/sbin/pgbouncer
[ -x $program ] || program=$(command -v pgbouncer)
server=${LATCHKEY_TEST_POSTGRES##*@}
folder=$(mktemp -d)
# The pooler may listen there; nobody else is given the port.
coproc HOLD { exec "$(dirname "$0")/hold_port.py"; }
read -r port <&"${HOLD[0]}"

# Few sessions for each story's database, not kept: there are hundreds of databases.
cat >"$folder/pgbouncer.ini" <<INI
[databases]
* = host=${server%:*} port=${server#*:} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_idle_timeout = 2
max_client_conn = 5000
INI

# pgbouncer refuses root.
as=()
if [ "$(id -u)" = 0 ]; then
  chown -R nobody "$folder"
  as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$program" -q "$folder/pgbouncer.ini" >/dev/null 2>&1 &
pooler=$!
trap 'kill $pooler 2>/dev/null || true; rm -rf "$folder"' EXIT
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 $pooler || { echo "pooler: pgbouncer did not start" >&2; exit 1; }
  sleep 0.05
done
LATCHKEY_TEST_POOLER="postgres://postgres@127.0.0.1:$port" "$@"
