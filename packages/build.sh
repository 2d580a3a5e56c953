#!/usr/bin/env bash
# Builds the packages for test suites: packages/build.sh OUT
# pytest-keyway needs a Python with pip and `hatchling` ($PYTHON). It depends on the wheel with the program (packaging/wheel.py), of the same version.
set -euo pipefail

[ $# -eq 1 ] || { echo 'usage: packages/build.sh OUT' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(realpath "$1")
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800}

"${PYTHON:-python3}" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$out" "$here/pytest-keyway"
