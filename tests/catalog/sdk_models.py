"""Reads what the operations of a family answer from hubspot-sdk, for families that the Node client does not have.

    target/sdk-suite/bin/python tests/catalog/sdk_models.py

Writes sdk_answers.tsv and sdk_models.tsv beside this file, in the form of answers.tsv and models.tsv (models.py). The package
does not state which success status an operation has: the rows say 204 where there is no body, and 200 elsewhere. An answer of
bytes has no row.
"""

import datetime
import importlib
import inspect
import pathlib
import pkgutil
import re
import sys
import types
import typing

import hubspot_sdk.resources
import hubspot_sdk.types
import pydantic

HERE = pathlib.Path(__file__).parent
FAMILIES = ["webhooks_journal/**/*.py", "cms/media_bridge/*.py", "cms/blogs/settings/*.py", "settings/tax_rates.py"]
CALL = re.compile(r'self\._(get|post|put|patch|delete)\(\s*(?:path_template\(\s*)?"([^"]+)".*?cast_to=(\w+)', re.S)
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", datetime.datetime: "Date", object: "any"}


def named():
    """Every type of the package by its name."""
    found = {}
    for module in pkgutil.walk_packages(hubspot_sdk.types.__path__, "hubspot_sdk.types."):
        found.update(vars(importlib.import_module(module.name)))
    return found


def kind(annotation, rows):
    """A type in the words of models.tsv. Adds the rows of the models in it."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return kind(next(part for part in parts if part is not type(None)), rows)
    if origin is typing.Literal:
        return "string"
    if origin is list:
        return f"[{kind(parts[0], rows)}]"
    if origin is dict:
        return f"{{{kind(parts[1], rows)}}}"
    if inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel):
        name = f"sdk.{annotation.__name__}"
        if not any(row[0] == name for row in rows):
            for field, info in annotation.model_fields.items():
                rows.add((name, info.alias or field, kind(info.annotation, rows), "yes" if info.is_required() else "no"))
        return name
    return PLAIN[annotation]


def main():
    known, rows, answers = named(), set(), set()
    root = pathlib.Path(hubspot_sdk.resources.__path__[0])
    for file in sorted({file for family in FAMILIES for file in root.glob(family)}):
        synchronous = file.read_text().split("\nclass Async")[0]
        for method, path, name in CALL.findall(synchronous):
            if name == "NoneType":
                answers.add((method.upper(), path, "204", "-"))
            elif not name.endswith("BinaryAPIResponse"):
                answers.add((method.upper(), path, "200", kind(known[name], rows)))
    (HERE / "sdk_models.tsv").write_text("model\tfield\ttype\trequired\n" + "".join("\t".join(row) + "\n" for row in sorted(rows)))
    (HERE / "sdk_answers.tsv").write_text("method\tpath\tstatus\tmodel\n" + "".join("\t".join(row) + "\n" for row in sorted(answers)))
    print(f"{len(answers)} answers, {len({row[0] for row in rows})} models with {len(rows)} fields")


if __name__ == "__main__":
    sys.exit(main())
