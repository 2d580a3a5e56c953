"""Writes what names other files of a release, once they are all there: finish.py OUT

install.sh, the Homebrew formula for the archives in OUT, and SHA256SUMS. KEYWAY_REPOSITORY=OWNER/NAME is the GitHub repository.
"""

import hashlib
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent

BLOCKS = [
    ("on_macos", "on_arm", "aarch64-apple-darwin"), ("on_macos", "on_intel", "x86_64-apple-darwin"),
    ("on_linux", "on_arm", "aarch64-unknown-linux-musl"), ("on_linux", "on_intel", "x86_64-unknown-linux-musl"),
]


def main():
    out = pathlib.Path(sys.argv[1])
    version = re.search(r'^version = "(.*)"', (HERE.parent / "Cargo.toml").read_text(), re.MULTILINE)[1]
    repository = os.environ.get("KEYWAY_REPOSITORY", "")
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        sys.exit(f"KEYWAY_REPOSITORY={repository} is not OWNER/NAME")

    install = (HERE / "install.sh").read_text()
    (out / "install.sh").write_text(install.replace("@REPOSITORY@", repository) if repository else install)
    (out / "keyway.rb").write_text(formula(out, version, repository or "OWNER/keyway"))
    files = sorted(file for file in out.iterdir() if file.is_file() and file.name != "SHA256SUMS")
    (out / "SHA256SUMS").write_text("".join(f"{sha256(file)}  {file.name}\n" for file in files))


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def formula(out, version, repository):
    """The Homebrew formula, with a block for each platform whose archive is there."""
    lines = [
        "# Written by packaging/finish.py. Do not edit.",
        "class Keyway < Formula",
        '  desc "Gateway, scanner and test double for the HubSpot API"',
        f'  homepage "https://github.com/{repository}"',
        f'  version "{version}"',
        '  license "Apache-2.0"',
    ]
    for block in ("on_macos", "on_linux"):
        parts = [(cpu, target) for of, cpu, target in BLOCKS if of == block and (out / f"keyway-{target}.tar.gz").exists()]
        if parts:
            lines += ["", f"  {block} do"]
            for cpu, target in parts:
                archive = out / f"keyway-{target}.tar.gz"
                lines += [
                    f"    {cpu} do",
                    f'      url "https://github.com/{repository}/releases/download/v{version}/{archive.name}"',
                    f'      sha256 "{sha256(archive)}"',
                    "    end",
                ]
            lines += ["  end"]
    lines += [
        "", "  def install", '    bin.install "keyway"', '    generate_completions_from_executable(bin/"keyway", "completions")',
        '    man1.install Dir["man/man1/*.1"]', "  end",
        "", "  test do", '    assert_match version.to_s, shell_output("#{bin}/keyway --version")', "  end", "end", "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
