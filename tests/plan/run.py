#!/usr/bin/env python3
"""Plans every repository of repositories.py with KEYWAY_BIN, and holds the plans against what is right: `run.py`.

The Markdown, HTML and JSON of each stay in the folder that `run.py FOLDER` names, to be read by a person (CHECKLIST.md).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from repositories import write_all

KEYWAY = os.environ.get("KEYWAY_BIN", "target/debug/keyway")
CONTACTS, DEALS = "crm.objects.contacts.", "crm.objects.deals."

# By repository: each integration with its scopes, and the kind of credential where it is not a service key.
RIGHT = {
    "same-names": {"acme-orders": ["crm.objects.orders.write"], "acme-invoices": ["crm.objects.invoices.read"]},
    "notes-and-tests": {"notes-and-tests": [CONTACTS + "read"]},
    "twice": {"sync": [DEALS + "write"]},
    "solution": {"Web": ["crm.objects.companies.read"]},
    "workspaces": {"web": [CONTACTS + "read", "crm.objects.owners.read"], "worker": [CONTACTS + "read", CONTACTS + "write"]},
    "python-old-calls": {"python-old-calls": ["content", "crm.lists.write", CONTACTS + "read"]},
    "token-check": {"token-check": [CONTACTS + "read"]},
    "oauth-app": {"oauth-app": [DEALS + "read"]},
    "products": {"catalog": ["crm.objects.line_items.read", "crm.objects.products.read"], "lists": ["crm.lists.write"]},
    "go-programs": {"importer": ["crm.import"], "exporter": ["tickets"]},
    "workflow-tools": {"n8n": [DEALS + "write"], "make": [], "workflow-tools": []},
    "key-clients": {"worker": [], "legacy": [DEALS + "read"]},
    "hooks": {"hook": ["private-apps-write"]},
    "php-and-shell": {"php-and-shell": [CONTACTS + "read", CONTACTS + "write"]},
    "java-modules": {"api": ["crm.objects.companies.write"]},
}
CREDENTIALS = {"oauth-app": "oauth", "hook": "project_app"}


def plan(folder: Path, form: str) -> str:
    """A plan of a folder in one format."""
    run = subprocess.run([KEYWAY, "plan", ".", "--format", form], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"{folder.name}: {run.stderr}")
    return run.stdout


def wrong(name: str, made: dict, text: str) -> list:
    """What is not as it must be."""
    found = {app["name"]: sorted(reason["scope"] for reason in app["scopes"]) for app in made["apps"]}
    faults = [] if found == RIGHT[name] else [f"{found} is not {RIGHT[name]}"]
    for app in made["apps"]:
        expected = CREDENTIALS.get(app["name"], "service_key")
        if app["credential"] != expected:
            faults.append(f"{app['name']} has the credential {app['credential']}, not {expected}")
        if not app["steps"] or any(word in str(app["steps"]) for word in ("REPORT", " DIR", " APP ")):
            faults.append(f"{app['name']} has no steps, or steps without its names")
    faults += [f"a row of {len(line)} letters" for line in text.splitlines() if line.startswith("|") and len(line) > 420]
    faults += [word for word in ("no method that is known", "200 to;") if word in text]
    return faults


def main() -> None:
    """Plans all, and exits 1 where one is wrong."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        write_all(folder)
        failed = 0
        for name in RIGHT:
            # Written into the folder that is planned: the next plan must leave it out.
            texts = {ending: plan(folder / name, form) for ending, form in (("md", "markdown"), ("html", "html"), ("json", "json"))}
            for ending, text in texts.items():
                (folder / name / f"plan.{ending}").write_text(text)
            again = plan(folder / name, "json")
            faults = wrong(name, json.loads(texts["json"]), texts["md"])
            if json.loads(again)["apps"] != json.loads(texts["json"])["apps"]:
                faults.append("a plan in the folder changes the next plan")
            failed += bool(faults)
            print(name, "; ".join(faults) or "right")
        print(f"{len(RIGHT) - failed} of {len(RIGHT)} plans are right")
        sys.exit(bool(failed))


if __name__ == "__main__":
    main()
