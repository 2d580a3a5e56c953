"""Compares what a command printed with the output that a page shows.

In an output `…` stands for any text of a line, and a line `…` for any number of lines.
In JSON the order of keys and the layout do not count. `"…"` stands for any one value, and at the end of a list for
any further ones. All else must be as printed: a key that only one side has is a difference.

VARIES has what differs from run to run. Each kind is compared as a kind: a time with a time, a token with a token.
"""

import json
import re

VARIES = {
    "TOKEN": r"\bpat-[a-z]{2}\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "UUID": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "TIME": r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z",
    "HASH": r"\b[0-9a-f]{32,128}\b",
    "DURATION": r"\b\d+(?:\.\d+)? ms\b",
    "VERSION": r"(?<![\d.])\d+\.\d+\.\d+(?![\d.])",
}
ANY_THAT_VARIES = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in VARIES.items()))


def fault(expected, printed, language):
    """What is wrong with an output, or None."""
    if language != "json":
        return None if matches(expected, printed) else f"printed\n{printed}\nbut the page says\n{expected}"
    try:
        found = json.loads(printed)
    except ValueError:
        return f"printed no JSON but\n{printed}"
    return difference(json.loads(expected), found, "$")


def matches(expected, printed):
    wanted = "".join(r"(?:.*\n)*?" if line == "…" else pattern(line) + r"[ \t]*\n" for line in expected.splitlines())
    printed = printed.strip("\n")
    return re.fullmatch(wanted, printed + "\n" if printed else "") is not None


def pattern(line):
    """What a line of a page matches."""
    line, found, end = line.rstrip(), "", 0
    for hit in ANY_THAT_VARIES.finditer(line):
        found += literally(line[end : hit.start()]) + VARIES[hit.lastgroup]
        end = hit.end()
    return found + literally(line[end:])


def literally(text):
    return ".*".join(re.escape(part) for part in text.split("…"))


def difference(expected, found, place):
    """The first place where two JSON values differ."""
    if expected == "…":
        return None
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            missing, unknown = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
            return f"{place}: only on the page: {missing}; only in the output: {unknown}"
        return first(difference(expected[key], found[key], f"{place}.{key}") for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        more = expected[-1:] == ["…"]
        expected = expected[:-1] if more else expected
        if len(found) < len(expected) or len(found) > len(expected) and not more:
            return f"{place}: {len(expected)} entries on the page, {len(found)} in the output: {json.dumps(found, ensure_ascii=False)[:500]}"
        return first(difference(one, other, f"{place}[{n}]") for n, (one, other) in enumerate(zip(expected, found)))
    if isinstance(expected, str) and isinstance(found, str) and "\n" not in found:
        same = matches(expected, found)
    else:
        same = expected == found and isinstance(expected, bool) == isinstance(found, bool)
    return None if same else f"{place}: on the page {json.dumps(expected, ensure_ascii=False)}, in the output {json.dumps(found, ensure_ascii=False)}"


def first(differences):
    return next((one for one in differences if one), None)


def self_test():
    assert matches("a …\n…\nend\n", "a b\nx\ny\nend\n") and matches("a …\n…\nend\n", "a b\nend")
    assert not matches("a\n", "a\nb\n") and not matches("", "x") and matches("", "\n") and not matches("a …\n", "b a\n")
    assert matches("at 2026-11-29T10:00:00.000Z, 7 ms\n", "at 2027-01-01T00:00Z, 12 ms") and not matches("at 2026-11-29\n", "at 2026-11-30")
    token = "pat-na1-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
    assert matches("a pat-na1-…\n", f"a {token}") and matches(token, token.replace("0a", "9f")) and not matches(token, token[:-1] + "-")
    page = '{"a": [{"id": "…", "b": 1}, "…"], "c": "at …"}'
    assert fault(page, '{"c": "at home", "a": [{"b": 1, "id": 7}, 2, 3]}', "json") is None
    for other in ('{"a": [], "c": "at "}', '{"a": [{"id": 1, "b": true}], "c": "at "}', '{"a": [{"id": 1, "b": 1, "d": 1}], "c": "at "}', '{"a": [{"id": 1, "b": 1}], "c": "on"}', "[", "at"):
        assert fault(page, other, "json"), other
