#!/usr/bin/env bash
# Measures Keyway beside its peers and writes the tables of docs/benchmarks.md.
#
#   tests/load/run.sh            measure everything (about an hour on two idle cores)
#   tests/load/run.sh NAME…      measure these tables
#   tests/load/run.sh --list     list the tables and their commands
#
# KEYWAY_BIN names a release build; without it this script makes one.
# Needs wrk, nginx, haproxy, redis-server, postgresql, ripgrep and node. Use a machine that does nothing else.
set -eu
cd "$(dirname "$0")/../.."
if [ "${1-}" != --list ] && [ -z "${KEYWAY_BIN-}" ]; then
  cargo build --release --package keyway
  export KEYWAY_BIN=$PWD/target/release/keyway
fi
exec python3 tests/load/figures.py "$@"
