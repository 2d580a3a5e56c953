"""Strict mode, and the report of a run."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from . import binary
from .errors import KeywayError

Report = Dict[str, Any]


class StrictError(AssertionError):
    """Strict mode has findings."""


@dataclass
class Run:
    """The settings of this run, and the reports of its accounts."""

    rules: Optional[str] = None
    ends_by: Optional[str] = None
    reports: List[Report] = field(default_factory=list)
    problem: Optional[str] = None


run = Run()


def failure(report: Report) -> Optional[str]:
    """What strict mode found, one finding in a line."""
    lines = [f"[{one['rule']}] {one['call']}: {one['message']}. Reason: {one['reason']}." for one in report["findings"]]
    return "\n".join([f"strict mode has {'a finding' if len(lines) == 1 else f'{len(lines)} findings'}:", *lines]) if lines else None


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def summary(report: Report) -> str:
    """One line: how much was called, and the scopes that it needs."""
    needed = report["scopes"]["needed"]
    which = "no scope" if not needed else f"this scope: {needed[0]}" if len(needed) == 1 else f"these {len(needed)} scopes: {', '.join(needed)}"
    calls = _counted(report["calls"], "call")
    return f"keyway: {calls} of {_counted(len(report['operations']), 'operation')}. Your tests need {which}"


def merged(reports: List[Report], file: Optional[pathlib.Path] = None) -> Report:
    """One report of several. With a file, the report is written there too: .json, .xml (JUnit), or text."""
    ending = file.suffix if file else ""
    if len(reports) == 1 and (file is None or ending == ".json"):
        if file:
            file.write_text(json.dumps(reports[0], indent=2) + "\n", encoding="utf-8")
        return reports[0]
    with tempfile.TemporaryDirectory(prefix="keyway-") as folder:
        parts = []
        for number, report in enumerate(reports):
            parts.append(pathlib.Path(folder, f"{number}.json"))
            parts[-1].write_text(json.dumps(report), encoding="utf-8")
        command = [binary.find(), "portal", "report", *map(str, parts), *(["--ends-by", run.ends_by] if run.ends_by else [])]
        if file:
            # Without rules all findings are in the file.
            strict = [f"--strict={run.rules}"] if run.rules else []
            _ran([*command, *strict, "--format", {".json": "json", ".xml": "junit"}.get(ending, "text"), "--output", str(file)])
        report = json.loads(_ran([*command, "--json"]))
        return dict(report)


def _ran(command: List[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    # 1 says that there are findings.
    if done.returncode not in (0, 1):
        raise KeywayError(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
