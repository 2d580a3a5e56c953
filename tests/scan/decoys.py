"""Hard negatives: what stands near the word HubSpot, or looks like its keys, and is no credential.

Also text that resembles an API call and is none: other hosts, documentation, links into the web interface.
"""

from planting import Corpus, as_json, notebook


def plant_all(corpus: Corpus) -> None:
    """Writes every file of this module, the templates twice with other values."""
    for number in (1, 2):
        for path, template in CREDENTIAL_DECOYS + USAGE_DECOYS:
            corpus.plant(f"decoys/{number}/{path}", template)
    plant_id_names(corpus)
    plant_lock_files(corpus)
    plant_wrapped(corpus)


# Names that hold a UUID and no secret, by what they are.
ID_NAMES = {
    "client id": ["HUBSPOT_CLIENT_ID", "hubspotClientId", "hs_client_id", "hubspot.oauth.client.id"],
    "form id": ["HUBSPOT_FORM_ID", "hubspotFormGuid", "hubspot_contact_form", "HS_NEWSLETTER_FORM_GUID"],
    "CTA id": ["HUBSPOT_CTA_ID", "hubspotCtaGuid", "hs_cta"],
    "template id": ["HUBSPOT_TEMPLATE_ID", "hubspotEmailTemplate", "hubspot_template_guid"],
    "subscription id": ["HUBSPOT_SUBSCRIPTION_ID", "hubspotSubscriptionGuid"],
    "correlation id": ["HUBSPOT_CORRELATION_ID", "hubspotCorrelationId", "x_hubspot_correlation_id"],
    "list id": ["HUBSPOT_LIST_ID", "hubspotListGuid"],
    "a key of our database": ["HUBSPOT_IDEMPOTENCY_KEY", "hubspotPartitionKey", "hubspot_primary_key", "hubspotCacheKey"],
    "a name of a secret, not its value": ["HUBSPOT_SECRET_ID", "hubspotApiKeyId", "hubspot_token_secret_id"],
    "a tenant or a project": ["HUBSPOT_KEYVAULT_TENANT_ID", "hubspotProjectId", "hubspot_workspace"],
    "an id of a record": ["hubspotDealUuid", "hubspot_external_id", "HUBSPOT_COMPANY_UUID", "hubspotContactGuid"],
    "a pipeline or a stage": ["HUBSPOT_PIPELINE_ID", "hubspotDealStage", "hubspot_stage_id"],
    "an event or a run": ["hubspotEventId", "HUBSPOT_SYNC_RUN", "hubspot_batch_id", "hubspotRequestId"],
    "another vendor's key": [
        "SEGMENT_WRITE_KEY",
        "HEROKU_API_KEY",
        "pipedriveApiToken",
        "mailjet_api_key",
        "POSTMARK_SERVER_TOKEN",
        "clearbitApiKey",
        "newrelic_license_key",
    ],
}

ID_STYLES = [
    ("ids.env", "«=name»=«=value»", "# HubSpot\n"),
    ("ids.js", "const «=name» = '«=value»';", "// HubSpot\n"),
    ("ids.py", '«=name» = "«=value»"', "# HubSpot\n"),
    ("ids.yml", "  «=name»: «=value»", "integrations: # HubSpot and others\n"),
    ("ids.json5", '  "«=name»": "«=value»",', "// hubspot\n{\n"),
    ("ids.properties", "«=name»=«=value»", "# HubSpot\n"),
]


def plant_id_names(corpus: Corpus) -> None:
    """Ids by every name, spread over a few styles; the vendors' keys beside HubSpot's ids."""
    names = [(name, why) for why, names in ID_NAMES.items() for name in names]
    for number, (path, line, head) in enumerate(ID_STYLES):
        chosen = [pair for index, pair in enumerate(names) if index % 3 == number % 3]
        lines = [line.replace("«=name»", name).replace("«=value»", f"«!{why}»«#uuid»") for name, why in chosen]
        corpus.plant(f"decoys/ids/{path}", head + "\n".join(lines) + "\n" + "}\n" * path.endswith("json5"))


