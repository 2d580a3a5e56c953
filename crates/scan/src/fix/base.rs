//! Makes the API's address a setting, so that a gateway can replace HubSpot: `HUBSPOT_BASE_URL`, or HubSpot's own
//! address where it is not set or empty: `.env.example` has its name without a value.

use keyway_core::catalog::Method;
use keyway_core::sunset;
use tree_sitter::Node;

use super::call::key_of;
use super::{BASE_URL, Found, Language, constant, purpose};
use crate::code::edit::Edit;
use crate::code::platform::Platform;
use crate::code::syntax::{Literal, Source};
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

/// What reads a setting, by a part of its name.
const SETTINGS: [&str; 6] = ["env", "ENV", "Env", "config", "settings", "argv"];
/// What reads the environment, by a part of its name.
const ENVIRONMENT: [&str; 3] = ["env", "ENV", "Env"];
/// The longest text before a literal that is taken for the read of a setting, in bytes.
const READ_BYTES_MAX: usize = 300;

fn reads(text: &str, words: &[&str]) -> bool {
    text.len() < READ_BYTES_MAX && words.iter().any(|word| text.contains(word))
}

/// Whether the literal is already the default of a setting. Neighbours of the literal in a table, a list of arguments or
/// an object decide nothing: their settings are others.
fn is_setting(source: &Source<'_>, literal: &Literal<'_>) -> bool {
    let mut at = literal.node;
    // `${NAME:-https://…}`.
    if source.language == Language::Shell && at.parent().is_some_and(|parent| parent.kind() == "expansion") {
        return true;
    }
    for _ in 0..4 {
        let Some(parent) = at.parent() else { return false };
        let before = source.text.get(parent.start_byte()..literal.node.start_byte()).unwrap_or_default();
        match parent.kind() {
            // `process.env.NAME || 'https://…'`, `a ? b : 'https://…'`.
            "binary_expression"
            | "binary"
            | "binary_operator"
            | "boolean_operator"
            | "conditional_expression"
            | "conditional"
            | "ternary_expression"
                if reads(before, &SETTINGS) =>
            {
                return true;
            }
            "arguments" | "argument_list" => return is_argument_of_read(source, parent, literal),
            "pair" | "keyword_argument" | "array_element_initializer" => return is_named_default(source, parent),
            // `const { NAME = 'https://…' } = process.env`.
            "object_pattern" => {
                let value = parent.parent().and_then(|declared| declared.child_by_field_name("value"));
                return value.is_some_and(|value| reads(source.of(value), &SETTINGS));
            }
            // `ENV['NAME'] ||= 'https://…'`, `process.env.NAME = 'https://…'`.
            "assignment" | "assignment_expression" | "augmented_assignment" | "augmented_assignment_expression" | "operator_assignment" => {
                let left = parent.child_by_field_name("left").map_or("", |left| source.of(left));
                let sets = before.get(left.len()..).unwrap_or_default().trim_start().starts_with('=');
                let environment = ["process.env", "environ", "ENV["].iter().any(|object| left.contains(object));
                return environment || !sets && reads(left, &SETTINGS);
            }
            kind if kind.contains("statement") || kind.contains("declarat") => return false,
            _ => {}
        }
        at = parent;
    }
    false
}

/// `ENV.fetch(name, default)`, `firstOf(process.env.NAME, default)`.
fn is_argument_of_read(source: &Source<'_>, arguments: Node<'_>, literal: &Literal<'_>) -> bool {
    let callee = arguments.parent().and_then(|call| source.text.get(call.start_byte()..arguments.start_byte()));
    let mut cursor = arguments.walk();
    let mut before = arguments.named_children(&mut cursor).take_while(|argument| argument.end_byte() <= literal.node.start_byte());
    callee.is_some_and(|callee| reads(callee, &ENVIRONMENT))
        || before.any(|argument| {
            !source.language.is_string(argument.kind()) && reads(source.of(argument), &["process.env", "environ", "ENV[", "getenv"])
        })
}

/// `env('NAME', default='https://…')`, `{ env: 'NAME', default: 'https://…' }`.
fn is_named_default(source: &Source<'_>, entry: Node<'_>) -> bool {
    let named = |node: Node<'_>, names: &[&str]| key_of(source, node).is_some_and(|key| names.contains(&key.to_ascii_lowercase().as_str()));
    let Some(holder) = entry.parent().filter(|_| named(entry, &["default", "defaultvalue", "default_value"])) else { return false };
    let callee = holder.parent().and_then(|call| source.text.get(call.start_byte()..holder.start_byte()));
    let of_read = entry.kind() == "keyword_argument" && callee.is_some_and(|callee| reads(callee, &SETTINGS));
    let mut cursor = holder.walk();
    of_read || holder.named_children(&mut cursor).any(|other| named(other, &["env", "envvar", "env_var"]))
}

fn edits(source: &Source<'_>, literal: &Literal<'_>, rest: &str) -> Option<Vec<Edit>> {
    let (start, end) = (literal.node.start_byte(), literal.node.end_byte());
    let rest_at = literal.inside.end - rest.len();
    let (prefix, quote) = source.quote(literal);
    let kind = literal.node.kind();
    if constant::is_needed(source, literal.node) || matches!(source.platform, Platform::None(_)) {
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
                // `'…' '…'` is one string.
                _ if literal.node.parent().is_some_and(|parent| parent.kind() == "chained_string") => None,
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
