#!/usr/bin/env python3
"""Rotates the master key under load, kills the server in the middle of rotations, and does the same with two instances.

    key_rotation.py [--kills N]

Checked: no call is refused while keys are rotated; everything is sealed with the new key afterwards, and the former key
is in no file; tokens, credentials and the audit's chain are as before; a backup from before is restored with the
former key; a rotation that SIGKILL ended at any moment leaves a server that works, and is completed by the same
command; with several instances, a rotation is refused until each has the new key; no output holds a key.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from migrate import BINARY, PORTS, SCOPES, STARTED, Keyway, admin, end, fails, send  # noqa: E402
from postgres import Postgres  # noqa: E402

ANSWERS = 400


class Load:
    """Calls to these servers, from several threads, until it is left."""

    def __init__(self, urls, token):
        self.urls, self.token, self.stop, self.statuses = urls, token, threading.Event(), []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(4)]

    def run(self, number):
        while not self.stop.is_set():
            self.statuses.append(send(self.urls[number % len(self.urls)], self.token))
            # HubSpot's limit is no part of this test.
            time.sleep(0.25)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *_):
        time.sleep(1)
        self.stop.set()
        for thread in self.threads:
            thread.join()


def key(keyway, action, ends=0):
    done = subprocess.run([BINARY, "key", action, "--data", keyway.folder, "--json"], capture_output=True, text=True)
    assert done.returncode == ends, (done.returncode, done.stderr, done.stdout)
    return json.loads(done.stdout) if done.stdout else done.stderr


def connected(hubspot, keyway, hub_id):
    if str(hub_id) not in json.dumps(hubspot.run("account", "list")):
        hubspot.run("account", "create", f"HubSpot {hub_id}", "--hub-id", str(hub_id))
    _, credential = hubspot.app(hub_id, f"Connection {random.random()}", SCOPES)
    add = [BINARY, "account", "add", f"HubSpot {hub_id}", "--connect", "--base-url", hubspot.url, "--credential-stdin", "--data", keyway.folder]
    subprocess.run(add, check=True, capture_output=True, text=True, input=credential)
    return keyway.app(hub_id, "App", SCOPES)[1]


def answer_once(folder, name, key_of_request, hub_id):
    """A change whose answer is kept sealed, for who asks again."""
    import http.client
    import socket

    class Socket(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(os.path.join(folder, "admin.sock"))

    connection = Socket("localhost")
    body = json.dumps({"name": name, "hubId": hub_id, "scopes": SCOPES})
    connection.request("POST", "/api/v1/apps", body, {"content-type": "application/json", "idempotency-key": key_of_request})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return json.loads(text)["token"]["value"]


def in_a_folder(hubspot, kills):
    keyway = Keyway(tempfile.mkdtemp(prefix="keyway-rotate-"), through_gateway=False)
    folder = keyway.folder
    token = connected(hubspot, keyway, 4242)
    keyway.run("public-app", "create", "Public", "--scopes", SCOPES[0], "--redirect-uri", "https://example.com/back")
    answers = {f"key-{number}": answer_once(folder, f"Once {number}", f"key-{number}", 4242) for number in range(ANSWERS)}
    assert send(keyway.url, token) == 200
    file = pathlib.Path(folder, "master.key")
    former = file.read_text().strip()
    head = keyway.run("audit", "verify")["head"]
    before = key(keyway, "status")
    assert before["settled"] and before["keys"][0]["values"] > ANSWERS, before
    backup = tempfile.mkdtemp(prefix="keyway-rotate-backup-")
    subprocess.run([BINARY, "backup", f"{backup}/copy", "--data", folder], check=True, capture_output=True)

    with Load([keyway.url], token) as load:
        reports = [key(keyway, "rotate") for _ in range(3)]
    refused = [status for status in load.statuses if status != 200]
    assert not refused and len(load.statuses) > 20, (len(load.statuses), refused)
    ids = [before["keys"][0]["id"], *(report["keys"][0]["id"] for report in reports)]
    assert len(set(ids)) == 4 and all(report["settled"] for report in reports), reports
    assert reports[-1]["keys"][0]["values"] == before["keys"][0]["values"], reports
    new = file.read_text().strip()
    assert len(new) == 64 and new != former and stat.S_IMODE(file.stat().st_mode) == 0o600
    print(f"{len(load.statuses)} calls during 3 rotations of {before['keys'][0]['values']} values: none refused")
    assert answer_once(folder, "Once 7", "key-7", 4242) == answers["key-7"], "an answer is given again"
    end(keyway)

    # The former key is nowhere, and opens nothing.
    raw = bytes.fromhex(former)
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert former.encode() not in content and raw not in content, path
    file.write_text(former)
    fails("serve", "--data", folder, *PORTS, says=["keyway key rotate"])
    file.write_text(new)

    interrupted = 0
    for number in range(kills):
        keyway = Keyway(folder, through_gateway=False)
        rotating = subprocess.Popen([BINARY, "key", "rotate", "--data", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.random() * (0.05 if number % 2 else 0.3))
        keyway.kill()
        interrupted += rotating.wait() != 0
        keyway = Keyway(folder, through_gateway=False)
        report = subprocess.run([BINARY, "key", "status", "--data", folder, "--json"], capture_output=True, text=True)
        report = json.loads(report.stdout)
        print("killed:", [(one["id"], one["values"]) for one in report["keys"]], "waiting:", report["waiting"])
        assert report["unreadable"] == 0 and send(keyway.url, token) == 200
        assert answer_once(folder, "Once 9", "key-9", 4242) == answers["key-9"]
        after = key(keyway, "rotate")
        assert after["settled"] and len(file.read_text().splitlines()) == 1, after
        if report["waiting"]:
            assert after["keys"][0]["id"] == report["waiting"], "the key that waited is used, and no third one"
        end(keyway)
    assert interrupted >= 2, "no rotation was killed in the middle"

    keyway = Keyway(folder, through_gateway=False)
    check = keyway.run("audit", "verify", "--head", head)
    assert check["records"] > 20 and send(keyway.url, token) == 200, check
    end(keyway)
    # The backup needs the key of its day.
    pathlib.Path(backup, "former.key").write_text(former)
    subprocess.run([BINARY, "restore", f"{backup}/copy", "--data", f"{backup}/data", "--master-key", f"{backup}/former.key"], check=True, capture_output=True)
    restored = Keyway(f"{backup}/data", through_gateway=False)
    assert send(restored.url, token) == 200 and key(restored, "status")["settled"]
    end(restored)
    shutil.rmtree(backup)


def on_postgresql(hubspot, postgres):
    former, new = os.urandom(32).hex(), os.urandom(32).hex()
    url = postgres.database("rotation")

    def start(**keys):
        for name in ("KEYWAY_MASTER_KEY", "KEYWAY_MASTER_KEY_OLD"):
            os.environ.pop(name, None)
        os.environ.update(keys)
        return Keyway(None, "--database", url, through_gateway=False)

    one, other = start(KEYWAY_MASTER_KEY=former), start(KEYWAY_MASTER_KEY=former)
    token = connected(hubspot, one, 4243)
    refused = key(one, "rotate", ends=1)
    assert "KEYWAY_MASTER_KEY_OLD" in refused and "openssl rand -hex 32" in refused, refused
    end(one)
    one = start(KEYWAY_MASTER_KEY=new, KEYWAY_MASTER_KEY_OLD=former)
    time.sleep(1)
    waiting = key(one, "status")
    assert waiting["waiting"] and waiting["settled"], waiting
    refused = key(one, "rotate", ends=1)
    assert f"process {other.process.pid}" in refused and "do not have the new master key" in refused, refused
    end(other)
    other = start(KEYWAY_MASTER_KEY=new, KEYWAY_MASTER_KEY_OLD=former)
    deadline = time.monotonic() + 60
    # An instance that joined is ready when it has its share of the limits, and then refuses no call for want of one.
    status, why = admin(other.folder, "GET", "/readyz")
    assert status == 503 and "no share of HubSpot's rate limit yet" in json.dumps(why), (status, why)
    assert admin(other.folder, "GET", "/healthz")[0] == 200
    joined = time.monotonic()
    while admin(other.folder, "GET", "/readyz")[0] != 200:
        assert time.monotonic() - joined < 20, "it is bounded"
        time.sleep(0.1)
    assert send(other.url, token) == 200 and admin(one.folder, "GET", "/readyz")[0] == 200
    print(f"an instance that joined was ready after {time.monotonic() - joined:.1f} s, and served its first call")
    # An instance that was stopped counts for twenty seconds.
    while not all(waiting["waiting"] in one["keys"] for one in key(other, "status")["instances"]):
        assert time.monotonic() < deadline, key(other, "status")
        time.sleep(1)
    with Load([one.url, other.url], token) as load:
        report = key(one, "rotate")
    refused = [status for status in load.statuses if status != 200]
    assert not refused and len(load.statuses) > 20, (len(load.statuses), refused)
    assert report["settled"] and report["keys"][0]["id"] == waiting["waiting"], report
    print(f"{len(load.statuses)} calls to two instances during a rotation: none refused")
    # KEYWAY_MASTER_KEY_OLD was left set: there is no other key to rotate to.
    refused = key(one, "rotate", ends=1)
    assert f"everything is sealed with key {waiting['waiting']}" in refused and "remove the second key" in refused, refused
    # The other one seals with the new key too.
    connected(hubspot, other, 4244)
    assert key(one, "status")["settled"] and key(other, "status")["keys"][1]["values"] == 0
    end(one)
    end(other)
    os.environ["KEYWAY_MASTER_KEY"] = former
    del os.environ["KEYWAY_MASTER_KEY_OLD"]
    fails("serve", "--data", tempfile.mkdtemp(), "--database", url, *PORTS, says=["keyway key rotate"])
    for keys, said in [({"KEYWAY_MASTER_KEY_OLD": new}, "both hold that key"), ({"KEYWAY_MASTER_KEY_OLD": os.urandom(32).hex()}, "the two are swapped")]:
        given = start(KEYWAY_MASTER_KEY=new, **keys)
        refused = key(given, "rotate", ends=1)
        assert said in refused and f"everything is sealed with key {waiting['waiting']}" in refused, refused
        end(given)
    last = start(KEYWAY_MASTER_KEY=new)
    assert key(last, "status")["settled"] and last.run("audit", "verify")["records"] > 0
    end(last)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=6)
    options = parser.parse_args()
    for name in ("KEYWAY_MASTER_KEY", "KEYWAY_MASTER_KEY_OLD"):
        os.environ.pop(name, None)
    postgres = Postgres()
    try:
        hubspot = Keyway(through_gateway=False)
        in_a_folder(hubspot, options.kills)
        on_postgresql(hubspot, postgres)
    finally:
        for one in STARTED:
            one.process.kill()
            shutil.rmtree(one.folder, ignore_errors=True)
        postgres.stop()


if __name__ == "__main__":
    main()