def plant_lock_files(corpus: Corpus) -> None:
    """Lock files that name HubSpot's packages."""
    npm = "".join(
        f'    "node_modules/@hubspot/{name}": {{\n      "version": "1.2.3",\n'
        '      "integrity": "sha512-«!hash of a package»«#b64_64»"\n    },\n'
        for name in ("api-client", "cli", "local-dev-lib", "ui-extensions", "cms-lib")
    )
    corpus.plant("decoys/lock/package-lock.json", '{\n  "packages": {\n' + npm + '    "": {}\n  }\n}\n')
    yarn = "".join(
        f'"@hubspot/{name}@^3.0.0":\n  version "3.0.1"\n'
        '  resolved "https://registry.yarnpkg.com/@hubspot/x.tgz#«!hash of a package»«#hex40»"\n'
        "  integrity sha512-«!hash of a package»«#b64_64»\n\n"
        for name in ("api-client", "cli", "serverless")
    )
    corpus.plant("decoys/lock/yarn.lock", yarn)
    poetry = '[[package]]\nname = "hubspot-api-client"\nversion = "8.2.1"\nfiles = [\n' + "".join(
        '    {file = "hubspot.whl", hash = "sha256:«!hash of a package»«#hex64»"},\n' for _ in range(4)
    )
    corpus.plant("decoys/lock/poetry.lock", poetry + "]\n")
    cargo = '[[package]]\nname = "hubspot"\nversion = "0.1.0"\nchecksum = "«!hash of a package»«#hex64»"\n\n'
    corpus.plant("decoys/lock/Cargo.lock", cargo * 3)
    corpus.plant("decoys/lock/go.sum", "example.org/hubspot v1.0.0 h1:«!hash of a package»«#b64_32»\n" * 4)
    corpus.plant("decoys/lock/Gemfile.lock", "GEM\n  specs:\n    hubspot-api-client (17.2.0)\n  CHECKSUMS\n"
                 "    hubspot-api-client sha256=«!hash of a package»«#hex64»\n")


def plant_wrapped(corpus: Corpus) -> None:
    """Notebooks and exports without any credential."""
    cell = "import os\nHUBSPOT_TOKEN = «!read from the environment»os.environ['HUBSPOT_TOKEN']\nform = '«!form id»«#uuid»'\n"
    corpus.write("decoys/wrapped/clean.ipynb", notebook(corpus.expand(cell)))
    node = {
        "id": corpus.expand("«!id of a node»«#uuid»"),
        "name": "HubSpot",
        "type": "n8n-nodes-base.hubspot",
        "webhookId": corpus.expand("«!id of a web hook»«#uuid»"),
        "credentials": {"hubspotOAuth2Api": {"id": corpus.expand("«!id of a credential, not its value»«#alnum16»")}},
    }
    corpus.write("decoys/wrapped/n8n.json", as_json({"nodes": [node], "versionId": corpus.expand("«!id»«#uuid»")}))
    rows = [
        {"key": "hubspot_api_key", "value": corpus.expand("«!a variable of the tool»{{vault:hubspot}}")},
        {"key": "hapikey", "value": corpus.expand("«!a placeholder»«%key»")},
        {"key": "hubspot_token", "value": corpus.expand("«!empty»")},
    ]
    environment = {"id": corpus.expand("«!id of an environment»«#uuid»"), "name": "HubSpot", "values": rows}
    corpus.write("decoys/wrapped/postman_environment.json", as_json(environment))
    module = {"id": 2, "module": "hubspotcrm:watchContacts", "parameters": {"__IMTCONN__": 123456},
              "metadata": {"restore": {"label": "HubSpot", "hookUdid": corpus.expand("«!id of a hook»«#uuid»")}}}
    corpus.write("decoys/wrapped/make.json", as_json({"name": "HubSpot", "flow": [module]}))


