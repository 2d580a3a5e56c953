#!/usr/bin/env python3
"""Keyway behind nginx with TLS and DNS names, with TLS of its own, and behind HAProxy, which sends the PROXY protocol.

The configuration of Keyway, nginx and HAProxy is that of docs/behind-a-proxy.md, with ports, certificates and addresses of this
test in place of the page's. Clients connect from 127.0.0.5 and proxies from 127.0.0.1, so that the audit shows whom it saw.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "clients/python"), str(HERE / "load")]
from keyway import BINARY, Keyway  # noqa: E402
from openssl import authority, certificate  # noqa: E402
from proxy import HEAD  # noqa: E402
from servers import free_port  # noqa: E402

PAGE = (HERE.parent / "docs/behind-a-proxy.md").read_text()
DATA, ADMIN = "hubspot.example.com", "keyway.example.com"
CLIENT, OTHER_CLIENT, PROXY = "127.0.0.5", "127.0.0.6", "127.0.0.1"
CONTACTS = "/crm/v3/objects/contacts"
ADMIN_TOKEN = "an-admin-token-for-tests"
PASSWORD = "a password that is long"


def of_page(name, *replacements):
    """A block of the page, with what this test has in place of what the page has."""
    found = re.search(rf"<!-- test: {re.escape(name)} -->\n```\w+\n(.*?)```\n", PAGE, re.DOTALL)
    assert found, f"the page has no block {name}"
    text = found[1]
    for usual, own in replacements:
        assert usual in text, f"{name} of the page has no {usual!r}"
        text = text.replace(usual, own)
    return text


class Way:
    """How a client comes to a listener: over TLS, by a name, to a port of this machine."""

    def __init__(self, folder, name, port, source=CLIENT, tls=True):
        self.name, self.port, self.source = name, port, source
        self.context = ssl.create_default_context(cafile=f"{folder}/company.pem") if tls else None
        if self.context:
            self.context.set_alpn_protocols(["h2", "http/1.1"])

    def connect(self):
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(self.source, 0))
        return self.context.wrap_socket(stream, server_hostname=self.name) if self.context else stream

    def ask(self, method, path, headers=None, body=None):
        """Status, headers and text of the answer."""
        connection = http.client.HTTPConnection(self.name)
        connection.sock = self.connect()
        connection.request(method, path, body=body, headers={"Host": self.name, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def get(self, path, **headers):
        return self.ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def sign_in(self, password=PASSWORD):
        form = urllib.parse.urlencode({"email": "ada@example.com", "password": password})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{self.name}"}
        return self.ask("POST", "/sign-in", headers, form)


@contextlib.contextmanager
def running(port, *command):
    """A program that is ready when it listens."""
    process = subprocess.Popen(command)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def keyway(folder, *options):
    os.environ["KEYWAY_ADMIN_TOKEN"] = ADMIN_TOKEN
    server = Keyway(tempfile.mkdtemp(dir=folder), *options, through_gateway=False)
    try:
        yield server
    finally:
        server.process.terminate()
        assert server.process.wait(30) == 0


def port_of(url):
    return urllib.parse.urlsplit(url).port


def last_source(server):
    return server.records()[0]["source"]


def app(server):
    account = server.run("account", "list")["accounts"][0]["hubId"]
    made = server.run("app", "create", "Sync", "--account", str(account), "--scopes", "crm.objects.contacts.read,crm.objects.contacts.write")
    return made["token"]["value"], str(made["token"]["id"])


def create_ada(server):
    command = [BINARY, "user", "create", "ada@example.com", "--credential-stdin", "--data", server.folder]
    subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)


def behind_nginx(folder):
    for name in (DATA, ADMIN):
        certificate(folder, name, name, "company")
        live = pathlib.Path(folder, "live", name)
        live.mkdir(parents=True)
        pathlib.Path(folder, f"{name}.pem").rename(live / "fullchain.pem")
        pathlib.Path(folder, f"{name}.key").rename(live / "privkey.pem")
    pathlib.Path(folder, "keyway.toml").write_text(of_page("keyway.toml"))
    with keyway(folder, "--config", f"{folder}/keyway.toml") as server:
        token, token_id = app(server)
        create_ada(server)
        port = free_port()
        config = of_page(
            "nginx.conf",
            ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            ("127.0.0.1:8484", f"127.0.0.1:{port_of(server.url)}"),
            ("127.0.0.1:8485", f"127.0.0.1:{port_of(server.admin)}"),
            ("/etc/letsencrypt/live/", f"{folder}/live/"),
        )
        path = pathlib.Path(folder, "nginx.conf")
        path.write_text(HEAD.format(folder=folder, name="nginx") + config + "}\n")
        with running(port, "nginx", "-c", str(path), "-p", folder):
            data, admin = Way(folder, DATA, port), Way(folder, ADMIN, port)
            calls(server, data, token, token_id)
            console(server, admin, Way(folder, ADMIN, port, OTHER_CLIENT))
            machines(server, admin)
            inside(folder, server)


def calls(server, data, token, token_id):
    bearer = {"Authorization": f"Bearer {token}"}
    made = [json.dumps({"properties": {"email": f"{number}@example.com"}}) for number in range(3)]
    for body in made:
        status, _, text = data.ask("POST", CONTACTS, {**bearer, "Content-Type": "application/json"}, body)
        assert status == 201, text
    status, _, text = data.get(f"{CONTACTS}?limit=1", **bearer)
    assert status == 200 and json.loads(text)["paging"]["next"]["link"].startswith(f"https://{DATA}{CONTACTS}"), text
    assert last_source(server) == CLIENT
    # What a client writes itself stands to the left, or in a header that Keyway does not read.
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert data.get(CONTACTS, **bearer, **forged)[0] == 200
    assert last_source(server) == CLIENT
    assert [user["source"] for user in server.run("token", "users", token_id)["users"]] == [CLIENT]
    assert data.get("/__keyway/ready")[0] == 200
    assert data.get(CONTACTS)[0] == 401
    print("data calls behind nginx: the audit names the client")


def console(server, admin, other):
    status, headers, text = admin.get("/", Accept="text/html")
    assert status == 303 and headers["Location"].startswith("/sign-in"), text
    status, headers, text = admin.sign_in()
    assert status == 303, text
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-keyway=") and "; Secure" in cookie, cookie
    status, _, text = admin.get("/apps", Cookie=cookie.split(";")[0], Accept="text/html")
    assert status == 200 and "Sync" in text, text
    changes = server.run("changes")["changes"]
    assert changes[0]["operation"] == "signIn" and changes[0]["source"] == CLIENT, changes[0]
    # Who guesses is slowed down, and nobody else is.
    assert [admin.sign_in("wrong and long enough")[0] for _ in range(6)] == [401] * 5 + [429]
    assert other.sign_in("wrong and long enough")[0] == 401
    print("console behind nginx: signed in, and a guesser locks out itself alone")


def machines(server, admin):
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    assert admin.get("/healthz")[0] == 200 and admin.get("/readyz")[0] == 200
    status, _, text = admin.get("/metrics", User_Agent="Prometheus/2.53.0")
    assert status == 200 and "keyway_" in text
    status, _, text = admin.get("/api/v1/apps", **bearer)
    assert status == 200 and json.loads(text)["apps"], text
    assert admin.get("/api/v1/apps")[0] == 401
    status, _, text = admin.ask("POST", "/api/v1/apps", {**bearer, "Content-Type": "application/json"}, json.dumps({"name": "By API"}))
    assert status == 200, text
    assert server.run("changes")["changes"][0]["source"] == CLIENT
    print("probes, metrics and the admin API behind nginx")


def inside(folder, server):
    """As a container beside it reaches the admin listener: by the name of a service, without nginx."""
    direct = Way(folder, "keyway:8485", port_of(server.admin), tls=False)
    assert direct.get("/healthz")[0] == direct.get("/readyz")[0] == direct.get("/metrics")[0] == 200
    # This client is not a trusted proxy.
    made = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json", "X-Forwarded-For": "203.0.113.9"}
    assert direct.ask("POST", "/api/v1/apps", made, json.dumps({"name": "By a neighbour"}))[0] == 200
    assert server.run("changes")["changes"][0]["source"] == CLIENT
    status, headers, text = direct.get("/", Accept="text/html")
    assert status == 421 and headers["Content-Type"].startswith("text/html") and "--admin-hosts keyway" in text, text
    print("by the name of a service: probes, metrics and tokens; browsers learn the setting")


def command_line(server, folder, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in ("KEYWAY_CA_FILE", "SSL_CERT_FILE")}
    command = [BINARY, "app", "list", "--json", "--addr", f"https://localhost:{port_of(server.admin)}"]
    return subprocess.run(command, env={**environment, **variables}, cwd=folder, capture_output=True, text=True, check=False)


def serial(way):
    with way.connect() as stream:
        assert stream.selected_alpn_protocol() == "http/1.1"
        return stream.getpeercert()["serialNumber"]


def with_tls(folder):
    certificate(folder, "localhost", "localhost", "company")
    pair = [pathlib.Path(folder, "tls.pem"), pathlib.Path(folder, "tls.key")]

    def renew():
        certificate(folder, "localhost", "localhost", "company")
        for file, end in zip(pair, ("pem", "key")):
            pathlib.Path(folder, f"localhost.{end}").rename(file)

    renew()
    pair[1].chmod(0o644)
    options = ["--tls-cert", str(pair[0]), "--tls-key", str(pair[1])]
    refused = subprocess.run([BINARY, "serve", "--data", f"{folder}/refused", *options], capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "chmod o=" in refused.stderr, refused.stderr
    pair[1].chmod(0o640)
    for settings, said in [
        (f'tls-cert = "{pair[0]}"', "tls-key"),
        (f'tls-cert = "{pair[0]}"\ntls-key = "{pair[1]}"\nadmin-url = "http://{ADMIN}"', "https://"),
        ('trusted-proxies = "10.0.0.1/8"', "bits behind"),
        ('admin-hosts = "https://keyway.example.com"', "name alone"),
    ]:
        file = pathlib.Path(folder, "wrong.toml")
        file.write_text(settings)
        checked = subprocess.run([BINARY, "config", "check", str(file)], capture_output=True, text=True, check=False)
        assert checked.returncode == 1 and said in checked.stderr, checked
    with keyway(folder, *options) as server:
        assert server.url.startswith("https://") and server.admin.startswith("https://")
        token, _ = app(server)
        create_ada(server)
        bearer = {"Authorization": f"Bearer {token}"}
        data, admin = (Way(folder, "localhost", port_of(url)) for url in (server.url, server.admin))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            data.context.minimum_version = data.context.maximum_version = version
            assert data.get(CONTACTS, **bearer)[0] == 200
        assert last_source(server) == CLIENT
        assert "; Secure" in admin.sign_in()[1]["Set-Cookie"]
        assert admin.get("/metrics")[0] == 200
        trusted = [command_line(server, folder, **{name: f"{folder}/company.pem"}) for name in ("KEYWAY_CA_FILE", "SSL_CERT_FILE")]
        assert all(run.returncode == 0 and "Sync" in run.stdout for run in trusted), trusted
        stranger = command_line(server, folder)
        assert stranger.returncode == 2 and "KEYWAY_CA_FILE" in stranger.stderr, stranger
        for port in (port_of(server.url), port_of(server.admin)):
            status, _, text = Way(folder, "localhost", port, tls=False).get("/healthz")
            assert status == 400 and "https://" in text, text
        print("TLS of its own: both listeners, TLS 1.2 and 1.3, and the command line")
        reloaded(server, (data, admin), renew, pair, bearer)


def reloaded(server, ways, renew, pair, bearer):
    def renewed():
        """Asks for the new certificate, and waits until both listeners show it."""
        server.process.send_signal(signal.SIGHUP)
        for _ in range(200):
            if all(serial(way) != old for way, old in zip(ways, before)):
                return True
            time.sleep(0.05)
        return False

    before = [serial(way) for way in ways]
    from_before = http.client.HTTPConnection("localhost")
    from_before.sock = ways[0].connect()
    renew()
    assert [serial(way) for way in ways] == before, "nobody has asked for the new certificate"
    assert renewed(), "the new certificate is not shown"
    from_before.request("GET", CONTACTS, headers=bearer)
    assert from_before.getresponse().status == 200, "an open connection goes on"
    before = [serial(way) for way in ways]
    pair[0].write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    server.process.send_signal(signal.SIGHUP)
    assert [serial(way) for way in ways] == before, "a bad file changed the certificate"
    renew()
    assert renewed(), "a good certificate after a bad one is not shown"
    print("SIGHUP: a new certificate is shown, a bad one is not, and open connections go on")


def behind_haproxy(folder):
    options = ["--trusted-proxies", PROXY, "--client-address", "proxy-protocol", "--tls-cert", f"{folder}/tls.pem", "--tls-key", f"{folder}/tls.key"]
    with keyway(folder, *options) as server:
        token, _ = app(server)
        port = free_port()
        config = of_page("haproxy.cfg", ("bind :443", f"bind 127.0.0.1:{port}"), ("10.0.3.20:8484", f"127.0.0.1:{port_of(server.url)}"))
        path = pathlib.Path(folder, "haproxy.cfg")
        path.write_text(config)
        with running(port, "haproxy", "-db", "-q", "-f", str(path)):
            bearer = {"Authorization": f"Bearer {token}"}
            through = Way(folder, "localhost", port)
            assert through.get(CONTACTS, **bearer, X_Forwarded_For="203.0.113.9")[0] == 200
            assert last_source(server) == CLIENT
        # Without HAProxy: from its address the header must be there, from others it is not believed.
        direct = Way(folder, "localhost", port_of(server.url), OTHER_CLIENT)
        assert direct.get(CONTACTS, **bearer)[0] == 200
        assert last_source(server) == OTHER_CLIENT
        try:
            Way(folder, "localhost", port_of(server.url), PROXY).get(CONTACTS, **bearer)
        except (OSError, http.client.HTTPException):
            pass
        else:
            raise AssertionError("a trusted proxy was served without its header")
    print("behind HAProxy: the PROXY protocol names the client, and TLS goes through")


def main():
    with tempfile.TemporaryDirectory() as folder:
        authority(folder, "company")
        behind_nginx(folder)
        with_tls(folder)
        behind_haproxy(folder)


if __name__ == "__main__":
    main()
