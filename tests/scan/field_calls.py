"""API calls in the ways of HTTP clients, frameworks and workflow tools, as their documentation shows them.

A shape is a file with one hole for each call; each is written once for each method that it can send.
"""

from dataclasses import dataclass

from planting import Corpus

HOST = "https://api.hubapi.com"
ALL = ("GET", "POST", "PATCH", "PUT", "DELETE")
WRITE = ("POST", "PATCH", "PUT")

# Operations by method; {} is filled in by the caller.
OPERATIONS = {
    "GET": (
        ("/crm/v3/objects/contacts/{contactId}", "/crm/v3/objects/contacts/{}"),
        ("/crm/v3/owners/{ownerId}", "/crm/v3/owners/{}"),
        ("/marketing/v3/forms/{formId}", "/marketing/v3/forms/{}"),
    ),
    "POST": (
        ("/crm/v3/objects/contacts", "/crm/v3/objects/contacts"),
        ("/crm/v3/objects/companies/batch/read", "/crm/v3/objects/companies/batch/read"),
        ("/crm/v3/imports", "/crm/v3/imports"),
    ),
    "PATCH": (
        ("/crm/v3/objects/contacts/{contactId}", "/crm/v3/objects/contacts/{}"),
        ("/crm/v3/objects/companies/{companyId}", "/crm/v3/objects/companies/{}"),
    ),
    "PUT": (
        ("/crm/v3/lists/{listId}/memberships/add", "/crm/v3/lists/{}/memberships/add"),
    ),
    "DELETE": (
        ("/crm/v3/objects/contacts/{contactId}", "/crm/v3/objects/contacts/{}"),
        ("/files/v3/files/{fileId}", "/files/v3/files/{}"),
    ),
}


