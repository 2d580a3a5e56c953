//! Finds paths that are data: entries of lists, keys of tables, operands of comparisons, text for people. Other code, or
//! another program, decides by them. So if Keyway rewrote such a path alone, the decision would change.

use tree_sitter::Node;

use super::Language;
use super::call::key_of;
use crate::code::syntax::{Literal, Source, above};

/// Why a literal is data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data {
    /// The reason, for people.
    pub why: &'static str,
    /// Whether the program decides by the path: then calls with the same path must stay, too.
    pub decides: bool,
}

const fn decides(why: &'static str) -> Option<Data> {
    Some(Data { why, decides: true })
}

const fn told(why: &'static str) -> Option<Data> {
    Some(Data { why, decides: false })
}

/// The most levels above a literal that are searched: data structures are near.
const LEVELS_MAX: usize = 8;

/// The reason why a literal is data; None where the code may send it.
pub(super) fn data(source: &Source<'_>, literal: &Literal<'_>, at: usize) -> Option<Data> {
    match source.language {
        Language::Env => None,
        Language::Json | Language::Yaml => setting(source, literal, at),
        Language::Shell => shell(source, literal),
        _ => code(source, literal, at),
    }
}

fn code(source: &Source<'_>, literal: &Literal<'_>, at: usize) -> Option<Data> {
    let before = source.text.get(literal.inside.start..at).unwrap_or_default();
    if has_words(before) {
        return told("it is part of a longer text");
    }
    // A literal inside of a sentence's interpolation belongs to the sentence.
    let around = above(literal.node, |node| source.language.is_string(node.kind()));
    let sentence = around.and_then(|around| source.text.get(around.start_byte()..literal.node.start_byte()));
    if sentence.is_some_and(has_words) {
        return told("it is part of a longer text");
    }
    let mut node = literal.node;
    for _ in 0..LEVELS_MAX {
        let parent = node.parent()?;
        match parent.kind() {
            "parenthesized_expression" | "as_expression" | "satisfies_expression" | "argument" | "non_null_expression" => {}
            "array" | "list" | "set" | "array_initializer" | "collection_expression" | "initializer_expression" | "tuple" => {
                return if is_joined(source, parent) { None } else { decides("it is an entry of a list") };
            }
            "array_element_initializer" if parent.named_child_count() == 1 => return decides("it is an entry of a list"),
            "literal_element" if parent.parent().is_some_and(|above| above.kind() == "literal_value") => {
                return decides("it is an entry of a list");
            }
            "literal_type" | "enum_assignment" | "enum_member_declaration" => return decides("it is a type"),
            "jsx_attribute" | "jsx_expression" | "jsx_element" => return told("it is shown on a page"),
            "comparison_operator"
            | "switch_case"
            | "switch_label"
            | "expression_case"
            | "case_pattern"
            | "case_clause"
            | "when"
            | "pattern"
            | "match_conditional_expression"
            | "match_condition_list"
            | "constant_pattern"
            | "switch_expression_arm" => {
                return decides("something is compared with it");
            }
            "binary_expression" | "binary_operator" | "binary" => {
                let operator = operator(source, parent);
                if matches!(operator, "==" | "===" | "!=" | "!==" | "<>" | "in" | "=~" | "!~" | "<=>") {
                    return decides("something is compared with it");
                }
                if !matches!(operator, "+" | "." | "||" | "??" | "?:") {
                    return None;
                }
            }
            "pair" | "array_element_initializer" | "keyword_argument" | "keyed_element" => {
                let key =
                    parent.child_by_field_name("key").or_else(|| parent.child_by_field_name("name")).or_else(|| parent.named_child(0))?;
                if key.byte_range().contains(&literal.node.start_byte()) {
                    return decides("it is the key of a table");
                }
                return by_key(&key_of(source, parent)?);
            }
            "subscript_expression" | "subscript" | "element_reference" | "element_access_expression" => {
                return decides("it is the key of a table");
            }
            "decorator" | "attribute" | "annotation" => return decides("it is the path of a route"),
            "arguments" | "argument_list" | "bracketed_argument_list" | "attribute_argument_list" | "annotation_argument_list" => {
                return by_call(source, parent, node);
            }
            "attribute_argument" | "element_value_pair" => {}
            "expression_statement" if source.language == Language::Python => return told("it is text for people"),
            _ => return None,
        }
        node = parent;
    }
    None
}

