"""The Debian package in a clean Debian with systemd: installed by apt, started, hung, upgraded, removed and purged. Needs root."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import image
import scratch
from root import clean_root, run
from scratch import BINARY, ROOT

VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
DATA = ("--data", "/var/lib/keyway")


class Debian:
    """A booted Debian, with a network of its own that leads nowhere."""

    def __init__(self):
        self.root = clean_root()
        self.log = open(self.root / "boot.log", "w+")
        options = ("--quiet", "--register=no", "--keep-unit", "--private-network", f"--machine=keyway-{os.getpid()}", "--console=read-only")
        self.machine = subprocess.Popen(["systemd-nspawn", *options, f"--directory={self.root}", "--boot"], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        try:
            children = pathlib.Path(f"/proc/{self.machine.pid}/task/{self.machine.pid}/children")
            until(lambda: children.read_text().split(), "the container has a process", self.boot_log)
            self.init = children.read_text().split()[0]
            until(lambda: self.try_to("systemctl", "is-system-running", "--wait").strip() == "running", "systemd runs", self.boot_log)
        except BaseException:
            self.stop()
            raise

    def boot_log(self):
        self.log.seek(0)
        return self.log.read()[-3000:]

    def command(self, *command):
        env = ("env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "HOME=/root")
        return ("nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", f"--wd=/proc/{self.init}/root", *env, *command)

    def run(self, *command, code=0):
        return run(*self.command(*command), code=code)

    def try_to(self, *command):
        done = subprocess.run([str(part) for part in self.command(*command)], text=True, capture_output=True)
        return done.stdout + done.stderr

    def keyway(self, *arguments):
        return self.run("keyway", *DATA, *arguments)

    def ask(self, path, token=None):
        """A call from inside, with the curl of outside."""
        bearer = ("--header", f"Authorization: Bearer {token}") if token else ()
        return run("nsenter", f"--target={self.init}", "--net", "curl", "--silent", "--fail", f"http://127.0.0.1:8484{path}", *bearer)

    def install(self, package):
        shutil.copy(package, self.root / "opt/keyway.deb")
        # All that it needs is there already, so apt needs no list of packages.
        return self.run("apt-get", "install", "--yes", "--no-install-recommends", "--allow-downgrades", "/opt/keyway.deb")

    def path(self, path):
        return self.root / path.lstrip("/")

    def service(self, name):
        return self.run("systemctl", "show", "--property", name, "--value", "keyway").strip()

    def stop(self):
        # An orderly end of the container, as the manual of systemd-nspawn says.
        self.machine.terminate()
        try:
            self.machine.wait(30)
        except subprocess.TimeoutExpired:
            self.machine.kill()
            self.machine.wait()
        scratch.remove(self.root)


def until(holds, what, log=lambda: "", seconds=90):
    """Waits for something; the time only ends a test that fails."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}\n{log()}"
        time.sleep(0.1)


def from_the_package_to_a_served_call_in_two_commands(debian, package):
    debian.install(package)
    assert debian.service("ActiveState") == "inactive", "nothing is started by itself"
    debian.run("systemctl", "enable", "--now", "keyway")
    # No wait: systemctl returns when the server is ready.
    assert json.loads(debian.ask("/__keyway/ready")) == {"ready": True}
    made = json.loads(debian.keyway("app", "create", "Order sync", "--scopes", "crm.objects.contacts.read", "--json"))
    debian.token = made["token"]["value"]
    assert "results" in json.loads(debian.ask("/crm/v3/objects/contacts", debian.token))
    assert debian.service("StatusText") == "Ready for calls"
    assert debian.run("keyway", "--version").strip() == f"keyway {VERSION}"


