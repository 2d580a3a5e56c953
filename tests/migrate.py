#!/usr/bin/env python3
"""Moves a data folder into PostgreSQL, killed with SIGKILL at several moments and begun again.

    migrate.py [--records N] [--apps N] [--kills N]

The folder has a connected account with apps, a deleted app, a migration board, calls that a killed server had begun,
and as many audit records more as asked for. Checked: what is refused before anything is changed; that no server uses a
database that holds half a folder; that afterwards every record, app, token and row of the board is there, that a head kept of the folder holds for
the database, that tokens and the credential still work, that ids go on, and that the folder is not served any more.
Prints how long the move took and how much memory it had at most.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent / "docs"))
import blocks  # noqa: E402
from instances import call  # noqa: E402
import keyway as harness  # noqa: E402
from keyway import BINARY  # noqa: E402
import outputs  # noqa: E402
from postgres import Postgres  # noqa: E402

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
PORTS = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]


STARTED = []


def Keyway(*arguments, **options):
    """A server that does not outlive the test."""
    STARTED.append(harness.Keyway(*arguments, **options))
    return STARTED[-1]


def end(keyway):
    """Stops a server and leaves its folder."""
    keyway.process.terminate()
    assert keyway.process.wait() == 0


def fails(*command, says):
    """A command that must be refused, with these words."""
    done = subprocess.run([BINARY, *command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, (command, done.returncode, done.stderr)
    for text in says:
        assert text in done.stderr, (text, done.stderr)


def psql(url, query):
    done = subprocess.run(["psql", url, "-Atc", query], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def send(url, token, method="GET"):
    return asyncio.run(call(int(url.rsplit(":", 1)[1]), token, method))[0]


def admin(folder, method, path, body=None):
    import socket

    class Socket(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(os.path.join(folder, "admin.sock"))

    connection = Socket("localhost")
    connection.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read() or b"null"
    is_json = "json" in answer.getheader("content-type", "json")
    return answer.status, json.loads(text) if is_json else text.decode()


def export(keyway):
    """A hash of all records but their order, and how many there are."""
    command = [BINARY, "audit", "export", "--data", keyway.folder]
    all_of_them, count = 0, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            all_of_them ^= int.from_bytes(hashlib.blake2b(line, digest_size=16).digest(), "big")
            count += 1
    assert process.returncode == 0
    return count, all_of_them


def apps(keyway):
    answer = keyway.run("app", "list")
    return {app["id"]: (app["name"], app["hubId"], app["scopes"]) for app in answer["apps"]}


def report(*calls, masked=None):
    """What a scan found: an integration for each folder that calls HubSpot, and a credential of the first."""
    usages = [{"path": f"{folder}/main.py", "line": 3, "operation": operation, "auth": "bearer", "scopes": SCOPES[:1]} for folder, operation in calls]
    findings = [{"path": f"{calls[0][0]}/.env", "line": 1, "kind": "private_app_token", "masked": masked}] if masked else []
    return {"version": 1, "findings": findings, "usages": usages}


def fill_board(folder):
    """A board with two repositories, one of which was sent twice, and a linked app."""
    old, new = "GET /crm/v3/objects/contacts", "GET /crm/objects/2026-09/contacts"
    reports = [("shop", report(("orders", old), ("bills", old), masked="pat-na1-…77c1")), ("shop", report(("orders", new), ("mail", old))), ("site", report(("forms", old)))]
    for repository, found in reports:
        status, sent = admin(folder, "POST", "/api/v1/migration/reports", {"repository": repository, "report": found})
        assert status == 200, sent
    link(folder, "orders", "App 0")


def link(folder, integration, app):
    _, board_ = admin(folder, "GET", "/api/v1/migration")
    number = next(one["id"] for one in board_["integrations"] if one["name"] == integration)
    status, linked = admin(folder, "PUT", f"/api/v1/migration/integrations/{number}/app", {"app": app})
    assert status == 200, linked


def board(folder):
    """The reports, and each integration by name: what the store holds of it, and the app that it is linked to."""
    _, answer = admin(folder, "GET", "/api/v1/migration")
    rows = {}
    for one in answer["integrations"]:
        _, shown = admin(folder, "GET", f"/api/v1/migration/integrations/{one['id']}")
        kept = (one["id"], one["repository"], one["firstAt"], shown.get("plan"), shown["earlier"])
        rows[one["name"]] = (kept, (one.get("app") or {}).get("name"))
    return answer["reports"], rows


def filled(options, hubspot):
    """A data folder with a past, its tokens, and how it was."""
    folder = tempfile.mkdtemp(prefix="keyway-migrate-")
    keyway = Keyway(folder, through_gateway=False)
    hub_id = hubspot.run("account", "create", "HubSpot", "--hub-id", "4242")["account"]["hubId"]
    _, credential = hubspot.app(hub_id, "Connection", SCOPES)
    add = [BINARY, "account", "add", "HubSpot", "--connect", "--base-url", hubspot.url, "--credential-stdin", "--data", folder]
    subprocess.run(add, check=True, capture_output=True, text=True, input=credential)
    tokens = []
    for number in range(options.apps):
        status, made = admin(folder, "POST", "/api/v1/apps", {"name": f"App {number}", "hubId": hub_id, "scopes": SCOPES})
        assert status == 200, made
        tokens.append(made["token"]["value"])
    keyway.run("app", "create", "Deleted", "--account", str(hub_id), "--scopes", SCOPES[0])
    keyway.run("app", "delete", "Deleted", "--yes") if has_yes() else keyway.run("app", "delete", "Deleted")
    fill_board(folder)
    # Calls that a killed server had begun, between calls that it answered.
    stop = threading.Event()

    def keep_writing(token):
        while not stop.is_set():
            send(keyway.url, token, "POST")

    threads = [threading.Thread(target=keep_writing, args=(token,)) for token in tokens[:8]]
    for thread in threads:
        thread.start()
    time.sleep(2)
    keyway.kill()
    stop.set()
    for thread in threads:
        thread.join()
    fill = pathlib.Path(BINARY).parent / "examples/fill_audit"
    subprocess.run([fill, folder, str(options.records), "--touched"], check=True, capture_output=True)
    keyway = Keyway(folder, through_gateway=False)
    assert send(keyway.url, tokens[0]) == 200
    return keyway, hub_id, tokens


def has_yes():
    return "--yes" in subprocess.run([BINARY, "app", "delete", "--help"], capture_output=True, text=True).stdout


def refusals(keyway, postgres, url):
    folder = keyway.folder
    move = ["migrate", "--data", folder, "--to", url]
    fails(*move, says=["in use by another keyway server", "Stop that server"])
    own = keyway.run("app", "create", "Embedded one", "--scopes", SCOPES[0], "--account", str(embedded(keyway)))["app"]["id"]
    # The app stays behind, the row of the board does not.
    link(folder, "mail", "Embedded one")
    end(keyway)
    fails(*move, says=["embedded accounts", "--leave-embedded"])
    fails("migrate", "--data", f"{folder}/none", "--to", url, says=["is not a data folder"])
    fails("migrate", "--data", folder, "--to", "mysql://here", says=["postgres://"])
    fails("serve", "--data", folder, "--database", url, *PORTS, says=["keyway migrate"])
    assert psql(url, "select count(*) from pg_class where relname in ('account', 'call')") == "0", "nothing was made"
    # A database of another Keyway.
    other_url = postgres.database("other")
    of_other = tempfile.mkdtemp(prefix="keyway-other-")
    pathlib.Path(of_other, "master.key").write_text("5a" * 32)
    other = Keyway(of_other, "--database", other_url, through_gateway=False)
    other.stop()
    fails(*move[:-1], other_url, "--leave-embedded", says=["holds a Keyway already", "createdb"])
    damaged = tempfile.mkdtemp(prefix="keyway-damaged-")
    shutil.copytree(folder, damaged, dirs_exist_ok=True)
    log = sorted(pathlib.Path(damaged, "audit").glob("*.log"))[0]
    log.write_bytes(log.read_bytes().replace(b"/crm/", b"/cra/", 3))
    fails("migrate", "--data", damaged, "--to", postgres.database("damaged"), "--leave-embedded", says=["not as it was written", "--accept-damage"])
    accepted = [BINARY, "migrate", "--data", damaged, "--to", f"{postgres.url}/damaged", "--leave-embedded", "--accept-damage"]
    subprocess.run(accepted, check=True, capture_output=True)
    moved = Keyway(damaged, "--database", f"{postgres.url}/damaged", through_gateway=False)
    check = subprocess.run([BINARY, "audit", "verify", "--data", damaged], capture_output=True, text=True)
    assert check.returncode == 1 and "the log is damaged" in check.stdout, check
    end(moved)
    shutil.rmtree(damaged)
    older = tempfile.mkdtemp(prefix="keyway-older-")
    shutil.copytree(folder, older, dirs_exist_ok=True)
    import sqlite3

    with sqlite3.connect(f"{older}/keyway.db") as database:
        database.execute("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)")
    database.close()
    fails("migrate", "--data", older, "--to", url, "--leave-embedded", says=["another version of Keyway", "keyway serve"])
    shutil.rmtree(older)
    return own


def embedded(keyway):
    _, answer = admin(keyway.folder, "GET", "/api/v1/accounts")
    return next(account["hubId"] for account in answer["accounts"] if account["backend"] == "embedded")


def killed(folder, url, after_lines, then):
    """Begins the move, and kills it behind so many lines of its progress."""
    command = [BINARY, "migrate", "--data", folder, "--to", url, "--leave-embedded"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    seen = 0
    for line in process.stderr:
        seen += 1
        if seen > after_lines or "audit records" in line:
            break
    time.sleep(then)
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    was_killed = process.wait() == -signal.SIGKILL
    return was_killed, psql(url, "select records from moved_log"), psql(url, "select sum(moved) from move_progress")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--apps", type=int, default=40)
    parser.add_argument("--kills", type=int, default=6)
    options = parser.parse_args()
    os.environ.pop("KEYWAY_MASTER_KEY", None)
    postgres = Postgres()
    try:
        hubspot = Keyway(through_gateway=False)
        keyway, hub_id, tokens = filled(options, hubspot)
        folder = keyway.folder
        before_apps = apps(keyway)
        before_board = board(folder)
        assert {name: app for name, (_, app) in before_board[1].items()} == {"orders": "App 0", "bills": None, "mail": None, "forms": None}
        records, before = export(keyway)
        head = keyway.run("audit", "verify")["head"]
        url = postgres.database("keyway")
        own = refusals(keyway, postgres, url)

        middle = 0
        for number in range(options.kills):
            was_killed, moved, rows = killed(folder, url, number * 5, random.random() * 0.12)
            print(f"killed: {rows or 0} rows and {moved or 0} of {records} records were there")
            if was_killed and psql(url, "select finished_at from moved_from") == "":
                middle += 1
                fails("serve", "--data", folder, "--database", url, *PORTS, says=["keyway migrate"])
            elif not was_killed:
                break
        assert middle >= 2, "no move was killed in the middle"
        if pathlib.Path(folder, "moved").exists():
            # A machine that is faster than the last kill: the rest is about a move that was just completed.
            pathlib.Path(folder, "moved").unlink()
            url = postgres.database("again")

        started = time.monotonic()
        command = [BINARY, "migrate", "--data", folder, "--to", url, "--leave-embedded", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said, progress = process.communicate()
        assert process.returncode == 0, progress
        moved = json.loads(said)
        took = time.monotonic() - started
        assert moved["head"] == head, (moved, head)
        print(f"the last attempt took {took:.1f} s; {moved['records']} records, {moved['rows']} rows; {len(progress.splitlines())} lines of progress")

        if options.records >= 500_000:
            fresh = postgres.database("fresh")
            pathlib.Path(folder, "moved").rename(f"{folder}/../moved-{os.getpid()}")
            started = time.monotonic()
            process = subprocess.Popen([*command[:5], fresh, *command[6:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            assert status == 0
            print(f"in one go: {time.monotonic() - started:.1f} s, at most {usage.ru_maxrss / 1024:.0f} MB of memory")
            os.rename(f"{folder}/../moved-{os.getpid()}", f"{folder}/moved")

        as_on_the_page(folder, postgres.database("text"))

        # The same command again does nothing; the folder is not served; the database is.
        assert json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["alreadyMoved"]
        fails("serve", "--data", folder, *PORTS, says=["was moved to postgres://127.0.0.1", "delete", "--database"])
        gateway = Keyway(folder, "--database", url, through_gateway=False)
        check = gateway.run("audit", "verify", "--head", head)
        assert check["records"] >= records, check
        assert export_of(gateway, records) == before, "each record is as it was"
        after = apps(gateway)
        assert own not in after and after == {key: app for key, app in before_apps.items() if app[1] == hub_id}
        assert board(folder) == before_board, "the migration board is as it was"
        assert [send(gateway.url, token) for token in (tokens[0], tokens[-1])] == [200, 200]
        made = gateway.run("app", "create", "New", "--account", str(hub_id), "--scopes", SCOPES[0])["app"]["id"]
        assert made > own, "an id is never used again"
        end(gateway)
        # An instance of its own folder, with the key of the moved one.
        os.environ["KEYWAY_MASTER_KEY"] = pathlib.Path(folder, "master.key").read_text().strip()
        second = Keyway(None, "--database", url, through_gateway=False)
        status = send(second.url, tokens[1])
        assert status == 200, (status, second.records("--limit", "3"))
        assert second.run("audit", "verify", "--head", head)["records"] > records
        end(second)
        # A record that was changed in the database shows, and so does a note.
        for change in ["update call set source = '10.0.0.1' where id = (select max(id) from call where writer = 0)",
                       "update moved_note set notes = notes || '\\x00' where number = (select max(number) from moved_note)"]:
            copied = postgres.database(f"changed{abs(hash(change))}")
            dump = subprocess.run(["pg_dump", url], check=True, capture_output=True)
            subprocess.run(["psql", "-q", copied], input=dump.stdout, check=True, capture_output=True)
            assert psql(copied, change) is not None
            other = Keyway(None, "--database", copied, through_gateway=False)
            check = subprocess.run([BINARY, "audit", "verify", "--data", other.folder], capture_output=True, text=True)
            assert check.returncode == 1, (change, check.stdout)
            other.stop()
            if options.records > 200_000:
                break
        del os.environ["KEYWAY_MASTER_KEY"]
        # And back.
        pathlib.Path(folder, "moved").unlink()
        back = Keyway(folder, through_gateway=False)
        assert apps(back)[own][0] == "Embedded one" and send(back.url, tokens[0]) == 200
        end(back)
        hubspot.stop()
        print(f"{records} records and {len(before_apps)} apps were moved after {middle} kills; nothing is missing, and the chain is whole")
    finally:
        for one in STARTED:
            one.process.kill()
            shutil.rmtree(one.folder, ignore_errors=True)
        postgres.stop()


def as_on_the_page(folder, url):
    """What the command prints is what docs/move-to-postgresql.md shows, with other names and numbers."""
    there = pathlib.Path(folder, "moved")
    before = there.rename(f"{folder}/../moved-{os.getpid()}")
    command = [BINARY, "migrate", "--data", folder, "--to", url, "--leave-embedded"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    before.rename(there)
    page = next(block.text for block in blocks.blocks("docs/move-to-postgresql.md") if block.language == "text")
    assert (fault := outputs.fault(page, printed.replace(folder, "/var/lib/keyway"), "text")) is None, fault


def export_of(gateway, records):
    """The hash of the records that were moved: those with the lowest numbers."""
    command = [BINARY, "audit", "export", "--data", gateway.folder]
    last = int(psql_last(gateway))
    all_of_them, count = 0, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if json.loads(line)["id"] <= last:
                all_of_them ^= int.from_bytes(hashlib.blake2b(line, digest_size=16).digest(), "big")
                count += 1
    assert count == records, (count, records)
    return all_of_them


def psql_last(gateway):
    return gateway.run("audit", "verify")["head"].split(",")[0].split(":")[1]


if __name__ == "__main__":
    main()