/// `['…', '…'].join('/')`, `"/".join([…])`: the list holds parts of one text.
fn is_joined(source: &Source<'_>, list: Node<'_>) -> bool {
    let Some(parent) = list.parent() else { return false };
    let callee = match parent.kind() {
        "member_expression" | "call" | "attribute" => source.of(parent).get(list.byte_range().len()..).unwrap_or_default(),
        "argument_list" | "arguments" => {
            let call = parent.parent().map_or(parent.start_byte(), |call| call.start_byte());
            source.text.get(call..parent.start_byte()).unwrap_or_default()
        }
        _ => return false,
    };
    callee.contains("join") || callee.contains("implode")
}

fn operator<'t>(source: &Source<'t>, node: Node<'_>) -> &'t str {
    if let Some(operator) = node.child_by_field_name("operator") {
        return source.of(operator).trim();
    }
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else { return "" };
    source.text.get(left.end_byte()..right.start_byte()).unwrap_or_default().trim()
}

/// Fields whose values are matched, or read by people.
fn by_key(key: &str) -> Option<Data> {
    const MATCHED: [&str; 22] = [
        "pattern", "patterns", "regex", "match", "matches", "matcher", "allow", "allowed", "deny", "denied", "block", "blocked", "rule",
        "route", "prefix", "exempt", "exclude", "include", "filter", "expected", "expect", "source",
    ];
    const READ: [&str; 16] = [
        "description",
        "summary",
        "title",
        "example",
        "examples",
        "message",
        "help",
        "docs",
        "doc",
        "documentation",
        "label",
        "placeholder",
        "hint",
        "tooltip",
        "note",
        "comment",
    ];
    let key = key.to_ascii_lowercase();
    match () {
        () if MATCHED.contains(&key.as_str()) => decides("its field is one that things are matched with"),
        () if READ.contains(&key.as_str()) => told("it is text for people"),
        () => None,
    }
}

/// Calls that compare, calls that print, and calls that register a route of a server.
fn by_call(source: &Source<'_>, arguments: Node<'_>, argument: Node<'_>) -> Option<Data> {
    const COMPARES: [&str; 50] = [
        "startsWith",
        "endsWith",
        "includes",
        "indexOf",
        "lastIndexOf",
        "match",
        "matchAll",
        "matches",
        "test",
        "replace",
        "replaceAll",
        "replaceFirst",
        "split",
        "has",
        "startswith",
        "endswith",
        "find",
        "index",
        "count",
        "removeprefix",
        "strip_prefix",
        "str_starts_with",
        "str_ends_with",
        "str_contains",
        "strpos",
        "stripos",
        "strcmp",
        "preg_match",
        "preg_replace",
        "str_replace",
        "in_array",
        "start_with?",
        "end_with?",
        "include?",
        "match?",
        "gsub",
        "sub",
        "delete_prefix",
        "HasPrefix",
        "HasSuffix",
        "Contains",
        "TrimPrefix",
        "TrimSuffix",
        "StartsWith",
        "EndsWith",
        "IndexOf",
        "Equals",
        "equals",
        "fullmatch",
        "compile",
    ];
    const PRINTS: [&str; 26] = [
        "log",
        "info",
        "warn",
        "warning",
        "error",
        "debug",
        "trace",
        "print",
        "println",
        "puts",
        "echo",
        "fatal",
        "Println",
        "Printf",
        "Errorf",
        "Error",
        "Fatalf",
        "WriteLine",
        "LogInformation",
        "LogError",
        "LogWarning",
        "LogDebug",
        "exception",
        "critical",
        "error_log",
        "p",
    ];
    const TAKES: [&str; 12] = [
        "HandleFunc",
        "Handle",
        "intercept",
        "route",
        "Route",
        "MapGet",
        "MapPost",
        "MapPut",
        "MapDelete",
        "stub_request",
        "nock",
        "add_url_rule",
    ];
    let call = arguments.parent()?;
    let callee = source.text.get(call.start_byte()..arguments.start_byte())?.trim();
    let method = callee.rsplit(['.', '>', ':', '@', '\\', ' ']).next().unwrap_or(callee);
    if call.kind() == "attribute" || call.kind().contains("annotation") {
        // Annotations of Retrofit and Refit describe a call that is sent; those of servers describe one that is served.
        let sends = matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HTTP" | "RequestLine")
            || source.language == Language::CSharp && matches!(method, "Get" | "Post" | "Put" | "Patch" | "Delete");
        return if sends { None } else { decides("it is the path of a route") };
    }
    if COMPARES.contains(&method) || method.starts_with("assert") || method.starts_with("expect") || method.starts_with("toBe") {
        // `re.sub(…, url)` and similar calls process a URL that is sent.
        return decides("something is compared with it");
    }
    let fails = method.ends_with("Error") || method.ends_with("Exception");
    if PRINTS.contains(&method) || fails {
        return told("it is text for people");
    }
    let owner = callee.strip_suffix(method).unwrap_or_default().trim_end_matches(['.', '>', '-', ':', '@']);
    let owner = owner.rsplit(['.', '>', '$', '@', ' ']).next().unwrap_or(owner).to_ascii_lowercase();
    let serves = ["app", "router", "server", "fastify", "route", "routes", "mock", "mockserver", "nock", "mux", "blueprint", "bp"];
    let decorates = call.parent().is_some_and(|parent| parent.kind() == "decorator");
    let first = arguments.named_child(0).is_some_and(|first| first.id() == argument.id());
    if TAKES.contains(&method) || decorates || serves.contains(&owner.as_str()) && first {
        return decides("it is the path of a route");
    }
    None
}

