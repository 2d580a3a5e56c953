"""The systemd unit, by systemd's own programs."""

import pathlib
import re
import shutil
import tempfile
import unittest

import tools

UNIT = tools.ROOT / "dist/keyway.service"
# The exposure of the unit by systemd-analyze, times ten: 0 is the best, 100 the worst.
EXPOSURE_MAX = 12


def settings():
    return dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))


class Unit(unittest.TestCase):
    def test_systemd_finds_no_fault_in_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "keyway.service"
            # The program must be there.
            path.write_text(UNIT.read_text().replace("/usr/local/bin/keyway", str(tools.BINARY)))
            self.assertEqual("", tools.run("systemd-analyze", "verify", "--man=no", path))
            path.write_text(path.read_text().replace("Type=notify", "Type=notfy"))
            self.assertIn("notfy", tools.run("systemd-analyze", "verify", "--man=no", path), "the check can fail")

    def test_it_is_as_little_exposed_as_it_was(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(UNIT, folder)
            print(tools.run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", f"{folder}/keyway.service").splitlines()[-1])

    def test_the_server_has_time_to_finish_before_systemd_kills_it(self):
        unit = settings()
        self.assertEqual("notify", unit["Type"])
        # 10 seconds for calls, a few for the store; and a thread may hang for 10 before it counts as hanging.
        self.assertGreaterEqual(int(unit["TimeoutStopSec"]), 20)
        self.assertGreaterEqual(int(unit["WatchdogSec"]), 20)
        self.assertEqual("on-failure", unit["Restart"], "it covers the watchdog")

    def test_the_settings_that_it_reads_are_ones_that_serve_takes(self):
        self.assertIn("--config /etc/keyway/keyway.toml", settings()["ExecStart"])
        tools.run(tools.BINARY, "config", "check", tools.ROOT / "dist/keyway.toml")


if __name__ == "__main__":
    unittest.main()
