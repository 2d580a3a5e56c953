#!/usr/bin/env bash
# Checks that a release may be made: packaging/version.sh [refs/tags/vX.Y.Z]
# The tag, Cargo.toml and the newest heading of CHANGELOG.md must name one version.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
case "${1-}" in
  refs/tags/v*) [ "${1#refs/tags/v}" = "$version" ] || { echo "the tag is ${1#refs/tags/}, but Cargo.toml says $version" >&2; exit 1; } ;;
  *) echo "no tag: Cargo.toml says $version"; exit 0 ;;
esac
grep -q "^## \[$version\] - [0-9-]\{10\}$" CHANGELOG.md || { echo "CHANGELOG.md has no heading \"## [$version] - DATE\"" >&2; exit 1; }
echo "version $version"
