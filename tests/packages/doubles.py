"""The packages for test suites: built, installed into clean environments, and used by sample suites in parallel.

    python tests/packages/doubles.py [python|node]
"""

import sys
import time

import ci_recipes
import doubles_node
import doubles_python
import scratch
from doubles_common import TOOLS, build
from scratch import BINARY


def main():
    out = scratch.folder("keyway-doubles-")
    start = time.monotonic()
    build(out)
    ci_recipes.fit_their_schemas(TOOLS)
    ci_recipes.services_answer_under_their_name(BINARY)
    print(f"the packages are built and the CI files fit their schemas: {time.monotonic() - start:.1f} s", flush=True)
    suites = {"python": doubles_python, "node": doubles_node}
    for name in sys.argv[1:] or suites:
        for test, *arguments in suites[name].tests(out):
            start = time.monotonic()
            test(*arguments)
            print(f"{name}: {test.__name__.replace('_', ' ')}: passed in {time.monotonic() - start:.1f} s", flush=True)
    scratch.remove(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
