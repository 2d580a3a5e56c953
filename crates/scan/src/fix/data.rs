//! Files that are no code: n8n exports and Postman collections, whose `hapikey` becomes their own way
//! of sending a bearer token. In other data what can be changed is changed by the other rules (paths);
//! the rest is told.

use serde_json::Value;
use tree_sitter::Node;

use super::call::{key_of, value_of, with_separator};
use super::edit::Edit;
use super::syntax::{Source, above};
use super::{Found, Language, TOKEN};

pub(super) fn find(_path: &str, source: &Source<'_>, found: &mut Found) {
    match source.language {
        Language::Json => json(source, found),
        Language::Yaml | Language::Env => {
            for (at, _) in source.text.match_indices("hapikey=").filter(|(at, _)| source.text[..*at].ends_with(['?', '&'])) {
                found.leave(
                    source.line(at),
                    "hapikey stands in a URL of a settings file: whoever sends it must send `Authorization: Bearer`",
                );
            }
        }
        _ => {}
    }
}

fn json(source: &Source<'_>, found: &mut Found) {
    if !["hapikey", "hubapi"].iter().any(|word| source.text.to_ascii_lowercase().contains(word)) {
        return;
    }
    let Ok(document) = serde_json::from_str::<Value>(source.text) else { return };
    if document["nodes"].is_array() && document["connections"].is_object() {
        return n8n(source, found);
    }
    if document["info"]["schema"].as_str().is_some_and(|schema| schema.contains("postman")) {
        return postman(source, found);
    }
    for literal in source.literals() {
        if source.of(literal.node).to_ascii_lowercase().contains("hapikey=") {
            found.leave(
                source.line(literal.node.start_byte()),
                "hapikey stands in a URL of a data file: whoever sends it must send `Authorization: Bearer`",
            );
        }
    }
}

/// The object that has `"name": "hapikey"` (or `"key"`) as one of its pairs, in a list.
fn entries<'n>(source: &'n Source<'_>, name: &str) -> Vec<Node<'n>> {
    let is_it = |node: &Node<'_>| {
        node.kind() == "object"
            && node.parent().is_some_and(|list| list.kind() == "array")
            && value_of(source, *node, name).is_some_and(|value| source.of(value).eq_ignore_ascii_case("\"hapikey\""))
    };
    source.nodes().into_iter().filter(is_it).collect()
}

/// n8n's HTTP node: the parameter goes, and the node sends a header with what the environment holds.
fn n8n(source: &Source<'_>, found: &mut Found) {
    for entry in entries(source, "name") {
        let line = source.line(entry.start_byte());
        let header = format!("{{ \"name\": \"Authorization\", \"value\": \"=Bearer {{{{ $env.{TOKEN} }}}}\" }}");
        let parameters = above(entry, |node| {
            node.kind() == "pair"
                && key_of(source, node).as_deref() == Some("parameters")
                && node
                    .child_by_field_name("value")
                    .is_some_and(|value| value.kind() == "object" && value_of(source, value, "url").is_some())
        });
        let Some(parameters) = parameters.and_then(|pair| pair.child_by_field_name("value")) else {
            found.leave(
                line,
                "hapikey is a parameter of a node that is not n8n's HTTP request: choose a credential of HubSpot's with a token there",
            );
            continue;
        };
        if value_of(source, parameters, "headerParameters").is_some() || value_of(source, parameters, "sendHeaders").is_some() {
            found.leave(
                line,
                "hapikey is a parameter of a node that sends headers already: add Authorization to them, and take hapikey out",
            );
            continue;
        }
        let edits = vec![
            Edit::remove(with_separator(source, entry)),
            Edit::insert(
                first_of(parameters),
                format!("\"sendHeaders\": true, \"headerParameters\": {{ \"parameters\": [ {header} ] }}, "),
            ),
        ];
        found.change("hapikey of an HTTP node becomes a header with a token from n8n's environment", edits);
        found.variables.insert(TOKEN);
    }
}

/// Postman: the parameter goes from the list and the raw URL, and the request has bearer authentication.
fn postman(source: &Source<'_>, found: &mut Found) {
    paths(source, found);
    for entry in entries(source, "key") {
        let line = source.line(entry.start_byte());
        let object = |name: &str| {
            above(entry, |node| node.kind() == "pair" && key_of(source, node).as_deref() == Some(name))
                .and_then(|pair| pair.child_by_field_name("value"))
        };
        let (Some(url), Some(request)) = (object("url"), object("request")) else { continue };
        if value_of(source, request, "auth").is_some() {
            found.leave(
                line,
                "hapikey is a parameter of a request with authentication of its own: choose a bearer token there, and take hapikey out",
            );
            continue;
        }
        let mut edits = vec![
            Edit::remove(with_separator(source, entry)),
            Edit::insert(
                first_of(request),
                format!(
                    "\"auth\": {{ \"type\": \"bearer\", \"bearer\": [ {{ \"key\": \"token\", \"value\": \"{{{{{TOKEN}}}}}\", \"type\": \"string\" }} ] }}, "
                ),
            ),
        ];
        if let Some(raw) = value_of(source, url, "raw") {
            let text = source.of(raw);
            let Some(shorter) = without_key(text) else { continue };
            edits.push(Edit::replace(raw.byte_range(), shorter));
        }
        found.change("hapikey of a request becomes bearer authentication with a variable of the collection", edits);
        found.variables.insert(TOKEN);
    }
}

/// Postman keeps a path twice, as text and as a list; the list follows the text, which the rule of
/// paths has moved.
fn paths(source: &Source<'_>, found: &mut Found) {
    for object in source.nodes().into_iter().filter(|node| node.kind() == "object") {
        let (Some(raw), Some(list)) = (value_of(source, object, "raw"), value_of(source, object, "path")) else { continue };
        let Ok(parts) = serde_json::from_str::<Vec<String>>(source.of(list)) else { continue };
        let Ok(raw) = serde_json::from_str::<String>(source.of(raw)) else { continue };
        let path = raw.split(['?', '#']).next().unwrap_or_default();
        let Some((_, path)) = path.split_once("hubapi.com/") else { continue };
        let wanted: Vec<&str> = path.split('/').collect();
        let numbered = parts.iter().any(|part| matches!(part.as_str(), "v1" | "v2" | "v3" | "v4"));
        if numbered && wanted != parts && wanted.iter().any(|part| part.starts_with("20")) {
            let text = serde_json::to_string(&wanted).unwrap_or_default().replace("\",\"", "\", \"");
            found.change("the list of the path follows its text", vec![Edit::replace(list.byte_range(), text)]);
        }
    }
}

/// A URL without the parameter. None where it has none.
fn without_key(url: &str) -> Option<String> {
    let at = url.to_ascii_lowercase().find("hapikey=")?;
    let end = url[at..].find(['&', '"', '#']).map_or(url.len(), |length| at + length);
    let before = url[..at].trim_end_matches(['?', '&']);
    let sign = &url[before.len()..at];
    let rest = url[end..].strip_prefix('&').map(|rest| format!("{}{rest}", &sign[..1])).unwrap_or_else(|| url[end..].to_owned());
    Some(format!("{before}{rest}"))
}

fn first_of(object: Node<'_>) -> usize {
    object.named_child(0).map_or(object.start_byte() + 1, |first| first.start_byte())
}
