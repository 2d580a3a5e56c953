"""Every `keyway …` command that a page shows exists, with every option that the page gives it.

The commands are read from the code blocks and the inline code of README.md, docs/ and packaging/, and from the help texts.
"""

import pathlib
import re
import shlex
import sys

import help_texts

ROOT = pathlib.Path(__file__).parents[2]
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
HELP = dict(help_texts.all_commands())
GROUPS = {path[:-1] for path in HELP if path}


def shown(text):
    """Command lines that begin with keyway, from code blocks and from inline code."""
    for block in FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\||&&|;|\$\(", line):
                found = re.match(r"^[\s$]*(?:sudo |exec |npx --no-install )*(keyway(?: .*)?)$", part)
                # The server's own words in an output, such as "keyway is ready".
                if found and not re.match(r"keyway (is|runs)\b", found[1]):
                    yield found[1]
    for code in re.findall(r"`(keyway [^`\n]+)`", FENCED.sub("", text)):
        yield code


def fault(command):
    """What is wrong with a command, or None."""
    try:
        words = shlex.split(command, comments=True)[1:]
    except ValueError:
        words = command.split()[1:]
    path = ()
    while words and path in GROUPS:
        word = words.pop(0)
        if word.startswith("-"):  # a global option before the command, with its value
            if words and not words[0].startswith("-") and "=" not in word and word not in ("--version", "--help"):
                words.pop(0)
        elif (*path, word) in HELP:
            path = (*path, word)
        elif re.fullmatch(r"[a-z][a-z-]*", word) and word != "help":
            return f"there is no command keyway {' '.join((*path, word))}"
        elif "|" in word and all((*path, part) in HELP for part in word.split("|")):
            return None  # `keyway account add|rotate`: each exists
        else:
            return None
    for word in words:
        option = re.match(r"--[a-z][a-z-]*", word)
        if option and option[0] != "--help" and not re.search(rf"(?<![\w-]){option[0]}(?![\w-])", HELP[path]):
            return f"keyway {' '.join(path)} has no option {option[0]}"
    return None


def main():
    assert fault("keyway scan --histroy x") and fault("keyway app creat x") and not fault("keyway --data d scan --history x")
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "packaging").rglob("*.md"))]
    faults, commands = [], 0
    for page in pages:
        for command in shown(page.read_text()):
            commands += 1
            if found := fault(command):
                faults.append(f"{page.relative_to(ROOT)}: {command}: {found}")
    print("\n".join(faults))
    print(f"{commands} commands in {len(pages)} pages, {len(faults)} wrong")
    return 1 if faults or commands < 200 else 0


if __name__ == "__main__":
    sys.exit(main())
