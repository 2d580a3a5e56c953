//! The values that an answer names: the property, its allowed values, scopes, records and accounts. People look for these
//! first, so the doctor's answer lists them, too.

use std::collections::BTreeMap;

use super::facts::Facts;
use keyway_core::credential;

/// The most values of one kind that are shown.
const VALUES_MAX: usize = 20;
/// The longest value that is shown, in characters.
const VALUE_MAX: usize = 80;

/// Names in HubSpot's context, and the doctor's names for them.
const CONTEXT: [(&str, &str); 19] = [
    ("propertyName", "property"),
    ("property", "property"),
    ("properties", "property"),
    ("allowedValues", "allowed values"),
    ("validOptions", "allowed values"),
    ("objectType", "object type"),
    ("objectTypeId", "object type"),
    ("fromObjectType", "object type"),
    ("toObjectType", "object type"),
    ("objectId", "record"),
    ("objectIds", "record"),
    ("ids", "record"),
    ("id", "record"),
    ("portalId", "account"),
    ("hubId", "account"),
    ("requiredGranularScopes", "scope"),
    ("requiredScopes", "scope"),
    ("missingScopes", "scope"),
    ("stageIds", "stage"),
];

/// The values that the answer names, by kind.
pub(super) fn named(facts: &Facts<'_>) -> BTreeMap<&'static str, Vec<String>> {
    let mut all: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut note = |kind: &'static str, value: &str| {
        let value = without_credentials(value.trim());
        let value: String = value.chars().take(VALUE_MAX).collect();
        let values = all.entry(kind).or_default();
        if !value.is_empty() && !values.contains(&value) && values.len() < VALUES_MAX {
            values.push(value);
        }
    };
    if let Some(call) = facts.call() {
        if let Some(sdk) = call.sdk {
            note("client call", sdk);
        }
        if let Some(object) = object_type(&call.path) {
            note("object type", object);
        }
    }
    let Some(answer) = facts.answer() else { return all };
    for (name, kind) in CONTEXT {
        answer.named(name).into_iter().for_each(|value| note(kind, value));
    }
    for text in std::iter::once(&answer.message).chain(answer.details.iter().map(|detail| &detail.message)) {
        options(text).into_iter().for_each(|value| note("allowed values", &value));
        for (before, kind) in SENTENCES {
            after(text, before).into_iter().for_each(|value| note(kind, value));
        }
    }
    if let Some((_, after)) = answer.message.split_once("required properties were not set") {
        let list = after.split_once("properties").and_then(|(_, after)| after.split_once('[')).and_then(|(_, list)| list.split_once(']'));
        list.into_iter()
            .flat_map(|(list, _)| list.split(','))
            .for_each(|name| note("missing field", name.trim().trim_matches(['"', '\'', '\\'])));
    }
    if let Some(field) = before(&answer.message, " cannot be null").filter(|field| !matches!(*field, "it" | "value" | "this" | "body")) {
        note("missing field", field);
    }
    if let Some((app, hub_id)) = super::rules::bucket(facts) {
        note("app", &app.to_string());
        note("account", &hub_id.to_string());
    }
    all.retain(|_, values| !values.is_empty());
    all
}

/// Beginnings of HubSpot's sentences, and the kind of the value after each.
const SENTENCES: [(&str, &str); 19] = [
    ("attributes are not set [", "missing field"),
    ("Property \"", "property"),
    ("Property '", "property"),
    ("property \"", "property"),
    ("property named ", "property"),
    ("propertyName=", "property"),
    ("\"propertyName\":\"", "property"),
    ("Required field '", "property"),
    ("fields.", "property"),
    ("portal ID ", "account"),
    ("portal id ", "account"),
    ("portalId=", "account"),
    ("Hub ", "account"),
    ("hub ", "account"),
    ("Existing ID: ", "record"),
    ("objectTypeId=", "object type"),
    ("object type from: ", "object type"),
    ("were not set: [", "missing field"),
    ("requires any of [", "scope"),
];

/// The word before these words.
fn before<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let (head, _) = text.split_once(words)?;
    let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.');
    let from = head.rfind(|one: char| !is_part(one)).map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    Some(&head[from..]).filter(|word| !word.is_empty() && word.len() <= VALUE_MAX)
}

