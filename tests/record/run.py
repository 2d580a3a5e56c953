#!/usr/bin/env python3
"""Records an integration against a Keyway that plays HubSpot, and replays the cassette on another one.

Holds: no planted value is in the cassette, in any common encoding; a replay finds no difference; of five differences
that are planted in the cassette it finds these and no other; an import makes the records of the start and answers a
request that the account does not serve.
"""

import base64
import itertools
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
import client  # noqa: E402
from keyway import serve  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
KEYWAY = os.environ.get("KEYWAY_BIN", str(HERE.parents[1] / "target/debug/keyway"))
# What the account holds before the recording begins.
SEED = {
    "properties": {"contacts": [{"name": "moose_heritage", "label": "Heritage", "type": "string", "fieldType": "text",
                                 "groupName": "contactinformation"}]},
    "records": {
        "companies": [{"key": "c", "properties": {"name": "Thistlewick Orchards", "domain": "thistlewick.test"}}],
        "contacts": [
            {"key": "p", "properties": {"email": client.PLANTED["second e-mail"], "firstname": "Percival", "lastname": "Thistlewick",
                                        "phone": "+1 555 010 4477", "moose_heritage": "ancientgrove"}, "associations": ["companies/c"]},
            {"properties": {"email": "ignatia@thistlewick.test", "firstname": "Ignatia"}},
            {"properties": {"email": "bartleby@thistlewick.test", "firstname": "Bartleby"}},
        ],
    },
}
IN_SEED = ["Thistlewick", "Percival", "Ignatia", "Bartleby", "thistlewick.test", "+1 555 010 4477", "15550104477", "ancientgrove", "moose_heritage"]


class Server:
    """A Keyway server of its own with an embedded account."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.process, self.ready = serve(folder, "--ephemeral", *options)
        self.url = self.ready["data"]

    def run(self, *arguments, code=0):
        done = subprocess.run([KEYWAY, *map(str, arguments), "--data", self.folder], capture_output=True, text=True, check=False,
                              env={**os.environ, "KEYWAY_URL": self.url})
        assert code is None or done.returncode == code, (arguments, done.returncode, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def json(self, *arguments, code=0):
        return json.loads(self.run(*arguments, "--json", code=code))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def encodings(value):
    """A value in the common encodings, in lower case."""
    raw = value.encode()
    texts = {value, urllib.parse.quote(value), urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value), json.dumps(value)[1:-1],
             " ".join(reversed(value.split())), value[::-1], raw.hex(), value.replace(" ", ""), value.replace(".", "\\.")}
    # Base64 at each of the three places where a group may begin, without what depends on the neighbours.
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * offset + raw).decode().rstrip("=")
            texts.add(coded[4 if offset else 0:-1])
    texts |= {word for word in re.split(r"[\s@._]+", value) if len(word) > 7}
    return {text.lower() for text in texts if len(text) > 5}


def leaks(text, planted):
    """Forms of planted values that a text has, in any case."""
    text = text.lower()
    return sorted({form for value in planted for form in encodings(value) if form in text})


def check_search():
    """The search for planted values finds each of them in each encoding: else it would prove nothing."""
    for value in client.PLANTED.values():
        for offset in range(3):
            assert leaks(base64.b64encode(b"-" * offset + value.encode() + b"--").decode(), [value]), (value, offset)
        for form in (value, value.upper(), urllib.parse.quote(value), json.dumps({"a": value}), value.encode().hex(), " ".join(value.split()[::-1])):
            assert leaks(f"before {form} after", [value]), (value, form)


def check_cassette(path, tokens):
    """Nothing planted is in the file, and its mode is 0600."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    found = leaks(text, itertools.chain(client.PLANTED.values(), IN_SEED, tokens))
    assert not found, found
    text = text.lower()
    assert "authorization" not in text and "bearer" not in text
    return [json.loads(line) for line in path.read_text().splitlines()]


