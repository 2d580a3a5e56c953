"""What the tests of the packages for test suites share: the packages, clean environments and servers."""

import os
import pathlib
import re
import shutil
import sys

import scratch
from scratch import BINARY, ROOT, run

TOOLS = pathlib.Path(sys.executable).parent
# The wheels of pytest, pytest-xdist and the official client, so that pip asks no index.
WHEELS = ROOT / "target/doubles/wheels"
# The packages of node.json: runners and the official client.
NODE = ROOT / "target/doubles/node"
SAMPLES = ROOT / "packages"
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
# What failures of both suites say.
MESSAGES = [
    "expected 1.. × POST /crm/*/contacts, but the account received 0.", "It received no request at all.",
    "expected 2 × POST /crm/*/contacts with body", "1  GET /crm/", "?limit=5  200",
    "expected 1.. × contact.creation, but 0 came within 0 s.", "Nothing was sent at all.",
    "records.contacts[1]", "Keyway refused POST /api/v1/portals/", "limit must be burst, daily or search",
]


def build(out):
    """Every package that the suites need, of this machine's platform."""
    program = out / "keyway"
    shutil.copy(BINARY, program)
    run("strip", program)
    target = f"{os.uname().machine}-unknown-linux-gnu"
    for script in ("wheel.py", "npm.py"):
        run(sys.executable, ROOT / "packaging" / script, program, out, target, VERSION)
    program.unlink()
    run(ROOT / "packages/build.sh", out, env=scratch.environment(PYTHON=sys.executable))


def servers_of(folder):
    """Processes that run a program below a folder."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "exe").startswith(f"{folder}/"):
                found.append(process.name)
        except OSError:
            pass
    return found
