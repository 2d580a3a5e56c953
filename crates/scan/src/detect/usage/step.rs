//! The call that a step of a workflow tool sends, where its name shows it: `CreateContact`, `update_deal`.

use keyway_core::catalog::Method;

use crate::text::words;

/// Objects of the CRM, by the names that steps use, with their part of the path.
const OBJECTS: [(&str, &str); 24] = [
    ("contact", "contacts"),
    ("contacts", "contacts"),
    ("company", "companies"),
    ("companies", "companies"),
    ("deal", "deals"),
    ("deals", "deals"),
    ("ticket", "tickets"),
    ("tickets", "tickets"),
    ("product", "products"),
    ("products", "products"),
    ("item", "line_items"),
    ("items", "line_items"),
    ("quote", "quotes"),
    ("quotes", "quotes"),
    ("note", "notes"),
    ("notes", "notes"),
    ("task", "tasks"),
    ("tasks", "tasks"),
    ("call", "calls"),
    ("calls", "calls"),
    ("meeting", "meetings"),
    ("meetings", "meetings"),
    ("order", "orders"),
    ("orders", "orders"),
];

/// Words that do not describe the action.
const FILLERS: [&str; 17] =
    ["a", "an", "the", "crm", "hubspot", "record", "by", "id", "single", "new", "action", "v2", "v3", "object", "line", "in", "all"];

/// The call that a step with this name sends. None where the name fits several operations: then Keyway lists the step
/// as it is.
pub(super) fn operation(name: &str) -> Option<(Method, String)> {
    let words = words(name.as_bytes());
    let mut said: Vec<&str> = words.iter().map(String::as_str).filter(|word| !FILLERS.contains(word)).collect();
    // `contact_create` and `crm_create` have the verb last.
    if said.len() == 2 && OBJECTS.iter().any(|(word, _)| *word == said[0]) {
        said.swap(0, 1);
    }
    let [verb, thing] = said.as_slice() else { return None };
    if matches!(*thing, "owner" | "owners") {
        return matches!(*verb, "get" | "list" | "search" | "find").then(|| (Method::Get, "/crm/v3/owners".to_owned()));
    }
    let object = OBJECTS.iter().find(|(word, _)| word == thing)?.1;
    let one = format!("/crm/v3/objects/{object}/{{id}}");
    let several = thing.ends_with('s');
    Some(match *verb {
        "create" | "add" | "insert" => (Method::Post, format!("/crm/v3/objects/{object}")),
        "update" | "edit" | "modify" => (Method::Patch, one),
        "delete" | "remove" | "archive" => (Method::Delete, one),
        "list" => (Method::Get, format!("/crm/v3/objects/{object}")),
        "get" | "read" | "retrieve" | "fetch" if several => (Method::Get, format!("/crm/v3/objects/{object}")),
        "get" | "read" | "retrieve" | "fetch" => (Method::Get, one),
        "search" | "find" | "lookup" | "query" => (Method::Post, format!("/crm/v3/objects/{object}/search")),
        _ => return None,
    })
}
