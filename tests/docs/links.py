"""The links of the pages outside docs/, which the site does not check: each file, and each section of a page, exists. README.md is short."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "packaging/README.md"]
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


def main():
    found = [fault for name in PAGES for fault in faults(name)]
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines > README_LINES_MAX:
        found.append(f"README.md has {lines} lines; at most {README_LINES_MAX} are read")
    print("\n".join(found) or f"links of {len(PAGES)} pages lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
