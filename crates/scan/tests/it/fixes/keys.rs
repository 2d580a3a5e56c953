//! F1 and F2: a key that comes from somewhere stays where it comes from, and no client gets two.

use super::{becomes, fixed, stays};

#[test]
fn a_key_of_a_record_or_a_parameter_stays_in_each_language() {
    becomes(
        "a.js",
        "export const f = (account) => fetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${account.hubspotKey}`);\n",
        "export const f = (account) => fetch(`${BASE}/crm/objects/2026-09/deals`, { headers: { Authorization: `Bearer ${account.hubspotKey}` } });\n",
    );
    becomes(
        "a.py",
        "def deals(base, key):\n    return requests.get(base + \"/crm/objects/2026-09/deals\", params={\"hapikey\": key})\n",
        "def deals(base, key):\n    return requests.get(base + \"/crm/objects/2026-09/deals\", headers={\"Authorization\": f\"Bearer {key}\"})\n",
    );
    for (path, text, kept) in [
        (
            "a.php",
            "<?php\nfunction f($c, $base, $key) { return $c->get($base . '/crm/objects/2026-09/deals', ['query' => ['hapikey' => $key]]); }\n",
            "'Bearer ' . $key",
        ),
        ("a.rb", "def f(key)\n  HTTParty.get(\"#{BASE}/crm/objects/2026-09/deals?hapikey=#{key}\")\nend\n", "\"Bearer #{key}\""),
        (
            "A.java",
            "class A { void f(String key) { var r = HttpRequest.newBuilder(URI.create(base + \"/crm/objects/2026-09/deals?hapikey=\" + key)).build(); } }\n",
            "\"Bearer \" + key",
        ),
        (
            "a.go",
            "package a\n\nfunc f(base, key string) {\n\treq, err := http.NewRequest(\"GET\", base+\"/crm/objects/2026-09/deals?hapikey=\"+key, nil)\n\tuse(req, err)\n}\n",
            "\"Bearer \"+key",
        ),
        (
            "A.cs",
            "class A {\n    void F(string key) {\n        var request = new HttpRequestMessage(HttpMethod.Get, $\"{baseUrl}/crm/objects/2026-09/deals?hapikey={key}\");\n        Send(request);\n    }\n}\n",
            "\"Bearer \" + key",
        ),
        ("a.sh", "#!/bin/sh\nfor key in $KEYS; do\n  curl -s \"$BASE/crm/objects/2026-09/deals?hapikey=$key\"\ndone\n", "Bearer $key"),
    ] {
        let text = fixed(path, text);
        assert!(text.contains(kept) && !text.contains("HUBSPOT_ACCESS_TOKEN"), "{path}: {text}");
    }
}

#[test]
fn a_client_library_gets_the_key_of_its_customer() {
    for (path, text, kept) in [
        (
            "a.js",
            "const hubspot = require('@hubspot/api-client');\nconst of = (portal) => new hubspot.Client({ apiKey: portal.apiKey });\n",
            "accessToken: portal.apiKey",
        ),
        (
            "b.js",
            "const hubspot = require('@hubspot/api-client');\nfor (const { apiKey } of portals) new hubspot.Client({ apiKey });\n",
            "accessToken: apiKey",
        ),
        (
            "a.py",
            "import hubspot\n\ndef client(portal):\n    return hubspot.Client.create(api_key=portal[\"key\"])\n",
            "access_token=portal[\"key\"]",
        ),
        ("a.rb", "def connect(portal)\n  Hubspot.configure(hapikey: portal.key)\nend\n", "access_token: portal.key"),
    ] {
        let text = fixed(path, text);
        assert!(text.contains(kept) && !text.contains("HUBSPOT_ACCESS_TOKEN"), "{path}: {text}");
    }
}

