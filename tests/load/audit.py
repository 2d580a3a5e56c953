#!/usr/bin/env python3
"""How long the last 100 records of one app take among ten million.

Fills the audit of a stopped server through SQLite, starts it again, and asks over the admin API.
Usage: tests/load/audit.py [RECORDS]; needs some 3 GB of disk for ten million.
"""

import json
import os
import pathlib
import sqlite3
import statistics
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import Keyway  # noqa: E402

FILL = """
with recursive n(i) as (select 1 union all select i + 1 from n where i < :count)
insert into call (at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source)
select 1780000000000 + i * 100, 10000001, 1 + (i * 7919) % 500, 1 + (i * 7919) % 500, 'GET /crm/v3/objects/contacts/{contactId}',
    case when i % 50 = 0 then 429 else 200 end, case when i % 50 = 0 then 'RATE_LIMITS' end, 800, 0, 420,
    printf('%08x-0000-7000-8000-%012x', i, i), '127.0.0.1' from n
"""

QUERIES = {
    "one app": "app=137",
    "one app, refused": "app=150&status=429",
    "one account": "hubId=10000001",
    "one app, an hour": "app=137&from=2026-06-05T00:00:00Z&to=2026-06-05T01:00:00Z",
    "refused, all apps": "status=429",
}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    os.environ["KEYWAY_ADMIN_TOKEN"] = os.urandom(16).hex()
    server = Keyway()
    folder = server.folder
    server.kill()
    database = sqlite3.connect(f"{folder}/audit.db")
    database.execute("pragma synchronous = off")
    database.execute(FILL, {"count": count})
    database.commit()
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    server = Keyway(folder)
    admin = json.loads((pathlib.Path(folder) / "ready.json").read_text())["admin"]
    headers = {"Authorization": f"Bearer {os.environ['KEYWAY_ADMIN_TOKEN']}"}
    for name, query in QUERIES.items():
        times = []
        for _ in range(21):
            start = time.perf_counter()
            answer = json.load(urllib.request.urlopen(urllib.request.Request(f"{admin}/api/v1/audit?limit=100&{query}", headers=headers)))
            times.append((time.perf_counter() - start) * 1000)
        print(f"{name:20} {len(answer['records']):4} records  first {times[0]:6.1f} ms  median {statistics.median(times):6.1f} ms  max {max(times):6.1f} ms", flush=True)
    start = time.perf_counter()
    answer = json.load(urllib.request.urlopen(urllib.request.Request(f"{admin}/api/v1/audit/verify", headers=headers)))
    # They were written past the writer, so none is sealed, which a check finds at the end of all.
    assert "carry no seal" in answer["fault"], answer
    print(f"check of every record {time.perf_counter() - start:6.1f} s")
    server.stop()


if __name__ == "__main__":
    main()
