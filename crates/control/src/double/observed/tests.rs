use std::sync::atomic::Ordering;

use bytes::Bytes;
use keyway_core::catalog::Method;
use keyway_core::strict::report::Report;
use keyway_core::time::Timestamp;

use super::open::OPEN_MAX;
use super::*;

fn received(method: &str, path: &str, query: &str, status: u16) -> Received {
    Received {
        number: 0,
        at: Timestamp::from_ms(0),
        correlation_id: String::new(),
        app_id: 1,
        app: "Tests".into(),
        method: method.into(),
        path: path.into(),
        query: (!query.is_empty()).then(|| query.to_owned()),
        operation: None,
        headers: Vec::new(),
        body: Bytes::new(),
        body_bytes: 0,
        status,
        category: None,
        fault: None,
        asserted: Arc::default(),
        cut: false,
        took_us: 0,
    }
}

const LIST: (Method, &str) = (Method::Get, "/crm/objects/2026-09/{objectType}");
const SEARCH: (Method, &str) = (Method::Post, "/crm/objects/2026-09/{objectType}/search");
const CREATE: (Method, &str) = (Method::Post, "/crm/objects/2026-09/{objectType}");

fn seen<'a>(received: &'a Received, of: Option<(Method, &str)>, next: &str) -> Seen<'a> {
    Seen {
        received,
        operation: of.map(|(method, template)| Catalog::get().find(method, template).unwrap()),
        object: Some("contacts".into()),
        reached: [0, 0],
        refusal: None,
        unknown_properties: Vec::new(),
        next_page: (!next.is_empty()).then(|| next.to_owned()),
    }
}

fn rules(observed: &Observed, current: bool) -> Vec<Rule> {
    Report::of(observed.run(current), None).findings.into_iter().map(|found| found.finding.rule).collect()
}

#[test]
fn a_page_is_unread_until_a_call_of_the_same_list_has_its_cursor() {
    let observed = Observed::default();
    let path = "/crm/objects/2026-09/contacts";
    observed.note(seen(&received("GET", path, "properties=email&limit=10", 200), Some(LIST), "10"));
    observed.note(seen(&received("GET", path, "after=10&properties=city", 200), Some(LIST), ""));
    assert_eq!(rules(&observed, true), [Rule::UnreadPages], "another list");
    observed.note(seen(&received("GET", path, "after=10&properties=email&limit=50", 200), Some(LIST), "60"));
    assert_eq!(rules(&observed, true), [Rule::UnreadPages], "its next page");
    observed.note(seen(&received("GET", path, "properties=email&after=60", 200), Some(LIST), ""));
    assert_eq!(rules(&observed, true), []);
}

