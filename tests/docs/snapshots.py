"""Help, man pages and completions are as somebody read them last: KEYWAY_WRITE_SNAPSHOTS=1 writes tests/docs/snapshots again.

Help of the most used commands is kept word by word. Of every command the names of its options are kept, since scripts
rely on them. One man page stands for all, which clap_mangen makes from the same text.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import help_texts
from help_texts import BINARY, ROOT

FOLDER = pathlib.Path(__file__).parent / "snapshots"
MOST_USED = ["init", "status", "scopes", "scan", "plan", "account create", "app create", "app tighten", "token rotate", "audit tail"]
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def printed(*arguments):
    return subprocess.run([BINARY, *arguments], check=True, capture_output=True, text=True, timeout=20).stdout


def snapshots():
    """Pairs of a file's name and what the program prints for it."""
    commands = help_texts.all_commands()
    for path in MOST_USED:
        yield f"{path.replace(' ', '-')}.txt", dict(commands)[tuple(path.split())]
    yield "commands.txt", "".join(f"{' '.join(['keyway', *path, *names(text)])}\n" for path, text in commands)
    for shell in ("bash", "zsh", "fish"):
        yield f"completions.{shell}", printed("completions", shell).replace(BINARY, "keyway")
    with tempfile.TemporaryDirectory() as folder:
        printed("man", folder)
        pages = {path.stem for path in pathlib.Path(folder).iterdir()}
        missing = {"-".join(["keyway", *path]) for path, _ in commands} - pages
        assert not missing, f"without a man page: {missing}"
        yield "keyway-app-tighten.1", (pathlib.Path(folder) / "keyway-app-tighten.1").read_text().replace(VERSION, "VERSION")


def names(text):
    """The options of a command, without those that every command has."""
    own = text.partition("\nGlobal options:\n")[0]
    return re.findall(r"^ {2,6}(?:-\w, )?(--[a-z][\w-]*)", own, re.MULTILINE) if "Options:" in own else []


def main():
    assert names("Options:\n  -q, --quiet  x\n      --a-b <X>  y\n\nGlobal options:\n      --data <D>") == ["--quiet", "--a-b"]
    differences = []
    for name, text in snapshots():
        file = FOLDER / name
        if os.environ.get("KEYWAY_WRITE_SNAPSHOTS"):
            FOLDER.mkdir(exist_ok=True)
            file.write_text(text)
        kept = file.read_text() if file.exists() else ""
        differences += difflib.unified_diff(kept.splitlines(), text.splitlines(), f"tests/docs/snapshots/{name}", "the program", lineterm="", n=1)
    print("\n".join(differences))
    if differences:
        print("Read the difference. If it is meant, write it with KEYWAY_WRITE_SNAPSHOTS=1 python3 tests/docs/snapshots.py")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
