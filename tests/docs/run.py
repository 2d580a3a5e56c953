"""Runs the commands of README.md and docs/ in their order, page by page, and compares what they print with what the page says.

blocks.py has the form of the pages, outputs.py the comparison. A block `text` or `json` is the output of the command above it.
A command without an output must succeed; of `keyway` that is 0, or 1 for "there is something to do" (2 is every error).
`keyway serve` runs in the background; a server that runs already is stopped first.

before/PAGE.sh makes what the reader of a page has already: a server, an app, a file. Its line `hubspot` starts a second
server, to which accounts are connected in place of HubSpot.
not_run.tsv lists the commands that cannot be run here, and not_compared.tsv the blocks that are not the output of a command
that runs here, each with the reason; KINDS has the kinds of reasons. A row that fits nothing is a fault, so no list outlives
what it is about.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import blocks
import outputs
from blocks import ROOT

HERE = pathlib.Path(__file__).parent
BINARY = os.environ.get("KEYWAY_BIN", str(ROOT / "target/debug/keyway"))
KINDS = {
    "another-test": "another test runs it: the file named in the row",
    "machine": "it changes the machine: packages, users, services",
    "cluster": "it needs Kubernetes",
    "containers": "it needs Docker",
    "internet": "it needs HubSpot, a forge or another host of the internet",
    "program": "it needs a program that is not Keyway's, which the tests do not install",
    "build": "it builds Keyway",
    "alternative": "it shows another way to do what the command above it did",
    "written": "a person writes it: settings of another program, a drawing",
}
SECONDS = 60
# What the credential of the connected account may do.
SERVICE_KEY = ",".join(f"crm.{kind}.{of}.{what}" for kind in ("objects", "schemas") for of in ("contacts", "companies", "deals") for what in ("read", "write"))
# Folders of a server, made below the folder of the test.
FOLDERS = ("/var/lib/", "/etc/keyway", "/run/secrets", "/backups/", "/safe/")
SERVE = re.compile(r"^(?:\w+=\S+ )*keyway (?:serve|init)\b")


def main():
    pages = [page for page in blocks.pages() if any(block.commands() or block.is_output() for block in blocks.blocks(page))]
    pages = [page for page in pages if not sys.argv[1:] or pathlib.Path(page).name in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda name: Page(name).report(), pages))
    faults = [fault for *_, of in done for fault in of] + ([] if sys.argv[1:] else untagged() + stale())
    ran, left, compared = (sum(counts[n] for counts in done) for n in range(3))
    print("\n\n".join(faults))
    print(f"{ran} commands of {len(pages)} pages ran, {left} have a reason in not_run.tsv, {compared} blocks are the output of the command above them, {len(faults)} faults")
    return 1 if faults else 0


def untagged():
    return [f"{page}:{block.line}: the block has no language: console or sh for commands, text for the rest"
            for page in blocks.pages() for block in blocks.blocks(page) if not block.language]


def rows(name):
    """Rows of a page, the first words of a command or block, the kind of reason, and what there is to know."""
    found = [line.split("\t") for line in (HERE / name).read_text().splitlines() if line and not line.startswith("#")]
    for page, _, kind, note in found:
        assert (ROOT / page).exists() and kind in KINDS, (page, kind)
        assert kind != "another-test" or (ROOT / note).exists(), f"{page}: there is no {note}"
    return found


def stale():
    commands = {page: [command for block in blocks.blocks(page) for command, _ in block.commands()] for page in blocks.pages()}
    outputs_of = {page: [block.text for block in blocks.blocks(page) if block.is_output()] for page in blocks.pages()}
    return [f"{name}: nothing on {page} begins with {begin}" for name, of in (("not_run.tsv", commands), ("not_compared.tsv", outputs_of))
            for page, begin, *_ in rows(name) if not any(fits(text, begin) for text in of[page])]


def fits(text, begin):
    return begin == "*" or text.startswith(begin) or " ".join(text.split()).startswith(begin)


class Page:
    def __init__(self, name):
        self.name = name
        self.left_out = [begin for page, begin, *_ in rows("not_run.tsv") if page == name]
        self.not_compared = [begin for page, begin, *_ in rows("not_compared.tsv") if page == name]
        self.printed = None  # by the last command, unless that was left out
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyway-docs-"))
        ports = dict(zip(("8484", "8485", "8486", "8487", "8080"), free_ports(5)))
        # Free ports in place of the usual ones, so that other tests and servers do not matter.
        self.instead = [(f"127.0.0.1:{usual}", f"127.0.0.1:{free}") for usual, free in ports.items()]
        self.instead += [(folder, f"{self.folder}/root{folder}") for folder in FOLDERS]
        (self.folder / "root/var/lib").mkdir(parents=True)
        (self.folder / "work").mkdir()
        config = self.folder / "keyway.toml"
        config.write_text(self.here('listen = "127.0.0.1:8484"\nadmin = "127.0.0.1:8485"\n'))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KEYWAY_")}
        self.env = kept | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "KEYWAY_CONFIG": str(config), "NO_COLOR": "1", "COLUMNS": "120",
                           "HOME": str(self.folder), "BROWSER": "true"}
        self.servers, self.hubspot, self.shell, self.faults, self.ran, self.left, self.compared = [], None, None, [], 0, 0, 0

    def report(self):
        """How many commands ran and were left out, how many blocks were compared, and what is wrong."""
        try:
            self.keyway()
            self.shell = self.process("bash", "--noprofile", "--norc", stdin=subprocess.PIPE)
            # A call that HubSpot or Keyway refuses is a failure, where the page does not show the answer.
            self.run('curl() { command curl --fail-with-body "$@"; }')
            before = HERE / "before" / f"{pathlib.Path(self.name).stem}.sh"
            for command in blocks.script(before.read_text()) if before.exists() else []:
                self.check(str(before.relative_to(ROOT)), command, None)
            self.ran, self.printed = 0, None
            for block in blocks.blocks(self.name):
                if block.mark == "file":
                    path = self.folder / "work" / block.value
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(self.here(block.text))
                for command, expected in block.commands():
                    if any(fits(command, begin) for begin in self.left_out):
                        self.left, self.printed = self.left + 1, None
                    else:
                        self.check(f"{self.name}:{block.line}", command, expected, block.mark == "terminal")
                if block.is_output() and not any(fits(block.text, begin) for begin in self.not_compared):
                    self.compare(f"{self.name}:{block.line}", block)
        except Exception as error:  # a fault of one page must not hide those of the others
            self.faults.append(f"{self.name}: {type(error).__name__}: {error}")
        finally:
            self.stop()
        return self.ran, self.left, self.compared, self.faults

    def check(self, where, command, expected, in_background=False):
        self.ran += 1
        if command == "hubspot":
            return self.start_hubspot()
        if in_background or expected is None and SERVE.match(command):
            end = expected.rstrip("\n").rsplit("\n", 1)[-1] if expected else "keyway is ready"
            command = command.split(" #")[0].rstrip("& ")
            if command == "keyway init":  # nobody is here to answer its questions
                command, end = "keyway init --yes", "The server runs until Ctrl-C."
            code, printed = self.start(command, end)
        elif "audit tail" in command:
            code, printed = self.interrupted(command)
        else:
            code, printed = self.run(command)
        self.printed = printed
        if expected is not None and (wrong := outputs.fault(expected, printed, "text")):
            self.faults.append(f"{where}: $ {command}\n{wrong}")
        elif expected is None and code not in ((0, 1) if "keyway" in command else (0,)):
            self.faults.append(f"{where}: $ {command}\nended with {code} and printed\n{printed}")

    def compare(self, where, block):
        self.compared += 1
        if self.printed is None:
            self.faults.append(f"{where}: no command that runs here prints this; not_compared.tsv takes a reason")
        elif wrong := outputs.fault(block.text, self.printed, block.language):
            self.faults.append(f"{where}: the command above it\n{wrong}")

    def run(self, command):
        """The exit code of a command in the page's shell, and what it printed."""
        end = "--- the end of the command"
        # The mark must not change $?, which the next command may show.
        self.shell.stdin.write(f"{self.here(command)}\ncode=$?; printf '\\n%s\\n' \"{end} $code ---\"; (exit $code)\n")
        self.shell.stdin.flush()
        printed = self.read(self.shell, lambda line: line.startswith(end))
        printed, _, code = printed.rpartition(f"\n{end} ")
        return int(code.split()[0]) if code else None, self.usual(printed.rstrip("\n"))

    def start(self, command, last):
        self.stop_servers()
        if "\n" in command or "=" in command.split()[0]:
            command = f"exec env {command}"
        else:
            command = f"exec {command}"
        # The variables that the page exported are those of its server.
        _, exported = self.run("export -p")
        server = self.process("bash", "-c", f"{self.here(exported)}\n{self.here(command)}", stdin=subprocess.DEVNULL)
        self.servers.append(server)
        printed = self.read(server, lambda line: outputs.matches(last, self.usual(line)))
        assert server.poll() is None, f"$ {command}\nended with {server.poll()} and printed\n{printed}"
        return 0, self.usual(printed)

    def interrupted(self, command):
        """A command that runs until Ctrl-C, which it gets after its first line."""
        process = self.process("bash", "-c", f"exec {self.here(command)}", stdin=subprocess.DEVNULL)
        printed = self.read(process, lambda line: True)
        process.send_signal(signal.SIGINT)
        rest = self.read(process, lambda line: False)
        return process.wait(SECONDS), self.usual(f"{printed}\n{rest}")

    def read(self, process, is_last):
        """What a process prints up to a line, or to its end."""
        # The time only ends a test that fails. What the process has started holds its output open, so all of it ends.
        timer = threading.Timer(SECONDS, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        lines = []
        for line in process.stdout:
            lines.append(line)
            if is_last(line.rstrip("\n")):
                break
        ended = timer.is_alive()
        timer.cancel()
        assert ended, f"nothing more was printed for {SECONDS} s after\n{''.join(lines)}"
        return "".join(lines).rstrip("\n")

    def process(self, *command, **options):
        return subprocess.Popen(command, cwd=self.folder / "work", env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True, **options)

    def keyway(self, hubspot=None):
        """The command `keyway`; where a second server stands for HubSpot, accounts are connected to that, and its calls recorded."""
        there = f'[[ " $* " == *" --connect "* ]] && set -- "$@" --base-url {hubspot}\n' if hubspot else ""
        there += f'[[ "$1 $2" == "record --to" ]] && set -- record --upstream {hubspot} "${{@:2}}"\n' if hubspot else ""
        (self.folder / "bin").mkdir(exist_ok=True)
        command = self.folder / "bin/keyway"
        command.write_text(f'#!/bin/bash\n{there}exec {BINARY} "$@"\n')
        command.chmod(0o755)

    def start_hubspot(self):
        """A server with an account 4242, and two credentials for it."""
        data, ready = self.folder / "hubspot", self.folder / "hubspot.json"
        self.hubspot = self.process(BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ready-file", ready, stdin=subprocess.DEVNULL)
        self.read(self.hubspot, lambda line: line == "keyway is ready")

        def ask(*arguments):
            return subprocess.run([BINARY, "--data", data, *arguments], env=self.env, check=True, capture_output=True, text=True, timeout=SECONDS).stdout

        ask("account", "add", "HubSpot", "--hub-id", "4242", "--tier", "enterprise")
        token = json.loads(ask("app", "create", "Service key", "--account", "4242", "--scopes", SERVICE_KEY, "--json"))["token"]["value"]
        self.keyway(f"http://{json.loads(ready.read_text())['data'].removeprefix('http://')}")
        newer = json.loads(ask("token", "create", "Service key", "--json"))["token"]["value"]
        self.run(f"export HUBSPOT_SERVICE_KEY={token} NEW_SERVICE_KEY={newer}")

    def here(self, text):
        for usual, free in self.instead:
            text = text.replace(usual, free)
        return text

    def usual(self, text):
        for usual, free in self.instead:
            text = text.replace(free, usual)
        return text

    def stop(self):
        if self.shell and self.shell.poll() is None:
            self.shell.stdin.close()
            self.shell.wait(SECONDS)
        self.stop_servers()
        if self.hubspot:
            self.hubspot.terminate()
            self.hubspot.wait(SECONDS)
        shutil.rmtree(self.folder)

    def stop_servers(self):
        while self.servers:
            server = self.servers.pop()
            server.terminate()
            if server.wait(SECONDS) != 0:
                self.faults.append(f"{self.name}: the server ended with {server.returncode} when it was stopped")


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for of in sockets:
        of.bind(("127.0.0.1", 0))
    ports = [str(of.getsockname()[1]) for of in sockets]
    for of in sockets:
        of.close()
    return ports


def self_test():
    assert SERVE.match("A=b keyway serve --x") and not SERVE.match("keyway server") and not SERVE.match("echo keyway serve")


if __name__ == "__main__":
    blocks.self_test()
    outputs.self_test()
    self_test()
    sys.exit(main())
