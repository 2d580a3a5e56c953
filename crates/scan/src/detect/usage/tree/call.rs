//! Calls, functions and objects, in the same form for every grammar.

use tree_sitter::Node;

use super::{Program, words};
use crate::code::syntax::Source;

/// A call.
pub(super) struct Call<'s, 't> {
    pub node: Node<'s>,
    /// The last link of the callee: `post` of `this.http.post`.
    pub name: &'t str,
    /// The whole callee, as written.
    pub callee: &'t str,
    pub arguments: Vec<Argument<'s, 't>>,
}

/// An argument, with its name where it has one.
pub(super) struct Argument<'s, 't> {
    pub name: Option<&'t str>,
    pub value: Node<'s>,
}

/// A parameter of a function.
pub(super) struct Parameter<'s, 't> {
    pub name: &'t str,
    pub default: Option<Node<'s>>,
}

/// The named children of a node, without comments.
pub(super) fn children<'s>(node: Node<'s>) -> Vec<Node<'s>> {
    const CHILDREN_MAX: usize = 400;
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.kind().contains("comment")).take(CHILDREN_MAX).collect()
}

fn last_child<'s>(node: Node<'s>) -> Option<Node<'s>> {
    children(node).pop()
}

/// Whether a node lists arguments.
pub(super) fn is_arguments(node: Node<'_>) -> bool {
    matches!(node.kind(), "arguments" | "argument_list")
}

/// The name and the value of an entry in an object, a dictionary, a hash or an array, or of a keyword argument.
pub(super) fn pair<'s, 't>(source: &Source<'t>, node: Node<'s>) -> Option<(&'t str, Node<'s>)> {
    let key = |node: Node<'_>| source.of(node).trim_matches(|one: char| matches!(one, '"' | '\'' | '`' | ':' | '[' | ']'));
    match node.kind() {
        "pair" => Some((key(node.child_by_field_name("key")?), node.child_by_field_name("value")?)),
        "array_element_initializer" | "keyed_element" => match children(node).as_slice() {
            [name, value] => Some((key(*name), inner(*value))),
            _ => None,
        },
        "keyword_argument" => Some((key(node.child_by_field_name("name")?), node.child_by_field_name("value")?)),
        "shorthand_property_identifier" => Some((key(node), node)),
        // C# `new Request { Method = HttpMethod.Post }`
        "assignment_expression" if node.parent().is_some_and(|parent| parent.kind() == "initializer_expression") => {
            Some((key(node.child_by_field_name("left")?), node.child_by_field_name("right")?))
        }
        _ => None,
    }
}

/// Whether a node consists of pairs.
pub(super) fn is_object(node: Node<'_>) -> bool {
    matches!(node.kind(), "object" | "dictionary" | "hash" | "array_creation_expression" | "literal_value" | "initializer_expression")
}

/// An expression without its wrappers.
pub(super) fn inner<'s>(node: Node<'s>) -> Node<'s> {
    let mut node = node;
    for _ in 0..12 {
        let wrapped = match node.kind() {
            "cast_expression" => last_child(node),
            "parenthesized_expression"
            | "await_expression"
            | "await"
            | "as_expression"
            | "non_null_expression"
            | "satisfies_expression"
            | "argument"
            | "literal_element"
            | "parenthesized_statements"
            | "unary_expression"
            | "equals_value_clause"
            | "spread_element"
            | "dictionary_splat"
            | "type_assertion"
            | "reference_assignment_expression" => {
                last_child(node).filter(|_| node.kind() == "argument").or_else(|| children(node).into_iter().next())
            }
            "expression_list" if node.named_child_count() == 1 => node.named_child(0),
            _ => None,
        };
        match wrapped {
            Some(wrapped) => node = wrapped,
            None => return node,
        }
    }
    node
}

