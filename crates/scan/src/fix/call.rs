//! Calls of HTTP clients: which argument is the URL, and how the call passes headers and parameters.
//!
//! Keyway handles only clients whose meaning is certain, and leaves every other call to a person.

mod header;

use std::ops::Range;

use tree_sitter::Node;

use super::Language;
use crate::code::syntax::{Literal, Source, above, descendants};

/// A call with a URL.
pub(super) struct Call<'n> {
    pub node: Node<'n>,
    /// The arguments, in order.
    pub arguments: Vec<Node<'n>>,
    list: Node<'n>,
    shape: Shape,
}

/// How a call takes headers and query parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// JavaScript: an object at this position of the arguments.
    Options(usize),
    /// Python: keyword arguments.
    Keywords,
    /// PHP: an array at this position (Guzzle).
    Array(usize),
    /// PHP: `curl_init`, with options that are set one by one.
    Curl,
    /// Ruby: keywords, or a hash of headers at this position.
    RubyKeywords,
    RubyHeaders(usize),
    /// Java: a builder with a `header` method.
    Builder,
    /// Go and C#: a request object that gets its headers after it is made.
    Statement,
    /// Shell: the words of a command.
    Words,
}

/// Every call of a known client.
pub(super) fn find<'n>(source: &'n Source<'_>) -> Vec<Call<'n>> {
    source.nodes().into_iter().filter_map(|node| read(source, node)).collect()
}

fn read<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Call<'n>> {
    if source.language == Language::Shell {
        return words(source, node);
    }
    let list = node.child_by_field_name("arguments")?;
    let callee = source.text.get(node.start_byte()..list.start_byte())?.trim();
    // The last link identifies a chain: a call on a long expression is a method of its result.
    let callee = callee.rsplit('\n').next().unwrap_or(callee).trim();
    if callee.len() > 120 {
        return None;
    }
    let mut cursor = list.walk();
    let arguments: Vec<Node<'n>> = list.named_children(&mut cursor).filter(|child| child.kind() != "comment").map(unwrapped).collect();
    let shape = shape(source.language, callee, arguments.len())?;
    Some(Call { node, arguments, list, shape })
}

/// PHP and C# wrap each argument in a node.
fn unwrapped(node: Node<'_>) -> Node<'_> {
    if node.kind() == "argument" && node.named_child_count() == 1 { node.named_child(0).unwrap_or(node) } else { node }
}

fn shape(language: Language, callee: &str, arguments: usize) -> Option<Shape> {
    let method = callee.rsplit(['.', '>', ':']).next().unwrap_or(callee);
    let reads = matches!(method, "get" | "delete" | "head");
    let writes = matches!(method, "post" | "put" | "patch");
    match language {
        Language::JavaScript | Language::TypeScript => {
            let client = callee.strip_suffix(method).is_some_and(|owner| {
                let owner = owner.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
                owner == "axios" || owner == "http" || owner == "client" || owner == "api"
            });
            let alone = callee.trim_start_matches("await ").trim();
            match () {
                () if matches!(alone, "fetch" | "nodeFetch" | "globalThis.fetch" | "got") => Some(Shape::Options(1)),
                () if client && reads => Some(Shape::Options(1)),
                () if client && writes && arguments >= 2 => Some(Shape::Options(2)),
                () if alone == "axios" && arguments == 1 => Some(Shape::Options(0)),
                () => None,
            }
        }
        Language::Python => {
            let owner = callee.rsplit_once('.').map_or("", |(owner, _)| owner);
            let client = matches!(owner, "requests" | "session" | "httpx" | "client" | "self.session" | "http" | "s");
            (client && (reads || writes)).then_some(Shape::Keywords)
        }
        Language::Php => match method {
            "curl_init" => Some(Shape::Curl),
            // WordPress takes the same options as Guzzle.
            "wp_remote_get" | "wp_remote_post" | "wp_remote_request" => Some(Shape::Array(1)),
            _ if callee.contains("->") && (reads || writes) => Some(Shape::Array(1)),
            "request" if callee.contains("->") => Some(Shape::Array(2)),
            _ => None,
        },
        Language::Ruby => {
            let owner = callee.strip_suffix(method).unwrap_or_default().trim_end_matches(['.', ':']);
            let owner = owner.rsplit_once("::").map_or(owner, |(_, last)| last);
            match () {
                () if owner == "HTTParty" && (reads || writes) => Some(Shape::RubyKeywords),
                () if callee.starts_with("Net::HTTP.get") || callee.starts_with("Net::HTTP.get_response") => Some(Shape::RubyHeaders(1)),
                () if callee.starts_with("Net::HTTP::") && method == "new" && callee.matches("::").count() == 2 => {
                    Some(Shape::RubyHeaders(1))
                }
                () if owner == "RestClient" && reads => Some(Shape::RubyHeaders(1)),
                () if owner == "RestClient" && writes => Some(Shape::RubyHeaders(2)),
                () => None,
            }
        }
        Language::Java => {
            let builder = matches!(method, "newBuilder" | "uri" | "url");
            builder.then_some(Shape::Builder)
        }
        Language::Go => matches!(callee, "http.NewRequest" | "http.NewRequestWithContext").then_some(Shape::Statement),
        Language::CSharp => callee.ends_with("HttpRequestMessage").then_some(Shape::Statement),
        Language::Shell | Language::Yaml | Language::Json | Language::Env => None,
    }
}

/// `curl …`.
fn words<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Call<'n>> {
    (node.kind() == "command").then_some(())?;
    let name = node.child_by_field_name("name")?;
    (source.of(name) == "curl").then_some(())?;
    let mut cursor = node.walk();
    let arguments = node.children_by_field_name("argument", &mut cursor).collect();
    Some(Call { node, arguments, list: name, shape: Shape::Words })
}