def edited(lines, path, changes):
    """A copy of a cassette with changes: a function for each line number."""
    lines = json.loads(json.dumps(lines))
    for number, change in changes.items():
        change(lines[number - 1])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def line_of(lines, method, path, status):
    """The number of the first line with a call."""
    fits = lambda one: one["request"]["method"] == method and re.fullmatch(path, one["request"]["path"]) and one["response"]["status"] == status
    return next(number for number, one in enumerate(lines, 1) if number > 1 and fits(one))


def five(lines):
    """Five planted differences: what each is, by its line."""
    create = line_of(lines, "POST", "/crm/v3/objects/contacts", 201)
    conflict = line_of(lines, "POST", "/crm/v3/objects/contacts", 409)
    search = line_of(lines, "POST", "/crm/v3/objects/contacts/search", 200)
    owners = line_of(lines, "GET", "/crm/v3/owners", 200)
    company = line_of(lines, "POST", "/crm/v3/objects/companies", 201)
    body = lambda line: line["response"]["body"]["json"]

    def status(line):
        line["response"]["status"] = 202

    def category(line):
        body(line)["category"] = "OBJECT_ALREADY_EXISTS"

    def missing(line):
        body(line)["results"][0]["archivedAt"] = "2020-01-01T00:00:00.000Z"

    def kind(line):
        body(line)["results"][0]["userId"] = "77"

    def extra(line):
        del body(line)["createdAt"]

    changes = {create: status, conflict: category, search: missing, owners: kind, company: extra}
    wanted = {(create, "status", ""), (conflict, "value", "category"), (search, "missing", "results[].archivedAt"),
              (owners, "type", "results[].userId"), (company, "extra", "createdAt")}
    return changes, wanted


def unserved(server):
    """A read without parameters that embedded accounts do not serve."""
    rows = server.json("portal", "coverage")["operations"]
    return next(row["path"] for row in rows if row["method"] == "GET" and not row["served"] and "{" not in row["path"]
                and row["path"].startswith(("/crm/", "/cms/", "/marketing/")) and row["scopesFrom"] == "published")


