"""README.md as package registries show it: its links lead to the repository, since a registry has no other file of it."""

import os
import pathlib
import re


def text():
    readme = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
    repository = os.environ.get("KEYWAY_REPOSITORY")
    if not repository:
        # Nobody knows yet where the repository is: pictures go, and links become their text.
        readme = re.sub(r"!\[[^\]]*\]\((?!https?://)[^)]*\)\n*", "", readme)
        return re.sub(r"\[([^\]]*)\]\((?!https?://|#)[^)]*\)", r"\1", readme)
    readme = re.sub(r"(!\[[^\]]*\]\()(?!https?://)", rf"\1https://raw.githubusercontent.com/{repository}/main/", readme)
    return re.sub(r"((?<!!)\[[^\]!]*\]\()(?!https?://|#)", rf"\1https://github.com/{repository}/blob/main/", readme)