CREDENTIAL_DECOYS = [
    # Tracking, forms and calls to action
    (
        "web/landing.html",
        """<!DOCTYPE html>
<script type="text/javascript" id="hs-script-loader" async defer src="//js.hs-scripts.com/«!portal id»«#num7».js"></script>
<script charset="utf-8" type="text/javascript" src="//js.hsforms.net/forms/v2.js"></script>
<script>
  hbspt.forms.create({
    region: "na1",
    portalId: "«!portal id»«#num8»",
    formId: "«!form id»«#uuid»"
  });
</script>
<span class="hs-cta-wrapper" id="hs-cta-wrapper-«!CTA id»«#uuid»">
  <a href="https://cta-redirect.hubspot.com/cta/redirect/«#num7»/«!CTA id»«#uuid»">Book a demo</a>
  <script>hbspt.cta.load(«#num7», '«!CTA id»«#uuid»', {"region":"eu1"});</script>
</span>
<div class="meetings-iframe-container" data-src="https://meetings.hubspot.com/anna/demo?uuid=«!id of a meeting»«#uuid»"></div>
<script>var _hsq = window._hsq = window._hsq || []; _hsq.push(["identify", {id: "«!id of a visitor»«#uuid»"}]);</script>
""",
    ),
    (
        "web/Form.tsx",
        """export const HubSpotForm = () => (
  <Form portalId="«!portal id»«#num8»" formId="«!form id»«#uuid»" region="eu1" key="«!key of an element»«#uuid»" />
);

const hubspotFormKey = { contact: '«!form id»«#uuid»', demo: '«!form id»«#uuid»' };
""",
    ),
    (
        "web/cookies.txt",
        """hubspotutk=«!visitor cookie»«#hex32»; __hstc=«!visitor cookie»«#num8».«#hex32».1700000000000; __hssrc=1
""",
    ),
    (
        "web/theme.css",
        """.hs-cta-«!CTA id»«#uuid» { color: red }
.compat-na1-«!a class name»«#hex8» { display: none }
.hero { background: url(data:image/png;base64,«!a picture»iVBORw0KGgoCiR«#b64_90») }
""",
    ),
    # Logs and errors
    (
        "logs/hubspot-errors.log",
        """2025-02-03 ERROR hubspot {"status":"error","message":"Contact already exists. Existing ID: 51","correlationId":"«!correlation id»«#uuid»","category":"CONFLICT"}
2025-02-03 ERROR hubspot {"status":"error","message":"This hapikey doesn't exist.","correlationId":"«!correlation id»«#uuid»"}
2025-02-03 ERROR hubspot {"status":"error","message":"The OAuth token used to make this call expired 3 hour(s) ago.","correlationId":"«!correlation id»«#uuid»"}
2025-02-03 INFO  hubspot token refreshed requestId=«!id of a request»«#uuid»
2025-02-03 INFO  hubspot access token: «!masked»pat-na1-****-****-****-****«!masked»********
2025-02-03 INFO  hubspot key: «!masked»********-****-****-****-********3f2a hapikey=«!masked»[REDACTED]
x-hubspot-correlation-id: «!correlation id»«#uuid»
traceparent: 00-«!id of a trace»«#hex32»-«#hex16»-01
""",
    ),
    (
        "logs/errors.json",
        """{
  "status": "error",
  "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication",
  "correlationId": "«!correlation id»«#uuid»",
  "requestId": "«!id of a request»«#uuid»",
  "category": "INVALID_AUTHENTICATION",
  "policyName": "TEN_SECONDLY_ROLLING"
}
""",
    ),
    # Placeholders and documentation
    (
        "docs/setup.md",
        """# Connecting HubSpot

Put your token in `.env`:

    HUBSPOT_API_KEY=«!a placeholder»«%key»
    HUBSPOT_TOKEN=«!a placeholder»pat-na1-«%exes»
    HUBSPOT_PRIVATE_APP_TOKEN=«!a placeholder»pat-eu1-«%EXES»
    HUBSPOT_CLIENT_SECRET=«!a placeholder»«%zeros»
    HUBSPOT_DEVELOPER_KEY=«!a placeholder»«%count»
    HUBSPOT_REFRESH_TOKEN=«!a placeholder»«%routed_letters»
    HUBSPOT_WEBHOOK_SECRET=«!a placeholder»«%letters»
    HUBSPOT_ACCESS_TOKEN=«!a placeholder»<access-token>
    HAPIKEY=«!HubSpot's own example»demo

The token looks like `«!a placeholder»pat-na1-...` and must not be shared.
An old key looks like «!a placeholder»«%exes».
A personal access key starts with «!a placeholder»CiRuYTE... and is long.
""",
    ),
    (
        "docs/.env.example",
        """# HubSpot
HUBSPOT_API_KEY=«!empty»
HUBSPOT_API_KEY_OLD=«!a placeholder»«%zeros»
HUBSPOT_TOKEN=«!a placeholder»pat-na1-«%zeros»
HUBSPOT_TOKEN_EU=«!a placeholder»pat-eu1-«%count»
HUBSPOT_CLIENT_ID=«!a placeholder»«%letters»
HUBSPOT_CLIENT_SECRET=«!a placeholder»«%exes»
HUBSPOT_SECRET=«!a placeholder»«%secret»
HUBSPOT_REFRESH=«!a placeholder»«%routed_exes»
HUBSPOT_WEBHOOK_SECRET=«!a placeholder»«%change»
HUBSPOT_DEVELOPER_API_KEY=«!a placeholder»«%ones»
HUBSPOT_PERSONAL_ACCESS_KEY=«!a placeholder»your-personal-access-key
""",
    ),
    (
        "docs/sample.js",
        """const hubspot = require('@hubspot/api-client');
const a = new hubspot.Client({ accessToken: '«!a placeholder»YOUR_ACCESS_TOKEN' });
const b = new hubspot.Client({ apiKey: '«!a placeholder»«%key»' });
const c = new hubspot.Client({ accessToken: '«!a placeholder»pat-na1-«%letters»' });
const d = new hubspot.Client({ developerApiKey: '«!a placeholder»«%zeros»' });
""",
    ),
    (
        "docs/validate.py",
        """import re

# What a HubSpot token looks like
HUBSPOT_TOKEN = re.compile(r"«!a pattern»pat-(na1|na2|eu1)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HAPIKEY = re.compile(r"hapikey=«!a pattern»([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
MASK = "«!a placeholder»pat-na1-«%stars»"
REGION_YEAR = '«!a word»na1-2024'
BUCKETS = ["«!a word»eu1-prod-logs-2024-0001", "«!a word»compat-na1-2024", "«!a word»pat-na1", "«!a word»format-eu1-beta"]
""",
    ),
    (
        "docs/types.d.ts",
        """export interface HubSpotOptions {
  /** «!a placeholder»pat-na1-«%exes» */
  hubspotToken: «!a type»string;
  apiKey?: «!a type»string;
  clientSecret: «!a type»string;
  hapikey: «!a type»HapiKeyOption;
}
""",
    ),
    # Read from elsewhere
    (
        "env/read.js",
        """const hubspot = require('@hubspot/api-client');
const client = new hubspot.Client({ accessToken: «!read from the environment»process.env.HUBSPOT_TOKEN });
const hapikey = «!read from the environment»process.env.HUBSPOT_API_KEY || '«!empty»';
const secret = «!read from the environment»process.env['HUBSPOT_CLIENT_SECRET'];
const { HUBSPOT_WEBHOOK_SECRET } = «!read from the environment»process.env;
const url = `?hapikey=«!a variable»${hapikey}`;
""",
    ),
    (
        "env/read.py",
        """import os

HUBSPOT_API_KEY = «!read from the environment»os.environ["HUBSPOT_API_KEY"]
HUBSPOT_TOKEN = «!read from the environment»os.getenv("HUBSPOT_PRIVATE_APP_TOKEN", "")
HUBSPOT_CLIENT_SECRET = «!read from settings»settings.HUBSPOT_CLIENT_SECRET
HUBSPOT_REFRESH_TOKEN = «!read from a vault»vault.read("secret/data/hubspot#refresh_token")
hubspot_webhook_secret = «!read from a vault»keyring.get_password("hubspot", "«!name of an entry»«#uuid»")
""",
    ),
    (
        "env/read.php",
        """<?php
$hubspotApiKey = «!read from the environment»getenv('HUBSPOT_API_KEY');
$hubspotSecret = «!read from the environment»env('HUBSPOT_CLIENT_SECRET', '');
$token = «!read from the environment»$_ENV['HUBSPOT_TOKEN'];
""",
    ),
    (
        "env/Read.cs",
        """var token = «!read from the environment»Environment.GetEnvironmentVariable("HUBSPOT_TOKEN");
var key = «!read from settings»Configuration["HubSpot:ApiKey"];
var secret = «!read from settings»options.Value.HubSpotClientSecret;
var id = new Guid("«!id of a type»«#uuid»"); // HubSpot handler
""",
    ),
    (
        "env/read.go",
        """package hubspot

var token = «!read from the environment»os.Getenv("HUBSPOT_TOKEN")
var hapikey = «!a flag»flag.String("hapikey", "", "HubSpot API key")
var namespace = uuid.MustParse("«!name space of ids»«#uuid»")
""",
    ),
    (
        "env/workflow.yml",
        """name: hubspot-sync «!id in a comment»# «#uuid»
env:
  HUBSPOT_TOKEN: «!reference»${{ secrets.HUBSPOT_TOKEN }}
  HUBSPOT_API_KEY: «!reference»${{ secrets.HUBSPOT_API_KEY }}
  HUBSPOT_CLIENT_SECRET: «!reference»$HUBSPOT_CLIENT_SECRET
  HUBSPOT_CLIENT_ID: «!client id»«#uuid»
steps:
  - uses: actions/checkout@«!hash of a commit»«#hex40»
  - run: vault read secret/hubspot/«!name of an entry»«#uuid»
""",
    ),
    (
        "env/main.tf",
        """variable "hubspot_token" {
  type      = string
  sensitive = true
}

resource "aws_ssm_parameter" "hubspot" {
  name   = "/hubspot/api_key"
  value  = «!reference»var.hubspot_token
  key_id = "arn:aws:kms:eu-west-1:«#num12»:key/«!id of an encryption key»«#uuid»"
}

data "aws_secretsmanager_secret" "hubspot_client_secret" {
  arn = "arn:aws:secretsmanager:eu-west-1:«#num12»:secret:«!name of a secret»hubspot/client-secret-«#alnum6»"
}

data "azurerm_key_vault" "hubspot" {
  tenant_id = "«!id of a tenant»«#uuid»"
}
""",
    ),
    (
        "env/k8s.yaml",
        """kind: Deployment
metadata:
  uid: «!id of an object»«#uuid»
spec:
  containers:
    - name: hubspot-sync
      env:
        - name: HUBSPOT_TOKEN
          valueFrom:
            secretKeyRef:
              name: «!reference»hubspot
              key: token
        - name: HUBSPOT_FORM_ID
          value: «!form id»«#uuid»
        - name: HUBSPOT_API_KEY
          value: «!reference»$(HUBSPOT_API_KEY_FROM_VAULT)
""",
    ),
    (
        "env/sealed.yaml",
        """kind: SealedSecret
metadata:
  name: hubspot
spec:
  encryptedData:
    HUBSPOT_TOKEN: «!encrypted»AgB«#b64_120»
    HUBSPOT_API_KEY: «!encrypted»AgA«#b64_120»
""",
    ),
    (
        "env/vault.yml",
        """hubspot_api_key: «!encrypted»!vault |
  $ANSIBLE_VAULT;1.1;AES256
  «!encrypted»«#hex80»
hubspot_token: «!reference»"{{ lookup('env', 'HUBSPOT_TOKEN') }}"
hubspot_secret: «!reference»vault:secret/data/hubspot#client_secret
hubspot_password: «!reference»ENC[AES256_GCM,data:«#b64_24»,type:str]
""",
    ),
    # Code with UUIDs
    (
        "code/handlers.js",
        """// HubSpot events
const HANDLERS = {
  '«!key of a table»«#uuid»': require('./contact'),
  '«!key of a table»«#uuid»': require('./company'),
};
const key = '«!key of a cache»hubspot:contact:«#uuid»';
const token = cancelTokens.get('«!id of a request»«#uuid»');
logger.info('hubspot import «!id of an import»«#uuid» done');
""",
    ),
    (
        "code/migration.py",
        '''"""Adds hubspot_api_key to the settings.

Revision ID: «!id of a migration»«#hex12»
"""
revision = "«!id of a migration»«#hex12»"
HUBSPOT_INTEGRATION_UUID = "«!id of a row»«#uuid»"


def upgrade():
    op.add_column("settings", sa.Column("hubspot_api_key", «!name of a column»sa.String(36)))
    op.execute("UPDATE integrations SET name = 'hubspot' WHERE id = '«!id of a row»«#uuid»'")
''',
    ),
    (
        "code/migration.sql",
        """-- HubSpot
INSERT INTO integrations (id, name) VALUES ('«!id of a row»«#uuid»', 'hubspot');
INSERT INTO hubspot_contacts (uuid, hubspot_id) VALUES ('«!id of a row»«#uuid»', «#num6»);
ALTER TABLE settings ADD COLUMN hubspot_client_secret varchar(36) DEFAULT '«!empty»';
DELETE FROM hubspot_forms WHERE guid IN ('«!form id»«#uuid»', '«!form id»«#uuid»');
""",
    ),
    (
        "code/properties.json",
        """{
  "hubspot_properties": [
    { "key": "«!key of a property»«#uuid»", "name": "favourite_colour", "groupName": "contactinformation" },
    { "key": "«!key of a property»«#uuid»", "name": "api_key_present", "type": "bool" }
  ],
  "option": { "key": "«!key of an option»«#uuid»", "label": "HubSpot" },
  "token": { "type": "design", "key": "«!key of a style»«#hex40»" }
}
""",
    ),
    (
        "code/test_sync.py",
        """CONTACT = "«!id in a test»«#uuid»"


def test_hubspot_sync_is_idempotent(api):
    api.sync("hubspot", run="«!id in a test»«#uuid»")
    api.sync("hubspot", run="«!id in a test»«#uuid»")
    assert api.runs("hubspot") == {"«!id in a test»«#uuid»": 1}
    assert api.key == "«!a word»test-key"
""",
    ),
    (
        "code/HubSpot.csproj",
        """<Project>
  <PropertyGroup>
    <RootNamespace>HubSpot.Client</RootNamespace>
    <ProjectGuid>{«!id of a project»«#UUID»}</ProjectGuid>
    <UserSecretsId>«!id of a place for secrets»«#uuid»</UserSecretsId>
  </PropertyGroup>
</Project>
""",
    ),
    (
        "code/HubSpot.sln",
        """Project("{«!id of a project type»«#UUID»}") = "HubSpot.Sync", "HubSpot.Sync.csproj", "{«!id of a project»«#UUID»}"
EndProject
""",
    ),
    # Other vendors
    (
        "vendors/keys.env",
        """# CRM: HubSpot (see vault), the rest below
HUBSPOT_PORTAL_ID=«!portal id»«#num8»
HEROKU_API_KEY=«!another vendor's key»«#uuid»
SEGMENT_KEY=«!another vendor's key»«#alnum32»
MAILGUN_API_KEY=key-«!another vendor's key»«#hex32»
ZOHO_CLIENT_SECRET=«!another vendor's secret»«#hex42»
ZOHO_REFRESH_TOKEN=1000.«!another vendor's token»«#hex32».«#hex32»
INTERCOM_ACCESS_TOKEN=«!another vendor's token»«#b64_44»
AZURE_CLIENT_SECRET=«!another vendor's secret»«#uuid»
XERO_CLIENT_SECRET=«!another vendor's secret»«#alnum48»
SALESFORCE_REFRESH_TOKEN=«!another vendor's token»«#alnum60»
STRIPE_WEBHOOK_SECRET=whsec«!another vendor's secret»_«#alnum32»
PIPEDRIVE_API_KEY=«!another vendor's key»«#uuid»
""",
    ),
    (
        "vendors/oauth.json",
        """{
  "google": { "client_id": "«#num12»", "client_secret": "«!another vendor's secret»«#alnum24»", "refresh_token": "1//«!another vendor's token»«#alnum60»" },
  "xero": { "client_id": "«!another vendor's client»«#hex32»", "client_secret": "«!another vendor's secret»«#uuid»" },
  "azure": { "tenant": "«!a tenant»«#uuid»", "client_secret": "«!another vendor's secret»«#uuid»", "access_token": "«!another vendor's token»«#jwt»" }
}
""",
    ),
    (
        "vendors/mixed.yml",
        """hubspot:
  portal_id: «!portal id»«#num7»
  forms:
    contact: «!form id»«#uuid»
mailjet:
  api_key: «!another vendor's key»«#uuid»
segment:
  write_key: «!another vendor's key»«#alnum32»
heroku:
  api_key: «!another vendor's key»«#uuid»
jira:
  token: «!another vendor's token»«#alnum24»
""",
    ),
    (
        "vendors/Api.java",
        """class Api {
    // Used beside HubSpot
    static final String MAILCHIMP_KEY = "«!another vendor's key»«#hex32»-us6";
    static final String DATADOG_API_KEY = "«!another vendor's key»«#hex32»";
    static final String SESSION = "«!another vendor's token»«#jwt»";
    static final long serialVersionUID = «#num18»L;
}
""",
    ),
    (
        "vendors/tokens.txt",
        """github: «!another vendor's token»github«#alnum36»
commit «!hash of a commit»«#hex40»
blob «!hash of a file»«#hex64»
session «!another vendor's token»«#jwt»
Certificate: CiR«!too short»«#alnum20»
""",
    ),
    (
        "vendors/picture.html",
        """<img alt="HubSpot" src="data:image/png;base64,«!a picture»iVBORw0KGgoAAAANSUhEUg«#b64_150»CiR«#b64_30»">
<svg id="hubspot-«!id of a picture»«#uuid»"></svg>
<link rel="preload" href="/hubspot.«!hash of a file»«#hex20».js" integrity="sha384-«!hash of a file»«#b64_48»">
""",
    ),
]


