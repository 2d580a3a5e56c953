#!/usr/bin/env bash
# Makes the packages of one platform from one program: packaging/build.sh BINARY OUT [TARGET]
# See packaging/README.md. The same input gives the same bytes.
set -euo pipefail

[ $# -ge 2 ] || { echo 'usage: packaging/build.sh BINARY OUT [TARGET]' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
# The only place that says the version.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800} # 1980-01-01, the first moment that a zip file knows

host() {
  case "$(uname -s)" in
    Darwin) echo "$(uname -m | sed s/arm64/aarch64/)-apple-darwin" ;;
    *) if readelf --dynamic "$binary" | grep -q NEEDED; then echo "$(uname -m)-unknown-linux-gnu"; else echo "$(uname -m)-unknown-linux-musl"; fi ;;
  esac
}
target=${3:-$(host)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$binary" "$work/keyway"
chmod 755 "$work/keyway"
# Release builds have no symbols; a debug build is five times as large with them.
case "$target" in
  *-linux-*) if command -v strip >/dev/null; then strip "$work/keyway" 2>/dev/null || true; fi ;;
esac

# The archive, with fixed owners, order and times. It has man pages and completions where the program runs here.
cp "$here/../LICENSE" "$here/../README.md" "$work/"
bash "$here/manual.sh" "$work/keyway" "$work"
parts=(keyway LICENSE README.md)
if [ -d "$work/man" ]; then parts+=(man completions); fi
case "$target" in
  *-apple-darwin) tar -C "$work" -czf "$out/keyway-$target.tar.gz" "${parts[@]}" ;;
  *) tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "${parts[@]}" |
    gzip -n >"$out/keyway-$target.tar.gz" ;;
esac

python3 "$here/wheel.py" "$work/keyway" "$out" "$target" "$version"
python3 "$here/npm.py" "$work/keyway" "$out" "$target" "$version"
case "$target" in
  *-linux-*) if command -v dpkg-deb >/dev/null; then bash "$here/deb.sh" "$work/keyway" "$out" "$target" "$version"; fi ;;
esac
python3 "$here/finish.py" "$out"
