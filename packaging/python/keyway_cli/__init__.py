"""Carries the keyway program. `find()` tells where it is."""

import os
import shutil
import sysconfig


def find():
    """The path of the program that this package installed."""
    schemes = ["", *(f"{os.name}_{kind}" for kind in ("user", "prefix"))]
    for scheme in schemes:
        try:
            folder = sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts")
        except KeyError:
            continue
        path = os.path.join(folder, "keyway")
        if os.path.isfile(path):
            return path
    path = shutil.which("keyway")
    if path is None:
        raise FileNotFoundError('the keyway program is missing. Install it again: pip install --force-reinstall keyway-cli')
    return path
