"""Reads the requests that Singer, Meltano and Airbyte send. Used by requests.py."""

import ast
import re

HOST = "https://api.hubapi.com"


def singer(folder):
    """tap-hubspot: a table of endpoints; what searches or reads a batch is POST."""
    for file in folder.glob("*/tap_hubspot/__init__.py"):
        text = file.read_text()
        table = next(
            node.value for node in ast.parse(text).body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ENDPOINTS"
        )
        for path in ast.literal_eval(table).values():
            yield "POST" if path.endswith(("/search", "/batch/read")) else "GET", path
        for path in re.findall(r'BASE_URL \+ "(/oauth[^"]+)"', text):
            yield "POST", path


def meltano(folder):
    """meltano-tap-hubspot: classes with a base, a path, and a path to search incrementally."""
    classes = {}
    for name in ("client", "streams", "auth"):
        tree = ast.parse((folder / f"tap_hubspot/{name}.py").read_text())
        classes.update({node.name: node for node in tree.body if isinstance(node, ast.ClassDef)})
        for text in (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)):
            if text.startswith(f"{HOST}/oauth"):
                yield "POST", text.removeprefix(HOST)
    for owner in classes.values():
        base, path = member(classes, owner, "url_base"), member(classes, owner, "path")
        if base and path and base.rstrip("/") != HOST:
            named = member(classes, owner, "name") or "{object_type}"
            own = path.replace("{self.name}", named)
            yield member(classes, owner, "http_method") or "GET", base.removeprefix(HOST) + own
        if base and (incremental := member(classes, owner, "incremental_path")):
            yield "POST", base.removeprefix(HOST) + incremental


def member(classes, owner, name):
    """An attribute of a class or of what it inherits from, or what its property returns; as text."""
    for node in owner.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return text_of(node.value)
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return next((text_of(found.value) for found in ast.walk(node) if isinstance(found, ast.Return)), None)
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            for found in ast.walk(node):
                if isinstance(found, ast.Assign) and getattr(found.targets[0], "attr", "") == name:
                    return text_of(found.value)
    for parent in owner.bases:
        inherited = classes.get(getattr(parent, "id", ""))
        if inherited and (found := member(classes, inherited, name)):
            return found
    return None


def text_of(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}" for part in node.values)
    return None


def airbyte(folder):
    """airbyte-source-hubspot: the manifest's requesters, and the streams still written in Python."""
    lines = (folder / "source_hubspot/manifest.yaml").read_text().splitlines()
    for at, line in enumerate(lines):
        if found := re.match(r"""(\s*)path: ["']?(/[^"']*?)["']?$""", line):
            yield verb_beside(lines, at, len(found[1])), re.sub(r"\{\{\s*(.*?)\s*\}\}", r"{\1}", found[2])
    streams = (folder / "source_hubspot/streams.py").read_text()
    for path in re.findall(r"""(?:return f?|else f?|url = |get\(f?|BASE_URL \+ )"(/[^"]+)\"""", streams):
        posts = path.endswith(("/search", "/batch/read")) or path.startswith("/oauth")
        yield "POST" if posts else "GET", path


def verb_beside(lines, at, indent):
    """`http_method` in the block of a line: the lines around it that are as deep or deeper."""
    block = []
    for step in (-1, 1):
        near = at + step
        while 0 <= near < len(lines) and (not lines[near].strip() or len(lines[near]) - len(lines[near].lstrip()) >= indent):
            block.append(lines[near])
            near += step
    own = re.compile(rf"\s{{{indent}}}http_method: (\w+)$")
    return next((found[1] for line in block if (found := own.match(line))), "GET")
