use super::*;
use crate::catalog::{Catalog, Resolution};
use crate::object_type::row_of;

fn contacts() -> &'static ObjectType {
    row_of("contacts").unwrap()
}

/// The result of a call by an app with these scopes, on contacts with a highly sensitive `ssn` and a sensitive `passport`.
fn decide(scopes: &[&str], call: &str, body: &str) -> String {
    let granted = ScopeSet::from_names(scopes.iter().copied()).unwrap();
    let mut guarded = Guarded::default();
    guarded.add(&granted, contacts(), "ssn", Sensitivity::HighlySensitive);
    guarded.add(&granted, contacts(), "passport", Sensitivity::Sensitive);
    let (method, target) = call.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = NormalPath::parse(path).unwrap();
    let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{call} is in no catalog") };
    match guarded.check(&granted, operation, &path, query, body.as_bytes()) {
        Ok(shown) if shown.is_empty() => "passes".to_owned(),
        Ok(shown) => format!("without {}", shown.iter().map(|one| one.property.as_str()).collect::<Vec<_>>().join(", ")),
        Err(lacking) => format!("{} {}", lacking.access.verb(), lacking.property),
    }
}

fn check(call: &str, body: &str, expected: &str) {
    assert_eq!(decide(&["crm.objects.contacts.read", "crm.objects.contacts.write"], call, body), expected, "{call} {body}");
}

#[test]
fn every_type_has_the_scopes_that_hubspot_publishes() {
    let names = |kind: &str, level, access| scopes(row_of(kind).unwrap(), level, access).names().join(" ");
    let read = |kind: &str| names(kind, Sensitivity::Sensitive, Access::Read);
    assert_eq!(read("contacts"), "crm.objects.contacts.sensitive.read crm.objects.contacts.sensitive.read.v2");
    assert_eq!(read("0-3"), "crm.objects.deals.sensitive.read crm.objects.deals.sensitive.read.v2");
    assert_eq!(read("p_boat"), "crm.objects.custom.sensitive.read crm.objects.custom.sensitive.read.v2");
    assert_eq!(read("tickets"), "crm.objects.tickets.sensitive.read tickets.sensitive tickets.sensitive.v2");
    assert_eq!(read("leads"), "", "HubSpot publishes none");
    assert_eq!(
        names("contacts", Sensitivity::HighlySensitive, Access::Write),
        "crm.objects.contacts.highly_sensitive.write crm.objects.contacts.highly_sensitive.write.v2"
    );
}

#[test]
fn every_published_sensitive_scope_opens_something() {
    let rows = || ObjectType::all().iter().chain([ObjectType::custom()]);
    for name in crate::scope::all_names().iter().filter(|name| name.contains("sensitive")) {
        let scope = ScopeId::of(name).unwrap();
        let opens = |row: &ObjectType| {
            Sensitivity::ALL
                .iter()
                .any(|level| [Access::Read, Access::Write].iter().any(|access| scopes(row, *level, *access).contains(scope)))
        };
        assert!(rows().any(opens), "{name}");
    }
}