def check_refusals(folder):
    """What would send a token away in plain text, or keep what no rule can be read for, is refused before anything is written."""
    (folder / "rules.tsv").write_text("key\tkeep\n")
    for options, words in [
        (["--listen", "0.0.0.0:0"], "is not on this machine"),
        (["--upstream", "http://example.com"], "is not HTTPS"),
        (["--upstream", "https://example.com/path"], "is not a URL such as"),
        (["--rules", folder / "rules.tsv"], "line 1: a row has three columns"),
        (["--rules", folder / "none.tsv"], "can't be read"),
    ]:
        done = subprocess.run([KEYWAY, "record", "--to", folder / "refused.jsonl", *options, "--", "true"], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and words in done.stderr and not (folder / "refused.jsonl").exists(), (options, done)
    # An upstream that is not there: 502 in HubSpot's envelope, which is not recorded.
    code = "import os,urllib.request as r,urllib.error as e\ntry: r.urlopen(os.environ['HUBSPOT_BASE_URL']+'/crm/v3/owners')\nexcept e.HTTPError as x: print(x.code, x.read().decode())"
    done = subprocess.run([KEYWAY, "record", "--to", folder / "gone.jsonl", "--upstream", "http://127.0.0.1:1", "--", sys.executable, "-c", code],
                          capture_output=True, text=True, check=False)
    assert done.stdout.startswith("502 ") and "UPSTREAM_UNAVAILABLE" in done.stdout, done
    assert len((folder / "gone.jsonl").read_text().splitlines()) == 1 and "not in the cassette: 1 call, as" in done.stderr, done
    shown = subprocess.run([KEYWAY, "record", "--show-rules"], capture_output=True, text=True, check=True).stdout
    assert shown == (HERE.parents[1] / "data/anonymise.tsv").read_text()


def main():
    check_search()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        check_refusals(folder)
        upstream = Server(folder / "upstream", "--app", "Sync:all", "--app", "Reader:crm.objects.contacts.read")
        try:
            (folder / "seed.json").write_text(json.dumps(SEED))
            upstream.run("portal", "seed", folder / "seed.json")
            upstream.run("portal", "fault", "add", "--status", "429", "--times", "1", "--path", "/crm/v3/objects/tickets")
            tokens = list(upstream.ready["tokens"].values())
            cassette = folder / "cassette.jsonl"
            environment = {**os.environ, "RECORD_TOKEN": upstream.ready["tokens"]["Sync"], "RECORD_READER": upstream.ready["tokens"]["Reader"]}
            command = [KEYWAY, "record", "--to", cassette, "--upstream", upstream.url, "--", sys.executable, HERE / "client.py"]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
            ended = subprocess.run([*command[:3], folder / "ended.jsonl", *command[4:7], "sh", "-c", "exit 7"], capture_output=True, check=False)
            assert ended.returncode == 7, ended
            again = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            assert again.returncode == 2 and "needs a new file" in again.stderr, again.stderr
        finally:
            upstream.stop()
        lines = check_cassette(cassette, tokens)
        print(f"recorded {len(lines) - 1} calls, {cassette.stat().st_size} bytes; nothing planted is in the file")

        here = Server(folder / "here")
        try:
            same = here.json("portal", "diff-cassette", cassette, code=None)
            assert not same["differences"] and not same["notMade"], "\n".join(map(str, same["differences"] + same["notMade"]))
            changes, wanted = five(lines)
            edited(lines, folder / "planted.jsonl", changes)
            found = here.json("portal", "diff-cassette", folder / "planted.jsonl", code=1)
            found = {(one["line"], one["kind"], one["at"]) for one in found["differences"]}
            assert found == wanted, (found - wanted, wanted - found)
            text = here.run("portal", "diff-cassette", folder / "planted.jsonl", code=1)
            assert "5 differences" in text and "409" not in text.splitlines()[0], text
            print(f"compared {same['compared']} calls, skipped {same['skipped']}; found the 5 planted differences and no other")

            # A cut last line is passed over; another damage is named.
            whole = cassette.read_text()
            (folder / "cut.jsonl").write_text(whole[:-40])
            assert here.json("portal", "diff-cassette", folder / "cut.jsonl")["calls"] == len(lines) - 2
            (folder / "bad.jsonl").write_text(whole.replace('"request"', '"rekwest"', 1))
            here.run("portal", "diff-cassette", folder / "bad.jsonl", code=2)

            path = unserved(here)
            planted = {"ms": 0, "request": {"method": "GET", "path": path, "query": [], "body": None},
                       "response": {"status": 200, "headers": {}, "body": {"json": {"total": 7, "results": []}}}}
            (folder / "more.jsonl").write_text(whole + json.dumps(planted) + "\n")
            made = here.json("portal", "import-cassette", folder / "more.jsonl")
            assert made["made"]["contacts"] == 3 and made["made"]["companies"] == 1 and not made["notMade"], made
            token = here.json("app", "create", "Tests", "--scopes", ",".join(scopes(here)))["token"]["value"]
            os.environ.update(HUBSPOT_BASE_URL=here.url, RECORD_TOKEN=token)
            assert client.call("GET", path) == (200, {"total": 7, "results": []}), client.call("GET", path)
            contacts = client.expect(200, client.call("GET", "/crm/v3/objects/contacts"))["results"]
            assert len(contacts) == 3 and all(one["properties"]["email"].endswith(".example.com") for one in contacts), contacts
            here.run("portal", "reset", "--yes")
            assert client.call("GET", path)[0] == 501
            print(f"imported {made['made']}, {made['answers']} recorded answers")
        finally:
            here.stop()


def scopes(server):
    """Every scope that an embedded account knows."""
    names = (HERE.parents[1] / "data/scopes.txt").read_text().split()
    return [name for name in names if name]


if __name__ == "__main__":
    main()
