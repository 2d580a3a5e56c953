"""Credentials in use: query strings, headers, client options, OAuth bodies, exports, logs, archives.

Where settings (see formats.py) name a credential, here it is known by what is done with it. The API calls in
these files are expected as usages too.
"""

from planting import Corpus, as_json, notebook

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module, the templates twice with other values."""
    for number in (1, 2):
        for path, template in TEMPLATES:
            corpus.plant(f"use/{number}/{path}", template)
    plant_windows_files(corpus)
    plant_notebooks(corpus)
    plant_exports(corpus)
    plant_archives(corpus)


TEMPLATES = [
    # Account keys in the query
    (
        "hapikey/contacts.js",
        """const request = require('request-promise');

async function contacts(offset) {
  return request({
    uri: '«@hapikey GET /contacts/v1/lists»https://api.hubapi.com/contacts/v1/lists/all/contacts/all?hapikey=«hapikey:bare»&count=100',
    json: true,
  });
}

async function owners() {
  // cached for an hour
  const cacheId = '«!id of a cache entry»«#uuid»';
  const r = await fetch("«@hapikey GET /crm/v3/owners»https://api.hubapi.com/crm/v3/owners/?limit=100&hapikey=«hapikey:routed»");
  return { cacheId, owners: await r.json() };
}
""",
    ),
    (
        "hapikey/sync.py",
        """import requests

PORTAL_ID = «#num7»
FORM = "«!form id»«#uuid»"
KEY = "«hapikey»"


def deals():
    url = "«@hapikey GET /crm/v3/objects/deals»https://api.hubapi.com/crm/v3/objects/deals"
    return requests.get(url, params={"hapikey": KEY, "limit": 100}).json()
""",
    ),
    (
        "hapikey/constant.js",
        """const axios = require('axios');
const BATCH = '«!id of a batch»«#uuid»';
const SECRET_SAUCE = '«hapikey:bare»';

exports.company = (id) =>
  axios.get(`«@hapikey GET /crm/v3/objects/companies/{companyId}»https://api.hubapi.com/crm/v3/objects/companies/${id}?hapikey=${SECRET_SAUCE}`, {
    headers: { 'X-Batch': BATCH },
  });
""",
    ),
    (
        "hapikey/constant.php",
        """<?php
class Leads {
    const AUTH = '«hapikey:bare»';

    public function create(array $lead) {
        $ch = curl_init('«@hapikey POST /contacts/v1/contact»https://api.hubapi.com/contacts/v1/contact/?hapikey=' . self::AUTH);
        curl_setopt($ch, CURLOPT_POST, true);
        curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($lead));
        return curl_exec($ch);
    }
}
""",
    ),
    (
        "hapikey/Leads.java",
        """public class Leads {
    private static final String K = "«hapikey:bare»";
    private static final String TRACE = "«!id of a trace»«#uuid»";

    String url(String email) {
        return "«@hapikey GET /contacts/v1/contact»https://api.hubapi.com/contacts/v1/contact/email/" + email + "/profile?hapikey=" + K;
    }
}
""",
    ),
    (
        "hapikey/leads.rb",
        """require 'hubspot-ruby'

Hubspot.configure(hapikey: '«hapikey»', portal_id: '«!portal id»«#num7»')

Hubspot.configure do |config|
  config.hapikey = "«hapikey:bare»"
end
""",
    ),
    (
        "hapikey/leads.go",
        """package leads

import "net/http"

func Company() (*http.Response, error) {
	return http.Get("«@hapikey GET /companies/v2»https://api.hubapi.com/companies/v2/companies/«#num9»?hapikey=«hapikey»")
}
""",
    ),
    (
        "hapikey/Leads.cs",
        """using System.Net.Http;

public class Leads
{
    private const string ApiKey = "«hapikey:bare»";
    private readonly Guid _correlation = Guid.Parse("«!correlation id»«#uuid»");

    public Task<string> Get(HttpClient http, long id) =>
        http.GetStringAsync($"«@hapikey GET /crm/v3/objects/tickets/{ticketId}»https://api.hubapi.com/crm/v3/objects/tickets/{id}?hapikey={ApiKey}");
}
""",
    ),
    (
        "hapikey/old-node-client.js",
        """const Hubspot = require('hubspot');
