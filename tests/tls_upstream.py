#!/usr/bin/env python3
"""HubSpot behind TLS: a gateway, nginx with a certificate of a company's own authority, an embedded account.

Checked: calls arrive over HTTP/2 where HubSpot offers it and over HTTP/1.1 where not, with TLS 1.2 and
with 1.3; bodies of some megabytes arrive whole in both directions; an authority that was not named is not
trusted, nor a certificate for another host; and nothing of a call is sent before that is known.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "clients/python"), str(HERE / "load")]
from keyway import BINARY, Keyway  # noqa: E402
from openssl import authority, certificate  # noqa: E402
from proxy import HEAD, Nginx  # noqa: E402

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
FRONT = HEAD + """
  log_format seen '$server_protocol $ssl_protocol $request_length $status'; access_log {folder}/{name}.log seen;
  client_max_body_size 64m; client_body_buffer_size 64m; proxy_max_temp_file_size 0; ssl_certificate {folder}/{certificate}.pem; ssl_certificate_key {folder}/{certificate}.key;
  ssl_protocols {versions};
  server {{
    listen 127.0.0.1:{port} ssl{h2};
    location / {{ proxy_pass {hubspot}; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host localhost; }}
  }}
}}
"""


def connect(gateway, port, credential, name):
    command = [BINARY, "account", "add", name, "--connect", "--base-url", f"https://localhost:{port}", "--credential-stdin", "--data", gateway.folder]
    return subprocess.run(command, capture_output=True, text=True, input=credential, check=False)


def call(gateway, token, method, path, body=None):
    request = urllib.request.Request(gateway.url + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("authorization", f"Bearer {token}")
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


def through(folder, gateway, hubspot, credential, name, versions, h2):
    """Calls over one kind of front; what nginx saw of them."""
    front = Nginx(folder, name, FRONT, certificate="good", versions=versions, h2=h2, hubspot=hubspot.url)
    hub_id = 5000 + len(name)
    made = connect(gateway, front.port, credential(hub_id), name)
    assert made.returncode == 0, made.stderr
    _, token = gateway.app(hub_id, "Sync", SCOPES)
    note = "x" * 60_000
    contacts = [{"properties": {"email": f"{number}@example.com", "jobtitle": note}} for number in range(50)]
    status, created = call(gateway, token, "POST", "/crm/v3/objects/contacts/batch/create", {"inputs": contacts})
    assert status == 201 and len(created["results"]) == 50, created
    status, listed = call(gateway, token, "GET", "/crm/v3/objects/contacts?limit=100&properties=jobtitle")
    assert status == 200 and [one["properties"]["jobtitle"] for one in listed["results"]] == [note] * 50
    assert call(gateway, token, "GET", "/crm/v3/objects/contacts/999999999")[0] == 404
    front.stop()
    lines = pathlib.Path(folder, f"{name}.log").read_text().splitlines()
    print(f"{name}: {dict(collections.Counter(' '.join(line.split()[:2]) for line in lines))}")
    return {tuple(line.split()[:2]) for line in lines}


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("company", "stranger"):
            authority(folder, name)
        certificate(folder, "good", "localhost", "company")
        certificate(folder, "elsewhere", "example.com", "company")
        certificate(folder, "untrusted", "localhost", "stranger")
        hubspot = Keyway(through_gateway=False)
        os.environ["KEYWAY_CA_FILE"] = f"{folder}/company.pem"
        gateway = Keyway(None, through_gateway=False)

        def credential(hub_id):
            hubspot.run("account", "create", f"HubSpot {hub_id}", "--hub-id", str(hub_id))
            return hubspot.app(hub_id, "Connection", SCOPES)[1]

        for name, versions, h2, seen in [
            ("http2", "TLSv1.2 TLSv1.3", " http2", ("HTTP/2.0", "TLSv1.3")),
            ("http1-1", "TLSv1.2 TLSv1.3", "", ("HTTP/1.1", "TLSv1.3")),
            ("http2-tls12", "TLSv1.2", " http2", ("HTTP/2.0", "TLSv1.2")),
        ]:
            assert through(folder, gateway, hubspot, credential, name, versions, h2) == {seen}
        for name in ("elsewhere", "untrusted"):
            front = Nginx(folder, name, FRONT, certificate=name, versions="TLSv1.3", h2=" http2", hubspot=hubspot.url)
            refused = connect(gateway, front.port, "pat-na1-" + "0" * 8 + "-0000-0000-0000-" + "0" * 12, name)
            front.stop()
            assert refused.returncode == 2 and "reached" in refused.stderr, refused
            assert pathlib.Path(folder, f"{name}.log").read_text() == "", "a call arrived"
        print("a certificate for another host and one by an unknown authority: refused before anything was sent")
        gateway.stop()
        hubspot.stop()


if __name__ == "__main__":
    main()
