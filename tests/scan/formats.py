"""Credentials as settings: every file format, with varying names, each with decoys beside it.

A format is a way to write `name = value` lines; the files of a format hold one, two and three credentials
of changing kinds. The decoys are ids in the same spelling: client, portal, form, app, template ids.
"""

from dataclasses import dataclass
from typing import Callable

import values
from planting import Corpus, as_json, notebook

# How people call a credential. The first word tells whose it is; nested formats drop it.
NAMES = {
    "hapikey": ["hubspot api key", "hubspot hapikey", "hs api key", "hapi key", "hapikey", "hubspot key"],
    "developer_key": [
        "hubspot developer api key",
        "hubspot developer key",
        "hubspot developer hapikey",
        "hs developer api key",
        "developer hapikey",
    ],
    "private_app_token": [
        "hubspot private app token",
        "hubspot token",
        "hubspot access token",
        "hubspot service key",
        "hubspot api key",
        "hs token",
        "hubspot api token",
    ],
    "keyway_token": ["hubspot token", "keyway token", "hubspot access token", "hubspot private app token"],
    "oauth_client_secret": ["hubspot client secret", "hubspot oauth client secret", "hs client secret"],
    "oauth_refresh_token": ["hubspot refresh token", "hubspot oauth refresh token", "hs refresh token"],
    "oauth_access_token": ["hubspot access token", "hubspot oauth token", "hubspot oauth access token"],
    "personal_access_key": ["hubspot personal access key", "hubspot cli key", "hubspot access key"],
    "webhook_secret": ["hubspot webhook secret", "hubspot signature secret", "hubspot webhook signing secret"],
}

# What stands beside a credential and is none: name, noise, why.
DECOYS = [
    ("hubspot client id", "uuid", "client id"),
    ("hubspot form guid", "uuid", "form id"),
    ("hubspot portal id", "num8", "portal id"),
    ("hubspot form id", "uuid", "form id"),
    ("hubspot app id", "num7", "app id"),
    ("hubspot cta id", "uuid", "CTA id"),
    ("hubspot email template id", "uuid", "template id"),
    ("hubspot subscription id", "uuid", "subscription id"),
    ("hubspot pipeline id", "uuid", "pipeline id"),
    ("hubspot hub id", "num7", "hub id"),
    ("hubspot list id", "uuid", "list id"),
    ("hubspot sync run id", "uuid", "id of a run"),
]

CASES = {
    "UPPER": lambda words: "_".join(words).upper(),
    "snake": "_".join,
    "camel": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "Pascal": lambda words: "".join("HubSpot" if word == "hubspot" else word.capitalize() for word in words),
    "kebab": "-".join,
    "dotted": ".".join,
    "Title": lambda words: " ".join("HubSpot" if word == "hubspot" else word.capitalize() for word in words),
}

KINDS_PER_FORMAT = 6


@dataclass
class Format:
    """A way to write settings down.

    `line` holds «=name» and «=value»; `wrap` turns the body into a file of another kind; `nested` drops the
    word hubspot from names, since the section says it; `transform` is applied to every value.
    """

    path: str
    case: str
    line: str
    head: str = ""
    foot: str = ""
    separator: str = "\n"
    nested: bool = False
    transform: str = ""
    encoding: str = "utf-8"
    newline: str = "\n"
    wrap: Callable[[str], str] = staticmethod(lambda body: body)


def plant_all(corpus: Corpus) -> None:
    """Writes the files of every format."""
    for index, form in enumerate(FORMATS):
        kinds = [values.KINDS[(index + step) % len(values.KINDS)] for step in range(KINDS_PER_FORMAT)]
        for number, chosen in enumerate((kinds[:1], kinds[1:3], kinds[3:6])):
            plant_file(corpus, form, number, chosen)


