//! Paths older than v3 are reported whole: their family says when they end and where they go.

use super::operations;
use crate::examine;

#[test]
fn a_path_older_than_v3_is_reported_whole_with_what_is_filled_in_as_braces() {
    for (path, text, operation) in [
        ("a.js", "axios.get('https://api.hubapi.com/deals/v1/deal/recent/modified')", "GET /deals/v1/deal/recent/modified"),
        ("a.py", "requests.get(BASE + \"/email/public/v1/events\")  # api.hubapi.com", "GET /email/public/v1/events"),
        ("a.py", "requests.get(f\"https://api.hubapi.com/forms/v2/fields/{guid}\")", "GET /forms/v2/fields/{}"),
        (
            "a.rb",
            "HTTParty.put(\"https://api.hubapi.com/email/public/v1/subscriptions/#{email}\")",
            "PUT /email/public/v1/subscriptions/{}",
        ),
        (
            "a.js",
            "fetch(`https://api.hubapi.com/automation/v2/workflows/${id}/enrollments/contacts/${mail}`, { method: 'POST' })",
            "POST /automation/v2/workflows/{}/enrollments/contacts/{}",
        ),
        (
            "a.php",
            "<?php $ch = curl_init(\"https://api.hubapi.com/companies/v2/companies/paged?limit=1\"); curl_exec($ch);",
            "GET /companies/v2/companies/paged",
        ),
        ("a.sh", "curl https://api.hubapi.com/reports/v2/things/4711", "GET /reports/v2/things/{}"),
    ] {
        let found = operations(path, text);
        let same = |one: &String| braces(one) == braces(operation);
        assert!(matches!(found.as_slice(), [one] if same(one)), "{text}: {found:?}");
    }
}

/// An operation without the names of what is filled in: a path that the catalog lists has them.
fn braces(operation: &str) -> String {
    operation.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

#[test]
fn the_end_and_the_successor_of_such_a_path_are_those_of_its_family_and_its_exceptions() {
    for (path, successor, sunset) in [
        ("/contacts/v1/lists/7", Some("/crm/lists/2026-09"), Some("2026-04-30")),
        ("/contacts/v1/lists/all/contacts/all", Some("/crm/objects/2026-09/contacts"), Some("2027-09-30")),
        ("/deals/v1/pipelines/7", Some("/crm/pipelines/2026-09/deals"), Some("2027-09-30")),
    ] {
        let usages = examine("a.js", &format!("fetch('https://api.hubapi.com{path}')")).usages;
        let found: Vec<_> = usages.iter().map(|(_, usage)| (usage.successor.as_deref(), usage.sunset)).collect();
        assert_eq!(found, [(successor, sunset)], "{path}");
    }
}
