#!/usr/bin/env bash
# Fuzzes for an hour, or for the seconds given: each target of crates/fuzz under libFuzzer, then calls to every
# operation of the catalog, then the admin API.
#
#   tests/soak.sh [SECONDS] [TARGET…]
#
# Needs a nightly Rust toolchain and a C++ compiler. Inputs that break a rule stand in target/fuzz/artifacts;
# `cargo +nightly fuzz run TARGET FILE` in fuzz/ repeats one. Make it a seed in fuzz/seeds/TARGET once it is mended.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-3600}
[ $# = 0 ] || shift
targets=("$@")
[ ${#targets[@]} != 0 ] || mapfile -t targets < <(basename --suffix=.rs --multiple fuzz/fuzz_targets/*.rs)

rustup toolchain list | grep -q '^nightly' || { echo 'no nightly toolchain. Install one with "rustup toolchain install nightly --profile minimal"'; exit 2; }
command -v c++ >/dev/null || { echo 'no C++ compiler. Install one with "apt-get install g++"'; exit 2; }
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
top=$PWD
# Keyway forbids unsafe code, so that no sanitizer is worth its time; overflow is checked.
build=(-O --debug-assertions --sanitizer none --target-dir "$top/target/fuzz/build")
(cd fuzz && cargo +nightly fuzz build "${build[@]}")

failed=0
each=$((seconds / 2 / ${#targets[@]} + 1))
for target in "${targets[@]}"; do
  mkdir -p "target/fuzz/corpus/$target" "target/fuzz/artifacts/$target"
  echo "$target: $each seconds"
  (cd fuzz && cargo +nightly fuzz run "${build[@]}" "$target" "$top/target/fuzz/corpus/$target" "seeds/$target" -- \
    -max_total_time=$each -timeout=20 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 -artifact_prefix="$top/target/fuzz/artifacts/$target/") \
    2>&1 | tee "target/fuzz/$target.log" | grep -E 'panicked|SUMMARY|stat::number_of_executed_units|Test unit written|^thread' || true
  grep -q 'stat::number_of_executed_units' "target/fuzz/$target.log" || failed=1
  [ -z "$(ls -A "target/fuzz/artifacts/$target")" ] || { echo "$target: see target/fuzz/artifacts/$target"; failed=1; }
done

cargo build --quiet --package keyway
export KEYWAY_BIN=$top/target/debug/keyway
for calls in fuzz_http fuzz_admin; do
  python3 tests/$calls.py --seconds $((seconds / 4)) --seed "$(date +%s)" || failed=1
done
exit $failed
