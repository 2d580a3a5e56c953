#!/usr/bin/env python3
"""Writes the field corpus: programs and files by language, framework and tool, with known answers.

    field.py OUT [--seed N]

Written from the public documentation of HubSpot, of HTTP clients and of workflow tools, apart from the
planted corpus and from the scanner. `measure.py OUT REPORT.json --field` compares a report with it.
"""


import field_calls
import field_leaks
import field_programs
import field_tools
from generate import write


def main() -> None:
    """Writes the field corpus."""
    write(__doc__, 20261129, (field_calls, field_programs, field_tools, field_leaks))


if __name__ == "__main__":
    main()
