#!/usr/bin/env bash
# Builds the packages for test suites: packages/build.sh OUT
# pytest-keyway needs a Python with pip and `hatchling` ($PYTHON), @keyway/test needs npm. Neither has the program in it:
# both depend on the packages of packaging/, of the same version.
set -euo pipefail

[ $# -eq 1 ] || { echo 'usage: packages/build.sh OUT' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(realpath "$1")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800}

"${PYTHON:-python3}" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$out" "$here/pytest-keyway"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/node/." "$work"
cp "$here/../LICENSE" "$work"
rm -rf "$work/sample"
(cd "$work" && npm pkg set "version=$version" "dependencies.keyway-cli=$version" && npm pack --silent --pack-destination "$out" >/dev/null)
