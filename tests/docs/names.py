"""The pages for those who change Keyway: each file, folder, module and function that they name exists."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ["CONTRIBUTING.md", "docs/ARCHITECTURE.md"]
# Code spans that look like names of the code and are not: a parameter of HubSpot's API, and a crate of others.
OTHERS = {"hapikey", "rmcp"}
# Files that the tests write.
WRITTEN = {"target/tested"}
ITEM = re.compile(r"\b(?:fn|struct|enum|trait|type|const|static|mod|def)\s+(?!fn\b)(\w+)")
KEY = re.compile(r"^(\w+) = ", re.MULTILINE)
FILE = re.compile(r"\.(?:rs|toml|tsv|py|js|lua|md|json|txt|sh|html|css|yml)$")


def tree():
    """The files and folders of the repository, each as a path from its root."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [file for file in listed.stdout.splitlines() if (ROOT / file).is_file()]
    return set(files) | {str(folder) for file in files for folder in pathlib.PurePath(file).parents}


def names(text):
    """The names in code spans: paths, modules, functions. Commands, options, variables and patterns are not among them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for span in re.findall(r"`([^`\n]+)`", text):
        is_name = re.fullmatch(r"[a-z_]\w*|\w+(?:::\w+)+", span)
        is_path = re.fullmatch(r"(?:[\w.-]+/)+|(?:[\w.-]+/)*[\w.-]+", span) and ("/" in span or FILE.search(span))
        has_blank = re.search(r"\b[A-Z]{4,}\.\w+$", span)  # such as web/templates/YOURS.html
        if (is_name or is_path) and not has_blank and span not in OTHERS | WRITTEN:
            yield span, is_path


def main():
    paths = tree()
    ends = {f"/{path}" for path in paths} | {f"/{path.removesuffix('.rs')}" for path in paths if path.endswith(".rs")}
    suffixes = {end[at:] for end in ends for at, letter in enumerate(end) if letter == "/"}
    read = lambda *endings: "\n".join((ROOT / path).read_text() for path in sorted(paths) if path.endswith(endings))
    items = set(ITEM.findall(read(".rs", ".py"))) | set(KEY.findall(read(".toml")))
    seen = [(page, *name) for page in PAGES for name in names((ROOT / page).read_text())]
    found = [
        f"{page}: {span}: there is no such {'file' if is_path else 'module or function'}"
        for page, span, is_path in seen
        if "/" + span.rstrip("/").removeprefix("./") not in suffixes and (is_path or span.split("::")[-1] not in items)
    ]
    print("\n".join(found) or f"{len(seen)} names in {len(PAGES)} pages exist")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