/// The value of a setting is sent where its key suggests it.
fn setting(source: &Source<'_>, literal: &Literal<'_>, at: usize) -> Option<Data> {
    const OTHER: Option<Data> = decides("a program that can't be seen here reads it");
    let before = source.text.get(literal.inside.start..at).unwrap_or_default();
    let mut node = literal.node;
    let mut block = false;
    for _ in 0..LEVELS_MAX {
        let Some(parent) = node.parent() else { return OTHER };
        match parent.kind() {
            "array" | "block_sequence_item" | "flow_sequence" => return decides("it is an entry of a list"),
            "pair" | "block_mapping_pair" | "flow_pair" => {
                let key = parent.child_by_field_name("key").or_else(|| parent.named_child(0))?;
                if key.byte_range().contains(&literal.node.start_byte()) {
                    return decides("it is the key of a table");
                }
                let key = source.of(key).trim_matches(['"', '\'']).to_ascii_lowercase();
                // A script in a settings file sends the URL of its line.
                if block {
                    let line = before.rsplit('\n').next().unwrap_or(before);
                    return if line.contains("curl ") || line.contains("wget ") { None } else { told("it is part of a longer text") };
                }
                let named = ["url", "uri", "endpoint", "href", "raw", "address", "server", "host"].iter().any(|word| key.contains(word));
                let described = key == "path" && describes_request(source, parent);
                return match () {
                    () if has_words(before) => told("it is part of a longer text"),
                    () if named || described => None,
                    () => by_key(&key).or(OTHER),
                };
            }
            kind => block |= kind == "block_scalar" || literal.node.kind() == "block_scalar",
        }
        node = parent;
    }
    OTHER
}

/// Whether a `path:` is beside the base URL or the authentication of a declared request.
fn describes_request(source: &Source<'_>, pair: Node<'_>) -> bool {
    let Some(holder) = pair.parent() else { return false };
    let mut cursor = holder.walk();
    holder.named_children(&mut cursor).any(|other| {
        let key = key_of(source, other).unwrap_or_default().to_ascii_lowercase();
        matches!(key.as_str(), "http_method" | "url_base" | "requester" | "authenticator")
    })
}

/// Shell commands that compare or print.
fn shell(source: &Source<'_>, literal: &Literal<'_>) -> Option<Data> {
    let mut node = literal.node;
    for _ in 0..LEVELS_MAX {
        node = node.parent()?;
        match node.kind() {
            "case_item" | "test_command" => return decides("something is compared with it"),
            "array" => return decides("it is an entry of a list"),
            "command" => {
                let name = node.child_by_field_name("name").map_or("", |name| source.of(name));
                return match name {
                    "grep" | "egrep" | "sed" | "awk" | "test" | "[" => decides("something is compared with it"),
                    "echo" | "printf" | "logger" => told("it is text for people"),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    None
}

/// Whether a text has blanks outside of its interpolations.
fn has_words(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|one| {
        match one {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && one.is_whitespace()
    })
}
