"""`keyway fix --write` on packages of npm and PyPI that use HubSpot, judged by hand.

tests/fix/packages.tsv names the packages, with their versions and what a person judged: how many places
change, the hash of the difference, and the verdict. Each package is fetched once by its registry's own
client into target/fix-packages (nothing in it is run; 62 MB), copied, and rewritten. Each changed file must parse
by its language's own parser as it did before, a second run must change nothing, and `git apply --check`
must take the printed patch. What differs from the judged difference is printed, hunk by hunk.

    tests/fix/packages.py              check all; exit 1 where something differs from what was judged
    tests/fix/packages.py NAME         print what changes in the packages whose name holds NAME
    tests/fix/packages.py --judge      write the present differences down as right; read them first

KEYWAY_BIN names the binary. The first run needs the registries; later runs read the folder.
"""

import argparse
import concurrent.futures
import csv
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import warnings
import zipfile

from parsers import parses

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = HERE / "packages.tsv"
CACHE = ROOT / "target" / "fix-packages"
KEYWAY = pathlib.Path(os.environ.get("KEYWAY_BIN", ROOT / "target" / "debug" / "keyway")).resolve()
FIELDS = ["registry", "package", "version", "changes", "difference", "verdict"]
# Files that a package may hold, and bytes of one: what is more is a bundle, and no code of a person.
FILES_MAX, BYTES_MAX = 20_000, 4 << 20
warnings.simplefilter("ignore")


def fetch(row):
    """The folder of a package's files; fetched where it is not there yet."""
    folder = CACHE / f"{row['registry']}-{row['package'].replace('/', '+').replace('@', '')}-{row['version']}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        if row["registry"] == "npm":
            command = ["npm", "pack", "--silent", "--ignore-scripts", f"{row['package']}@{row['version']}", "--pack-destination", work]
        else:
            # Wheels alone: a source package would run its own code to say what it is.
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
            command += ["--only-binary=:all:", "--dest", work, f"{row['package']}=={row['version']}"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        archive = next(pathlib.Path(work).iterdir())
        files = pathlib.Path(work) / "files"
        files.mkdir()
        unpack(archive, files)
        files.rename(folder)
    return folder


def unpack(archive, folder):
    """Writes the plain files of an archive below a folder, and nothing outside of it."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            members = [(one.filename, one.file_size, lambda one=one: file.read(one)) for one in file.infolist() if not one.is_dir()]
            write(members, folder)
    else:
        with tarfile.open(archive) as file:
            members = [(one.name, one.size, lambda one=one: file.extractfile(one).read()) for one in file.getmembers() if one.isfile()]
            write(members, folder)


def write(members, folder):
    for name, size, read in members[:FILES_MAX]:
        # What npm's packages hold is built; `fix` leaves out folders of that name.
        path = (folder / pathlib.Path(*("built" if part == "dist" else part for part in pathlib.PurePosixPath(name).parts))).resolve()
        if size <= BYTES_MAX and path.is_relative_to(folder.resolve()) and "node_modules" not in path.parts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(read())


def keyway(*arguments, folder):
    done = subprocess.run([KEYWAY, "fix", *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"keyway fix {' '.join(arguments)}: {done.stderr[-500:]}")
    return done


def try_package(row):
    """What `fix` does to a package: the difference, the number of changes, and what is wrong."""
    source = fetch(row)
    wrong = []
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / "package"
        shutil.copytree(source, folder)
        report = json.loads(keyway("--json", folder=folder).stdout)
        changed = [file["path"] for file in report["files"] if file["diff"]]
        patch = "".join(file["diff"] for file in report["files"])
        if patch:
            env = {**os.environ, "GIT_CEILING_DIRECTORIES": work}
            check = subprocess.run(["git", "apply", "--check", "-"], cwd=folder, input=patch.encode(), env=env, capture_output=True)
            wrong += [f"git apply --check: {check.stderr.decode()[:300]}"] if check.returncode else []
        before = {path: parses(folder / path) for path in changed}
        keyway("--write", folder=folder)
        wrong += [f"{path} does not parse any more" for path in changed if before[path] and parses(folder / path) is False]
        twice = json.loads(keyway("--json", folder=folder).stdout)
        wrong += [f"{file['path']} changes again: {file['diff'][:300]}" for file in twice["files"] if file["diff"]]
        checked = sum(1 for value in before.values() if value is not None)
    changes = sum(len(file["changes"]) for file in report["files"])
    left = sum(len(file["left"]) for file in report["files"])
    return {"patch": patch, "changes": changes, "left": left, "wrong": wrong, "files": len(changed), "checked": checked, "report": report}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", help="print the packages whose name holds this")
    parser.add_argument("--judge", action="store_true", help="write the present differences down as right")
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    with LIST.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    tried = [row for row in rows if not given.name or given.name in row["package"]]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(try_package, tried))
    wrong, differ = 0, 0
    for row, result in zip(tried, results):
        digest = hashlib.sha256(result["patch"].encode()).hexdigest()[:16] if result["patch"] else "-"
        same = (row["changes"], row["difference"]) == (str(result["changes"]), digest)
        for what in result["wrong"]:
            print(f"WRONG {row['package']} {row['version']}: {what}")
        wrong += len(result["wrong"])
        if given.name or not same:
            print(f"== {row['registry']} {row['package']} {row['version']}: {result['changes']} changes, {result['left']} left alone")
            print(result["patch"], end="")
            if given.name:
                for file in result["report"]["files"]:
                    for note in file["left"]:
                        print(f"left {file['path']}:{note['line']}: {note['what']}")
        differ += not same
        if given.judge and not same:
            row.update(changes=str(result["changes"]), difference=digest, verdict="right" if result["patch"] else "nothing to change")
    if given.judge:
        with LIST.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    files, checked = sum(one["files"] for one in results), sum(one["checked"] for one in results)
    print(f"{len(tried)} packages, {sum(1 for one in results if one['patch'])} changed, {sum(one['changes'] for one in results)} changes in")
    print(f"{files} files, {checked} of them read by their own parser; {wrong} wrong, {differ} differ from what was judged")
    sys.exit(1 if wrong or differ and not given.judge else 0)


if __name__ == "__main__":
    main()
