"""A clean Debian with systemd, made once with debootstrap and copied for each test."""

import shutil

import scratch
from scratch import ROOT

MIRROR = "http://deb.debian.org/debian"
CLEAN = ROOT / "target/debian-root"
# What a server has beside the standard of a container.
PACKAGES = "systemd,systemd-sysv,dbus"


def clean_root():
    """A Debian without anything that its standard does not bring. The first one is made with debootstrap, the others are copies."""
    made = CLEAN / "made"
    if not made.exists() or made.read_text() != PACKAGES:
        shutil.rmtree(CLEAN, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", CLEAN, MIRROR)
        made.write_text(PACKAGES)
    root = scratch.folder("keyway-debian-")
    run("cp", "--archive", "--reflink=auto", f"{CLEAN}/.", root)
    return root


def run(*command, code=0, env=None):
    return scratch.run(*command, code=code, env=env, timeout=600)
