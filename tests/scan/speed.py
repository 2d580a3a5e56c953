#!/usr/bin/env python3
"""How fast `keyway scan` is beside its peers, on trees and repositories of your own.

    speed.py [--tree DIR] [--repository DIR] [--file FILE] [--pairs N] [--peer 'NAME=COMMAND {path}']…

KEYWAY_BIN names the binary (a release build). Runs alternate, so that a slow minute hits both; figures
are medians over the pairs of the ratio to the first peer: ripgrep on a tree and a file, `git cat-file`
piped into ripgrep on a repository. The first pair only warms the disk's cache and is not counted.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import time

KEYWAY = shlex.quote(os.environ.get("KEYWAY_BIN", "keyway"))
PATTERN = "'hapikey|pat-[a-z]{2}[0-9]-'"


class Run:
    """One run of a command: seconds on the clock, seconds of processor, peak memory of its largest process."""

    def __init__(self, command: str):
        start = time.monotonic()
        process = subprocess.Popen(["bash", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.monotonic() - start
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024
        self.code = os.waitstatus_to_exitcode(status)


def compare(what: str, commands: dict[str, str], pairs: int) -> None:
    """Runs the commands in turn and prints them beside the first."""
    runs = {name: [] for name in commands}
    for pair in range(pairs + 1):
        for name, command in commands.items():
            run = Run(command)
            if run.code not in (0, 1, 200, 205):
                raise SystemExit(f"{name} ended with {run.code}: {command}")
            if pair:
                runs[name].append(run)
    first = next(iter(commands))
    print(f"\n{what}, {pairs} pairs")
    print("| | wall, s | ÷ first | CPU, s | ÷ first | peak, MiB |\n| --- | --- | --- | --- | --- | --- |")
    for name, own in runs.items():
        def ratio(figure):
            return statistics.median(getattr(run, figure) / getattr(base, figure) for run, base in zip(own, runs[first]))
        wall, cpu = (statistics.median(getattr(run, figure) for run in own) for figure in ("wall", "cpu"))
        print(f"| {name} | {wall:.3f} | {ratio('wall'):.2f} | {cpu:.3f} | {ratio('cpu'):.2f} | {max(run.memory for run in own):.0f} |", flush=True)


def main() -> None:
    """Reads the arguments and compares what they name."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tree")
    parser.add_argument("--repository")
    parser.add_argument("--file")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND", help="another command for the tree, {path} is filled in")
    arguments = parser.parse_args()
    if arguments.tree:
        path = shlex.quote(arguments.tree)
        commands = {"ripgrep": f"exec rg --hidden --no-ignore -c {PATTERN} {path}", "keyway scan": f"exec {KEYWAY} scan --no-ignore {path}"}
        for peer in arguments.peer:
            name, command = peer.split("=", 1)
            commands[name] = command.replace("{path}", path)
        compare(f"tree {arguments.tree}", commands, arguments.pairs)
    if arguments.repository:
        path = shlex.quote(arguments.repository)
        peer = f"git -C {path} cat-file --batch-all-objects --batch --unordered --buffer | rg -a -c {PATTERN}"
        # The work tree is scanned as well; an empty one leaves the history alone.
        compare(f"history of {arguments.repository}", {"git cat-file | rg": peer, "keyway scan": f"exec {KEYWAY} scan --history --no-usages {path}"}, arguments.pairs)
    if arguments.file:
        path = shlex.quote(arguments.file)
        compare(f"one file, {arguments.file}", {"ripgrep": f"exec rg -c {PATTERN} {path}", "keyway scan": f"exec {KEYWAY} scan {path}"}, arguments.pairs)


if __name__ == "__main__":
    main()