impl<'n> Call<'n> {
    /// Whether a place is inside of this call's arguments.
    pub fn holds(&self, at: usize) -> bool {
        match self.shape {
            Shape::Words => self.node.start_byte() <= at && at < self.node.end_byte(),
            _ => self.list.start_byte() <= at && at < self.list.end_byte(),
        }
    }

    /// Whether one of the first three arguments is the variable `name`, bare or in one of [`WRAPS`].
    pub fn takes(&self, source: &Source<'_>, name: &str) -> bool {
        let wraps = |node: Node<'_>| {
            let text = source.of(node);
            text == name || WRAPS.iter().any(|wrap| text.strip_prefix(wrap).and_then(|rest| rest.strip_suffix(')')) == Some(name))
        };
        self.arguments.iter().take(3).any(|argument| wraps(*argument))
    }

    /// A query parameter in an object of the arguments: the span to remove with its separator, and its value.
    pub fn parameter(&self, source: &Source<'_>, name: &str) -> Option<(Range<usize>, Node<'n>)> {
        let holders = ["params", "query", "qs", "searchParams"];
        // A nested call among the arguments has parameters of its own.
        let own = self.arguments.iter().filter(|argument| {
            matches!(argument.kind(), "object" | "dictionary" | "keyword_argument" | "pair" | "hash" | "array_creation_expression")
        });
        let pairs =
            own.flat_map(|argument| descendants(*argument)).filter(|node| matches!(node.kind(), "pair" | "array_element_initializer"));
        for pair in pairs {
            let (Some(key), Some(holder)) = (key_of(source, pair), pair.parent()) else { continue };
            let owner = above(holder, |node| matches!(node.kind(), "pair" | "array_element_initializer" | "keyword_argument"));
            let owned = owner.and_then(|owner| key_of(source, owner)).is_some_and(|owner| holders.contains(&owner.as_str()));
            if key == name && owned {
                // Without this parameter, Python's keyword argument would be empty, so it goes too.
                if let Some(owner) = owner.filter(|owner| owner.kind() == "keyword_argument" && holder.named_child_count() == 1) {
                    return Some((with_separator(source, owner), pair.child_by_field_name("value")?));
                }
                let last = u32::try_from(pair.named_child_count().checked_sub(1)?).ok()?;
                return Some((with_separator(source, pair), pair.child_by_field_name("value").or_else(|| pair.named_child(last))?));
            }
        }
        None
    }
}

/// The name of a pair, without quotes and colons.
pub(super) fn key_of(source: &Source<'_>, pair: Node<'_>) -> Option<String> {
    let key = pair.child_by_field_name("key").or_else(|| pair.child_by_field_name("name")).or_else(|| pair.named_child(0))?;
    Some(source.of(key).trim_matches(['"', '\'', ':', '`']).to_owned())
}

