//! Data files. In n8n exports and Postman collections, the tool's own bearer authentication replaces `hapikey`. In other
//! data files, only the other rules (paths) make changes, and Keyway lists the rest for a person.

use serde_json::Value;
use tree_sitter::Node;

use super::call::{key_of, value_of, with_separator};
use super::{Found, Language, TOKEN};
use crate::code::edit::Edit;
use crate::code::syntax::{Source, above};

pub(super) fn find(_path: &str, source: &Source<'_>, found: &mut Found) {
    match source.language {
        Language::Json => json(source, found),
        Language::Yaml | Language::Env => {
            for (at, _) in source.text.match_indices("hapikey=").filter(|(at, _)| source.text[..*at].ends_with(['?', '&'])) {
                found.leave(
                    source.line(at),
                    "hapikey is in a URL of a settings file: the program that sends it must send `Authorization: Bearer`",
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
    let document: Value = serde_json::from_str(&source.without_comments()).unwrap_or_default();
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
                "hapikey is in a URL of a data file: the program that sends it must send `Authorization: Bearer`",
            );
        }
    }
}

/// The objects in a list that have the pair `"name": "hapikey"` (or `"key"`).
fn entries<'n>(source: &'n Source<'_>, name: &str) -> Vec<Node<'n>> {
    let is_it = |node: &Node<'_>| {
        node.kind() == "object"
            && node.parent().is_some_and(|list| list.kind() == "array")
            && value_of(source, *node, name).is_some_and(|value| source.of(value).eq_ignore_ascii_case("\"hapikey\""))
    };
    source.nodes().into_iter().filter(is_it).collect()
}

/// n8n's HTTP node: the parameter goes, and the node sends a header with a token from the environment.
fn n8n(source: &Source<'_>, found: &mut Found) {
    n8n_urls(source, found);
    for entry in entries(source, "name") {
        let line = source.line(entry.start_byte());
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
                "hapikey is a parameter of a node that is not n8n's HTTP request: choose a HubSpot credential with a token there",
            );
            continue;
        };
        let Some(way) = way(source, parameters) else {
            found.leave(
                line,
                "hapikey is a parameter of a node whose version and parameters do not agree: choose a credential with a token there, and take hapikey out",
            );
            continue;
        };
        if HEADERS.iter().any(|name| value_of(source, parameters, name).is_some()) {
            found.leave(
                line,
                "hapikey is a parameter of a node that sends headers already: add Authorization to them, and take hapikey out",
            );
            continue;
        }
        let Some(bearer) = value_of(source, entry, "value").and_then(|value| n8n_bearer(source.of(value).trim_matches('"'))) else {
            found.leave(line, "hapikey is a parameter whose value can't be followed: send it as `Authorization: Bearer`");
            continue;
        };
        if bearer.contains(TOKEN) {
            found.variables.insert(TOKEN);
        }
        let edits = vec![Edit::remove(with_separator(source, entry)), Edit::insert(first_of(parameters), way.headers(&bearer))];
        found.change("hapikey of an HTTP node becomes a header with a token", edits);
    }
}

/// Parameters of n8n's HTTP node that hold headers, in all versions of the node.
const HEADERS: [&str; 5] = ["headerParameters", "sendHeaders", "headerParametersUi", "headerParametersJson", "jsonHeaders"];

/// How a version of n8n's HTTP node takes headers. Versions before 3 read other parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    BeforeThree,
    Three,
}

impl Way {
    fn headers(self, bearer: &str) -> String {
        let header = format!("{{ \"name\": \"Authorization\", \"value\": \"{bearer}\" }}");
        match self {
            Self::BeforeThree => format!("\"headerParametersUi\": {{ \"parameter\": [ {header} ] }}, "),
            Self::Three => format!("\"sendHeaders\": true, \"headerParameters\": {{ \"parameters\": [ {header} ] }}, "),
        }
    }
}

/// The way of a node, by its version and its parameters; both must agree.
fn way(source: &Source<'_>, parameters: Node<'_>) -> Option<Way> {
    let node = above(parameters, |above| above.kind() == "object")?;
    let version = value_of(source, node, "typeVersion").and_then(|version| source.of(version).parse::<f64>().ok());
    let has = |name: &str| value_of(source, parameters, name).is_some();
    let (old, new) = (has("queryParametersUi") || has("requestMethod"), has("queryParameters") || has("sendQuery"));
    // With JSON parameters, the node ignores lists of headers.
    if has("jsonParameters") {
        return None;
    }
    match version {
        Some(version) if version < 3.0 && !new => Some(Way::BeforeThree),
        Some(version) if version >= 3.0 && !old => Some(Way::Three),
        None if old != new => Some(if old { Way::BeforeThree } else { Way::Three }),
        _ => None,
    }
}

