#!/usr/bin/env python3
"""Writes repositories of varied languages and layouts: `repositories.py FOLDER`. Sample secrets are put together here."""

import json
import sys
import zipfile
from pathlib import Path

HOST = "https://api.hubapi.com"
UUID = "-".join(["a1b2c3d4", "e5f6", "4a7b", "8c9d", "0e1f2a3b4c5d"])
TOKEN = "pat-na1-" + UUID


def package(name: str, start: bool = True, **dependencies: str) -> str:
    """A package.json."""
    scripts = {"start": "node index.js"} if start else {}
    return json.dumps({"name": name, "version": "1.0.0", "scripts": scripts, "dependencies": dependencies}, indent=2)


def fetch(method: str, path: str, key: str = "bearer") -> str:
    """A call in JavaScript."""
    query = "?hapikey=${process.env.HAPIKEY}" if key == "hapikey" else ""
    header = "" if key == "hapikey" else ", headers: { Authorization: `Bearer ${process.env.HUBSPOT_TOKEN}` }"
    return f"await fetch(`{HOST}{path}{query}`, {{ method: '{method}'{header} }});\n"


def requests(method: str, path: str) -> str:
    """A call in Python."""
    return f"requests.{method.lower()}('{HOST}{path}', headers={{'Authorization': f'Bearer {{TOKEN}}'}})\n"


def project(kind: str, *references: str, output: str = "") -> str:
    """A .csproj."""
    items = "".join(f'<ProjectReference Include="{reference}" />' for reference in references)
    return f'<Project Sdk="Microsoft.NET.Sdk{kind}"><PropertyGroup>{output}</PropertyGroup><ItemGroup>{items}</ItemGroup></Project>\n'


def csharp(method: str, path: str) -> str:
    """A call in C#."""
    return (
        "using System.Net.Http;\nclass HubSpotClient {\n  async Task Call(HttpClient http) {\n"
        f'    await http.{method}Async("{HOST}{path}");\n  }}\n}}\n'
    )


