"""The scanner where code lives: the pre-commit hooks, the GitHub Action and the GitLab job, each run on a planted credential."""

import json
import os
import re
import subprocess
import sys

import scratch
import yaml
from scratch import PLANTED, ROOT, run

TOOLS = ROOT / "target/packages/bin" if not os.environ.get("KEYWAY_TOOLS") else scratch.pathlib.Path(os.environ["KEYWAY_TOOLS"])
CLEAN = {"a.py": "print('clean')\n"}


def the_files_fit_their_schemas():
    run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
    run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", ROOT / "packaging/gitlab/keyway-scan.yml")
    run(TOOLS / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    if workflows:
        run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    run(TOOLS / "zizmor", "--offline", "--no-progress", "--persona", "pedantic", ROOT / "action.yml", *workflows)


def the_shell_steps_hold():
    """Every shell step of the action, the job and the workflows, read by shellcheck."""
    files = [ROOT / "action.yml", ROOT / "packaging/gitlab/keyway-scan.yml", *(ROOT / ".github/workflows").glob("*.yml")]
    steps = [step for file in files for step in shell_steps(yaml.safe_load(file.read_text()))]
    assert len(steps) > 10, steps
    for step in steps:
        done = subprocess.run(["shellcheck", "--shell=bash", "-"], input=step, text=True, capture_output=True)
        assert done.returncode == 0, f"{step}\n{done.stdout}"


def shell_steps(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "before_script"):
                yield value if isinstance(value, str) else "\n".join(value)
            else:
                yield from shell_steps(value)
    elif isinstance(node, list):
        for value in node:
            yield from shell_steps(value)


def pre_commit_refuses_a_commit_with_a_credential():
    env = scratch.with_keyway_on_path(PRE_COMMIT_HOME=str(scratch.folder()))
    # The hooks as another repository would get them: a repository that holds the manifest alone.
    hooks = scratch.repository(env, {".pre-commit-hooks.yaml": (ROOT / ".pre-commit-hooks.yaml").read_text()})
    revision = run("git", "rev-parse", "HEAD", cwd=hooks, env=env).strip()
    config = {"repos": [{"repo": str(hooks), "rev": revision, "hooks": [{"id": "keyway"}, {"id": "keyway-tree"}]}]}
    project = scratch.repository(env, CLEAN | {".pre-commit-config.yaml": yaml.safe_dump(config)})
    run(TOOLS / "pre-commit", "install", cwd=project, env=env)

    (project / "a.py").write_text("print('still clean')\n")
    run("git", "commit", "--all", "--message", "Change", cwd=project, env=env)

    (project / "settings.py").write_text(PLANTED)
    run("git", "add", "settings.py", cwd=project, env=env)
    output = run("git", "commit", "--message", "Add settings", cwd=project, env=env, code=1)
    assert "settings.py" in output and "HubSpot credentials in the commit" in output, output
    assert "d10b6f83" not in output, "the hook prints the credential"

    # What is not staged is no matter of the commit, but of the hook for the whole tree.
    run("git", "reset", "--quiet", cwd=project, env=env)
    run("git", "commit", "--allow-empty", "--message", "Nothing", cwd=project, env=env)
    output = run(TOOLS / "pre-commit", "run", "--hook-stage", "manual", "keyway-tree", cwd=project, env=env, code=1)
    assert "settings.py" in output, output
    (project / "settings.py").unlink()
    run(TOOLS / "pre-commit", "run", "--hook-stage", "manual", "keyway-tree", cwd=project, env=env)


class Action:
    """Runs the shell steps of the composite action as a runner does, with the expressions that it uses filled in."""

    def __init__(self, workspace, env, **inputs):
        self.text = yaml.safe_load((ROOT / "action.yml").read_text())
        self.workspace, self.env = workspace, env
        self.temp = scratch.folder()
        self.inputs = {name: str(of["default"]) for name, of in self.text["inputs"].items()} | inputs
        self.outputs, self.uploaded, self.summary = {}, None, ""

    def value(self, expression):
        match re.split(r"\.", expression.strip()):
            case ["inputs", name]:
                return self.inputs[name]
            case ["steps", step, "outputs", name]:
                return self.outputs[step][name]
            case ["runner", "temp"]:
                return str(self.temp)
            case ["github", "action_path"]:
                return str(ROOT)
            case ["github", "action_repository"]:
                return "example/keyway"
        raise AssertionError(f"action.yml has an expression that this test does not know: {expression}")

    def filled(self, text):
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: self.value(found[1]), str(text))

    def run(self):
        """The exit code of the first step that fails, or 0."""
        for step in self.text["runs"]["steps"]:
            condition = re.fullmatch(r"inputs\.(\S+) == '(\w+)'", step.get("if", "inputs.upload == '" + self.inputs["upload"] + "'"))
            if self.inputs[condition[1]] != condition[2]:
                continue
            if "uses" in step:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), f"not pinned: {step['uses']}"
                self.uploaded = self.filled(step["with"]["sarif_file"])
                continue
            assert "${{" not in step["run"], "an expression in a shell step lets inputs run as code"
            files = {name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
            for file in files.values():
                file.write_text("")
            env = self.env | {k: self.filled(v) for k, v in step.get("env", {}).items()} | {k: str(v) for k, v in files.items()}
            done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=self.workspace, env=env,
                                  text=True, capture_output=True, timeout=120)
            self.outputs[step.get("id", step["name"])] = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
            self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
            if done.returncode:
                return done.returncode
        return 0