USAGE_DECOYS = [
    (
        "calls/links.md",
        """# Reading

- [Contacts]«!u documentation»(https://developers.hubspot.com/docs/api/crm/contacts)
- [Search]«!u documentation»(https://developers.hubspot.com/docs/reference/api/crm/objects/contacts/v3)
- [OAuth]«!u documentation»(https://developers.hubspot.com/docs/api/oauth-quickstart-guide)
- [Webhooks]«!u documentation»(https://legacydocs.hubspot.com/docs/methods/webhooks/webhooks-overview)
- [A contact]«!u link into the web interface»(https://app.hubspot.com/contacts/«#num7»/contact/«#num6»)
- [EU]«!u link into the web interface»(https://app-eu1.hubspot.com/contacts/«#num7»/objects/0-1/views/all/list)
- [Blog]«!u marketing»(https://blog.hubspot.com/marketing/what-is-crm)
- [Pricing]«!u marketing»(https://www.hubspot.com/products/crm/contacts)
- [Community]«!u marketing»(https://community.hubspot.com/t5/APIs-Integrations/crm-v3-objects-contacts/m-p/«#num6»)
- [Client]«!u source of a client»(https://github.com/HubSpot/hubspot-api-nodejs/tree/master/codegen/crm/contacts)
- [Status]«!u marketing»(https://status.hubspot.com/incidents/crm/v3)
""",
    ),
    (
        "calls/other_hosts.js",
        """const a = () => fetch('«!u another host»https://api.example.org/crm/v3/objects/contacts');
const b = () => axios.post('«!u another host»https://www.zohoapis.com/crm/v3/Contacts', body);
const c = () => axios.get(`«!u another host»https://www.zohoapis.eu/crm/v3/objects/deals/${id}`);
const d = () => fetch('«!u another host»https://intranet.example.org/contacts/v1/contact/5');
const e = () => fetch('«!u another host»https://api.hubapi.com.example.org/crm/v3/objects/contacts');
const f = () => fetch("«!u another host»https://example.org/companies/v2/companies/7");
const g = () => fetch(`«!u another host»https://crm.example.org/properties/v1/contacts/properties`);
const h = () => fetch('«!u another host»https://notapi-hubapi.example.org/deals/v1/deal');
""",
    ),
    (
        "calls/other_hosts.py",
        """import requests

BASE = "https://backend.example.org"

requests.get(BASE + "«!u another host»/crm/v3/objects/contacts")
requests.post(f"«!u another host»{BASE}/contacts/v1/lists")
requests.get("«!u another host»https://apis.example.com/engagements/v1/engagements")
requests.get("«!u another host»https://www.zohoapis.com/crm/v3/settings/fields?module=Leads")
requests.get("«!u a web site»https://www.hubspot.com/")
""",
    ),
    (
        "calls/other_clients.js",
        """const { DynamicsClient } = require('dynamics-crm-client');
const dynamics = new DynamicsClient({ tenant: '«!id of a tenant»«#uuid»' });

await dynamics.crm.contacts.«!u another client»getPage(10);
await dynamics.crm.contacts.«!u another client»create({ name: 'x' });
await pipedrive.crm.deals.«!u another client»getAll();
await zoho.crm.companies.«!u another client»update(7, {});
await store.crm.contacts.«!u our own store»dispatch('load');
""",
    ),
    (
        "calls/other_clients.py",
        """from dynamics import Client

client = Client()
client.crm.contacts.«!u another client»create(name="x")
client.crm.deals.«!u another client»get_page(5)
client.crm.api.«!u another client»list()
odoo.crm.tickets.«!u another client»search([])
""",
    ),
    (
        "calls/OtherClients.cs",
        """var x = await dynamics.Crm.Contacts.«!u another client»Create(contact);
var y = await service.Crm.Accounts.«!u another client»GetPage(5);
router.MapGet("«!u our own route»/crm/v3/things", Handler);
""",
    ),
    (
        "calls/routes.rb",
        """Rails.application.routes.draw do
  get '«!u our own route»/contacts/v1/contact', to: 'contacts#show'
  post '«!u our own route»/crm/v3/objects/contacts', to: 'contacts#create'
  get '«!u our own route»/forms/v2/forms', to: 'forms#index'
end
""",
    ),
    (
        "calls/page.html",
        """<a href="«!u link into the web interface»https://app.hubspot.com/login">Log in</a>
<a href="«!u link into the web interface»https://app.hubspot.com/oauth/authorize?client_id=«!client id»«#uuid»&scope=oauth">Install</a>
<script src="«!u tracking code»//js.hs-analytics.net/analytics/1700000000000/«#num7».js"></script>
<img src="«!u tracking code»https://track.hubspot.com/__ptq.gif?k=1&a=«#num7»">
<link href="«!u a file of the web site»https://cdn2.hubspot.net/hubfs/«#num7»/style.css">
<img src="«!u a file of the web site»https://«#num7».fs1.hubspotusercontent-na1.net/hubfs/logo.png">
""",
    ),
    (
        "calls/prose.txt",
        """We moved from «!u prose»api.hubapi.com to the gateway last year.
Ask for the scope «!u prose»crm.objects.contacts.read first.
The contacts.«!u prose»basicApi of the client is slow.
""",
    ),
]
