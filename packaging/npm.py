"""Makes the npm packages: npm.py BINARY OUT TARGET VERSION

`keyway-cli` has the commands and no program. Each `keyway-cli-PLATFORM` has the program of one platform, and npm installs
the one that fits, because all are optional dependencies of `keyway-cli`. No package has an install script.
"""

import gzip
import io
import json
import os
import pathlib
import sys
import tarfile

import readme

HERE = pathlib.Path(__file__).parent
PLATFORMS = {
    "x86_64-unknown-linux-musl": ("linux", "x64"),
    "x86_64-unknown-linux-gnu": ("linux", "x64"),
    "aarch64-unknown-linux-musl": ("linux", "arm64"),
    "aarch64-unknown-linux-gnu": ("linux", "arm64"),
    "x86_64-apple-darwin": ("darwin", "x64"),
    "aarch64-apple-darwin": ("darwin", "arm64"),
}


def main():
    binary, out, target, version = sys.argv[1:]
    common = {"version": version, "license": "Apache-2.0"}
    if repository := os.environ.get("KEYWAY_REPOSITORY"):
        common["repository"] = {"type": "git", "url": f"git+https://github.com/{repository}.git"}

    system, machine = PLATFORMS[target]
    name = f"keyway-cli-{system}-{machine}"
    package = {"name": name, "description": f"The keyway program for {system} {machine}", "os": [system], "cpu": [machine]}
    if target.endswith("-gnu"):
        package["libc"] = ["glibc"]
    write(out, name, package | common, {"bin/keyway": (pathlib.Path(binary).read_bytes(), 0o755)})

    names = sorted({f"keyway-cli-{system}-{machine}" for system, machine in PLATFORMS.values()})
    package = {
        "name": "keyway-cli",
        "description": "Finds HubSpot credentials in code, and runs the gateway through which integrations reach HubSpot",
        "bin": {"keyway": "keyway.js", "keyway-cli": "keyway.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {name: version for name in names},
    }
    write(out, "keyway-cli", package | common, {
        "keyway.js": ((HERE / "npm/keyway.js").read_bytes(), 0o755),
        "README.md": (readme.text().encode(), 0o644),
    })


def write(out, name, package, files):
    files = {"package.json": (json.dumps(package, indent=2).encode() + b"\n", 0o644)} | files
    files["LICENSE"] = ((HERE.parent / "LICENSE").read_bytes(), 0o644)
    path = pathlib.Path(out) / f"{name}-{package['version']}.tgz"
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for file, (content, mode) in files.items():
                entry = tarfile.TarInfo(f"package/{file}")
                entry.size, entry.mode, entry.mtime = len(content), mode, int(os.environ.get("SOURCE_DATE_EPOCH", 315532800))
                archive.addfile(entry, io.BytesIO(content))
    print(path.name)


if __name__ == "__main__":
    main()
