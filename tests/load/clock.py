#!/usr/bin/env python3
"""Steps of the wall clock of one hour, forward and back, under load on three instances with PostgreSQL and Redis.

    clock.py [--seconds S] [--without-redis]

Six apps send three times what HubSpot (a further Keyway with a free account, whose clock is right) allows: 100 calls in ten
seconds. Every twelfth of the time the clock of one instance, or of all, is an hour ahead, an hour behind, or right again.
Checked at the end: HubSpot never saw more than its limit in any ten seconds and refused nothing; at least 80 % of what it
allows passed, and something within any ten seconds; no app got less than 70 % of its part; the audit is as it was written. A C compiler makes the library that moves the
clock of a process. KEYWAY_BIN names the binary (a release build).
"""

import argparse
import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from instances import APPS, BURST, SCOPES, TIMES, call, wait_until_ready  # noqa: E402
from keyway import BINARY, Keyway, most_in_ten_seconds  # noqa: E402
from postgres import Postgres  # noqa: E402
from redis_server import Redis  # noqa: E402

INSTANCES, HOUR_S = 3, 3600
STEPS = ["all right", (0, HOUR_S), (1, -HOUR_S), "all right", "all ahead", "all right", "all behind", "all right", (2, HOUR_S), (2, -HOUR_S), (0, -HOUR_S), "all right"]
USED_LEAST, SILENCE_MAX_S = 0.8, 10

MOVED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, at);
    FILE *file = id == CLOCK_REALTIME ? fopen(getenv("CLOCK_STEP_FILE"), "r") : 0;
    long step = 0;
    if (file) { if (fscanf(file, "%ld", &step) == 1) at->tv_sec += step; fclose(file); }
    return done;
}
"""


class Clocks:
    """The wall clocks of the instances."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "clock.c").write_text(MOVED)
        self.shim = self.folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.shim, self.folder / "clock.c", "-ldl"], check=True)
        for number in range(INSTANCES):
            self.set(number, 0)

    def file(self, number):
        return self.folder / f"step-{number}"

    def set(self, number, seconds):
        # A process reads the whole of one value or of the other.
        new = self.folder / "new"
        new.write_text(str(seconds))
        new.replace(self.file(number))

    def step(self, step):
        if isinstance(step, str):
            seconds = {"all right": 0, "all ahead": HOUR_S, "all behind": -HOUR_S}[step]
            for number in range(INSTANCES):
                self.set(number, seconds)
        else:
            self.set(*step)

    def environment(self, number):
        return {"LD_PRELOAD": str(self.shim), "CLOCK_STEP_FILE": str(self.file(number))}


async def load(ports, tokens, clocks, seconds):
    """What each call got: when it was answered, its app and its status."""
    every, begun, outcomes = APPS * 10 / (BURST * TIMES), time.monotonic(), []

    async def one(app, number):
        status, _ = await call(ports[(app + number) % len(ports)], tokens[app], "POST" if number % 8 == 0 else "GET")
        outcomes.append((time.monotonic() - begun, app, status))

    async def app(number):
        await asyncio.sleep(every * number / APPS)
        waiting = []
        for at in range(int(seconds / every)):
            waiting.append(asyncio.create_task(one(number, at)))
            await asyncio.sleep(every)
        await asyncio.gather(*waiting)

    async def steps():
        for step in STEPS:
            clocks.step(step)
            await asyncio.sleep(seconds / len(STEPS))

    await asyncio.gather(steps(), *(app(number) for number in range(APPS)))
    return outcomes


def longest_without(passed, seconds):
    """The longest time in which nothing passed, of those in which calls were sent."""
    times = [0.0, *sorted(at for at in passed if at < seconds), seconds]
    return max(after - before for before, after in zip(times, times[1:], strict=False))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--without-redis", action="store_true")
    options = parser.parse_args()
    os.environ["KEYWAY_MASTER_KEY"] = os.urandom(32).hex()
    postgres = Postgres()
    redis = None if options.without_redis else Redis()
    try:
        with tempfile.TemporaryDirectory(prefix="keyway-clock-") as folder:
            clocks = Clocks(folder)
            hubspot = Keyway(through_gateway=False)
            shared = ["--database", postgres.database("keyway")] + (["--redis", redis.url] if redis else [])
            gateways = []
            for number in range(INSTANCES):
                os.environ.update(clocks.environment(number))
                gateways.append(Keyway(None, *shared, through_gateway=False))
            for name in clocks.environment(0):
                del os.environ[name]
            hub_id = hubspot.run("account", "create", "HubSpot", "--hub-id", "4242")["account"]["hubId"]
            connection, credential = hubspot.app(hub_id, "Connection", SCOPES)
            add = [BINARY, "account", "add", "HubSpot", "--connect", "--base-url", hubspot.url, "--credential-stdin", "--data", gateways[0].folder]
            subprocess.run(add, check=True, capture_output=True, text=True, input=credential)
            tokens = [gateways[0].app(hub_id, f"App {number}", SCOPES)[1] for number in range(APPS)]
            for gateway in gateways:
                wait_until_ready(gateway)
            ports = [int(gateway.url.rsplit(":", 1)[1]) for gateway in gateways]
            outcomes = asyncio.run(load(ports, tokens, clocks, options.seconds))

            seen = [one for one in hubspot.records("--app", str(connection)) if "access-token-info" not in one["operation"]]
            worst, refused = most_in_ten_seconds(seen), sum(one["status"] == 429 for one in seen)
            passed = [[at for at, app, status in outcomes if app == number and status in (200, 201)] for number in range(APPS)]
            least = min(map(len, passed)) / (sum(map(len, passed)) / APPS)
            used = len(seen) / (BURST * (options.seconds / 10 + 1))
            silence = longest_without([at for times in passed for at in times], options.seconds)
            counts = {status: sum(1 for *_, one in outcomes if one == status) for status in sorted({status for *_, status in outcomes})}
            check = gateways[0].run("audit", "verify")
            print(f"{len(outcomes)} calls in {options.seconds:.0f} s to {INSTANCES} instances, {len(STEPS)} steps of their clocks; answered: {counts}")
            print(f"HubSpot saw {len(seen)}, at most {worst} in ten seconds (limit {BURST}), and refused {refused}; use of what was allowed {used:.2f}")
            print(f"longest time in which no call passed {silence:.1f} s; least part of a fair share {least:.2f}; {check['records']} records as they were written")
            for one in [*gateways, hubspot]:
                one.stop()
    finally:
        if redis:
            redis.stop()
        postgres.stop()
    failed = [worst > BURST, refused > 0, used < USED_LEAST, silence > SILENCE_MAX_S, least < 0.7, set(counts) - {200, 201, 429}]
    sys.exit(any(failed))


if __name__ == "__main__":
    main()
