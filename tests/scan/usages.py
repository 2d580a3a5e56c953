"""API calls: by URL in the ways of many languages and tools, and by the official clients.

The calls are drawn from two tables, of operations by path and of client calls. `check_tables.py` holds them
against the project's data.
"""

import re
from dataclasses import dataclass, field

from planting import Corpus, as_json, notebook
from tables import CLIENT_CALLS, PATHS, Path

CALLS_PER_FILE = 6
HOST = "https://api.hubapi.com"


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module."""
    deck = Deck(corpus)
    for style in STYLES:
        plant_style(corpus, deck, style)
    plant_exports(corpus, deck)
    for language in LANGUAGES:
        plant_client_calls(corpus, language)
    for path, template in SPECIAL:
        corpus.plant(f"calls/{path}", template)


class Deck:
    """Deals out operations so that all come up about equally often."""

    def __init__(self, corpus: Corpus):
        self.rng = corpus.rng
        self.cards = []

    def draw(self, methods: tuple, least_parameters: int) -> Path:
        """The next operation that fits."""
        for _ in range(2):
            for index, card in enumerate(self.cards):
                if card.method in methods and card.template.count("{") >= least_parameters:
                    return self.cards.pop(index)
            self.cards += self.rng.sample(PATHS, len(PATHS))
        raise ValueError(f"no operation for {methods}")


# Calls by URL


@dataclass
class Style:
    """A way to call by URL, in some language.

    `call` is one call; in it «=url» marks where the text of the URL or path starts, «=path» stands for the
    path, «=METHOD», «=method» and «=Method» for the method, «=args» for the parameters as further arguments, «=params» as only ones.
    `parameter` turns a parameter's name into what stands for it in the path; None means a literal.
    """

    path: str
    head: str
    call: str
    foot: str = ""
    auth: str = "bearer"
    parameter: str | None = None
    argument: str = "{}"
    names: str = "camel"
    methods: tuple = ("GET", "POST", "PUT", "PATCH", "DELETE")
    least_parameters: int = 0
    spelled: dict = field(default_factory=dict)


def plant_style(corpus: Corpus, deck: Deck, style: Style) -> None:
    """Writes one file with calls in a style."""
    calls = [
        render_call(corpus, style, deck.draw(style.methods, style.least_parameters), number)
        for number in range(CALLS_PER_FILE)
    ]
    text = re.sub(r""" [+.] (''|"")""", "", "".join(calls))  # Nobody adds an empty string.
    corpus.plant(f"calls/{style.path}", style.head + text + style.foot)


def render_call(corpus: Corpus, style: Style, operation: Path, number: int) -> str:
    """One call, still with its markers."""
    names = [spell(name, style.names) for name in re.findall(r"{(\w+)}", operation.example)]
    if style.parameter is None:
        path = literal_path(corpus, operation)
    else:
        path = fill(operation.example, lambda name: style.parameter.replace("NAME", spell(name, style.names)))
    arguments = [style.argument.format(name) for name in names]
    given = {
        "url": f"«@{style.auth} {operation.method} {operation.template}»",
        "path": path,
        "METHOD": operation.method,
        "method": operation.method.lower(),
        "Method": operation.method.capitalize(),
        "spelled": style.spelled.get(operation.method, ""),
        "args": "".join(", " + argument for argument in arguments),
        "params": ", ".join(arguments),
        "names": ", ".join(names),
        "n": str(number),
    }
    return re.sub(r"«=(\w+)»", lambda match: given[match.group(1)], style.call)


def literal_path(corpus: Corpus, operation: Path) -> str:
    """The path with every parameter given."""
    return fill(operation.example, lambda name: LITERALS.get(name) or f"«#num{corpus.rng.randint(5, 9)}»")


def fill(path: str, made) -> str:
    """Replaces each {name} of a path."""
    return re.sub(r"{(\w+)}", lambda match: made(match.group(1)), path)


def spell(name: str, names: str) -> str:
    """A parameter's name as the language spells it."""
    if names == "snake":
        return snake(name)
    return name[0].upper() + name[1:] if names == "Pascal" else name


