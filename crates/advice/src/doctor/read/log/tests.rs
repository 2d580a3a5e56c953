use super::*;

#[test]
fn a_status_is_a_number_that_is_called_so() {
    for (text, expected) in [
        ("127.0.0.1 \"GET /crm/v3/owners HTTP/1.1\" 403 512", Some(403)),
        ("hubspot.exceptions.ForbiddenException: (403)\nReason: Forbidden", Some(403)),
        ("Request failed with status code 429", Some(429)),
        ("500 contacts were read, then: 401 Unauthorized", Some(401)),
        ("< HTTP/2 401 ", Some(401)),
        ("ApiException: [400] Client error", Some(400)),
        ("500 contacts were read", None),
        ("488: Hub 1 is unknown", Some(488)),
        ("GET https://api.hubapi.com/crm/v3/owners 404", Some(404)),
        ("error at api-client.js:403:12", None),
        ("v404-beta", None),
    ] {
        assert_eq!(status(text), expected, "{text}");
    }
}

#[test]
fn a_long_line_full_of_numbers_is_read_in_a_time_that_grows_with_its_length() {
    // With quadratic time, this would take minutes.
    assert_eq!(status(&"200 error ".repeat(300_000)), Some(200));
}

#[test]
fn documentation_is_no_call() {
    let text = r#"{"message":"see https://developers.hubspot.com/docs/methods/auth/oauth-overview","category":"INVALID_AUTHENTICATION"}"#;
    assert!(call(text).is_none());
    assert_eq!(call("failed: GET https://api.hubapi.com/crm/v3/owners: 403").unwrap().path, "/crm/v3/owners");
}

#[test]
fn d6_the_call_of_a_client_beside_an_error_is_the_call() {
    let call = call("hubspotClient.crm.owners.ownersApi.getById(7)\n{ category: 'MISSING_SCOPES' }").unwrap();
    assert_eq!((call.method.as_deref(), call.sdk), (Some("GET"), Some("crm.owners.ownersApi.getById")));
    assert!(call.path.starts_with("/crm/"), "{}", call.path);
}

#[test]
fn d2_the_method_is_read_from_the_record_around_the_url() {
    let call = call("config: {\n  method: 'patch',\n  url: 'https://api.hubapi.com/crm/v3/objects/contacts/51',\n}").unwrap();
    assert_eq!(call.method.as_deref(), Some("PATCH"));
}

#[test]
fn keyways_header_is_read_in_each_print() {
    for text in [
        "< keyway-rule: limit-reached",
        "'Keyway-Rule': 'limit-reached'",
        "\"keyway-rule\":\"limit-reached\"",
        "[keyway-rule] => limit-reached",
    ] {
        assert_eq!(header(text, "keyway-rule").as_deref(), Some("limit-reached"), "{text}");
    }
}
