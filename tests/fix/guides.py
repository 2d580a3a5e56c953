"""The migration guides of docs/, as they stand: every block is run, line by line, on a small integration.

Two Keyways: one is HubSpot as it will be after everything that was announced has ended, the other the
one that the guide starts. What a reader puts in by hand is put in here: the token that was shown, the
address, the names. KEYWAY_BIN names the binary.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import textwrap

import run

DOCS = run.HERE.parents[1] / "docs"
NOBODY = "http://127.0.0.1:9"


class Reader:
    """Somebody who follows a guide in the folder of an integration."""

    def __init__(self, folder, integration, hubspot, **environment):
        self.folder, self.name, self.server = folder / integration, integration, None
        shutil.copytree(run.HERE / "integrations" / integration, self.folder)
        for file in (file for file in self.folder.rglob("*") if file.is_file()):
            file.write_text(file.read_text().replace("{{key}}", run.KEY).replace("{{token}}", run.TOKEN))
        commands = folder / f"bin-{integration}"
        commands.mkdir()
        # HubSpot is not at hand: whoever connects an account connects this one.
        there = f'[ "$1 $2 $3" = "account create --connect" ] && set -- "$@" --base-url {shlex.quote(hubspot)}'
        (commands / "keyway").write_text(f'#!/bin/sh\n{there}\nexec {shlex.quote(str(pathlib.Path(run.KEYWAY).resolve()))} "$@"\n')
        (commands / "keyway").chmod(0o755)
        settings = folder / f"{integration}.toml"
        settings.write_text('listen = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n')
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self.environment = {
            **kept, "PATH": f"{commands}:{kept['PATH']}", "HOME": str(folder / f"home-{integration}"),
            "KEYWAY_CONFIG": str(settings), "HTTPS_PROXY": NOBODY, "https_proxy": NOBODY, **environment,
        }
        pathlib.Path(self.environment["HOME"]).mkdir()
        self.said, self.ran = "", []

    def follow(self, guide):
        """Runs every block of a guide."""
        text = (DOCS / guide).read_text()
        for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.S | re.M):
            for line in textwrap.dedent(block).strip().splitlines():
                self.type(line)
        return self

    def type(self, line):
        (command, *arguments) = shlex.split(line, comments=True)
        if command == "export":
            name, value = arguments[0].split("=", 1)
            self.environment[name] = os.path.expandvars(value.replace("$HOME", self.environment["HOME"]).replace("…", self.shown(name)))
            if name == "HUBSPOT_BASE_URL" and self.server:
                self.environment[name] = self.address
            return
        if [command, *arguments[:1]] == ["keyway", "serve"]:
            return self.serve(arguments[1:])
        line = line.replace("HUB_ID", "4242").replace(" APP", f" {self.name}")
        done = subprocess.run(["sh", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120)
        # 1 says that there is something to do.
        assert done.returncode in (0, 1) and not done.stderr.startswith("error"), f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        self.said += done.stdout
        self.ran.append(line)

    def shown(self, name):
        """The token that a command has shown once."""
        return re.findall(r"^ +(pat-\S+)$", self.said, re.M)[-1] if name == "HUBSPOT_ACCESS_TOKEN" else ""

    def serve(self, arguments):
        ready = self.folder.parent / f"{self.name}-{len(self.ran)}.json"
        self.stop()
        command = ["keyway", "serve", *arguments, "--ready-file", str(ready)]
        self.server = subprocess.Popen(command, cwd=self.folder.parent, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert any(line.startswith("keyway is ready") for line in self.server.stdout), f"keyway serve ended with {self.server.wait()}"
        self.address = f"http://{json.loads(ready.read_text())['data'].removeprefix('http://')}"

    def integration(self, **environment):
        """Runs the integration as its owner does."""
        return subprocess.run(run.RUNS[self.name], cwd=self.folder, env={**self.environment, **environment}, capture_output=True, text=True, timeout=60)

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait()
            self.server.stdout.close()


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        hubspot, addresses = run.serve(folder)
        try:
            check(folder, f"http://{addresses['data'].removeprefix('http://')}")
        finally:
            hubspot.terminate()
            hubspot.wait()


def check(folder, hubspot):
    data = folder / "data"
    run.keyway("account", "add", "Company", "--hub-id", "4242", "--tier", "enterprise", data=data)
    for name in ["python-requests", "php-curl", "ruby-net-http", "shell-curl", "node-fetch"]:
        reader = Reader(folder, name, hubspot)
        moved(reader, data, "migrate-hapikey.md", HUBSPOT_API=hubspot, HUBSPOT_API_KEY=run.KEY)
    reader = Reader(folder, "node-token", hubspot)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=reader.folder, check=True)
    moved(reader, data, "migrate-private-app.md", HUBSPOT_API=hubspot)
    reader = Reader(folder, "python-oauth", hubspot)
    reader.follow("migrate-oauth-v1.md")
    try:
        granted = run.install(pathlib.Path(reader.environment["KEYWAY_DATA"]), reader.address)
        done = reader.integration(HUBSPOT_BASE_URL=reader.address, HUBSPOT_API=reader.address, **granted)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    finally:
        reader.stop()
    print(f"  migrate-oauth-v1.md on {reader.name}: {len(reader.ran)} commands")
    reader = Reader(folder, "n8n", hubspot).follow("migrate-workflow-tools.md")
    text = (reader.folder / "workflow.json").read_text()
    assert "hapikey" not in text and json.loads(text), text
    print(f"  migrate-workflow-tools.md on {reader.name}: {len(reader.ran)} commands")


def service_key(reader, data):
    """What a person makes at HubSpot: a key with the scopes that the plan lists, and no more."""
    scopes = json.loads(run.keyway("plan", reader.folder, "--json", codes=(0, 1)).stdout)["connectionScopes"]
    made = run.keyway("app", "create", f"Key {reader.name}", "--account", "4242", "--scopes", ",".join(scopes), "--json", data=data)
    return json.loads(made.stdout)["token"]["value"]


def moved(reader, data, guide, **before):
    """An integration that is refused runs again once its guide was followed."""
    old = reader.integration(HUBSPOT_BASE_URL=before["HUBSPOT_API"], **before)
    assert old.returncode != 0, f"{reader.name} runs before the guide: {old.stdout}"
    reader.environment["HUBSPOT_SERVICE_KEY"] = service_key(reader, data)
    try:
        reader.follow(guide)
        # Some read the address from a setting of their own.
        done = reader.integration(HUBSPOT_API=reader.address)
        assert done.returncode == 0, f"{reader.name} after {guide}: {done.stdout}{done.stderr}"
        reader.type("keyway app tighten APP")
    finally:
        reader.stop()
    print(f"  {guide} on {reader.name}: {len(reader.ran)} commands, then it runs")


if __name__ == "__main__":
    main()