#[test]
fn a_token_that_is_verified_stays_the_token_that_is_verified() {
    for (path, text) in [
        (
            "verify.go",
            "package a\n\nfunc verify(token string) {\n\treq, err := http.NewRequest(\"GET\", \"https://api.hubapi.com/crm/objects/2026-09/deals?hapikey=\"+token, nil)\n\tuse(req, err)\n}\n",
        ),
        (
            "verify.py",
            "async def verify(self, token: str):\n    return await client.get(f\"{HUBSPOT}/crm/objects/2026-09/deals?hapikey={token}\")\n",
        ),
        (
            "verify.js",
            "exports.verify = async function (token) { return axios.get(`${HUBSPOT}/crm/objects/2026-09/deals`, { params: { hapikey: token } }); };\n",
        ),
    ] {
        assert!(!fixed(path, text).contains("HUBSPOT_ACCESS_TOKEN"), "{path}");
    }
}

#[test]
fn a_variable_that_names_its_customer_stays() {
    let text = fixed("a.js", "fetch(`${BASE}/crm/objects/2026-09/deals?hapikey=${process.env.ACME_HUBSPOT_KEY}`);\n");
    assert!(text.contains("Bearer ${process.env.ACME_HUBSPOT_KEY}"), "{text}");
}

#[test]
fn a_key_from_another_file_is_listed() {
    stays(
        "a.py",
        "from settings import KEY\n\nrequests.get(HUBSPOT + \"/crm/objects/2026-09/deals\", params={\"hapikey\": KEY})\n",
        "does not show where the key comes from",
    );
    stays(
        "a.js",
        "import { key } from './settings';\nfetch(`${HUBSPOT}/crm/objects/2026-09/deals?hapikey=${key}`);\n",
        "does not show where the key comes from",
    );
    stays("a.rb", "HTTParty.get(\"#{HUBSPOT}/crm/objects/2026-09/deals?hapikey=#{KEY}\")\n", "does not show where the key comes from");
}

#[test]
fn a_client_that_gets_a_key_and_a_token_is_listed() {
    stays("a.py", "client = Hubspot3(api_key=K, access_token=T)\n", "an API key and a token");
    stays("b.py", "import hubspot\nclient = HubSpot(api_key=K, **options)\n", "an API key and a token");
    stays("a.js", "const c = new hubspot.Client({ apiKey: k, accessToken: t });\n", "an API key and a token");
    stays("b.js", "const c = new hubspot.Client({ ...options, apiKey: k });\n", "an API key and a token");
    stays("a.rb", "Hubspot.configure(hapikey: k, access_token: t)\n", "an API key and a token");
}

#[test]
fn secrets_of_several_customers_in_one_file_are_listed() {
    let secret = |first: char| format!("{first}a1a21fb-1147-428a-81a0-e9692ce6db41");
    let text = format!(
        "HUBSPOT = {{\n    \"acme\": {{\"client_id\": \"{}\", \"client_secret\": \"{}\"}},\n    \"bolt\": {{\"client_id\": \"{}\", \"client_secret\": \"{}\"}},\n}}\n",
        secret('a'),
        secret('b'),
        secret('c'),
        secret('d')
    );
    stays("settings.py", &text, "several credentials are written in this file");
}

#[test]
fn the_address_of_a_call_that_leads_to_the_developer_key_stays_whatever_the_language() {
    for (path, text) in [
        ("a.js", "await fetch('https://api.hubapi.com/webhooks/v3/123/subscriptions', { method: 'POST', headers });\n"),
        ("b.js", "await fetch(`https://api.hubapi.com/webhooks/v3/${appId}/settings`, { headers });\n"),
        ("a.py", "requests.get(\"https://api.hubapi.com/webhooks/v3/123/subscriptions\", headers=headers)\n"),
        ("a.rb", "HTTParty.get('https://api.hubapi.com/webhooks/v3/123/subscriptions', headers: headers)\n"),
    ] {
        stays(path, text, "developer API key");
    }
    let text = fixed("a.js", "await fetch('https://api.hubapi.com/crm/objects/2026-09/contacts', { headers });\n");
    assert!(text.contains("HUBSPOT_BASE_URL"), "{text}");
}
