#!/bin/sh
# Installs the keyway program from a release, after checking its SHA-256 sum.
#
#   sh install.sh
#
# Settings, all optional:
#   KEYWAY_VERSION      the release, such as 0.2.0 (default: the latest)
#   KEYWAY_INSTALL_DIR  the folder for the program (default: ~/.local/bin; man pages go to ../share/man beside it)
#   KEYWAY_REPOSITORY   OWNER/NAME at GitHub (default: where this script was released)
#   KEYWAY_TARGET       the Rust name of the platform (default: this machine's)
#   KEYWAY_RELEASES     URL of a folder with the archives and SHA256SUMS, in place of GitHub (https: or file:)
#
# The script is one function that its last line calls: a script that is cut off does nothing.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

target() { # the Rust name of this machine
  case "$(uname -s)" in
    Linux) system=unknown-linux-musl ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no Keyway for $(uname -s). On Windows, use WSL." ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no Keyway for $(uname -m) processors. Build it from source." ;;
  esac
  echo "$machine-$system"
}

sum() { # sum FILE: its SHA-256 sum
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

main() {
  repository=${KEYWAY_REPOSITORY:-@REPOSITORY@}
  version=${KEYWAY_VERSION:-latest}
  folder=${KEYWAY_INSTALL_DIR:-$HOME/.local/bin}
  target=${KEYWAY_TARGET:-$(target)}
  archive=keyway-$target.tar.gz
  protocol='=https'

  if [ -n "${KEYWAY_RELEASES:-}" ]; then
    releases=$KEYWAY_RELEASES
    case "$releases" in file:*) protocol='=file' ;; esac
  else
    case "$repository" in
      @*) fail 'this copy names no repository. Use the install.sh of a release, or set KEYWAY_REPOSITORY=OWNER/NAME.' ;;
    esac
    case "$version" in
      latest) releases=https://github.com/$repository/releases/latest/download ;;
      *) releases=https://github.com/$repository/releases/download/v${version#v} ;;
    esac
  fi
  for command in curl tar; do
    command -v "$command" >/dev/null || fail "$command is missing. Install it and try again."
  done

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  for file in SHA256SUMS "$archive"; do
    curl --proto "$protocol" --fail --silent --show-error --location --max-filesize 500000000 \
      --output "$work/$file" "$releases/$file" || fail "cannot download $releases/$file"
  done
  expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
  [ -n "$expected" ] || fail "SHA256SUMS does not name $archive. Nothing was installed."
  actual=$(sum "$work/$archive")
  [ "$actual" = "$expected" ] ||
    fail "$archive has the SHA-256 sum $actual, but SHA256SUMS says $expected. Nothing was installed."

  tar -xzf "$work/$archive" -C "$work"
  mkdir -p "$folder"
  # A rename replaces the program in one step, even while it runs.
  cp "$work/keyway" "$folder/.keyway.new"
  chmod 755 "$folder/.keyway.new"
  mv "$folder/.keyway.new" "$folder/keyway"
  echo "Installed $("$folder/keyway" --version) in $folder"
  if [ -d "$work/man/man1" ]; then
    pages=$(dirname "$folder")/share/man/man1
    if mkdir -p "$pages" 2>/dev/null && cp "$work"/man/man1/*.1 "$pages/" 2>/dev/null; then
      echo "Manual: man keyway (in $pages)"
    fi
  fi
  # The script asks the installed program, so that it also knows the names of apps on a server.
  case "${SHELL:-}" in
    */bash) echo "Completions: echo 'source <(keyway completions bash)' >>~/.bashrc" ;;
    */zsh) echo "Completions: echo 'source <(keyway completions zsh)' >>~/.zshrc" ;;
    */fish) echo "Completions: keyway completions fish >~/.config/fish/completions/keyway.fish" ;;
  esac
  case ":$PATH:" in
    *":$folder:"*) ;;
    *) echo "Add it to your PATH: export PATH=\"$folder:\$PATH\"" ;;
  esac
}

main
