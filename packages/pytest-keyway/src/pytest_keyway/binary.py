"""Where the keyway program is."""

from __future__ import annotations

import os
import shutil

from .errors import KeywayError


def find() -> str:
    """The path of the program: that of KEYWAY_BIN, of the package keyway-cli, or of the PATH, in this order."""
    named = os.environ.get("KEYWAY_BIN")
    if named:
        path = shutil.which(named)
        if path is None:
            raise KeywayError(f"KEYWAY_BIN={named} is not a program. Set it to the path of the keyway program, or unset it.")
        return path
    try:
        import keyway_cli

        return str(keyway_cli.find())
    except (ImportError, FileNotFoundError):
        pass
    path = shutil.which("keyway")
    if path is None:
        raise KeywayError(
            "no keyway program: KEYWAY_BIN is not set, the package keyway-cli is not installed in this environment, and no "
            'folder of PATH has "keyway". Install it with "pip install keyway-cli", or set KEYWAY_BIN to its path.'
        )
    return path
