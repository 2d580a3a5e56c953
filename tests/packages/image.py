"""What the container image starts, without a builder of images: the instructions of dist/Dockerfile are carried out on a clean
Debian that is read only, with the program, and with volumes that have the owner which the image gives their folders.
"""

import json
import os
import re
import shutil

import scratch
from root import clean_root, run
from scratch import ROOT

# Starts the server as Docker does, waits until it is healthy, works with it, and stops it.
INSIDE = """
set -eu
"$@" >/tmp/log 2>&1 & server=$!
tries=0
until $HEALTH >/dev/null; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then cat /tmp/log; exit 1; fi
  sleep 0.1
done
keyway app create Sync --scopes crm.objects.contacts.read >/dev/null
id -u
ls -A /data
keyway backup /backups/one >/dev/null
ls -A /backups/one
if touch /usr/local/bin/changed 2>/dev/null; then echo 'the root is not read only'; fi
kill -TERM $server
wait $server
"""


def instructions():
    """Of the image's own stage, by word."""
    text = re.sub(r"^#.*\n", "", (ROOT / "dist/Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", "")
    stage = text[text.rindex("\nFROM ") :]
    return {word: rest for word, rest in (line.split(None, 1) for line in stage.splitlines() if line.strip())}


def the_image_starts_as_its_user_with_a_volume_and_a_root_that_is_read_only(binary):
    found = instructions()
    user, group = found["USER"].split(":")
    owners = re.findall(r"^COPY .*--chown=(\d+):(\d+) \S+ (\S+)$", (ROOT / "dist/Dockerfile").read_text(), re.MULTILINE)
    volumes = {path: scratch.folder() for _, _, path in owners}
    command = json.loads(found["ENTRYPOINT"]) + json.loads(found["CMD"])
    health = json.loads(re.search(r"CMD (\[.*\])", found["HEALTHCHECK"])[1])
    root = clean_root()
    try:
        for owner, group_of, path in owners:
            os.chown(volumes[path], int(owner), int(group_of))
        for path in (*volumes, os.path.dirname(command[0])):
            (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        shutil.copy(binary, root / command[0].lstrip("/"))
        container = ("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--as-pid2", "--read-only", "--tmpfs=/tmp:mode=1777",
                     f"--machine=keyway-image-{os.getpid()}", f"--directory={root}", *(f"--bind={volume}:{path}" for path, volume in volumes.items()))
        as_user = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
        env = ("env", "--ignore-environment", "PATH=/usr/local/bin:/usr/bin:/bin", found["ENV"], f"HEALTH={' '.join(health)}")
        said = run(*container, "--console=pipe", *as_user, *env, "sh", "-c", INSIDE, "sh", *command)
        lines = said.split()
        assert lines[0] == user and {"keyway.db", "master.key", "audit"} <= set(lines), said
        assert lines.count("keyway.db") == 2 and lines.count("master.key") == 1, f"the backup is there, without the key: {said}"
        assert "read only" not in said, said
        assert (volumes[found["VOLUME"]] / "master.key").stat().st_uid == int(user)
    finally:
        scratch.remove(root, *volumes.values())
