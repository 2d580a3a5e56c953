#!/usr/bin/env python3
"""Memory and answers under connections of clients that do not behave, in front of Keyway and of nginx.

    hostile.py [--connections 10000] [--seconds 20] [--memory-max MIB] [--slower-max TIMES] [--busy] [--alone]

A third of the connections send the head of a request and never end it, a third send a body a byte at a time with a
valid token, and a third ask for a page of large records and never read it. Meanwhile a client calls a connected
account. Printed: the server's memory before and at its most, and the p99 of the calls before and meanwhile; then the
same of an nginx that stands before another one, as Keyway stands before HubSpot.
Those who attack have machines of their own. Here they share the server's, so their process runs only when nothing else
wants to (SCHED_IDLE); with --busy it competes with the server. --alone leaves nginx out.
KEYWAY_BIN names the binary (a release build); nginx is Debian's.
"""

import argparse
import http.client
import multiprocessing
import os
import pathlib
import resource
import socket
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import Keyway  # noqa: E402
from proxy import HEAD, Nginx  # noqa: E402

# Between two pieces of what a client sends a little at a time: shorter than any patience of the server's.
DRIP_S = 8


NGINX = HEAD.replace("worker_connections 1024", "worker_connections 15000").replace("events", "worker_rlimit_nofile 30000; events", 1)
# Answers one contact, or a page as large as Keyway's.
BEHIND = NGINX + """
  access_log off; default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{ if ($arg_limit = 100) {{ rewrite ^ /page break; }} root {folder}; try_files $uri /contact; }}
  }}
}}
"""
# Keeps bodies in memory, as Keyway does, and reads no more of an answer than its client takes.
PEER = NGINX + """
  access_log {folder}/calls.log; client_max_body_size 10m; client_body_buffer_size 128k; proxy_max_temp_file_size 0;
  upstream hubspot {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{ proxy_pass http://hubspot; proxy_http_version 1.1; proxy_set_header Connection ''; }}
  }}
}}
"""
PAGE_BYTES = 6_500_000


