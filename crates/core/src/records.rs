//! How many records a call reads or changes, for the budgets of sessions.
//!
//! A batch of a hundred records counts as a hundred, and so does a page of a hundred. Descriptions of an account (definitions
//! of properties and pipelines, owners, settings) are not records. Where the number is unknown before a change is made, as for
//! an import, there is none, and the keeper of the budget refuses the call.

use serde_json::Value;

use crate::catalog::Operation;

/// Prefixes of paths whose answers describe the account and contain no records.
const DESCRIPTIONS: [&str; 13] = [
    "/account-info/",
    "/crm-object-schemas/",
    "/crm-pipelines/",
    "/crm/owners",
    "/crm/pipelines",
    "/crm/properties",
    "/crm/schemas",
    "/integrations/",
    "/oauth/",
    "/owners/",
    "/properties/",
    "/settings/",
    "/crm/limits",
];

/// Lists in a body that name the records of a change.
const LISTS: [&str; 8] = ["inputs", "vids", "emails", "recordIdsToAdd", "recordIdsToRemove", "objectIds", "ids", "eventIds"];

/// Fields that only a single record has.
const IDS: [&str; 6] = ["id", "vid", "companyId", "dealId", "objectId", "engagement"];

/// Whether calls of an operation read or change records.
pub fn are_touched(operation: &Operation) -> bool {
    let segments = operation.template.split('/').filter(|segment| !is_version(segment));
    let plain = segments.collect::<Vec<_>>().join("/");
    !DESCRIPTIONS.iter().any(|beginning| plain.starts_with(beginning)) && !plain.ends_with("/labels")
}

/// How many records a change names; none where its body does not show the number.
pub fn changed(operation: &Operation, body: &[u8]) -> Option<u64> {
    if !are_touched(operation) {
        return Some(0);
    }
    if !operation.safety.bulk {
        return Some(1);
    }
    let of_list = |value: &Value| value.as_array().map(|list| list.len() as u64);
    match serde_json::from_slice::<Value>(body).ok()? {
        Value::Array(list) => Some(list.len() as u64),
        Value::Object(fields) => {
            let named: Vec<u64> = LISTS.iter().filter_map(|name| fields.get(*name)).filter_map(of_list).collect();
            (!named.is_empty()).then(|| named.iter().sum())
        }
        _ => None,
    }
}

/// How many records an answer contains; none where the answer is not JSON.
pub fn answered(operation: &Operation, body: &[u8]) -> Option<u64> {
    if body.is_empty() || !are_touched(operation) {
        return Some(0);
    }
    match serde_json::from_slice::<Value>(body).ok()? {
        Value::Array(list) => Some(list.len() as u64),
        Value::Object(fields) => {
            if let Some(results) = fields.get("results").and_then(Value::as_array) {
                return Some(results.iter().map(reached).sum());
            }
            if IDS.iter().any(|name| fields.contains_key(*name)) {
                return Some(1);
            }
            // Each API before v3 has its own name for its list, or has records by their ids.
            let lists = fields.values().filter_map(Value::as_array).filter(|list| list.first().is_some_and(Value::is_object));
            let longest = lists.map(|list| list.len() as u64).max();
            let by_id = fields.iter().filter(|(name, value)| value.is_object() && name.bytes().all(|byte| byte.is_ascii_digit())).count();
            Some(longest.unwrap_or(0).max(by_id as u64).max(1))
        }
        _ => Some(1),
    }
}

/// The number of records in one result: one, or for a read of associations the number of its targets.
fn reached(result: &Value) -> u64 {
    match (result.get("from"), result.get("to").and_then(Value::as_array)) {
        (Some(_), Some(to)) => to.len() as u64,
        _ => 1,
    }
}

/// `v3`, `2026-09`, `2026-09-beta`.
fn is_version(segment: &str) -> bool {
    let numbered = segment.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    numbered || (segment.len() >= 7 && segment.starts_with("20") && segment.as_bytes()[4] == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Method};

    fn operation(method: Method, template: &str) -> &'static Operation {
        Catalog::get().find(method, template).unwrap_or_else(|| panic!("{method} {template}"))
    }

    #[test]
    fn a_change_counts_what_its_body_names() {
        let count = |method, template, body: &str| changed(operation(method, template), body.as_bytes());
        assert_eq!(count(Method::Post, "/crm/v3/objects/contacts", "{}"), Some(1));
        assert_eq!(count(Method::Delete, "/crm/v3/objects/contacts/{contactId}", ""), Some(1));
        let batch = "/crm/v3/objects/contacts/batch/update";
        assert_eq!(count(Method::Post, batch, r#"{"inputs":[{},{},{}]}"#), Some(3));
        assert_eq!(count(Method::Post, batch, r#"{"inputs":[]}"#), Some(0));
        for unread in ["", "x", "{}", "7", r#"{"inputs":{}}"#, r#"{"inputs":"many"}"#] {
            assert_eq!(count(Method::Post, batch, unread), None, "{unread}: nobody knows how many");
        }
        assert_eq!(count(Method::Post, "/contacts/v1/contact/batch", "[{},{}]"), Some(2));
        assert_eq!(count(Method::Post, "/contacts/v1/lists/{listId}/add", r#"{"vids":[1,2],"emails":["a@b.example"]}"#), Some(3));
        assert_eq!(count(Method::Post, "/crm/v3/imports", ""), None);
        assert_eq!(count(Method::Post, "/crm/v3/properties/{objectType}", "{}"), Some(0), "a definition is not a record");
    }

    #[test]
    fn an_answer_counts_what_it_holds() {
        let count = |template, body: &str| answered(operation(Method::Get, template), body.as_bytes());
        let list = "/crm/v3/objects/contacts";
        assert_eq!(count(list, r#"{"results":[{"id":"1"},{"id":"2"}],"paging":{}}"#), Some(2));
        assert_eq!(count(list, r#"{"results":[]}"#), Some(0));
        assert_eq!(count("/crm/v3/objects/contacts/{contactId}", r#"{"id":"1","properties":{},"many":[{},{}]}"#), Some(1));
        assert_eq!(count("/contacts/v1/contact/vids/batch", r#"{"1":{"vid":1},"2":{"vid":2}}"#), Some(2));
        assert_eq!(count("/contacts/v1/lists/all/contacts/all", r#"{"contacts":[{},{},{}],"has-more":true}"#), Some(3));
        assert_eq!(count(list, r#"{"results":[{"from":{"id":"1"},"to":[{},{}]}]}"#), Some(2));
        assert_eq!(count(list, "<html>"), None);
        assert_eq!(count("/crm/v3/owners", r#"{"results":[{"id":"1"}]}"#), Some(0), "an owner is not a record");
    }
}
