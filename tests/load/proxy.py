#!/usr/bin/env python3
"""The gateway in front of HubSpot beside nginx and HAProxy doing less: CPU of the proxy for each request.

    proxy.py [--rounds N] [--seconds S] [--tls] [--paced] [--touched]

With --tls HubSpot is reached over TLS 1.3, on kept connections, by both. With --paced wrk sends 2,000
requests a second to HubSpot alone, to nginx and to Keyway: what the proxies add to the latency. With --touched
Keyway is also asked for a list, whose record in the audit names no CRM record: what naming one costs.
HubSpot is another nginx that answers 1 KB of JSON. nginx and HAProxy map each caller's token, put in the
upstream's credential, limit, and log; Keyway does the same and checks scopes, resolves operations
and makes each call's record durable before its answer leaves. wrk loads them in turn.
KEYWAY_BIN names the binary (a release build); nginx, HAProxy and wrk are Debian's.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from contact import APPS, LUA, post  # noqa: E402
from keyway import BINARY, Keyway  # noqa: E402
from openssl import authority, certificate  # noqa: E402
from servers import free_port  # noqa: E402

HEAD = """
daemon off; worker_processes 2; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy; fastcgi_temp_path {folder}/{name}-f;
  uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s; keepalive_requests 1000000; keepalive_timeout 300s;
"""
HUBSPOT = HEAD + """
  access_log off; default_type application/json;
  server {{
    listen 127.0.0.1:{port} {ssl} backlog=1024; {certificate}
    location = /oauth/v2/private-apps/get/access-token-info {{ return 200 '{info}'; }}
    location / {{ add_header X-HubSpot-RateLimit-Max 10000000; add_header X-HubSpot-RateLimit-Daily 1000000000; return 200 '{answer}'; }}
  }}
}}
"""
PROXY = HEAD + """
  log_format calls '$msec $remote_addr $caller "$request" $status $bytes_sent $request_time'; access_log {folder}/calls.log calls;
  map_hash_max_size 65536; map_hash_bucket_size 256;
  map $http_authorization $caller {{ default ''; include {folder}/callers; }}
  limit_req_zone $caller zone=callers:16m rate=10000r/s;
  upstream hubspot {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      if ($caller = '') {{ return 401; }}
      limit_req zone=callers burst=1000 nodelay;
      proxy_pass {scheme}://hubspot; {verify} proxy_http_version 1.1; proxy_set_header Connection '';
      proxy_set_header Authorization 'Bearer {credential}'; proxy_set_header Cookie '';
    }}
  }}
}}
"""
HAPROXY = """
global
  nbthread 2
  maxconn 2048
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "%Ts %ci %[var(txn.caller)] %HM %HU %ST %B %Ta"
  timeout connect 5s
  timeout client 300s
  timeout server 60s
frontend calls
  bind 127.0.0.1:{port}
  stick-table type string len 16 size 4k expire 10s store http_req_rate(1s)
  http-request set-var(txn.caller) http_auth_bearer,map_str({folder}/haproxy-callers)
  http-request deny deny_status 401 unless {{ var(txn.caller) -m found }}
  http-request track-sc0 var(txn.caller)
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 10000 }}
  http-request set-header Authorization "Bearer {credential}"
  http-request del-header Cookie
  default_backend hubspot
backend hubspot
  http-reuse always
  server hubspot 127.0.0.1:{upstream} {verify}
"""


class Haproxy:
    """A HAProxy of our own, which writes its log to a file as nginx does."""

    def __init__(self, folder, **values):
        self.port = free_port()
        config = pathlib.Path(folder, "haproxy.cfg")
        config.write_text(HAPROXY.format(folder=folder, port=self.port, **values))
        with open(pathlib.Path(folder, "haproxy.log"), "wb") as log, open(pathlib.Path(folder, "haproxy.err"), "wb") as errors:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=log, stderr=errors)
        wait_for(self.port, pathlib.Path(folder, "haproxy.err"))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wait_for(port: int, errors: pathlib.Path) -> None:
    """Returns once somebody listens on a port, within 5 s."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}: {errors.read_text()}")


class Nginx:
    """An nginx of our own."""

    def __init__(self, folder, name, template, **values):
        self.port = free_port()
        config = pathlib.Path(folder, f"{name}.conf")
        config.write_text(template.format(folder=folder, name=name, port=self.port, **values))
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-p", folder], stderr=subprocess.DEVNULL)
        wait_for(self.port, pathlib.Path(folder, name + ".err"))

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


