"""Calls in exports and settings of tools, as the tools write them."""

import json

from field_calls import ALL, HOST, OPERATIONS
from planting import Corpus, as_json


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module."""
    for maker in (postman, insomnia, har, n8n_http, n8n_nodes, make, zapier, logic_app, node_red, openapi_json, openapi_yaml, airbyte, clients):
        maker(corpus)


def calls(corpus: Corpus, auth: str = "bearer", path_only: bool = False) -> list:
    """Each method with a marked address."""
    made = []
    for method in ALL:
        template, example = OPERATIONS[method][0]
        path = example.replace("{}", "4711")
        mark = corpus.expand(f"«@{auth} {method} {template}»")
        made.append((method, mark + ("" if path_only else HOST) + path))
    return made


def postman(corpus: Corpus) -> None:
    """A collection of version 2.1, keys in the order in which Postman writes them."""
    items = []
    for method, url in calls(corpus):
        body = {"mode": "raw", "raw": json.dumps({"properties": {f"property_{n}": "x" * 40 for n in range(12)}}, indent=4)}
        request = {"method": method, "header": [{"key": "Authorization", "value": "Bearer {{token}}"}]}
        request |= {"body": body, "url": {"raw": url, "protocol": "https", "host": ["api", "hubapi", "com"]}, "description": "x"}
        items.append({"name": f"{method} it", "request": request, "response": []})
    info = {"name": "CRM", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}
    corpus.write("field/tools/crm.postman_collection.json", as_json({"info": info, "item": [{"name": "folder", "item": items}]}, 1))


def insomnia(corpus: Corpus) -> None:
    """An export of format 4."""
    resources = [
        {"_id": f"req_{n}", "url": url, "name": "x", "method": method, "body": {}, "authentication": {"type": "bearer", "token": "{{ t }}"}, "_type": "request"}
        for n, (method, url) in enumerate(calls(corpus))
    ]
    corpus.write("field/tools/insomnia.json", as_json({"_type": "export", "__export_format": 4, "resources": resources}))


def har(corpus: Corpus) -> None:
    """A recording of a browser."""
    entries = [
        {"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": method, "url": url, "httpVersion": "h2", "headers": [{"name": "authorization", "value": "Bearer x"}]}}
        for method, url in calls(corpus)
    ]
    corpus.write("field/tools/session.har", as_json({"log": {"version": "1.2", "entries": entries}}))


def n8n_http(corpus: Corpus) -> None:
    """HTTP nodes of n8n: a GET writes no method."""
    nodes = []
    for n, (method, url) in enumerate(calls(corpus)):
        parameters = {} if method == "GET" else {"method": method}
        parameters |= {"url": f"={url}", "authentication": "predefinedCredentialType", "nodeCredentialType": "hubspotAppToken", "options": {}}
        nodes.append({"parameters": parameters, "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "name": f"HTTP {n}", "credentials": {"hubspotAppToken": {"id": "1", "name": "Bearer token"}}})
    corpus.write("field/tools/n8n_http.json", as_json({"name": "Sync", "nodes": nodes, "connections": {}}))


def n8n_nodes(corpus: Corpus) -> None:
    """HubSpot nodes of n8n."""
    nodes = []
    for resource, operation, called in (
        ("contact", "search", "POST /crm/v3/objects/contacts/search"),
        ("deal", "get", "GET /deals/v1/deal"),
        ("deal", "delete", "DELETE /deals/v1/deal"),
        ("company", "create", "POST /companies/v2"),
        ("ticket", "getAll", "GET /crm-objects/v1/objects"),
    ):
        mark = corpus.expand(f"«@node bearer {called}»")
        parameters = {"authentication": "appToken", "resource": resource, "operation": operation}
        nodes.append({"parameters": parameters, "type": f"{mark}n8n-nodes-base.hubspot", "typeVersion": 2, "credentials": {"hubspotAppToken": {"id": "1", "name": "x"}}})
    corpus.write("field/tools/n8n_nodes.json", as_json({"name": "Sync", "nodes": nodes, "connections": {}}))


def make(corpus: Corpus) -> None:
    """A scenario of Make: its HTTP module, and HubSpot's."""
    flow = [
        {"id": n, "module": "http:ActionSendData", "version": 3, "mapper": {"url": url, "qs": [], "method": method.lower(), "headers": [{"name": "Authorization", "value": "Bearer {{t}}"}]}}
        for n, (method, url) in enumerate(calls(corpus))
    ]
    for module, called in (("createContact", "POST /crm/v3/objects/contacts"), ("getACompany", "GET /crm/v3/objects/companies/{companyId}"), ("deleteATicket", "DELETE /crm/v3/objects/tickets/{ticketId}")):
        mark = corpus.expand(f"«@node bearer {called}»")
        flow.append({"id": 90, "module": f"{mark}hubspotcrm:{module}", "version": 2, "parameters": {"__IMTCONN__": 12}})
    corpus.write("field/tools/blueprint.json", as_json({"name": "HubSpot", "flow": flow, "metadata": {"version": 1}}))


