#!/usr/bin/env python3
"""Compares a scan report with what the corpus expects.

    measure.py OUT REPORT.json [--misses] [--field]

Prints recall and precision per kind of credential, then those of usages. Exits 1 where recall or precision
is under 0.98 over all credentials or usages, or a kind is under 0.90. Lines must be exact for credentials and
may be one off for usages. No secret value is printed.

With --field the bounds are those of the field corpus: leaks found 0.98 and right 0.99, usages found 0.95,
methods right 0.97; steps of workflow tools and clients count as usages.
"""

import argparse
import collections
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path

OVERALL, PER_KIND = 0.98, 0.90
PRECISION, USAGES, METHODS = 0.99, 0.95, 0.97
USAGE_TOLERANCE = 1

_TABLE = Path(__file__).resolve().parents[2] / "data" / "pre_v3.tsv"
FAMILIES = {row.split("\t")[0] for row in _TABLE.read_text().splitlines()[1:]}

_MASKED = re.compile(r"[A-Za-z0-9+/_-]{4,}(?:-[0-9A-Fa-f]{2,})+|[A-Za-z0-9+/_-]{24,}|[0-9a-f-]{9,}")


def main() -> None:
    """Reads both files, prints the comparison, exits by its outcome."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--field", action="store_true", help="the bounds of the field corpus")
    parser.add_argument("--misses", action="store_true", help="list each miss and false alarm")
    arguments = parser.parse_args()

    expected = json.loads((arguments.out / "expected.json").read_text())
    report = json.loads(arguments.report.read_text())
    passed, listed = measure_findings(expected, report, arguments.field)
    usages_passed, usages_listed = measure_usages(expected, report, arguments.field)
    if arguments.misses:
        list_misses(arguments.out, expected, listed + usages_listed)
    sys.exit(not (passed and usages_passed))


# Credentials


def measure_findings(expected: dict, report: dict, field: bool) -> tuple:
    """Prints the table of kinds; returns whether it passes, and the misses and false alarms."""
    wanted = collections.Counter(finding_key(f) for f in expected["findings"])
    found = collections.Counter(finding_key(f) for f in report["findings"])
    hits = wanted & found
    print(f"{'kind':22}{'expected':>9}{'found':>7}{'recall':>8}{'precision':>11}")
    passed = True
    for kind in sorted({key[2] for key in wanted + found}):
        passed &= print_row(kind, *(of_kind(count, kind) for count in (wanted, found, hits)), PER_KIND)
    precision = PRECISION if field else OVERALL
    passed &= print_row("all credentials", wanted.total(), found.total(), hits.total(), OVERALL, precision)
    misses = [("missed", path, line, kind) for path, line, kind in (wanted - found).elements()]
    return passed, misses + [("false alarm", path, line, kind) for path, line, kind in (found - wanted).elements()]


def finding_key(finding: dict) -> tuple:
    """What must agree for a credential."""
    return clean_path(finding["path"]), finding["line"], finding["kind"]


def clean_path(path: str) -> str:
    """A path as the expectations spell it."""
    return path.removeprefix("./")


def of_kind(count: collections.Counter, kind: str) -> int:
    """How many of a kind."""
    return sum(number for key, number in count.items() if key[2] == kind)


def print_row(name: str, wanted: int, found: int, hits: int, least: float, precise: float | None = None) -> bool:
    """Prints one row and tells whether both ratios are enough."""
    recall, precision = ratio(hits, wanted), ratio(hits, found)
    passed = recall >= least and precision >= (precise or least)
    print(f"{name:22}{wanted:9}{found:7}{recall:8.3f}{precision:11.3f}{'' if passed else '  under ' + str(least)}")
    return passed


def ratio(part: int, whole: int) -> float:
    """A share; of nothing, all."""
    return part / whole if whole else 1.0


# Usages


def measure_usages(expected: dict, report: dict, field: bool) -> tuple:
    """Prints how the usages compare; returns whether they pass, and the misses and false alarms."""
    wanted = expected["usages"]
    # In the planted corpus, clients, steps of workflow tools and MCP servers are usages beside the calls.
    vias = ("url", "sdk", "node", "client") if field else ("url", "sdk")
    left = group_by_path([usage for usage in report["usages"] if usage["via"] in vias])
    pairs, remaining = pair_up(wanted, left)
    alarms = drop_tolerated([u for group in left.values() for u in group], expected.get("either", []))

    resolved = sum(same_operation(a, b) for a, b in pairs)
    auth = sum(a["auth"] == b.get("auth") for a, b in pairs)
    found = len(pairs) + len(alarms)
    print()
    print_vias(wanted, pairs)
    least = USAGES if field else OVERALL
    passed = print_row("usages by place", len(wanted), found, len(pairs), least)
    passed &= print_share("with the operation", resolved, len(wanted), least)
    right = sum(operation_of(a).split(" ")[0] == operation_of(b).split(" ")[0] for a, b in pairs)
    passed &= print_share("methods right", right, len(wanted), METHODS if field else OVERALL)
    print(f"{'auth agrees':22}{len(pairs):9}{auth:7}{ratio(auth, len(pairs)):8.3f}")

    listed = [("missed", clean_path(u["path"]), u["line"], operation_of(u)) for u in remaining]
    listed += [
        ("other operation", clean_path(a["path"]), a["line"], f"{operation_of(a)}, reported {operation_of(b)}")
        for a, b in pairs
        if not same_operation(a, b)
    ]
    listed += [
        ("other auth", clean_path(a["path"]), a["line"], f"{a['auth']}, reported {b.get('auth')}")
        for a, b in pairs
        if a["auth"] != b.get("auth")
    ]
    listed += [("false alarm", clean_path(u["path"]), u["line"], operation_of(u)) for u in alarms]
    return passed, listed


def print_share(name: str, part: int, whole: int, least: float) -> bool:
    """Prints one share and tells whether it is enough."""
    share = ratio(part, whole)
    print(f"{name:22}{whole:9}{part:7}{share:8.3f}{'' if share >= least else f'  under {least}'}")
    return share >= least


def pair_up(wanted: list, left: dict) -> tuple:
    """Pairs expected usages with reported ones, taking those out of `left`; also returns the unpaired."""
    pairs, remaining = [], wanted
    # Exact agreement first, so that a neighbour one line off does not take another's place.
    for same in (same_all, same_operation_near, same_line, near):
        unmatched = []
        for usage in remaining:
            other = take(left, usage, same)
            if other is None:
                unmatched.append(usage)
            else:
                pairs.append((usage, other))
        remaining = unmatched
    return pairs, remaining


def group_by_path(usages: list) -> dict:
    """The reported usages of each file."""
    groups = collections.defaultdict(list)
    for usage in usages:
        groups[clean_path(usage["path"])].append(usage)
    return groups


def take(left: dict, usage: dict, same) -> dict | None:
    """Takes the reported usage that matches an expected one, if there is any."""
    group = left.get(clean_path(usage["path"]), [])
    for index, other in enumerate(group):
        if same(usage, other):
            return group.pop(index)
    return None


def same_all(a: dict, b: dict) -> bool:
    """The same line and operation."""
    return a["line"] == b["line"] and same_operation(a, b)


def same_line(a: dict, b: dict) -> bool:
    """The same line."""
    return a["line"] == b["line"]


def same_operation_near(a: dict, b: dict) -> bool:
    """The same operation, a line off at most."""
    return near(a, b) and same_operation(a, b)


def near(a: dict, b: dict) -> bool:
    """Whether two lines are within the tolerance."""
    return abs(a["line"] - b["line"]) <= USAGE_TOLERANCE


def same_operation(usage: dict, other: dict) -> bool:
    """Whether a reported operation is the expected one, by any of its right names.

    Of operations older than v3 the corpus names the family, and the report the whole path.
    """
    wanted, reported = operation_of(usage), operation_of(other)
    family = wanted.split(" ")[-1] in FAMILIES and reported.startswith(f"{wanted}/")
    return family or reported in (wanted, *usage.get("also", []))


def operation_of(usage: dict) -> str:
    """The operation as text; a slash at the end says nothing."""
    return (usage.get("operation") or "?").rstrip("/")


def drop_tolerated(alarms: list, either: list) -> list:
    """Leaves out what may be reported or not."""
    places = {(clean_path(e["path"]), e["line"]) for e in either}
    return [u for u in alarms if (clean_path(u["path"]), u["line"]) not in places]


def print_vias(wanted: list, pairs: list) -> None:
    """The recall of usages by URL and by client call."""
    for via in ("url", "sdk", "node", "client"):
        if not any(u["via"] == via for u in wanted):
            continue
        of_via = sum(u["via"] == via for u in wanted)
        hits = sum(a["via"] == via for a, _ in pairs)
        print(f"{'usages by ' + via:22}{of_via:9}{hits:7}{ratio(hits, of_via):8.3f}")


# Misses


def list_misses(out: Path, expected: dict, listed: list) -> None:
    """Prints each miss and false alarm with its line, and what the corpus says of it."""
    reasons = {(n["path"], n["line"]): n["why"] for n in expected["negatives"]}
    cache = {}
    for what, path, line, detail in sorted(listed, key=lambda entry: (entry[0], entry[3], entry[1], entry[2])):
        reason = reasons.get((path, line))
        print(f"\n{what}: {detail}\n  {path}:{line}" + (f" ({reason})" if reason and what == "false alarm" else ""))
        print(f"    {masked(line_of(out / 'tree', path, line, cache))}")


def masked(text: str) -> str:
    """A line with whatever may be a secret reduced to its first characters."""
    return _MASKED.sub(lambda match: match.group()[:4] + "…", text.strip())[:160]


def line_of(tree: Path, path: str, line: int, cache: dict) -> str:
    """The text of a line, in an archive as well."""
    if path not in cache:
        try:
            cache[path] = decoded(content(tree, path)).split("\n")
        except (OSError, KeyError) as problem:
            cache[path] = [f"({problem})"]
    lines = cache[path]
    return lines[line - 1] if 0 < line <= len(lines) else "(no such line)"


def content(tree: Path, path: str) -> bytes:
    """The bytes of a file or of an archive's member."""
    outer, _, inner = path.partition("!")
    if not inner:
        return (tree / outer).read_bytes()
    if outer.endswith(".zip"):
        with zipfile.ZipFile(tree / outer) as archive:
            return archive.read(inner)
    with tarfile.open(tree / outer) as archive:
        return archive.extractfile(inner).read()


def decoded(data: bytes) -> str:
    """The text of bytes with or without a byte order mark."""
    if data.startswith(b"\xff\xfe"):
        return data.decode("utf-16")
    return data.decode("utf-8-sig", "replace")


if __name__ == "__main__":
    main()
