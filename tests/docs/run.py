"""Runs every command of the quick starts and the runbooks in their order, and compares what it prints with what the page says.

A page has three kinds of blocks. `<!-- file: NAME -->` above a block: the block is written to that file.
`<!-- terminal: server -->` above a console block: its command runs in the background, until its last line is printed. A server
that runs already is stopped first.
Any other console block: each line that begins with `$ ` is a command, and the lines below it are its output.
In an output `…` stands for any text of a line, and a line `…` for any number of lines.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("KEYWAY_BIN", str(ROOT / "target/debug/keyway"))
PAGES = ["start-find.md", "start-control.md", "start-test.md", "runbooks.md", "monitoring.md", "declarative.md"]
BLOCK = re.compile(r"(?:<!-- (file|terminal): (\S+) -->\n)?```(\w+)\n(.*?)```\n", re.DOTALL)
SECONDS = 60


def main():
    pages = sys.argv[1:] or PAGES
    return 1 if any([not Page(name).passes() for name in pages]) else 0


class Page:
    def __init__(self, name):
        self.name = name
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyway-docs-"))
        self.ports = dict(zip(("8484", "8485", "8080"), free_ports(3)))
        (self.folder / "bin").mkdir()
        (self.folder / "bin/keyway").symlink_to(BINARY)
        work = self.folder / "work"
        work.mkdir()
        # Free ports in place of the usual ones, so that other tests and servers do not matter.
        config = self.folder / "keyway.toml"
        config.write_text('listen = "127.0.0.1:{8484}"\nadmin = "127.0.0.1:{8485}"\n'.replace("{8484}", self.ports["8484"]).replace("{8485}", self.ports["8485"]))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KEYWAY_")}
        env = kept | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "KEYWAY_CONFIG": str(config), "NO_COLOR": "1", "COLUMNS": "120"}
        self.options = {"cwd": work, "env": env, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.servers = []
        self.shell = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, **self.options)

    def passes(self):
        commands = failed = 0
        try:
            for mark, value, language, text in BLOCK.findall((ROOT / "docs" / self.name).read_text()):
                if mark == "file":
                    path = self.options["cwd"] / value
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(self.free(text))
                elif language == "console":
                    for command, expected in parts(text):
                        commands += 1
                        actual = self.start(command, expected) if mark == "terminal" else self.run(command)
                        if not matches(expected, actual):
                            failed += 1
                            print(f"docs/{self.name}: $ {command}\nprinted\n{actual}\nbut the page says\n{expected}\n")
        finally:
            self.stop()
        assert commands, f"docs/{self.name} has no command"
        print(f"docs/{self.name}: {commands} commands, {failed} with another output")
        return not failed

    def run(self, command):
        command = self.free(command)
        end = "--- the end of the command ---"
        # The mark must not change $?, which the next command may show.
        self.shell.stdin.write(f"{command}\ncode=$?; printf '\\n%s\\n' '{end}'; (exit $code)\n")
        self.shell.stdin.flush()
        return self.usual(self.read(self.shell, end)[: -len(end)].rstrip("\n"))

    def start(self, command, expected):
        self.stop_servers()
        server = subprocess.Popen(["bash", "-c", f"exec {self.free(command)}"], stdin=subprocess.DEVNULL, start_new_session=True, **self.options)
        self.servers.append(server)
        return self.usual(self.read(server, expected.rstrip("\n").rsplit("\n", 1)[-1]))

    def read(self, process, last):
        """What a process prints up to a line, or to its end."""
        signal.alarm(SECONDS)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.rstrip("\n") == last:
                break
        signal.alarm(0)
        return "".join(lines).rstrip("\n")

    def usual(self, text):
        for usual, free in self.ports.items():
            text = text.replace(f"127.0.0.1:{free}", f"127.0.0.1:{usual}")
        return text

    def free(self, text):
        for usual, free in self.ports.items():
            text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{free}")
        return text

    def stop(self):
        self.shell.stdin.close()
        self.shell.wait(SECONDS)
        self.stop_servers()

    def stop_servers(self):
        while self.servers:
            server = self.servers.pop()
            server.terminate()
            assert server.wait(SECONDS) == 0, "the server did not stop as asked"


def parts(text):
    """The commands of a console block, each with its output. A command that ends in a backslash goes on in the next line."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
        else:
            assert found, f"output without a command: {line}"
            found[-1][1] += line + "\n"
    return found


def matches(expected, actual):
    def pattern(line):
        return ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t]*\n"

    wanted = "".join(r"(?:.*\n)*?" if line == "…" else pattern(line) for line in expected.splitlines())
    return re.fullmatch(wanted, actual.strip("\n") + "\n" if actual.strip("\n") else "") is not None


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for of in sockets:
        of.bind(("127.0.0.1", 0))
    ports = [str(of.getsockname()[1]) for of in sockets]
    for of in sockets:
        of.close()
    return ports


def self_test():
    assert matches("a …\n…\nend\n", "a b\nx\ny\nend\n") and matches("a …\n…\nend\n", "a b\nend")
    assert not matches("a\n", "a\nb\n") and not matches("", "x") and matches("", "\n") and not matches("a …\n", "b a\n")
    assert parts("$ a \\\n  b\nc\n$ d\n") == [["a \\\n  b", "c\n"], ["d", ""]]


if __name__ == "__main__":
    self_test()
    sys.exit(main())
