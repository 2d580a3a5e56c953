//! Makes the API's address a setting, so that a gateway can replace HubSpot: `HUBSPOT_BASE_URL`, or HubSpot's own
//! address where it is not set or empty: `.env.example` has its name without a value.

use keyway_core::catalog::Method;
use keyway_core::sunset;

use super::{BASE_URL, Found, Language, purpose};
use crate::code::edit::Edit;
use crate::code::platform::Platform;
use crate::code::syntax::{Literal, Source, above};
use crate::finding::Usage;

const ADDRESS: &str = "https://api.hubapi.com";

pub(super) fn find(source: &Source<'_>, calls: &[(usize, Usage)], found: &mut Found) {
    // Other programs read settings and data, and this file does not show how.
    if !source.text.contains(ADDRESS) || matches!(source.language, Language::Json | Language::Yaml | Language::Env) {
        return;
    }
    for literal in source.literals() {
        let inside = &source.text[literal.inside.clone()];
        let Some(rest) = inside.strip_prefix(ADDRESS).filter(|rest| rest.is_empty() || rest.starts_with('/')) else { continue };
        if is_setting(source, &literal) || purpose::data(source, &literal, literal.inside.start).is_some() {
            continue;
        }
        let line = source.line(literal.node.start_byte());
        let called = calls.iter().filter(|(at, _)| literal.inside.contains(at)).map(|(_, call)| call);
        if let Some(call) = called.into_iter().find(|call| leads_to_developer_key(call)) {
            found.leave(line, format!("{} or its successor takes the developer API key, which Keyway does not send: such a call goes to HubSpot itself, and its address stays", call.operation));
            continue;
        }
        match edits(source, &literal, rest) {
            Some(mut edits) => {
                edits.extend(source.import_os(literal.node.start_byte()));
                found.change(format!("the address is read from {BASE_URL}"), edits);
                found.variables.insert(BASE_URL);
            }
            None => found.leave(line, format!("the address {ADDRESS} is in a place where it can't be read from the environment: make it a setting, so that a gateway can be used")),
        }
    }
}

/// Whether a call has to reach HubSpot itself, now or after its move. Where the method is unknown, every method counts.
fn leads_to_developer_key(call: &Usage) -> bool {
    let (method, template) = call.operation.split_once(' ').unwrap_or(("", &call.operation));
    match Method::parse(method) {
        Some(method) => sunset::leads_to_developer_key(method, template),
        None => Method::ALL.into_iter().any(|method| sunset::leads_to_developer_key(method, template)),
    }
}

/// Whether the literal is already the default of a setting.
fn is_setting(source: &Source<'_>, literal: &Literal<'_>) -> bool {
    let mut at = literal.node;
    // `${NAME:-https://…}`.
    if source.language == Language::Shell && at.parent().is_some_and(|parent| parent.kind() == "expansion") {
        return true;
    }
    for _ in 0..4 {
        let Some(parent) = at.parent() else { return false };
        let text = source.of(parent).get(..literal.node.end_byte().saturating_sub(parent.start_byte())).unwrap_or_default();
        let short = text.len() < 300;
        let reads = ["env", "ENV", "Env", "config", "settings", "argv"].iter().any(|word| text.contains(word));
        if short && reads {
            return true;
        }
        if parent.kind().contains("statement")
            || parent.kind().contains("declarat")
            || parent.kind() == "arguments"
            || parent.kind() == "argument_list"
        {
            // `ENV.fetch(name, default)` and similar calls have the default among their arguments.
            let call = parent.parent().map_or("", |call| source.text.get(call.start_byte()..literal.node.start_byte()).unwrap_or_default());
            return parent.kind().starts_with("argument")
                && call.len() < 300
                && ["env", "ENV", "Env"].iter().any(|word| call.contains(word));
        }
        at = parent;
    }
    false
}

