"""The help of every command, as the program prints it."""

import functools
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("KEYWAY_BIN", str(ROOT / "target/debug/keyway"))


@functools.cache
def all_commands():
    """Pairs of a command's path, such as ("app", "create"), and its long help, in the order of the help."""
    found, waiting = [], [()]
    while waiting:
        path = waiting.pop(0)
        env = {k: v for k, v in os.environ.items() if not k.startswith("KEYWAY_")} | {"COLUMNS": "100", "NO_COLOR": "1"}
        text = subprocess.run([BINARY, *path, "--help"], check=True, capture_output=True, text=True, env=env, timeout=20).stdout
        found.append((path, text))
        # At the top the commands are in groups, each with a heading.
        below = re.search(r"^Commands:\n((?:.*\n)*?)(?:\n|\Z)" if path else r"^Usage: .*\n((?:.*\n)*?)Global options:\n", text, re.MULTILINE)
        names = re.findall(r"^  ([a-z][a-z0-9-]*)(?= |$)", below[1], re.MULTILINE) if below else []
        waiting[:0] = [(*path, name) for name in names if name != "help"]
    return found


def options(text):
    """The options in a help text: name with its value, variable, default, possible values and meaning."""
    found = []
    # Headings of groups, and what stands below the options, are about none of them.
    body = re.sub(r"^\S.*:$", "", text[text.index("Options:"):].partition("\nExamples:\n")[0], flags=re.MULTILINE)
    for block in re.split(r"\n(?=(?:  -\w, |      )--[a-z])", body)[1:]:
        head, _, rest = block.partition("\n")
        name = re.match(r"\s*((?:-\w, )?--[\w-]+(?:[ =]\[?<[^>]+>\]?)?(?:\.\.\.)?)", head)[1]
        words = " ".join((head[head.index(name) + len(name):] + " " + rest).split())
        variable = re.search(r"\[env: (\w+)=?[^\]]*\]", words)
        default = re.search(r"\[default: ([^\]]*)\]", words)
        listed = re.search(r"\[possible values: ([^\]]*)\]", words)
        values = listed[1].split(", ") if listed else []
        meaning, _, described = words.partition("Possible values:")
        values += re.findall(r"- ([\w-]+):", described)
        meaning = re.sub(r"\[(?:env|default|possible values): [^\]]*\]", "", meaning).strip()
        found.append({"name": name, "variable": variable and variable[1], "default": default and default[1], "values": values, "meaning": meaning})
    return found
