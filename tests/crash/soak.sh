#!/usr/bin/env bash
# The long crash test: 20 client threads for up to 30 seconds, killed at a random moment, ten times.
# Takes about five minutes; builds the release binary first.
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --quiet --package keyway
KEYWAY_BIN=$PWD/target/release/keyway exec python3 tests/crash/crash.py --kills 10 --seconds 30 "$@"
