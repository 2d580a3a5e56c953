"""Reads what each operation answers, and of which fields and types, from the official Node client's package.

    npm pack @hubspot/api-client && tar xzf hubspot-api-client-*.tgz -C FOLDER
    python3 tests/catalog/models.py FOLDER

Writes answers.tsv (method, path, success status, model) and models.tsv (model, field, type, whether it is required) beside
this file. They are facts of HubSpot's published interface: names, types and which fields an answer always has. The tests of
the embedded account hold every answer against them.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
ENTRY = re.compile(r'"baseName": "([^"]+)",\s*"type": "([^"]*)"')
OPTIONAL = re.compile(r"^    '([^']+)'(\??):", re.M)
OPERATION = re.compile(
    r"const localVarPath = ['\"`]([^'\"`]+)['\"`].*?HttpMethod\.(\w+)\)", re.S)
RESPONSE = re.compile(r"\n    (\w+)WithHttpInfo\(response\) \{(.*?)\n    \}", re.S)
SUCCESS = re.compile(r'isCodeInRange\)\("(2\d\d)", response\.httpStatusCode\)\) \{(.*?)\n            \}', re.S)
BODY = re.compile(r'deserialize\(.*?, "([^"]+)", "', re.S)


def models(folder):
    """The models of one namespace: their fields, each with its type and whether it is required."""
    read = {}
    for file in sorted((folder / "models").glob("*.js")):
        if file.stem in ("ObjectSerializer", "all"):
            continue
        optional = {name for name, mark in OPTIONAL.findall(file.with_suffix(".d.ts").read_text()) if mark}
        read[file.stem] = sorted((name, kind, name not in optional) for name, kind in ENTRY.findall(file.read_text()))
    return read


def answers(folder):
    """Each operation of one namespace: method, path, success status and the model of the body, if it has one."""
    for file in sorted((folder / "apis").glob("*.js")):
        text = file.read_text()
        factory = re.split(r"\n    (\w+)\((?=[^)]*_options\) \{)", text)
        sent = {}
        for name, body in zip(factory[1::2], factory[2::2]):
            if found := OPERATION.search(body):
                sent.setdefault(name, (found[2], found[1]))
        for name, body in RESPONSE.findall(text):
            if name in sent:
                for status, part in SUCCESS.findall(body):
                    found = BODY.search(part)
                    yield (*sent[name], status, found[1] if found else "-")


def plain(kind, namespace):
    """A type without the client's names for enumerations: those are strings."""
    if kind.endswith("Enum"):
        return "string"
    if found := re.fullmatch(r"Array<(.*)>", kind):
        return f"[{plain(found[1], namespace)}]"
    if found := re.fullmatch(r"(?:Set<(.*)>)", kind):
        return f"[{plain(found[1], namespace)}]"
    if found := re.fullmatch(r"\{ \[key: string\]: (.*?);? ?\}", kind):
        return f"{{{plain(found[1], namespace)}}}"
    return namespace.get(kind, kind)


def shape(name, own, seen=()):
    """A model with all that it holds: two namespaces have the same one where these are alike."""
    if name in seen or name not in own:
        return name
    inner = (*seen, name)
    return (name, tuple((field, required, *parts(kind, own, inner)) for field, kind, required in own[name]))


def parts(kind, own, seen):
    return (kind, *(shape(word, own, seen) for word in re.findall(r"\w+", kind) if word in own))


def main():
    codegen = next(pathlib.Path(sys.argv[1]).glob("**/lib/codegen"))
    known, taken, rows, operations = {}, {}, set(), set()
    for folder in sorted(path.parent for path in codegen.glob("**/apis")):
        own = models(folder)
        names = {}
        for name in own:
            whole = shape(name, own)
            if whole not in known:
                taken[name] = taken.get(name, 0) + 1
                known[whole] = name if taken[name] == 1 else f"{name}{taken[name]}"
            names[name] = known[whole]
        for name, fields in own.items():
            for field, kind, required in fields:
                rows.add((names[name], field, plain(kind, names), "yes" if required else "no"))
        for method, path, status, model in answers(folder):
            operations.add((method, path.rstrip("/"), status, plain(model, names)))
    (HERE / "models.tsv").write_text("model\tfield\ttype\trequired\n" + "".join("\t".join(row) + "\n" for row in sorted(rows)))
    (HERE / "answers.tsv").write_text("method\tpath\tstatus\tmodel\n" + "".join("\t".join(row) + "\n" for row in sorted(operations)))
    print(f"{len(operations)} answers, {len({row[0] for row in rows})} models with {len(rows)} fields")


if __name__ == "__main__":
    sys.exit(main())
