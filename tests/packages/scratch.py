"""Scratch repositories with a planted credential, which is assembled at run time so that no scanner trips on this file."""

import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
BINARY = pathlib.Path(os.environ.get("KEYWAY_BIN", ROOT / "target/debug/keyway")).absolute()
PLANTED = "TOKEN = 'pat-na1-" + "-".join(["4c1d9e07", "52b8", "4f63", "9a7e", "d10b6f83c5e2"]) + "'\n"


def folder(prefix="keyway-packages-"):
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix))


def environment(**more):
    """This environment with git's identity, without settings of Keyway or of an outer git."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "KEYWAY_", "CI_", "PRE_COMMIT"))}
    identity = {"GIT_AUTHOR_NAME": "Test", "GIT_AUTHOR_EMAIL": "test@example.com", "GIT_CONFIG_GLOBAL": "/dev/null"}
    identity |= {"GIT_COMMITTER_NAME": "Test", "GIT_COMMITTER_EMAIL": "test@example.com"}
    return kept | identity | more


def with_keyway_on_path(**more):
    """The environment, with a folder first on the PATH that holds `keyway` alone."""
    bin_folder = folder()
    (bin_folder / "keyway").symlink_to(BINARY)
    return environment(PATH=f"{bin_folder}:{os.environ['PATH']}", **more)


def run(*command, cwd=None, env=None, code=0, timeout=120):
    """Runs a command, checks its exit code, and returns everything it printed."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env or environment(), text=True, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    assert done.returncode == code, f"{' '.join(map(str, command))}: exit code {done.returncode}, {code} is expected\n{done.stdout}"
    return done.stdout


def repository(env, files):
    """A git repository with these files in its first commit."""
    where = folder()
    run("git", "init", "--quiet", "--initial-branch", "main", where, env=env)
    for name, text in files.items():
        (where / name).write_text(text)
    run("git", "add", "--all", cwd=where, env=env)
    run("git", "commit", "--quiet", "--no-verify", "--message", "First", cwd=where, env=env)
    return where


def remove(*folders):
    for where in folders:
        shutil.rmtree(where, ignore_errors=True)
