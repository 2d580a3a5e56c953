"""Whole programs in which the method stands far from the URL, or in another function."""

from planting import Corpus


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module."""
    for path, text in PROGRAMS:
        corpus.plant(f"field/programs/{path}", text)


PROGRAMS = [
    (
        "upsert.js",
        '''import { hubspotConfig } from './config';
const { baseUrl, token } = hubspotConfig;
export async function upsertContact(contact) {
  const existing = await find(contact.email);
  const method = existing ? 'PATCH' : 'POST';
  let url = '«@bearer POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts';
  if (existing) url += `/${existing.id}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ properties: contact }),
  });
  return response.json();
}
export const patch = (id, p) => axios.patch(`«@bearer PATCH /crm/v3/objects/contacts/{contactId}»https://api.hubapi.com/crm/v3/objects/contacts/${id}`, { properties: p }, { headers: { Authorization: `Bearer ${token}` } });
''',
    ),
    (
        "table.py",
        '''import requests
class HubspotHook(HttpHook):
    def get_conn(self): ...
class Api:
    ENDPOINTS = {
        "list": ("GET", "«@unknown GET /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts"),
        "create": ("POST", "«@unknown POST /crm/v3/objects/companies»https://api.hubapi.com/crm/v3/objects/companies"),
        "delete": ("DELETE", "«@unknown DELETE /crm/v3/objects/contacts/{contactId}»https://api.hubapi.com/crm/v3/objects/contacts/{id}"),
    }
    def call(self, name, **kw):
        method, url = self.ENDPOINTS[name]
        return requests.request(method, url.format(**kw))
''',
    ),
    (
        "api.rb",
        '''module Hubspot
  class Api
    BASE = 'https://api.hubapi.com'.freeze
    def create(props)
      post('«@unknown POST /crm/v3/objects/contacts»/crm/v3/objects/contacts', properties: props)
    end
    def all
      get '«@unknown GET /crm/v3/objects/companies»/crm/v3/objects/companies', limit: 100
    end
    private
    def post(path, body)
      connection.post(path) { |r| r.body = body.to_json }
    end
    def get(path, params = {})
      connection.get(path, params)
    end
  end
end
''',
    ),
    (
        "Lists.php",
        '''<?php
namespace App\\HubSpot;
class Lists {
    public function add($id, array $ids) {
        return $this->client->put("«@bearer PUT /crm/v3/lists/{listId}/memberships/add»crm/v3/lists/{$id}/memberships/add", ['json' => $ids]);
    }
    public function drop(string $id): void {
        $this->send('DELETE', sprintf('«@bearer DELETE /crm/v3/objects/contacts/{contactId}»/crm/v3/objects/contacts/%s', $id));
    }
    public function create(array $p) {
        $response = Http::withToken($this->token)->acceptJson()->baseUrl('https://api.hubapi.com')->post('«@bearer POST /crm/v3/objects/contacts»/crm/v3/objects/contacts', ['properties' => $p]);
    }
    private function send(string $verb, string $uri) { return $this->guzzle->request($verb, $uri); }
}
''',
    ),
    (
        "client.go",
        '''package hubspot
import ("net/http";"fmt")
const contactsPath = "/crm/v3/objects/contacts"
type Client struct{ baseURL string }
func New() *Client { return &Client{baseURL: "https://api.hubapi.com"} }
func (c *Client) GetContact(id string) error {
	req, err := c.newRequest(http.MethodGet, «@unknown GET /crm/v3/objects/contacts/{contactId}»fmt.Sprintf("%s/%s", contactsPath, id), nil)
	return c.do(req, err)
}
func (c *Client) Update(id string) error {
	url := c.baseURL + "«@unknown PATCH /crm/v3/objects/companies/{companyId}»/crm/v3/objects/companies/" + id
	req, _ := http.NewRequest("PATCH", url, nil)
	return c.do(req, nil)
}
func (c *Client) newRequest(method, path string, body any) (*http.Request, error) {
	return http.NewRequest(method, c.baseURL+path, nil)
}
''',
    ),
    (
        "HubSpotService.cs",
        '''public class HubSpotService {
  private const string ContactsUrl = "https://api.hubapi.com/crm/v3/objects/contacts";
  public async Task<string> Create(object body) {
    using var request = new HttpRequestMessage(HttpMethod.Post, «@unknown POST /crm/v3/objects/contacts»ContactsUrl) { Content = JsonContent.Create(body) };
    return await Send(request);
  }
  public Task<string> Owners() => _http.GetStringAsync("«@unknown GET /crm/v3/owners»https://api.hubapi.com/crm/v3/owners");
  public async Task Remove(string id) {
    var url = string.Format("«@unknown DELETE /crm/v3/objects/companies/{companyId}»https://api.hubapi.com/crm/v3/objects/companies/{0}", id);
    var request = new RestRequest(url);
    request.Method = Method.Delete;
    await _client.ExecuteAsync(request);
  }
}
''',
    ),
    (
        "HubSpotClient.java",
        '''public class HubSpotClient {
  private static final String BASE = "https://api.hubapi.com";
  public Contact get(String id) { return rest.getForObject(BASE + "«@unknown GET /crm/v3/objects/contacts/{contactId}»/crm/v3/objects/contacts/{id}", Contact.class, id); }
  public Contact create(Contact c) { return rest.postForEntity(BASE + "«@unknown POST /crm/v3/objects/contacts»/crm/v3/objects/contacts", c, Contact.class).getBody(); }
  public void update(String id, Contact c) {
    String url = UriComponentsBuilder.fromHttpUrl(BASE + "«@unknown PATCH /crm/v3/objects/companies/{companyId}»/crm/v3/objects/companies/" + id).toUriString();
    HttpPatch patch = new HttpPatch(url);
    patch.setEntity(new StringEntity("{}"));
    client.execute(patch);
  }
}
''',
    ),
    (
        "endpoints.ts",
        '''import type { HttpMethod } from './types';
enum Endpoint { Search = '«@bearer POST /crm/v3/objects/contacts/search»/crm/v3/objects/contacts/search', Owners = '«@bearer GET /crm/v3/owners»/crm/v3/owners' }
const api = <T>(method: HttpMethod, endpoint: string, body?: unknown): Promise<T> =>
  ofetch<T>(endpoint, { baseURL: 'https://api.hubapi.com', method, body, headers: { Authorization: `Bearer ${process.env.HUBSPOT}` } });
export const search = (q: string) => api('POST', Endpoint.Search, { query: q });
export const owners = () => api('GET', Endpoint.Owners);
''',
    ),
    (
        "send.js",
        '''const hubspot = { base: 'https://api.hubapi.com' };
const http = {
  async send({ path, verb = 'GET', payload }) {
    return fetch(hubspot.base + path, { method: verb, body: payload && JSON.stringify(payload) });
  },
};
exports.create = (p) => http.send({ path: '«@unknown POST /crm/v3/objects/contacts»/crm/v3/objects/contacts', verb: 'POST', payload: p });
exports.remove = (id) => http.send({ path: `«@unknown DELETE /crm/v3/objects/contacts/{contactId}»/crm/v3/objects/contacts/${id}`, verb: 'DELETE' });
exports.one = (id) => http.send({ path: `«@unknown GET /crm/v3/objects/companies/{companyId}»/crm/v3/objects/companies/${id}` });
''',
    ),
    (
        "calls.sh",
        '''#!/usr/bin/env bash
API="https://api.hubapi.com"
auth=(-H "Authorization: Bearer $HUBSPOT_TOKEN")
post() { curl -s "${auth[@]}" -X POST "$API$1" -d "$2"; }
get() { curl -s "${auth[@]}" "$API$1"; }
post «@bearer POST /crm/v3/objects/contacts»/crm/v3/objects/contacts '{"properties":{}}'
get "«@bearer GET /crm/v3/objects/companies»/crm/v3/objects/companies?limit=1"
''',
    ),
    (
        "airflow.py",
        '''from airflow.providers.http.operators.http import SimpleHttpOperator
create = SimpleHttpOperator(task_id="create", http_conn_id="hubspot", endpoint="«@unknown POST /crm/v3/objects/contacts»/crm/v3/objects/contacts", method="POST", data="{}")
async def main():
    async with aiohttp.ClientSession("https://api.hubapi.com") as s:
        async with s.get("«@unknown GET /crm/v3/owners»/crm/v3/owners") as r:
            print(await r.json())
''',
    ),
    (
        "fallback.py",
        '''import requests
HUBSPOT = "https://api.hubapi.com"
def upsert(contact_id, props):
    url = f"{HUBSPOT}«@unknown PATCH /crm/v3/objects/contacts/{contactId}»/crm/v3/objects/contacts/{contact_id}"
    r = requests.patch(url, json={"properties": props}, headers=h())
    if r.status_code == 404:
        url = f"{HUBSPOT}«@unknown POST /crm/v3/objects/contacts»/crm/v3/objects/contacts"
        r = requests.post(url, json={"properties": props}, headers=h())
    return r
''',
    ),
    (
        "HubSpot.kt",
        '''class HubSpot(private val client: OkHttpClient) {
  fun drop(id: String) {
    val req = Request.Builder().url("«@bearer DELETE /crm/v3/objects/contacts/{contactId}»https://api.hubapi.com/crm/v3/objects/contacts/$id").delete().header("Authorization", "Bearer $t").build()
    client.newCall(req).execute()
  }
  suspend fun add(id: String) = http.put("«@bearer PUT /crm/v3/lists/{listId}/memberships/add»https://api.hubapi.com/crm/v3/lists/$id/memberships/add") { setBody(listOf(1)) }
}
''',
    ),
    (
        "Calls.swift",
        '''func create() {
    let url = URL(string: "«@bearer POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts")!
    var request = URLRequest(url: url)
    request.setValue("Bearer \\(token)", forHTTPHeaderField: "Authorization")
    request.httpMethod = "POST"
}
func owners() async throws {
    let url = URL(string: "«@bearer GET /crm/v3/objects/companies»https://api.hubapi.com/crm/v3/objects/companies")!
    let (data, _) = try await URLSession.shared.data(from: url)
}
''',
    ),
    (
        "calls.rs",
        '''async fn a(c: &Client) { c.post("«@bearer POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts").json(&b).send().await; }
async fn b(c: &Client) { let url = format!("{}«@bearer GET /crm/v3/objects/companies/{companyId}»/crm/v3/objects/companies/{}", BASE, id);
    let r = c.get(&url).bearer_auth(T).send().await; }
const BASE: &str = "https://api.hubapi.com";
''',
    ),
    (
        "Form.vue",
        '''<script setup>
const headers = { Authorization: `Bearer ${token}` };
async function add() {
  const { data } = await useFetch('«@bearer POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts', { method: 'POST', headers, body });
}
async function up(id) {
  await $fetch(`«@bearer PATCH /crm/v3/objects/contacts/{contactId}»https://api.hubapi.com/crm/v3/objects/contacts/${id}`, { headers, body, method: 'patch' });
}
</script>
''',
    ),
    (
        "calls.pl",
        '''my $url = "«@unknown POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts";
my $res = $ua->post($url, Content_Type => 'application/json', Content => $json);
my $req = HTTP::Request->new(DELETE => "«@unknown DELETE /crm/v3/objects/contacts/{contactId}»https://api.hubapi.com/crm/v3/objects/contacts/$id");
''',
    ),
    (
        "Calls.ps1",
        '''$uri = "«@unknown POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts"
$body = @{ properties = @{} } | ConvertTo-Json
Invoke-RestMethod $uri -Headers $h -Method POST -Body $body
$r = Invoke-RestMethod -Uri "«@unknown GET /crm/v3/objects/companies»https://api.hubapi.com/crm/v3/objects/companies" -Headers $h
''',
    ),
    (
        "HubSpotCallout.cls",
        '''public class HubSpotCallout {
  public static HttpResponse send(String method, String path, String body) {
    HttpRequest req = new HttpRequest();
    req.setEndpoint('callout:HubSpot' + path);
    req.setMethod(method);
    return new Http().send(req);
  }
  public static void create() { send('POST', '«@unknown POST /crm/v3/objects/contacts»/crm/v3/objects/contacts', '{}'); }
  public static void change(String id) { send('PATCH', '«@unknown PATCH /crm/v3/objects/contacts/{contactId}»/crm/v3/objects/contacts/' + id, '{}'); }
}
''',
    ),
    (
        "calls.dart",
        '''final dio = Dio(BaseOptions(baseUrl: 'https://api.hubapi.com', headers: {'Authorization': 'Bearer $t'}));
Future<void> a() async { await dio.get('«@bearer GET /crm/v3/objects/contacts»/crm/v3/objects/contacts'); }
Future<void> b() async { await dio.request('«@bearer POST /crm/v3/objects/companies»/crm/v3/objects/companies', data: {}, options: Options(method: 'POST')); }
''',
    ),
]
