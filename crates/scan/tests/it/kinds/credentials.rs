//! Credentials: K1 to K5.

use keyway_scan::finding::{Confidence, Kind};

use super::{kinds, secrets};
use crate::values;

#[test]
fn k1_a_path_that_names_hubspot_is_evidence_for_a_file_that_does_not() {
    let text = r#"{"client_secret": "{uuid}", "refresh_token": "{routed}"}"#;
    assert_eq!(kinds("taps/tap_hubspot_config.json", text), [Kind::OauthClientSecret, Kind::OauthRefreshToken]);
    assert_eq!(kinds("services/hubspot-sync/.env", "API_KEY={uuid}\n"), [Kind::Hapikey]);
    assert_eq!(kinds("theme/hubspot.config.yml", "portals:\n  - portal: 7\n    api_key: {uuid}\n"), [Kind::Hapikey]);
    assert_eq!(kinds("HubSpot/Settings.xml", "<settings><clientSecret>{uuid}</clientSecret></settings>"), [Kind::OauthClientSecret]);
    assert_eq!(kinds("deploy/hub_spot/values.yaml", "env:\n  REFRESH_TOKEN: {uuid}\n"), [Kind::OauthRefreshToken]);
}

#[test]
fn k1_a_file_named_for_its_only_value_names_it() {
    for (path, kind) in [
        ("secrets/hubspot_api_key", Kind::Hapikey),
        ("run/secrets/hubspot-client-secret.txt", Kind::OauthClientSecret),
        ("vault/hubspot/refresh_token", Kind::OauthRefreshToken),
        ("keys/HUBSPOT_WEBHOOK_SECRET", Kind::WebhookSecret),
    ] {
        assert_eq!(kinds(path, "{uuid}\n"), [kind], "{path}");
    }
}

