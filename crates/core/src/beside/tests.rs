use super::*;
use crate::catalog::{Catalog, Resolution};

/// The types that a call reaches, such as `read deals`. A name that is not a type is `unknown NAME`.
fn reached(call: &str, body: &str) -> String {
    let (method, target) = call.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = NormalPath::parse(path).unwrap();
    let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{call} is in no catalog") };
    let beside = Beside::of(operation, &path, query, body.as_bytes());
    let mut words: Vec<String> = beside.types().map(|(row, access)| format!("{} {}", access.verb(), row.name)).collect();
    words.extend(beside.unknown().map(|name| format!("unknown {name}")));
    words.extend(beside.unresolved().map(|(id, _)| format!("association {id}")));
    words.extend(beside.list().map(|id| format!("list {id}")));
    words.extend(beside.is_unreadable().then(|| "unreadable".to_owned()));
    words.join(", ")
}

fn check(call: &str, body: &str, expected: &str) {
    assert_eq!(reached(call, body), expected, "{call} {body}");
}

/// Every version of the paths that read and write records.
const RECORDS: [&str; 5] = [
    "/crm/v3/objects/contacts",
    "/crm/v4/objects/0-1",
    "/crm/objects/v3/contact",
    "/crm/objects/2026-09/contacts",
    "/crm/objects/2026-03/CONTACTS",
];

