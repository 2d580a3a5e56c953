"""The pages outside docs/, which the site does not check: each linked file and section exists, README.md is short,
and tests/README.md lists the parts of test.sh."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "packaging/README.md", "tests/README.md"]
README_LINES_MAX = 150


def sections(page):
    """The anchors of a page's headings, as code hosts make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def faults(name):
    page = ROOT / name
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, section = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists():
            yield f"{name}: {target}: there is no such file"
        elif section and section not in sections(file):
            yield f"{name}: {target}: {path or name} has no such section"


def parts():
    """What differs between the parts of test.sh and the table of tests/README.md: names, what they show, and their files."""
    listed = subprocess.run([ROOT / "test.sh", "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    listed = {name: shows for name, shows in (line.split(maxsplit=1) for line in listed)}
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \| (.*?) \| (?:<?\d+) \|$", (ROOT / "tests/README.md").read_text(), re.MULTILINE)
    for name in listed.keys() - {name for name, *_ in rows}:
        yield f"tests/README.md: the part {name} is not in the table"
    for name, shows, files in rows:
        if listed.get(name) != shows:
            yield f"tests/README.md: {name}: test.sh has {listed.get(name)!r}"
        for file in re.findall(r"`([^`]+)`", files):
            if not list(ROOT.glob(file)):
                yield f"tests/README.md: {name}: {file} does not exist"


def main():
    found = [fault for name in PAGES for fault in faults(name)] + list(parts())
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines > README_LINES_MAX:
        found.append(f"README.md has {lines} lines; at most {README_LINES_MAX} are read")
    print("\n".join(found) or f"links of {len(PAGES)} pages lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