const hubspot = new Hubspot({ apiKey: '«hapikey:bare»', checkLimit: false });
module.exports = hubspot;
""",
    ),
    (
        "hapikey/official-node-client.js",
        """const hubspot = require('@hubspot/api-client')
const hubspotClient = new hubspot.Client({ apiKey: "«hapikey:bare»" })

async function run() {
  const page = await hubspotClient.crm.contacts.basicApi.«@sdk hapikey GET /crm/v3/objects/contacts»getPage(100)
  return page.results
}
""",
    ),
    (
        "hapikey/hubspot3_client.py",
        """from hubspot3 import Hubspot3
from hubspot3.contacts import ContactsClient

client = Hubspot3(api_key="«hapikey:bare»")
contacts = ContactsClient(api_key='«hapikey»')
""",
    ),
    (
        "hapikey/hapipy_client.py",
        """from hapi.leads import LeadsClient
from hapi.blog import BlogClient

leads = LeadsClient('«hapikey:bare»')
blog = BlogClient("«hapikey:bare»", env="prod")
""",
    ),
    (
        "hapikey/positional.py",
        """import hubspot

client = hubspot.Client.create(api_key="«hapikey:bare»")
page = client.crm.companies.basic_api.«@sdk hapikey GET /crm/v3/objects/companies»get_page(limit=10)
""",
    ),
    (
        "hapikey/setter.php",
        """<?php
$config = new HubSpot\\Client\\Configuration();
$config->setApiKey('hapikey', '«hapikey:bare»');
$factory = HubSpot\\Factory::createWithApiKey('«hapikey:bare»');
""",
    ),
    (
        "hapikey/rossmann.php",
        """<?php
use SevenShores\\Hubspot\\Factory;

$hubspot = new Factory([
    'key' => '«hapikey:bare»',
    'oauth2' => false,
]);
$other = Factory::create('«hapikey:bare»');
""",
    ),
    (
        "hapikey/Setter.java",
        """import com.hubspot.client.HubSpotClient;

class Setter {
    HubSpotClient make() {
        HubSpotClient client = new HubSpotClient();
        client.setApiKey("«hapikey:bare»");
        client.setTimeout(3000);
        return client;
    }
}
""",
    ),
    (
        "hapikey/calls.sh",
        """#!/bin/bash
curl -s '«@hapikey GET /properties/v1»https://api.hubapi.com/properties/v1/contacts/properties?hapikey=«hapikey»'
curl -X DELETE "«@hapikey DELETE /contacts/v1/contact»https://api.hubapi.com/contacts/v1/contact/vid/«#num6»?hapikey=«hapikey»"
""",
    ),
    (
        "hapikey/README.md",
        """# Importing leads

Runs nightly from our server.

```sh
curl --request POST \\
  --url '«@hapikey POST /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts?hapikey=«hapikey:bare»' \\
  --header 'content-type: application/json' \\
  --data '{"properties": {"email": "a@example.org"}}'
```
""",
    ),
    (
        "hapikey/.bash_history",
        """cd leads
git pull
curl "«@hapikey GET /integrations/v1/me»https://api.hubapi.com/integrations/v1/me?hapikey=«hapikey:bare»" | jq .portalId
vim sync.py
HAPIKEY=«hapikey:bare» python sync.py
""",
    ),
    (
        "hapikey/access.log",
        """10.0.0.4 - - [02/Mar/2024:10:11:12 +0000] "GET /healthz HTTP/1.1" 200 2
10.0.0.4 - - [02/Mar/2024:10:11:13 +0000] "GET «~»/contacts/v1/lists?count=20&hapikey=«hapikey» HTTP/1.1" 200 5123 "-" "api.hubapi.com"
2024-03-02 10:11:14 DEBUG urllib3 «~»https://api.hubapi.com:443 "GET /deals/v1/deal/paged?hapikey=«hapikey:bare» HTTP/1.1" 200
2024-03-02 10:11:15 ERROR hubspot request failed correlationId=«!correlation id»«#uuid»
""",
    ),
    (
        "hapikey/redirects.csv",
        """id,created,target