#[test]
fn the_pages_of_a_search_are_told_apart_by_its_body() {
    let observed = Observed::default();
    let search = |body: &'static str, next: &str| {
        let received = Received { body: Bytes::from_static(body.as_bytes()), ..received("POST", "/x/search", "", 200) };
        observed.note(seen(&received, Some(SEARCH), next));
    };
    search(r#"{"query":"a","limit":2}"#, "2");
    search(r#"{"query":"b","after":"2"}"#, "");
    assert_eq!(rules(&observed, true), [Rule::UnreadPages]);
    search(r#"{"after":2,"query":"a"}"#, "");
    assert_eq!(rules(&observed, true), []);
}

#[test]
fn only_reads_of_a_path_with_an_open_page_have_their_body_read() {
    let observed = Observed::default();
    let call = |path| Received { body: Bytes::from_static(br#"{"after":"2"}"#), ..received("POST", path, "", 200) };
    observed.note(seen(&received("POST", "/x/search", "", 200), Some(SEARCH), "2"));
    let needs_list = |received: &Received, of| locked(&observed.0).open.needs_list(&seen(received, of, ""));
    assert!(needs_list(&call("/x/search"), Some(SEARCH)));
    assert!(!needs_list(&call("/y/search"), Some(SEARCH)), "another path");
    assert!(!needs_list(&call("/x/search"), None), "no operation");
    assert!(!needs_list(&Received { app_id: 2, ..call("/x/search") }, Some(SEARCH)), "another app");
    observed.note(seen(&call("/x/search"), Some(CREATE), ""));
    let unread = rules(&observed, true).into_iter().filter(|rule| *rule == Rule::UnreadPages).count();
    assert_eq!(unread, 1, "a write reads no page");
}

#[test]
fn open_pages_are_bounded_over_all_paths() {
    let observed = Observed::default();
    for number in 0..OPEN_MAX + 2 {
        observed.note(seen(&received("GET", &format!("/a/{}", number % 7), "", 200), Some(LIST), &number.to_string()));
    }
    assert_eq!(locked(&observed.0).open.left_out, 2);
    observed.note(seen(&received("GET", "/a/0", "after=0", 200), Some(LIST), "next"));
    assert_eq!(locked(&observed.0).open.left_out, 2, "a page that is read makes room for another");
}

#[test]
fn a_429_is_found_unless_the_call_comes_again_in_its_test() {
    let observed = Observed::default();
    let call = |status| observed.note(seen(&received("GET", "/a", "x=1", status), Some(LIST), ""));
    call(429);
    call(429);
    assert_eq!(rules(&observed, true), [Rule::MissingRetries], "the second may come again as well");
    call(200);
    assert_eq!(rules(&observed, true), []);
    call(429);
    observed.begin(Some("next"));
    call(200);
    assert_eq!((rules(&observed, true), rules(&observed, false)), (vec![], vec![Rule::MissingRetries]));
}

#[test]
fn a_write_is_asserted_by_an_expectation_and_a_failed_one_needs_none() {
    let observed = Observed::default();
    let write = received("POST", "/a", "", 201);
    observed.note(seen(&write, Some(CREATE), ""));
    observed.note(seen(&received("POST", "/a", "", 409), Some(CREATE), ""));
    assert_eq!(rules(&observed, true), [Rule::UnassertedWrites]);
    write.asserted.store(true, Ordering::Relaxed);
    assert_eq!(rules(&observed, true), []);
}

#[test]
fn findings_name_their_test_and_stay_when_the_next_begins() {
    let observed = Observed::default();
    observed.begin(Some("test_a"));
    observed.note(seen(&received("GET", "/nothing", "", 404), None, ""));
    let faulted = Received { fault: Some(1), ..received("GET", "/a", "", 501) };
    observed.note(seen(&faulted, Some(LIST), ""));
    observed.begin(None);
    observed.note(seen(&received("GET", "/a", "", 501), Some(LIST), ""));
    let unknown = vec![("contacts".to_owned(), "colour".to_owned())];
    let call = received("GET", "/a", "", 200);
    observed.note(Seen { unknown_properties: unknown, ..seen(&call, Some(LIST), "") });
    let ended = received("GET", "/a", "", 404);
    observed.note(Seen { refusal: Some(Refusal::Ended.name()), ..seen(&ended, None, "") });
    let report = Report::of(observed.run(false), None);
    let found: Vec<_> = report.findings.iter().map(|found| (found.finding.rule, found.finding.test.as_deref())).collect();
    let expected = [(Rule::Unserved, None), (Rule::Unserved, Some("test_a")), (Rule::UnknownProperties, None), (Rule::Ended, None)];
    assert_eq!(found, expected);
    assert_eq!(report.scopes.needed, ["crm.objects.contacts.read"]);
}

#[test]
fn the_next_page_is_that_of_the_answer_and_not_of_a_record_in_it() {
    let of_record = br#"{"results":[{"associations":{"paging":{"next":{"after":"9"}}}}]}"#;
    assert_eq!(next_page(of_record), None);
    assert_eq!(next_page(br#"{"results":[],"paging":{"next":{"after":"9","link":"x"}}}"#).as_deref(), Some("9"));
    assert_eq!(next_page(br#"{"paging":{"next":{"after":9}}}"#).as_deref(), Some("9"));
    assert_eq!(next_page(br#"{"paging":null}"#), None);
    assert_eq!(next_page(b"\"paging\""), None);
}