impl<'s, 't> Program<'s, 't> {
    pub(super) fn call(&self, node: Node<'s>) -> Option<Call<'s, 't>> {
        if node.kind() == "command" {
            return self.command(node);
        }
        if matches!(node.kind(), "annotation" | "decorator" | "attribute" | "class_definition" | "composite_literal") {
            return None;
        }
        let list = node.child_by_field_name("arguments").or_else(|| children(node).into_iter().find(|child| is_arguments(*child)))?;
        let callee = self.source.text.get(node.start_byte()..list.start_byte())?.trim();
        let callee = callee.strip_prefix("new ").unwrap_or(callee).trim().trim_end_matches("?.");
        // `get<Contact>(…)`
        let plain = match callee.strip_suffix('>').and_then(|_| callee.rfind('<')) {
            Some(open) => &callee[..open],
            None => callee,
        };
        let name = plain.rsplit(['.', '>', ':', '\\', ' ', '\n', '$']).next().unwrap_or(plain).trim_end_matches(['!', '?']);
        let arguments = children(list).into_iter().map(|child| self.argument(child)).collect();
        Some(Call { node, name, callee: plain, arguments })
    }

    fn argument(&self, node: Node<'s>) -> Argument<'s, 't> {
        if let Some((name, value)) = pair(self.source, node).filter(|_| node.kind() != "shorthand_property_identifier") {
            return Argument { name: Some(name), value: inner(value) };
        }
        let name = node.child_by_field_name("name").filter(|_| node.kind() == "argument");
        Argument { name: name.map(|name| self.source.of(name)), value: inner(node) }
    }

    fn command(&self, node: Node<'s>) -> Option<Call<'s, 't>> {
        let name = self.source.of(node.child_by_field_name("name")?);
        let mut cursor = node.walk();
        let arguments = node.children_by_field_name("argument", &mut cursor).map(|value| Argument { name: None, value }).collect();
        Some(Call { node, name: name.rsplit('/').next().unwrap_or(name), callee: name, arguments })
    }

    /// The object that a method is called on: `conn` of `conn.open(…)`.
    pub(super) fn receiver(&self, call: &Call<'s, 't>) -> Option<Node<'s>> {
        let node = call.node;
        let of = |node: Node<'s>| {
            ["object", "receiver", "operand", "expression", "scope"].into_iter().find_map(|field| node.child_by_field_name(field))
        };
        of(node).or_else(|| of(node.child_by_field_name("function")?)).map(inner)
    }

    /// The parameters of a function, without the object of a method (`self`).
    pub(super) fn parameters(&self, function: Node<'s>) -> Vec<Parameter<'s, 't>> {
        if let Some(single) = function.child_by_field_name("parameter") {
            return vec![Parameter { name: self.source.of(single), default: None }];
        }
        let list = function
            .child_by_field_name("parameters")
            .or_else(|| children(function).into_iter().find(|child| child.kind().contains("parameter")));
        let mut found = Vec::new();
        for child in list.map(children).unwrap_or_default() {
            let default = ["value", "default_value", "right"].into_iter().find_map(|field| child.child_by_field_name(field));
            let mut cursor = child.walk();
            let named: Vec<Node<'s>> = child.children_by_field_name("name", &mut cursor).collect();
            let names = match child.child_by_field_name("pattern").or_else(|| child.child_by_field_name("left")) {
                Some(pattern) if words::is_name(self.source.of(pattern)) => vec![pattern],
                Some(pattern) => {
                    found.extend(self.taken_apart(pattern));
                    continue;
                }
                None if !named.is_empty() => named,
                None if child.child_count() == 0 => vec![child],
                None if child.kind() == "object_pattern" => {
                    found.extend(self.taken_apart(child));
                    continue;
                }
                None => children(child).into_iter().take(1).collect(),
            };
            let names = names.into_iter().map(|name| self.source.of(name).trim_start_matches(['$', '*', '&']));
            found.extend(names.filter(|name| !matches!(*name, "self" | "cls")).map(|name| Parameter { name, default }));
        }
        found
    }

    /// The names that a pattern takes from an object, with their defaults.
    fn taken_apart(&self, pattern: Node<'s>) -> Vec<Parameter<'s, 't>> {
        let name = |node: Node<'s>| self.source.of(node);
        children(pattern)
            .into_iter()
            .filter_map(|part| match part.kind() {
                "shorthand_property_identifier_pattern" => Some(Parameter { name: name(part), default: None }),
                "object_assignment_pattern" => {
                    Some(Parameter { name: name(part.child_by_field_name("left")?), default: part.child_by_field_name("right") })
                }
                "pair_pattern" => Some(Parameter { name: name(part.child_by_field_name("value")?), default: None }),
                _ => None,
            })
            .collect()
    }
}