def zapier(corpus: Corpus) -> None:
    """Webhook steps of Zapier."""
    steps = [
        {"id": n, "type": "write", "selected_api": "WebHookCLI@1.1.0", "action": method.lower(), "params": {"url": url, "headers": {"Authorization": "Bearer x"}}}
        for n, (method, url) in enumerate(calls(corpus))
    ]
    corpus.write("field/tools/zap.json", as_json({"zaps": [{"title": "HubSpot", "nodes": {str(step["id"]): step for step in steps}}]}))


def logic_app(corpus: Corpus) -> None:
    """HTTP actions of Power Automate and Logic Apps."""
    actions = {
        f"HTTP_{n}": {"type": "Http", "inputs": {"uri": url, "method": method, "headers": {"Authorization": "Bearer @{variables('token')}"}}, "runAfter": {}}
        for n, (method, url) in enumerate(calls(corpus))
    }
    corpus.write("field/tools/definition.json", as_json({"definition": {"actions": actions}}))


def node_red(corpus: Corpus) -> None:
    """HTTP nodes of Node-RED."""
    nodes = [{"id": f"n{n}", "type": "http request", "z": "f1", "name": "", "method": method, "ret": "obj", "url": url, "authType": "bearer"} for n, (method, url) in enumerate(calls(corpus))]
    corpus.write("field/tools/flows.json", as_json(nodes))


def openapi_json(corpus: Corpus) -> None:
    """A document of OpenAPI: every verb of a path."""
    marks = [corpus.expand(f"«@unknown {call}»") for call in ("GET /crm/v3/objects/contacts/{contactId}", "PATCH /crm/v3/objects/contacts/{contactId}", "DELETE /crm/v3/objects/contacts/{contactId}")]
    responses = {"200": {"description": "x" * 900}}
    item = {"parameters": [{"name": "contactId", "in": "path"}]}
    item |= {mark + verb: {"summary": "post", "responses": responses} for mark, verb in zip(marks, ("get", "patch", "delete"))}
    document = {"openapi": "3.0.1", "info": {"title": "HubSpot"}, "servers": [{"url": HOST}], "paths": {"/crm/v3/objects/contacts/{contactId}": item}}
    corpus.write("field/tools/openapi.json", as_json(document))


def openapi_yaml(corpus: Corpus) -> None:
    """The same in YAML, with a base path."""
    corpus.plant(
        "field/tools/openapi.yaml",
        "openapi: 3.0.1\ninfo:\n  title: HubSpot\nservers:\n  - url: «~»https://api.hubapi.com/crm/v3\npaths:\n  /objects/contacts:\n    «@unknown GET /crm/v3/objects/contacts»get:\n      summary: delete\n    «@unknown POST /crm/v3/objects/contacts»post:\n      summary: get\n  /owners:\n    «@unknown GET /crm/v3/owners»get:\n      summary: x\n",
    )


def airbyte(corpus: Corpus) -> None:
    """A low-code connector."""
    corpus.plant(
        "field/tools/manifest.yaml",
        "definitions:\n  requester:\n    type: HttpRequester\n    url_base: https://api.hubapi.com\n    authenticator:\n      type: BearerAuthenticator\nstreams:\n  - name: contacts\n    retriever:\n      requester:\n        path: «@bearer GET /crm/v3/objects/contacts»/crm/v3/objects/contacts\n        http_method: GET\n  - name: search\n    retriever:\n      requester:\n        path: «@bearer POST /crm/v3/objects/companies/search»/crm/v3/objects/companies/search\n        http_method: POST\n",
    )


def clients(corpus: Corpus) -> None:
    """Clients that are built with the removed key."""
    corpus.plant("field/clients/a.js", "const hubspot = require('@hubspot/api-client');\nmodule.exports = «@client hapikey client hubspot.Client»new hubspot.Client({ apiKey: process.env.KEY });\n")
    corpus.plant("field/clients/b.py", "from hubspot import HubSpot\n\nclient = «@client hapikey client HubSpot»HubSpot(api_key=os.environ['KEY'])\n")
    corpus.plant("field/clients/c.rb", "require 'hubspot-ruby'\n«@client hapikey client Hubspot.configure»Hubspot.configure(hapikey: ENV['KEY'])\n")
