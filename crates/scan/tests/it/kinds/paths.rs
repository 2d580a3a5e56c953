//! Calls by their paths: K6, K7, K11.

use keyway_scan::finding::{Usage, UsageAuth};

use super::operations;
use crate::examine;

fn one(path: &str, text: &str) -> Usage {
    let mut usages = examine(path, text).usages;
    assert_eq!(usages.len(), 1, "{text}: {usages:?}");
    usages.remove(0).1
}

#[test]
fn k6_whatever_is_sent_to_hubspots_host_is_listed() {
    for (path, operation) in [
        ("extensions/ecomm/v2/sync/messages", "GET /extensions/ecomm/v2/sync/messages"),
        ("contentsearch/v2/search", "GET /contentsearch/v2/search"),
        ("comments/v3/comments", "GET /comments/v3/comments"),
        ("calling/v1/dispositions", "GET /calling/v1/dispositions"),
        ("uploads/form/v2/7/8", "GET /uploads/form/v2/{}/{}"),
        ("brandnew/v7/things", "GET /brandnew/v7/things"),
        ("another/thing/v1/of/it", "GET /another/thing/v1/of/it"),
        ("some/thing/without-version", "GET /some/thing/without-version"),
    ] {
        assert_eq!(operations("a.py", &format!("requests.get('https://api.hubapi.com/{path}')")), [operation]);
    }
    // A base is no call, and neither is another's host.
    for text in [
        "BASE = 'https://api.hubapi.com'",
        "BASE = 'https://api.hubapi.com/'",
        "BASE = 'https://api.hubapi.com/crm'",
        "# hubspot\nrequests.get('https://api.example.com/brandnew/v7/things')",
        "see https://developers.hubspot.com/docs/api/overview",
    ] {
        assert_eq!(operations("a.py", text), [""; 0], "{text}");
    }
}

#[test]
fn k6_what_ended_says_when_and_where_it_went() {
    let usage = one("a.py", "requests.get('https://api.hubapi.com/contacts/v1/search/query')");
    assert_eq!(usage.successor.as_deref(), Some("/crm/objects/2026-09/contacts/search"));
    let usage = one("a.py", "requests.get('https://api.hubapi.com/extensions/ecomm/v2/stores')");
    assert_eq!((usage.sunset, usage.successor.as_deref()), (Some("2023-02-28"), Some("/crm/objects/2026-09")));
    let usage = one("a.py", "requests.get('https://api.hubapi.com/contacts/v1/secondary-email/7')");
    assert!(usage.successor.is_some_and(|to| to.starts_with("/crm/objects/2026-09/contacts")));
}

#[test]
fn k7_the_reads_that_outlive_the_lists_api_end_with_their_version() {
    for path in ["all/contacts/all", "all/contacts/recent", "recently_updated/contacts/recent"] {
        let usage = one("a.js", &format!("fetch('https://api.hubapi.com/contacts/v1/lists/{path}')"));
        assert_eq!((usage.sunset, usage.successor.as_deref()), (Some("2027-09-30"), Some("/crm/objects/2026-09/contacts")), "{path}");
        assert!(usage.scopes.contains(&"crm.objects.contacts.read".to_owned()), "{path}: {:?}", usage.scopes);
    }
    for path in ["7", "${id}/contacts/all", "static"] {
        let usage = one("a.js", &format!("fetch(`https://api.hubapi.com/contacts/v1/lists/{path}`)"));
        assert_eq!((usage.sunset, usage.successor.as_deref()), (Some("2026-04-30"), Some("/crm/lists/2026-09")), "{path}");
    }
}

#[test]
fn k7_successors_are_known_in_another_shape() {
    let successor = |text: &str| one("a.js", text).successor;
    assert_eq!(
        successor("fetch(`https://api.hubapi.com/oauth/v1/access-tokens/${token}`)").as_deref(),
        Some("/oauth/2026-09/token/introspect")
    );
    assert_eq!(successor("hubspotClient.marketing.events.basicApi.getAll()").as_deref(), Some("/marketing/marketing-events/2026-09"));
    assert_eq!(
        successor("fetch('https://api.hubapi.com/marketing/v3/marketing-events')").as_deref(),
        Some("/marketing/marketing-events/2026-09")
    );
    assert_eq!(
        successor("fetch('https://api.hubapi.com/settings/v3/users')"),
        successor("fetch('https://api.hubapi.com/settings/users/v3')")
    );
}

#[test]
fn k7_form_submissions_are_read_with_a_token_and_the_scope_forms() {
    let usage =
        one("a.js", "fetch(`https://api.hubapi.com/form-integrations/v1/submissions/forms/${guid}`, { headers: { authorization } })");
    assert_eq!((usage.auth, usage.scopes), (UsageAuth::Bearer, vec!["forms".to_owned()]));
}

#[test]
fn k11_other_vendors_paths_are_not_hubspots() {
    for text in [
        r#"{"hubspot": "https://api.hubapi.com", "zoho": {"hostPattern": "www.zohoapis.com", "path": "/crm/v8/Contacts"}}"#,
        "const HS = 'https://api.hubapi.com'\nzoho.get('/crm/v2/Leads')\nzoho.get('/crm/v3/Contacts')",
        "// works with HubSpot, too\nproxy('/oauth/v1/token')",
        "# hubspot\nBASE = 'https://cms.example.com/api'\nrequests.post(f'{BASE}/oauth/v1/token')",
    ] {
        assert_eq!(operations("a.js", text), [""; 0], "{text}");
    }
    // HubSpot's own are, in the same files.
    let text = "const HS = 'https://api.hubapi.com'\nzoho.get('/crm/v2/Leads')\nhs.get('/crm/v3/owners')\nhs.post('/oauth/v1/token')";
    assert_eq!(operations("a.js", text), ["GET /crm/v3/owners", "POST /oauth/v1/token"]);
}
