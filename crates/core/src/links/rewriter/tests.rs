use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CALLED: &str = "http://127.0.0.1:8484";

fn links() -> Links {
    Links::new("http://hubspot.test:1", CALLED).unwrap()
}

/// The output for the whole text, in pieces of this many bytes.
fn in_pieces(text: &[u8], bytes: usize) -> String {
    let mut rewriter = links().rewriter();
    let mut out: Vec<u8> = text.chunks(bytes).flat_map(|piece| rewriter.feed(piece).into_owned()).collect();
    out.extend(rewriter.end());
    String::from_utf8(out).unwrap()
}

/// Checks one text, as a whole and cut at every byte.
fn check(text: &str, expected: &str) {
    for bytes in [text.len().max(1), 1, 2, 3, 7] {
        assert_eq!(in_pieces(text.as_bytes(), bytes), expected, "in pieces of {bytes}");
    }
}

fn unchanged(text: &str) {
    check(text, text);
    let mut rewriter = links().rewriter();
    assert!(matches!(rewriter.feed(text.as_bytes()), Cow::Borrowed(_)), "{text} was copied");
    assert_eq!(rewriter.changed(), 0);
}

#[test]
fn the_link_of_a_page_names_the_address_that_was_called() {
    check(
        r#"{"results":[],"paging":{"next":{"after":"2","link":"https://api.hubapi.com/crm/v3/objects/contacts?limit=2&after=2"}}}"#,
        r#"{"results":[],"paging":{"next":{"after":"2","link":"http://127.0.0.1:8484/crm/v3/objects/contacts?limit=2&after=2"}}}"#,
    );
    // Pages of one record's associations, within the results of a batch; the previous page.
    check(
        r#"{"results":[{"to":[],"paging":{"next":{"link":"https://api-eu1.hubapi.com/a"},"prev":{"link":"http://hubspot.test:1"}}}]}"#,
        r#"{"results":[{"to":[],"paging":{"next":{"link":"http://127.0.0.1:8484/a"},"prev":{"link":"http://127.0.0.1:8484"}}}]}"#,
    );
}

#[test]
fn members_of_links_are_links_and_white_space_does_not_matter() {
    check(
        "{ \"links\" :\n{ \"status\" : \"https://api.hubapi.com:443?id=1\" , \"b\":\"https://api.hubapi.com\"}, \"id\":\"1\" }",
        "{ \"links\" :\n{ \"status\" : \"http://127.0.0.1:8484?id=1\" , \"b\":\"http://127.0.0.1:8484\"}, \"id\":\"1\" }",
    );
}