def memory_mib(pid):
    """Resident memory of a process and its children now, in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024 + sum(memory_mib(int(child)) for child in children)


class Attack:
    """Connections, each kept as long as the server lets it. In a process of its own: the client that is measured must not
    wait for its interpreter."""

    def __init__(self, url, token, count, is_busy):
        host, port = url.removeprefix("http://").split(":")
        self.address, self.token, self.count, self.is_busy = (host, int(port)), token, count, is_busy
        self.open, self.stop = [], multiprocessing.Event()
        self.opened, self.at_once = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
        self.process = multiprocessing.Process(target=self.run, daemon=True)

    def first(self, number):
        """What a connection sends at once, and what it adds later."""
        head = f"Host: t\r\nAuthorization: Bearer {self.token}\r\n"
        if number % 3 == 0:
            return f"GET /crm/v3/objects/contacts HTTP/1.1\r\nHost: t\r\nX-A: {'a' * 8000}", b"a"
        if number % 3 == 1:
            start = f"POST /crm/v3/objects/contacts/batch/create HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n"
            return start + '{"inputs":[' + " " * 64_000, b" "
        return f"GET /crm/v3/objects/contacts?limit=100&properties=firstname,lastname HTTP/1.1\r\n{head}\r\n", b""

    def connect(self, number):
        stream = socket.socket()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Addresses of their own: the ports of one do not suffice.
        stream.bind((f"127.0.0.{2 + number % 200}", 0))
        stream.settimeout(1)
        first, more = self.first(number)
        try:
            stream.connect(self.address)
            stream.sendall(first.encode())
        except OSError:
            pass
        stream.setblocking(False)
        self.opened.value += 1
        return stream, more

    def run(self):
        if not self.is_busy:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        number = 0
        while not self.stop.is_set() and len(self.open) < self.count:
            self.open.append(self.connect(number))
            number += 1
            self.at_once.value = len(self.open)
        while not self.stop.wait(DRIP_S):
            for at, (stream, more) in enumerate(self.open):
                try:
                    ended = more and stream.send(more) == 0
                except BlockingIOError:
                    ended = False
                except OSError:
                    ended = True
                if ended and not self.stop.is_set():
                    stream.close()
                    self.open[at] = self.connect(number)
                    number += 1

    def end(self):
        self.stop.set()
        self.process.join()


def calls(url, token, seconds):
    """Calls a connected account one after another; how long each took, in ms, and how many failed."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    took, failed, until = [], 0, time.monotonic() + seconds
    while time.monotonic() < until:
        start = time.monotonic()
        connection.request("GET", "/crm/v3/objects/contacts?limit=1", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        took.append((time.monotonic() - start) * 1000)
        failed += answer.status != 200
        time.sleep(0.11)  # HubSpot's limit is 100 in ten seconds.
    return took, failed


def p99(took):
    return statistics.quantiles(took, n=100)[98]


def spread(took):
    return f"p50 {statistics.median(took):.1f} ms, p99 {p99(took):.1f} ms"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--memory-max", type=float, help="fail where the server takes more MiB on top")
    parser.add_argument("--slower-max", type=float, help="fail where the p99 grows more times")
    parser.add_argument("--busy", action="store_true", help="the attack competes with the server for the processor")
    parser.add_argument("--alone", action="store_true", help="without nginx")
    options = parser.parse_args()
    files = options.connections + 1_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= files, f"{files} open files are needed, and {hard} are allowed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))
    server = Keyway(None, through_gateway=True)
    try:
        connected = server.account("connected")
        good = server.app(connected, "good", ["crm.objects.contacts.read"])[1]
        embedded = server.run("account", "create", "embedded")["account"]["hubId"]
        made = server.run("app", "create", "bad", "--account", str(embedded), "--scopes", "crm.objects.contacts.read,crm.objects.contacts.write", "--no-limits")
        bad = made["token"]["value"]
        fill(server, bad)
        grown, slower, failed = trial("Keyway", server.url, server.process, good, bad, options)
    finally:
        server.stop()
    if not options.alone:
        with tempfile.TemporaryDirectory() as folder:
            of_nginx(folder, options)
    assert not failed, "calls of a connected account failed"
    assert options.memory_max is None or grown <= options.memory_max, "more memory than stated"
    assert options.slower_max is None or slower <= options.slower_max, "slower than stated"


def of_nginx(folder, options):
    """The same trial of nginx."""
    # Its workers may run as somebody else.
    pathlib.Path(folder).chmod(0o755)
    pathlib.Path(folder, "contact").write_text('{"results":[]}')
    pathlib.Path(folder, "page").write_text(" " * PAGE_BYTES)
    behind = Nginx(folder, "behind", BEHIND)
    proxy = Nginx(folder, "proxy", PEER, upstream=behind.port)
    try:
        _, _, failed = trial("nginx", f"http://127.0.0.1:{proxy.port}", proxy.process, "good", "bad", options)
        assert not failed, f"{failed} calls through nginx failed"
    finally:
        # At once, and not when the last connection ends.
        for one in (proxy, behind):
            one.process.terminate()
            one.process.wait()


def trial(name, url, process, good, bad, options):
    """Calls before and under the attack. Returns by how much memory grew, how many times longer the p99 is, and the calls that failed."""
    idle = memory_mib(process.pid)
    usual, failed = calls(url, good, options.seconds)
    assert not failed, f"{failed} calls failed before the attack"
    attack = Attack(url, bad, options.connections, options.busy)
    attack.process.start()
    most = [idle]
    watch = threading.Event()
    watcher = threading.Thread(target=lambda: [most.append(memory_mib(process.pid)) for _ in iter(lambda: watch.wait(0.1), True)], daemon=True)
    watcher.start()
    during, failed = calls(url, good, 3 * options.seconds)
    watch.set()
    watcher.join()
    attack.end()
    assert process.poll() is None, f"{name} ended"
    grown, slower = max(most) - idle, p99(during) / p99(usual)
    print(f"{name}: {attack.opened.value:,} connections opened, {attack.at_once.value:,} at one time")
    print(f"{name}: memory {idle:.0f} MiB before, {max(most):.0f} MiB at most: {grown:.0f} more")
    print(f"{name}: {len(during)} calls of a connected account, {failed} failed; {spread(usual)} before, {spread(during)} meanwhile: p99 {slower:.1f} times", flush=True)
    return grown, slower, failed


def fill(server, token):
    """A hundred contacts with large texts: a page of some 6 MB."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    text = "a" * 32_000
    for number in range(100):
        body = f'{{"properties":{{"email":"a{number}@example.com","firstname":"{text}","lastname":"{text}"}}}}'
        connection.request("POST", "/crm/v3/objects/contacts", body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()[:300]
        answer.read()


if __name__ == "__main__":
    main()
