"""Programs of Debian packages without installing them, since an installed prometheus or caddy starts a service."""

import fcntl
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
from keyway import serve  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
BINARY = pathlib.Path(os.environ.get("KEYWAY_BIN", ROOT / "target/debug/keyway")).absolute()
BIN = pathlib.Path(sys.executable).parent
DEBIAN = ROOT / "target/debian-programs"


def debian(package, program):
    """A program of a package, which is downloaded and unpacked once."""
    path = DEBIAN / package / "usr/bin" / program
    DEBIAN.mkdir(parents=True, exist_ok=True)
    with open(DEBIAN / f"{package}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=DEBIAN) as folder:
                if subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, capture_output=True).returncode:
                    subprocess.run(["apt-get", "update", "-qq"], check=True, capture_output=True)
                    run("apt-get", "download", "-qq", package, cwd=folder)
                [archive] = pathlib.Path(folder).glob("*.deb")
                run("dpkg-deb", "--extract", archive, DEBIAN / package)
    return path


def run(*command, cwd=None, env=None, code=0, stdin=None, timeout=120):
    """Runs a command, checks its exit code, and returns everything it printed."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, text=True, timeout=timeout, input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == code, f"{' '.join(map(str, command))}: exit code {done.returncode}, {code} is expected\n{done.stdout}"
    return done.stdout


class Server:
    """A server on a folder of its own, with the addresses that it says."""

    def __init__(self, folder, *options, **variables):
        env = {name: value for name, value in os.environ.items() if not name.startswith("KEYWAY_")} | variables
        self.process, said = serve(pathlib.Path(folder) / "data", *options, env=env)
        self.data, self.admin = said["data"], said["admin"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(30) == 0


def until(holds, what, seconds=30):
    """Waits for something; the time only ends a test that fails."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()
