"""What the site has and docs/ has not: pages that are generated, and links that lead out of docs/.

- commands.md and settings.md from the program's --help (KEYWAY_BIN),
- admin-api-operations.md from docs/openapi.json,
- coverage-operations.md from what a server says of itself (KEYWAY_BIN),
- changelog.md from CHANGELOG.md.
"""

import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/docs"))
sys.path.insert(0, str(ROOT / "tests/clients/python"))
import help_texts  # noqa: E402
import keyway  # noqa: E402

# OWNER/NAME: where links to files outside docs/ lead. Without it such a link is the file's name.
REPOSITORY = os.environ.get("KEYWAY_REPOSITORY")


def on_files(files, config):
    for name, content in {
        "commands.md": commands(),
        "settings.md": settings(),
        "admin-api-operations.md": operations(json.loads((ROOT / "docs/openapi.json").read_text())),
        "coverage-operations.md": coverage(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text().replace("](docs/", "]("),
    }.items():
        files.append(File.generated(config, name, content=content))
    files.append(File.generated(config, "images/keyway.svg", abs_src_path=str(ROOT / "web/assets/keyway.svg")))
    # Decisions are reached from their list.
    for file in files:
        if file.src_uri.startswith("decisions/0"):
            file.inclusion = file.inclusion.NOT_IN_NAV
    return files


def on_page_markdown(markdown, page, config, files):
    folder = (ROOT / "docs" / page.file.src_uri).parent if page.file.generated_by is None else ROOT / "docs"

    def outside(link):
        text, target, anchor = link.groups()
        base = ROOT if page.file.src_uri == "changelog.md" else folder
        path = (base / target).resolve()
        if (ROOT / "docs") in path.parents:
            return link[0]
        if path == ROOT / "CHANGELOG.md":
            return f"[{text}](changelog.md{anchor or ''})"
        if not path.is_relative_to(ROOT) or not path.exists():
            if page.file.src_uri == "changelog.md" and (ROOT / "docs" / target).exists():
                return link[0]
            raise ValueError(f"{page.file.src_uri} links to {target}, which does not exist")
        name = path.relative_to(ROOT)
        if REPOSITORY:
            return f"[{text}](https://github.com/{REPOSITORY}/blob/main/{name})"
        return text if str(name) in text else f"{text} (`{name}`)"

    return re.sub(r"\[([^\]]+)\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)", outside, markdown)


def commands():
    lines = ["# Commands", "", "The text of `--help` of each command."]
    for path, text in help_texts.all_commands():
        lines += ["", f"{'#' * min(len(path) + 1, 4)} keyway {' '.join(path)}".rstrip() if path else "## keyway", "", "```text", text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def settings():
    """The options of `keyway serve` as a table; docs/operations.md has the guide."""
    lines = [
        "# Settings", "",
        "Each option of `keyway serve`. In the configuration file an option has its name without the dashes: `audit-keep-days = 400`.",
        "[Operations](operations.md#settings) explains the file, and which settings hold secrets.", "",
        "| option | variable | default | meaning |", "| --- | --- | --- | --- |",
    ]
    for option in help_texts.options(dict(help_texts.all_commands())[("serve",)]):
        meaning = option["meaning"].replace("|", "\\|")
        values = f" Values: {', '.join(f'`{value}`' for value in option['values'])}." if option["values"] else ""
        lines.append(f"| `{option['name']}` | {code(option['variable'])} | {code(option['default'])} | {meaning}{values} |")
    return "\n".join(lines) + "\n"


FILTER = """
<input id="coverage-filter" type="search" placeholder="Method, path or API" aria-label="Filter" style="width: 100%; padding: .4rem">
<script>
document.getElementById("coverage-filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\\s+/)
  for (const row of document.querySelectorAll("#coverage tbody tr")) {
    row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word))
  }
})
</script>
"""


def coverage():
    """All operations of HubSpot's catalog in one table, with a field that filters its rows; versions of a path share a row."""
    with tempfile.TemporaryDirectory() as folder:
        process, ready = keyway.serve(pathlib.Path(folder) / "data", "--ephemeral")
        try:
            asked = [keyway.BINARY, "--data", str(pathlib.Path(folder) / "data"), "portal", "coverage", "--json"]
            answer = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
        finally:
            process.terminate()
            process.wait()
    rows = {}
    for one in answer["operations"]:
        level = "documents" if one["documents"] else "behaviour" if one["served"] else "not served"
        shape = "/".join("…" if part == one["version"] else part for part in one["path"].split("/"))
        rows.setdefault((one["api"], shape, one["method"], level), []).append(one["version"] + ("" if one["tested"] else "*"))
    lines = [
        "# Coverage by operation", "",
        f"{answer['count']} operations of HubSpot's API, and what an embedded account makes of each: {answer['served'] - answer['documents']} with behaviour, "
        f"{answer['documents']} kept as documents. [Coverage](coverage.md) says what that means, and counts by API. No test calls a version with *.",
        FILTER, '<table id="coverage" markdown="0">', "<thead><tr><th>API</th><th>method</th><th>path</th><th>embedded account</th><th>versions</th></tr></thead>", "<tbody>",
    ]
    for (api, shape, method, level), versions in sorted(rows.items()):
        cells = [api, method, shape, level, ", ".join(versions)]
        lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return "\n".join([*lines, "</tbody></table>"]) + "\n"


def code(text):
    return f"`{text}`" if text else ""


def operations(api):
    lines = ["# Admin API operations", "", f"{api['info']['description'].split('.')[0]}. [The guide](admin-api.md) says who may do what. "
             "The document itself is `docs/openapi.json`, and each server serves it at `/api/v1/openapi.json`."]
    for path, methods in sorted(api["paths"].items()):
        for method, of in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", f"`{of['operationId']}`. {of.get('summary') or ''}. {of.get('description') or ''}".strip()]
            parameters = [resolve(api, parameter) for parameter in of.get("parameters", [])]
            if parameters:
                lines += ["", "| parameter | in | type | meaning |", "| --- | --- | --- | --- |"]
                for parameter in parameters:
                    required = " (required)" if parameter.get("required") else ""
                    meaning = (parameter.get("description") or "").replace("|", "\\|").replace("\n", " ")
                    lines.append(f"| `{parameter['name']}`{required} | {parameter['in']} | {kind(api, parameter['schema'])} | {meaning} |")
            content = resolve(api, of.get("requestBody", {})).get("content", {})
            for schema in [body["schema"] for body in content.values() if "schema" in body][:1]:
                fields = resolve(api, schema)
                if fields.get("properties"):
                    lines += ["", "| field of the body | type | meaning |", "| --- | --- | --- |"]
                    for name, field in fields["properties"].items():
                        required = " (required)" if name in fields.get("required", []) else ""
                        meaning = (field.get("description") or "").replace("|", "\\|").replace("\n", " ")
                        lines.append(f"| `{name}`{required} | {kind(api, field)} | {meaning} |")
            answers = sorted(of["responses"])
            lines += ["", f"Answers: {', '.join(answers)}."]
    return "\n".join(lines) + "\n"


def resolve(api, node):
    while "$ref" in node:
        found = api
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def kind(api, schema):
    # The schema `true`: any value.
    schema = {} if schema is True else resolve(api, schema)
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(api, schema.get('items', True))}"
    of = schema.get("type", "object")
    return " or ".join(of) if isinstance(of, list) else of