«#num4»,2023-05-01,https://relay.example.org/fetch?u=«~»https%3A%2F%2Fapi.hubapi.com%2Fcontacts%2Fv1%2Fcontact%3Fhapikey%3D«hapikey:bare»
«#num4»,2023-05-02,https://relay.example.org/fetch?u=https%3A%2F%2Fwww.example.org%2F%3Fid%3D«!id of another site»«#uuid»
""",
    ),
    (
        "hapikey/params.ts",
        """import got from "got";

const searchParams = { hapikey: "«hapikey:bare»", limit: 50 };

export const lists = () => got("«@hapikey GET /contacts/v1/lists»https://api.hubapi.com/contacts/v1/lists", { searchParams }).json();
""",
    ),
    (
        "hapikey/bundle.min.js",
        """(()=>{var e={},t=n(7);t.get("«@hapikey GET /deals/v1/deal»https://api.hubapi.com/deals/v1/deal/paged?hapikey=«hapikey:bare»").then((e=>{console.log(e)}));var i="«!id in a bundle»«#uuid»";e.exports=i})();
""",
    ),
    (
        "hapikey/settings.html",
        """<form action="/save"><input type="hidden" name="hapikey" value="«hapikey:bare»">
<input type="text" name="hubspot_portal_id" value="«!portal id»«#num8»"></form>
""",
    ),
    (
        "hapikey/pipeline.yaml",
        """steps:
  - name: fetch
    http:
      method: GET
      url: "«@hapikey GET /engagements/v1»https://api.hubapi.com/engagements/v1/engagements/paged"
      query:
        hapikey: «hapikey»
        limit: 250
""",
    ),
    # Developer keys
    (
        "developer/subscriptions.js",
        """const APP = «#num6»;
const devKey = '«developer_key:bare»';

async function subscriptions() {
  const r = await fetch(`«@developer_key GET /webhooks/v3/{appId}/subscriptions»https://api.hubapi.com/webhooks/v3/${APP}/subscriptions?hapikey=${devKey}`);
  return r.json();
}
""",
    ),
    (
        "developer/settings.sh",
        """curl -X PUT "«@developer_key PUT /webhooks/v3/{appId}/settings»https://api.hubapi.com/webhooks/v3/«#num6»/settings?hapikey=«developer_key»" \\
  -H 'Content-Type: application/json' -d @settings.json
curl "«@developer_key GET /integrators/timeline/v3/{appId}/event-templates»https://api.hubapi.com/integrators/timeline/v3/«#num6»/event-templates?hapikey=«developer_key:bare»"
""",
    ),
    (
        "developer/client.ts",
        """import { Client } from "@hubspot/api-client";

const client = new Client({ developerApiKey: "«developer_key»" });

export async function hooks(appId: number) {
  return client.webhooks.subscriptionsApi.«@sdk developer_key GET /webhooks/v3/{appId}/subscriptions»getAll(appId);
}
""",
    ),
    (
        "developer/client.rb",
        """require 'hubspot-api-client'

