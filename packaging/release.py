"""Makes a version: release.py VERSION, such as 0.2.0

Writes the version into Cargo.toml, Cargo.lock and the pages that show it, gives the entries under "Unreleased" in CHANGELOG.md its
heading, commits, and tags. Nothing is pushed: `git push --follow-tags` starts the release workflow.
"""

import datetime
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
# Where a page or a template shows the version: a pattern with the version in its second group.
SHOWN = {
    "docs/scan.md": r"(rev: v|OWNER/keyway@v)(\d+\.\d+\.\d+)",
    "docs/service.md": r"(keyway_)(\d+\.\d+\.\d+)",
    "docs/install.md": r"(keyway_|KEYWAY_VERSION=)(\d+\.\d+\.\d+)",
    "packaging/helm/keyway/Chart.yaml": r'^(version: |appVersion: ")(\d+\.\d+\.\d+)',
    "packaging/kubernetes/keyway.yaml": r"(kubernetes\.io/version: |/keyway:)(\d+\.\d+\.\d+)",
    "packaging/gitlab/keyway-scan.yml": r'(KEYWAY_VERSION: ")(\d+\.\d+\.\d+)',
}


def main():
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+", sys.argv[1]):
        sys.exit("usage: python3 packaging/release.py VERSION, such as 0.2.0")
    version = sys.argv[1]
    if git("status", "--porcelain"):
        sys.exit("the work tree has changes. Commit or discard them first.")
    cargo = ROOT / "Cargo.toml"
    before = re.search(r'^version = "(.*)"', cargo.read_text(), re.MULTILINE)[1]
    if numbers(version) <= numbers(before):
        sys.exit(f"{version} is not later than {before}, the version in Cargo.toml")

    changelog = ROOT / "CHANGELOG.md"
    entries = changelog.read_text().partition("## [Unreleased]\n")[2].partition("\n## [")[0]
    if "\n- " not in entries:
        sys.exit('CHANGELOG.md has no entry under "## [Unreleased]"')

    replace(cargo, r'^(version = ")[^"]*', rf"\g<1>{version}", 1)
    replace(ROOT / "Cargo.lock", r'^(name = "keyway[\w-]*"\nversion = ")[^"]*', rf"\g<1>{version}")
    for name, pattern in SHOWN.items():
        replace(ROOT / name, pattern, lambda found: found[0].replace(found[2], version))
    day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    replace(changelog, r"^## \[Unreleased\]\n(\nThis becomes version .*\n)?", f"## [Unreleased]\n\n## [{version}] - {day}\n", 1)

    git("commit", "--quiet", "--all", "--message", f"Release {version}")
    git("tag", "--annotate", f"v{version}", "--message", f"Keyway {version}")
    print(f"committed and tagged v{version}. Look at it with \"git show\", then: git push --follow-tags")


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def replace(path, pattern, by, count=0):
    text, found = re.subn(pattern, by, path.read_text(), count=count, flags=re.MULTILINE)
    if not found:
        git("checkout", "--quiet", "--", ".")
        sys.exit(f"{os.path.relpath(path, ROOT)} has no place for the version")
    path.write_text(text)


def git(*command):
    return subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
