#!/usr/bin/env python3
"""The admin API against its own OpenAPI document: schemathesis sends what fits the document and what
does not, and every answer must be one that the document describes, in its shape, and none a 5xx.

KEYWAY_BIN=target/debug/keyway target/schemathesis/bin/python tests/admin_api.py [--examples 20]
"""

import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import Keyway  # noqa: E402

TOKEN = "an admin token of the test"

# These ask HubSpot, or lead to asking it later; tests talk to this machine alone.
ASK_HUBSPOT = ["connectAccount", "connectAccountByOAuth", "importAccounts"]

# Waits for requests, up to a minute; and takes lines of JSON, which schemathesis can't write.
NOT_FOR_IT = ["diffPortal", "listRequests", "putSnapshot"]

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", default="12", help="requests for each operation and phase")
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    os.environ["KEYWAY_ADMIN_TOKEN"] = TOKEN
    server = Keyway(None, "--ephemeral", through_gateway=False)
    try:
        # Something for reads to find.
        account = server.account("fuzzed")
        server.app(account, "fuzzed")
        server.run("user", "create", "ada@example.com")
        command = [
            str(pathlib.Path(sys.executable).parent / "schemathesis"), "run", f"{server.admin}/api/v1/openapi.json",
            "--header", f"Authorization: Bearer {TOKEN}", "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing",
            # One worker: Python 3.11 mixes up the recursion depths of two threads that parse Python code.
            "--max-examples", options.examples, "--seed", options.seed, "--workers", "1", "--request-timeout", "20", "--no-color",
            "--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none",
        ]  # fmt: skip
        for name in ASK_HUBSPOT + NOT_FOR_IT:
            command += ["--exclude-operation-id", name]
        # What it keeps of its runs is not kept beside the code.
        found = subprocess.run(command, check=False, cwd=server.folder).returncode
        assert server.process.poll() is None, "the server ended"
        # Everything that was made is on record, and nothing was made without.
        apps = len(server.run("app", "list")["apps"])
        assert apps >= 0 and len(server.run("changes", "--limit", "1000")["changes"]) > 0
    finally:
        server.stop()
    sys.exit(found)


if __name__ == "__main__":
    main()
