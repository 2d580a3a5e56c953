//! Code whose form determines the method: objects with initializers, clients that use GET, pairs of a method and a path,
//! classes for one call.

use keyway_core::catalog::Method;
use tree_sitter::Node;

use super::call::{Call, children, inner, pair};
use super::value::Frame;
use super::{Answer, Program, words};

impl<'s, 't> Program<'s, 't> {
    /// C#'s `new RestRequest("…") { Method = Method.Delete }`.
    pub(super) fn initialized(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        let initializer = call.node.child_by_field_name("initializer").filter(|node| node.kind() == "initializer_expression")?;
        self.method_in(initializer, frame)
    }

    /// Whether the callee is a client that uses GET by default: `hubspot = got.extend({ … })`, then `hubspot(path)`.
    pub(super) fn is_made_reader(&self, call: &Call<'s, 't>) -> bool {
        words::is_name(call.callee)
            && self.values(call.name, call.node).into_iter().filter_map(|value| self.call(inner(value))).any(|made| {
                let library = made.callee.split('.').next().unwrap_or_default();
                matches!(made.name, "extend" | "create" | "defaults" | "instance")
                    && (words::reads_by_default(library) || library.ends_with("fetch"))
            })
    }

    /// The method beside a path in a pair of both: `("post", "/crm/…")`, `['GET', '/crm/…']`.
    pub(super) fn paired(&self, parent: Node<'s>, at: Node<'s>) -> Option<Method> {
        const PARTS_MAX: usize = 4;
        if !matches!(parent.kind(), "tuple" | "list" | "array" | "array_creation_expression" | "literal_value") {
            return None;
        }
        let parts = children(parent);
        if parts.len() > PARTS_MAX || parts.len() < 2 {
            return None;
        }
        let mut methods = parts.iter().filter(|part| !part.byte_range().contains(&at.start_byte())).filter_map(|part| {
            let part = match part.kind() {
                "array_element_initializer" | "literal_element" => inner(part.named_child(0)?),
                _ => inner(*part),
            };
            let word = self.source.of(part);
            let string = self.source.language.is_string(part.kind());
            if string { words::method(word.trim_matches(['"', '\'', '`'])) } else { words::constant(word.rsplit(['.', ':']).next()?) }
        });
        methods.next().filter(|_| methods.next().is_none())
    }

    /// The method of a class for one call that has the path as an attribute: streams of Singer's SDK.
    pub(super) fn of_class(&self, assignment: Node<'s>) -> Answer {
        let Some(class) = self.above(assignment, |node| node.kind() == "class_definition") else { return Answer::Silent };
        if self.function(assignment).is_some_and(|function| class.byte_range().contains(&function.start_byte())) {
            return Answer::Silent;
        }
        let attributes = class.child_by_field_name("body").map(children).unwrap_or_default();
        for attribute in attributes.into_iter().filter_map(|statement| statement.named_child(0)) {
            let (Some(left), Some(right)) = (attribute.child_by_field_name("left"), attribute.child_by_field_name("right")) else {
                continue;
            };
            if matches!(self.source.of(left), "rest_method" | "http_method" | "method" | "request_method") {
                return self.evaluate(right, None).map_or(Answer::Open, Answer::Says);
            }
        }
        let bases = class.child_by_field_name("superclasses").map(|bases| self.source.of(bases)).unwrap_or_default();
        if bases.trim_end_matches(')').ends_with("Stream") { Answer::Reads } else { Answer::Silent }
    }

    /// Whether a function describes a query of Redux Toolkit: queries use GET unless they name another method.
    pub(super) fn is_query(&self, function: Node<'s>) -> bool {
        let key = self.parent(function).and_then(|holder| pair(self.source, holder)).map(|(key, _)| key);
        key == Some("query") && self.names.contains_key("fetchBaseQuery")
    }

    /// Whether a name is a key of a table of other values.
    pub(super) fn is_key(&self, name: Node<'s>) -> bool {
        self.parent(name)
            .is_some_and(|parent| parent.kind() == "pair" && parent.child_by_field_name("key").is_some_and(|key| key.id() == name.id()))
    }
}

impl<'s, 't> Program<'s, 't> {
    /// The method of a function that a variable gets by name: `send = getattr(requests, verb)`.
    pub(super) fn picked(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Answer> {
        if !words::is_name(call.callee) {
            return None;
        }
        let by = self.values(call.name, call.node).into_iter().rev().filter_map(|value| self.call(inner(value)));
        let by = by.into_iter().find(|made| made.name == "getattr" && made.arguments.len() >= 2)?;
        Some(self.evaluate(by.arguments[1].value, frame).map_or(Answer::Open, Answer::Says))
    }
}
