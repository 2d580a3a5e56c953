//! Credentials: K1 to K5.

use keyway_scan::finding::{Confidence, Kind};

use super::{kinds, secrets};

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