#[test]
fn slashes_stay_as_hubspot_wrote_them() {
    check(
        r#"{"paging":{"next":{"link":"https:\/\/api.hubapi.com\/crm\/v3"}}}"#,
        r#"{"paging":{"next":{"link":"http:\/\/127.0.0.1:8484\/crm\/v3"}}}"#,
    );
    check(r#"{"links":{"a":"https:\u002f\u002Fapi\u002ehubapi.com\u002Fa"}}"#, r#"{"links":{"a":"http://127.0.0.1:8484\u002Fa"}}"#);
}

#[test]
fn what_the_account_wrote_stays_as_it_is() {
    for container in WRITTEN_BY_THE_ACCOUNT.map(|name| std::str::from_utf8(name).unwrap()) {
        unchanged(&format!(
            r#"{{"results":[{{"{container}":{{"links":{{"a":"https://api.hubapi.com/x"}},"paging":{{"next":{{"link":"https://api.hubapi.com/x"}}}}}}}}]}}"#
        ));
    }
    unchanged(r#"{"properties":[{"links":{"a":"https://api.hubapi.com/x"}}]}"#);
    unchanged(r#"{"link":"https://api.hubapi.com/x","url":"https://api.hubapi.com/x","next":{"link":"https://api.hubapi.com/x"}}"#);
    unchanged(r#"{"message":"\"links\":{\"a\":\"https://api.hubapi.com/x\"}"}"#);
    unchanged(r#"["https://api.hubapi.com/x",{"paging":["next",{"link":"https://api.hubapi.com/x"}]}]"#);
    // After the account's own text, links change again.
    check(
        r#"{"properties":{"a":["\\"]},"links":{"a":"https://api.hubapi.com/"}}"#,
        r#"{"properties":{"a":["\\"]},"links":{"a":"http://127.0.0.1:8484/"}}"#,
    );
}

#[test]
fn what_only_looks_like_hubspots_api_stays_as_it_is() {
    for link in [
        "https://api.hubapi.com.example.org/",
        "https://api.hubapi.community/",
        "https://app.hubapi.com/",
        "https://api-.hubapi.com/",
        "https://api-evil.hubapi.com/",
        "https://api-eu1.x.hubapi.com/",
        "https://user@api.hubapi.com/",
        "https://api.hubapi.com:8443/",
        "http://api.hubapi.com/",
        "see https://api.hubapi.com/",
        "//api.hubapi.com/",
        "/crm/v3?u=https://api.hubapi.com/",
        "https://developers.hubspot.com/scopes",
        "https://",
        "https:\\\"//api.hubapi.com/",
        "https://api.hubapi.com\\\"",
        "https://api.hubapi.com\\u00e4/",
        "https://api.hubapi.com\\n/",
        "\\u",
        "",
    ] {
        unchanged(&format!(r#"{{"links":{{"a":"{link}","b":1}},"c":"d"}}"#));
    }
}

#[test]
fn text_that_is_no_json_passes_and_its_beginning_of_a_link_is_not_lost() {
    for text in
        ["", "null", "}}}]", "{\"links\":{\"a\":\"https://api.hub", "{\"links\":{\"a\":\"\\", "<html>\"", "{\"links\":{\"a\":\"https:\\u00"]
    {
        check(text, text);
    }
    let long = format!(r#"{{"links":{{"a":"https://{}","b":"https://api.hubapi.com/"}}}}"#, "a".repeat(5_000));
    check(&long, &long.replace("https://api.hubapi.com", CALLED));
    let slash = format!(r#"{{"links":{{"a":"https://{}\"","b":"https://api.hubapi.com/"}}}}"#, "a".repeat(HELD_BYTES_MAX - 9));
    check(&slash, &slash.replace("https://api.hubapi.com", CALLED));
}

#[test]
fn deep_nesting_costs_no_memory_and_ends_where_it_began() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let inside = r#"{"links":{"a":"https://api.hubapi.com/"}}"#;
    let text = format!("{{\"x\":{open}{inside}{close},\"links\":{{\"a\":\"https://api.hubapi.com/\"}}}}");
    let mut rewriter = links().rewriter();
    let out = String::from_utf8(rewriter.feed(text.as_bytes()).into_owned()).unwrap();
    assert_eq!(rewriter.changed(), 1);
    assert!(out.ends_with("\"links\":{\"a\":\"http://127.0.0.1:8484/\"}}"));
    assert!(rewriter.frames.capacity() <= 2 * DEPTH_MAX);
}

#[test]
fn who_called_hubspots_own_address_keeps_its_links_and_nonsense_is_no_address() {
    for called in
        ["https://api.hubapi.com", "https://api-na2.hubapi.com", "x", "http://", "http://a/b", "http://a\"b", "ftp://a", "http://a@b"]
    {
        assert_eq!(Links::new("https://api.hubapi.com", called), None, "{called}");
    }
    for called in ["https://keyway.example.com", "http://[::1]:8484", "http://keyway_1:80"] {
        assert!(Links::new("https://api.hubapi.com", called).is_some(), "{called}");
    }
}

#[test]
fn headers_with_urls_change_like_links() {
    let links = links();
    assert_eq!(links.url("https://api.hubapi.com/a?b=c").as_deref(), Some("http://127.0.0.1:8484/a?b=c"));
    for other in ["/a", "https://app.hubspot.com/a", "https://api.hubapi.com.example.org/a", ""] {
        assert_eq!(links.url(other), None, "{other}");
    }
    assert_eq!(
        links.link_header(r#"<https://api.hubapi.com/a?b=1>; rel="next", <https://example.org/>; rel="x""#).as_deref(),
        Some(r#"<http://127.0.0.1:8484/a?b=1>; rel="next", <https://example.org/>; rel="x""#)
    );
    assert_eq!(links.link_header("<https://example.org/>; rel=next"), None);
}

/// The expected output, from the parsed text.
fn reference(value: &Value, place: Place, key: &str) -> Value {
    let change = |text: &str| links().url(text).unwrap_or_else(|| text.to_owned());
    match value {
        Value::Object(members) => {
            let place = match (place, key) {
                (Place::Account, _) => Place::Account,
                (_, key) if WRITTEN_BY_THE_ACCOUNT.contains(&key.as_bytes()) => Place::Account,
                (Place::Paging, "next" | "prev" | "previous") => Place::Page,
                (_, "paging") => Place::Paging,
                (_, "links") => Place::Links,
                _ => Place::Plain,
            };
            let member = |(name, value): (&String, &Value)| {
                let is_link = place == Place::Links || (place == Place::Page && name == "link");
                let value = match value {
                    Value::String(text) if is_link => json!(change(text)),
                    value => reference(value, place, name),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(values) => {
            let account = place == Place::Account || WRITTEN_BY_THE_ACCOUNT.contains(&key.as_bytes());
            let place = if account { Place::Account } else { Place::Plain };
            Value::Array(values.iter().map(|value| reference(value, place, "")).collect())
        }
        other => other.clone(),
    }
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("https://api.hubapi.com/a".to_owned()),
        Just("https://api-eu1.hubapi.com?b".to_owned()),
        Just("http://hubspot.test:1".to_owned()),
        Just("https://api.hubapi.company/".to_owned()),
        "[ -~äé\\\\\"]{0,20}",
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
    const NAMES: &[&str] = &["paging", "next", "prev", "link", "links", "properties", "results", "a", "\"\\", "values"];
    leaf.prop_recursive(6, 64, 5, |inner| {
        let name = prop::sample::select(NAMES);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_in_any_pieces_comes_out_as_it_should(value in value(), bytes in 1_usize..40) {
        let out = in_pieces(value.to_string().as_bytes(), bytes);
        prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), reference(&value, Place::Plain, ""));
    }

    #[test]
    fn any_bytes_in_any_pieces_come_out_alike(text in prop::collection::vec(any::<u8>(), 0..200), bytes in 1_usize..40) {
        let mut whole = links().rewriter();
        let mut expected = whole.feed(&text).into_owned();
        expected.extend(whole.end());
        let mut rewriter = links().rewriter();
        let mut out: Vec<u8> = text.chunks(bytes).flat_map(|piece| rewriter.feed(piece).into_owned()).collect();
        out.extend(rewriter.end());
        prop_assert_eq!(out, expected);
    }
}
