"""Reads the requests that Python clients send, from their syntax trees. Used by requests.py."""

import ast
import re


def trees(folder, pattern):
    """The modules that this Python can read: of hapipy, which is of Python 2, all but its base."""
    for file in sorted(folder.glob(pattern)):
        try:
            yield ast.parse(file.read_text())
        except SyntaxError:
            continue


def generated_client(folder):
    """hubspot-api-client: `call_api(path, verb, …)`."""
    for tree in trees(folder, "hubspot/**/*_api.py"):
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "call_api":
                path, method = call.args[:2]
                yield method.value, path.value


SDK_CALLS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE", "_get_api_list": "GET"}


def sdk(folder):
    """hubspot-sdk: `self._post(path, …)`, the path filled in by `path_template`."""
    for tree in trees(folder, "hubspot_sdk/resources/**/*.py"):
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") not in SDK_CALLS:
                continue
            path = call.args[0]
            if isinstance(path, ast.Call):
                path = path.args[0]
            given = [word.value.value for word in call.keywords if word.arg == "method"]
            yield (given or [SDK_CALLS[call.func.attr]])[0], path.value


def base_client(folder):
    """hubspot3 and hapipy: `self._call(subpath, method=…)`, put behind what `_get_path` says."""
    for tree in trees(folder, "**/hapi/*.py") if "hapipy" in folder.name else trees(folder, "hubspot3/*.py"):
        known = assigned(tree.body, {})
        for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            for method, path in calls_of(owner, assigned(owner.body, known)):
                # The properties of hubspot3: v1 or v2, by the object type.
                for version in ("v1", "v2") if "/v{" in path else [None]:
                    yield method, re.sub(r"/v\{[^}]*\}", f"/{version}", path)


def calls_of(owner, known):
    functions = [node for node in owner.body if isinstance(node, ast.FunctionDef)]
    stem = next((function for function in functions if function.name == "_get_path"), None)
    for function in functions:
        if function.name in ("_call", "_call_raw", "_get_path"):
            continue
        here = assigned(function.body, known)
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") not in ("_call", "_call_raw"):
                continue
            words = {word.arg: word.value for word in call.keywords}
            subpath = call.args[0] if call.args else words["subpath"]
            for method in values(words["method"], here) if "method" in words else ["GET"]:
                if "url" in words:
                    # Instead of the subpath; itself made by `_get_path`.
                    for path in values(words["url"].args[0], here):
                        yield method, behind(stem, path, known)
                    continue
                for path in values(subpath, here):
                    yield method, behind(stem if owner_is_self(call) else None, path, known)


def owner_is_self(call):
    return isinstance(call.func.value, ast.Name)


def behind(stem, subpath, known):
    """The whole path of a subpath."""
    if stem is None:
        return subpath
    name = stem.args.args[1].arg
    returned = next(node.value for node in ast.walk(stem) if isinstance(node, ast.Return))
    return values(returned, {**known, name: [subpath]})[0]


def assigned(body, known):
    """Every value that each name is given, in a body and in the blocks below it."""
    found = {}
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).extend(values(node.value, {**known, **found}))
    return {**known, **found}


def values(node, known):
    """What an expression can be, {names} for what is not written down."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.JoinedStr):
        return join([values(part.value if isinstance(part, ast.FormattedValue) else part, known) for part in node.values])
    if isinstance(node, ast.BoolOp):
        # `self.options.get("version") or VERSION`: what it is when nobody says otherwise.
        return values(node.values[-1], known)
    if isinstance(node, ast.IfExp):
        return values(node.body, known) + values(node.orelse, known)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return join([values(node.left, known), values(node.right, known)])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        parts = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return [fill(text, [values(part, known)[0] for part in parts]) for text in values(node.left, known)]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format":
        named = {word.arg: values(word.value, known)[0] for word in node.keywords}
        given = iter([values(part, known)[0] for part in node.args])
        return [re.sub(r"\{(\w*)\}", lambda hole: named.get(hole[1]) or next(given), text) for text in values(node.func.value, known)]
    return ["{" + ast.unparse(node) + "}"]


def fill(text, parts):
    given = iter(parts)
    return re.sub(r"%[sd]", lambda _: next(given), text)


def join(parts):
    texts = [""]
    for part in parts:
        texts = [text + one for text in texts for one in part]
    return texts
