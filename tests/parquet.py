#!/usr/bin/env python3
"""The audit as Parquet, read with pyarrow beside the lines of JSON that it was made from. Needs pyarrow."""

import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import pyarrow.parquet

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import BINARY, Keyway  # noqa: E402


def main():
    keyway = Keyway(through_gateway=False)
    _, token = keyway.app(keyway.account("Export"), "Export", ["crm.objects.contacts.read"])
    _, writer = keyway.app(keyway.account("Written"), "Written", ["crm.objects.contacts.read", "crm.objects.contacts.write"])
    body = json.dumps({"inputs": [{"properties": {"firstname": str(number), "lastname": "x"}} for number in range(3)]}).encode()
    headers = {"authorization": f"Bearer {writer}", "content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{keyway.url}/crm/v3/objects/contacts/batch/create", body, headers))
    for path, bearer in [("contacts", token), ("deals", token), ("contacts/1", "nobody's"), ("nothing/here/at/all", token)] * 10:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{keyway.url}/crm/v3/objects/{path}", headers={"authorization": f"Bearer {bearer}"}))
        except urllib.error.HTTPError:
            pass
    records = keyway.records()
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/audit.parquet"
        export = [BINARY, "audit", "export", "--format", "parquet", "--data", keyway.folder]
        assert subprocess.run(export, capture_output=True, check=False).returncode == 2, "it must name a file"
        subprocess.run([*export, "--output", file], check=True)
        table = pyarrow.parquet.read_table(file)
        assert len(records) >= 40 and table.num_rows == len(records)
        assert str(table.schema.field("time").type) == "timestamp[ms, tz=UTC]", table.schema
        assert any(len(record["recordIds"]) == 3 and record["properties"] == ["firstname", "lastname"] for record in records)
        for row, record in zip(table.to_pylist(), records):
            record["time"] = datetime.datetime.fromisoformat(record["time"])
            assert row == record, (row, record)
        empty = [*export, "--output", file, "--since", "2099-01-01"]
        subprocess.run(empty, check=True)
        assert pyarrow.parquet.read_table(file).num_rows == 0
    keyway.stop()
    print(f"{len(records)} records, equal to those of the lines of JSON in all 23 columns")


if __name__ == "__main__":
    main()
