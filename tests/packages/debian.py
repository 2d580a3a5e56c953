"""The Debian package in a clean Debian: installed by apt, started as its unit says, upgraded, removed and purged. Needs root.

systemd does not run in a chroot, so the server is started by hand: as the unit's user, in the unit's environment, with the
unit's ExecStart line and a socket in place of systemd's.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import scratch
from scratch import BINARY, ROOT

MIRROR = "http://deb.debian.org/debian"
CLEAN = ROOT / "target/debian-root"
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
PROGRAM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def run(*command, code=0, cwd=None, env=None, timeout=600):
    return scratch.run(*command, code=code, cwd=cwd, env=env, timeout=timeout)


def make_clean_root():
    """A Debian without anything that its standard does not bring."""
    if not (CLEAN / "made").exists():
        shutil.rmtree(CLEAN, ignore_errors=True)
        run("debootstrap", "--variant=minbase", "bookworm", CLEAN, MIRROR)
        (CLEAN / "made").touch()


def clean_root():
    root = scratch.folder("keyway-debian-")
    run("cp", "--archive", "--reflink=auto", f"{CLEAN}/.", root)
    # Nothing may be started while packages are installed, as images of containers say it.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    return root


class Debian:
    def __init__(self):
        self.root = clean_root()

    def run(self, *command, code=0):
        env = {"PATH": PROGRAM_PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}
        return run("chroot", self.root, *command, code=code, env=env)

    def install(self, package):
        shutil.copy(package, self.root / "tmp/keyway.deb")
        # Without a list of packages: all that it needs is there already.
        return self.run("apt-get", "install", "--yes", "--no-install-recommends", "/tmp/keyway.deb")

    def path(self, path):
        return self.root / path.lstrip("/")

    def unit(self):
        return dict(re.findall(r"^(\w+)=(.*)$", self.path("/usr/lib/systemd/system/keyway.service").read_text(), re.MULTILINE))

    def start(self):
        return Service(self)


class Service:
    """The server as systemd starts it, up to its sandbox."""

    def __init__(self, debian):
        unit = debian.unit()
        user = unit["User"]
        self.debian = debian
        # StateDirectory=
        state = debian.path(f"/var/lib/{unit['StateDirectory']}")
        state.mkdir(mode=int(unit["StateDirectoryMode"], 8), exist_ok=True)
        ids = debian.run("getent", "passwd", user).split(":")
        os.chown(state, int(ids[2]), int(ids[3]))
        # NOTIFY_SOCKET, as Type=notify has it.
        assert unit["Type"] == "notify"
        notify = debian.path("/run/notify")
        notify.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(notify))
        os.chmod(notify, 0o777)
        self.socket.settimeout(60)
        env = {"PATH": PROGRAM_PATH, "NOTIFY_SOCKET": "/run/notify", "HOME": "/var/lib/keyway", "USER": user}
        self.log = open(debian.root / "tmp/log", "w+")
        command = ["chroot", f"--userspec={user}:{unit['Group']}", debian.root, *unit["ExecStart"].split()]
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            said = self.socket.recv(4096).decode()
        except TimeoutError:
            self.process.kill()
            raise AssertionError(f"the server did not say that it is ready:\n{self.text()}") from None
        assert said.startswith("READY=1"), said

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.text()
        assert b"STOPPING=1" in self.socket.recv(4096)
        self.socket.close()


def from_the_installation_to_a_served_call_in_two_commands(debian, package):
    debian.install(package)
    assert debian.run("keyway", "--version").strip() == f"keyway {VERSION}"
    # The second command is "systemctl enable --now keyway", which starts this:
    with debian.start():
        made = json.loads(debian.run("keyway", "--data", "/var/lib/keyway", "app", "create", "Order sync", "--scopes", "crm.objects.contacts.read", "--json"))
        token = made["token"]["value"]
        answer = run("curl", "--silent", "--fail", "http://127.0.0.1:8484/crm/v3/objects/contacts", "--header", f"Authorization: Bearer {token}")
        assert "results" in json.loads(answer), answer
        assert debian.run("keyway", "--data", "/var/lib/keyway", "status", "--live").strip() == "keyway is alive"
        owner = debian.path("/var/lib/keyway/master.key").stat()
        assert owner.st_uid != 0 and owner.st_mode & 0o777 == 0o600, oct(owner.st_mode)


def the_package_has_what_a_debian_package_has(debian):
    passwd = debian.run("getent", "passwd", "keyway").strip().split(":")
    assert passwd[5:] == ["/var/lib/keyway", "/usr/sbin/nologin"], passwd
    assert debian.run("dpkg-query", "--show", "--showformat=${Conffiles}", "keyway").split()[0] == "/etc/keyway/keyway.toml"
    pages = sorted(path.name for path in debian.path("/usr/share/man/man1").glob("keyway*"))
    assert {"keyway.1.gz", "keyway-serve.1.gz", "keyway-app-create.1.gz"} <= set(pages), pages
    text = run("sh", "-c", f"gzip -dc {debian.path('/usr/share/man/man1/keyway-serve.1.gz')}")
    assert ".TH" in text and "audit\\-keep\\-days" in text, text[:500]
    # groff reads every page without a warning.
    if shutil.which("groff"):
        for page in debian.path("/usr/share/man/man1").glob("keyway*.gz"):
            assert run("sh", "-c", f"gzip -dc {page} | groff -Kutf8 -man -Tutf8 -ww -z 2>&1") == "", page
    for shell in ("bash-completion/completions/keyway", "zsh/vendor-completions/_keyway", "fish/vendor_completions.d/keyway.fish"):
        assert debian.path(f"/usr/share/{shell}").stat().st_size > 10_000, shell
    assert debian.run("dpkg", "--verify", "keyway") == ""


def an_upgrade_keeps_settings_and_data(debian, package):
    settings = debian.path("/etc/keyway/keyway.toml")
    settings.write_text(settings.read_text() + "# changed here\n")
    # As "systemctl enable" does.
    wants = debian.path("/etc/systemd/system/multi-user.target.wants")
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "keyway.service").symlink_to("/usr/lib/systemd/system/keyway.service")
    newer = newer_than(package)
    debian.install(newer)
    assert debian.run("dpkg-query", "--show", "--showformat=${Version}", "keyway") == f"{VERSION}+1"
    assert settings.read_text().endswith("# changed here\n")
    assert (wants / "keyway.service").is_symlink(), "enabled as before"
    with debian.start():
        apps = json.loads(debian.run("keyway", "--data", "/var/lib/keyway", "app", "list", "--json"))["apps"]
        assert [app["name"] for app in apps] == ["Order sync"], apps
        said = debian.run("keyway", "--data", "/var/lib/keyway", "audit", "verify")
        assert said.startswith("1 record"), said
    newer.unlink()


def newer_than(package):
    """The same package with a later version, and with other settings as a later version may bring them."""
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
    assert not debian.path("/usr/bin/keyway").exists()
    assert debian.path("/etc/keyway/keyway.toml").exists() and debian.path("/var/lib/keyway/master.key").exists()
    said = debian.run("apt-get", "purge", "--yes", "keyway")
    assert "/var/lib/keyway stays" in said, said
    assert not debian.path("/etc/keyway/keyway.toml").exists()
    assert debian.path("/var/lib/keyway/master.key").exists(), "without it no credential can be opened"
    left = [path for path in debian.path("/etc/systemd/system").rglob("keyway*")]
    assert left == [], left
    assert debian.run("dpkg-query", "--show", "keyway", code=1)


def it_installs_again_after_a_purge(debian, package):
    debian.install(package)
    with debian.start():
        apps = json.loads(debian.run("keyway", "--data", "/var/lib/keyway", "app", "list", "--json"))["apps"]
        assert [app["name"] for app in apps] == ["Order sync"], apps


def main():
    assert os.geteuid() == 0, "run as root: a chroot needs it"
    if sys.argv[1:] != ["alone"]:
        make_clean_root()
        # From here on in a network of its own: the usual ports are free, and the package needs nothing from outside.
        alone = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, __file__, "alone")
        os.execvp(alone[0], alone)
    out = scratch.folder()
    # A debug build is five times as large with its symbols.
    run("strip", "-o", out / "keyway", BINARY)
    target = "x86_64-unknown-linux-gnu" if os.uname().machine == "x86_64" else "aarch64-unknown-linux-gnu"
    run("bash", ROOT / "packaging/deb.sh", out / "keyway", out, target, VERSION, env=scratch.environment(SOURCE_DATE_EPOCH="315532800"))
    [package] = out.glob("*.deb")
    debian = Debian()
    try:
        for test in (from_the_installation_to_a_served_call_in_two_commands, the_package_has_what_a_debian_package_has, an_upgrade_keeps_settings_and_data,
                     removing_keeps_settings_and_data_and_purging_keeps_data, it_installs_again_after_a_purge):
            start = time.monotonic()
            test(debian, package) if test.__code__.co_argcount == 2 else test(debian)
            print(f"{test.__name__.replace('_', ' ')}: passed in {time.monotonic() - start:.1f} s")
    finally:
        scratch.remove(debian.root, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
