#!/usr/bin/env python3
"""Writes the planted corpus that `keyway scan` is measured on.

    generate.py OUT [--seed N]

OUT/tree is the tree to scan, OUT/expected.json what a careful auditor would find in it. The same seed
gives the same bytes. The corpus knows nothing of any scanner; `measure.py` compares a report with it.
"""

import argparse
import collections
import json
import shutil
from pathlib import Path

import credentials
import decoys
import formats
import usages
from planting import Corpus


def main() -> None:
    """Writes the planted corpus."""
    write(__doc__, 20261123, (formats, credentials, decoys, usages))


def write(about: str, seed: int, parts: tuple) -> None:
    """Reads the arguments, writes a corpus of these parts, prints how much of what it holds."""
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=seed)
    arguments = parser.parse_args()

    shutil.rmtree(arguments.out / "tree", ignore_errors=True)
    corpus = Corpus(arguments.out, arguments.seed)
    for part in parts:
        part.plant_all(corpus)

    expected = corpus.expected()
    (arguments.out / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
    print_counts(expected)


def print_counts(expected: dict) -> None:
    """A line for each kind and each other thing planted."""
    for kind, count in sorted(collections.Counter(f["kind"] for f in expected["findings"]).items()):
        print(f"{count:5} {kind}")
    print(f"{len(expected['findings']):5} credentials")
    for about in ("credential", "usage"):
        print(f"{sum(n['about'] == about for n in expected['negatives']):5} negatives ({about})")
    for via in ("url", "sdk"):
        print(f"{sum(u['via'] == via for u in expected['usages']):5} usages by {via}")


if __name__ == "__main__":
    main()
