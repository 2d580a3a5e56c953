#!/usr/bin/env bash
# Makes the Debian package: deb.sh BINARY OUT TARGET VERSION
# It has the program, the systemd unit (not started: `systemctl enable --now keyway` does that), its user, its settings, man
# pages and completions.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
binary=$1 out=$2 target=$3 version=$4
case "$target" in
  x86_64-*) architecture=amd64 ;;
  aarch64-*) architecture=arm64 ;;
  *) echo "deb.sh: $target has no Debian architecture" >&2; exit 2 ;;
esac

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
put() { install -D --mode "$1" "$2" "$root$3"; } # put MODE FILE PATH

put 755 "$binary" /usr/bin/keyway
put 644 "$here/../dist/keyway.toml" /etc/keyway/keyway.toml
put 644 "$here/../LICENSE" /usr/share/doc/keyway/copyright
put 644 "$here/../dist/keyway.service" /usr/lib/systemd/system/keyway.service
sed -i -e 's|/usr/local/bin|/usr/bin|g' -e 's|/etc/systemd/system/|/usr/lib/systemd/system/|' \
  "$root/usr/lib/systemd/system/keyway.service"
gzip -9n <"$here/../CHANGELOG.md" >"$root/usr/share/doc/keyway/changelog.gz"
bash "$here/manual.sh" "$binary" "$root/manual"
if [ -d "$root/manual" ]; then
  put 644 "$root/manual/completions/keyway.bash" /usr/share/bash-completion/completions/keyway
  put 644 "$root/manual/completions/_keyway" /usr/share/zsh/vendor-completions/_keyway
  put 644 "$root/manual/completions/keyway.fish" /usr/share/fish/vendor_completions.d/keyway.fish
  find "$root/manual/man" -type f -exec gzip -9n {} +
  # A loop over nothing where there is no page.
  shopt -s nullglob
  for page in "$root"/manual/man/man1/*.gz; do put 644 "$page" "/usr/share/man/man1/${page##*/}"; done
  rm -r "$root/manual"
fi

depends=passwd # for useradd
if [[ "$target" == *-gnu ]]; then
  newest=$(readelf --version-info --wide "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
  depends="libc6 (>= ${newest#GLIBC_}), libgcc-s1, $depends"
fi
mkdir -m 755 "$root/DEBIAN"
{
  echo 'Package: keyway'
  echo "Version: $version"
  echo "Architecture: $architecture"
  echo "Maintainer: ${KEYWAY_MAINTAINER:-The Keyway project <keyway@example.invalid>}"
  echo "Depends: $depends"
  echo 'Suggests: git, systemd'
  echo "Installed-Size: $(du -sk --exclude DEBIAN "$root" | cut -f 1)"
  echo 'Section: net'
  echo 'Priority: optional'
  echo 'Description: gateway, scanner and test double for the HubSpot API'
  echo ' Keyway gives each HubSpot integration its own revocable token, the scopes it'
  echo ' uses, a fair share of the rate limit and an audit trail. It also finds HubSpot'
  echo ' credentials in code and serves an embedded account for tests.'
} >"$root/DEBIAN/control"
echo /etc/keyway/keyway.toml >"$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 "$here/debian/$script" "$root/DEBIAN/$script"; done

find "$root" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
file=keyway_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$out/$file" >/dev/null
echo "$file"