def the_server_runs_as_a_user_without_rights(debian):
    passwd = debian.run("getent", "passwd", "keyway").strip().split(":")
    assert passwd[5:] == ["/var/lib/keyway", "/usr/sbin/nologin"], passwd
    status = debian.run("cat", f"/proc/{debian.service('MainPID')}/status")
    assert re.search(rf"^Uid:\t{passwd[2]}\t", status, re.MULTILINE), status
    for line in (r"CapEff:\t0+", r"CapBnd:\t0+", r"NoNewPrivs:\t1", r"Seccomp:\t2"):
        assert re.search(rf"^{line}$", status, re.MULTILINE), (line, status)
    mode = debian.path("/var/lib/keyway/master.key").stat().st_mode & 0o777
    assert mode == 0o600, oct(mode)
    log = debian.run("journalctl", "--unit=keyway", "--output=cat")
    assert "/set-up?token=" in log and "ERROR" not in log, log


def a_reload_keeps_the_server(debian):
    before = debian.service("MainPID")
    debian.run("systemctl", "reload", "keyway")
    until(lambda: "the configuration was read again" in debian.try_to("journalctl", "--unit=keyway", "--output=cat"), "the server was told")
    until(lambda: debian.service("ActiveState") == "active", "the reload has an end")
    assert debian.service("MainPID") == before


def a_server_that_hangs_is_restarted(debian):
    drop_in = debian.path("/run/systemd/system/keyway.service.d")
    debian.run("mkdir", "--parents", "/run/systemd/system/keyway.service.d")
    debian.run("sh", "-c", f"printf '[Service]\\nWatchdogSec=2\\n' > /run/systemd/system/{drop_in.name}/watchdog.conf")
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "restart", "keyway")
    before = debian.service("MainPID")
    debian.run("systemctl", "kill", "--signal=SIGSTOP", "keyway")
    until(lambda: debian.service("NRestarts") == "1" and debian.service("ActiveState") == "active", "the watchdog restarts the server")
    assert debian.service("MainPID") != before
    assert "results" in json.loads(debian.ask("/crm/v3/objects/contacts", debian.token))
    debian.run("rm", "/run/systemd/system/keyway.service.d/watchdog.conf")
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "restart", "keyway")
    assert debian.service("WatchdogUSec") == "30s"


def the_package_has_what_a_debian_package_has(debian):
    assert debian.run("dpkg-query", "--show", "--showformat=${Conffiles}", "keyway").split()[0] == "/etc/keyway/keyway.toml"
    pages = sorted(debian.path("/usr/share/man/man1").glob("keyway*"))
    assert {"keyway.1.gz", "keyway-serve.1.gz", "keyway-app-create.1.gz"} <= {page.name for page in pages}, pages
    text = run("gzip", "--decompress", "--stdout", debian.path("/usr/share/man/man1/keyway-serve.1.gz"))
    assert ".TH" in text and "audit\\-keep\\-days" in text, text[:500]
    # groff reads every page without a warning.
    assert run("sh", "-c", 'for page; do gzip -dc "$page" | groff -Kutf8 -man -Tutf8 -ww -z 2>&1; done', "sh", *pages) == ""
    for shell in ("bash-completion/completions/keyway", "zsh/vendor-completions/_keyway", "fish/vendor_completions.d/keyway.fish"):
        # The script asks the program while a person types.
        assert "COMPLETE" in debian.path(f"/usr/share/{shell}").read_text(), shell
    assert debian.run("dpkg", "--verify", "keyway") == ""


def an_upgrade_restarts_the_server_and_keeps_settings_and_data(debian, package):
    settings = debian.path("/etc/keyway/keyway.toml")
    settings.write_text(settings.read_text() + "# changed here\n")
    before = debian.service("MainPID")
    debian.keyway("backup", "/var/backups/keyway-before")
    newer = newer_than(package)
    debian.install(newer)
    newer.unlink()
    assert debian.run("dpkg-query", "--show", "--showformat=${Version}", "keyway") == f"{VERSION}+1"
    assert settings.read_text().endswith("# changed here\n")
    assert debian.service("MainPID") not in (before, "0") and debian.service("UnitFileState") == "enabled"
    assert "results" in json.loads(debian.ask("/crm/v3/objects/contacts", debian.token)), "the token works as before"
    assert re.match(r"verified \d+ record", debian.keyway("audit", "verify"))


