"""Lists every request (method and path) that HubSpot's clients, and the taps and nodes in use, can send.

    python3 tests/catalog/requests.py            compare tests/catalog/requests.tsv with the packages
    python3 tests/catalog/requests.py --write    write it anew

The packages are fetched with npm and pip, by name and version, and read; nothing of them is run.
Two Rust tests walk the list: each request is known to the catalog (crates/core), and passes a gateway
byte for byte (crates/gateway).
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import javascript
import python_clients
import taps

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests/catalog/requests.tsv"
CACHE = ROOT / "target/client-packages"

# The newest of each, and how to read it. What a reader yields: (method, path), {names} for what varies.
CLIENTS = [
    ("npm", "@hubspot/api-client", "14.0.1", javascript.generated_client),
    ("pypi", "hubspot-api-client", "12.0.0", python_clients.generated_client),
    ("pypi", "hubspot-sdk", "0.1.0a9", python_clients.sdk),
    ("npm", "hubspot", "2.3.14", javascript.hubspot),
    ("pypi", "hubspot3", "3.2.56", python_clients.base_client),
    ("pypi", "hapipy", "2.10.0", python_clients.base_client),
    ("pypi", "tap-hubspot", "4.5.0", taps.singer),
    ("pypi", "meltano-tap-hubspot", "0.10.1", taps.meltano),
    ("pypi", "airbyte-source-hubspot", "5.7.0", taps.airbyte),
    ("npm", "n8n-nodes-base", "2.41.2", javascript.n8n),
]

# Fewer than these, and a reader has stopped to understand its package.
AT_LEAST = {
    "@hubspot/api-client": 680, "hubspot-api-client": 640, "hubspot-sdk": 770, "hubspot": 140, "hubspot3": 150,
    "hapipy": 40, "tap-hubspot": 28, "meltano-tap-hubspot": 50, "airbyte-source-hubspot": 25, "n8n-nodes-base": 50,
}


def fetch(registry, name, version):
    """The unpacked package."""
    folder = CACHE / f"{name.replace('/', '-').strip('@')}-{version}"
    if folder.is_dir():
        return folder
    packed = CACHE / "packed" / folder.name
    packed.mkdir(parents=True, exist_ok=True)
    if registry == "npm":
        command = ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", packed]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", packed, f"{name}=={version}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    partly = folder.with_suffix(f".{os.getpid()}")
    for archive in packed.iterdir():
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(partly)
        else:
            tarfile.open(archive).extractall(partly, filter="data")
    partly.rename(folder)
    return folder


def plain(path):
    """A path as it is sent: no query, one slash in front, {names} that say what stands there."""
    path = "/" + path.split("?")[0].lstrip("/")
    return re.sub(r"\{[^}]*\}", lambda name: "{" + last_name(name[0]) + "}", path)


def last_name(expression):
    """The name that an expression ends in: `data.companyId` is companyId."""
    names = [name for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", expression) if name not in ("value", "str", "quote")]
    return names[-1] if names else "value"


# What stands for a name: the first that it contains. What is in none of them is an id.
PLAUSIBLE = [
    ("objectTypeId", "2-77"), ("object_type_id", "2-77"), ("to_object_id", "52"), ("toObjectId", "52"), ("tableIdOrName", "prices"),
    ("to_object", "companies"), ("toObject", "companies"), ("from_object_id", "51"), ("fromObjectId", "51"),
    ("from_object", "contacts"), ("fromObject", "contacts"), ("objectId", "51"), ("object_id", "51"),
    ("object_type", "contacts"), ("objectType", "contacts"), ("crm_object_name", "contacts"), ("entity", "contacts"),
    ("stream_slice", "companies"), ("object_name", "boat"), ("subpath", "stores"), ("recency_type", "modified"), ("search_type", "city"),
    ("email", "ada%40example.com"), ("Email", "ada%40example.com"), ("domain", "example.com"), ("propertyName", "firstname"),
    ("property_name", "firstname"), ("guid", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"), ("date", "2026-11-01"), ("path", "styles%20and%20more.css"),
    ("assetType", "FORM"), ("asset_type", "FORM"), ("name", "sample"), ("Name", "sample"),
]


def example(path):
    """The path with something plausible in the place of each name."""
    def value(name):
        return next((text for part, text in PLAUSIBLE if part in name[1]), "51")

    return re.sub(r"\{(\w+)\}", value, path)


def generate():
    """(method, path) to the names of the clients that send it; and how many each sends."""
    requests, counts = {}, {}
    for registry, name, version, read in CLIENTS:
        found = {(method.upper(), plain(path)) for method, path in read(fetch(registry, name, version)) if path}
        counts[name] = len(found)
        for request in found:
            requests.setdefault(request, []).append(name)
    return requests, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    requests, counts = generate()
    for name, count in counts.items():
        print(f"{name}: {count} requests")
        if count < AT_LEAST[name]:
            sys.exit(f"{name}: only {count} requests were found, where at least {AT_LEAST[name]} are known")
    rows = sorted(f"{method}\t{path}\t{example(path)}\t{' '.join(names)}" for (method, path), names in requests.items())
    text = "\n".join(["method\tpath\texample\tclients", *rows]) + "\n"
    if write:
        LIST.write_text(text)
    elif LIST.read_text() != text:
        listed = set(LIST.read_text().splitlines())
        for row in sorted(listed.symmetric_difference(text.splitlines())):
            print(("- " if row in listed else "+ ") + row)
        sys.exit("tests/catalog/requests.tsv is not what the packages send. Write it anew: python3 tests/catalog/requests.py --write")
    print(f"{len(rows)} requests in all")


if __name__ == "__main__":
    main()
