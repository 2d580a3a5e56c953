"""The version and the dependencies of the package: those of the program in this repository."""

import pathlib
import re

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Metadata(MetadataHookInterface):
    def update(self, metadata):
        manifest = pathlib.Path(self.root, "../../Cargo.toml").read_text()
        version = re.search(r'^version = "(.*)"', manifest, re.MULTILINE)[1]
        metadata["version"] = version
        # Keyway has no program for Windows, where KEYWAY_ADDR names a server elsewhere.
        metadata["dependencies"] = ["pytest>=7", "pluggy>=1.1", f"keyway-cli=={version}; sys_platform != 'win32'"]
