"""Secrets in the places where programs and tools keep them, and values that look like secrets and are none."""

from planting import Corpus, as_json


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module."""
    for number, (path, text) in enumerate(FILES):
        corpus.plant(f"leaks/{number:03}/{path}", text)
    for path, data in JSON:
        corpus.write(f"leaks/json/{path}", corpus.expand(as_json(data)))


FILES = [
    # Settings of frameworks
    (".env", "APP_ENV=production\nHUBSPOT_ACCESS_TOKEN=«private_app_token»\nHUBSPOT_PORTAL_ID=«#num7»\nSTRIPE_WEBHOOK=«!another vendor»«#uuid»\n"),
    (".env.local", "NEXT_PUBLIC_HUBSPOT_FORM_ID=«!form id»«#uuid»\nHUBSPOT_CLIENT_ID=«!client id»«#uuid»\nHUBSPOT_CLIENT_SECRET=«oauth_client_secret»\n"),
    ("config/services.php", "<?php\n\nreturn [\n    'hubspot' => [\n        'token' => env('HUBSPOT_TOKEN', '«private_app_token»'),\n        'secret' => '«oauth_client_secret»',\n    ],\n];\n"),
    ("settings.py", "HUBSPOT = {\n    'API_KEY': '«hapikey»',\n    'PORTAL': '«#num7»',\n}\nSECRET_KEY = '«!Django»«#uuid»'\n"),
    ("config/secrets.yml", "# Your secret key is used for verifying the integrity of signed cookies.\nproduction:\n  secret_key_base: «!Rails»«#uuid»\n  hubspot:\n    api_key: «hapikey»\n"),
    ("application.properties", "spring.application.name=crm\nhubspot.client-secret=«oauth_client_secret»\nhubspot.refresh-token=«oauth_refresh_token:routed»\n"),
    ("application.yml", "hubspot:\n  oauth:\n    client-id: «!client id»«#uuid»\n    client-secret: «oauth_client_secret»\n  form-guid: «!form id»«#uuid»\n"),
    ("appsettings.Production.json", '{\n  "HubSpot": {\n    "AccessToken": "«private_app_token»",\n    "FormId": "«!form id»«#uuid»"\n  }\n}\n'),
    ("web.config", '<configuration>\n  <appSettings>\n    <add key="HubSpotApiKey" value="«hapikey»" />\n    <add key="InstanceId" value="«!other»«#uuid»" />\n  </appSettings>\n</configuration>\n'),
    ("docker-compose.yml", "services:\n  sync:\n    image: sync\n    environment:\n      - HUBSPOT_PRIVATE_APP_TOKEN=«private_app_token»\n      HUBSPOT_WEBHOOK_SECRET: «webhook_secret»\n"),
    ("values.yaml", "sync:\n  env:\n    - name: HUBSPOT_API_KEY\n      value: «hapikey:routed»\n    - name: RELEASE\n      value: «!other»«#uuid»\n"),
    ("main.tf", 'resource "aws_ssm_parameter" "hubspot_token" {\n  name  = "/crm/hubspot_token"\n  value = "«private_app_token»"\n}\n'),
    ("serverless.yml", "provider:\n  environment:\n    HUBSPOT_DEVELOPER_API_KEY: «developer_key»\n    HUBSPOT_APP_ID: «#num6»\n"),
    ("hubspot.config.yml", "defaultPortal: prod\nportals:\n  - name: prod\n    portalId: «#num7»\n    authType: personalaccesskey\n    personalAccessKey: >-\n      «personal_access_key»\n    auth:\n      tokenInfo:\n        accessToken: >-\n          «oauth_access_token»\n"),
    # Code
    ("client.js", "const hubspot = require('@hubspot/api-client');\nconst hubspotClient = new hubspot.Client({ accessToken: '«private_app_token»' });\n"),
    ("old.js", "const Hubspot = require('hubspot');\nconst hubspot = «~»new Hubspot({ apiKey: '«hapikey»' });\n"),
    ("client.py", "import hubspot\n\nclient = hubspot.Client.create(access_token='«private_app_token»')\n"),
    ("three.py", "from hubspot3 import Hubspot3\n\nclient = «~»Hubspot3(api_key='«hapikey»')\n"),
    ("factory.php", "<?php\n$hubSpot = \\HubSpot\\Factory::«~»createWithApiKey('«hapikey»');\n"),
    ("token.php", "<?php\n$hubSpot = \\HubSpot\\Factory::createWithAccessToken('«private_app_token»');\n"),
    ("init.rb", "Hubspot.configure do |config|\n  config.api_key['hapikey'] = '«hapikey»'\nend\n"),
    ("init2.rb", "Hubspot::Client.new(access_token: '«private_app_token»')\n"),
    ("omniauth.rb", "Rails.application.config.middleware.use OmniAuth::Builder do\n  provider :hubspot, '«!client id»«#uuid»', '«oauth_client_secret»'\nend\n"),
    ("Calls.java", "class Calls {\n    private static final String HUBSPOT_API_KEY = \"«hapikey»\";\n    private static final UUID NAMESPACE = UUID.fromString(\"«!other»«#uuid»\");\n}\n"),
    ("Calls.cs", "var http = new HttpClient();\nhttp.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(\"Bearer\", \"«private_app_token»\");\nvar r = await http.GetAsync(\"«~»https://api.hubapi.com/crm/v3/owners\");\n"),
    ("refresh.js", "await hubspotClient.oauth.tokensApi.«~»create('refresh_token', undefined, undefined, '«!client id»«#uuid»', '«oauth_client_secret»', '«oauth_refresh_token:routed»');\n"),
    ("body.py", "import requests\n\nDATA = {\n    'grant_type': 'refresh_token',\n    'client_id': '«!client id»«#uuid»',\n    'client_secret': '«oauth_client_secret»',\n    'refresh_token': '«oauth_refresh_token»',\n}\nrequests.post('«~»https://api.hubapi.com/oauth/v1/token', data=DATA)\n"),
    ("query.go", "package main\n\nconst url = \"«~»https://api.hubapi.com/contacts/v1/lists/all/contacts/all?hapikey=«hapikey»&count=1\"\n"),
    ("curl.sh", "#!/bin/sh\ncurl '«~»https://api.hubapi.com/crm/v3/owners' -H 'Authorization: Bearer «private_app_token»'\n"),
    ("form.sh", "curl -d 'grant_type=refresh_token&client_id=«#uuid»&client_secret=«oauth_client_secret»&refresh_token=«oauth_refresh_token:routed»' «~»https://api.hubapi.com/oauth/v1/token\n"),
    ("split.js", "const token = '«private_app_token|split:' + '»';\nconst client = new hubspot.Client({ accessToken: token });\n"),
    ("Notebook.ipynb", '{"cells": [{"cell_type": "code", "source": ["from hubspot import HubSpot\\n", "client = HubSpot(access_token=\\"«private_app_token»\\")\\n"], "outputs": []}]}\n'),
    ("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: hubspot\ndata:\n  HUBSPOT_TOKEN: «private_app_token|b64»\n"),
    (".npmrc", "registry=https://registry.npmjs.org/\n//npm.pkg.github.com/:_authToken=«!npm»«#uuid»\n"),
    ("taps/tap_hubspot_config.json", '{"client_id": "«!client id»«#uuid»", "client_secret": "«oauth_client_secret»", "refresh_token": "«oauth_refresh_token:routed»", "start_date": "2020-01-01"}\n'),
    ("secrets/hubspot_api_key", "«hapikey»\n"),
    ("sync.log", "2026-01-01 INFO GET «~»https://api.hubapi.com/crm/v3/owners?hapikey=«hapikey» 200\n2026-01-01 INFO correlationId «!correlation id»«#uuid»\n"),
    # Values that are none
    ("embed.html", "<script>\n  hbspt.forms.create({ region: 'na1', portalId: '«#num7»', formId: '«!form id»«#uuid»' });\n</script>\n"),
    ("subscription.py", "HUBSPOT_SUBSCRIPTION_ID = '«!subscription»«#uuid»'\nHUBSPOT_WORKFLOW = '«!workflow»«#uuid»'\nHUBSPOT_LIST_GUID = '«!list»«#uuid»'\n"),
    ("response.json", '{"category": "VALIDATION_ERROR", "correlationId": "«!correlation id»«#uuid»", "message": "HubSpot"}\n'),
    ("placeholder.env", "HUBSPOT_API_KEY=«!placeholder»«%zeros»\nHUBSPOT_TOKEN=your-private-app-token\n"),
    ("env.ts", "export const token = process.env.HUBSPOT_TOKEN;\nexport const key = config.get('hubspot.apiKey');\nexport const instance = '«!other»«#uuid»';\n"),
    ("stripe.py", "import stripe\n\n# also syncs to hubspot\nstripe.api_key = load()\nCUSTOMER = '«!other»«#uuid»'\n"),
    ("package-lock.json", '{"name": "crm", "packages": {"node_modules/@hubspot/api-client": {"version": "12.0.1", "integrity": "sha512-«!hash»«#uuid»"}}}\n'),
    ("azure.yml", "# posts to HubSpot\nvariables:\n  subscription: «!Azure»«#uuid»\n  tenant_id: «!Azure»«#uuid»\n"),
]

JSON = [
    ("postman_environment.json", {"name": "HubSpot", "values": [{"key": "hapikey", "value": "«hapikey»", "enabled": True}, {"key": "portalId", "value": "«#num7»"}], "_postman_variable_scope": "environment"}),
    ("n8n_credentials.json", [{"id": "1", "name": "HubSpot", "type": "hubspotAppToken", "data": {"appToken": "«private_app_token»"}}]),
    ("connections.json", {"hubspot": {"client_id": "«!client id»«#uuid»", "client_secret": "«oauth_client_secret»", "webhook_id": "«!other»«#uuid»"}}),
]
