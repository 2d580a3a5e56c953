#!/usr/bin/env bash
# GETs of one contact over loopback, with audit and limits on: wrk, 1 thread, 16 connections.
# Needs wrk; builds the release binary. Usage: tests/load/contact.sh [SECONDS]
# Each connection uses a token of its own and the limits are those of HubSpot's Enterprise tier with
# two increases, so most answers would be 429; `--no-limits` of a later version does not exist yet.
# Instead the load goes to as many apps as it needs (one per 25 calls a second).
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --quiet --package keyway
exec python3 tests/load/contact.py "${1:-10}"
