"""Runs the tests that ship in hubspot-sdk's source distribution against an embedded account.

They are skipped there, as they want a server. Here they get one, and their placeholders (`contactId`,
`propertyName`, …) are replaced by records and definitions made for each test: `placeholders.py`. What is
counted: tests that pass, that are refused with HubSpot's envelope, that meet an operation which is not
served (501), and that fail by a malformed answer, of which there may be none.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = "0.1.0a9"
# Accounts to spread the tests over: an object type has at most a hundred pipelines.
ACCOUNTS = 3

sys.path.insert(0, str(ROOT / "tests/clients/python"))
from keyway import Keyway  # noqa: E402


def sources(folder):
    """The unpacked source distribution."""
    unpacked = folder / f"hubspot_sdk-{VERSION}"
    if not unpacked.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, f"hubspot-sdk=={VERSION}", "--dest", str(folder)], check=True)
        with tarfile.open(folder / f"hubspot_sdk-{VERSION}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return unpacked


def all_scopes():
    return (ROOT / "data/scopes.txt").read_text().split()


def token(keyway, at):
    """The token of an app without limits on an account of its own."""
    account = keyway.account(f"sdk {at}", "--tier", "enterprise")
    app = ["app", "create", f"app {at}", "--account", str(account), "--scopes", ",".join(all_scopes()), "--no-limits"]
    return keyway.run(*app)["token"]["value"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default=str(ROOT / "target/hubspot-sdk"), help="where the tests are unpacked")
    parser.add_argument("--at-least", type=int, default=0, help="how many must pass")
    parser.add_argument("--list", choices=["refused", "not_served", "malformed"], help="print the tests of one kind")
    parser.add_argument("tests", nargs="*", default=["crm", "auth", "account", "test_account.py"])
    options = parser.parse_args()
    folder = pathlib.Path(options.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    suite = sources(folder) / "tests"
    shutil.copy(HERE / "placeholders.py", suite / "placeholders.py")
    shutil.copy(HERE / "suite_conftest.py", suite / "conftest.py")
    keyway = Keyway(None, through_gateway=False)
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    try:
        settings = {
            "KEYWAY_SUITE_URL": keyway.url,
            "KEYWAY_SUITE_TOKENS": ",".join(token(keyway, at) for at in range(ACCOUNTS)),
            "KEYWAY_SUITE_REPORT": str(report),
        }
        paths = [str(suite / "api_resources" / path) for path in options.tests]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", "-rN", "-k", "not Async"]
        output = subprocess.run([*command, "-o", "addopts=", *paths], cwd=suite.parent, env={**os.environ, **settings}, capture_output=True, text=True)
        if not report.exists():
            print(output.stdout[-4000:], output.stderr[-4000:])
            return 2
    finally:
        keyway.stop()
    outcomes = json.loads(report.read_text())
    print(", ".join(f"{len(tests)} {name.replace('_', ' ')}" for name, tests in outcomes.items()))
    shown = outcomes["malformed"] if not options.list else outcomes[options.list]
    for test, why in shown[: 2000 if options.list else 20]:
        print(f"  {test}: {why}")
    return int(bool(outcomes["malformed"]) or len(outcomes["passed"]) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