#[test]
fn a_call_that_names_no_further_type_reaches_none() {
    for root in RECORDS {
        check(&format!("GET {root}"), "", "");
        check(&format!("GET {root}/1?properties=email,associations&archived=false"), "", "");
        check(&format!("POST {root}"), r#"{"properties":{"associations":"deals","email":"a@b.c"}}"#, "");
        check(
            &format!("POST {root}/search"),
            r#"{"query":"associations","filters":[{"propertyName":"email","operator":"EQ","value":"x"}]}"#,
            "",
        );
    }
    check("GET /crm/v3/owners", "", "");
    check("GET /crm/v3/objects/contacts/1/associations/deals", "", "");
}

#[test]
fn associations_in_a_query_are_read_in_every_spelling() {
    for root in RECORDS {
        for query in [
            "associations=deals",
            "associations=deal",
            "associations=DEAL",
            "associations=0-3",
            "limit=1&associations=deals",
            "associations=%64eals",
            "%61ssociations=deals",
            "Associations=deals",
            "associations[]=deals",
            "associations%5B0%5D=deals",
            "associations=+deals",
            "associations=%20deals%20",
            "associations=deals&associations=deals",
            "associations=;deals",
            "associations",
        ] {
            let expected = if query == "associations" { "" } else { "read deals" };
            check(&format!("GET {root}?{query}"), "", expected);
            check(&format!("GET {root}/1?{query}"), "", expected);
        }
        check(&format!("GET {root}?associations=deals,companies"), "", "read companies, read deals");
        check(&format!("GET {root}?associations=deals%2Ccompanies"), "", "read companies, read deals");
        check(&format!("GET {root}?associations=companies&associations=0-5"), "", "read companies, read tickets");
        check(&format!("GET {root}?associations=p_boat,2-77,p42_boat"), "", "read custom objects");
        check(&format!("GET {root}?associations=boat"), "", "unknown boat");
    }
    // `%2C` and `%252C` differ: text that is encoded twice is a different name.
    check("GET /crm/v3/objects/contacts?associations=deals%252Ccompanies", "", "unknown deals%2Ccompanies");
}

#[test]
fn a_body_of_a_batch_read_or_a_search_reads_what_it_names() {
    for root in RECORDS {
        check(&format!("POST {root}/batch/read"), r#"{"inputs":[{"id":"1"}],"associations":["deals","0-5"]}"#, "read deals, read tickets");
        for filter in [
            r#"{"filters":[{"propertyName":"associations.deal","operator":"EQ","value":"1"}]}"#,
            r#"{"filterGroups":[{"filters":[{"propertyName":"associations.0-3","operator":"HAS_PROPERTY"}]}]}"#,
            r#"{"filterGroups":[{"filters":[{"propertyName":"Associations.DEALS","operator":"HAS_PROPERTY"}]}]}"#,
            r#"{"filters":[{"propertyName":"\u0061ssociations.deal","operator":"EQ","value":"1"}]}"#,
            r#"{"filters":[{"propertyName":"associations.deal.amount","operator":"EQ","value":"1"}]}"#,
            r#"{"sorts":["-associations.deal"]}"#,
            r#"{"sorts":[{"propertyName":"associations.deal","direction":"ASCENDING"}]}"#,
            r#"{"filters":[{"propertyName":"email","propertyName":"associations.deal"}]}"#,
        ] {
            check(&format!("POST {root}/search"), filter, "read deals");
        }
        check(&format!("POST {root}/search"), r#"{"filters":[{"propertyName":"associations.boat"}]}"#, "unknown boat");
    }
}

#[test]
fn a_new_record_writes_the_types_that_it_is_associated_with() {
    let to_deal = r#""associations":[{"to":{"id":"1"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":4}]}]"#;
    for root in RECORDS {
        for associations in [
            to_deal,
            r#""associations":[{"types":[{"associationTypeId":"4"}],"to":{"id":1}}]"#,
            r#""associations":{"to":{"id":"1"},"types":{"associationTypeId":4.0}}"#,
            r#""\u0061ssociations":[{"to":{"id":"1"},"types":[{"associationTypeId":4}]}]"#,
            r#""associations":[],"associations":[{"to":{"id":"1"},"types":[{"associationTypeId":4}]}]"#,
            r#""associations":{"deals":{"results":[{"id":"1"}]}}"#,
        ] {
            check(&format!("POST {root}"), &format!("{{\"properties\":{{}},{associations}}}"), "write deals");
            check(&format!("POST {root}/batch/create"), &format!("{{\"inputs\":[{{{associations}}}]}}"), "write deals");
            check(&format!("POST {root}/batch/upsert"), &format!("{{\"inputs\":[{{\"id\":\"1\",{associations}}}]}}"), "write deals");
            check(&format!("PATCH {root}/1"), &format!("{{{associations}}}"), "write deals");
        }
        // An account may give its own label any number, and nobody publishes what the label connects.
        let own = to_deal.replace("HUBSPOT_DEFINED", "USER_DEFINED");
        check(&format!("POST {root}"), &format!("{{{own}}}"), "association 4");
        check(&format!("POST {root}"), &format!("{{{}}}", to_deal.replace(":4", ":987654")), "association 987654");
        check(&format!("POST {root}"), r#"{"associations":[{"to":{"id":"1"}}]}"#, "association none");
        check(&format!("POST {root}"), r#"{"associations":[{"to":{"id":"1"},"types":[]}]}"#, "association none");
    }
}

#[test]
fn lists_read_their_type_and_those_of_their_filters() {
    for root in ["/crm/v3/lists", "/crm/lists/2026-09", "/crm/lists/2025-09", "/crm/lists/2026-09-beta"] {
        let branch =
            r#"{"filterBranchType":"OR","filterBranches":[{"filterBranchType":"ASSOCIATION","objectTypeId":"0-3","associationTypeId":4}]}"#;
        check(&format!("POST {root}"), r#"{"name":"x","objectTypeId":"0-3","processingType":"DYNAMIC"}"#, "read deals");
        check(
            &format!("POST {root}"),
            &format!("{{\"objectTypeId\":\"contacts\",\"filterBranch\":{branch}}}"),
            "read contacts, read deals",
        );
        check(
            &format!("POST {root}"),
            r#"{"objectTypeId":"0-1","filterBranch":{"filters":[{"filterType":"NUM_ASSOCIATIONS","associationTypeId":4}]}}"#,
            "read contacts, read deals",
        );
        check(
            &format!("POST {root}"),
            r#"{"objectTypeId":"0-1","filterBranch":{"filters":[{"filterType":"NUM_ASSOCIATIONS","associationCategory":"USER_DEFINED","associationTypeId":4}]}}"#,
            "read contacts, association 4",
        );
        check(&format!("PUT {root}/7/update-list-filters"), &format!("{{\"filterBranch\":{branch}}}"), "read deals, list 7");
        check(&format!("GET {root}/7/memberships"), "", "list 7");
        check(&format!("GET {root}/7/memberships/join-order"), "", "list 7");
        check(&format!("PUT {root}/7/memberships/add"), "[\"1\"]", "list 7");
        check(&format!("GET {root}/7"), "", "");
        check(&format!("GET {root}/records/0-3/1/memberships"), "", "read deals");
        check(&format!("GET {root}/object-type-id/0-3/name/x"), "", "read deals");
        check(
            &format!("POST {root}/records/memberships/batch/read"),
            r#"{"inputs":[{"objectTypeId":"0-3","recordId":"1"}]}"#,
            "read deals",
        );
        check(&format!("POST {root}/search"), r#"{"objectTypeId":"deal"}"#, "read deals");
    }
    check("POST /contacts/v1/lists", "{}", "read contacts");
    check("GET /contacts/v1/lists/7/contacts/all", "", "read contacts");
    check("POST /contacts/v1/lists/7/add", "{}", "read contacts");
    check("GET /contacts/v1/lists", "", "");
}

#[test]
fn exports_read_and_imports_write_the_types_that_they_name() {
    for root in ["/crm/v3/exports", "/crm/exports/2026-09"] {
        for name in ["DEAL", "deals", "0-3", "Deal", " DEAL "] {
            check(&format!("POST {root}/export/async"), &format!("{{\"objectType\":\"{name}\"}}"), "read deals");
        }
        check(
            &format!("POST {root}/export/async"),
            r#"{"objectType":"CONTACT","associatedObjectType":"DEAL"}"#,
            "read contacts, read deals",
        );
        check(
            &format!("POST {root}/export/async"),
            r#"{"objectType":"CONTACT","publicCrmSearchRequest":{"filters":[{"propertyName":"associations.deal","operator":"EQ","value":"1"}]}}"#,
            "read contacts, read deals",
        );
    }
    for root in ["/crm/v3/imports", "/crm/imports/2026-09"] {
        let columns = |columns: &str| format!("{{\"files\":[{{\"fileImportPage\":{{\"columnMappings\":[{columns}]}}}}]}}");
        check(&format!("POST {root}"), &columns(r#"{"columnObjectTypeId":"0-3","propertyName":"dealname"}"#), "write deals");
        check(&format!("POST {root}"), &columns(r#"{"columnObjectType":"DEAL"}"#), "write deals");
        check(
            &format!("POST {root}"),
            &columns(r#"{"columnObjectTypeId":"0-1","toColumnObjectTypeId":"0-3","foreignKeyType":{"associationTypeId":77777}}"#),
            "write contacts, write deals",
        );
        check(&format!("POST {root}"), r#"{"importOperations":{"0-3":"CREATE"}}"#, "write deals");
    }
}

#[test]
fn apis_before_v3_name_types_in_fields_of_their_own() {
    check("POST /deals/v1/deal", r#"{"associations":{"associatedCompanyIds":[8],"associatedVids":[]},"properties":[]}"#, "write companies");
    check("PUT /deals/v1/deal/1", r#"{"associations":{"associatedVids":["9"]}}"#, "write contacts");
    check("PUT /deals/v1/deal/1/associations/CONTACT?id=9", "", "write contacts");
    check("GET /deals/v1/deal/associated/company/8/paged", "", "read companies");
    check("GET /deals/v1/deal/paged?includeAssociations=true&properties=dealname", "", "read contacts, read companies");
    check("GET /deals/v1/deal/paged?includeAssociations=false", "", "");
    check(
        "POST /engagements/v1/engagements",
        r#"{"engagement":{"type":"NOTE"},"associations":{"contactIds":[1],"dealIds":[2],"ownerIds":[3]}}"#,
        "write contacts, write deals",
    );
    check("GET /engagements/v1/engagements/associated/DEAL/2/paged", "", "read deals");
    check("PUT /engagements/v1/engagements/1/associations/deal/2", "", "write deals");
    check("GET /companies/v2/companies/8/contacts", "", "read contacts");
    check("GET /companies/v2/companies/8/vids", "", "read contacts");
    check("PUT /companies/v2/companies/8/contacts/9", "", "write contacts");
    check("GET /companies/v2/companies/8", "", "");
    let one = r#"{"fromObjectId":1,"toObjectId":2,"category":"HUBSPOT_DEFINED","definitionId":4}"#;
    check("PUT /crm-associations/v1/associations", one, "write contacts, write deals");
    check("PUT /crm-associations/v1/associations/create-batch", &format!("[{one}]"), "write contacts, write deals");
    check("PUT /crm-associations/v1/associations/delete", &one.replace("HUBSPOT", "USER"), "association 4");
    check("GET /crm-associations/v1/associations/1/HUBSPOT_DEFINED/4", "", "read contacts, read deals");
}

#[test]
fn events_and_webhooks_read_what_they_tell_of() {
    check("GET /events/v3/events?objectType=deal&objectId=1", "", "read deals");
    check("GET /events/event-occurrences/2026-09?objectType=0-3", "", "read deals");
    check("POST /webhooks/2026-03/7/subscriptions", r#"{"eventType":"contact.propertyChange","propertyName":"email"}"#, "read contacts");
    check("POST /webhooks/2026-03/7/subscriptions", r#"{"eventType":"object.creation","objectTypeId":"0-3"}"#, "read deals");
    check("POST /webhooks/2026-03/7/subscriptions", r#"{"eventType":"conversation.creation"}"#, "");
    check(
        "POST /webhooks-journal/subscriptions/2026-03",
        r#"{"objectTypeId":"0-3","associatedObjectTypeIds":["0-1"]}"#,
        "read contacts, read deals",
    );
}

#[test]
fn a_body_that_names_types_and_cannot_be_read_is_marked() {
    let create = "POST /crm/v3/objects/contacts";
    check(create, r#"{"associations":[/* x */]}"#, "unreadable");
    check(create, r#"{'associations':[]}"#, "unreadable");
    check(create, "\u{feff}{\"associations\":[]}", "unreadable");
    check(create, &"{\"associations\":".repeat(200), "unreadable");
    // UTF-16: its bytes do not contain the word as ASCII.
    let utf16: String = "{\"associations\":[]}".chars().flat_map(|letter| ['\0', letter]).collect();
    check(create, &utf16, "unreadable");
    // Where the body can't be read, it names nothing that HubSpot could find in it.
    check(create, "{\"properties\":{}", "");
}

#[test]
fn a_scope_is_asked_for_each_type_and_access() {
    let beside = |call: &str, body: &str| {
        let (method, path) = call.split_once(' ').unwrap();
        let path = NormalPath::parse(path).unwrap();
        let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{call}") };
        Beside::of(operation, &path, Some("associations=deals,tickets"), body.as_bytes())
    };
    let found = beside("GET /crm/v3/objects/contacts", "");
    let missing = |scopes: &[&str]| {
        let granted = ScopeSet::from_names(scopes.iter().copied()).unwrap();
        found.missing(&granted).iter().map(|(row, access)| format!("{} {}", access.verb(), row.name)).collect::<Vec<_>>()
    };
    assert_eq!(missing(&["crm.objects.contacts.read"]), ["read deals", "read tickets"]);
    assert_eq!(missing(&["crm.objects.deals.read"]), ["read tickets"]);
    assert_eq!(missing(&["crm.objects.deals.write", "tickets"]), ["read deals"]);
    assert!(missing(&["crm.objects.deals.read", "tickets"]).is_empty());
}

#[test]
fn there_is_a_bit_for_each_type() {
    assert!(ObjectType::all().len() < 64);
}

proptest::proptest! {
    #[test]
    fn no_body_and_no_query_makes_it_fail(body: Vec<u8>, query: String) {
        for call in ["POST /crm/v3/objects/contacts", "POST /crm/v3/lists", "PUT /crm-associations/v1/associations", "POST /deals/v1/deal"] {
            let (method, path) = call.split_once(' ').unwrap();
            let path = NormalPath::parse(path).unwrap();
            let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{call}") };
            let _ = Beside::of(operation, &path, Some(&query), &body);
        }
    }
}