def snake(name: str) -> str:
    """camelCase as snake_case."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


LITERALS = {
    "objectType": "2-«#num7»",
    "fromObjectType": "contacts",
    "toObjectType": "companies",
    "propertyName": "favourite_colour",
    "email": "anna@example.org",
    "formId": "«!form id»«#uuid»",
    "tableIdOrName": "prices",
    "callbackId": "ap-«#num6»",
    "name": "vip",
}

READ = ("GET",)
WRITE = ("POST", "PUT", "PATCH")

STYLES = [
    # JavaScript and TypeScript
    Style(
        "js/fetch.js",
        "const headers = { Authorization: `Bearer ${process.env.HUBSPOT_TOKEN}` };\n\n",
        "exports.call«=n» = («=names») =>\n  fetch(`«=url»https://api.hubapi.com«=path»`, { method: '«=METHOD»', headers });\n\n",
        parameter="${NAME}",
    ),
    Style(
        "js/fetch_get.js",
        "const headers = { authorization: 'Bearer ' + process.env.HUBSPOT_TOKEN };\n\n",
        'export const get«=n» = async () => (await fetch("«=url»https://api.hubapi.com«=path»", { headers })).json();\n',
        methods=READ,
    ),
    Style(
        "js/axios_verbs.js",
        "const axios = require('axios');\nconst token = process.env.HUBSPOT_TOKEN;\nconst options = { headers: { Authorization: `Bearer ${token}` } };\n\n",
        "exports.call«=n» = («=names») => axios.«=method»(`«=url»https://api.hubapi.com«=path»`, {}, options);\n",
        parameter="${NAME}",
        methods=WRITE,
    ),
    Style(
        "js/axios_instance.js",
        "const hubspot = axios.create({\n  baseURL: 'https://api.hubapi.com',\n  headers: { Authorization: `Bearer ${process.env.TOKEN}` },\n});\n\n",
        "export const call«=n» = («=names») => hubspot.«=method»(`«=url»«=path»`);\n",
        parameter="${NAME}",
    ),
    Style(
        "js/axios_config.js",
        "const axios = require('axios');\n\n",
        "module.exports.call«=n» = (data) => axios({\n  method: '«=method»',\n  url: '«=url»https://api.hubapi.com«=path»',\n  params: { hapikey: process.env.HAPIKEY },\n  data,\n});\n\n",
        auth="hapikey",
    ),
    Style(
        "js/concatenated.js",
        "const BASE = 'https://api.hubapi.com';\nconst KEY = process.env.HUBSPOT_API_KEY;\n\n",
        "function call«=n»(«=names») {\n  return $.ajax({ type: '«=METHOD»', url: BASE + '«=url»«=path»' + '?hapikey=' + KEY });\n}\n\n",
        auth="hapikey",
        parameter="' + NAME + '",
    ),
    Style(
        "js/query_key.js",
        "const hapikey = process.env.HUBSPOT_API_KEY;\n\n",
        "const url«=n» = («=names») => `«=url»https://api.hubapi.com«=path»?hapikey=${hapikey}`;\nexports.get«=n» = (...a) => request.get(url«=n»(...a));\n",
        auth="hapikey",
        parameter="${NAME}",
        methods=READ,
    ),
    Style(
        "js/Code.gs",
        "function options(method) {\n  return { method: method, headers: { Authorization: 'Bearer ' + token() } };\n}\n\n",
        "function call«=n»(«=names») {\n  var url = '«=url»https://api.hubapi.com«=path»';\n  return UrlFetchApp.fetch(url, { method: '«=method»', headers: { Authorization: 'Bearer ' + token() } });\n}\n\n",
        parameter="' + NAME + '",
    ),
    Style(
        "ts/wrapper.ts",
        "const API = \"https://api.hubapi.com\";\n\nasync function send<T>(method: string, path: string): Promise<T> {\n  const r = await fetch(API + path, { method, headers: { Authorization: `Bearer ${env.HUBSPOT_TOKEN}` } });\n  return r.json();\n}\n\n",
        'export const call«=n» = («=names») => send("«=METHOD»", `«=url»«=path»`);\n',
        parameter="${NAME}",
    ),
    Style(
        "ts/zapier.ts",
        "// bearer token is added by the middleware\n",
        "export const perform«=n» = async (z: ZObject, bundle: Bundle) =>\n  z.request({\n    url: '«=url»https://api.hubapi.com«=path»',\n    method: '«=METHOD»',\n    headers: { Authorization: `Bearer ${bundle.authData.access_token}` },\n  });\n\n",
    ),
    Style(
        "ts/api_request.ts",
        'import { Client } from "@hubspot/api-client";\n\nconst client = new Client({ accessToken: process.env.HUBSPOT_TOKEN });\n\n',
        'export const call«=n» = () => client.apiRequest({ method: "«=METHOD»", path: "«=url»«=path»" });\n',
    ),
    # Python
    Style(
        "py/fstring.py",
        'import os\n\nimport requests\n\nHEADERS = {"Authorization": f"Bearer {os.environ[\'HUBSPOT_TOKEN\']}"}\n\n',
        '\ndef call_«=n»(«=names»):\n    return requests.«=method»(f"«=url»https://api.hubapi.com«=path»", headers=HEADERS, timeout=30)\n\n',
        parameter="{NAME}",
        names="snake",
    ),
    Style(
        "py/format.py",
        "import requests\n\n\nclass Crm:\n    def __init__(self, token):\n        self.headers = {'Authorization': 'Bearer {}'.format(token)}\n\n",
        "    def call_«=n»(self, ids):\n        url = '«=url»https://api.hubapi.com«=path»'.format(*ids)\n        return requests.«=method»(url, headers=self.headers)\n\n",
        parameter="{}",
        least_parameters=1,
    ),
    Style(
        "py/percent.py",
        "import requests\n\nKEY = open('/run/secrets/hapikey').read()\n\n",
        "def call_«=n»(*ids):\n    return requests.«=method»('«=url»https://api.hubapi.com«=path»' % ids, params={'hapikey': KEY})\n\n",
        auth="hapikey",
        parameter="%s",
        least_parameters=1,
    ),
    Style(
        "py/base.py",
        'import requests\n\nBASE_URL = "https://api.hubapi.com"\nsession = requests.Session()\nsession.headers["Authorization"] = "Bearer " + token\n\n',
        'def call_«=n»():\n    return session.«=method»(BASE_URL + "«=url»«=path»")\n\n',
    ),
    Style(
        "py/request.py",
        "import requests\n\n",
        'def call_«=n»(key, body):\n    return requests.request(\n        "«=METHOD»",\n        url="«=url»https://api.hubapi.com«=path»",\n        params={"hapikey": key},\n        json=body,\n    )\n\n',
        auth="hapikey",
    ),
    Style(
        "py/urllib_request.py",
        "from urllib.request import Request, urlopen\n\n",
        'def call_«=n»(token):\n    request = Request("«=url»https://api.hubapi.com«=path»", method="«=METHOD»", headers={"Authorization": "Bearer " + token})\n    return urlopen(request)\n\n',
    ),
    Style(
        "py/httpx_client.py",
        'import httpx\n\nclient = httpx.Client(base_url="https://api.hubapi.com", headers={"Authorization": f"Bearer {TOKEN}"})\n\n',
        'def call_«=n»(«=names»):\n    return client.«=method»(f"«=url»«=path»").json()\n\n',
        parameter="{NAME}",
        names="snake",
    ),
    Style(
        "py/aiohttp_session.py",
        "import aiohttp\n\n",
        'async def call_«=n»(session, «=names»):\n    headers = {"authorization": "Bearer " + session.token}\n    async with session.«=method»(f"«=url»https://api.hubapi.com«=path»", headers=headers) as answer:\n        return await answer.json()\n\n',
        parameter="{NAME}",
        names="snake",
        least_parameters=1,
    ),
    # PHP and Ruby
    Style(
        "php/sprintf.php",
        "<?php\n\n$headers = ['Authorization: Bearer ' . getenv('HUBSPOT_TOKEN')];\n\n",
        "function call«=n»($headers, ...$ids) {\n    $ch = curl_init(vsprintf('«=url»https://api.hubapi.com«=path»', $ids));\n    curl_setopt($ch, CURLOPT_CUSTOMREQUEST, '«=METHOD»');\n    curl_setopt($ch, CURLOPT_HTTPHEADER, $headers);\n    return curl_exec($ch);\n}\n\n",
        parameter="%s",
        least_parameters=1,
    ),
    Style(
        "php/guzzle.php",
        "<?php\n\n$client = new GuzzleHttp\\Client([\n    'base_uri' => 'https://api.hubapi.com',\n    'headers' => ['Authorization' => 'Bearer ' . $token],\n]);\n\n",
        "$r«=n» = $client->request('«=METHOD»', \"«=url»«=path»\");\n",
        parameter="{$NAME}",
    ),
    Style(
        "php/concatenated.php",
        "<?php\n$key = getenv('HUBSPOT_API_KEY');\n\n",
        "$a«=n» = json_decode(file_get_contents('«=url»https://api.hubapi.com«=path»' . '?hapikey=' . $key));\n",
        auth="hapikey",
        parameter="' . $NAME . '",
        methods=READ,
    ),
    Style(
        "php/laravel.php",
        "<?php\n\nuse Illuminate\\Support\\Facades\\Http;\n\n",
        "$r«=n» = Http::withToken(config('services.hubspot.token'))->«=method»('«=url»https://api.hubapi.com«=path»');\n",
    ),
    Style(
        "rb/httparty.rb",
        "require 'httparty'\n\nHEADERS = { 'Authorization' => \"Bearer #{ENV['HUBSPOT_TOKEN']}\" }.freeze\n\n",
        "def call_«=n»(«=names»)\n  HTTParty.«=method»(\"«=url»https://api.hubapi.com«=path»\", headers: HEADERS)\nend\n\n",
        parameter="#{NAME}",
        names="snake",
    ),
    Style(
        "rb/net_http.rb",
        "require 'net/http'\n\n",
        "def call_«=n»(token)\n  uri = URI('«=url»https://api.hubapi.com«=path»')\n  request = Net::HTTP::«=Method».new(uri)\n  request['Authorization'] = \"Bearer #{token}\"\n  Net::HTTP.start(uri.host, uri.port, use_ssl: true) { |http| http.request(request) }\nend\n\n",
    ),
    Style(
        "rb/faraday.rb",
        "conn = Faraday.new(url: 'https://api.hubapi.com') do |f|\n  f.request :authorization, 'Bearer', -> { token }\nend\n\n",
        "conn.«=method»(\"«=url»«=path»\")\n",
        parameter="#{NAME}",
        names="snake",
    ),
    # The Java family
    Style(
        "java/Concatenated.java",
        "class Concatenated {\n    private final HttpClient http = HttpClient.newHttpClient();\n\n",
        '    String call«=n»(«=params») throws Exception {\n        HttpRequest request = HttpRequest.newBuilder(URI.create("«=url»https://api.hubapi.com«=path»"))\n            .header("Authorization", "Bearer " + token)\n            .method("«=METHOD»", HttpRequest.BodyPublishers.noBody())\n            .build();\n        return http.send(request, BodyHandlers.ofString()).body();\n    }\n\n',
        "}\n",
        parameter='" + NAME + "',
        argument="String {}",
    ),
    Style(
        "java/Formatted.java",
        "class Formatted {\n",
        '    Map<?, ?> call«=n»() {\n        String url = String.format("«=url»https://api.hubapi.com«=path»"«=args»);\n        HttpHeaders headers = new HttpHeaders();\n        headers.setBearerAuth(token);\n        return rest.exchange(url, HttpMethod.«=METHOD», new HttpEntity<>(headers), Map.class).getBody();\n    }\n\n',
        "}\n",
        parameter="%s",
        least_parameters=1,
    ),
    Style(
        "java/Based.java",
        'class Based {\n    private static final String HOST = "https://api.hubapi.com";\n\n',
        '    Request call«=n»(RequestBody body) {\n        return new Request.Builder()\n            .url(HOST + "«=url»«=path»" + "?hapikey=" + System.getenv("HAPIKEY"))\n            .«=method»(body)\n            .build();\n    }\n\n',
        "}\n",
        auth="hapikey",
        methods=WRITE,
    ),
    Style(
        "kt/Calls.kt",
        "class Calls(private val client: HttpClient, private val token: String) {\n",
        '    suspend fun call«=n»() = client.«=method»("«=url»https://api.hubapi.com«=path»") {\n        header("Authorization", "Bearer $token")\n    }\n\n',
        "}\n",
        parameter="${NAME}",
    ),
    # Go, C#, Rust, R, Elixir
    Style(
        "go/sprintf.go",
        'package crm\n\nimport (\n\t"fmt"\n\t"net/http"\n)\n\n',
        'func (c *Client) Call«=n»() (*http.Request, error) {\n\turl := fmt.Sprintf("«=url»https://api.hubapi.com«=path»"«=args»)\n\treq, err := http.NewRequest("«=METHOD»", url, nil)\n\treq.Header.Set("Authorization", "Bearer "+c.token)\n\treturn req, err\n}\n\n',
        parameter="%s",
        argument="c.{}",
        least_parameters=1,
    ),
    Style(
        "go/base.go",
        'package crm\n\nconst baseURL = "https://api.hubapi.com"\n\n',
        'func call«=n»(token string) (*http.Response, error) {\n\treq, _ := http.NewRequest(http.Method«=Method», baseURL+"«=url»«=path»", nil)\n\treq.Header.Add("Authorization", "Bearer "+token)\n\treturn http.DefaultClient.Do(req)\n}\n\n',
    ),
    Style(
        "cs/Interpolated.cs",
        "public class Interpolated\n{\n",
        '    public Task<HttpResponseMessage> Call«=n»(HttpClient http)\n    {\n        var request = new HttpRequestMessage(HttpMethod.«=Method», $"«=url»https://api.hubapi.com«=path»");\n        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);\n        return http.SendAsync(request);\n    }\n\n',
        "}\n",
        parameter="{NAME}",
    ),
    Style(
        "cs/Based.cs",
        'var http = new HttpClient { BaseAddress = new Uri("https://api.hubapi.com") };\nhttp.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);\n\n',
        'var r«=n» = await http.«=Method»Async("«=url»«=path»"«=spelled»);\n',
        spelled={"POST": ", body", "PUT": ", body", "PATCH": ", body"},
    ),
    Style(
        "rs/calls.rs",
        "use reqwest::Client;\n\n",
        'async fn call_«=n»(http: &Client, token: &str) -> reqwest::Result<reqwest::Response> {\n    http.«=method»(format!("«=url»https://api.hubapi.com«=path»"«=args»)).bearer_auth(token).send().await\n}\n\n',
        parameter="{}",
        names="snake",
        argument="{}",
    ),
    Style(
        "r/calls.R",
        "library(httr)\nauth <- add_headers(Authorization = paste('Bearer', Sys.getenv('HUBSPOT_TOKEN')))\n\n",
        "r«=n» <- «=METHOD»('«=url»https://api.hubapi.com«=path»', auth)\n",
    ),
    Style(
        "ex/calls.ex",
        "defmodule Crm do\n",
        '  def call_«=n»(token, ids) do\n    HTTPoison.«=method»("«=url»https://api.hubapi.com«=path»", [{"Authorization", "Bearer #{token}"}])\n  end\n\n',
        "end\n",
        parameter="#{ids.NAME}",
        names="snake",
        methods=READ,
    ),
    # Shell and tools
    Style(
        "sh/calls.sh",
        "#!/bin/bash\nset -eu\n\n",
        'curl -sS -X «=METHOD» "«=url»https://api.hubapi.com«=path»" -H "Authorization: Bearer $HUBSPOT_TOKEN"\n',
        parameter="${NAME}",
        names="snake",
    ),
    Style(
        "sh/get.sh",
        "#!/bin/sh\n",
        'curl "«=url»https://api.hubapi.com«=path»?hapikey=$HAPIKEY" > out«=n».json\n',
        auth="hapikey",
        methods=READ,
    ),
    Style(
        "sh/post.sh",
        "#!/bin/sh\n",
        "curl '«=url»https://api.hubapi.com«=path»' \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H 'Content-Type: application/json' \\\n  -d @body«=n».json\n",
        methods=("POST",),
    ),
    Style(
        "docs/runbook.md",
        "# Runbook\n\n",
        "```sh\ncurl --request «=METHOD» \\\n  --url «=url»https://api.hubapi.com«=path» \\\n  --header \"authorization: Bearer $TOKEN\"\n```\n\nThen wait.\n\n",
    ),
    Style(
        "ps/Calls.ps1",
        '$Headers = @{ Authorization = "Bearer $env:HUBSPOT_TOKEN" }\n\n',
        'Invoke-RestMethod -Method «=Method» -Uri "«=url»https://api.hubapi.com«=path»" -Headers $Headers\n',
        parameter="$($NAME)",
    ),
    Style(
        "http/calls.http",
        "@token = {{$dotenv HUBSPOT_TOKEN}}\n\n",
        "### «=n»\n«=METHOD» «=url»https://api.hubapi.com«=path»\nAuthorization: Bearer {{token}}\n\n",
        parameter="{{NAME}}",
    ),
    Style(
        "js/unauthenticated.js",
        "import { hubspotFetch } from './http';\n\n",
        "export const call«=n» = () => hubspotFetch('«=url»https://api.hubapi.com«=path»', { method: '«=METHOD»' });\n",
        auth="unknown",
    ),
]


def plant_exports(corpus: Corpus, deck: Deck) -> None:
    """The same calls in exports of tools: Postman, n8n, Make, a notebook."""

    def call(auth: str, parameter: str | None = None) -> tuple:
        operation = deck.draw(("GET", "POST", "PATCH", "PUT", "DELETE"), 0)
        if parameter:
            path = fill(operation.example, lambda name: parameter.replace("NAME", name))
        else:
            path = literal_path(corpus, operation)
        mark = f"«@{auth} {operation.method} {operation.template}»"
        return operation.method, corpus.expand(f"{mark}{HOST}{path}")

    bearer = {"key": "Authorization", "value": "Bearer {{hubspot_token}}"}
    for number in (1, 2):
        items = []
        for index in range(4):
            method, url = call("bearer", ":NAME")
            request = {"method": method, "header": [bearer], "url": {"raw": url, "protocol": "https"}}
            items.append({"name": f"Request {index}", "request": request})
        corpus.write(f"calls/tools/postman{number}.json", as_json({"info": {"name": "CRM"}, "item": items}, 4))

        nodes = []
        for index in range(4):
            method, url = call("bearer", "{{ $json.NAME }}")
            header = {"name": "Authorization", "value": "=Bearer {{ $env.HUBSPOT_TOKEN }}"}
            parameters = {"method": method, "url": url, "headerParameters": {"parameters": [header]}}
            nodes.append({"type": "n8n-nodes-base.httpRequest", "name": f"Call {index}", "parameters": parameters})
        corpus.write(f"calls/tools/n8n{number}.json", as_json({"nodes": nodes, "connections": {}}))

        flow = []
        for index in range(4):
            method, url = call("hapikey")
            query = [{"name": "hapikey", "value": "{{1.key}}"}]
            mapper = {"url": url, "method": method.lower(), "qs": query}
            flow.append({"id": index, "module": "http:ActionSendData", "mapper": mapper})
        corpus.write(f"calls/tools/make{number}.json", as_json({"name": "CRM", "flow": flow}, 4))

        cells = []
        for _ in range(3):
            method, url = call("bearer")
            cells.append(f'requests.{method.lower()}("{url}", headers={{"Authorization": "Bearer " + token}})\n')
        corpus.write(f"calls/tools/calls{number}.ipynb", notebook("import requests", *cells))


# Calls by an official client


@dataclass
class Language:
    """How a client's calls are written in a language; PATH, METHOD and ARGS stand for their parts."""

    path: str
    head: str
    call: str
    segment: str
    names: str
    argument: str
    auth: str = "bearer"
    lines: str = ""