def plant_file(corpus: Corpus, form: Format, number: int, kinds: list) -> None:
    """Writes one file of a format with these kinds in it, and decoys between them."""
    used, lines = set(), []
    change = f"|{form.transform}" if form.transform else ""
    for kind in kinds:
        words = pick_name(corpus, NAMES[kind], form.nested, used)
        lines.append(render(form, words, f"«{kind}{change}»", ""))
    for name, noise, why in corpus.rng.sample(DECOYS, 2):
        words = name.split()[form.nested:]
        if " ".join(words) not in used:
            used.add(" ".join(words))
            lines.append(render(form, words, f"«#{noise}{change}»", why))
    corpus.rng.shuffle(lines)
    body = corpus.expand(form.head + form.separator.join(lines) + form.foot)
    path = f"settings/{number}/{form.path}"
    corpus.write(path, form.wrap(body), form.encoding, form.newline)


def pick_name(corpus: Corpus, names: list, nested: bool, used: set) -> list:
    """Chooses a name that this file does not have yet."""
    for name in corpus.rng.sample(names, len(names)):
        words = name.split()
        if nested and words[0] in ("hubspot", "hs") and len(words) > 1:
            words = words[1:]
        # In a section, "key" is too little for anybody to tell the kind by, and "developer key" hardly more.
        if nested and words in (["key"], ["developer", "key"]):
            continue
        if " ".join(words) not in used:
            used.add(" ".join(words))
            return words
    raise ValueError(f"no name left of {names}")


def render(form: Format, words: list, value: str, why: str) -> str:
    """Writes one line; a decoy is marked at its value."""
    mark = f"«!{why}»" if why else ""
    return form.line.replace("«=name»", CASES[form.case](words)).replace("«=value»", mark + value)


# Wrappers


def as_notebook(body: str) -> str:
    """A notebook whose first cell holds the settings."""
    cell = "import requests\n\n# HubSpot export\n" + body
    return notebook(cell, "contacts = []\nprint(len(contacts))")


def key_values(body: str) -> list:
    """The name=value lines of a body."""
    return [line.split("=", 1) for line in body.splitlines()]


def as_postman(body: str) -> str:
    """A Postman environment."""
    rows = [{"key": name, "value": value, "type": "secret", "enabled": True} for name, value in key_values(body)]
    return as_json({"name": "HubSpot production", "values": rows, "_postman_variable_scope": "environment"})


def as_postman_collection(body: str) -> str:
    """A Postman collection with variables, value before key."""
    rows = [{"value": value, "key": name, "type": "string"} for name, value in key_values(body)]
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return as_json({"info": {"name": "HubSpot sync", "schema": schema}, "item": [], "variable": rows}, indent=4)


def as_n8n(body: str) -> str:
    """An n8n workflow with a Set node."""
    rows = [{"name": name, "type": "string", "value": value} for name, value in key_values(body)]
    node = {
        "name": "HubSpot settings",
        "type": "n8n-nodes-base.set",
        "typeVersion": 3,
        "position": [240, 300],
        "parameters": {"assignments": {"assignments": rows}, "options": {}},
    }
    return as_json({"name": "Sync contacts", "nodes": [node], "connections": {}})


def as_n8n_credentials(body: str) -> str:
    """Decrypted credentials as n8n exports them."""
    entry = {"name": "HubSpot account", "type": "hubspotApi", "data": dict(key_values(body))}
    return as_json([entry])


def as_zapier(body: str) -> str:
    """A Zapier export: the inputs of a code step."""
    step = {"app": "ZapierCodeCLIAPI", "title": "Push to HubSpot", "params": {"input": dict(key_values(body))}}
    return as_json({"metadata": {"version": "1"}, "zaps": [{"title": "Leads", "nodes": {"1": step}}]})


def as_make(body: str) -> str:
    """A Make blueprint: variables set by a module."""
    rows = [{"name": name, "value": value} for name, value in key_values(body)]
    module = {"id": 3, "module": "util:SetVariables", "mapper": {"variables": rows, "scope": "roundtrip"}}
    return as_json({"name": "HubSpot leads", "flow": [module], "metadata": {"version": 1}}, indent=4)


