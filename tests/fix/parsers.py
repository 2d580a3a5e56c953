"""Whether a file is read by its language's own parser, where that is installed."""

import ast
import json
import os
import re
import shutil
import subprocess
import tempfile

# Parsers that read a file and run nothing of it. javac stops behind its parser.
STOP = ["-proc:none", "-XDshould-stop.ifNoError=PARSE", "-XDshould-stop.ifError=PARSE"]
COMMANDS = {
    ".php": ["php", "-l"],
    ".rb": ["ruby", "-c"],
    ".sh": ["sh", "-n"],
    ".go": ["gofmt", "-l", "-e"],
    ".java": ["javac", *STOP],
    ".cs": ["mcs", "-parse"],
}


def missing(path):
    """The parser that a file needs and that is not here; None where there is one, or where none is known."""
    command = COMMANDS.get(path.suffix, ["node"] if path.suffix in (".js", ".mjs", ".cjs") else None)
    return command[0] if command and not shutil.which(command[0]) else None


def parses(path):
    """Whether the language's own parser reads a file; None where there is none here."""
    ending = path.suffix
    if ending == ".py":
        try:
            ast.parse(path.read_bytes())
            return True
        except (SyntaxError, ValueError):
            return False
    if ending == ".json":
        try:
            json.loads(path.read_text(encoding="utf-8-sig"))
            return True
        except ValueError:
            return False
    if missing(path):
        return None
    if ending in (".js", ".mjs", ".cjs"):
        # As a module where it has imports, whatever its package says.
        text = path.read_text()
        module = ending == ".mjs" or re.search(r"^\s*(import|export)\b", text, re.M)
        with tempfile.NamedTemporaryFile("w", suffix=".mjs" if module else ".cjs", delete=False) as copy:
            copy.write(text)
        done = subprocess.run(["node", "--check", copy.name], capture_output=True, timeout=60)
        os.unlink(copy.name)
        return done.returncode == 0
    command = COMMANDS.get(ending)
    if not command:
        return None
    return subprocess.run([*command, path], capture_output=True, timeout=60).returncode == 0