/// The words after each place where a sentence begins with `before`; none longer than a name.
fn after<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
    let is_id = before.ends_with("ID ")
        || before.ends_with("id ")
        || before.ends_with("Id=")
        || before.eq_ignore_ascii_case("hub ")
        || before.ends_with("ID: ");
    let is_list = before.ends_with('[');
    text.match_indices(before)
        .take(VALUES_MAX)
        .flat_map(|(at, _)| {
            let rest = &text[at + before.len()..];
            let end = rest.find(|one: char| match is_list {
                true => one == ']',
                false => !(one.is_alphanumeric() || matches!(one, '_' | '-' | '.' | '/')),
            });
            let words = &rest[..end.unwrap_or(rest.len()).min(rest.len())];
            words.split(if is_list { ',' } else { '\n' }).map(|word| word.trim().trim_end_matches('.')).collect::<Vec<_>>()
        })
        .filter(|word| !word.is_empty() && word.len() <= VALUE_MAX && (!is_id || word.bytes().any(|byte| byte.is_ascii_digit())))
        .collect()
}

/// The values of "x was not one of the allowed options: [a, b]", also where each value is a block of label and value.
pub(super) fn options(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once("allowed options: [").or_else(|| text.split_once("allowed options are: [")) else {
        return Vec::new();
    };
    if list.trim_start().starts_with("label:") {
        return list
            .split("value: ")
            .skip(1)
            .filter_map(|rest| {
                let value = rest.lines().next()?.trim();
                let bare = value.trim_start_matches(['"', '\\']);
                // What follows the second quote is not the value.
                if bare.len() < value.len() { bare.split(['"', '\\']).next() } else { Some(bare) }
            })
            .map(str::to_owned)
            .take(VALUES_MAX)
            .collect();
    }
    let inside = list.split_once(']').map_or(list, |(inside, _)| inside);
    inside.split(',').map(|value| value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty()).take(VALUES_MAX).collect()
}

/// The object type in a path of records.
fn object_type(path: &str) -> Option<&str> {
    let mut segments = path.split('/').skip_while(|segment| *segment != "objects").skip(1);
    let first = segments.next()?;
    let is_version = |segment: &str| segment.starts_with("20") || matches!(segment, "v1" | "v2" | "v3" | "v4");
    Some(if is_version(first) { segments.next()? } else { first }).filter(|name| !name.is_empty() && !name.starts_with('{'))
}

/// A text with every HubSpot credential hidden. Other people wrote the text, so it may contain one.
pub(super) fn without_credentials(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        let starts = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        // A value in a credential's form is a credential, even where it is glued to a word.
        let length = formed(&bytes[at..]).or_else(|| if starts { secret(&bytes[at..]) } else { None });
        match length {
            Some(length) => {
                plain.push_str(&text[from..at]);
                plain.push('…');
                at += length;
                from = at;
            }
            None => at += 1,
        }
    }
    plain.push_str(&text[from..]);
    plain
}

/// The length of the token, key or UUID that begins here.
fn formed(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"pat-") {
        let run = run(bytes);
        return (run >= 12).then_some(run);
    }
    [credential::uuid(bytes), credential::routed(bytes)].into_iter().flatten().max()
}

fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_+/=.".contains(byte)).count()
}

/// The length of the random text that begins here.
fn secret(bytes: &[u8]) -> Option<usize> {
    let run = run(bytes);
    // Personal access keys, access tokens, and any other long random text.
    let random = || {
        let run = &bytes[..run];
        let word = run.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
        word >= 32 && run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_uppercase)
    };
    random().then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_allowed_values_are_read_from_the_sentence() {
        assert_eq!(options("x was not one of the allowed options: [OPEN, \"IN PROGRESS\"]"), ["OPEN", "IN PROGRESS"]);
        assert_eq!(
            options(
                "x was not one of the allowed options: [label: \"A b\"\nvalue: \"a\"\ndisplay_order: -1\n, label: \"C\"\nvalue: \"c\"\n]"
            ),
            ["a", "c"]
        );
        let escaped = r#"allowed options: [label: \"A b\"\nvalue: \"a\"]","error":"INVALID_OPTION"}]"#;
        assert_eq!(options(escaped), ["a"]);
        assert!(options("nothing").is_empty());
    }

    #[test]
    fn credentials_are_hidden_in_what_is_quoted() {
        let uuid = keyway_core::token::uuid_text(&[0x5a; 16]);
        let text =
            format!("pat-na1-{uuid} and {uuid} and CiR{} and eu1-{}, crm.objects.contacts.read stays", "uYTE9aB1".repeat(12), &uuid[4..]);
        let plain = without_credentials(&text);
        assert!(!plain.contains(&uuid[10..30]) && plain.contains("crm.objects.contacts.read stays"), "{plain}");
        assert!(!plain.contains("uYTE9aB1uYTE"), "{plain}");
    }
}