/// The value of a name in an object, dictionary, hash or array.
pub(super) fn value_of<'n>(source: &Source<'_>, object: Node<'n>, name: &str) -> Option<Node<'n>> {
    let mut cursor = object.walk();
    let pair = object.named_children(&mut cursor).find(|child| key_of(source, *child).as_deref() == Some(name))?;
    pair.child_by_field_name("value").or_else(|| pair.named_child(u32::try_from(pair.named_child_count().checked_sub(1)?).ok()?))
}

/// The value of a keyword argument.
pub(super) fn keyword_of<'n>(source: &Source<'_>, arguments: &[Node<'n>], name: &str) -> Option<Node<'n>> {
    let argument =
        arguments.iter().find(|argument| argument.kind() == "keyword_argument" && key_of(source, **argument).as_deref() == Some(name))?;
    argument.child_by_field_name("value")
}

/// A pair with the comma and the blanks that separate it from its neighbours.
pub(super) fn with_separator(source: &Source<'_>, pair: Node<'_>) -> Range<usize> {
    let bytes = source.text.as_bytes();
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let mut end = pair.end_byte();
    let after = end + bytes[end..].iter().take_while(|byte| blank(byte)).count();
    if bytes.get(after) == Some(&b',') && pair.next_named_sibling().is_some() {
        end = after + 1;
        end += bytes[end..].iter().take_while(|byte| blank(byte)).count();
        return pair.start_byte()..end;
    }
    if bytes.get(after) == Some(&b',') {
        end = after + 1;
    }
    let before = bytes[..pair.start_byte()].iter().rposition(|byte| !blank(byte));
    match before.filter(|at| bytes[*at] == b',') {
        Some(comma) => comma..end,
        None => pair.start_byte()..end,
    }
}

/// Expressions that make a URL of a string, and do nothing else.
const WRAPS: [&str; 5] = ["URI(", "URI.parse(", "URI.create(", "new URL(", "new Uri("];

/// The variable that has a literal as its value, and the node of the whole declaration.
pub(super) fn assigned<'n>(source: &Source<'_>, literal: &Literal<'n>) -> Option<(String, Node<'n>)> {
    let value = |node: Node<'_>| {
        matches!(
            node.kind(),
            "variable_declarator"
                | "assignment"
                | "assignment_expression"
                | "short_var_declaration"
                | "variable_assignment"
                | "expression_list"
                | "var_spec"
                | "const_spec"
                | "equals_value_clause"
        )
    };
    let holder = above(literal.node, |node| value(node) && node.kind() != "expression_list" && node.kind() != "equals_value_clause")?;
    // Only strings that are joined: a value in a call or another expression is not followed.
    let inside = holder.child_by_field_name("value").or_else(|| holder.child_by_field_name("right"));
    let joins = |node: Node<'_>| {
        matches!(
            node.kind(),
            "binary_expression" | "binary_operator" | "binary" | "concatenated_string" | "expression_list" | "parenthesized_expression"
        )
    };
    let wraps = |node: Node<'_>| {
        WRAPS.iter().any(|wrap| source.of(node).starts_with(wrap))
            || matches!(node.kind(), "argument_list" | "arguments")
                && node.parent().is_some_and(|call| WRAPS.iter().any(|wrap| source.of(call).starts_with(wrap)))
    };
    let plain = above(literal.node, |node| node.id() == holder.id() || !(joins(node) || wraps(node)))
        .is_some_and(|node| node.id() == holder.id() || inside.is_none());
    plain.then_some(())?;
    let name = holder.child_by_field_name("name").or_else(|| holder.child_by_field_name("left"))?;
    let name = source.of(name);
    name.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | '$')).then(|| (name.to_owned(), holder))
}

/// Every other place of the text that uses a name on its own.
pub(super) fn uses<'n>(source: &'n Source<'_>, name: &str, but: Node<'_>) -> Vec<Node<'n>> {
    let is_name = |node: &Node<'_>| {
        matches!(node.kind(), "identifier" | "variable_name" | "simple_expansion" | "expansion" | "shorthand_property_identifier")
    };
    let bare = name.trim_start_matches('$');
    source
        .nodes()
        .into_iter()
        .filter(is_name)
        .filter(|node| {
            source.of(*node).trim_matches(['$', '{', '}']) == bare
                && !(but.start_byte() <= node.start_byte() && node.end_byte() <= but.end_byte())
        })
        .collect()
}
