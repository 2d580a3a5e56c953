//! Whose key a value is: the nearest section or prefix decides.

use base64::Engine;
use keyway_scan::finding::Kind;

use super::kinds;
use crate::values;

#[test]
fn k12_a_key_of_another_section_is_not_a_key_of_hubspot() {
    let key = values::uuid(1);
    for text in [
        format!("posthog:\n  api_key: {key}\nhubspot:\n  enabled: true\n"),
        format!("newsletter:\n  api_key: {key}\n\nhubspot:\n  enabled: true\n"),
        format!("{{\"warehouse\": {{\"api_key\": \"{key}\"}}, \"hubspot\": {{\"enabled\": true}}}}"),
        format!("const config = {{\n  newsletter: {{ api_key: \"{key}\" }},\n  hubspot: {{ enabled: true }},\n}};\n"),
        format!("[newsletter]\napi_key = {key}\n[hubspot]\nenabled = true\n"),
    ] {
        let found = crate::examine("a.txt", &text).candidates;
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    for text in [
        format!("hubspot:\n  api_key: {key}\nposthog:\n  enabled: true\n"),
        format!("newsletter:\n  api_key: {key} # HubSpot\n"),
        format!("# HubSpot\napi_key = \"{key}\"\n"),
        format!("config:\n  api_key: {key}\n  host: api.hubapi.com\n"),
    ] {
        assert_eq!(kinds("a.txt", &text), [Kind::Hapikey], "{text}");
    }
}

#[test]
fn k12_a_property_list_names_its_values() {
    let key = values::uuid(1);
    for (text, kind) in [
        (format!("<dict>\n<key>HubSpotAPIKey</key>\n<string>{key}</string>\n</dict>"), Kind::Hapikey),
        (format!("<dict>\n\t<key>HubSpotClientSecret</key><string>{key}</string>\n</dict>"), Kind::OauthClientSecret),
        (format!("<dict>\n<key>HubSpot</key>\n<dict>\n<key>apiKey</key>\n<string>{key}</string>\n</dict>\n</dict>"), Kind::Hapikey),
    ] {
        assert_eq!(kinds("a.plist", &text), [kind], "{text}");
    }
    let other = format!("<dict>\n<key>HubSpotPortal</key>\n<string>1</string>\n<key>HubSpotFormId</key>\n<string>{key}</string>\n</dict>");
    assert_eq!(kinds("a.plist", &other), []);
}

#[test]
fn k12_basic_authentication_at_the_token_endpoint_holds_the_client_secret() {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", values::uuid(1), values::uuid(2)));
    let url = "https://api.hubapi.com/oauth/v1/token";
    for (path, text) in [
        ("a.py", format!("H = {{\"Authorization\": \"Basic {pair}\"}}\nrequests.post(\"{url}\", headers=H)\n")),
        ("a.sh", format!("curl -X POST {url} -H 'Authorization: Basic {pair}'\n")),
        ("a.js", format!("fetch('{url}', {{ method: 'POST', headers: {{ Authorization: 'Basic {pair}' }} }});\n")),
    ] {
        assert_eq!(kinds(path, &text), [Kind::OauthClientSecret], "{text}");
    }
    for text in [
        format!("# hubspot\nrequests.post(\"https://auth.example.com/token\", headers={{\"Authorization\": \"Basic {pair}\"}})\n"),
        format!("requests.post(\"{url}\")\nblob = \"{pair}\"\n"),
    ] {
        assert_eq!(kinds("a.py", &text), [], "{text}");
    }
}

#[test]
fn k12_a_short_name_beside_the_token_endpoint_is_a_client_secret() {
    let (id, secret) = (values::uuid(1), values::uuid(2));
    let url = "https://api.hubapi.com/oauth/v1/token";
    for text in [
        format!("CID = \"{id}\"\nCSEC = \"{secret}\"\nrequests.post(\"{url}\", data=form(CID, CSEC))\n"),
        format!("const clientSec = '{secret}';\naxios.post('{url}', body(clientSec));\n"),
        format!("csecret := \"{secret}\"\nhttp.PostForm(\"{url}\", form(csecret))\n"),
    ] {
        assert_eq!(kinds("a.py", &text), [Kind::OauthClientSecret], "{text}");
    }
    assert_eq!(kinds("a.py", &format!("CID = \"{id}\"\nrequests.post(\"{url}\", data=form(CID))\n")), []);
}
