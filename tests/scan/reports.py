#!/usr/bin/env python3
"""Every report of `keyway scan` is well-formed, says the same, and holds no secret.

    reports.py VENV

KEYWAY_BIN names the binary; VENV is a virtual environment that is made when missing (jsonschema).
The scanned files have names and contents that would break a careless writer.
"""

import html.parser
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEYWAY = os.environ.get("KEYWAY_BIN", "keyway")


def token(number: int) -> str:
    """A private-app token, the same in every run."""
    digits = "%032x" % random.Random(number).getrandbits(128)
    return "pat-na1-" + "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


SECRETS = [token(number) for number in range(4)]
FILES = {
    "app one/it's <b>&.js": f"// ]]> --> </script>\nconst t = '{SECRETS[0]}';\n",
    "app one/call.py": "import requests\nrequests.get('https://api.hubapi.com/crm/v3/objects/contacts', headers={'Authorization': 'Bearer ' + t})\n",
    "app|two/ü`x`.env": f"HUBSPOT_TOKEN={SECRETS[1]}\n",
    "app|two/old.js": "request('https://api.hubapi.com/contacts/v1/lists?hapikey=' + key)\n",
    "app|two/form.js": "fetch('https://api.hubapi.com/crm/objects/2026-09/contacts', { headers: { authorization: bearer } })\n",
    "\x1b[31mred.txt": f"x={SECRETS[2]}\n",
    "plain": f"y={SECRETS[3]}\n",
}


def scan(folder: str, form: str) -> str:
    """The report of a folder in a format; there are findings, so the exit code is 1."""
    done = subprocess.run([KEYWAY, "scan", "--format", form, folder], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 1, done
    return done.stdout


def sarif_schema() -> dict:
    """The published schema, from the package that brings it along."""
    manifest = str(HERE / "sarif" / "Cargo.toml")
    metadata = subprocess.run(["cargo", "metadata", "--format-version", "1", "--manifest-path", manifest], capture_output=True, check=True)
    packages = json.loads(metadata.stdout)["packages"]
    crate = next(package for package in packages if package["name"] == "serde-sarif")
    return json.loads((Path(crate["manifest_path"]).parent / "src" / "schema.json").read_text())


class Page(html.parser.HTMLParser):
    """Notes which elements a page has, which it leaves open, and what it would load."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.loads, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]
        if tag not in ("meta", "br", "link", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.text += data


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for path, content in FILES.items():
            place = Path(cls.folder.name, path)
            place.parent.mkdir(exist_ok=True)
            place.write_text(content, encoding="utf-8")
        cls.reports = {form: scan(cls.folder.name, form) for form in ("human", "json", "sarif", "html", "markdown", "junit")}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_no_report_holds_a_secret_or_moves_the_cursor(self):
        for form, report in self.reports.items():
            for secret in SECRETS:
                self.assertNotIn(secret[8:40], report, form)
                self.assertIn(secret[-4:], report, form)
            self.assertNotIn("\x1b", report, form)

    def test_json_has_the_documented_fields(self):
        report = json.loads(self.reports["json"])
        self.assertEqual(report["version"], 1)
        self.assertEqual(len(report["findings"]), 4)
        for finding in report["findings"]:
            self.assertLessEqual({"path", "line", "column", "kind", "rule", "confidence", "masked", "fingerprint"}, set(finding))
        usages = {(usage["operation"], usage["auth"], usage.get("sunset")) for usage in report["usages"]}
        self.assertEqual(
            usages,
            {
                ("GET /crm/v3/objects/contacts", "bearer", "2027-09-30"),
                ("GET /contacts/v1/lists", "hapikey", "2022-11-30"),
                ("GET /crm/objects/2026-09/{objectType}", "bearer", "2028-03-31"),
            },
        )

    def test_sarif_keeps_to_its_schema(self):
        import jsonschema

        log = json.loads(self.reports["sarif"])
        jsonschema.validators.validator_for(sarif_schema())(sarif_schema()).validate(log)
        results = log["runs"][0]["results"]
        self.assertEqual(len(results), 4 + 3)
        places = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
        self.assertIn("app%20one/it%27s%20%3Cb%3E%26.js", places)

    def test_junit_is_xml_with_a_failure_for_each_credential(self):
        suites = xml.etree.ElementTree.fromstring(self.reports["junit"])
        self.assertEqual(suites.get("failures"), "4")
        self.assertEqual(len(suites.findall(".//failure")), 4)

    def test_html_is_whole_and_loads_nothing(self):
        page = Page()
        page.feed(self.reports["html"])
        page.close()
        self.assertEqual((page.open, page.loads), ([], []))
        self.assertNotIn("script", page.tags)
        self.assertNotIn("b", page.tags, "a file name became markup")
        self.assertIn("it's <b>&.js", page.text)
        self.assertIn("2027-09-30", page.text)

    def test_markdown_tables_have_as_many_cells_in_every_row(self):
        width = 0
        for line in self.reports["markdown"].splitlines():
            cells = line.replace("\\|", "").count("|")
            if line.startswith("| ---"):
                self.assertEqual(cells, width)
            elif line.startswith("|"):
                width = width or cells
                self.assertEqual(cells, width, line)
            else:
                width = 0


if __name__ == "__main__":
    venv = Path(sys.argv.pop(1))
    python = venv / "bin" / "python"
    if Path(sys.prefix) != venv.resolve():
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "jsonschema==4.*"], check=True)
        os.execv(python, [str(python), __file__, str(venv), *sys.argv[1:]])
    unittest.main()
