#!/usr/bin/env python3
"""Runs the measurements whose results stand in docs/benchmarks.md, and writes their tables there. tests/load/run.sh calls it.

A table stands between `<!-- figures: NAME -->` and `<!-- /figures -->`. What a command prints replaces what stood there:
rows of tables as they are, other lines as a list. Below them: when, of which commit, and on which machine.
A measurement that fails leaves its old figures and makes the exit code 1.
"""

import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs/benchmarks.md"

MEASUREMENTS = {
    "decision": "cargo bench --quiet -p keyway-core --bench decision",
    "contact": "cargo bench --quiet -p keyway --bench contact",
    "loopback": "python3 tests/load/contact.py 10",
    "proxy": "python3 tests/load/proxy.py --rounds 3 --seconds 3",
    "proxy-tls": "python3 tests/load/proxy.py --rounds 3 --seconds 3 --tls",
    "proxy-paced": "python3 tests/load/proxy.py --rounds 3 --seconds 3 --paced",
    "idle": "python3 tests/load/idle.py 10000",
    "hostile": "python3 tests/load/hostile.py",
    "fair": "python3 tests/load/fair.py --seconds 60",
    "instances": "python3 tests/instances.py --seconds 60",
    "clock": "python3 tests/load/clock.py --seconds 120",
    "rotation": "python3 tests/load/rotation.py",
    "oauth": "python3 tests/load/oauth.py --seconds 4",
    "refresh": "python3 tests/load/refresh.py --seconds 100",
    "startup": "python3 tests/load/startup.py",
    "doubles": "python3 tests/load/doubles.py",
    "mcp": "python3 tests/load/mcp.py",
    "portal": "python3 tests/load/portal.py --contacts 100000 --rates 6",
    "portal-million": "python3 tests/load/portal.py --contacts 1000000 --rates 6",
    "audit": "python3 tests/load/audit.py 10000000",
    "console": "python3 tests/load/console.py 10000000",
    "plan": "cargo bench --quiet -p keyway-advice --bench plan",
    "scan": 'python3 tests/scan/speed.py --tree "${CARGO_HOME:-$HOME/.cargo}/registry/src"',
}


def machine() -> str:
    """Cores, processor and memory, as `/proc` names them."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    kib = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    return f"{os.cpu_count()} cores ({model[1] if model else 'unknown processor'}), {kib / 1024 / 1024:.0f} GB"


def commit() -> str:
    """The commit that is checked out, and whether its code was changed."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "crates"], cwd=ROOT, check=False).returncode
    return f"{head} with changes" if changed else head


def shown(printed: str) -> str:
    """What a command printed, as Markdown: rows of tables as they are, trees of `cargo bench` as text, other lines as a list."""
    lines = [line.rstrip() for line in printed.splitlines() if line.strip()]
    if any(line.startswith(("├", "╰")) for line in lines):
        return "\n".join(["```text", *lines, "```"])
    out = []
    for line in lines:
        row = line.startswith("|")
        if out and row != out[-1].startswith("|"):
            out.append("")
        out.append(line if row else f"- {line}")
    return "\n".join(out)


def write(name: str, text: str) -> None:
    """Replaces one table of the page."""
    page = PAGE.read_text()
    block = re.compile(rf"(<!-- figures: {re.escape(name)} -->\n).*?(<!-- /figures -->)", re.DOTALL)
    if not block.search(page):
        raise SystemExit(f"{PAGE} has no place for {name}: add <!-- figures: {name} --> and <!-- /figures -->")
    PAGE.write_text(block.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page))


def main() -> None:
    """Measures what the arguments name, or everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the tables and their commands")
    asked = parser.parse_args()
    if asked.list:
        for name, command in MEASUREMENTS.items():
            print(f"{name:16}{command}")
        return
    unknown = [name for name in asked.names if name not in MEASUREMENTS]
    if unknown:
        raise SystemExit(f"no table is named {', '.join(unknown)}. tests/load/run.sh --list names them")
    failed = []
    for name in asked.names or MEASUREMENTS:
        command = MEASUREMENTS[name]
        print(f"== {name}: {command}", flush=True)
        load = os.getloadavg()[0]
        run = subprocess.run(["bash", "-c", command], cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
        print(run.stdout, flush=True)
        if run.returncode:
            failed.append(name)
            continue
        when = datetime.datetime.now(datetime.UTC).date().isoformat()
        busy = f"; load before: {load:.1f}" if load >= 0.5 else ""
        write(name, f"{shown(run.stdout)}\n\n{when}, commit {commit()}, {machine()}{busy}: `{command}`")
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
