#!/usr/bin/env bash
# Writes the man pages and the completions of the program into a folder: manual.sh BINARY FOLDER
# Nothing, where the program does not run here: the package of another processor has neither.
set -euo pipefail

binary=$1 folder=$2
"$binary" --version >/dev/null 2>&1 || exit 0
mkdir -p "$folder/man/man1" "$folder/completions"
"$binary" man "$folder/man/man1"
"$binary" completions bash >"$folder/completions/keyway.bash"
"$binary" completions zsh >"$folder/completions/_keyway"
"$binary" completions fish >"$folder/completions/keyway.fish"
