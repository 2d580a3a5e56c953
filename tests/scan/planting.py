"""Writes files with things planted in them, and remembers on which line each one stands.

A template is the text of a file with markers between « and »:

    «hapikey»               a new credential of that kind; a finding is expected on its line
    «hapikey:routed»        the same, in a given form
    «hapikey|b64»           the same, in base64
    «hapikey|split:" + "»   the same, cut in pieces that are joined by the text after the colon
    «@bearer GET /path»     an API call by URL starts here, with that authentication and operation
    «@sdk bearer GET /path» the same, by a call of an official client; «@node …» a step, «@client …» a client
    «~»                     a usage that may be reported or not
    «!why»                  what follows is no credential, though it may look like one
    «!u why»                what follows is no API call of HubSpot's, though it may look like one
    «#uuid»                 noise that is nobody's credential; may be transformed as credentials are
    «%zeros»                a placeholder
    «=name»                 a value given to the call

While a file is built every planted thing is preceded by one private-use character, so that its line is
known after any wrapping (a notebook, an indented JSON); the characters are taken out at the end.
"""

import base64
import gzip
import io
import json
import random
import re
import tarfile
import zipfile
from pathlib import Path

import values

_MARKER = re.compile("«(.+?)»", re.DOTALL)
_FIRST_ANCHOR = 0xE000
_LAST_ANCHOR = 0xF8FF


class Corpus:
    """The tree of files and what is expected of a scan over it."""

    def __init__(self, out: Path, seed: int):
        self.rng = random.Random(seed)
        self.tree = out / "tree"
        self.findings = []
        self.negatives = []
        self.usages = []
        self.either = []
        self._pending = []
        self._paths = set()
        self._region = 0
        self.tree.mkdir(parents=True, exist_ok=True)

    # Templates

    def expand(self, template: str, **given: str) -> str:
        """Replaces the markers of a template; `given` names what «=name» stands for."""

        def replace(match: re.Match) -> str:
            return self._expand_marker(match.group(1), given)

        before = None
        while before != template:
            before, template = template, _MARKER.sub(replace, template)
        return template

    def _expand_marker(self, body: str, given: dict) -> str:
        sign, rest = body[0], body[1:]
        if sign == "=":
            return given[rest]
        if sign == "#":
            what, _, transform = rest.partition("|")
            return self._transformed(values.noise(self.rng, what), transform)
        if sign == "%":
            return values.PLACEHOLDERS[rest]
        if sign == "~":
            return self._anchor(self.either, {})
        if sign == "!":
            about, why = ("usage", rest[2:]) if rest.startswith("u ") else ("credential", rest)
            return self._anchor(self.negatives, {"why": why, "about": about})
        if sign == "@":
            return self._usage(rest)
        return self._credential(body)

    def _usage(self, text: str) -> str:
        via = "url"
        if text.split(" ", 1)[0] in ("sdk", "node", "client"):
            via, text = text.split(" ", 1)
        auth, operation = text.split(" ", 1)
        entry = {"via": via, "operation": operation, "auth": auth}
        if also := other_names(operation):
            entry["also"] = also
        return self._anchor(self.usages, entry)

    def _credential(self, body: str) -> str:
        head, _, transform = body.partition("|")
        kind, _, form = head.partition(":")
        self._region += 1
        region = values.REGIONS[self._region % len(values.REGIONS)]
        value = values.credential(self.rng, kind, form, region)
        return self._anchor(self.findings, {"kind": kind}) + self._transformed(value, transform)

    def _transformed(self, value: str, transform: str) -> str:
        if transform == "b64":
            return base64.b64encode(value.encode()).decode()
        if transform.startswith("split:"):
            return transform.removeprefix("split:").join(self._pieces(value))
        return value

    def _pieces(self, value: str) -> list:
        """Cuts a value in two or three pieces of some length."""
        third = len(value) // 3
        cuts = [0, third + self.rng.randint(-4, 4)]
        if self.rng.random() < 0.4:
            cuts.append(2 * third + self.rng.randint(-3, 3))
        return [value[a:b] for a, b in zip(cuts, [*cuts[1:], len(value)])]

    def _anchor(self, record: list, entry: dict) -> str:
        self._pending.append((record, entry))
        code = _FIRST_ANCHOR + len(self._pending) - 1
        if code > _LAST_ANCHOR:
            raise ValueError("too many planted things in one file")
        return chr(code)

    # Files

    def write(self, path: str, text: str, encoding: str = "utf-8", newline: str = "\n") -> None:
        """Writes an expanded text as a file of the tree."""
        clean = self._resolve(path, text)
        if encoding == "utf-16-le":
            clean = "\ufeff" + clean
        self._new_path(path).write_bytes(clean.replace("\n", newline).encode(encoding))

    def plant(self, path: str, template: str, **given: str) -> None:
        """Expands a template and writes it."""
        self.write(path, self.expand(template, **given))

    def write_archive(self, path: str, members: list) -> None:
        """Writes a zip, tar or tar.gz of (inner path, template) pairs."""
        texts = []
        for inner, template in members:
            texts.append((inner, self._resolve(f"{path}!{inner}", self.expand(template))))
        target = self._new_path(path)
        target.write_bytes(_zip(texts) if path.endswith(".zip") else _tar(texts, path.endswith("gz")))

    def _new_path(self, path: str) -> Path:
        if path in self._paths:
            raise ValueError(f"written twice: {path}")
        self._paths.add(path)
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _resolve(self, path: str, text: str) -> str:
        """Files what is planted under its path and line, and returns the text without anchors."""
        line, clean, seen = 1, [], 0
        for char in text:
            if _FIRST_ANCHOR <= ord(char) <= _LAST_ANCHOR:
                record, entry = self._pending[ord(char) - _FIRST_ANCHOR]
                record.append({"path": path, "line": line, **entry})
                seen += 1
                continue
            line += char == "\n"
            clean.append(char)
        if seen != len(self._pending):
            raise ValueError(f"{path}: {len(self._pending)} planted, {seen} met")
        self._pending = []
        return "".join(clean)

    def expected(self) -> dict:
        """What a scan of the tree is measured against."""
        return {
            "findings": self.findings,
            "negatives": self.negatives,
            "usages": self.usages,
            "either": self.either,
        }


def other_names(operation: str) -> list:
    """Other right names of an operation: the published list has deals by type id and by any type only."""
    prefix = "/crm/v3/objects/deals"
    if prefix not in operation:
        return []
    by_id = operation.replace(prefix, "/crm/v3/objects/0-3")
    generic = operation.replace(prefix, "/crm/v3/objects/{objectType}").replace("{dealId}", "{objectId}")
    return [by_id, generic]


def as_json(data: object, indent: int = 2) -> str:
    """JSON that keeps the anchors as they are."""
    return json.dumps(data, indent=indent, ensure_ascii=False) + "\n"


def notebook(*cells: str) -> str:
    """A Jupyter notebook of code cells."""
    made = [
        {
            "cell_type": "code",
            "execution_count": number,
            "metadata": {},
            "outputs": [],
            "source": cell.splitlines(keepends=True),
        }
        for number, cell in enumerate(cells, 1)
    ]
    return as_json({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _zip(texts: list) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, text in texts:
            info = zipfile.ZipInfo(inner, (2026, 1, 2, 3, 4, 6))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return out.getvalue()


def _tar(texts: list, packed: bool) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for inner, text in texts:
            data = text.encode()
            info = tarfile.TarInfo(inner)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    if not packed:
        return out.getvalue()
    return gzip.compress(out.getvalue(), mtime=0)