fn edits(source: &Source<'_>, literal: &Literal<'_>, rest: &str) -> Option<Vec<Edit>> {
    let (start, end) = (literal.node.start_byte(), literal.node.end_byte());
    let rest_at = literal.inside.end - rest.len();
    let (prefix, quote) = source.quote(literal);
    let kind = literal.node.kind();
    if is_constant(source, literal) || matches!(source.platform, Platform::None(_)) {
        return None;
    }
    let joined =
        |open: String, close: &str| vec![Edit::replace(start..rest_at, format!("({open}{prefix}{quote}")), Edit::insert(end, close)];
    let alone = |expression: String| Some(vec![Edit::replace(start..end, expression)]);
    match source.language {
        Language::JavaScript | Language::TypeScript => {
            let read = format!("{} || '{ADDRESS}'", source.reads(BASE_URL)?);
            match (rest, kind) {
                ("", _) => alone(format!("({read})")),
                (_, "template_string") => Some(vec![Edit::replace(literal.inside.start..rest_at, format!("${{{read}}}"))]),
                _ if rest.contains(['`', '\\']) || rest.contains("${") => None,
                _ => Some(vec![Edit::replace(start..rest_at, format!("`${{{read}}}")), Edit::replace(literal.inside.end..end, "`")]),
            }
        }
        Language::Python => {
            let neighbours = [literal.node.prev_sibling(), literal.node.next_sibling()];
            let joined_on = literal.node.parent().is_some_and(|parent| parent.kind() == "concatenated_string")
                || neighbours.iter().flatten().any(|node| node.kind() == "string");
            if joined_on || quote.len() > 1 || prefix.to_ascii_lowercase().contains('b') {
                return None;
            }
            let read = format!("(os.environ.get(\"{BASE_URL}\") or \"{ADDRESS}\")");
            if rest.is_empty() { alone(read) } else { Some(joined(format!("{read} + "), ")")) }
        }
        Language::Php => {
            let read = format!("(getenv('{BASE_URL}') ?: '{ADDRESS}')");
            if rest.is_empty() { alone(read) } else { Some(joined(format!("{read} . "), ")")) }
        }
        Language::Ruby => {
            let set = format!("ENV['{BASE_URL}']");
            let read = format!("({set}.to_s.empty? ? '{ADDRESS}' : {set})");
            match (rest, quote) {
                ("", _) => alone(read),
                (_, "\"") => Some(vec![Edit::replace(literal.inside.start..rest_at, format!("#{{{read}}}"))]),
                (_, "'") => Some(joined(format!("{read} + "), ")")),
                _ => None,
            }
        }
        Language::Java => {
            let set = format!("System.getenv(\"{BASE_URL}\")");
            let read = format!("({set} == null || {set}.isEmpty() ? \"{ADDRESS}\" : {set})");
            if rest.is_empty() { alone(read) } else { Some(joined(format!("{read} + "), ")")) }
        }
        Language::CSharp => {
            let set = format!("System.Environment.GetEnvironmentVariable(\"{BASE_URL}\")");
            let read = format!("(string.IsNullOrEmpty({set}) ? \"{ADDRESS}\" : {set})");
            if rest.is_empty() { alone(read) } else { Some(joined(format!("{read} + "), ")")) }
        }
        Language::Shell if kind != "raw_string" => {
            Some(vec![Edit::replace(literal.inside.start..rest_at, format!("${{{BASE_URL}:-{ADDRESS}}}"))])
        }
        // Go has no expression for a default, and data files have no environment.
        _ => None,
    }
}

/// Whether the language accepts only a constant at this place.
fn is_constant(source: &Source<'_>, literal: &Literal<'_>) -> bool {
    let inside = |kinds: &[&str]| above(literal.node, |node| kinds.contains(&node.kind())).is_some();
    match source.language {
        Language::Php => {
            inside(&["const_declaration", "property_declaration", "simple_parameter", "static_variable_declaration", "attribute"])
        }
        Language::Java => inside(&["annotation", "switch_label"]),
        Language::CSharp => {
            let declared = above(literal.node, |node| {
                matches!(node.kind(), "field_declaration" | "local_declaration_statement" | "parameter" | "attribute")
            });
            declared.is_some_and(|declared| {
                matches!(declared.kind(), "parameter" | "attribute") || source.of(declared).split_whitespace().any(|word| word == "const")
            })
        }
        Language::JavaScript | Language::TypeScript => inside(&["import_statement", "literal_type", "enum_declaration", "jsx_attribute"]),
        _ => false,
    }
}