def cpu(pid: int) -> float:
    """Seconds of processor that a process and its children have used."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(cpu(int(child)) for child in children)


# 16 connections that each wait 8 ms from one request to the next.
PACED = LUA + """
local turn = 0
function delay() turn = turn + 1; return 7 + turn % 2 end
"""
CERTIFICATE = "ssl_certificate {folder}/good.pem; ssl_certificate_key {folder}/good.key; ssl_protocols TLSv1.3;"
VERIFY = "proxy_ssl_protocols TLSv1.3; proxy_ssl_verify on; proxy_ssl_trusted_certificate {folder}/company.pem; proxy_ssl_name localhost; proxy_ssl_session_reuse on;"


ONE, LIST = "/crm/v3/objects/contacts/1", "/crm/v3/objects/contacts?limit=1"


def load(url: str, pid: int, seconds: int, script: str, tokens: str):
    """One run of wrk: requests a second, p99 in ms, microseconds of the proxy's processor for a request."""
    before = cpu(pid)
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", script, url]
    out = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "TOKENS": tokens}).stdout
    used = cpu(pid) - before
    requests = int(re.search(r"(\d+) requests in", out)[1])
    rate, p99, bad = re.search(r"requests/s (\d+).*p99 ([\d.]+) ms  not 2xx (\d+)", out).groups()
    assert bad == "0", out + pathlib.Path(script).with_name("proxy.err").read_text()[-500:]
    return float(rate), float(p99), used / requests * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--paced", action="store_true")
    parser.add_argument("--touched", action="store_true")
    arguments = parser.parse_args()
    credential = "pat-na1-" + "-".join(["3f9c2b7e", "5a1d", "4c86", "9e02", "b7d41f6a8c53"])
    os.environ["KEYWAY_ADMIN_TOKEN"] = os.urandom(16).hex()
    scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
    with tempfile.TemporaryDirectory() as folder:
        info = json.dumps({"userId": 1, "hubId": 4242, "appId": 1, "scopes": scopes})
        answer = json.dumps({"id": "1", "properties": {"note": "x" * 960}})
        ssl, own, verify, verify_haproxy, scheme, host = "", "", "", "", "http", "127.0.0.1"
        if arguments.tls:
            authority(folder, "company")
            certificate(folder, "good", "localhost", "company")
            verify_haproxy = f"ssl verify required ca-file {folder}/company.pem verifyhost localhost ssl-min-ver TLSv1.3"
            ssl, own, verify, scheme, host = "ssl", CERTIFICATE.format(folder=folder), VERIFY.format(folder=folder), "https", "localhost"
            os.environ["KEYWAY_CA_FILE"] = f"{folder}/company.pem"
        hubspot = Nginx(folder, "hubspot", HUBSPOT, info=info, answer=answer, ssl=ssl, certificate=own)
        keyway = Keyway(through_gateway=False)
        keyway.admin = json.loads(pathlib.Path(keyway.folder, "ready.json").read_text())["admin"]
        connect = [BINARY, "account", "add", "load", "--connect", "--base-url", f"{scheme}://{host}:{hubspot.port}", "--credential-stdin",
                   "--tier", "enterprise", "--addons", "2", "--data", keyway.folder]
        subprocess.run(connect, input=credential, text=True, check=True, capture_output=True)
        tokens = [post(keyway, "/api/v1/apps", {"hubId": 4242, "name": f"load {at}", "scopes": scopes})["token"]["value"] for at in range(APPS)]
        script, list_ = pathlib.Path(folder, "load.lua"), pathlib.Path(folder, "tokens")
        script.write_text(PACED if arguments.paced else LUA)
        list_.write_text("\n".join(tokens))
        pathlib.Path(folder, "callers").write_text("".join(f"'Bearer {token}' app{at};\n" for at, token in enumerate(tokens)))
        proxy = Nginx(folder, "proxy", PROXY, upstream=hubspot.port, credential=credential, scheme=scheme, verify=verify)
        pathlib.Path(folder, "haproxy-callers").write_text("".join(f"{token} app{at}\n" for at, token in enumerate(tokens)))
        haproxy = Haproxy(folder, upstream=hubspot.port, credential=credential, verify=verify_haproxy)
        servers = [("nginx", f"http://127.0.0.1:{proxy.port}{ONE}", proxy.process.pid), ("HAProxy", f"http://127.0.0.1:{haproxy.port}{ONE}", haproxy.process.pid),
                   ("Keyway", keyway.url + ONE, keyway.process.pid)]
        if arguments.touched:
            servers.append(("Keyway, a list", keyway.url + LIST, keyway.process.pid))
        if arguments.paced:
            servers.insert(0, ("HubSpot alone", f"{scheme}://{host}:{hubspot.port}{ONE}", hubspot.process.pid))
        runs = {name: [] for name, *_ in servers}
        for number in range(arguments.rounds + 1):
            for name, url, pid in servers:
                run = load(url, pid, arguments.seconds, str(script), str(list_))
                if number:
                    runs[name].append(run)
        print("| | requests/s | p99, ms | CPU of the proxy, µs a request | ÷ nginx |\n| --- | --- | --- | --- | --- |")
        for name, own in runs.items():
            rate, p99, used = (statistics.median(run[at] for run in own) for at in range(3))
            ratio = statistics.median(run[2] / base[2] for run, base in zip(own, runs["nginx"]))
            print(f"| {name} | {rate:.0f} | {p99:.2f} | {used:.1f} | {ratio:.2f} |")
        keyway.stop()
        haproxy.stop()
        proxy.stop()
        hubspot.stop()


if __name__ == "__main__":
    main()
