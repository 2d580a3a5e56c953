"""Finds discouraged forms (words.tsv, docs/style.md) in everything that people read.

Read are README, CONTRIBUTING, SECURITY, the changelog, docs/ (except coverage, which is generated, the facts, which quote HubSpot,
and the decisions, which keep the words of their day), packaging, packages, the help of every command, and the templates of the console. Code is left out.

    python3 tests/words/check.py            prints what it finds, and fails
    python3 tests/words/check.py --sources  also reads the strings of the Rust sources, and never fails for those
    python3 tests/words/check.py --comments CRATE…
                                            reads only the comments of these crates, without inline code, and fails if it finds a form
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/docs"))
import help_texts  # noqa: E402

# hubspot-facts.md quotes HubSpot.
NOT_READ = {"docs/coverage.md", "docs/hubspot-facts.md", "docs/style.md"}
# Words of the library that reads the command line.
OF_THE_LIBRARY = "Print this message or the help of the given subcommand(s)"


def rules():
    for line in (ROOT / "tests/words/words.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            form, instead, has, has_not = line.split("\t")
            form = re.compile(form, re.IGNORECASE)
            assert form.search(has), f"{form.pattern} does not match its example {has!r}"
            assert not form.search(has_not), f"{form.pattern} matches its near miss {has_not!r}"
            yield form, instead


def without_code(markdown):
    """The text with the content of code blocks, inline code, comments and addresses blanked, so that lines keep their numbers."""
    def blank(found):
        return "".join("\n" if letter == "\n" else " " for letter in found[0])

    for pattern in (r"^```.*?^```", r"<!--.*?-->", r"`[^`\n]*`", r"\]\([^)\n]*\)", r"https?://\S+"):
        markdown = re.sub(pattern, blank, markdown, flags=re.DOTALL | re.MULTILINE)
    return markdown


def without_markup(template):
    """The words of an Askama template."""
    def blank(found):
        return "".join("\n" if letter == "\n" else " " for letter in found[0])

    def strings(found):
        """What an expression of the template shows: its strings."""
        return "".join(part if part.startswith('"') else blank([part]) for part in re.split(r'("[^"\n]*")', found[0]))

    for pattern in (r"\{#.*?#\}", r"<script.*?</script>"):
        template = re.sub(pattern, blank, template, flags=re.DOTALL)
    return re.sub(r"\{[{%].*?[}%]\}", strings, template, flags=re.DOTALL)


def texts():
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    pages += sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "packaging").glob("*.md")) + sorted((ROOT / "packages").glob("*/README.md"))
    for page in pages:
        name = str(page.relative_to(ROOT))
        if name not in NOT_READ:
            yield name, without_code(page.read_text())
    for path, text in help_texts.all_commands():
        # The help is wrapped: one paragraph is one line again.
        yield f"keyway {' '.join(path)} --help".replace("  ", " "), re.sub(r"\n +(?=[^\s-])", " ", text.replace(OF_THE_LIBRARY, ""))
    for template in sorted((ROOT / "web/templates").rglob("*.html")):
        yield str(template.relative_to(ROOT)), without_markup(template.read_text())


def sources():
    for source in sorted((ROOT / "crates").rglob("src/**/*.rs")):
        if "/tests" not in str(source):
            strings = (f"{i}\0{text}" for i, line in enumerate(source.read_text().splitlines(), 1) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', line))
            for numbered in strings:
                number, text = numbered.split("\0", 1)
                yield f"{source.relative_to(ROOT)}:{number}", text


def comment(line):
    # A comment may follow code, whose strings may contain two slashes.
    here = re.match(r"\s*//[/!]? ?(.*)", line) or re.search(r"\s// (.*)", re.sub(r'"(?:[^"\\]|\\.)*"', '""', line))
    return re.sub(r"`[^`]*`", "``", here[1]) if here else ""


def comments(crates):
    for crate in crates:
        files = sorted((ROOT / "crates" / crate / "src").rglob("*.rs"))
        assert files, f"there is no source of a crate {crate}"
        for source in files:
            yield str(source.relative_to(ROOT)), "\n".join(map(comment, source.read_text().splitlines()))


def found(name, text, forms):
    for number, line in enumerate(text.splitlines(), 1):
        for form, instead in forms:
            for hit in form.finditer(line):
                around = line[max(0, hit.start() - 50):hit.end() + 40].strip()
                yield f'{name}:{number}: "{hit[0]}" in "{around}". Write {instead}.'


def main():
    forms = list(rules())
    if "--comments" in sys.argv:
        crates = sys.argv[sys.argv.index("--comments") + 1:]
        forms = [(form, instead) for form, instead in forms if not form.pattern.startswith("(?-i:")]
        hits = [hit for name, text in comments(crates) for hit in found(name, text, forms)]
        print("\n".join(hits))
        print(f"{len(hits)} discouraged forms in comments of {', '.join(crates)}")
        return 1 if hits else 0
    hits = [hit for name, text in texts() for hit in found(name, text, forms)]
    print("\n".join(hits))
    print(f"{len(hits)} discouraged forms")
    if "--sources" in sys.argv:
        listed = [hit for name, text in sources() for hit in found(name, text, forms)]
        print("\n".join(listed))
        print(f"{len(listed)} discouraged forms in strings of the sources")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
