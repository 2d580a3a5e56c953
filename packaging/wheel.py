"""Makes the Python wheel that carries the program: wheel.py BINARY OUT TARGET VERSION

The program is one of the wheel's scripts, so pip puts it on the PATH of the environment.
The format is that of https://packaging.python.org/en/latest/specifications/binary-distribution-format/.
"""

import base64
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import readme

HERE = pathlib.Path(__file__).parent
NAME = "keyway_cli"


def platform_tag(target, binary):
    """The platforms that pip offers the wheel to. A static program runs with every C library of Linux."""
    machine, system = re.fullmatch(r"(x86_64|aarch64)-(apple-darwin|unknown-linux-musl|unknown-linux-gnu)", target).groups()
    if system == "apple-darwin":
        return "macosx_11_0_arm64" if machine == "aarch64" else "macosx_10_12_x86_64"
    if system == "unknown-linux-musl":
        return f"manylinux_2_17_{machine}.manylinux2014_{machine}.musllinux_1_1_{machine}"
    # The newest symbol that the program wants is the oldest C library that it runs with.
    needs = subprocess.run(["readelf", "--version-info", "--wide", binary], check=True, capture_output=True, text=True).stdout
    newest = max((int(major), int(minor)) for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", needs))
    return f"manylinux_{newest[0]}_{newest[1]}_{machine}"


def main():
    binary, out, target, version = sys.argv[1:]
    tag = f"py3-none-{platform_tag(target, binary)}"
    info = f"{NAME}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1", "Name: keyway-cli", f"Version: {version}",
        "Summary: Finds HubSpot credentials in code, and runs the gateway through which integrations reach HubSpot",
        "License: Apache-2.0", "Requires-Python: >=3.8", "Description-Content-Type: text/markdown", "",
        readme.text(),
    ]
    wheel = ["Wheel-Version: 1.0", "Generator: keyway packaging", "Root-Is-Purelib: false"]
    wheel += [f"Tag: py3-none-{platform}" for platform in tag.removeprefix("py3-none-").split(".")] + [""]
    files = {
        f"{NAME}/__init__.py": (HERE / "python/keyway_cli/__init__.py").read_bytes(),
        f"{NAME}/__main__.py": (HERE / "python/keyway_cli/__main__.py").read_bytes(),
        f"{NAME}-{version}.data/scripts/keyway": pathlib.Path(binary).read_bytes(),
        f"{info}/METADATA": "\n".join(metadata).encode(),
        f"{info}/WHEEL": "\n".join(wheel).encode(),
        f"{info}/entry_points.txt": b"[console_scripts]\nkeyway-cli = keyway_cli.__main__:main\n",
        f"{info}/licenses/LICENSE": (HERE.parent / "LICENSE").read_bytes(),
    }
    record = [f"{name},sha256={digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    path = pathlib.Path(out) / f"{NAME}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if "/scripts/" in name else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    print(os.path.basename(path))


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
