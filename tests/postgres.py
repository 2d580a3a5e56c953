"""A PostgreSQL of our own in a temporary folder, ended with the test."""

import glob
import os
import pathlib
import shutil
import subprocess
import tempfile

from servers import free_port, run_with


class Postgres:
    """A running server. `url` is that of its server; databases are made with `database`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="keyway-postgres-")
        self.programs = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        # PostgreSQL does not run as root; Debian's package makes a user for it.
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres")
        port = free_port()
        self.data = f"{self.folder}/data"
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "keyway")
        self.options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c max_connections=200"
        self.url = f"postgres://keyway@127.0.0.1:{port}"
        self.start()

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-o", self.options, "-l", f"{self.folder}/log", "start")

    def halt(self):
        """Stops it; `start` goes on with its data."""
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def _run(self, program, *arguments):
        command = [*self.user, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def database(self, name):
        """The URL of a new database."""
        subprocess.run([str(self.programs / "createdb"), "--maintenance-db", f"{self.url}/postgres", name], check=True)
        return f"{self.url}/{name}"

    def stop(self):
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    # Runs a command with KEYWAY_TEST_POSTGRES set to a server of its own.
    run_with("KEYWAY_TEST_POSTGRES", Postgres())
