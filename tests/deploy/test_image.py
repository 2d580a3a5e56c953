"""The container image, as far as it can be checked without a builder: tests/packages lints the Dockerfile."""

import json
import os
import pathlib
import re
import tempfile
import unittest

import tools

DOCKERFILE = tools.ROOT / "dist/Dockerfile"


def final_stage():
    """The instructions of the stage that is the image, as pairs."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", "")
    instructions = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    last = max(at for at, (word, _) in enumerate(instructions) if word == "FROM")
    return instructions[last:]


def of(word):
    return [rest for one, rest in final_stage() if one == word]


class Image(unittest.TestCase):
    def test_the_image_lints_without_a_finding(self):
        tools.run(tools.BIN / "hadolint", DOCKERFILE)

    def test_a_new_volume_belongs_to_the_user_of_the_image_who_is_not_root(self):
        [user], [volume] = of("USER"), of("VOLUME")
        self.assertRegex(user, r"^[1-9]\d*:[1-9]\d*$", "by number: Kubernetes cannot tell whether a name is root")
        copies = [copy.split() for copy in of("COPY")]
        [folder] = [copy for copy in copies if copy[-1] == volume]
        self.assertIn(f"--chown={user}", folder)
        # What is written to the folder after VOLUME is dropped by builders that follow the old rules.
        words = [word for word, _ in final_stage()]
        self.assertLess(max(at for at, word in enumerate(words) if word == "COPY"), words.index("VOLUME"))
        self.assertIn(f"KEYWAY_DATA={volume}", of("ENV"))

    def test_the_health_check_is_the_question_whether_the_server_is_alive(self):
        check = json.loads(re.search(r"CMD (\[.*\])", of("HEALTHCHECK")[0])[1])
        [entry] = [json.loads(one) for one in of("ENTRYPOINT")]
        self.assertEqual(entry, check[:1], "there is no shell in the image")
        with tempfile.TemporaryDirectory() as folder:
            env = {"KEYWAY_DATA": str(pathlib.Path(folder) / "data"), "PATH": os.environ["PATH"]}
            with tools.Server(folder):
                tools.run(tools.BINARY, *check[1:], env=env)
            self.assertIn("not alive", tools.run(tools.BINARY, *check[1:], env=env, code=1))

    def test_it_says_where_it_comes_from(self):
        labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", of("LABEL")[0]))
        self.assertLessEqual({"title", "description", "licenses", "version", "revision", "source"}, labels)
        for argument in ("VERSION", "REVISION", "SOURCE"):
            self.assertIn(argument, {one.split("=")[0] for one in of("ARG")})


if __name__ == "__main__":
    unittest.main()
