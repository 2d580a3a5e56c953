"""Runs the recipes of docs/testing.md that have a runtime here, as they stand there: every block with a file's name."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="keyway-recipes-"))
    files = BLOCK.findall((ROOT / "docs/testing.md").read_text())
    assert len(files) == 4, f"docs/testing.md has {len(files)} named files, 4 are expected"
    for name, text in files:
        (folder / name).write_text(text)
    environment = {**os.environ, "KEYWAY_BIN": os.environ.get("KEYWAY_BIN", str(ROOT / "target/debug/keyway"))}
    for command in ([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."], ["node", "--test", "contacts.test.mjs"]):
        if subprocess.run(command, cwd=folder, env=environment, timeout=120).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