REPOSITORIES = {
    "same-names": {
        "orders/src/package.json": package("acme-orders", start=False),
        "orders/src/index.js": fetch("POST", "/crm/v3/objects/orders"),
        "invoices/src/package.json": package("acme-invoices", start=False),
        "invoices/src/index.js": fetch("GET", "/crm/v3/objects/invoices"),
    },
    "notes-and-tests": {
        "package.json": package("shop"),
        "index.js": fetch("GET", "/crm/v3/objects/contacts"),
        ".planning/next.md": f"Later: `DELETE {HOST}/crm/v3/objects/deals/1`, webhooks `{HOST}/webhooks/v3/1/subscriptions`\n",
        "docs/api.md": f"curl -X POST {HOST}/crm/v3/objects/tickets\n",
        "postman/CRM.postman_collection.json": json.dumps(
            {"info": {"name": "x"}, "item": [{"request": {"method": "POST", "url": f"{HOST}/crm/v3/objects/companies"}}]}
        ),
        "logs/run.log": f"GET {HOST}/crm/v3/objects/quotes 200\n",
        "test/sync.test.js": fetch("DELETE", "/crm/v3/objects/companies/1"),
    },
    "twice": {
        "sync/package.json": package("sync"),
        "sync/index.ts": fetch("PATCH", "/crm/v3/objects/deals/${id}"),
        "sync/dist/index.js": fetch("PATCH", "/crm/v3/objects/deals/${id}"),
        "sync-old/package.json": package("sync"),
        "sync-old/index.ts": fetch("PATCH", "/crm/v3/objects/deals/${id}"),
        "sync.zip": {"index.ts": fetch("PATCH", "/crm/v3/objects/deals/${id}")},
    },
    "solution": {
        "Acme.sln": 'Project("{F}") = "Web", "src\\Web\\Web.csproj", "{1}"\nEndProject\nProject("{F}") = "Crm", "src\\Crm\\Crm.csproj", "{2}"\nEndProject\n',
        "src/Web/Web.csproj": project(".Web", "..\\Crm\\Crm.csproj"),
        "src/Web/appsettings.json": json.dumps({"HubSpot": {"AccessToken": TOKEN}}),
        "src/Crm/Crm.csproj": project(""),
        "src/Crm/HubSpotClient.cs": csharp("Get", "/crm/v3/objects/companies"),
        "tests/Crm.Tests/ClientTests.cs": csharp("Delete", "/crm/v3/objects/companies/1"),
    },
    "workspaces": {
        "package.json": json.dumps({"name": "root", "private": True, "workspaces": ["apps/*", "packages/*"]}),
        "apps/web/package.json": package("web", **{"@acme/crm": "workspace:*"}),
        "apps/web/server.js": fetch("GET", "/crm/v3/owners"),
        "apps/worker/package.json": package("worker", start=False, **{"@acme/crm": "workspace:*"}),
        "apps/worker/Dockerfile": "FROM node:24\n",
        "apps/worker/index.js": fetch("POST", "/crm/v3/objects/notes"),
        "packages/crm/package.json": package("@acme/crm", start=False),
        "packages/crm/index.js": fetch("POST", "/crm/v3/objects/contacts/search"),
    },
    "python-old-calls": {
        "pyproject.toml": '[project]\nname = "marketing-sync"\n[project.scripts]\nsync = "marketing.main:run"\n',
        "marketing/main.py": "import requests\n"
        + requests("GET", "/contacts/v1/lists/all/contacts/all")
        + requests("GET", "/contacts/v1/search/query?q=x")
        + requests("POST", "/contacts/v1/lists")
        + requests("GET", "/email/public/v1/events"),
        "CODEOWNERS": "* @acme/marketing\n",
        ".env": f"HUBSPOT_TOKEN={TOKEN}\n",
    },
    "token-check": {
        "package.json": package("token-check"),
        "check.js": f"await fetch('{HOST}/oauth/v2/private-apps/get/access-token-info', {{ method: 'POST', body: JSON.stringify({{ tokenKey }}) }});\n"
        + fetch("GET", "/crm/v3/objects/contacts"),
    },
    "oauth-app": {
        "package.json": package("connector"),
        "auth.js": f"await fetch('{HOST}/oauth/v1/token', {{ method: 'POST', body: new URLSearchParams({{ grant_type: 'refresh_token' }}) }});\n"
        f"await fetch(`{HOST}/oauth/v1/access-tokens/${{token}}`);\n" + fetch("GET", "/crm/v3/objects/deals"),
    },
    "products": {
        "catalog/requirements.txt": "requests\n",
        "catalog/Dockerfile": "FROM python:3\n",
        "catalog/main.py": "import requests\n" + requests("GET", "/crm/v3/objects/products") + requests("GET", "/crm/v3/objects/line_items"),
        "lists/main.py": "import requests\n" + requests("POST", "/crm/v3/lists"),
    },
    "go-programs": {
        "go.mod": "module example.com/crm\n\ngo 1.24\n",
        "cmd/importer/main.go": f'package main\nimport "net/http"\nfunc main() {{ http.Post("{HOST}/crm/v3/imports", "application/json", nil) }}\n',
        "cmd/exporter/main.go": f'package main\nimport "net/http"\nfunc main() {{ http.Get("{HOST}/crm/v3/objects/tickets") }}\n',
    },
    "workflow-tools": {
        "n8n/lead.json": json.dumps(
            {
                "nodes": [
                    {"type": "n8n-nodes-base.hubspot", "parameters": {"resource": "deal", "operation": "create"}, "credentials": {"hubspotApi": {"id": "1"}}},
                    {"type": "n8n-nodes-base.hubspot", "parameters": {"resource": "widget", "operation": "spin"}, "credentials": {"hubspotAppToken": {"id": "1"}}},
                ]
            }
        ),
        "make/blueprint.json": json.dumps({"flow": [{"module": "hubspotcrm:watchDeals"}]}),
        ".mcp.json": json.dumps({"mcpServers": {"crm": {"command": "npx", "args": ["-y", "@hubspot/mcp-server"]}}}),
    },
    "key-clients": {
        "worker/package.json": package("key-worker", **{"@hubspot/api-client": "^3.0.0"}),
        "worker/index.js": "const hubspot = require('@hubspot/api-client');\nconst client = new hubspot.Client({ apiKey: process.env.HAPIKEY });\nmodule.exports = client;\n",
        "legacy/report.js": fetch("GET", "/crm/v3/objects/deals", "hapikey"),
    },
    "hooks": {
        "functions/hook/host.json": "{}",
        "functions/hook/index.js": fetch("POST", "/webhooks/v3/123/subscriptions"),
        "functions/hook/package.json": package("hook", start=False),
    },
    "php-and-shell": {
        "composer.json": json.dumps({"name": "acme/site", "require": {"php": ">=8"}}),
        "src/Crm.php": f"<?php\n$ch = curl_init('{HOST}/crm/v3/objects/contacts');\ncurl_setopt($ch, CURLOPT_POST, true);\n",
        "cron/nightly.sh": f'#!/bin/sh\ncurl -H "Authorization: Bearer $HUBSPOT_TOKEN" "{HOST}/crm/v3/objects/contacts?limit=100"\n',
    },
    "java-modules": {
        "pom.xml": "<project><artifactId>root</artifactId><packaging>pom</packaging></project>",
        "api/pom.xml": "<project><artifactId>api</artifactId><dependencies><dependency><artifactId>crm</artifactId></dependency></dependencies><build><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></build></project>",
        "crm/pom.xml": "<project><artifactId>crm</artifactId></project>",
        "crm/src/main/java/Crm.java": f'class Crm {{ void put() {{ http.send(HttpRequest.newBuilder(URI.create("{HOST}/crm/v3/objects/companies")).POST(body).build()); }} }}\n',
    },
}


def write(folder: Path, files: dict) -> None:
    """One repository."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            with zipfile.ZipFile(path, "w") as archive:
                for member, text in content.items():
                    archive.writestr(zipfile.ZipInfo(member), text)
        else:
            path.write_text(content)


def write_all(folder: Path) -> None:
    """Every repository in a folder of its name."""
    for name, files in REPOSITORIES.items():
        write(folder / name, files)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
