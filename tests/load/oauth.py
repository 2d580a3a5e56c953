#!/usr/bin/env python3
"""Refresh grants and introspections per second, and CPU for each, beside oidc-provider on Node: the same
load from the same process, one server after the other, in rounds.

KEYWAY_BIN=target/release/keyway python3 tests/load/oauth.py [--seconds 5] [--rounds 3]
"""

import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
from keyway import Keyway  # noqa: E402

CALLBACK = "http://localhost:3999/callback"

PEER = """
import { Provider } from 'oidc-provider'
const accounts = { async findAccount(_, id) { return { accountId: id, async claims() { return { sub: id } } } } }
const provider = new Provider('http://127.0.0.1', {
  ...accounts,
  clients: [{ client_id: 'c', client_secret: 'secret-of-the-test-that-is-long', redirect_uris: ['https://a.example/cb'], grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post' }],
  features: { introspection: { enabled: true, allowedPolicy: () => true }, devInteractions: { enabled: false } },
  rotateRefreshToken: false, issueRefreshToken: () => true, scopes: ['openid', 'offline_access', 'contacts'],
  pkce: { required: () => false },
})
const grant = new provider.Grant({ accountId: 'ada', clientId: 'c' })
grant.addOIDCScope('offline_access contacts')
const grantId = await grant.save()
const client = await provider.Client.find('c')
const refresh = new provider.RefreshToken({ accountId: 'ada', client, grantId, scope: 'offline_access contacts', gty: 'authorization_code' })
const token = await refresh.save()
const server = provider.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port, token })))
"""


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Side:
    def __init__(self, name, port, pid, token_path, introspect_path, credentials, refresh):
        self.name, self.port, self.pid = name, port, pid
        self.refresh = (token_path, urllib.parse.urlencode({**credentials, "grant_type": "refresh_token", "refresh_token": refresh}))
        access = self.once(*self.refresh)["access_token"]
        self.introspect = (introspect_path, urllib.parse.urlencode({**credentials, "token": access}))
        assert self.once(*self.introspect)["active"] is True

    def once(self, path, body, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", path, body, {"content-type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (self.name, answer.status, content)
        return json.loads(content)

    def load(self, what, seconds, clients):
        """Raw sockets and a fixed request: the load must cost less than what it measures."""
        path, body = getattr(self, what)
        before, done = cpu(self.pid), []
        command = [sys.executable, __file__, "--client", str(self.port), path, body, str(seconds)]
        started = time.time()
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(clients)]
        for process in running:
            done.append(int(process.communicate()[0]))
        took = time.time() - started
        total = sum(done)
        return total / min(took, seconds + 0.2), (cpu(self.pid) - before) / total * 1e6


def client(port, path, body, seconds):
    import socket

    request = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
    counts, until = [], time.time() + float(seconds)

    def run():
        count = 0
        stream = socket.create_connection(("127.0.0.1", int(port)))
        while time.time() < until:
            stream.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += stream.recv(65536)
            head, rest = answer.split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 200"), answer
            lower = head.lower()
            length = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(rest) < length:
                rest += stream.recv(65536)
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=run) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(sum(counts))


def keyway_side(keyway):
    hub_id = keyway.run("account", "create", "Bench")["account"]["hubId"]
    app = keyway.run("public-app", "create", "Bench", "--redirect-uri", CALLBACK, "--scopes", "oauth")["publicApp"]
    url = f"{keyway.admin}/oauth/authorize?" + urllib.parse.urlencode({"client_id": app["clientId"], "redirect_uri": CALLBACK, "scope": "oauth"})
    code = keyway.run("install", "approve", url, "--account", str(hub_id))["code"]
    credentials = {"client_id": app["clientId"], "client_secret": app["clientSecret"]}
    port = urllib.parse.urlsplit(keyway.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = urllib.parse.urlencode({**credentials, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})
    connection.request("POST", "/oauth/2026-09/token", body, {"content-type": "application/x-www-form-urlencoded"})
    refresh = json.loads(connection.getresponse().read())["refresh_token"]
    return Side("keyway", port, keyway.process.pid, "/oauth/2026-09/token", "/oauth/2026-09/token/introspect", credentials, refresh)


def peer_side(folder):
    pathlib.Path(folder, "peer.mjs").write_text(PEER)
    subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", "oidc-provider@9"], check=True)
    process = subprocess.Popen(["node", "peer.mjs"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "NODE_ENV": "production"})
    for line in process.stdout:
        if line.startswith("{"):
            told = json.loads(line)
            break
    credentials = {"client_id": "c", "client_secret": "secret-of-the-test-that-is-long"}
    return process, Side("oidc-provider", told["port"], process.pid, "/token", "/token/introspection", credentials, told["token"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=2, help="processes of eight connections each")
    options = parser.parse_args()
    keyway = Keyway(through_gateway=False)
    peer = None
    try:
        ours = keyway_side(keyway)
        peer, theirs = peer_side(tempfile.mkdtemp(prefix="keyway-peer-"))
        print("| | Keyway | oidc-provider | ratio |\n| --- | --- | --- | --- |")
        for what in ("refresh", "introspect"):
            rates, costs = {ours: [], theirs: []}, {ours: [], theirs: []}
            for _ in range(options.rounds):
                for side in (ours, theirs):
                    rate, cost = side.load(what, options.seconds, options.clients)
                    rates[side].append(rate)
                    costs[side].append(cost)
            rate = {side: statistics.median(values) for side, values in rates.items()}
            cost = {side: statistics.median(values) for side, values in costs.items()}
            print(f"| {what}, requests/s | {rate[ours]:,.0f} | {rate[theirs]:,.0f} | {rate[ours] / rate[theirs]:.1f} |")
            print(f"| {what}, CPU for each | {cost[ours]:,.0f} µs | {cost[theirs]:,.0f} µs | {cost[theirs] / cost[ours]:.1f} |", flush=True)
    finally:
        keyway.stop()
        if peer:
            peer.terminate()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        client(*sys.argv[2:])
    else:
        main()