@dataclass
class Shape:
    """A file: its head, what is written for each call, its tail.

    In `call`, URL is the marked address with its host, PATH the marked path alone, METHOD, Method and method
    the verb, N a number. `fill` is how the language puts a value into a string.
    """

    path: str
    head: str
    call: str
    tail: str = ""
    fill: str = "4711"
    methods: tuple = ALL
    auth: str = "bearer"


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module."""
    for number, shape in enumerate(SHAPES):
        plant(corpus, number, shape)


def plant(corpus: Corpus, number: int, shape: Shape) -> None:
    """Writes the file of a shape."""
    parts = [shape.head]
    for index, method in enumerate(shape.methods):
        pool = OPERATIONS[method]
        template, example = pool[(number + index) % len(pool)]
        mark = f"«@{shape.auth} {method} {template}»"
        path = example.replace("{}", shape.fill)
        text = shape.call
        # A call stands where it is sent; most are written there.
        if "<CALL>" in text:
            text, mark = text.replace("<CALL>", mark), ""
        for name, value in (
            ("URL", mark + HOST + path), ("PATH", mark + path), ("METHOD", method), ("Method", method.capitalize()),
            ("method", method.lower()), ("NUM", str(index)),
        ):
            text = text.replace(f"<{name}>", value)
        parts.append(text)
    parts.append(shape.tail)
    corpus.plant(f"field/{number:03}/{shape.path}", "".join(parts))


SHAPES = [
    # JavaScript and TypeScript
    Shape("api.js", "const H = { Authorization: `Bearer ${process.env.HUBSPOT_TOKEN}` };\n",
          "export async function f<NUM>(id, body) {\n  const url = `<URL>`;\n  console.log('calling', url);\n  const init = { headers: H, body: JSON.stringify(body) };\n  init.method = '<METHOD>';\n  const res = await fetch(url, init);\n  return res.json();\n}\n\n", fill="${id}"),
    Shape("client.ts", "export class HubSpot {\n  constructor(private token: string) {}\n\n  private async request<T>(method: string, path: string, body?: unknown): Promise<T> {\n    const res = await fetch(`https://api.hubapi.com${path}`, {\n      method,\n      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },\n      body: body ? JSON.stringify(body) : undefined,\n    });\n    return (await res.json()) as T;\n  }\n\n",
          "  step<NUM>(id: string, body?: unknown) {\n    return this.request<Answer>('<METHOD>', `<PATH>`, body);\n  }\n\n", "}\n", fill="${id}"),
    Shape("verbs.ts", "import axios, { AxiosInstance } from 'axios';\n\nexport class Crm {\n  private http: AxiosInstance;\n  constructor(token: string) {\n    this.http = axios.create({ baseURL: 'https://api.hubapi.com', headers: { Authorization: `Bearer ${token}` } });\n  }\n\n",
          "  async a<NUM>(id: string, data = {}) {\n    const { data: answer } = await this.http.request({ url: `<PATH>`, method: '<method>', data });\n    return answer;\n  }\n\n", "}\n", fill="${id}"),
    Shape("axios.js", "const axios = require('axios');\nconst headers = { Authorization: 'Bearer ' + process.env.TOKEN };\n",
          "async function call<NUM>(id, data) {\n  const endpoint = '<URL>';\n  const config = {\n    method: '<METHOD>',\n    url: endpoint,\n    headers,\n    data,\n  };\n  return (await axios(config)).data;\n}\n", fill="' + id + '"),
    Shape("got.mjs", "import got from 'got';\n", "await got(`<URL>`, { method: '<METHOD>', headers: { authorization: `Bearer ${token}` }, json: body });\n", fill="${id}"),
    Shape("got_verbs.mjs", "import got from 'got';\nconst client = got.extend({ prefixUrl: 'https://api.hubapi.com', headers: { authorization: `Bearer ${token}` } });\n", "await client.<method>(`<PATH>`).json();\n", fill="${id}"),
    Shape("ky.js", "import ky from 'ky';\nconst api = ky.create({ headers: { Authorization: `Bearer ${token}` } });\n", "await api.<method>('<URL>').json();\n"),
    Shape("superagent.js", "const superagent = require('superagent');\n", "await superagent('<METHOD>', `<URL>`).set('Authorization', `Bearer ${token}`).send(body);\n", fill="${id}"),
    Shape("superagent2.js", "const request = require('superagent');\n", "await request.<method>(`<URL>`)\n  .set('Authorization', `Bearer ${token}`)\n  .send(body);\n", fill="${id}", methods=("GET", *WRITE)),
    Shape("needle.js", "const needle = require('needle');\n", "needle('<method>', `<URL>`, body, { headers: { Authorization: `Bearer ${token}` } });\n", fill="${id}"),
    Shape("https.js", "const https = require('https');\n", "function send<NUM>(id, body, done) {\n  const options = {\n    hostname: 'api.hubapi.com',\n    port: 443,\n    path: `<PATH>`,\n    method: '<METHOD>',\n    headers: { Authorization: `Bearer ${process.env.TOKEN}` },\n  };\n  const req = https.request(options, done);\n  req.write(body);\n  req.end();\n}\n", fill="${id}"),
    Shape("undici.js", "import { request } from 'undici';\n", "const r<NUM> = await request(`<URL>`, { method: '<METHOD>', headers: { authorization: `Bearer ${token}` } });\n", fill="${id}"),
    Shape("request.js", "const request = require('request-promise');\n", "module.exports.m<NUM> = (id, body) => request({\n  uri: `<URL>`,\n  json: true,\n  body,\n  method: '<METHOD>',\n  auth: { bearer: process.env.HUBSPOT_TOKEN },\n});\n", fill="${id}"),
    Shape("xhr.js", "", "var xhr<NUM> = new XMLHttpRequest();\nxhr<NUM>.open('<METHOD>', '<URL>', true);\nxhr<NUM>.setRequestHeader('Authorization', 'Bearer ' + token);\nxhr<NUM>.send(body);\n"),
    Shape("jquery.js", "", "$.ajax({\n  url: '<URL>',\n  headers: { Authorization: 'Bearer ' + token },\n  dataType: 'json',\n  type: '<METHOD>',\n  success: function (data) { show(data); },\n});\n", fill="' + id + '"),
    Shape("hubspot.service.ts", "@Injectable()\nexport class HubspotService {\n  private base = 'https://api.hubapi.com';\n  constructor(private http: HttpClient) {}\n  private opts = { headers: { Authorization: `Bearer ${environment.token}` } };\n\n",
          "  go<NUM>(id: string, body: any): Observable<any> {\n    return this.http.<method><any>(`${this.base}<PATH>`, body, this.opts);\n  }\n\n", "}\n", fill="${id}"),
    Shape("action.js", "const axios = require('axios');\nexports.main = async (event, callback) => {\n  const token = process.env.HUBSPOT_TOKEN;\n  const headers = { Authorization: `Bearer ${token}` };\n", "  await axios.<method>(`<URL>`, payload, { headers });\n", "  callback({ outputFields: {} });\n};\n", fill="${event.object.objectId}", methods=WRITE),
    Shape("Code.gs", "", "function run<NUM>(id) {\n  var url = '<URL>';\n  var params = {\n    'method': '<method>',\n    'contentType': 'application/json',\n    'headers': { 'Authorization': 'Bearer ' + PropertiesService.getScriptProperties().getProperty('TOKEN') },\n    'payload': JSON.stringify({}),\n  };\n  var response = UrlFetchApp.fetch(url, params);\n  return JSON.parse(response.getContentText());\n}\n", fill="' + id + '"),
    Shape("worker.ts", "export default {\n  async fetch(request: Request, env: Env) {\n", "    const r<NUM> = new Request(`<URL>`, { method: '<METHOD>', headers: { Authorization: `Bearer ${env.HUBSPOT_TOKEN}` } });\n    await fetch(r<NUM>);\n", "  },\n};\n", fill="${id}"),
    Shape("table.js", "const METHODS = { read: 'GET' };\nconst hubspotHeaders = { authorization: `Bearer ${process.env.HUBSPOT_TOKEN}` };\nconst send = (method, url, body) => fetch(url, { method, body, headers: hubspotHeaders });\n", "const ENDPOINT_<NUM> = '<URL>';\nexport const step<NUM> = (body) => send('<METHOD>', ENDPOINT_<NUM>, body);\n"),
    Shape("arrow.ts", "const hubspotFetch = async (path: string, init: RequestInit = {}) =>\n  fetch('https://api.hubapi.com' + path, { ...init, headers: { Authorization: `Bearer ${TOKEN}` } });\n\n", "export const one<NUM> = (id: string) => hubspotFetch(`<PATH>`, { method: '<METHOD>' });\n", fill="${id}"),
    Shape("default_get.ts", "const hubspotFetch = async (path: string, init: RequestInit = {}) =>\n  fetch('https://api.hubapi.com' + path, { ...init, headers: { Authorization: `Bearer ${TOKEN}` } });\n\n", "export const one<NUM> = (id: string) => hubspotFetch(`<PATH>`);\n", fill="${id}", methods=("GET",)),
    Shape("k6.js", "import http from 'k6/http';\n\nexport default function () {\n  const params = { headers: { Authorization: `Bearer ${__ENV.TOKEN}` } };\n", "  http.<method>('<URL>', JSON.stringify({}), params);\n", "}\n", methods=WRITE),
    Shape("cypress.cy.js", "", "cy.request({ method: '<METHOD>', url: '<URL>', auth: { bearer: Cypress.env('TOKEN') } });\n"),
    Shape("pipedream.mjs", "import { axios } from '@pipedream/platform';\nexport default defineComponent({\n  props: { hubspot: { type: 'app', app: 'hubspot' } },\n  async run({ steps, $ }) {\n", "    await axios($, {\n      method: '<METHOD>',\n      url: `<URL>`,\n      headers: { Authorization: `Bearer ${this.hubspot.$auth.oauth_access_token}` },\n    });\n", "  },\n});\n"),
    Shape("zapier.js", "const perform = async (z, bundle) => {\n", "  await z.request('<URL>', {\n    body: bundle.inputData,\n    headers: { Authorization: `Bearer ${bundle.authData.access_token}` },\n    method: '<METHOD>',\n  });\n", "};\nmodule.exports = { perform };\n"),
    Shape("switch.ts", "async function api(path: string, { method = 'GET', body }: { method?: string; body?: unknown } = {}) {\n  return fetch(`https://api.hubapi.com${path}`, { method, headers: { authorization: `Bearer ${t}` }, body: JSON.stringify(body) });\n}\n", "await api(`<PATH>`, { method: '<METHOD>', body });\n", fill="${id}"),
    # Python
    Shape("client.py", "import requests\n\n\nclass HubSpot:\n    base = 'https://api.hubapi.com'\n\n    def __init__(self, token):\n        self.session = requests.Session()\n        self.session.headers['Authorization'] = f'Bearer {token}'\n\n    def _request(self, method, path, **kwargs):\n        response = self.session.request(method, self.base + path, timeout=30, **kwargs)\n        response.raise_for_status()\n        return response.json()\n\n", "    def step_<NUM>(self, id, body=None):\n        return self._request('<METHOD>', f'<PATH>', json=body)\n\n", fill="{id}"),
    Shape("lower.py", "import requests\n\n\ndef api(verb, path, body=None):\n    call = getattr(requests, verb)\n    return call('https://api.hubapi.com' + path, headers={'Authorization': 'Bearer ' + TOKEN}, json=body)\n\n\n", "api('<method>', f'<PATH>')\n", fill="{id}"),
    Shape("keyword.py", "import requests\n\n", "requests.request(url=f'<URL>', method='<METHOD>', headers={'Authorization': f'Bearer {TOKEN}'})\n", fill="{id}"),
    Shape("far.py", "import requests\n\n", "def run_<NUM>(id, rows):\n    url = f'<URL>'\n    headers = {\n        'Authorization': f'Bearer {TOKEN}',\n        'Content-Type': 'application/json',\n    }\n    done = []\n    for row in rows:\n        payload = {'properties': {}}\n        for key, value in row.items():\n            if value is None:\n                continue\n            payload['properties'][key] = str(value)\n        log.info('sending %s to %s', row, url)\n        answer = requests.<method>(url, headers=headers, json=payload)\n        if answer.status_code == 429:\n            time.sleep(10)\n        done.append(answer.json())\n    return done\n\n\n", fill="{id}"),
    Shape("httpx_async.py", "import httpx\n\n\nasync def main(token, id):\n    async with httpx.AsyncClient(base_url='https://api.hubapi.com', headers={'Authorization': f'Bearer {token}'}) as client:\n", "        r<NUM> = await client.<method>(f'<PATH>')\n", fill="{id}"),
    Shape("httpx_request.py", "import httpx\n", "httpx.request('<METHOD>', '<URL>', headers={'Authorization': f'Bearer {t}'})\n"),
    Shape("httpclient.py", "import http.client\n\nconn = http.client.HTTPSConnection('api.hubapi.com')\nheaders = {'authorization': f'Bearer {TOKEN}'}\n", "conn.request('<METHOD>', '<PATH>', payload, headers)\n"),
    Shape("urllib3_pool.py", "import urllib3\nhttp = urllib3.PoolManager()\n", "http.request('<METHOD>', '<URL>', headers={'Authorization': 'Bearer ' + TOKEN})\n"),
    Shape("urllib_get.py", "import urllib.request\n", "req<NUM> = urllib.request.Request('<URL>', headers={'Authorization': 'Bearer ' + TOKEN})\nurllib.request.urlopen(req<NUM>)\n", methods=("GET",)),
    Shape("urllib_post.py", "import json, urllib.request\n", "req<NUM> = urllib.request.Request('<URL>', data=json.dumps(body).encode(), headers={'Authorization': 'Bearer ' + TOKEN})\nurllib.request.urlopen(req<NUM>)\n", methods=("POST",)),
    Shape("aiohttp_request.py", "import aiohttp\n", "async def f<NUM>(session, id):\n    async with session.request('<METHOD>', f'<URL>', headers={'Authorization': f'Bearer {TOKEN}'}) as r:\n        return await r.json()\n\n", fill="{id}"),
    Shape("constants.py", "import requests\n\nBASE = 'https://api.hubapi.com'\nHEADERS = {'Authorization': f'Bearer {TOKEN}'}\n", "PATH_<NUM> = '<PATH>'\n\n\ndef go_<NUM>(body):\n    return requests.<method>(f'<CALL>{BASE}{PATH_<NUM>}', headers=HEADERS, json=body)\n\n\n"),
    Shape("locustfile.py", "from locust import HttpUser, task\n\n\nclass Crm(HttpUser):\n    host = 'https://api.hubapi.com'\n\n    def on_start(self):\n        self.client.headers['Authorization'] = 'Bearer ' + TOKEN\n\n", "    @task\n    def t<NUM>(self):\n        self.client.<method>('<PATH>')\n\n"),
    Shape("returned.py", "import requests\nH = {'Authorization': f'Bearer {TOKEN}'}\n\n", "def url_<NUM>(id):\n    return f'<URL>'\n\n\ndef send_<NUM>(id, body):\n    return requests.<method>(<CALL>url_<NUM>(id), json=body, headers=H)\n\n\n", fill="{id}"),
    Shape("django/views.py", "import requests\nfrom django.conf import settings\n\n", "def view_<NUM>(request, pk):\n    endpoint = '<URL>'.format(pk)\n    r = requests.<method>(\n        endpoint,\n        headers={'Authorization': 'Bearer %s' % settings.HUBSPOT_TOKEN},\n    )\n    return JsonResponse(r.json())\n\n\n", fill="{}"),
    # PHP
    Shape("Client.php", "<?php\n\nclass HubSpotClient\n{\n    private function request(string $method, string $path, ?array $body = null): array\n    {\n        $ch = curl_init('https://api.hubapi.com' . $path);\n        curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);\n        curl_setopt($ch, CURLOPT_HTTPHEADER, ['Authorization: Bearer ' . $this->token]);\n        curl_setopt($ch, CURLOPT_CUSTOMREQUEST, $method);\n        return json_decode(curl_exec($ch), true);\n    }\n\n", "    public function step<NUM>(string $id): array\n    {\n        return $this->request('<METHOD>', \"<PATH>\");\n    }\n\n", "}\n", fill="{$id}"),
    Shape("curl.php", "<?php\n", "function call<NUM>($id, $data, $token) {\n    $url = '<URL>';\n    $curl = curl_init();\n    curl_setopt($curl, CURLOPT_URL, $url);\n    curl_setopt($curl, CURLOPT_RETURNTRANSFER, 1);\n    curl_setopt($curl, CURLOPT_HTTPHEADER, array('Authorization: Bearer ' . $token));\n    curl_setopt($curl, CURLOPT_CUSTOMREQUEST, '<METHOD>');\n    $out = curl_exec($curl);\n    curl_close($curl);\n    return $out;\n}\n", fill="' . $id . '"),
    Shape("curl_array.php", "<?php\n", "$curl = curl_init();\ncurl_setopt_array($curl, array(\n  CURLOPT_URL => \"<URL>\",\n  CURLOPT_RETURNTRANSFER => true,\n  CURLOPT_TIMEOUT => 30,\n  CURLOPT_CUSTOMREQUEST => \"<METHOD>\",\n  CURLOPT_HTTPHEADER => array(\"authorization: Bearer $token\"),\n));\n$response = curl_exec($curl);\n\n"),
    Shape("curl_post.php", "<?php\nfunction a($data, $token) {\n", "    $ch = curl_init('<URL>');\n    curl_setopt($ch, CURLOPT_HTTPHEADER, ['Authorization: Bearer ' . $token]);\n    curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($data));\n    curl_exec($ch);\n", "}\n", methods=("POST",)),
    Shape("wp.php", "<?php\n", "function hs_<NUM>($id) {\n    $args = array(\n        'method'  => '<METHOD>',\n        'headers' => array('Authorization' => 'Bearer ' . get_option('hubspot_token')),\n    );\n    return wp_remote_request('<URL>', $args);\n}\n"),
    Shape("wp_verbs.php", "<?php\n", "$r<NUM> = wp_remote_<method>('<URL>', ['headers' => ['Authorization' => 'Bearer ' . $token]]);\n", methods=("GET", "POST")),
    Shape("guzzle.php", "<?php\nuse GuzzleHttp\\Client;\nuse GuzzleHttp\\Psr7\\Request;\n$client = new Client();\n$headers = ['Authorization' => \"Bearer $token\"];\n", "$request<NUM> = new Request('<METHOD>', '<URL>', $headers);\n$client->sendAsync($request<NUM>)->wait();\n"),
    Shape("guzzle_verbs.php", "<?php\n$client = new \\GuzzleHttp\\Client(['base_uri' => 'https://api.hubapi.com', 'headers' => ['Authorization' => 'Bearer ' . $t]]);\n", "$client-><method>(\"<PATH>\", ['json' => $body]);\n", fill="$id"),
    Shape("symfony.php", "<?php\n", "$response<NUM> = $this->client->request('<METHOD>', '<URL>', ['auth_bearer' => $this->token]);\n"),
    Shape("laravel.php", "<?php\nuse Illuminate\\Support\\Facades\\Http;\n", "Http::withHeaders(['Authorization' => 'Bearer ' . config('hubspot.token')])\n    -><method>(\"<URL>\", $data);\n", fill="{$id}"),
    Shape("stream.php", "<?php\n", "$opts = ['http' => ['header' => \"Authorization: Bearer $token\", 'method' => '<METHOD>', 'content' => $json]];\n$result = file_get_contents('<URL>', false, stream_context_create($opts));\n"),
    # Ruby
    Shape("client.rb", "class Crm\n  include HTTParty\n  base_uri 'https://api.hubapi.com'\n  headers 'Authorization' => \"Bearer #{ENV['HUBSPOT_TOKEN']}\"\n\n", "  def step_<NUM>(id)\n    self.class.<method>(\"<PATH>\")\n  end\n\n", "end\n", fill="#{id}"),
    Shape("faraday.rb", "conn = Faraday.new('https://api.hubapi.com', headers: { 'Authorization' => \"Bearer #{token}\" })\n", "conn.run_request(:<method>, \"<PATH>\", body, nil)\n", fill="#{id}"),
    Shape("rest.rb", "", "RestClient::Request.execute(\n  method: :<method>,\n  url: \"<URL>\",\n  headers: { Authorization: \"Bearer #{token}\" }\n)\n", fill="#{id}"),
    Shape("typhoeus.rb", "", "Typhoeus::Request.new(\"<URL>\", method: :<method>, headers: { Authorization: \"Bearer #{token}\" }).run\n", fill="#{id}"),
    Shape("net.rb", "require 'net/http'\n", "def s<NUM>(id, token)\n  uri = URI.parse(\"<URL>\")\n  http = Net::HTTP.new(uri.host, uri.port)\n  http.use_ssl = true\n  req = Net::HTTP::<Method>.new(uri.request_uri, 'Authorization' => \"Bearer #{token}\")\n  http.request(req)\nend\n\n", fill="#{id}"),
    Shape("helper.rb", "def hubspot(verb, path, body = nil)\n  HTTParty.send(verb, \"https://api.hubapi.com#{path}\", body: body, headers: { 'Authorization' => \"Bearer #{TOKEN}\" })\nend\n\n", "hubspot(:<method>, \"<PATH>\")\n", fill="#{id}"),
    # The Java family
    Shape("Client.java", "class Client {\n  private final HttpClient http = HttpClient.newHttpClient();\n\n  private String send(String method, String path, String body) throws Exception {\n    HttpRequest r = HttpRequest.newBuilder(URI.create(\"https://api.hubapi.com\" + path))\n        .header(\"Authorization\", \"Bearer \" + token)\n        .method(method, HttpRequest.BodyPublishers.ofString(body))\n        .build();\n    return http.send(r, HttpResponse.BodyHandlers.ofString()).body();\n  }\n\n", "  String step<NUM>(String id) throws Exception {\n    return send(\"<METHOD>\", \"<PATH>\", \"{}\");\n  }\n\n", "}\n", fill='" + id + "'),
    Shape("Apache.java", "class Apache {\n", "  void a<NUM>(String id) throws Exception {\n    Http<Method> request = new Http<Method>(\"<URL>\");\n    request.setHeader(\"Authorization\", \"Bearer \" + token);\n    client.execute(request);\n  }\n\n", "}\n", fill='" + id + "'),
    Shape("Spring.java", "class Spring {\n", "  Map<?, ?> b<NUM>(String id) {\n    HttpHeaders headers = new HttpHeaders();\n    headers.setBearerAuth(token);\n    HttpEntity<String> entity = new HttpEntity<>(\"{}\", headers);\n    return restTemplate.exchange(\"<URL>\", HttpMethod.<METHOD>, entity, Map.class).getBody();\n  }\n\n", "}\n", fill='" + id + "'),
    Shape("Reactive.java", "class Reactive {\n  WebClient web = WebClient.builder().baseUrl(\"https://api.hubapi.com\").defaultHeader(\"Authorization\", \"Bearer \" + token).build();\n\n", "  Mono<String> c<NUM>() {\n    return web.<method>().uri(\"<PATH>\").retrieve().bodyToMono(String.class);\n  }\n\n", "}\n"),
    Shape("Ok.java", "class Ok {\n", "  Response d<NUM>(RequestBody body) throws IOException {\n    Request request = new Request.Builder()\n        .url(\"<URL>\")\n        .header(\"Authorization\", \"Bearer \" + token)\n        .method(\"<METHOD>\", body)\n        .build();\n    return client.newCall(request).execute();\n  }\n\n", "}\n"),
    Shape("OkGet.java", "class OkGet {\n", "  Response e<NUM>() throws IOException {\n    Request request = new Request.Builder().url(\"<URL>\").addHeader(\"Authorization\", \"Bearer \" + token).build();\n    return client.newCall(request).execute();\n  }\n\n", "}\n", methods=("GET",)),
    Shape("Url.java", "class Url {\n", "  void g<NUM>() throws IOException {\n    URL url = new URL(\"<URL>\");\n    HttpURLConnection conn = (HttpURLConnection) url.openConnection();\n    conn.setRequestProperty(\"Authorization\", \"Bearer \" + token);\n    conn.setRequestMethod(\"<METHOD>\");\n    conn.getResponseCode();\n  }\n\n", "}\n"),
    Shape("Api.java", "interface Api {\n  // HubSpot: base URL https://api.hubapi.com\n", "  @<METHOD>(\"<PATH>\")\n  Call<Answer> h<NUM>(@Header(\"Authorization\") String bearer, @Body Body body);\n\n", "}\n", fill="{id}", methods=WRITE),
    Shape("Uni.java", "class Uni {\n", "  void i<NUM>() {\n    Unirest.<method>(\"<URL>\").header(\"Authorization\", \"Bearer \" + token).asJson();\n  }\n\n", "}\n"),
    Shape("Jersey.java", "class Jersey {\n  WebTarget target = ClientBuilder.newClient().target(\"https://api.hubapi.com\");\n", "  Response j<NUM>(Entity<?> e) {\n    return target.path(\"<PATH>\").request().header(\"Authorization\", \"Bearer \" + t).method(\"<METHOD>\", e);\n  }\n\n", "}\n"),
    Shape("Calls.kt", "class Calls(private val token: String) {\n", "    fun k<NUM>(body: RequestBody): Response {\n        val request = Request.Builder()\n            .url(\"<URL>\")\n            .addHeader(\"Authorization\", \"Bearer $token\")\n            .<method>(body)\n            .build()\n        return client.newCall(request).execute()\n    }\n\n", "}\n", methods=WRITE),
    Shape("Ktor.kt", "", "suspend fun l<NUM>() = client.request(\"<URL>\") {\n    method = HttpMethod.<Method>\n    bearerAuth(token)\n}\n\n"),
    Shape("Calls.scala", "object Calls {\n", "  def m<NUM>() = basicRequest.auth.bearer(token).<method>(uri\"<URL>\").send(backend)\n", "}\n"),
    Shape("hubspot.groovy", "", "def n<NUM> = new URL('<URL>').openConnection()\nn<NUM>.requestMethod = '<METHOD>'\nn<NUM>.setRequestProperty('Authorization', \"Bearer ${token}\")\n"),
    # Go
    Shape("client.go", "package crm\n\nimport \"net/http\"\n\nconst base = \"https://api.hubapi.com\"\n\nfunc (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {\n\treq, err := http.NewRequestWithContext(ctx, method, base+path, body)\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treq.Header.Set(\"Authorization\", \"Bearer \"+c.token)\n\treturn c.http.Do(req)\n}\n\n", "func (c *Client) Step<NUM>(ctx context.Context, id string) (*http.Response, error) {\n\treturn c.do(ctx, http.Method<Method>, \"<PATH>\", nil)\n}\n\n", fill='"+id+"'),
    Shape("sprintf.go", "package crm\n\n", "func s<NUM>(id string) error {\n\tendpoint := fmt.Sprintf(\"<URL>\", id)\n\treq, err := http.NewRequest(\"<METHOD>\", endpoint, nil)\n\tif err != nil {\n\t\treturn err\n\t}\n\treq.Header.Add(\"Authorization\", fmt.Sprintf(\"Bearer %s\", token))\n\t_, err = http.DefaultClient.Do(req)\n\treturn err\n}\n\n", fill="%s"),
    Shape("resty.go", "package crm\n\nvar client = resty.New().SetBaseURL(\"https://api.hubapi.com\").SetAuthToken(token)\n\n", "func r<NUM>() { client.R().SetBody(body).<Method>(\"<PATH>\") }\n"),
    Shape("constants.go", "package crm\n\n", "const path<NUM> = \"<PATH>\"\n\nfunc c<NUM>() {\n\treq, _ := http.NewRequest(\"<METHOD>\", <CALL>\"https://api.hubapi.com\"+path<NUM>, nil)\n\treq.Header.Set(\"Authorization\", \"Bearer \"+os.Getenv(\"HUBSPOT_TOKEN\"))\n}\n\n"),
    # C#
    Shape("Client.cs", "class Client\n{\n    private async Task<T> Send<T>(HttpMethod method, string path, object body = null)\n    {\n        var request = new HttpRequestMessage(method, \"https://api.hubapi.com\" + path);\n        request.Headers.Authorization = new AuthenticationHeaderValue(\"Bearer\", _token);\n        var response = await _http.SendAsync(request);\n        return await response.Content.ReadFromJsonAsync<T>();\n    }\n\n", "    public Task<Answer> Step<NUM>(string id) => Send<Answer>(HttpMethod.<Method>, $\"<PATH>\");\n\n", "}\n", fill="{id}"),
    Shape("Verbs.cs", "class Verbs\n{\n", "    public async Task A<NUM>(string id, HttpContent content)\n    {\n        var url = $\"<URL>\";\n        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(\"Bearer\", _token);\n        var answer = await _http.<Method>Async(url, content);\n    }\n\n", "}\n", fill="{id}", methods=WRITE),
    Shape("Rest.cs", "class Rest\n{\n    RestClient client = new RestClient(\"https://api.hubapi.com\");\n\n", "    public async Task B<NUM>()\n    {\n        var request = new RestRequest(\"<PATH>\", Method.<Method>);\n        request.AddHeader(\"Authorization\", $\"Bearer {_token}\");\n        await client.ExecuteAsync(request);\n    }\n\n", "}\n"),
    Shape("Flurl.cs", "class Flurl\n{\n", "    public Task C<NUM>() => \"<URL>\".WithOAuthBearerToken(_token).<Method>JsonAsync(body);\n\n", "}\n", methods=WRITE),
    Shape("IApi.cs", "// Refit, HubSpot: https://api.hubapi.com\ninterface IApi\n{\n", "    [<Method>(\"<PATH>\")]\n    Task<Answer> D<NUM>([Authorize(\"Bearer\")] string token);\n\n", "}\n", fill="{id}"),
    # Others
    Shape("calls.rs", "async fn run(client: &reqwest::Client, token: &str) -> reqwest::Result<()> {\n", "    client.request(Method::<METHOD>, \"<URL>\").bearer_auth(token).send().await?;\n", "    Ok(())\n}\n"),
    Shape("Calls.swift", "", "func o<NUM>() async throws {\n    var request = URLRequest(url: URL(string: \"<URL>\")!)\n    request.httpMethod = \"<METHOD>\"\n    request.setValue(\"Bearer \\(token)\", forHTTPHeaderField: \"Authorization\")\n    _ = try await URLSession.shared.data(for: request)\n}\n\n"),
    Shape("calls.dart", "import 'package:http/http.dart' as http;\n", "final p<NUM> = await http.<method>(Uri.parse('<URL>'), headers: {'Authorization': 'Bearer $token'});\n"),
    Shape("calls.ex", "defmodule Crm do\n", "  def q<NUM>(token), do: Req.<method>!(\"<URL>\", auth: {:bearer, token})\n", "end\n"),
    Shape("calls.clj", "(ns crm (:require [clj-http.client :as client]))\n", "(client/<method> \"<URL>\" {:oauth-token token})\n", methods=("GET", *WRITE)),
    Shape("calls.pl", "use LWP::UserAgent;\n", "my $req<NUM> = HTTP::Request->new('<METHOD>', '<URL>');\n$req<NUM>->header('Authorization' => \"Bearer $token\");\n$ua->request($req<NUM>);\n\n"),
    Shape("calls.R", "library(httr)\n", "s<NUM> <- <METHOD>(paste0('<URL>'), add_headers(Authorization = paste('Bearer', token)))\n"),
    Shape("calls2.R", "library(httr2)\n", "request('<URL>') |>\n  req_auth_bearer_token(token) |>\n  req_method('<METHOD>') |>\n  req_perform()\n\n"),
    Shape("Calls.ps1", "$headers = @{ Authorization = \"Bearer $env:HUBSPOT_TOKEN\" }\n", "Invoke-RestMethod -Uri '<URL>' -Method <Method> -Headers $headers\n"),
    Shape("Splat.ps1", "", "$params = @{\n    Uri     = '<URL>'\n    Method  = '<METHOD>'\n    Headers = @{ Authorization = \"Bearer $token\" }\n}\nInvoke-RestMethod @params\n\n"),
    Shape("Crm.cls", "public class Crm {\n", "    public static void t<NUM>() {\n        HttpRequest req = new HttpRequest();\n        req.setEndpoint('<URL>');\n        req.setHeader('Authorization', 'Bearer ' + token);\n        req.setMethod('<METHOD>');\n        new Http().send(req);\n    }\n", "}\n"),
    Shape("calls.bas", "", "Sub U<NUM>()\n    Dim http As Object\n    Set http = CreateObject(\"MSXML2.XMLHTTP\")\n    http.Open \"<METHOD>\", \"<URL>\", False\n    http.setRequestHeader \"Authorization\", \"Bearer \" & token\n    http.send\nEnd Sub\n\n"),
    # Shell and settings
    Shape("calls.sh", "#!/usr/bin/env bash\nset -euo pipefail\n\nhubspot() {\n  local method=\"$1\" path=\"$2\"\n  shift 2\n  curl -sS -X \"$method\" \"https://api.hubapi.com$path\" -H \"Authorization: Bearer $HUBSPOT_TOKEN\" \"$@\"\n}\n\n", "hubspot <METHOD> \"<PATH>\"\n", fill="${ID}"),
    Shape("lines.sh", "#!/bin/sh\n", "curl --silent \\\n  --url '<URL>' \\\n  --header \"Authorization: Bearer $TOKEN\" \\\n  --request <METHOD>\n\n"),
    Shape("variable.sh", "#!/bin/bash\n", "ENDPOINT_<NUM>=\"<URL>\"\necho \"calling\"\ncurl -s -H \"Authorization: Bearer $TOKEN\" -X<METHOD> \"$ENDPOINT_<NUM>\"\n"),
    Shape("json.sh", "#!/bin/sh\n", "curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' --data-raw '{}' '<URL>'\n", methods=("POST",)),
    Shape("wget.sh", "#!/bin/sh\n", "wget --method=<METHOD> --header=\"Authorization: Bearer $TOKEN\" -O- '<URL>'\n"),
    Shape("httpie.sh", "#!/bin/sh\n", "http <METHOD> '<URL>' \"Authorization:Bearer $TOKEN\"\n"),
    Shape("Makefile", "", "call<NUM>:\n\tcurl -X <METHOD> -H \"Authorization: Bearer $$TOKEN\" '<URL>'\n\n"),
    Shape("playbook.yml", "- hosts: localhost\n  tasks:\n", "    - name: call <NUM>\n      ansible.builtin.uri:\n        url: <URL>\n        method: <METHOD>\n        headers:\n          Authorization: \"Bearer {{ token }}\"\n"),
    Shape(".github/workflows/sync.yml", "jobs:\n  sync:\n    steps:\n", "      - name: call <NUM>\n        run: |\n          curl -X <METHOD> <URL> \\\n            -H \"Authorization: Bearer ${{ secrets.HUBSPOT_TOKEN }}\"\n"),
    Shape("artillery.yml", "config:\n  target: https://api.hubapi.com\nscenarios:\n  - flow:\n", "      - <method>:\n          url: \"<PATH>\"\n          headers:\n            Authorization: \"Bearer {{ token }}\"\n"),
    Shape("requests.http", "@token = x\n\n", "### <NUM>\n<METHOD> <URL>\nAuthorization: Bearer {{token}}\n\n"),
    Shape("docs/notes.md", "# How we call it\n\n", "```bash\ncurl -X <METHOD> '<URL>' -H \"Authorization: Bearer $TOKEN\"\n```\n\n"),
]
