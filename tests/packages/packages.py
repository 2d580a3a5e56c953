"""The packages, built from the program and installed into clean environments, each of which scans a planted credential."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import scratch
from in_ci import TOOLS, Action
from scratch import BINARY, PLANTED, ROOT, run

VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]

sys.path.insert(0, str(ROOT / "packaging"))
from release import SHOWN as RELEASED  # noqa: E402


def sample():
    where = scratch.folder()
    (where / "settings.py").write_text(PLANTED)
    return where


def finds_the_credential(*keyway, env=None, cwd=None):
    output = run(*keyway, "scan", sample(), env=env, cwd=cwd, code=1)
    assert "settings.py" in output and "d10b6f83" not in output, output
    assert run(*keyway, "--version", env=env, cwd=cwd).strip().endswith(f"keyway {VERSION}")


def file(out, pattern):
    [found] = out.glob(pattern)
    return found


def the_same_input_gives_the_same_bytes():
    """Tried with a small program, for every platform."""
    targets = [f"{machine}-{system}" for machine in ("x86_64", "aarch64") for system in ("unknown-linux-musl", "apple-darwin")]
    sums = []
    for _ in range(2):
        out = scratch.folder()
        for target in targets:
            run(ROOT / "packaging/build.sh", "/bin/true", out, target, env=scratch.environment(KEYWAY_REPOSITORY="example/keyway"))
        lines = (out / "SHA256SUMS").read_text()
        sums.append([line for line in lines.splitlines() if "apple-darwin.tar.gz" not in line and "keyway.rb" not in line])
        run("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS", cwd=out)
        the_formula_names_the_archives(out, targets)
        time.sleep(1.1 - time.time() % 1)  # files of the second round have other times
    assert sums[0] == sums[1], sums
    assert len(sums[0]) == 4 + 5 + 2 + 2 + 1, sums[0]  # wheels, npm, archives of Linux, Debian, install.sh
    assert "example/keyway" in (out / "install.sh").read_text()
    readme = run("tar", "-xOzf", file(out, f"keyway-cli-{VERSION}.tgz"), "package/README.md")
    assert "(https://raw.githubusercontent.com/example/keyway/main/docs/images/" in readme
    assert not re.search(r"\]\((?!https://)", readme), "a link in a registry's page leads nowhere"
    run(ROOT / "packaging/build.sh", "/bin/true", scratch.folder(), env=scratch.environment(KEYWAY_REPOSITORY="x/y|e;"), code=1)


def the_formula_names_the_archives(out, targets):
    formula = (out / "keyway.rb").read_text()
    for target in targets:
        archive = out / f"keyway-{target}.tar.gz"
        assert re.search(rf'/example/keyway/releases/download/v{re.escape(VERSION)}/{archive.name}"\n +sha256 "{sha256(archive)}"', formula), formula
    assert "Syntax OK" in run("ruby", "-c", out / "keyway.rb")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def the_wheel_installs_with_pip_and_runs_with_pipx(out):
    wheel = file(out, "*.whl")
    venv = scratch.folder() / "venv"
    run(sys.executable, "-m", "venv", venv)
    run(venv / "bin/pip", "install", "--no-index", "--quiet", "--disable-pip-version-check", wheel)
    finds_the_credential(venv / "bin/keyway")
    finds_the_credential(venv / "bin/keyway-cli")
    finds_the_credential(venv / "bin/python", "-m", "keyway_cli")
    home = scratch.folder()
    # pip for pipx is fetched once, and kept with the test's tools.
    env = scratch.environment(PIPX_HOME=str(home), PIPX_SHARED_LIBS=str(TOOLS.parent / "pipx-shared"), USE_EMOJI="0")
    assert f"keyway {VERSION}" in run(TOOLS / "pipx", "run", "--spec", wheel, "keyway-cli", "--version", env=env)
    run(venv / "bin/pip", "uninstall", "--yes", "--quiet", "keyway-cli")
    assert not (venv / "bin/keyway").exists()
    scratch.remove(home, venv)


def the_npm_packages_install_and_pass_signals_on(out):
    project = scratch.folder()
    (project / "package.json").write_text('{"name": "sample", "private": true}')
    # Without the registry: the packages of other platforms can't be had, and are optional.
    options = ("--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--cache", scratch.folder())
    run("npm", "install", *options, file(out, "keyway-cli-linux-*.tgz"), file(out, f"keyway-cli-{VERSION}.tgz"), cwd=project)
    finds_the_credential("npx", "--no-install", "keyway", cwd=project)
    finds_the_credential("npx", "--no-install", "keyway-cli", cwd=project)

    ready = project / "ready.json"
    server = subprocess.Popen([project / "node_modules/.bin/keyway", "serve", "--ephemeral", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                               "--data", project / "data", "--ready-file", ready], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(300):
            if ready.exists():
                break
            assert server.poll() is None, server.stdout.read()
            time.sleep(0.1)
        address = json.loads(ready.read_text())
        assert address, "the server became ready"
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0, server.stdout.read()
    finally:
        if server.poll() is None:
            server.kill()

    for platform in (project / "node_modules").glob("keyway-cli-*"):
        shutil.rmtree(platform)
    message = run(project / "node_modules/.bin/keyway", "--version", code=2)
    assert "is not installed" in message and "--include=optional" in message, message
    scratch.remove(project)


def the_debian_package_has_the_program_and_its_unit(out):
    """debian.py installs it in a clean Debian."""
    root = scratch.folder()
    package = file(out, "*.deb")
    run("dpkg-deb", "--extract", package, root)
    finds_the_credential(root / "usr/bin/keyway")
    unit = (root / "usr/lib/systemd/system/keyway.service").read_text()
    assert "ExecStart=/usr/bin/keyway serve" in unit and "/usr/local" not in unit
    run(root / "usr/bin/keyway", "config", "check", root / "etc/keyway/keyway.toml")
    assert "complete" in (root / "usr/share/bash-completion/completions/keyway").read_text()
    assert run("dpkg-deb", "--field", package, "Version").strip() == VERSION
    scratch.remove(root)


def the_install_script_checks_what_it_installs(out):
    target = file(out, "keyway-*.tar.gz").name.removeprefix("keyway-").removesuffix(".tar.gz")
    releases = scratch.folder()
    for name in ("SHA256SUMS", f"keyway-{target}.tar.gz"):
        shutil.copy(out / name, releases)
    home = scratch.folder()
    env = scratch.environment(HOME=str(home), KEYWAY_RELEASES=f"file://{releases}", KEYWAY_TARGET=target)
    script = ("sh", out / "install.sh")
    assert "Add it to your PATH" in run(*script, env=env)
    finds_the_credential(home / ".local/bin/keyway")
    run(*script, env=env)  # over a program that is there
    assert (home / ".local/share/man/man1/keyway-app-create.1").exists()
    names = run("tar", "-tzf", out / f"keyway-{target}.tar.gz").split()
    assert {"completions/keyway.bash", "completions/_keyway", "completions/keyway.fish", "man/man1/keyway.1"} <= set(names), names

    # The action installs by the same script where there is no keyway on the PATH.
    action = Action(sample(), env | {"PATH": "/usr/bin:/bin"}, upload="false")
    assert action.run() == 1 and "settings.py" in action.summary

    shutil.rmtree(home / ".local")
    archive = releases / f"keyway-{target}.tar.gz"
    with archive.open("r+b") as opened:
        opened.seek(1000)
        byte = opened.read(1)
        opened.seek(1000)
        opened.write(bytes([byte[0] ^ 1]))
    assert "Nothing was installed" in run(*script, env=env, code=1)
    (releases / "SHA256SUMS").write_text(f"{sha256(archive)}  another.tar.gz\n")
    assert "does not name" in run(*script, env=env, code=1)
    (releases / "SHA256SUMS").unlink()
    assert "cannot download" in run(*script, env=env, code=1)
    assert not (home / ".local").exists()
    without = {k: v for k, v in env.items() if k != "KEYWAY_RELEASES"}
    assert "names no repository" in run(*script, env=without, code=1)
    # A script that was cut off on its way does nothing.
    (releases / "cut.sh").write_text((out / "install.sh").read_text().rsplit("main\n", 1)[0])
    run("sh", releases / "cut.sh", env=env)
    assert not (home / ".local").exists()
    scratch.remove(home, releases)


def the_image_is_built_from_files_that_reach_the_builder():
    """The Dockerfile is linted. A file that the program includes must not be left out by .dockerignore."""
    run(TOOLS / "hadolint", ROOT / "dist/Dockerfile")
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in sent)
    sources = run("git", "ls-files", "crates/*/src/*.rs", "crates/*/build.rs", cwd=ROOT).split()
    for source in sources:
        for included in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', (ROOT / source).read_text()):
            path = os.path.relpath((ROOT / source).parent / included, ROOT)
            if "/tests/" not in source and not source.endswith("tests.rs"):
                assert any(path == name or path.startswith(f"{name}/") for name in sent), f"{source} includes {path}, which .dockerignore leaves out"


def scripts_hold():
    run("shellcheck", *(ROOT / "packaging").glob("*.sh"), *(ROOT / "packaging/debian").iterdir())
    assert "no tag" in run(ROOT / "packaging/version.sh")
    assert "Cargo.toml says" in run(ROOT / "packaging/version.sh", "refs/tags/v99.0.0", code=1)


def a_release_has_one_version_everywhere():
    """In a clone: the version is committed, tagged and accepted by the check of the release workflow."""
    clone = scratch.folder() / "clone"
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, clone)
    for name in ("CHANGELOG.md", "packaging/release.py", "packaging/version.sh", *RELEASED):
        shutil.copy(ROOT / name, clone / name)
    run("git", "add", "--all", cwd=clone)
    run("git", "commit", "--quiet", "--allow-empty", "--message", "What is not committed yet", cwd=clone)
    release = (sys.executable, clone / "packaging/release.py")
    run(*release, VERSION, code=1)
    run(*release, "9.8", code=1)
    (clone / "README.md").write_text("changed")
    assert "has changes" in run(*release, "9.8.7", code=1)
    run("git", "checkout", "--quiet", "--", ".", cwd=clone)
    run(*release, "9.8.7")
    assert run("git", "status", "--porcelain", cwd=clone) == ""
    assert run("git", "describe", cwd=clone).strip() == "v9.8.7"
    assert "version 9.8.7" in run(clone / "packaging/version.sh", "refs/tags/v9.8.7")
    changed = run("git", "show", "--format=", "--name-only", cwd=clone).split()
    assert sorted(changed) == sorted(["CHANGELOG.md", "Cargo.lock", "Cargo.toml", *RELEASED]), changed
    changelog = (clone / "CHANGELOG.md").read_text()
    assert re.search(r"## \[Unreleased\]\n\n## \[9\.8\.7\] - \d{4}-\d\d-\d\d\n\n### ", changelog), changelog[:1500]
    assert "no entry" in run(*release, "9.8.8", code=1)
    assert run("git", "status", "--porcelain", cwd=clone) == "", "a refused release changes nothing"
    scratch.remove(clone)


def main():
    out = scratch.folder()
    run(ROOT / "packaging/build.sh", BINARY, out, timeout=600)  # a debug build is large, and compressed four times
    for test in (scripts_hold, a_release_has_one_version_everywhere, the_image_is_built_from_files_that_reach_the_builder, the_same_input_gives_the_same_bytes, the_wheel_installs_with_pip_and_runs_with_pipx, the_npm_packages_install_and_pass_signals_on,
                 the_debian_package_has_the_program_and_its_unit, the_install_script_checks_what_it_installs):
        start = time.monotonic()
        test(out) if test.__code__.co_argcount else test()
        print(f"{test.__name__.replace('_', ' ')}: passed in {time.monotonic() - start:.1f} s")
    scratch.remove(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