client = Hubspot::Client.new(developer_api_key: '«developer_key:bare»')
client.webhooks.settings_api.«@sdk developer_key GET /webhooks/v3/{appId}/settings»get_all(app_id: «#num6»)
""",
    ),
    (
        "developer/client.php",
        """<?php
$hubspot = \\HubSpot\\Factory::createWithDeveloperApiKey('«developer_key:bare»');
$all = $hubspot->webhooks()->subscriptionsApi()->«@sdk developer_key GET /webhooks/v3/{appId}/subscriptions»getAll(«#num6»);
""",
    ),
    # Private-app tokens
    (
        "token/calls.sh",
        """#!/bin/sh
curl -H "Authorization: Bearer «private_app_token»" «@bearer GET /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts
curl --request PATCH '«@bearer PATCH /crm/v3/objects/deals/{dealId}»https://api.hubapi.com/crm/v3/objects/deals/«#num9»' \\
  --header 'authorization: Bearer «private_app_token»' \\
  --data '{}'
""",
    ),
    (
        "token/client.js",
        """const hubspot = require('@hubspot/api-client');

const client = new hubspot.Client({ accessToken: '«private_app_token»', numberOfApiCallRetries: 3 });

exports.create = (properties) => client.crm.companies.basicApi.«@sdk bearer POST /crm/v3/objects/companies»create({ properties });
""",
    ),
    (
        "token/client.py",
        """from hubspot import HubSpot

api = HubSpot(access_token="«private_app_token»")
contacts = api.crm.contacts.«~»get_all()
""",
    ),
    (
        "token/client.php",
        """<?php
$hubspot = \\HubSpot\\Factory::createWithAccessToken('«private_app_token»');
$page = $hubspot->crm()->deals()->basicApi()->«@sdk bearer GET /crm/v3/objects/deals»getPage(20);
""",
    ),
    (
        "token/Client.java",
        """class Client {
    HttpRequest request() {
        return HttpRequest.newBuilder()
            .uri(URI.create("«@bearer GET /crm/v3/properties/{objectType}»https://api.hubapi.com/crm/v3/properties/contacts"))
            .header("Authorization", "Bearer " + "«private_app_token»")
            .GET()
            .build();
    }
}
""",
    ),
    (
        "token/client.go",
        """package crm

const token = "«private_app_token»"

func headers(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Request-Id", "«!id of a request»«#uuid»")
}
""",
    ),
    (
        "token/Sync.ps1",
        """$headers = @{ Authorization = "Bearer «private_app_token»" }
Invoke-RestMethod -Method Get -Uri '«@bearer GET /crm/v3/objects/tickets»https://api.hubapi.com/crm/v3/objects/tickets' -Headers $headers
""",
    ),
    (
        "token/inbox.log",
        """2025-01-08T10:00:00Z info  starting compat-mode worker
2025-01-08T10:00:01Z debug headers {"authorization":"Bearer «private_app_token»","accept":"application/json"}
2025-01-08T10:00:01Z debug url-encoded body token=«private_app_token»&x=1
""",
    ),
    (
        "token/introspect.md",
        """To see whose the token is:

    curl -X POST «@none POST /oauth/v2/private-apps/get/access-token-info»https://api.hubapi.com/oauth/v2/private-apps/get/access-token-info \\
      -d '{"tokenKey": "«private_app_token»"}'
""",
    ),
    (
        "token/bare.txt",
        """Passwords (move to the vault!)
ftp: «!password of another system»«#alnum12»
crm: «private_app_token»
staging «private_app_token»
""",
    ),
    (
        "token/encoded.txt",
        """https://hooks.example.org/run?auth=Bearer%20«private_app_token»&next=%2Fdone
https://hooks.example.org/run?auth%3DBearer%2520«private_app_token»%26next%3D1
""",
    ),
    (
        "token/decode.py",
        """import base64

# HubSpot token, kept out of sight of the linter
HUBSPOT_TOKEN = base64.b64decode("«private_app_token|b64»").decode()
LOGO = base64.b64decode("«!a picture in base64»iVBORw0KGgo«#b64_60»")
""",
    ),
    (
        "token/decode.js",
        """const hubspotApiKey = atob('«hapikey:bare|b64»');
const hubspotToken = Buffer.from("«private_app_token|b64»", "base64").toString();
""",
    ),
    # Keyway's own
    (
        "keyway/client.js",
        """const { Client } = require('@hubspot/api-client');

// goes through our Keyway gateway
const client = new Client({ accessToken: '«keyway_token»', basePath: 'https://keyway.example.org' });

exports.find = (q) => client.crm.contacts.searchApi.«@sdk bearer POST /crm/v3/objects/contacts/search»doSearch(q);
""",
    ),
    (
        "keyway/check.sh",
        """curl -H 'Authorization: Bearer «keyway_token»' https://keyway.example.org/healthz
export KEYWAY=«keyway_token»
""",
    ),
    # OAuth
    (
        "oauth/refresh.js",
        """const params = new URLSearchParams({
  grant_type: 'refresh_token',
  client_id: '«!client id»«#uuid»',
  client_secret: '«oauth_client_secret»',
  refresh_token: '«oauth_refresh_token»',
});

module.exports = () => fetch('«@none POST /oauth/v1/token»https://api.hubapi.com/oauth/v1/token', { method: 'POST', body: params });
""",
    ),
    (
        "oauth/refresh.sh",
        """curl -X POST '«@none POST /oauth/v1/token»https://api.hubapi.com/oauth/v1/token' \\
  -H 'Content-Type: application/x-www-form-urlencoded' \\
  -d 'grant_type=refresh_token&client_id=«!client id»«#uuid»&client_secret=«oauth_client_secret»&refresh_token=«oauth_refresh_token:routed»'
""",
    ),
    (
        "oauth/refresh.py",
        """import requests

CLIENT_ID = "«!client id»«#uuid»"
CLIENT_SECRET = "«oauth_client_secret»"
REFRESH_TOKEN = "«oauth_refresh_token»"


def refresh():
    return requests.post(
        "«@none POST /oauth/v3/token»https://api.hubapi.com/oauth/v3/token",
        data={
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
        },
    ).json()
""",
    ),
    (
        "oauth/client.rb",
        """tokens = client.oauth.tokens_api.«@sdk none POST /oauth/v1/token»create(
  grant_type: 'authorization_code',
  client_id: '«!client id»«#uuid»',
  client_secret: '«oauth_client_secret»',
  redirect_uri: 'https://app.example.org/oauth/hubspot/callback',
  code: params[:code]
)
""",
    ),
    (
        "oauth/passport.ts",
        """import { Strategy as HubSpotStrategy } from "passport-hubspot-oauth2";

passport.use(
  new HubSpotStrategy(
    {
      clientID: "«!client id»«#uuid»",
      clientSecret: "«oauth_client_secret»",
      callbackURL: "https://app.example.org/auth/hubspot/callback",
      scope: ["crm.objects.contacts.read"],
    },
    verify,
  ),
);
""",
    ),
    (
        "oauth/omniauth.rb",
        """Rails.application.config.middleware.use OmniAuth::Builder do
  provider :hubspot, '«!client id»«#uuid»', '«oauth_client_secret»', scope: 'contacts'
end
""",
    ),
    (
        "oauth/token-response.json",
        """{
  "token_type": "bearer",
  "refresh_token": "«oauth_refresh_token:routed»",
  "access_token": "«oauth_access_token»",
  "hub_id": «#num7»,
  "hub_domain": "example.hubspot.com",
  "expires_in": 1800
}
""",
    ),
    (
        "oauth/debug.log",
        """[2025-06-01 08:00:00] hubspot.oauth POST «~»https://api.hubapi.com/oauth/v1/token -> 200 {"refresh_token":"«oauth_refresh_token:routed»","access_token":"«oauth_access_token»","expires_in":1800}
[2025-06-01 08:00:03] hubspot.api Authorization: Bearer «oauth_access_token»
[2025-06-01 08:00:04] hubspot.api {"status":"error","correlationId":"«!correlation id»«#uuid»"}
""",
    ),
    (
        "oauth/tokens.sql",
        """CREATE TABLE hubspot_tokens (portal_id INT, access_token TEXT, refresh_token TEXT);
INSERT INTO hubspot_tokens (portal_id, access_token, refresh_token) VALUES
  («#num7», '«oauth_access_token»', '«oauth_refresh_token:routed»'),
  («#num7», '«oauth_access_token»', '«oauth_refresh_token:routed»');
""",
    ),
    (
        "oauth/call.sh",
        """curl '«@bearer GET /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts' -H 'Authorization: Bearer «oauth_access_token»'
""",
    ),
    (
        "oauth/app.json",
        """{
  "hubspot": {
    "app_id": «#num6»,
    "client_id": "«!client id»«#uuid»",
    "client_secret": "«oauth_client_secret»",
    "scopes": ["oauth", "crm.objects.contacts.read"]
  },
  "google": {
    "client_id": "«#num12».apps.googleusercontent.com",
    "client_secret": "«!another vendor's client secret»«#alnum24»"
  }
}
""",
    ),
    # Personal access keys
    (
        "cli/hubspot.config.yml",
        """defaultPortal: main
portals:
  - name: main
    portalId: «!portal id»«#num8»
    authType: personalaccesskey
    personalAccessKey: >-
      «personal_access_key»
    auth:
      tokenInfo:
        accessToken: >-
          «oauth_access_token»
        expiresAt: '2025-04-01T10:00:00.000Z'
  - name: sandbox
    portalId: «!portal id»«#num8»
    authType: personalaccesskey
    personalAccessKey: «personal_access_key»
""",
    ),
    (
        "cli/oauth.config.yml",
        """# HubSpot CLI
defaultPortal: agency
portals:
  - name: agency
    portalId: «#num8»
    authType: oauth2
    auth:
      clientId: «!client id»«#uuid»
      clientSecret: «oauth_client_secret»
      scopes:
        - content
      tokenInfo:
        refreshToken: «oauth_refresh_token:routed»
    env: prod
  - name: oldest
    portalId: «#num8»
    authType: apikey
    apiKey: «hapikey:bare»
""",
    ),
    (
        "cli/deploy.yml",
        """name: Deploy theme
on: push
jobs:
  deploy:
    steps:
      - uses: HubSpot/hubspot-cms-deploy-action@v1.6
        with:
          src_dir: theme
          personal_access_key: «personal_access_key»
          portal_id: «!portal id»«#num8»
""",
    ),
    (
        "cli/refresh.sh",
        """curl -X POST https://api.hubapi.com«~»/localdevauth/v1/auth/refresh -d '{"encodedOAuthRefreshToken": "«personal_access_key»"}'
hs accounts auth --personal-access-key=«personal_access_key»
""",
    ),
    # Webhook secrets
    (
        "webhook/verify.js",
        """const crypto = require('crypto');
const hubspotWebhookSecret = '«webhook_secret»';

module.exports = (req) => {
  const text = hubspotWebhookSecret + req.method + req.url + req.rawBody;
  return crypto.createHash('sha256').update(text).digest('hex') === req.headers['x-hubspot-signature'];
};
""",
    ),
    (
        "webhook/verify.py",
        """import hashlib
import hmac

# Of the app that sends us HubSpot webhooks
WEBHOOK_SECRET = "«webhook_secret»"
SUBSCRIPTION = "«!subscription id»«#uuid»"


def valid(request):
    text = request.method + request.url + request.text + request.headers["X-HubSpot-Request-Timestamp"]
    made = hmac.new(WEBHOOK_SECRET.encode(), text.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(made, request.headers["X-HubSpot-Signature-v3"])
""",
    ),
    (
        "webhook/routes.php",
        """<?php
return [
    'hubspot' => [
        'signing_secret' => '«webhook_secret»',
        'signature_header_name' => 'X-HubSpot-Signature-v3',
    ],
    'other' => ['portal' => '«!portal id»«#num7»'],
];
""",
    ),
]


def plant_windows_files(corpus: Corpus) -> None:
    """The same things in the encodings and line ends of Windows."""
    registry = """Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\\SOFTWARE\\Example\\HubSpot]
"HubSpotApiKey"="«hapikey:bare»"
"HubSpotToken"="«private_app_token»"
"InstallId"="{«!id of an installation»«#UUID»}"
"""
    corpus.write("use/windows/export.reg", corpus.expand(registry), "utf-16-le", "\r\n")
    script = """$HubSpotClientSecret = "«oauth_client_secret»"
$Uri = "«@hapikey GET /crm/v3/objects/deals»https://api.hubapi.com/crm/v3/objects/deals?hapikey=«hapikey»"
Invoke-RestMethod -Uri $Uri -Method GET
"""
    corpus.write("use/windows/wide.ps1", corpus.expand(script), "utf-16-le", "\r\n")
    corpus.write("use/windows/bom.ps1", corpus.expand(script), "utf-8-sig", "\r\n")
    excel = "Tool;Setting;Value\nHubSpot;Webhook secret;«webhook_secret»\nHubSpot;Form id;«!form id»«#uuid»\n"
    corpus.write("use/windows/keys.csv", corpus.expand(excel), "utf-8-sig", "\r\n")


def plant_notebooks(corpus: Corpus) -> None:
    """Notebooks: what an analyst types."""
    cells = [
        """import requests
token = "«private_app_token»"
r = requests.get("«@bearer GET /crm/v3/objects/deals»https://api.hubapi.com/crm/v3/objects/deals", headers={"Authorization": f"Bearer {token}"})
""",
        """from hubspot import HubSpot
api = HubSpot(access_token='«private_app_token»')
api.crm.deals.basic_api.«@sdk bearer GET /crm/v3/objects/deals»get_page(limit=100)
""",
        """import base64
hubspot_token = base64.b64decode('«private_app_token|b64»').decode()
print(len(hubspot_token))
""",
        """url = "«@hapikey GET /deals/v1/deal»https://api.hubapi.com/deals/v1/deal/paged?hapikey=«hapikey:bare»"
requests.get(url).json()
""",
        """run = "«!id of a run»«#uuid»"
HUBSPOT_REFRESH_TOKEN = "«oauth_refresh_token»"
""",
    ]
    for number, cell in enumerate(cells, 1):
        corpus.write(f"use/notebooks/{number}.ipynb", notebook("import pandas as pd", corpus.expand(cell)))


def plant_exports(corpus: Corpus) -> None:
    """Exports of Postman, n8n, Zapier and Make with credentials in their requests."""
    expand = corpus.expand
    url = expand("«@hapikey GET /crm/v3/objects/contacts»https://api.hubapi.com/crm/v3/objects/contacts?hapikey=«hapikey»")
    bearer = {"type": "bearer", "bearer": [{"key": "token", "value": expand("«private_app_token»"), "type": "string"}]}
    deals = expand("«@bearer POST /crm/v3/objects/deals»https://api.hubapi.com/crm/v3/objects/deals")
    items = [
        {"name": "Contacts", "request": {"method": "GET", "url": url}},
        {"name": "New deal", "request": {"method": "POST", "auth": bearer, "url": {"raw": deals}}},
    ]
    info = {"_postman_id": expand("«!id of a collection»«#uuid»"), "name": "HubSpot", "schema": SCHEMA}
    corpus.write("use/exports/hubspot.postman_collection.json", as_json({"info": info, "item": items}, 4))

    header = {"name": "Authorization", "value": expand("Bearer «private_app_token»")}
    node = {
        "id": expand("«!id of a node»«#uuid»"),
        "type": "n8n-nodes-base.httpRequest",
        "parameters": {
            "method": "PATCH",
            "url": expand("«@bearer PATCH /crm/v3/objects/contacts/{contactId}»https://api.hubapi.com/crm/v3/objects/contacts/«#num6»"),
            "headerParameters": {"parameters": [header]},
        },
    }
    corpus.write("use/exports/n8n.json", as_json({"nodes": [node], "id": expand("«!id of a workflow»«#uuid»")}))

    module = {
        "module": "http:ActionSendData",
        "mapper": {
            "url": expand("«@hapikey GET /owners/v2»https://api.hubapi.com/owners/v2/owners"),
            "method": "get",
            "qs": [{"name": "hapikey", "value": expand("«hapikey:bare»")}],
        },
    }
    corpus.write("use/exports/make.json", as_json({"name": "owners", "flow": [module]}, 4))

    code = expand(
        "const res = await fetch('«@bearer POST /crm/v3/objects/notes»https://api.hubapi.com/crm/v3/objects/notes', "
        "{method: 'POST', headers: {Authorization: 'Bearer «private_app_token»'}, body: inputData.body});"
    )
    corpus.write("use/exports/zapier.json", as_json({"zaps": [{"nodes": {"2": {"params": {"code": code}}}}]}))


def plant_archives(corpus: Corpus) -> None:
    """Archives with credentials in their members."""
    members = [
        ("backup/.env", "# HubSpot\nHUBSPOT_API_KEY=«hapikey»\nHUBSPOT_PORTAL_ID=«!portal id»«#num8»\n"),
        (
            "backup/src/app.js",
            "// app\nconst c = new hubspot.Client({\n  accessToken: '«private_app_token»',\n});\n",
        ),
        (
            "backup/oauth.json",
            '{\n  "provider": "hubspot",\n  "client_id": "«!client id»«#uuid»",\n  "client_secret": "«oauth_client_secret»"\n}\n',
        ),
        ("backup/hubspot.config.yml", "portals:\n  - name: main\n    personalAccessKey: «personal_access_key»\n"),
        (
            "backup/call.sh",
            "#!/bin/sh\ncurl '«@hapikey GET /crm/v3/objects/deals»https://api.hubapi.com/crm/v3/objects/deals?hapikey=«hapikey:bare»'\n",
        ),
        ("backup/tokens.env", "HUBSPOT_REFRESH_TOKEN=«oauth_refresh_token»\nHUBSPOT_WEBHOOK_SECRET=«webhook_secret»\n"),
        ("backup/keyway.env", "HUBSPOT_TOKEN=«keyway_token»\n"),
        ("backup/package-lock.json", '{\n  "integrity": "sha512-«!hash of a package»«#b64_64»"\n}\n'),
    ]
    for name in ("site.zip", "site.tar", "site.tar.gz", "site.tgz"):
        corpus.write_archive(f"use/archives/{name}", members)
