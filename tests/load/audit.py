#!/usr/bin/env python3
"""How long the last 100 records of one app take among ten million.

Fills the audit of a stopped server, starts it again, and asks over the admin API.
Usage: tests/load/audit.py [RECORDS]; needs some 2 GB of disk for ten million.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import Keyway  # noqa: E402

QUERIES = {
    "one app": "app=137",
    "one app, refused": "app=150&status=429",
    "one account": "hubId=10000001",
    "one app, an hour": "app=137&from=2026-06-05T00:00:00Z&to=2026-06-05T01:00:00Z",
    "refused, all apps": "status=429",
    "one app, a status it never had": "app=137&status=500",
    "one call": "correlationId=00989680-0000-7000-8000-000000989680",
}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    os.environ["KEYWAY_ADMIN_TOKEN"] = os.urandom(16).hex()
    server = Keyway()
    folder = server.folder
    server.kill()
    fill = ["cargo", "run", "--quiet", "--release", "--package", "keyway-audit", "--example", "fill_audit", "--", str(folder), str(count)]
    subprocess.run(["cargo", "build", "--quiet", *fill[3:8]], check=True)
    start = time.perf_counter()
    subprocess.run(fill, check=True)
    written = time.perf_counter() - start
    print("| | |\n| --- | --- |")
    print(f"| {count:,} records written by 1,024 writers, each commit synced | {written:.1f} s, {count / written:,.0f} a second |", flush=True)
    start = time.perf_counter()
    server = Keyway(folder)
    print(f"| start on them | {time.perf_counter() - start:.2f} s |", flush=True)
    admin = json.loads((pathlib.Path(folder) / "ready.json").read_text())["admin"]
    headers = {"Authorization": f"Bearer {os.environ['KEYWAY_ADMIN_TOKEN']}"}
    for name, query in QUERIES.items():
        times = []
        for _ in range(21):
            start = time.perf_counter()
            answer = json.load(urllib.request.urlopen(urllib.request.Request(f"{admin}/api/v1/audit?limit=100&{query}", headers=headers)))
            times.append((time.perf_counter() - start) * 1000)
        times = f"{times[0]:.1f} ms, {statistics.median(times):.1f} ms, {max(times):.1f} ms"
        print(f"| {name}: {len(answer['records'])} records; first, median, slowest | {times} |", flush=True)
    start = time.perf_counter()
    answer = json.load(urllib.request.urlopen(urllib.request.Request(f"{admin}/api/v1/audit/verify", headers=headers)))
    assert (answer["records"], answer["fault"]) == (count, None), answer
    print(f"| check of every seal | {time.perf_counter() - start:.1f} s |")
    server.stop()


if __name__ == "__main__":
    main()
