//! The catalog as a specification: every operation can be found, and has a requirement.

use std::collections::BTreeSet;

use super::*;
use crate::policy::{Caller, authorize};
use crate::scope::ScopeSet;
use crate::unlisted::Unlisted;

/// A path of this operation: an object type where the parameter's name asks for one, else an id.
fn sample_path(template: &str) -> String {
    let segment = |segment: &str| match segment {
        "{objectType}" | "{objectTypeId}" | "{fromObjectType}" | "{fromObjectTypeId}" => "2-77".to_owned(),
        "{toObjectType}" | "{toObjectTypeId}" => "0-123".to_owned(),
        named if named.starts_with('{') => format!("x{}", named.len()),
        literal => literal.to_owned(),
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn find(method: &str, path: &str) -> String {
    let path = NormalPath::parse(path).unwrap();
    match Catalog::get().resolve(method, &path) {
        Resolution::Found(operation) => operation.template.to_owned(),
        Resolution::MethodNotAllowed(allowed) => format!("405 {allowed:?}"),
        Resolution::Unknown => "404".to_owned(),
    }
}

#[test]
fn every_row_of_the_tables_is_there() {
    let pre_v3 = Catalog::get().operations().iter().filter(|operation| operation.is_pre_v3()).count();
    assert_eq!((tables::endpoint_rows().count(), pre_v3), (3_787 + 28 + 460, 460));
    assert_eq!(tables::scope_set_rows().count(), 197);
    assert_eq!(tables::successors().len(), 1_037 + 11);
    assert_eq!(tables::sdk_calls().len(), 642);
    assert_eq!(tables::sunsets().len(), 20);
    assert_eq!(tables::pre_v3().len(), 62);
}

#[test]
fn every_operation_is_found_by_a_path_of_its_shape() {
    let shape = |template: &str| template.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect::<Vec<_>>().join("/");
    for operation in Catalog::get().operations() {
        let found = find(operation.method.as_str(), &sample_path(operation.template));
        assert_eq!(shape(&found), shape(operation.template), "{operation}");
    }
}

#[test]
fn a_literal_segment_wins_over_a_template() {
    assert_eq!(find("GET", "/crm/v3/objects/contacts"), "/crm/v3/objects/contacts");
    assert_eq!(find("GET", "/crm/v3/objects/boats"), "/crm/v3/objects/{objectType}");
    assert_eq!(find("POST", "/crm/v3/objects/contacts/search"), "/crm/v3/objects/contacts/search");
}

#[test]
fn a_literal_that_leads_nowhere_gives_way_to_the_template() {
    assert_eq!(
        find("PUT", "/crm/objects/2026-09/contacts/1/associations/deals/2"),
        "/crm/objects/2026-09/{objectType}/{objectId}/associations/{toObjectType}/{toObjectId}"
    );
}

#[test]
fn both_spellings_of_a_version_mean_the_same() {
    assert_eq!(find("GET", "/crm/2026-09/objects/contacts"), "/crm/objects/2026-09/{objectType}");
    assert_eq!(find("GET", "/crm/pipelines/v3/deals"), "/crm/v3/pipelines/{objectType}");
    assert_eq!(find("GET", "/crm/v3/schemas"), "/crm-object-schemas/v3/schemas");
    assert_eq!(find("GET", "/settings/v3/users/"), "/settings/users/v3");
    assert_eq!(find("POST", "/cms/v3/url-redirects/"), "/cms/url-redirects/v3");
    assert_eq!(find("GET", "/crm/2031-09/objects/contacts"), "404");
    assert_eq!(find("GET", "/settings/v4/users"), "404", "another version is another operation");
    assert_eq!(find("GET", "/marketing/2026-09/emails"), "404", "nobody has seen HubSpot answer to it");
}

#[test]
fn a_second_spelling_has_the_scopes_the_end_and_the_successor_of_the_operation() {
    assert_eq!(needs("GET", "/settings/v3/users/"), needs("GET", "/settings/users/v3"));
    assert_eq!(needs("GET", "/crm/v4/objects/tickets"), needs("GET", "/crm/v3/objects/tickets"));
    let of = |method: &str, path: &str| {
        let path = NormalPath::parse(path).unwrap();
        let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{path:?}") };
        let successor = crate::sunset::successor(operation.method, operation.template).and_then(|row| row.successor);
        (crate::sunset::of_path(operation.template).map(|row| row.date), successor)
    };
    assert_eq!(of("GET", "/marketing/v3/marketing-events/").1, Some("/marketing/marketing-events/2026-09"));
    assert_eq!(of("GET", "/crm/v4/objects/tickets"), (Some("2027-03-30"), Some("/crm/objects/2026-09/{objectType}")));
    assert_eq!(of("GET", "/oauth/v1/access-tokens/t"), (Some("2027-02-16"), Some("/oauth/2026-09/token/introspect")));
}

#[test]
fn an_operation_spells_a_path_as_the_catalog_does() {
    let spelled = |method: &str, path: &str| {
        let path = NormalPath::parse(path).unwrap();
        let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{path:?}") };
        operation.spell(&path).as_sent().to_owned()
    };
    assert_eq!(spelled("GET", "/settings/v3/users/ada%40example.com"), "/settings/v3/users/ada%40example.com");
    assert_eq!(spelled("GET", "/settings/v3/users/"), "/settings/users/v3");
    assert_eq!(spelled("GET", "/crm/2026-09/objects/p_own%20one/a%3Fb"), "/crm/objects/2026-09/p_own%20one/a%3Fb");
}

#[test]
fn what_no_source_states_is_marked() {
    for row in tables::endpoint_rows() {
        let unstated = row.scopes_from == tables::ScopesFrom::Unstated;
        assert!(!unstated || row.scope_set.is_none(), "{row:?}");
        assert!(row.scopes_from == tables::ScopesFrom::Published || !row.source.is_empty() || row.api.starts_with("Legacy/"), "{row:?}");
    }
    let unstated = Catalog::get().operations().iter().filter(|operation| operation.scopes_from == tables::ScopesFrom::Unstated);
    let families: BTreeSet<&str> =
        unstated.filter_map(|operation| crate::sunset::family(operation.template)).map(|row| row.prefix).collect();
    let known = ["/keywords/v1", "/leads/v1", "/nurture/v1", "/owners/v2", "/prospects/v1", "/settings/v1"];
    assert_eq!(families, BTreeSet::from(known), "families that ended before HubSpot had scopes, and writes of owners");
}

/// Every operation older than v3 belongs to a family of the table, and has an end date.
#[test]
fn every_operation_older_than_v3_belongs_to_a_family_and_has_an_end() {
    for operation in Catalog::get().operations().iter().filter(|operation| operation.is_pre_v3()) {
        assert!(crate::sunset::family(operation.template).is_some(), "{operation} is in no family of pre_v3.tsv");
        assert!(crate::sunset::of_path(operation.template).is_some(), "{operation} has no end");
    }
}

#[test]
fn another_method_is_405_and_another_path_404() {
    assert_eq!(find("PUT", "/crm/v3/objects/contacts"), "405 [Get, Post]");
    assert_eq!(find("OPTIONS", "/crm/v3/objects/contacts"), "405 [Get, Post]");
    assert_eq!(find("GET", "/crm/v3/nothing"), "404");
    assert_eq!(find("GET", "/"), "404");
    assert_eq!(find("GET", &"/a".repeat(40)), "404");
}

fn needs(method: &str, path: &str) -> String {
    let normal = NormalPath::parse(path).unwrap();
    let Resolution::Found(operation) = Catalog::get().resolve(method, &normal) else { return "not found".to_owned() };
    match Catalog::get().requirement(operation, &normal) {
        Ok(requirement) => {
            let sets: Vec<String> = requirement.alternatives().iter().map(|set| set.names().join("+")).collect();
            sets.join(" | ")
        }
        Err(unknown) => unknown.to_string(),
    }
}

#[test]
fn the_object_type_in_the_path_decides() {
    assert_eq!(needs("GET", "/crm/v3/objects/contacts"), "crm.objects.contacts.read");
    assert_eq!(needs("GET", "/crm/objects/2026-09/0-1/5"), "crm.objects.contacts.read");
    assert_eq!(needs("GET", "/crm/objects/2026-09-beta/contact/5"), "crm.objects.contacts.read");
    assert_eq!(needs("POST", "/crm/objects/2026-09/deals/search"), "crm.objects.deals.read");
    assert_eq!(needs("POST", "/crm/objects/2026-09/deals/batch/update"), "crm.objects.deals.write");
    assert_eq!(needs("DELETE", "/crm/v3/objects/p7_boat/9"), "crm.objects.custom.write");
    assert_eq!(needs("GET", "/crm/objects/2026-09-beta/orders"), "crm.objects.orders.read");
    assert_eq!(needs("GET", "/crm/objects/2026-09/quotes"), "crm.objects.quotes.read | e-commerce");
    assert_eq!(needs("GET", "/crm/v3/objects/boats"), "Unable to infer object type from: boats");
    assert_eq!(needs("POST", "/crm/objects/2026-09/feedback_submissions"), "");
}

#[test]
fn an_association_needs_both_of_its_types() {
    assert_eq!(
        needs("PUT", "/crm/v4/objects/contacts/1/associations/default/companies/2"),
        "crm.objects.companies.write+crm.objects.contacts.write"
    );
    assert_eq!(needs("POST", "/crm/v4/associations/contacts/deals/batch/read"), "crm.objects.contacts.read+crm.objects.deals.read");
    assert_eq!(needs("GET", "/crm/v4/associations/notes/calls/labels"), "crm.objects.contacts.read");
}

#[test]
fn definitions_take_the_schema_scope_or_what_the_operation_lists() {
    assert_eq!(needs("GET", "/crm/v3/properties/contacts"), "crm.objects.contacts.read | crm.schemas.contacts.read");
    assert_eq!(needs("POST", "/crm/v3/properties/contacts"), "crm.schemas.contacts.write");
    assert_eq!(needs("POST", "/crm/v3/properties/carts"), "crm.objects.carts.write | crm.schemas.carts.write");
}

#[test]
fn fixed_sets_keep_their_alternatives() {
    assert_eq!(needs("GET", "/crm/v3/owners"), "automation | crm.objects.owners.read");
    assert_eq!(needs("GET", "/account-info/2026-09/details"), "oauth");
}

/// Operations that HubSpot lists without a scope; docs/decisions/0003 decided on them. This file may shrink, but never grow.
const EXCEPTIONS: &str = include_str!("scopeless_operations.txt");

#[test]
fn every_operation_refuses_no_scope_passes_one_alternative_and_refuses_it_less_one() {
    let mut scopeless = BTreeSet::new();
    let mut walked = 0;
    for operation in Catalog::get().operations() {
        let path = NormalPath::parse(&sample_path(operation.template)).unwrap();
        let alternatives = Catalog::get().requirement(operation, &path).unwrap().alternatives();
        if alternatives.is_empty() {
            // Among operations older than v3, one without a scope takes the developer's key, is a public form, or is marked.
            let explained = operation.auth != Auth::Bearer || operation.scopes_from == tables::ScopesFrom::Unstated;
            if !operation.is_pre_v3() || !explained {
                scopeless.insert(operation.to_string());
            }
            continue;
        }
        let passes = |granted: &ScopeSet| {
            let unlisted = Unlisted::default();
            authorize(&Caller::of_app(1, "a", 1, granted, &unlisted), operation, path.clone()).is_ok()
        };
        assert!(!passes(&ScopeSet::EMPTY), "{operation} passes with no scope");
        for alternative in alternatives {
            assert!(passes(&alternative), "{operation} refuses {alternative:?}");
            for scope in alternative.iter() {
                let mut less = alternative;
                less.remove(scope);
                assert!(!passes(&less), "{operation} passes {alternative:?} without {scope:?}");
            }
            walked += 1;
        }
    }
    let expected: BTreeSet<String> = EXCEPTIONS.lines().map(str::to_owned).collect();
    assert_eq!(scopeless, expected, "src/catalog/scopeless_operations.txt lists what HubSpot publishes without a scope");
    assert!(walked > 3_500, "{walked} alternatives walked");
}

#[test]
fn calls_count_against_hubspots_limits() {
    let class = |method: &str, path: &str| {
        let path = NormalPath::parse(path).unwrap();
        match Catalog::get().resolve(method, &path) {
            Resolution::Found(operation) => operation.limit_class,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(class("GET", "/crm/v3/objects/contacts"), LimitClass::Standard);
    assert_eq!(class("POST", "/crm/objects/2026-09/contacts/search"), LimitClass::Search);
    assert_eq!(class("POST", "/crm/v4/associations/contacts/deals/batch/read"), LimitClass::Associations);
    assert_eq!(class("GET", "/crm/v4/objects/contacts/1/associations/deals"), LimitClass::Standard);
    assert_eq!(class("POST", "/events/custom/2026-09/send"), LimitClass::Exempt);
}
