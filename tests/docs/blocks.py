"""The code blocks of a page, and the commands in them.

A page has three kinds of blocks with commands:

- `console`: a line that begins with `$ ` is a command, and the lines below it are its output.
- `sh`: each line is a command. What it prints is not compared.
- `console` below `<!-- terminal: server -->`: the command runs in the background, until its last line is printed.

A command that ends in a backslash goes on in the next line, and one with `<<'WORD'` until the line WORD.
`<!-- file: NAME -->` above a block of any language: the block is that file.
A block `text` or `json` is the output of the last command above it.
Blocks of other languages (`python`, `yaml`, …) hold neither. A block without a language is a fault.
"""

import dataclasses
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).parents[2]
FENCED = re.compile(r"(?:^ *<!-- (file|terminal): (\S+) -->\n)?^( *)```(\S*)\n(.*?)^\3```$", re.DOTALL | re.MULTILINE)
LANGUAGES_WITH_COMMANDS = ("sh", "console")


@dataclasses.dataclass
class Block:
    line: int
    mark: str  # file, terminal or nothing
    value: str
    language: str
    text: str

    def commands(self):
        """Pairs of a command and its output; the output of a command in an `sh` block is None."""
        if self.mark == "file":
            return []
        if self.language == "console":
            return [(command, output) for command, output in console(self.text)]
        return [(command, None) for command in script(self.text)] if self.language == "sh" else []

    def is_output(self):
        return self.language in ("text", "json") and not self.mark


def pages():
    """Every page with commands for its readers, by its path in the repository."""
    return ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


def blocks(page):
    text = (ROOT / page).read_text()
    return [
        Block(text.count("\n", 0, found.start(4)) + 1, found[1] or "", found[2] or "", found[4], textwrap.dedent(found[5]))
        for found in FENCED.finditer(text)
    ]


def ends(command):
    """Whether a command needs no further line."""
    lines = command.splitlines()
    here = re.search(r"<<'(\w+)'", lines[0])
    return lines[-1] == here[1] if here else not lines[-1].endswith("\\")


def console(text):
    found = []
    for line in text.splitlines():
        if found and not ends(found[-1][0]):
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], ""])
        else:
            assert found, f"output without a command: {line}"
            found[-1][1] += line + "\n"
    return found


def script(text):
    found = []
    for line in text.splitlines():
        if found and not ends(found[-1]):
            found[-1] += "\n" + line
        elif line.strip() and not line.startswith("#"):
            found.append(line)
    return found


def self_test():
    assert console("$ a \\\n  b\nc\n$ d <<'T'\n$ e\nT\nf\n") == [["a \\\n  b", "c\n"], ["d <<'T'\n$ e\nT", "f\n"]]
    assert script("a # why\n# all of it\n\nb \\\n  c\nd <<'T'\ne\nT\n") == ["a # why", "b \\\n  c", "d <<'T'\ne\nT"]
