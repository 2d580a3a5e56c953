#!/usr/bin/env bash
# GETs of one contact over loopback, with audit and limits on: wrk, 1 thread, 16 connections.
# Needs wrk; builds the release binary. Usage: tests/load/contact.sh [SECONDS]
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --quiet --package keyway
exec python3 tests/load/contact.py "${1:-10}"