def plant_client_calls(corpus: Corpus, language: Language) -> None:
    """Writes one file of client calls in a language; `lines`, where given, breaks each chain there."""
    text = [language.head]
    for number, call in enumerate(corpus.rng.sample(CLIENT_CALLS, 10)):
        *parts, method = [spell(part, language.names) for part in call.name.split(".")]
        chain = "".join(language.segment.replace("PART", part) + language.lines for part in parts)
        names = re.findall(r"{(\w+)}", call.template)
        arguments = ", ".join(language.argument.replace("NAME", spell(name, language.names)) for name in names)
        auth = language.auth
        if call.name.startswith("oauth."):
            auth = "none"
        mark = f"«@sdk {auth} {call.method} {call.template}»"
        line = language.call.replace("CHAIN", chain).replace("METHOD", mark + method)
        text.append(line.replace("ARGS", arguments).replace("NUMBER", str(number)))
    corpus.plant(f"calls/{language.path}", re.sub(r"\(\s+\)", "()", "".join(text)))


LANGUAGES = [
    Language(
        "clients/node.js",
        "const hubspot = require('@hubspot/api-client');\nconst client = new hubspot.Client({ accessToken: process.env.HUBSPOT_TOKEN });\n\n",
        "exports.callNUMBER = async () => client.CHAINMETHOD(ARGS);\n",
        "PART.", "camel", "NAME",
    ),
    Language(
        "clients/node_old.ts",
        'import * as hubspot from "@hubspot/api-client";\n\nconst hubspotClient = new hubspot.Client({ apiKey: process.env.HUBSPOT_API_KEY });\n\n',
        "export const answerNUMBER = await hubspotClient.CHAINMETHOD(ARGS);\n",
        "PART.", "camel", "NAME", auth="hapikey",
    ),
    Language(
        "clients/node_lines.js",
        "const { Client } = require('@hubspot/api-client');\nconst hs = new Client({ accessToken: token });\n\n",
        "const rNUMBER = await hs\n  .CHAINMETHOD(ARGS);\n",
        "PART", "camel", "NAME", lines="\n  .",
    ),
    Language(
        "clients/node_imported.js",
        "import { hubspotClient } from './hubspot-client.js';\n\n",
        "export async function stepNUMBER(id) {\n  const answer = await hubspotClient.CHAINMETHOD(ARGS);\n  return answer;\n}\n\n",
        "PART.", "camel", "NAME", auth="unknown",
    ),
    Language(
        "clients/python.py",
        "import os\n\nfrom hubspot import HubSpot\n\nclient = HubSpot(access_token=os.environ['HUBSPOT_TOKEN'])\n\n",
        "answer_NUMBER = client.CHAINMETHOD(ARGS)\n",
        "PART.", "snake", "NAME=NAME",
    ),
    Language(
        "clients/python_class.py",
        "import hubspot\n\n\nclass Crm:\n    def __init__(self, token):\n        self.client = hubspot.Client.create(access_token=token)\n\n",
        "    def call_NUMBER(self):\n        return self.client.CHAINMETHOD(\n            ARGS\n        )\n\n",
        "PART.", "snake", "NAME=self.NAME",
    ),
    Language(
        "clients/python_old.py",
        "from hubspot import HubSpot\n\napi_client = HubSpot(api_key=settings.HUBSPOT_KEY)\n\n",
        "api_client.CHAINMETHOD(ARGS)\n",
        "PART.", "snake", "NAME", auth="hapikey",
    ),
    Language(
        "clients/php.php",
        "<?php\n\n$hubspot = \\HubSpot\\Factory::createWithAccessToken(getenv('HUBSPOT_TOKEN'));\n\n",
        "$answerNUMBER = $hubspot->CHAINMETHOD(ARGS);\n",
        "PART()->", "camel", "$NAME",
    ),
    Language(
        "clients/php_class.php",
        "<?php\n\nclass Crm\n{\n    public function __construct(private \\HubSpot\\Discovery\\Discovery $client)\n    {\n    }\n\n",
        "    public function callNUMBER()\n    {\n        return $this->client->CHAINMETHOD(ARGS);\n    }\n\n",
        "PART()->", "camel", "$this->NAME", auth="unknown",
    ),
    Language(
        "clients/ruby.rb",
        "require 'hubspot-api-client'\n\nclient = Hubspot::Client.new(access_token: ENV['HUBSPOT_TOKEN'])\n\n",
        "answer_NUMBER = client.CHAINMETHOD(ARGS)\n",
        "PART.", "snake", "NAME: NAME",
    ),
    Language(
        "clients/ruby_job.rb",
        "class SyncJob\n  def client\n    @client ||= ::Hubspot::Client.new(access_token: account.token)\n  end\n\n",
        "  def call_NUMBER\n    client.CHAINMETHOD(ARGS)\n  end\n\n",
        "PART.", "snake", "NAME: NAME",
    ),
    Language(
        "clients/Calls.java",
        "// import com.hubspot.client\nHubSpotClient client = HubSpotClient.builder().accessToken(token).build();\n\n",
        "var answerNUMBER = client.CHAINMETHOD(ARGS);\n",
        "PART().", "camel", "NAME",
    ),
    Language(
        "clients/Calls.kt",
        "// HubSpot\nval client = HubSpotClient(accessToken = token)\n\n",
        "val answerNUMBER = client.CHAINMETHOD(ARGS)\n",
        "PART().", "camel", "NAME",
    ),
    Language(
        "clients/Calls.cs",
        "using HubSpot.Api;\n\nvar client = new HubSpotClient(accessToken: token);\n\n",
        "var answerNUMBER = await client.CHAINMETHOD(ARGS);\n",
        "PART.", "Pascal", "NAME",
    ),
]


