"""Whether what is listed as tested is tested: compares the list with the calls that the tests made.

The tests write the operations that were performed to the folder KEYWAY_TESTED; run them first. With
--write the list is made anew. docs/coverage.md, which shows it, is checked by the tests of the command line.
"""

import os
import pathlib
import sys

LIST = pathlib.Path(__file__).parents[1] / "crates/gateway/src/coverage/tested.txt"


def main():
    recorded = set()
    for file in pathlib.Path(os.environ["KEYWAY_TESTED"]).glob("*.txt"):
        lines = file.read_text().splitlines()
        # The audit also has what is no operation of HubSpot's: Keyway's own, and paths that nobody knows.
        recorded.update(line for line in lines if line and "(unknown)" not in line and "(unlisted)" not in line and " /api/v1/" not in line)
    if "--write" in sys.argv:
        LIST.write_text("".join(f"{line}\n" for line in sorted(recorded)))
        print(f"{len(recorded)} operations are listed as tested")
        return 0
    listed = set(LIST.read_text().splitlines())
    for operation in sorted(listed - recorded):
        print(f"listed as tested, and no test calls it: {operation}")
    if recorded - listed:
        print(f"{len(recorded - listed)} operations are called and not listed; run this again with --write")
    print(f"{len(listed)} operations are listed as tested, {len(listed & recorded)} of them were called")
    return 1 if listed - recorded else 0


if __name__ == "__main__":
    sys.exit(main())
