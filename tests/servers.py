"""What servers of a test's own have in common."""

import os
import socket
import subprocess
import sys


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_with(variable, server):
    """Runs the command line's command with the URL of a server in a variable, and ends with its status."""
    try:
        status = subprocess.run(sys.argv[1:], env={**os.environ, variable: server.url}, check=False).returncode
    finally:
        server.stop()
    sys.exit(status)
