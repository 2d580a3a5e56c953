"""`python -m keyway_cli` and `keyway-cli`: becomes the keyway program, so that signals and exit codes are its own."""

import os
import sys

from . import find


def main():
    program = find()
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