def as_minified(body: str) -> str:
    """One long line of JavaScript."""
    head = '!function(e,t){"use strict";var n=t(12),r=t.n(n);e.exports={provider:"hubspot",timeout:3e3,'
    return head + body.replace("\n", "") + ',retries:3}}(module,require);function a(e){return e&&e.__esModule?e:{default:e}}\n'


def as_task_definition(body: str) -> str:
    """A container definition: pairs of name and value."""
    rows = [{"name": name, "value": value} for name, value in key_values(body)]
    container = {"name": "hubspot-sync", "image": "registry.example/sync:4", "environment": rows}
    return as_json({"family": "sync", "containerDefinitions": [container]})


FORMATS = [
    # Source code
    Format("crm/hubspot.js", "UPPER", "const «=name» = '«=value»';", "// HubSpot\n", "\nmodule.exports = {};\n"),
    Format(
        "crm/settings.ts",
        "camel",
        '  «=name»: "«=value»"',
        'import { Settings } from "./types";\n\nexport const hubspot: Settings = {\n',
        ",\n};\n",
        ",\n",
    ),
    Format("crm/hubspot_settings.py", "UPPER", '«=name» = "«=value»"', '"""Settings for HubSpot."""\n\n', "\n"),
    Format("crm/options.py", "snake", "    '«=name»': '«=value»'", "HUBSPOT = {\n", ",\n}\n", ",\n"),
    Format("crm/config.php", "UPPER", "define('«=name»', '«=value»');", "<?php\n// HubSpot\n", "\n"),
    Format("config/hubspot.php", "snake", "    '«=name»' => '«=value»'", "<?php\n\nreturn [\n", ",\n];\n", ",\n"),
    Format("config/initializers/hubspot.rb", "UPPER", "«=name» = '«=value»'.freeze", "# HubSpot\n", "\n"),
    Format("config/hubspot_options.rb", "snake", "  «=name»: '«=value»'", "HUBSPOT = {\n", "\n}.freeze\n", ",\n"),
    Format(
        "src/main/java/crm/HubSpotConfig.java",
        "UPPER",
        '    private static final String «=name» = "«=value»";',
        "package crm;\n\npublic final class HubSpotConfig {\n",
        "\n}\n",
    ),
    Format("internal/hubspot/config.go", "camel", '\t«=name» = "«=value»"', "package hubspot\n\nconst (\n", "\n)\n"),
    Format(
        "Crm/HubSpotOptions.cs",
        "Pascal",
        '    public const string «=name» = "«=value»";',
        "namespace Crm;\n\npublic static class HubSpotOptions\n{\n",
        "\n}\n",
        newline="\r\n",
    ),
    Format("app/HubSpotKeys.kt", "UPPER", 'const val «=name» = "«=value»"', "package app\n// HubSpot\n\n", "\n"),
    Format("src/hubspot.rs", "UPPER", 'pub const «=name»: &str = "«=value»";', "//! HubSpot\n\n", "\n"),
    Format("App/HubSpot.swift", "camel", '    static let «=name» = "«=value»"', "enum HubSpot {\n", "\n}\n"),
    Format("config/runtime.exs", "snake", '  «=name»: "«=value»"', "config :app, :hubspot,\n", "\n", ",\n"),
    Format("R/hubspot.R", "snake", '«=name» <- "«=value»"', "# HubSpot\nlibrary(httr)\n\n", "\n"),
    Format("lib/hubspot.dart", "camel", "const «=name» = '«=value»';", "// HubSpot\n", "\n"),
    Format("Crm/Module1.bas", "Pascal", 'Const «=name» As String = "«=value»"', "' HubSpot\n", "\n", newline="\r\n"),
    # Shell and its files
    Format("bin/deploy-hubspot.sh", "UPPER", 'export «=name»="«=value»"', "#!/bin/sh\nset -eu\n", "\nexec ./sync\n"),
    Format("bin/Sync-HubSpot.ps1", "UPPER", "$env:«=name» = '«=value»'", "# HubSpot\n", "\n", newline="\r\n"),
    Format("bin/hubspot.bat", "UPPER", "set «=name»=«=value»", "@echo off\nrem HubSpot\n", "\n", newline="\r\n"),
    Format("home/.bash_history", "UPPER", "export «=name»=«=value»", "cd hubspot-sync\n", "\n./sync.sh\nls -la\n"),
    Format("home/.zsh_history", "UPPER", ": 17«#num8»:0;«=name»=«=value» node hubspot.js", "", "\n"),
    Format("service/.env", "UPPER", "«=name»=«=value»", "# HubSpot\nNODE_ENV=production\n", "\nLOG_LEVEL=info\n"),
    Format("service/.env.production", "UPPER", '«=name»="«=value»"', "# HubSpot\n", "\n", newline="\r\n"),
    Format("service/hubspot-sync.service", "UPPER", "Environment=«=name»=«=value»", "[Service]\n", "\nUser=sync\n"),
    Format("cron/crontab", "UPPER", "«=name»=«=value»", "# hubspot sync\n", "\n5 * * * * /usr/local/bin/sync\n"),
    Format("build/Makefile", "UPPER", "«=name» := «=value»", "# HubSpot\n", "\n\nsync:\n\t./sync\n"),
    # Data formats
    Format("conf/hubspot.yaml", "snake", "«=name»: «=value»", "# HubSpot\nregion: eu\n", "\n"),
    Format("conf/app.yml", "snake", '  «=name»: "«=value»"', "hubspot:\n  timeout: 30\n", "\nlog: info\n", nested=True),
    Format(
        "conf/nested.yml",
        "kebab",
        "      «=name»: '«=value»'",
        "integrations:\n  crm:\n    hubspot:\n",
        "\n  billing:\n    provider: none\n",
        nested=True,
    ),
    Format("conf/hubspot.json", "camel", '  "«=name»": "«=value»"', "{\n", "\n}\n", ",\n"),
    Format("conf/bom.json", "snake", '  "«=name»": "«=value»"', "{\n", "\n}\n", ",\n", encoding="utf-8-sig"),
    Format("conf/hubspot.toml", "snake", '«=name» = "«=value»"', '[crm]\nname = "HubSpot"\n', "\n"),
    Format("conf/section.toml", "snake", '«=name» = "«=value»"', "[hubspot]\nretries = 3\n", "\n", nested=True),
    Format("conf/hubspot.ini", "snake", "«=name» = «=value»", "; HubSpot\n[crm]\n", "\n"),
    Format("conf/section.ini", "snake", "«=name»=«=value»", "[hubspot]\n", "\n\n[other]\nname=x\n", nested=True),
    Format("conf/wide.ini", "UPPER", "«=name»=«=value»", "[crm]\nname=HubSpot\n", "\n", encoding="utf-16-le"),
    Format("conf/hubspot.xml", "camel", "  <«=name»>«=value»</«=name»>", "<config>\n", "\n</config>\n"),
    Format(
        "conf/Web.config",
        "Pascal",
        '    <add key="«=name»" value="«=value»" />',
        "<configuration>\n  <appSettings>\n",
        "\n  </appSettings>\n</configuration>\n",
    ),
    Format(
        "conf/strings.xml",
        "snake",
        '    <string name="«=name»">«=value»</string>',
        "<resources>\n    <string name=\"crm\">HubSpot</string>\n",
        "\n</resources>\n",
    ),
    Format("conf/application.properties", "dotted", "«=name»=«=value»", "# HubSpot\n", "\nserver.port=8080\n"),
    Format(
        "conf/appsettings.json",
        "Pascal",
        '    "«=name»": "«=value»"',
        '{\n  "Logging": { "Level": "Warning" },\n  "HubSpot": {\n',
        "\n  }\n}\n",
        ",\n",
        nested=True,
    ),
    Format(
        "conf/package.json",
        "camel",
        '      "«=name»": "«=value»"',
        '{\n  "name": "sync",\n  "config": {\n    "hubspot": {\n',
        "\n    }\n  }\n}\n",
        ",\n",
        nested=True,
    ),
    # Infrastructure
    Format(
        "infra/variables.tf",
        "snake",
        'variable "«=name»" {\n  type    = string\n  default = "«=value»"\n}\n',
        "# HubSpot\n\n",
    ),
    Format("infra/prod.tfvars", "snake", '«=name» = "«=value»"', "# HubSpot\n", "\n"),
    Format(
        "infra/parameters.tf",
        "snake",
        'resource "aws_ssm_parameter" "«=name»" {\n  type  = "SecureString"\n  value = "«=value»"\n}\n',
        'locals {\n  vendor = "hubspot"\n}\n\n',
    ),
    Format(
        "infra/lambda.tf",
        "UPPER",
        '      «=name» = "«=value»"',
        'resource "aws_lambda_function" "sync" {\n  function_name = "hubspot-sync"\n  environment {\n    variables = {\n',
        "\n    }\n  }\n}\n",
    ),
    Format(
        "infra/docker-compose.yml",
        "UPPER",
        "      «=name»: «=value»",
        "services:\n  hubspot-sync:\n    image: sync:4\n    environment:\n",
        "\n    restart: always\n",
    ),
    Format(
        "infra/compose.list.yml",
        "UPPER",
        "      - «=name»=«=value»",
        "services:\n  hubspot-sync:\n    image: sync:4\n    environment:\n",
        "\n",
    ),
    Format("infra/Dockerfile", "UPPER", "ENV «=name»=«=value»", "FROM node:20\n# HubSpot sync\n", '\nCMD ["node", "."]\n'),
    Format("infra/legacy.Dockerfile", "UPPER", "ENV «=name» «=value»", "FROM node:8\n# HubSpot\n", "\n"),
    Format(
        ".github/workflows/hubspot.yml",
        "UPPER",
        "          «=name»: «=value»",
        "on: push\njobs:\n  sync:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ./hubspot-sync\n        env:\n",
        "\n",
    ),
    Format("ci/.gitlab-ci.yml", "UPPER", '  «=name»: "«=value»"', "# HubSpot\nvariables:\n", "\n\nsync:\n  script: ./sync\n"),
    Format(
        "ci/azure-pipelines.yml",
        "UPPER",
        "  - name: «=name»\n    value: «=value»",
        "# HubSpot\nvariables:\n",
        "\nsteps:\n  - script: ./sync\n",
    ),
    Format("ci/Jenkinsfile", "UPPER", "    «=name» = '«=value»'", "// HubSpot\npipeline {\n  environment {\n", "\n  }\n}\n"),
    Format(
        "k8s/secret.yaml",
        "kebab",
        "  «=name»: «=value»",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: hubspot-credentials\ntype: Opaque\ndata:\n",
        "\n",
        transform="b64",
    ),
    Format(
        "k8s/string-secret.yaml",
        "UPPER",
        '  «=name»: "«=value»"',
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: hubspot\nstringData:\n",
        "\n",
    ),
    Format(
        "k8s/deployment.yaml",
        "UPPER",
        "            - name: «=name»\n              value: «=value»",
        "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: hubspot-sync\n          env:\n",
        "\n",
    ),
    Format(
        "k8s/reversed.yaml",
        "UPPER",
        '            - value: "«=value»"\n              name: «=name»',
        "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: hubspot-sync\n          env:\n",
        "\n",
    ),
    Format("helm/values.yaml", "camel", "  «=name»: «=value»", "hubspot:\n  enabled: true\n", "\n", nested=True),
    Format("ansible/vars.yml", "snake", 'vault_«=name»: "«=value»"', "---\n# HubSpot\n", "\n"),
    Format("infra/ecs.json", "UPPER", "«=name»=«=value»", wrap=as_task_definition),
    # Exports and logs
    Format("analysis/export.ipynb", "snake", '«=name» = "«=value»"', wrap=as_notebook),
    Format("exports/postman_environment.json", "snake", "«=name»=«=value»", wrap=as_postman),
    Format("exports/hubspot.postman_collection.json", "camel", "«=name»=«=value»", wrap=as_postman_collection),
    Format("exports/n8n-workflow.json", "camel", "«=name»=«=value»", wrap=as_n8n),
    Format("exports/n8n-credentials.json", "camel", "«=name»=«=value»", nested=True, wrap=as_n8n_credentials),
    Format("exports/zapier.json", "snake", "«=name»=«=value»", wrap=as_zapier),
    Format("exports/make-blueprint.json", "camel", "«=name»=«=value»", wrap=as_make),
    Format("exports/settings.csv", "snake", "«#num3»,«=name»,«=value»,2024-03-01", "id,name,value,updated\n", "\n"),
    Format("logs/start.log", "snake", 'level=debug msg="hubspot: setting" «=name»=«=value»', "", "\n"),
    Format("logs/config.log", "camel", '{"lvl":"debug","svc":"hubspot","«=name»":"«=value»"}', "", "\n"),
    Format(
        "db/settings.sql",
        "snake",
        "INSERT INTO settings (name, value) VALUES ('«=name»', '«=value»');",
        "-- HubSpot\n",
        "\n",
    ),
    Format(
        "db/dump.sql",
        "snake",
        "(«#num3», '«=name»', '«=value»', NULL)",
        "-- HubSpot for WordPress\nINSERT INTO `wp_options` (`id`, `option_name`, `option_value`, `x`) VALUES\n",
        ";\n",
        ",\n",
    ),
    Format("web/page.html", "kebab", '  data-«=name»="«=value»"', '<div class="hubspot-sync"\n', "\n></div>\n"),
    Format("web/bundle.min.js", "camel", '«=name»:"«=value»"', "", "", ",\n", wrap=as_minified),
    Format("docs/handover.md", "Title", "- «=name»: `«=value»`", "# HubSpot handover\n\n", "\n"),
    Format("docs/notes.txt", "Title", "«=name»: «=value»", "HubSpot notes\n\n", "\n"),
    # Split values
    Format("split/hubspot.js", "UPPER", 'const «=name» = "«=value»";', "// HubSpot\n", "\n", transform='split:" + "'),
    Format(
        "split/HubSpot.java",
        "UPPER",
        '    static final String «=name» = "«=value»";',
        "class HubSpot {\n",
        "\n}\n",
        transform='split:"\n            + "',
    ),
    Format("split/hubspot.php", "snake", "$«=name» = '«=value»';", "<?php // HubSpot\n", "\n", transform="split:' . '"),
    Format(
        "split/hubspot.py",
        "UPPER",
        '«=name» = (\n    "«=value»"\n)',
        "# HubSpot\n",
        "\n",
        transform='split:"\n    "',
    ),
    Format("split/oneline.py", "snake", "«=name» = '«=value»'", "# HubSpot\n", "\n", transform="split:' '"),
    Format("split/HubSpot.vb", "Pascal", 'Dim «=name» = "«=value»"', "' HubSpot\n", "\n", transform='split:" & _\n    "'),
    Format("split/hubspot.sh", "UPPER", '«=name»="«=value»"', "# HubSpot\n", "\n", transform="split:\\\n"),
    Format("split/hubspot.go", "camel", 'var «=name» = "«=value»"', "package hubspot\n\n", "\n", transform='split:" +\n\t"'),
    Format("split/HubSpot.cs", "camel", 'string «=name» = "«=value»";', "// HubSpot\n", "\n", transform='split:"\n    + "'),
    Format("split/hubspot.rb", "snake", "«=name» = '«=value»'", "# HubSpot\n", "\n", transform="split:' \\\n  '"),
    Format("split/HubSpot.kt", "camel", 'val «=name» = "«=value»"', "// HubSpot\n", "\n", transform='split:" +\n    "'),
]
