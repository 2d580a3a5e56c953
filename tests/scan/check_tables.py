#!/usr/bin/env python3
"""Holds the corpus's tables against the project's: `check_tables.py DATA_DIRECTORY`. Prints what differs."""

import csv
import sys
from pathlib import Path

from planting import other_names
from tables import CLIENT_CALLS, PATHS


def main() -> None:
    """Compares and exits 1 where anything differs."""
    data = Path(sys.argv[1])
    endpoints = {(row["method"], row["path"].rstrip("/")) for row in rows(data / "endpoints.tsv")}
    prefixes = {row["path prefix"] for row in rows(data / "pre_v3.tsv")}
    calls = {row["call"]: (row["method"], row["path"].rstrip("/")) for row in rows(data / "sdk_calls.tsv")}
    wrong = [path for path in PATHS if not published(path, endpoints) and path.template not in prefixes]
    wrong += [call for call in CLIENT_CALLS if not published(call, endpoints)]
    wrong += [call for call in CLIENT_CALLS if calls.get(call.name) != (call.method, call.template)]
    for item in wrong:
        print(*item)
    sys.exit(bool(wrong))


def published(item: tuple, endpoints: set) -> bool:
    """Whether an operation is published, by this name or another."""
    names = [f"{item.method} {item.template}"]
    return any(tuple(name.split(" ")) in endpoints for name in names + other_names(names[0]))


def rows(path: Path) -> list:
    """The rows of a table."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


if __name__ == "__main__":
    main()