#[test]
fn a_read_leaves_out_what_it_asks_to_be_shown() {
    for root in ["/crm/v3/objects/contacts", "/crm/objects/2026-09/0-1", "/crm/v4/objects/CONTACT"] {
        for query in [
            "properties=ssn",
            "properties=email,SSN",
            "properties=email%2Cssn",
            "propertiesWithHistory=ssn",
            "Properties=+ssn",
            "%70roperties[]=ssn",
        ] {
            check(&format!("GET {root}/1?{query}"), "", "without ssn");
            check(&format!("GET {root}?{query}"), "", "without ssn");
        }
        check(&format!("GET {root}?properties=email"), "", "passes");
        check(
            &format!("POST {root}/batch/read"),
            r#"{"inputs":[{"id":"1"}],"properties":["ssn"],"propertiesWithHistory":["passport"]}"#,
            "without ssn, passport",
        );
        check(&format!("POST {root}/search"), r#"{"query":"ssn","properties":["email","ssn"]}"#, "without ssn");
    }
    check("GET /contacts/v1/contact/vid/1/profile?property=ssn", "", "without ssn");
}

#[test]
fn what_decides_the_answer_is_refused() {
    let search = "POST /crm/v3/objects/contacts/search";
    for body in [
        r#"{"filters":[{"propertyName":"ssn","operator":"EQ","value":"1"}]}"#,
        r#"{"filterGroups":[{"filters":[{"propertyName":"SSN","operator":"HAS_PROPERTY"}]}]}"#,
        r#"{"filterGroups":[{"filters":[{"propertyName":"\u0073sn","operator":"HAS_PROPERTY"}]}]}"#,
        r#"{"sorts":["-ssn"]}"#,
        r#"{"sorts":[{"propertyName":"ssn","direction":"DESCENDING"}]}"#,
        r#"{"filters":[{"propertyName":"email","propertyName":"ssn"}]}"#,
    ] {
        check(search, body, "read ssn");
    }
    check(search, r#"{"filters":[{"propertyName":"email","operator":"EQ","value":"ssn"}]}"#, "passes");
    check("GET /crm/v3/objects/contacts/1?idProperty=ssn", "", "read ssn");
    check("POST /crm/v3/objects/contacts/batch/read", r#"{"idProperty":"ssn","inputs":[{"id":"1"}]}"#, "read ssn");
    let branch = r#"{"filterBranchType":"OR","filters":[{"filterType":"PROPERTY","property":"ssn"}]}"#;
    check("POST /crm/v3/lists", &format!("{{\"name\":\"ssn\",\"objectTypeId\":\"0-1\",\"filterBranch\":{branch}}}"), "read ssn");
    check("PUT /crm/lists/2026-09/7/update-list-filters", &format!("{{\"filterBranch\":{branch}}}"), "read ssn");
    check("POST /crm/v3/exports/export/async", r#"{"objectType":"CONTACT","objectProperties":["email","ssn"]}"#, "read ssn");
    check("GET /events/v3/events?objectType=contact&objectProperty.ssn=1", "", "read ssn");
    check("POST /webhooks/2026-03/7/subscriptions", r#"{"eventType":"contact.propertyChange","propertyName":"ssn"}"#, "read ssn");
}

#[test]
fn a_value_and_a_definition_are_written_with_the_write_scope() {
    let root = "/crm/v3/objects/contacts";
    check(&format!("PATCH {root}/1"), r#"{"properties":{"email":"a@b.c","SSN":"1"}}"#, "write ssn");
    check(&format!("POST {root}"), r#"{"properties":{"ssn":"1"}}"#, "write ssn");
    check(&format!("POST {root}/batch/upsert"), r#"{"inputs":[{"idProperty":"email","id":"a","properties":{"ssn":"1"}}]}"#, "write ssn");
    check(&format!("POST {root}"), r#"{"properties":{"firstname":"ssn"}}"#, "passes");
    check("POST /contacts/v1/contact", r#"{"properties":[{"property":"ssn","value":"1"}]}"#, "write ssn");
    check("POST /contacts/v1/contact/createOrUpdate/email/a@b.c", r#"{"properties":[{"name":"ssn","value":"1"}]}"#, "write ssn");
    let column = r#"{"files":[{"fileImportPage":{"columnMappings":[{"columnObjectTypeId":"0-1","propertyName":"ssn"}]}}]}"#;
    check("POST /crm/v3/imports", column, "write ssn");
    check("PATCH /crm/v3/properties/contacts/ssn", r#"{"dataSensitivity":"non_sensitive"}"#, "write ssn");
    check("DELETE /crm/properties/2026-09/0-1/SSN", "", "write ssn");
    check("POST /crm/v3/properties/contacts/batch/archive", r#"{"inputs":[{"name":"ssn"}]}"#, "write ssn");
    check("GET /crm/v3/properties/contacts/ssn", "", "passes");
}

#[test]
fn a_scope_opens_its_level_and_its_access() {
    let read = "GET /crm/v3/objects/contacts/1?properties=ssn,passport";
    let write = r#"{"properties":{"ssn":"1"}}"#;
    let with = |scope: &str, call: &str, body: &str| decide(&["crm.objects.contacts.read", scope], call, body);
    assert_eq!(with("crm.objects.contacts.sensitive.read", read, ""), "without ssn");
    assert_eq!(with("crm.objects.contacts.highly_sensitive.read.v2", read, ""), "without passport");
    assert_eq!(with("crm.objects.contacts.highly_sensitive.read", "PATCH /crm/v3/objects/contacts/1", write), "write ssn");
    assert_eq!(with("crm.objects.contacts.highly_sensitive.write", "PATCH /crm/v3/objects/contacts/1", write), "passes");
    assert_eq!(with("crm.objects.deals.sensitive.read", read, ""), "without ssn, passport");
}

#[test]
fn a_definition_tells_how_sensitive_it_makes_a_property() {
    let level = |call: &str, body: &str| {
        let (method, path) = call.split_once(' ').unwrap();
        let path = NormalPath::parse(path).unwrap();
        let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{call}") };
        defined_levels(operation, body.as_bytes())
    };
    let create = "POST /crm/v3/properties/contacts";
    assert_eq!(level(create, r#"{"name":"x","dataSensitivity":"highly_sensitive"}"#), [Sensitivity::HighlySensitive]);
    assert_eq!(level(create, r#"{"name":"x","dataSensitivity":"non_sensitive"}"#), []);
    assert_eq!(
        level("POST /crm/v3/properties/contacts/batch/create", r#"{"inputs":[{"dataSensitivity":"sensitive"}]}"#),
        [Sensitivity::Sensitive]
    );
    assert_eq!(level("POST /crm/v3/properties/contacts/batch/read", r#"{"dataSensitivity":"sensitive"}"#), []);
}

proptest::proptest! {
    #[test]
    fn no_body_and_no_query_makes_it_fail(body: String, query: String) {
        for call in ["POST /crm/v3/objects/contacts/search", "POST /crm/v3/lists", "POST /crm/v3/imports", "PATCH /crm/v3/properties/contacts/x"] {
            let _ = decide(&["crm.objects.contacts.read"], &format!("{call}?{query}"), &body);
        }
    }
}
