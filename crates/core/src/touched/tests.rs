//! The facts that are kept of a call, as a specification.

use super::*;
use crate::catalog::{Catalog, Resolution};

/// A call: method, path with its query, body. Then the answer, where there is one.
fn touched(call: &str, body: &str) -> Option<Box<Touched>> {
    let (method, target) = call.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = NormalPath::parse(path).unwrap();
    let Resolution::Found(operation) = Catalog::get().resolve(method, &path) else { panic!("{call} is no operation") };
    let mut touched = Touched::of(operation, &path, query)?;
    touched.body(body.as_bytes());
    Some(touched)
}

/// The kept facts on one line: records, the total where there are more, `?` where incomplete, properties.
fn line(named: &Named) -> String {
    let listed = named.records.split_whitespace().count() as u64;
    let mut line = named.records.clone();
    if named.record_count != listed {
        line.push_str(&format!(" ({})", named.record_count));
    }
    if named.incomplete {
        line.push_str(" ?");
    }
    if named.property_count > 0 {
        line.push_str(&format!(" | {}", named.properties));
    }
    if named.property_count != named.properties.split_whitespace().count() as u64 {
        line.push_str(&format!(" ({})", named.property_count));
    }
    line.trim().to_owned()
}

#[track_caller]
fn check(call: &str, body: &str, expected: &str) {
    let line = touched(call, body).map_or_else(|| "nothing".to_owned(), |touched| line(&touched.named(true)));
    assert_eq!(line, expected, "{call} {body}");
}

#[track_caller]
fn check_answer(call: &str, body: &str, answer: &str, expected: &str) {
    let mut touched = touched(call, body).unwrap();
    touched.answer(answer.as_bytes(), true);
    assert_eq!(line(&touched.named(true)), expected, "{call} {body} {answer}");
}

#[test]
fn the_id_in_the_path_is_listed_under_the_types_name() {
    for path in ["/crm/v3/objects/contacts/12", "/crm/v3/objects/0-1/12", "/crm/v3/objects/contact/12", "/crm/objects/2026-09/contacts/12"]
    {
        check(&format!("GET {path}"), "", "contacts/12");
        check(&format!("DELETE {path}"), "", "contacts/12");
    }
    check("GET /crm/v3/objects/2-77/12", "", "2-77/12");
    check("GET /crm/v3/objects/p42_Boat/12", "", "p42_boat/12");
    check("GET /crm/v3/objects/contacts/0012", "", "contacts/12");
    check("GET /crm/v3/lists/records/0-2/5/memberships", "", "companies/5");
}

#[test]
fn lists_searches_and_definitions_name_no_record() {
    for call in [
        "GET /crm/v3/objects/contacts",
        "POST /crm/v3/objects/contacts/search",
        "GET /crm/v3/owners/7",
        "GET /crm/v3/pipelines/deals/5",
        "GET /crm/v3/properties/contacts/email",
        "GET /crm/v3/lists/9",
        "POST /crm/associations/v4/definitions/configurations/0-1/0-2/batch/create",
        "GET /settings/v3/users/7",
    ] {
        check(call, "{}", "nothing");
    }
}

#[test]
fn what_names_a_record_and_is_no_id_is_counted_and_never_kept() {
    check("GET /crm/v3/objects/contacts/ann@example.com", "", "(1)");
    check("DELETE /crm/v3/objects/contacts/ann@example.com", "", "(1)");
    check("GET /crm/v3/objects/contacts/ann@example.com?idProperty=email", "", "(1) ?");
    // A telephone number has the form of an id.
    for query in ["idProperty=phone", "id%50roperty=phone", "limit=1&IDPROPERTY=phone"] {
        check(&format!("GET /crm/v3/objects/contacts/4915112345?{query}"), "", "(1) ?");
    }
    check("GET /crm/v3/objects/contacts/12?idProperty=hs_object_id", "", "contacts/12");
    check("GET /crm/v3/objects/contacts/99999999999999999999999", "", "(1)");
    check("GET /crm/v3/objects/contacts/+12", "", "(1)");
}