SPECIAL = [
    (
        "clients/in_parts.js",
        """const hubspot = require('@hubspot/api-client');
const client = new hubspot.Client({ accessToken: process.env.HUBSPOT_TOKEN });
const contactsApi = client.crm.contacts.basicApi;
const { searchApi } = client.crm.deals;

exports.add = (properties) => contactsApi.«@sdk bearer POST /crm/v3/objects/contacts»create({ properties });
exports.find = (request) => searchApi.«@sdk bearer POST /crm/v3/objects/deals/search»doSearch(request);
""",
    ),
    (
        "clients/in_parts.py",
        """import os

from hubspot import HubSpot

client = HubSpot(access_token=os.environ["HUBSPOT_TOKEN"])
companies = client.crm.companies.basic_api

first = companies.«@sdk bearer GET /crm/v3/objects/companies»get_page(limit=10)
one = companies.«@sdk bearer GET /crm/v3/objects/companies/{companyId}»get_by_id("7")
""",
    ),
    (
        "developer/webhooks.py",
        """import os

import requests

APP_ID = os.environ["APP_ID"]
KEY = {"hapikey": os.environ["HUBSPOT_DEVELOPER_KEY"]}


def all_subscriptions():
    return requests.get(f"«@developer_key GET /webhooks/v3/{appId}/subscriptions»https://api.hubapi.com/webhooks/v3/{APP_ID}/subscriptions", params=KEY)


def drop(subscription_id):
    return requests.delete(f"«@developer_key DELETE /webhooks/v3/{appId}/subscriptions/{subscriptionId}»https://api.hubapi.com/webhooks/v3/{APP_ID}/subscriptions/{subscription_id}", params=KEY)
""",
    ),
    (
        "developer/webhooks.ts",
        """const key = process.env.HUBSPOT_DEVELOPER_API_KEY;

export const settings = (appId: number) =>
  fetch(`«@developer_key GET /webhooks/v3/{appId}/settings»https://api.hubapi.com/webhooks/v3/${appId}/settings?hapikey=${key}`);
export const update = (appId: number, body: string) =>
  fetch(`«@developer_key PUT /webhooks/v3/{appId}/settings»https://api.hubapi.com/webhooks/v3/${appId}/settings?hapikey=${key}`, { method: "PUT", body });
export const templates = (appId: number) =>
  fetch(`«@developer_key GET /integrators/timeline/v3/{appId}/event-templates»https://api.hubapi.com/integrators/timeline/v3/${appId}/event-templates?hapikey=${key}`);
""",
    ),
    (
        "oauth/exchange.go",
        """package auth

func exchange(form url.Values) (*http.Response, error) {
	return http.PostForm("«@none POST /oauth/v1/token»https://api.hubapi.com/oauth/v1/token", form)
}

func revoke(form url.Values) (*http.Response, error) {
	return http.PostForm("«@none POST /oauth/2026-09/token/revoke»https://api.hubapi.com/oauth/2026-09/token/revoke", form)
}
""",
    ),
    (
        "oauth/whose.php",
        """<?php
$info = json_decode(file_get_contents("«@none GET /oauth/v1/access-tokens/{token}»https://api.hubapi.com/oauth/v1/access-tokens/{$token}"));
""",
    ),
    (
        "forms/submit.py",
        """import requests


def submit(portal_id, form_id, fields):
    url = f"«@none POST /form-integrations/v1/submissions/forms»https://api.hubapi.com/form-integrations/v1/submissions/forms/{portal_id}/{form_id}"
    return requests.post(url, json={"fields": fields})
""",
    ),
    (
        "js/partial_base.js",
        """const api = axios.create({ baseURL: '«~»https://api.hubapi.com/crm/v3', headers: { Authorization: `Bearer ${token}` } });

exports.one = (id) => api.get(`«@bearer GET /crm/v3/objects/contacts/{contactId}»/objects/contacts/${id}`);
exports.all = () => api.get('«@bearer GET /crm/v3/objects/companies»/objects/companies');
exports.owners = () => api.get('«@bearer GET /crm/v3/owners»/owners');
""",
    ),
    (
        "py/joined.py",
        """import requests
from urllib.parse import urljoin

API_HOST = "https://api.hubapi.com/"
CONTACTS = "crm/v3/objects/contacts"


def contacts(token):
    return requests.get(«@bearer GET /crm/v3/objects/contacts»urljoin(API_HOST, CONTACTS), headers={"Authorization": f"Bearer {token}"})
""",
    ),
]
