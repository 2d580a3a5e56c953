//! Whose key a value is: the nearest section or prefix decides.

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
