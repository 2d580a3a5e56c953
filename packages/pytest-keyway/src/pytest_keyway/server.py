"""A Keyway server for the time of a test run."""

from __future__ import annotations

import atexit
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import threading
from typing import Any, Iterable, List, Optional

from . import binary
from .account import HubSpot
from .api import AdminApi
from .errors import KeywayError

START_SECONDS = 30


class Keyway:
    """A running server: `url` takes the place of https://api.hubapi.com.

    `Keyway.start()` runs one, and `Keyway.connect()` uses one that runs already.
    """

    def __init__(self, url: str, api: AdminApi) -> None:
        self.url = url.rstrip("/")
        self.api = api
        self._token = ""
        self._process: Optional["subprocess.Popen[str]"] = None
        self._folder: Optional[str] = None
        self._accounts: List[HubSpot] = []

    @classmethod
    def of_environment(cls, *options: str) -> "Keyway":
        """The server that KEYWAY_ADDR names, else one of its own with these options of `keyway serve`."""
        address = os.environ.get("KEYWAY_ADDR")
        if not address:
            return cls.start(*options)
        if options:
            raise KeywayError(f"KEYWAY_ADDR={address} names a server that runs already, so {' '.join(options)} cannot be set. Unset one of them.")
        return cls.connect()

    @classmethod
    def start(cls, *options: str) -> "Keyway":
        """Starts a server on free ports of this machine, which keeps nothing on disk. `options` are those of `keyway serve`."""
        program = binary.find()
        token = secrets.token_urlsafe(32)
        folder = tempfile.mkdtemp(prefix="keyway-")
        ready, log = pathlib.Path(folder, "ready.json"), pathlib.Path(folder, "server.log")
        command = [program, "serve", "--ephemeral", "--data", folder, "--ready-file", str(ready), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        # Settings of another server, such as KEYWAY_DATABASE, are not for this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYWAY_") or name == "KEYWAY_LOG"}
        environment["KEYWAY_ADMIN_TOKEN"] = token
        try:
            with log.open("w") as errors:
                process = subprocess.Popen([*command, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise KeywayError(f"cannot run {program}: {error}") from error
        assert process.stdout is not None
        giving_up = threading.Timer(START_SECONDS, process.kill)
        giving_up.start()
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("keyway is ready"):
                break
        else:
            giving_up.cancel()
            code = process.wait()
            process.stdout.close()
            said = (log.read_text() or "".join(printed)).strip()
            shutil.rmtree(folder, ignore_errors=True)
            raise KeywayError(f"{program} serve ended with {code} before it was ready: {said[-2000:] or 'it printed nothing'}")
        giving_up.cancel()
        addresses = json.loads(ready.read_text())
        server = cls(addresses["data"], AdminApi(addresses["admin"], token))
        server._token, server._process, server._folder = token, process, folder
        atexit.register(server.stop)
        return server

    @classmethod
    def connect(cls, url: Optional[str] = None, address: Optional[str] = None, token: Optional[str] = None) -> "Keyway":
        """A server that runs already, such as a service container: by default that of KEYWAY_URL, KEYWAY_ADDR and KEYWAY_ADMIN_TOKEN."""
        given = {"KEYWAY_URL": url, "KEYWAY_ADDR": address, "KEYWAY_ADMIN_TOKEN": token}
        values = {name: value or os.environ.get(name, "") for name, value in given.items()}
        missing = [name for name, value in values.items() if not value]
        if missing:
            raise KeywayError(f"{', '.join(missing)} is not set. KEYWAY_URL is the data listener, KEYWAY_ADDR the admin listener, and KEYWAY_ADMIN_TOKEN opens it.")
        server = cls(values["KEYWAY_URL"], AdminApi(values["KEYWAY_ADDR"], values["KEYWAY_ADMIN_TOKEN"]))
        server._token = values["KEYWAY_ADMIN_TOKEN"]
        atexit.register(server.stop)
        return server

    def account(self, name: Optional[str] = None, *, scopes: Optional[Iterable[str]] = None, seed: Any = None, **settings: Any) -> HubSpot:
        """A new embedded account with an app and its token.

        `scopes` are those of the app, every scope when left out. `seed` is what `HubSpot.restart` comes back to.
        `settings` are those of the admin API, such as tier="enterprise" and timeZone="Europe/Lisbon".
        """
        name = name or f"Tests {secrets.token_hex(4)}"
        hub_id = self.api.call("POST", "/accounts", {"name": name, **settings})["account"]["hubId"]
        account = HubSpot(self, hub_id, self.every_scope() if scopes is None else list(scopes))
        self._accounts.append(account)
        if seed is not None:
            account.seed(seed)
            account.keep()
        return account

    def every_scope(self) -> List[str]:
        """Every scope that an app can be granted."""
        return [scope["name"] for scope in self.api.call("GET", "/catalog/scopes")["scopes"]]

    def run(self, *arguments: str) -> Any:
        """Runs a command of the command line against this server, such as run("audit", "list"). Answers its JSON."""
        environment = {**os.environ, "KEYWAY_ADDR": self.api.address, "KEYWAY_ADMIN_TOKEN": self._token}
        done = subprocess.run([binary.find(), *arguments, "--json"], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise KeywayError(f"keyway {' '.join(arguments)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return json.loads(done.stdout)

    def stop(self) -> None:
        """Ends the server. One that `connect` uses goes on without the accounts that this object made."""
        atexit.unregister(self.stop)
        if self._process is None:
            for account in self._accounts:
                self.api.call("DELETE", f"/accounts/{account.hub_id}")
            self._accounts.clear()
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Keyway":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