#[test]
fn the_answer_tells_which_record_a_property_named() {
    let answer = r#"{"id":"12","properties":{"email":"ann@example.com"}}"#;
    check_answer("GET /crm/v3/objects/contacts/ann@example.com?idProperty=email", "", answer, "contacts/12");
    let body = r#"{"properties":{"phone":"1"}}"#;
    check_answer("PATCH /crm/v3/objects/contacts/ann@example.com?idProperty=email", body, answer, "contacts/12 | phone");
    // The answer is cut off, but the id arrived.
    let mut touched = touched("GET /crm/v3/objects/contacts/a@b.c?idProperty=email", "").unwrap();
    touched.answer(br#"{"id":"12","properties":{"no"#, false);
    assert_eq!(line(&touched.named(true)), "contacts/12");
}

#[test]
fn a_new_record_has_the_id_of_its_answer() {
    let create = "POST /crm/v3/objects/contacts";
    let body = r#"{"properties":{"lastname":"B","email":"a@b.c"}}"#;
    check(create, body, "? | email lastname");
    check_answer(create, body, r#"{"properties":{"id":"9"},"id":"12"}"#, "contacts/12 | email lastname");
    check_answer(create, body, r#"{"id":12}"#, "contacts/12 | email lastname");
    check_answer(create, body, "<html>", "? | email lastname");
    let mut touched = touched(create, body).unwrap();
    touched.refused();
    assert_eq!(line(&touched.named(true)), "| email lastname");
    assert_eq!(line(&touched.named(false)), "");
}

#[test]
fn a_batch_names_its_inputs_and_what_was_made() {
    let batch = |verb: &str| format!("POST /crm/v3/objects/deals/batch/{verb}");
    check(
        &batch("update"),
        r#"{"inputs":[{"id":"1","properties":{"amount":"5"}},{"properties":{"dealname":"x"},"id":2}]}"#,
        "deals/1 deals/2 | amount dealname",
    );
    check(&batch("archive"), r#"{"inputs":[{"id":"1"},{"id":"1"},{"id":"2"}]}"#, "deals/1 deals/2");
    check(&batch("read"), r#"{"properties":["amount"],"inputs":[{"id":"1"}]}"#, "deals/1");
    check(&batch("read"), r#"{"inputs":[{"id":"1"}],"idProperty":"number"}"#, "(1)");
    let answer = r#"{"status":"COMPLETE","results":[{"id":"7","properties":{}},{"id":"8"}],"errors":[{"id":"x"}]}"#;
    check_answer(
        &batch("create"),
        r#"{"inputs":[{"properties":{"dealname":"x"}},{"properties":{}}]}"#,
        answer,
        "deals/7 deals/8 | dealname",
    );
    let upsert = r#"{"inputs":[{"idProperty":"number","id":"333","properties":{"amount":"1"}},{"id":"444","idProperty":"number"}]}"#;
    check(&batch("upsert"), upsert, "(2) ? | amount");
    check_answer(&batch("upsert"), upsert, answer, "deals/7 deals/8 | amount");
    // The answer is cut off: some ids are known, and so is the fact that there are more.
    let mut cut = touched(&batch("upsert"), upsert).unwrap();
    cut.answer(br#"{"results":[{"id":"7","properties":{"#, false);
    assert_eq!(line(&cut.named(true)), "deals/7 (2) ? | amount");
}

#[test]
fn associations_name_both_ends() {
    check("PUT /crm/v4/objects/contacts/1/associations/default/companies/2", "", "contacts/1 companies/2");
    check("DELETE /crm/v4/objects/0-1/1/associations/0-2/2", "", "contacts/1 companies/2");
    check("PUT /crm/objects/v3/contacts/1/associations/2-9/2/55", "", "contacts/1 2-9/2");
    check("GET /crm/v4/objects/contacts/1/associations/deals", "", "contacts/1");
    let links = r#"{"inputs":[{"from":{"id":"1"},"to":{"id":"2"},"types":[]},{"from":{"id":3},"to":[{"id":"4"},{"id":"5"}]}]}"#;
    check("POST /crm/v4/associations/contacts/companies/batch/create", links, "contacts/1 companies/2 contacts/3 companies/4 companies/5");
    check("POST /crm/v3/associations/0-1/2-9/batch/archive", r#"{"inputs":[{"from":{"id":"1"},"to":{"id":"2"}}]}"#, "contacts/1 2-9/2");
    check("POST /crm/v4/associations/contacts/companies/batch/read", r#"{"inputs":[{"id":"1"}]}"#, "contacts/1");
    // A new record names its associations by the id of the association type.
    let types = |id: u32| {
        format!(
            r#"{{"associations":[{{"to":{{"id":"4"}},"types":[{{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":{id}}}]}}]}}"#
        )
    };
    check_answer("POST /crm/v3/objects/contacts", &types(279), r#"{"id":"1"}"#, "companies/4 contacts/1");
    check_answer("POST /crm/v3/objects/contacts", &types(9_999), r#"{"id":"1"}"#, "contacts/1 (2)");
}

#[test]
fn merging_and_erasing_name_every_record() {
    let body = r#"{"primaryObjectId":"1","objectIdToMerge":"2"}"#;
    check_answer("POST /crm/v3/objects/contacts/merge", body, r#"{"id":"3"}"#, "contacts/1 contacts/2 contacts/3");
    check("POST /crm/v3/objects/contacts/gdpr-delete", r#"{"objectId":"1"}"#, "contacts/1");
    check("POST /crm/v3/objects/contacts/gdpr-delete", r#"{"objectId":"a@b.c","idProperty":"email"}"#, "(1)");
    check("POST /crm/v3/objects/contacts/gdpr-delete", r#"{"objectId":"491511","idProperty":"phone"}"#, "(1)");
}

#[test]
fn the_apis_before_v3_name_the_same_records() {
    let pairs = r#"{"properties":[{"property":"email","value":"a"},{"name":"phone","value":"b"}]}"#;
    check("GET /contacts/v1/contact/vid/12/profile", "", "contacts/12");
    check("POST /contacts/v1/contact/vid/12/profile", pairs, "contacts/12 | email phone");
    check_answer("POST /contacts/v1/contact", pairs, r#"{"vid":12}"#, "contacts/12 | email phone");
    check("GET /contacts/v1/contact/email/a@b.c/profile", "", "(1) ?");
    check_answer("GET /contacts/v1/contact/email/a@b.c/profile", "", r#"{"vid":12,"merged-vids":[3]}"#, "contacts/12");
    check_answer("POST /contacts/v1/contact/createOrUpdate/email/a@b.c", pairs, r#"{"vid":12,"isNew":true}"#, "contacts/12 | email phone");
    check("POST /contacts/v1/contact/email/a@b.c/profile", pairs, "(1) | email phone");
    check(
        "POST /contacts/v1/contact/batch",
        r#"[{"vid":1,"properties":[]},{"email":"a@b.c","properties":[{"property":"phone"}]}]"#,
        "contacts/1 (2) | phone",
    );
    check("POST /contacts/v1/contact/merge-vids/1", r#"{"vidToMerge":2}"#, "contacts/1 contacts/2");
    check("PUT /companies/v2/companies/3/contacts/4", "", "companies/3 contacts/4");
    check("PUT /companies/v2/companies/3", pairs, "companies/3 | email phone");
    check(
        "POST /companies/v2/companies/batch-async/update",
        r#"[{"objectId":3,"properties":[{"name":"domain"}]}]"#,
        "companies/3 | domain",
    );
    check_answer(
        "POST /deals/v1/deal",
        r#"{"associations":{"associatedVids":[1],"associatedCompanyIds":[2]},"properties":[]}"#,
        r#"{"dealId":5}"#,
        "contacts/1 companies/2 deals/5",
    );
    check("PUT /deals/v1/deal/5/associations/CONTACT?id=1&id=2", "", "deals/5 contacts/1 contacts/2");
    check("DELETE /engagements/v1/engagements/6", "", "engagements/6");
    check_answer(
        "POST /engagements/v1/engagements",
        r#"{"associations":{"contactIds":[1]}}"#,
        r#"{"engagement":{"id":6,"type":"NOTE"}}"#,
        "contacts/1 notes/6",
    );
}

#[test]
fn a_hundred_ids_are_listed_and_the_hundred_and_first_is_counted() {
    let inputs: Vec<String> = (1..=101).map(|id| format!(r#"{{"id":"{id}","properties":{{"p{id}":"1"}}}}"#)).collect();
    let body = format!(r#"{{"inputs":[{}]}}"#, inputs.join(","));
    let named = touched("POST /crm/v3/objects/contacts/batch/update", &body).unwrap().named(true);
    assert_eq!((named.records.split(' ').count(), named.record_count, named.incomplete), (100, 101, false));
    assert_eq!((named.properties.split(' ').count(), named.property_count), (100, 101));
    assert!(named.records.starts_with("contacts/1 contacts/2 ") && named.records.ends_with(" contacts/100"));
}

#[test]
fn names_of_properties_are_kept_in_hubspots_form_only() {
    let body = r#"{"properties":{"Email":1,"a b":1,"1st":1,"ann@example.com":1,"hs_x_2":{"deep":[1]},"":1}}"#;
    check("PATCH /crm/v3/objects/contacts/1", body, "contacts/1 | email hs_x_2 (6)");
    let long: Vec<String> = (10..99).map(|at| format!(r#""a{at}{}":1"#, "x".repeat(90))).collect();
    let named = touched("PATCH /crm/v3/objects/contacts/1", &format!(r#"{{"properties":{{{}}}}}"#, long.join(","))).unwrap().named(true);
    assert!(named.properties.len() <= PROPERTIES_BYTES_MAX && named.property_count == 89, "{}", named.properties.len());
}

#[test]
fn what_is_said_twice_counts_twice() {
    check(
        "POST /crm/v3/objects/contacts/batch/archive",
        r#"{"inputs":[{"id":"1","id":"2"}],"inputs":[{"\u0069d":"3"}]}"#,
        "contacts/1 contacts/2 contacts/3",
    );
    check("PATCH /crm/v3/objects/contacts/1", r#"{"properties":{"a":1},"properties":{"b":1}}"#, "contacts/1 | a b");
}

#[test]
fn a_body_that_can_not_be_read_leaves_a_mark() {
    let update = "POST /crm/v3/objects/contacts/batch/update";
    check(update, r#"{"inputs":[{"id":"1"},{"id":"#, "contacts/1 ?");
    check(update, "not JSON", "?");
    check(update, r#"{"inputs":[{"id":"1"}]} {"inputs":[{"id":"2"}]}"#, "contacts/1 ?");
    check(
        update,
        &format!(r#"{{"inputs":[{{"id":"1","properties":{{"a":{}1{}}}}}]}}"#, "[".repeat(100_000), "]".repeat(100_000)),
        "contacts/1 | a",
    );
    check(update, &format!(r#"{{"inputs":{}"#, "[".repeat(100_000)), "?");
    check(update, r#"{"inputs":[[[{"id":"1"}]],null,7,"x",{"id":{"id":"2"}},{"id":["3"]},{"id":-4},{"id":5.5},{"id":"6 7"}]}"#, "(3)");
    let mut invalid = touched(update, "").unwrap();
    invalid.body(b"{\"inputs\":[{\"id\":\"1\"},{\"\xff\":1}]}");
    assert_eq!(line(&invalid.named(true)), "contacts/1 ?");
    let mut unread = touched(update, "").unwrap();
    unread.body_unread();
    assert_eq!(line(&unread.named(true)), "?");
}

#[test]
fn a_record_is_asked_for_by_every_name_of_its_type() {
    for text in ["contacts/12", "contact/12", "0-1/12", "Contacts/012", " contacts/12 "] {
        assert_eq!(RecordRef::parse(text).unwrap().forms(), ["contacts/12"], "{text}");
    }
    assert_eq!(RecordRef::parse("2-456/7").unwrap().to_string(), "2-456/7");
    assert_eq!(RecordRef::parse("notes/7").unwrap().forms(), ["notes/7", "engagements/7"]);
    assert!(RecordRef::parse("engagements/7").unwrap().forms().contains(&"tasks/7".to_owned()));
    for text in ["contacts", "contacts/", "contacts/ann@example.com", "boats/1", "/1", "contacts/1/2", "contacts/-1", "p_a b/1"] {
        assert!(RecordRef::parse(text).is_err(), "{text}");
    }
}

#[test]
fn every_operation_on_one_record_has_a_plan() {
    for operation in Catalog::get().operations() {
        let template = operation.template;
        let one =
            template.starts_with("/crm/") && template.contains("/objects/") && template.ends_with("Id}") && !template.ends_with("TypeId}");
        let batch = template.starts_with("/crm/") && template.contains("/objects/") && template.contains("/batch/");
        if one || batch {
            let plan = plan::of(operation).unwrap_or_else(|| panic!("{operation} has none"));
            assert!(!plan.path.is_empty() || plan.body == plan::Body::Inputs, "{operation}");
        }
    }
}