#[test]
fn k1_a_path_makes_no_credential_of_an_id_or_of_anothers_key() {
    for (path, text) in [
        ("services/hubspot-sync/forms.json", r#"{"formId": "{uuid}", "portalId": 7}"#),
        ("services/hubspot-sync/.env", "MAILGUN_API_KEY={uuid}\n"),
        ("secrets/hubspot_form_guid", "{uuid}"),
        ("secrets/hubspot_client_id", "{uuid}"),
        ("node_modules/@hapi/secrets.json", r#"{"client_secret": "{uuid}"}"#),
        ("services/billing/.env", "API_KEY={uuid}\n"),
    ] {
        assert_eq!(kinds(path, text), [], "{path}");
    }
}

#[test]
fn k4_a_comment_does_not_make_the_kind_of_a_value() {
    let rails = "# Your secret key is used for verifying the integrity of signed cookies.\nproduction:\n  hubspot:\n    key: {uuid}\n";
    assert_eq!(kinds("config/secrets.yml", rails), [Kind::Hapikey]);
    for text in [
        "hubspot:\n  # the client secret token of the app is elsewhere\n  token: {uuid}\n",
        "; your signing secret key\n[hubspot]\nkey = {uuid}\n",
        "// refresh the secret key once a year\nconst hubspot = { key: '{uuid}' }\n",
    ] {
        assert_eq!(kinds("a.txt", text), [Kind::Hapikey], "{text}");
    }
    // What the value's own name says counts, whatever comments say.
    assert_eq!(kinds("a.yml", "# the api key\nhubspot:\n  client_secret: {uuid}\n"), [Kind::OauthClientSecret]);
}

#[test]
fn k5_a_sample_of_a_specification_says_so_by_a_key_above_it() {
    for text in [
        "# HubSpot\nexamples:\n  TokenExample:\n    value:\n      refresh_token: {uuid}\n",
        "# HubSpot\nschema:\n  properties:\n    refresh_token:\n      type: string\n      example:\n        refresh_token: {uuid}\n",
        "{\"title\": \"HubSpot\", \"example\": {\n  \"refresh_token\": \"{uuid}\"\n}}",
        "{\"title\": \"HubSpot\", \"examples\": [\n {\"value\": {\n  \"refresh_token\": \"{uuid}\"\n}}]}",
    ] {
        let found = secrets("openapi.yml", text);
        assert_eq!(found.iter().map(|(_, confidence, _)| *confidence).collect::<Vec<_>>(), [Confidence::Low], "{text}");
    }
}

#[test]
fn k5_a_recorded_response_is_less_sure_and_still_reported() {
    let text = "{\"name\": \"HubSpot token\", \"response\": [{\n  \"refresh_token\": \"{uuid}\"\n}]}";
    assert_eq!(secrets("a.json", text), [(Kind::OauthRefreshToken, Confidence::Medium, 2)]);
    // A key that merely holds the word is none.
    let text = "hubspot:\n  response_handler:\n    refresh_token: {uuid}\n";
    assert_eq!(secrets("a.yml", text), [(Kind::OauthRefreshToken, Confidence::High, 3)]);
    let text = "hubspot:\n  sandbox:\n    refresh_token: {uuid}\n";
    assert_eq!(secrets("a.yml", text), [(Kind::OauthRefreshToken, Confidence::High, 3)]);
}

#[test]
fn k2_secrets_by_position_in_the_official_clients() {
    for (path, text) in [
        ("a.js", "hubspotClient.oauth.tokensApi.create('refresh_token', undefined, undefined, ID, '{uuid}', '{routed}')"),
        ("a.php", "$hubspot->oauth()->tokensApi()->create('refresh_token', null, null, $id, '{uuid}', '{routed}');"),
        (
            "a.py",
            "# hubspot\nclient.oauth.tokens_api.create(\n    \"refresh_token\",\n    None,\n    None,\n    ID,\n    \"{uuid}\",\n    \"{routed}\",\n)",
        ),
        ("a.js", "// hubspot\nclient.oauth.defaultApi.createToken('refresh_token', undefined, undefined, ID, '{uuid}', '{routed}')"),
    ] {
        assert_eq!(kinds(path, text), [Kind::OauthClientSecret, Kind::OauthRefreshToken], "{text}");
    }
    assert_eq!(kinds("a.js", "hubspotClient.oauth.refreshTokensApi.get('{uuid}')"), [Kind::OauthRefreshToken]);
    assert_eq!(kinds("a.php", "$h = HubSpot\\Factory::createWithApiKey('{uuid}');"), [Kind::Hapikey]);
    assert_eq!(kinds("a.php", "$h = \\HubSpot\\Factory::createWithDeveloperApiKey(\"{uuid}\");"), [Kind::DeveloperKey]);
    assert_eq!(
        kinds("a.py", "from hubspot.utils.signature import Signature\nSignature.is_valid(sig, '{uuid}', body)"),
        [Kind::OauthClientSecret]
    );
    assert_eq!(kinds("a.js", "hubspotClient.webhooks.validateSignature(sig, '{uuid}', body)"), [Kind::OauthClientSecret]);
}

#[test]
fn k2_secrets_by_position_in_other_clients() {
    for (path, text, kind) in [
        ("a.cs", "var c = new HubSpotContactClient(\"{uuid}\");", Kind::Hapikey),
        ("a.cs", "var api = new HubSpotApi(\"{uuid}\");", Kind::Hapikey),
        ("a.java", "HubSpot hubSpot = new HubSpot(\"{uuid}\");", Kind::Hapikey),
        ("a.go", "import \"github.com/belong-inc/go-hubspot\"\nc, _ := hubspot.NewClient(hubspot.SetAPIKey(\"{uuid}\"))", Kind::Hapikey),
        ("a.go", "c := hubspot.NewClient(\"{uuid}\")", Kind::Hapikey),
        ("a.py", "from hubspot3 import Hubspot3\nHubspot3(None, None, '{routed}')", Kind::OauthRefreshToken),
        (
            "a.rb",
            "Rails.application.config.middleware.use OmniAuth::Builder do\n  provider :hubspot, 'an-id', '{uuid}', scope: 'contacts'\nend",
            Kind::OauthClientSecret,
        ),
        ("devise.rb", "config.omniauth :hubspot, ENV['HUBSPOT_ID'], '{uuid}'", Kind::OauthClientSecret),
        ("a.ts", "export const hs = createHubspotClient('{uuid}')", Kind::Hapikey),
        ("a.php", "use SevenShores\\Hubspot\\Factory;\n$f->oAuth2()->getTokensByRefresh($id, '{uuid}', $token);", Kind::OauthClientSecret),
        (
            "a.js",
            "const SECRET = '{uuid}'\nhubspotClient.oauth.tokensApi.create('authorization_code', code, url, ID, SECRET)",
            Kind::OauthClientSecret,
        ),
    ] {
        assert_eq!(kinds(path, text), [kind], "{text}");
    }
}

#[test]
fn k2_other_positions_and_other_clients_are_no_secrets() {
    for (path, text) in [
        ("a.js", "hubspotClient.oauth.tokensApi.create('refresh_token', undefined, undefined, '{uuid}', SECRET, TOKEN)"),
        ("a.js", "new HubSpotFormClient('{uuid}')"),
        ("a.js", "new HubspotChatWidget('{uuid}')"),
        ("a.rb", "provider :github, 'an-id', '{uuid}' # not hubspot"),
        ("a.js", "// hubspot\ntokensStore.create('refresh_token', undefined, undefined, ID, '{uuid}')"),
        ("a.cs", "// HubSpot\nvar c = new TrackingClient(\"{uuid}\");"),
        ("a.js", "hubspotForms.submit('{uuid}', fields)"),
    ] {
        assert_eq!(kinds(path, text), [], "{text}");
    }
}

#[test]
fn k3_a_form_body_apart_from_its_url_counts_where_hubspot_is_alone() {
    let apart = "\n// more\n".repeat(60);
    let body = "const body = { grant_type: 'refresh_token', client_id: ID, client_secret: '{uuid}', refresh_token: REFRESH }";
    let js = format!("{body}\n{apart}\naxios.post('https://api.hubapi.com/oauth/v1/token', body)");
    assert_eq!(secrets("a.js", &js), [(Kind::OauthClientSecret, Confidence::Medium, 1)]);
    let py = format!(
        "DATA = {{\n    'refresh_token': '{{uuid}}',\n}}\n{apart}\nrequests.post('https://api.hubapi.com/oauth/v1/token', data=DATA)"
    );
    assert_eq!(secrets("a.py", &py), [(Kind::OauthRefreshToken, Confidence::Medium, 2)]);
    let rb = format!("require 'hubspot-api-client'\n{apart}\nBODY = {{ client_secret: '{{uuid}}' }}\n");
    assert_eq!(kinds("a.rb", &rb), [Kind::OauthClientSecret]);
    let sh = format!(
        "BODY=\"grant_type=refresh_token&refresh_token={{uuid}}\"\n{apart}\ncurl https://api.hubapi.com/oauth/v1/token -d \"$BODY\""
    );
    assert_eq!(kinds("a.sh", &sh), [Kind::OauthRefreshToken]);
    // Another provider, by host or by name, may be the one that is meant.
    for other in ["axios.post('https://login.other-crm.io/token', body)", "const xero = connect()", "const salesforceUrl = env.URL"] {
        let text = format!("{body}\n{apart}\naxios.get('https://api.hubapi.com/crm/v3/owners')\n{other}");
        assert_eq!(kinds("a.js", &text), [], "{other}");
    }
    // A file that only mentions HubSpot has nothing to do with it.
    assert_eq!(kinds("a.js", &format!("// as hubspot does\n{apart}{body}")), []);
}

#[test]
fn k5b_tokens_in_another_dress_are_found() {
    let token = crate::values::pat(3);
    for (what, text) in [
        ("two lines", format!("token: {}\n  {}", &token[..20], &token[20..])),
        ("two lines of a comment", format!("# token {}\n# {}", &token[..25], &token[25..])),
        ("a quotation", format!("> use {}\n> {} here", &token[..17], &token[17..])),
        ("quoted-printable", format!("HubSpot {}=\n{}", &token[..30], &token[30..])),
        ("JSON's escapes", format!("\"hubspot\": \"{}\"", token.replace('-', "\\u002d"))),
        ("URL encoding", format!("hubspot?token={}", token.replace('-', "%2D"))),
        ("entities", format!("HubSpot: {}", token.replace('-', "&#45;"))),
        ("hyphens of a word processor", format!("HubSpot: {}", token.replace('-', "\u{2011}"))),
        ("a soft break", format!("HubSpot: {}<wbr>{}", &token[..20], &token[20..])),
    ] {
        assert_eq!(kinds("a.txt", &text), [Kind::PrivateAppToken], "{what}");
    }
    for text in [
        "HubSpot: pat-na1-\n  xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".to_owned(),
        format!("hubspot {}\n\n\n{}", &token[..20], "something else"),
        format!("hubspot {}\n{}fff", &token[..20], &token[20..]),
    ] {
        assert_eq!(kinds("a.txt", &text), [], "{text}");
    }
}

#[test]
fn k3_a_secret_below_a_key_with_an_arrow_belongs_to_the_key() {
    for text in [
        "<?php\nreturn [\n    'hubspot' => [\n        'secret' => '{uuid}',\n    ],\n];\n",
        "<?php\nreturn array(\n    \"hubspot\" => array(\n        'secret' => '{uuid}',\n    ),\n);\n",
        "CONFIG = {\n  :hubspot => {\n    'secret' => '{uuid}'\n  }\n}\n",
    ] {
        assert_eq!(kinds("a.txt", text), [Kind::OauthClientSecret], "{text}");
    }
    for text in [
        "const hubspot = () => {\n  const secret = '{uuid}'\n}\n",
        "<?php\nreturn [\n    'hubspot' => ['id' => 1],\n    'mailer' => [\n        'secret' => '{uuid}',\n    ],\n];\n",
    ] {
        assert_eq!(kinds("a.txt", text), [], "{text}");
    }
}

#[test]
fn k5b_a_token_in_parts_that_are_joined_elsewhere_is_found() {
    let token = values::pat(3);
    let (region, uuid) = token.split_at("pat-na1-".len());
    for text in [
        format!("// hubspot\nconst T = ['pat', 'na1', '{uuid}'].join('-');\n"),
        format!("// hubspot\nvar parts = []string{{\"pat\", \"na1\", \"{uuid}\"}}\n"),
        format!("# hubspot\nREGION = \"{region}\"\nPART = \"{uuid}\"\nTOKEN = REGION + PART\n"),
        format!("// hubspot\nconst region = '{region}';\nconst rest = '{uuid}';\n"),
    ] {
        assert_eq!(kinds("a.txt", &text), [Kind::PrivateAppToken], "{text}");
    }
    for text in
        [format!("// hubspot\nf('path', 'na1', '{uuid}')\n"), format!("# hubspot\nREGION = \"{region}\"\nOTHER = 1\nPART = \"{uuid}\"\n")]
    {
        assert_eq!(kinds("a.txt", &text), [], "{text}");
    }
}

#[test]
fn a_setting_with_a_default_is_named_by_the_variable_that_takes_it_too() {
    let oauth = "from hubspot import HubSpot\n";
    for line in [
        "CLIENT_SECRET = os.getenv(\"HS_SECRET\", \"{uuid}\")",
        "client_secret: str = os.environ.get('CRM_SEC', '{uuid}')",
        "app_secret = config(\"HS\", \"{uuid}\")",
    ] {
        assert_eq!(kinds("a.py", &format!("{oauth}{line}\n")), [Kind::OauthClientSecret], "{line}");
    }
    for line in ["SESSION_ID = os.getenv(\"HS_SECRET\", \"{uuid}\")", "CLIENT_ID = os.getenv(\"HS\", \"{uuid}\")"] {
        assert_eq!(kinds("a.py", &format!("{oauth}{line}\n")), [], "{line}");
    }
    assert_eq!(kinds("a.py", "from stripe import Stripe\nCLIENT_SECRET = os.getenv(\"S\", \"{uuid}\")\n"), []);
}

#[test]
fn a_cell_of_a_table_is_named_by_the_head_of_its_column() {
    let table = |head: &str, cell: &str| format!("# HubSpot sync\n\n| env | {head} |\n|---|---|\n| prod | {cell} |\n");
    assert_eq!(kinds("runbook.md", &table("client secret", "`{uuid}` (HubSpot app 2291034)")), [Kind::OauthClientSecret]);
    assert_eq!(kinds("runbook.md", &table("HubSpot refresh token", "{uuid}")), [Kind::OauthRefreshToken]);
    for text in [
        table("form id", "{uuid}"),
        table("client id", "`{uuid}` (HubSpot app 7)"),
        "| env | client secret |\n|---|---|\n| prod | {uuid} |\n".to_owned(),
    ] {
        assert_eq!(kinds("runbook.md", &text), [], "{text}");
    }
}

#[test]
fn the_functions_of_a_hubspot_project_are_hubspots() {
    assert_eq!(kinds("src/app/functions/app.functions/.env", "WEBHOOK_CLIENT_SECRET={uuid}\n"), [Kind::WebhookSecret]);
    assert_eq!(kinds("theme/x.functions/.env.local", "CLIENT_SECRET={uuid}\n"), [Kind::OauthClientSecret]);
    assert_eq!(kinds("Acme.Functions/.env", "CLIENT_SECRET={uuid}\n"), []);
    assert_eq!(kinds("src/functions/.env", "WEBHOOK_CLIENT_SECRET={uuid}\n"), []);
}

#[test]
fn metadata_of_salesforce_names_a_value_by_the_element_before_it() {
    let metadata = |label: &str, field: &str| {
        format!(
            "<CustomMetadata>\n  <label>{label}</label>\n  <values>\n    <field>{field}</field>\n    <value xsi:type=\"xsd:string\">{{uuid}}</value>\n  </values>\n</CustomMetadata>\n"
        )
    };
    assert_eq!(kinds("customMetadata/Integration.HubSpot.md-meta.xml", &metadata("x", "Client_Secret__c")), [Kind::OauthClientSecret]);
    assert_eq!(kinds("a.md-meta.xml", &metadata("HubSpot", "Refresh_Token__c")), [Kind::OauthRefreshToken]);
    assert_eq!(kinds("a.md-meta.xml", &metadata("HubSpot", "Form_Id__c")), []);
    assert_eq!(kinds("a.md-meta.xml", &metadata("Stripe", "Client_Secret__c")), []);
}

#[test]
fn the_options_of_another_services_client_hold_no_key_of_hubspot() {
    let hubspot = "const hubspot = axios.create({\n  baseURL: 'https://api.hubapi.com',\n});\n\n";
    let other = "const billing = axios.create({\n  baseURL: 'https://billing.internal.example.com/v3',\n  headers: { 'X-Api-Key': '{uuid}' },\n});\n";
    assert_eq!(kinds("a.js", &format!("{hubspot}{other}")), []);
    let own = "const legacy = axios.create({\n  baseURL: 'https://api.hubapi.com',\n  params: { hapikey: '{uuid}' },\n});\n";
    assert_eq!(kinds("a.js", &format!("{hubspot}{own}")), [Kind::Hapikey]);
    // A redirect is an address that HubSpot is given.
    let body = "axios.post('https://api.hubapi.com/oauth/v1/token', { redirect_uri: 'https://app.acme.dev/cb', client_secret: '{uuid}' })";
    assert_eq!(kinds("a.js", body), [Kind::OauthClientSecret]);
}
