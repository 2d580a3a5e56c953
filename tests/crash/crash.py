#!/usr/bin/env python3
"""Kills a busy server with SIGKILL at a random moment, and checks what it promised.

After each restart every acknowledged write is there, and every answered call has its record in the
audit, with the status that was answered: an answer may never stand there as "outcome unknown". `tests/crash/soak.sh` is the long form; test.sh runs a short one.
"""

import argparse
import collections
import http.client
import json
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
from keyway import BINARY, Keyway  # noqa: E402

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]


class Client(threading.Thread):
    """Writes and reads until the server is gone, and remembers what it was told."""

    def __init__(self, address, token, name):
        super().__init__()
        self.address, self.token, self.name = address, token, name
        self.acknowledged, self.answered = {}, {}
        self.in_flight, self.failure = None, None
        # Its own, so that the order of the threads does not change what each of them does.
        self.random = random.Random(name)

    def run(self):
        host, port = self.address.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        number = 0
        try:
            while True:
                number += 1
                self.step(connection, number)
        except (OSError, http.client.HTTPException):
            pass  # The server was killed.
        except Exception as error:  # Anything else is a finding, and must not end the thread in silence.
            self.failure = error

    def step(self, connection, number):
        if number % 3 and self.acknowledged:
            record = self.random.choice(list(self.acknowledged))
            if number % 3 == 1:
                value = f"{self.name}-{number}"
                if self.call(connection, "PATCH", f"/{record}", {"firstname": value})[0] == 200:
                    self.acknowledged[record] = value
            else:
                self.call(connection, "GET", f"/{record}")
            return
        value = f"{self.name}-{number}"
        status, body = self.call(connection, "POST", "", {"email": f"{value}@example.com", "firstname": value})
        if status == 201:
            self.acknowledged[body["id"]] = value

    def call(self, connection, method, path, properties=None):
        body = json.dumps({"properties": properties}) if properties else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.in_flight = (path[1:], properties)
        connection.request(method, f"/crm/v3/objects/contacts{path}", body, headers)
        response = connection.getresponse()
        text = response.read()
        self.answered[response.headers["X-HubSpot-Correlation-Id"]] = response.status
        self.in_flight = None
        assert response.status in (200, 201, 429), f"{method} {path}: {response.status} {text[:200]}"
        if response.status == 429:
            time.sleep(0.01)  # The burst is used up; being refused is on record too.
        return response.status, json.loads(text) if text else None


def contacts(server, token):
    """Every contact, by id."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    found, after = {}, None
    while True:
        target = f"/crm/v3/objects/contacts?limit=100&properties=firstname{f'&after={after}' if after else ''}"
        connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        page = json.loads(response.read())
        if response.status == 429:
            time.sleep(0.5)
            continue
        assert response.status == 200, page
        found.update({one["id"]: one["properties"]["firstname"] for one in page["results"]})
        after = page.get("paging", {}).get("next", {}).get("after")
        if not after:
            return found


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--seconds", type=float, default=30, help="longest life of the server")
    options.add_argument("--threads", type=int, default=20)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = options.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}, {options.threads} client threads", flush=True)

    soak(options)


def soak(options):
    """Kills and restarts. Whatever is found, the server that runs at that moment is ended."""
    server = Keyway()
    try:
        folder = server.folder
        account = server.account("crash", "--tier", "enterprise", "--addons", "2")
        # One app for each thread, since the burst is counted per app.
        tokens = [server.app(account, f"writer {number}", SCOPES)[1] for number in range(options.threads)]
        reader = server.app(account, "checker", SCOPES)[1]
        acknowledged, answers, uncertain = {}, collections.Counter(), 0
        for kill in range(options.kills):
            clients = [Client(server.url, token, f"k{kill}t{number}x{options.seed}") for number, token in enumerate(tokens)]
            for client in clients:
                client.start()
            time.sleep(random.uniform(min(1, options.seconds / 3), options.seconds))
            working = [client.is_alive() for client in clients]
            server.kill()
            for client in clients:
                client.join()
            failures = [client.failure for client in clients if client.failure]
            assert not failures, failures
            assert all(working), f"{working.count(False)} clients had lost their connection before the server was killed"
            server = Keyway(folder)

            answered = {one: status for client in clients for one, status in client.answered.items()}
            answers.update(answered.values())
            check_writes(contacts(server, reader), clients, acknowledged)
            uncertain = check_records(folder, answered)
            print(f"kill {kill + 1}: {len(answered)} answers on record, {len(acknowledged)} acknowledged records there", flush=True)
        assert answers[201] and answers[200], f"nothing was written or read: {answers}"
        refused = f"{answers[429]} of them 429"
        print(f"{options.kills} kills, {answers.total()} answered calls ({refused}), {len(acknowledged)} records: nothing lost; {uncertain} calls with outcome unknown")
    finally:
        server.stop()


def check_writes(now, clients, acknowledged):
    """Every acknowledged write is there. Takes over what this life of the server acknowledged."""
    for client in clients:
        acknowledged.update(client.acknowledged)
    # An update that was under way may have happened or not; both are right.
    maybe = {client.in_flight[0]: client.in_flight[1]["firstname"] for client in clients if client.in_flight and client.in_flight[0] and client.in_flight[1]}
    for record, value in acknowledged.items():
        assert now.get(record) in (value, maybe.get(record, value)), f"contact {record} is {now.get(record)}, acknowledged was {value}"
        acknowledged[record] = now[record]


def check_records(folder, answered):
    """Every answered call is on record as it was answered. Says how many others have no known outcome."""
    export = subprocess.run([BINARY, "audit", "export", "--data", folder], check=True, capture_output=True, text=True).stdout
    records = {one["correlationId"]: one["status"] for one in map(json.loads, export.splitlines())}
    missing = answered.keys() - records.keys()
    assert not missing, f"{len(missing)} answered calls have no record"
    otherwise = {one: (status, records[one]) for one, status in answered.items() if records[one] != status}
    assert not otherwise, f"answered and recorded differ: {otherwise}"
    return sum(status is None for status in records.values())


if __name__ == "__main__":
    main()