def the_action_uploads_a_report_and_fails_on_a_credential():
    env = scratch.with_keyway_on_path()
    project = scratch.repository(env, CLEAN)
    assert Action(project, env).run() == 0

    (project / "settings.py").write_text(PLANTED)
    run("git", "add", "--all", cwd=project, env=env)
    run("git", "commit", "--quiet", "--message", "Add settings", cwd=project, env=env)
    action = Action(project, env)
    assert action.run() == 1
    report = json.loads(open(action.uploaded).read())
    [result] = report["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "settings.py"
    assert "settings.py" in action.summary and "d10b6f83" not in action.summary, action.summary

    assert Action(project, env, **{"fail-on": "never"}).run() == 0
    assert Action(project, env, since="HEAD").run() == 0, "nothing was added since HEAD"
    assert Action(project, env, since="HEAD~1").run() == 1
    without = Action(project, env, upload="false", path="a.py")
    assert without.run() == 0 and without.uploaded is None
    assert Action(project, env, **{"fail-on": "rubbish"}).run() == 2
    # A path that looks like an option, or like a command, is a path.
    assert Action(project, env, path="--no-ignore; touch ran").run() == 2
    assert not (project / "ran").exists()


def the_gitlab_job_reports_and_fails():
    [job] = [of for of in yaml.safe_load((ROOT / "packaging/gitlab/keyway-scan.yml").read_text()).values()]
    script = "\n".join(job["script"])
    env = scratch.with_keyway_on_path(KEYWAY_FAIL_ON=job["variables"]["KEYWAY_FAIL_ON"])
    project = scratch.repository(env, CLEAN)
    shell = ("bash", "-eo", "pipefail", "-c", script)
    run(*shell, cwd=project, env=env)

    (project / "settings.py").write_text(PLANTED)
    run("git", "add", "settings.py", cwd=project, env=env)
    run("git", "commit", "--quiet", "--message", "Add settings", cwd=project, env=env)
    run(*shell, cwd=project, env=env, code=1)
    assert "settings.py" in (project / job["artifacts"]["reports"]["junit"]).read_text()
    assert json.loads((project / job["artifacts"]["paths"][0]).read_text())["runs"][0]["results"]
    head = run("git", "rev-parse", "HEAD", cwd=project, env=env).strip()
    run(*shell, cwd=project, env=env | {"CI_MERGE_REQUEST_DIFF_BASE_SHA": head})
    run(*shell, cwd=project, env=env | {"CI_MERGE_REQUEST_DIFF_BASE_SHA": f"{head}~1"}, code=1)


def main():
    tests = [the_files_fit_their_schemas, the_shell_steps_hold, pre_commit_refuses_a_commit_with_a_credential,
             the_action_uploads_a_report_and_fails_on_a_credential, the_gitlab_job_reports_and_fails]
    for test in tests:
        test()
        print(f"{test.__name__.replace('_', ' ')}: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
