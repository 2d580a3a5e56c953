#!/usr/bin/env python3
"""Writes the field corpus: programs and files by language, framework and tool, with known answers.

    field.py OUT [--seed N]

Written from the public documentation of HubSpot, of HTTP clients and of workflow tools, apart from the
planted corpus and from the scanner. `measure.py OUT REPORT.json --field` compares a report with it.
"""

import argparse
import json
import shutil
from pathlib import Path

import field_calls
import field_leaks
import field_programs
import field_tools
from generate import print_counts
from planting import Corpus


def main() -> None:
    """Reads the arguments, writes the corpus, prints how much of what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=20261129)
    arguments = parser.parse_args()

    shutil.rmtree(arguments.out / "tree", ignore_errors=True)
    corpus = Corpus(arguments.out, arguments.seed)
    for part in (field_calls, field_programs, field_tools, field_leaks):
        part.plant_all(corpus)
    expected = corpus.expected()
    (arguments.out / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
    print_counts(expected)


if __name__ == "__main__":
    main()