def going_back_as_docs_service_md_says_brings_the_data_of_before(debian, package):
    debian.keyway("app", "create", "Made after the upgrade", "--scopes", "crm.objects.contacts.read")
    debian.run("systemctl", "stop", "keyway")
    debian.run("mv", "/var/lib/keyway", "/var/lib/keyway-newer")
    debian.install(package)
    debian.run("keyway", "restore", "/var/backups/keyway-before", "--data", "/var/lib/keyway", "--master-key", "/var/lib/keyway-newer/master.key")
    debian.run("chown", "-R", "keyway:keyway", "/var/lib/keyway")
    debian.run("systemctl", "start", "keyway")
    assert debian.run("dpkg-query", "--show", "--showformat=${Version}", "keyway") == VERSION
    apps = json.loads(debian.keyway("app", "list", "--json"))["apps"]
    assert [app["name"] for app in apps] == ["Order sync"], apps
    assert "results" in json.loads(debian.ask("/crm/v3/objects/contacts", debian.token))


def newer_than(package):
    """The same package with a later version."""
    work = scratch.folder()
    run("dpkg-deb", "--raw-extract", package, work / "root")
    control = work / "root/DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {VERSION}\n", f"Version: {VERSION}+1\n"))
    newer = work.parent / f"{work.name}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", work / "root", newer)
    scratch.remove(work)
    return newer


def removing_keeps_settings_and_data_and_purging_keeps_data(debian):
    debian.run("apt-get", "remove", "--yes", "keyway")
    assert debian.run("systemctl", "is-active", "keyway", code=3).strip() in ("inactive", "failed"), "the server stops before its program goes"
    assert not debian.path("/usr/bin/keyway").exists()
    assert debian.path("/etc/keyway/keyway.toml").exists() and debian.path("/var/lib/keyway/master.key").exists()
    said = debian.run("apt-get", "purge", "--yes", "keyway")
    assert "/var/lib/keyway stays" in said, said
    assert not debian.path("/etc/keyway/keyway.toml").exists()
    assert debian.path("/var/lib/keyway/master.key").exists(), "without it no credential can be opened"
    left = list(debian.path("/etc/systemd/system").rglob("keyway*"))
    assert left == [], left
    debian.run("dpkg-query", "--show", "keyway", code=1)


def it_finds_its_data_when_it_is_installed_again(debian, package):
    debian.install(package)
    debian.run("systemctl", "start", "keyway")
    assert "results" in json.loads(debian.ask("/crm/v3/objects/contacts", debian.token))
    debian.run("systemctl", "stop", "keyway")
    assert debian.service("Result") == "success"


def main():
    assert os.geteuid() == 0, "run as root: a container needs it"
    out = scratch.folder()
    # A debug build is five times as large with its symbols.
    run("strip", "-o", out / "keyway", BINARY)
    target = f"{os.uname().machine}-unknown-linux-gnu"
    run("bash", ROOT / "packaging/deb.sh", out / "keyway", out, target, VERSION, env=scratch.environment(SOURCE_DATE_EPOCH="315532800"))
    [package] = out.glob("*.deb")
    debian = Debian()
    try:
        for test in (from_the_package_to_a_served_call_in_two_commands, the_server_runs_as_a_user_without_rights, a_reload_keeps_the_server, a_server_that_hangs_is_restarted,
                     the_package_has_what_a_debian_package_has, an_upgrade_restarts_the_server_and_keeps_settings_and_data,
                     going_back_as_docs_service_md_says_brings_the_data_of_before, removing_keeps_settings_and_data_and_purging_keeps_data, it_finds_its_data_when_it_is_installed_again):
            start = time.monotonic()
            test(debian, package) if test.__code__.co_argcount == 2 else test(debian)
            print(f"{test.__name__.replace('_', ' ')}: passed in {time.monotonic() - start:.1f} s", flush=True)
    except AssertionError:
        print(debian.try_to("journalctl", "--unit=keyway", "--no-pager", "--lines=40"))
        raise
    finally:
        debian.stop()
    start = time.monotonic()
    image.the_image_starts_as_its_user_with_a_volume_and_a_root_that_is_read_only(out / "keyway")
    print(f"the image starts as its user with a volume and a root that is read only: passed in {time.monotonic() - start:.1f} s")
    scratch.remove(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