/// `Bearer` and a token, as an n8n value. A variable replaces a key that is written out or comes from the environment; a
/// key from a record or another node keeps its source.
fn n8n_bearer(value: &str) -> Option<String> {
    let environment = format!("=Bearer {{{{ $env.{TOKEN} }}}}");
    let Some(inner) = value.strip_prefix("={{").or_else(|| value.strip_prefix("{{")).and_then(|rest| rest.strip_suffix("}}")) else {
        let written = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        return written.then_some(environment);
    };
    let inner = inner.trim();
    if inner.contains("{{") || inner.contains("}}") {
        return None;
    }
    let name = inner.strip_prefix("$env.").or_else(|| inner.strip_prefix("$vars."));
    Some(if name.is_some_and(crate::code::origin::is_general) { environment } else { format!("=Bearer {{{{ {inner} }}}}") })
}

/// `"=https://…?hapikey={{ … }}"`: the URL of n8n's HTTP node.
fn n8n_urls(source: &Source<'_>, found: &mut Found) {
    for parameters in source.nodes().into_iter().filter(|node| node.kind() == "object") {
        let Some(url) = value_of(source, parameters, "url") else { continue };
        let text = source.of(url);
        let Some(at) = text.to_ascii_lowercase().find("hapikey=") else { continue };
        let line = source.line(url.start_byte());
        let rest = &text[at + "hapikey=".len()..];
        let (value, length) = match rest.strip_prefix("{{").and_then(|inner| inner.find("}}")) {
            Some(end) => (&rest[..end + 4], end + 4),
            None => {
                let end = rest.find(['&', '"', '#']).unwrap_or(rest.len());
                (&rest[..end], end)
            }
        };
        let separated = text[..at].ends_with(['?', '&']) && rest[length..].starts_with(['&', '"', '#']);
        let sends = HEADERS.iter().any(|name| value_of(source, parameters, name).is_some());
        let (Some(way), Some(bearer), true, false) = (way(source, parameters), n8n_bearer(value), separated, sends) else {
            found.leave(line, "hapikey is in the URL of a node whose headers or key can't be followed: choose a credential with a token there, and take hapikey out");
            continue;
        };
        let start = url.start_byte();
        let end = at + "hapikey=".len() + length;
        let span = if text[end..].starts_with('&') { start + at..start + end + 1 } else { start + at - 1..start + end };
        if bearer.contains(TOKEN) {
            found.variables.insert(TOKEN);
        }
        found.change(
            "hapikey in the URL of an HTTP node becomes a header with a token",
            vec![Edit::remove(span), Edit::insert(first_of(parameters), way.headers(&bearer))],
        );
    }
}

/// Postman: removes the parameter from the list and the raw URL, and gives the request bearer authentication.
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
        let value = value_of(source, entry, "value").map_or("", |value| source.of(value).trim_matches('"'));
        let name = value.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        let written = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        // A variable whose name identifies the owner of the key stays.
        let token = match name {
            Some(name) if crate::code::origin::is_general(name) => TOKEN,
            Some(name) => name,
            None if written => TOKEN,
            None => {
                found.leave(line, "hapikey is a parameter whose value is put together: choose a bearer token there, and take hapikey out");
                continue;
            }
        };
        let mut edits = vec![
            Edit::remove(with_separator(source, entry)),
            Edit::insert(
                first_of(request),
                format!(
                    "\"auth\": {{ \"type\": \"bearer\", \"bearer\": [ {{ \"key\": \"token\", \"value\": \"{{{{{token}}}}}\", \"type\": \"string\" }} ] }}, "
                ),
            ),
        ];
        if let Some(raw) = value_of(source, url, "raw") {
            let text = source.of(raw);
            let Some(shorter) = without_key(text) else { continue };
            edits.push(Edit::replace(raw.byte_range(), shorter));
        }
        found.change("hapikey of a request becomes bearer authentication with a variable of the collection", edits);
        if token == TOKEN {
            found.variables.insert(TOKEN);
        }
    }
}

/// Postman stores a path twice, as text and as a list. This updates the list where the rule for paths has rewritten the
/// text.
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
