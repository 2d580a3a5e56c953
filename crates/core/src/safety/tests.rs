//! The table of classes as a specification: every operation has a class, and all forms of one operation have the same.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::{Catalog, Operation, Resolution, tables};
use crate::path::NormalPath;
use crate::policy::{Caller, authorize, authorize_unlisted};
use crate::scope::{ScopeSet, all_names};
use crate::unlisted::Unlisted;

fn operations() -> impl Iterator<Item = &'static Operation> {
    Catalog::get().operations().iter()
}

/// The path without versions, and with `{}` for its variables.
fn shape(template: &str) -> String {
    let version = |segment: &str| segment.starts_with("20") || (segment.len() == 2 && segment.starts_with('v'));
    let kept = template.split('/').filter(|segment| !version(segment));
    kept.map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

fn class(method: &str, path: &str) -> String {
    let Resolution::Found(operation) = Catalog::get().resolve(method, &NormalPath::parse(path).unwrap()) else {
        panic!("{method} {path} is no operation")
    };
    operation.safety.to_string()
}

#[test]
fn every_operation_has_a_class_from_a_row_with_a_reason() {
    let without: Vec<String> = operations().filter(|one| of(one.method, one.template).is_none()).map(ToString::to_string).collect();
    assert!(without.is_empty(), "add rows to data/safety.tsv for {without:#?}");
    for row in rows() {
        assert!(!row.reason.is_empty() && row.pattern.starts_with('/'), "{row:?}");
        assert!(row.pattern.matches("**").count() <= 1, "a pattern has ** once: {row:?}");
    }
}

#[test]
fn every_row_of_the_table_is_used() {
    let used: BTreeSet<*const Row> = operations().filter_map(|one| rules::find(one.method, one.template)).map(std::ptr::from_ref).collect();
    let unused: Vec<&Row> = rows().iter().filter(|row| !used.contains(&std::ptr::from_ref(*row))).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

/// Operations that HubSpot documents as reads, in addition to GET, searches and batch reads.
const OTHER_READS: [&str; 14] = [
    "/cms/source-code/{}/validate/{}",
    "/commerce/contracts/changes/preview",
    "/commerce/price-books/price-books/{}/validate",
    "/communication-preferences/statuses/batch/unsubscribe-all/read",
    "/companies/domains/{}/companies",
    "/content/api/blog-posts/{}/validate-buffer",
    "/content/api/pages/{}/validate-buffer",
    "/crm-objects/objects/line_items/batch-read",
    "/crm-objects/objects/products/batch-read",
    "/crm-objects/objects/tickets/batch-read",
    "/crm/lists/all",
    "/crm/lists/idmapping",
    "/oauth/private-apps/get/access-token-info",
    "/oauth/token/introspect",
];

#[test]
fn reads_are_get_search_batch_read_and_a_list_that_was_looked_at() {
    let by_form = |one: &Operation| one.template.ends_with("/search") || one.template.ends_with("/batch/read");
    let mut others = BTreeSet::new();
    for one in operations().filter(|one| one.safety.class == Class::Read && one.method != Method::Get) {
        assert_eq!(one.method, Method::Post, "{one}: PUT, PATCH and DELETE change something");
        if !by_form(one) {
            others.insert(shape(one.template));
        }
    }
    assert_eq!(others, BTreeSet::from(OTHER_READS.map(str::to_owned)));
    for one in operations() {
        assert_eq!(one.read_only, one.safety.class == Class::Read, "{one}");
        // HubSpot has no GET that changes something. A person must check a new one with a word of change in its path.
        let acts = |segment: &str| ["send", "publish", "push", "restore", "reset", "clone", "merge", "purge", "cancel"].contains(&segment);
        let looked_at = ["/broadcast/channels/setting/publish", "/marketing/campaigns/clone"];
        if one.method == Method::Get && shape(one.template).split('/').any(acts) {
            assert!(looked_at.iter().any(|known| shape(one.template).starts_with(known)), "{one}: does it change anything?");
        }
    }
}

#[test]
fn all_versions_and_spellings_of_an_operation_have_one_class() {
    let mut by_shape: BTreeMap<(Method, String), (Safety, &Operation)> = BTreeMap::new();
    for one in operations() {
        let (safety, first) = *by_shape.entry((one.method, shape(one.template))).or_insert((one.safety, one));
        assert_eq!(safety, one.safety, "{first} and {one}");
    }
    let mut walked = 0;
    for row in tables::successors() {
        let Some(successor) = row.successor else { continue };
        let (method, path) =
            successor.split_once(' ').map_or((row.method, successor), |(method, path)| (Method::parse(method).unwrap(), path));
        let (Some(old), Some(new)) = (Catalog::get().find(row.method, row.path), Catalog::get().find(method, path)) else { continue };
        assert_eq!(old.safety, new.safety, "{old} and its successor {new}");
        walked += 1;
    }
    assert!(walked > 600, "{walked} successors walked");
    // An app can't choose the row by the spelling of the path: the class belongs to the resolved operation.
    assert_eq!(class("POST", "/crm/objects/v3/contacts/merge"), class("POST", "/crm/v3/objects/0-1/merge"));
}

#[test]
fn a_batch_has_the_class_of_the_single_operation_and_is_bulk() {
    let forms = [("create", Class::Create), ("update", Class::Update), ("upsert", Class::Update), ("archive", Class::Delete)];
    let records = operations().filter(|one| one.template.contains("/objects/"));
    for one in records {
        for (form, class) in forms {
            if one.template.ends_with(&format!("/batch/{form}")) || one.template.ends_with(&format!("/batch-{form}")) {
                assert_eq!(one.safety, Safety { class, bulk: true }, "{one}");
            }
        }
    }
    for one in operations().filter(|one| one.method == Method::Post && one.template.contains("/batch/")) {
        assert!(one.safety.bulk, "{one} takes a list");
    }
    assert_eq!(class("PUT", "/crm/v4/objects/contacts/1/associations/default/companies/2"), "update");
    assert_eq!(class("POST", "/crm/v4/associations/contacts/companies/batch/create"), "update, bulk");
    assert_eq!(class("DELETE", "/crm/v4/objects/contacts/1/associations/companies/2"), "delete");
    assert_eq!(class("POST", "/crm/v4/associations/contacts/companies/batch/archive"), "delete, bulk");
}

#[test]
fn what_cannot_be_undone_is_irreversible_wherever_it_stands() {
    for one in operations().filter(|one| one.method != Method::Get) {
        let words = ["merge", "merge-vids", "gdpr-delete", "purge"];
        if one.template.split('/').any(|segment| words.contains(&segment)) {
            assert_eq!(one.safety.class, Class::Irreversible, "{one}");
        }
        let sends = ["single-send", "singleEmail", "single-email", "enrollments", "publish", "push-live", "publish-action"];
        if one.template.split('/').any(|segment| sends.contains(&segment))
            && one.method != Method::Delete
            && !one.template.contains("scores")
        {
            assert_eq!(one.safety.class, Class::Send, "{one}");
        }
    }
}

#[test]
fn an_operation_that_the_catalog_does_not_list_is_of_the_most_dangerous_class() {
    assert_eq!(Some(&Safety::UNKNOWN.class), Class::ALL.iter().max());
    for method in Method::ALL {
        assert_eq!(Catalog::get().unlisted(method).safety, Safety::UNKNOWN, "{method}");
    }
    assert_eq!(of(Method::Post, "/made-up/v1/things"), None);
}

#[test]
fn classes_open_what_they_name_and_nothing_else() {
    for held in 1_u8..=u8::MAX {
        let held = Classes(held);
        for class in Class::ALL {
            let single = Safety { class, bulk: false };
            assert_eq!(held.open(single), held.has(class));
            assert_eq!(held.missing(single).is_empty(), held.open(single));
            let bulk = Safety { class, bulk: true };
            assert_eq!(held.open(bulk), held.has(class) && (class == Class::Read || held.has_bulk()));
            assert_eq!(held.missing(bulk).is_empty(), held.open(bulk));
        }
        if held.0 != Classes::BULK_BIT {
            assert_eq!(Classes::parse(&held.words()), Ok(held), "the words mean the same again");
        }
    }
}

#[test]
fn a_setting_that_opens_nothing_or_names_no_class_is_refused() {
    assert_eq!(Classes::parse::<&str>(&[]), Err(ClassesError::Nothing));
    assert_eq!(Classes::parse(&["bulk"]), Err(ClassesError::Nothing));
    for wrong in ["", "reads", "READ", "read,create", "write", "*"] {
        assert_eq!(Classes::parse(&[wrong]), Err(ClassesError::Unknown(wrong.to_owned())));
    }
    assert_eq!(Classes::parse(&[" read ", "create"]).unwrap().to_string(), "read,create");
    assert_eq!(Classes::parse(&["bulk", "update", "read"]).unwrap().to_string(), "read,update,bulk");
    assert_eq!(Classes::parse(&["all"]), Ok(Classes::ALL));
    assert_eq!(Classes::default().to_string(), "all");
}

/// A path of an operation.
fn sample(operation: &Operation) -> NormalPath {
    let segment = |segment: &str| match segment {
        "{objectType}" | "{objectTypeId}" | "{fromObjectType}" | "{fromObjectTypeId}" => "2-77".to_owned(),
        "{toObjectType}" | "{toObjectTypeId}" => "0-123".to_owned(),
        named if named.starts_with('{') => "x1".to_owned(),
        literal => literal.to_owned(),
    };
    NormalPath::parse(&operation.template.split('/').map(segment).collect::<Vec<_>>().join("/")).unwrap()
}

#[test]
fn whoever_is_held_to_classes_gets_a_permit_for_these_alone_whatever_the_scopes() {
    let granted = ScopeSet::from_names(all_names().iter().copied()).unwrap();
    let unlisted = Unlisted::parse(&["all"]).unwrap();
    let everything = Caller::of_app(1, "a", 1, &granted, &unlisted);
    let held: Vec<Classes> = Class::ALL.iter().map(|class| Classes(class.bit())).chain([Classes::ALL]).collect();
    let mut refused = 0;
    for one in operations() {
        let by_scopes = authorize(&everything, one, sample(one));
        for classes in &held {
            let decided = authorize(&Caller { classes: *classes, ..everything }, one, sample(one));
            assert_eq!(decided.is_ok(), by_scopes.is_ok() && classes.open(one.safety), "{one} for {classes}");
            refused += usize::from(decided.is_err());
        }
    }
    assert!(refused > 20_000, "{refused} decisions refused");
    let path = || NormalPath::parse("/made-up/v1/things").unwrap();
    for method in Method::ALL {
        let reads = Caller { classes: Classes::READ, ..everything };
        assert!(authorize_unlisted(&reads, method.as_str(), path()).is_err(), "{method}: nobody knows what it does");
        assert!(authorize_unlisted(&everything, method.as_str(), path()).is_ok(), "{method}");
    }
}

#[test]
fn a_refusal_names_the_class_what_is_open_and_the_command() {
    let granted = ScopeSet::from_names(all_names().iter().copied()).unwrap();
    let unlisted = Unlisted::default();
    let caller = Caller { classes: Classes::parse(&["read", "create"]).unwrap(), ..Caller::of_app(7, "Sync", 1, &granted, &unlisted) };
    let told = |caller: &Caller<'_>, method: Method, path: &str| {
        let operation = Catalog::get().find(method, path).unwrap();
        authorize(caller, operation, sample(operation)).unwrap_err().to_error(caller, operation)
    };
    let error = told(&caller, Method::Post, "/crm/v3/objects/contacts/batch/update");
    assert_eq!((error.status, error.category), (403, "CLASS_NOT_ALLOWED"));
    assert!(error.message.contains("read,create") && error.message.contains("has the class update, and changes many records"), "{error:?}");
    let shown = format!("{error:?}");
    assert!(shown.contains("keyway app update 7 --allow read,create,update,bulk"), "{shown}");
    let session = Caller { session: true, classes: Classes::READ, ..caller };
    let shown = format!("{:?}", told(&session, Method::Delete, "/crm/v3/objects/contacts/{contactId}"));
    assert!(shown.contains("This session") && shown.contains("keyway session create --app 7 --classes read,delete"), "{shown}");
}
