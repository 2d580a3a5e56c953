//! The HTTP method that is the value of an expression.

use keyway_core::catalog::Method;
use tree_sitter::Node;

use super::call::{Call, children, inner, is_object, pair};
use super::{Program, words};

/// A function that gets a URL as an argument, and the arguments of its parameters.
pub(super) struct Frame<'f, 's, 't> {
    pub function: Node<'s>,
    pub given: Vec<(&'t str, Node<'s>)>,
    pub outer: Option<&'f Self>,
}

/// Nodes for a member of another expression.
const MEMBERS: [&str; 8] = [
    "member_expression",
    "attribute",
    "selector_expression",
    "field_access",
    "member_access_expression",
    "class_constant_access_expression",
    "scope_resolution",
    "instance_variable",
];
/// The most callers of a function that are read.
const CALLERS_MAX: usize = 30;

impl<'s, 't> Program<'s, 't> {
    /// The method that is the value of an expression.
    pub(super) fn evaluate(&self, node: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        if !self.spend() {
            return None;
        }
        let node = inner(node);
        let text = self.source.of(node);
        if self.source.language.is_string(node.kind()) {
            if let Some(method) = words::method(text.trim_matches(['"', '\'', '`'])) {
                return Some(method);
            }
            // Shell: `"$METHOD"`, `"${1:-GET}"`.
            return children(node).first().filter(|_| text.contains('$')).and_then(|one| self.evaluate(*one, frame));
        }
        match node.kind() {
            "simple_symbol" | "hash_key_symbol" => words::constant(text.trim_matches(':')),
            "identifier" | "constant" | "name" | "variable_name" | "simple_expansion" | "shorthand_property_identifier" => {
                self.held(self.name_of(node), node, frame)
            }
            "expansion" => self.held(self.name_of(node), node, frame).or_else(|| {
                let default = text.rsplit_once(":-").or_else(|| text.rsplit_once(":="))?.1;
                words::method(default.trim_end_matches('}').trim_matches('"'))
            }),
            "ternary_expression" | "conditional_expression" | "conditional" => {
                // `id ? 'PATCH' : 'POST'`: where the path has only one of them, the catalog decides.
                children(node).into_iter().find_map(|part| self.evaluate(part, frame))
            }
            "binary_expression" | "boolean_operator" | "binary" => children(node).into_iter().find_map(|part| self.evaluate(part, frame)),
            _ => {
                if let Some(call) = self.call(node) {
                    return call.arguments.iter().find_map(|argument| self.evaluate(argument.value, frame)).or_else(|| {
                        let on = self.receiver(&call).filter(|on| on.id() != node.id())?;
                        self.evaluate(on, frame)
                    });
                }
                if !MEMBERS.contains(&node.kind()) {
                    return None;
                }
                // `HttpMethod.Post` is the method itself; `options.method` is a member that holds one.
                let last = self.name_of(node);
                words::constant(last).or_else(|| self.member(node, last, frame))
            }
        }
    }

    /// The last name of an expression, without marks.
    pub(super) fn name_of(&self, node: Node<'_>) -> &'t str {
        let text = self.source.of(node).trim_start_matches(['$', '@', '{', '&']);
        let end = text.find([':', '}', '[', '%']).filter(|_| matches!(node.kind(), "expansion" | "simple_expansion")).unwrap_or(text.len());
        let text = text[..end].trim_end_matches('}');
        text.rsplit(['.', '>', ':', '\\', '$', '@']).next().unwrap_or(text)
    }

    /// `this.method`, `Config::VERB`: the value that code assigns to this field.
    fn member(&self, node: Node<'s>, name: &str, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        // `options.method` of a parameter whose argument is an object.
        let object = ["object", "operand", "expression"].into_iter().find_map(|field| node.child_by_field_name(field));
        if let Some(given) = object.and_then(|object| self.given(self.name_of(object), node, frame))
            && is_object(inner(given))
        {
            return self.method_in(inner(given), frame);
        }
        self.assignments(name).into_iter().find_map(|value| self.evaluate(value, None))
    }

    /// The argument of a parameter at the call that is followed.
    fn given(&self, name: &str, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Node<'s>> {
        let mut frame = frame;
        while let Some(around) = frame {
            if around.function.byte_range().contains(&at.start_byte()) {
                return around.given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
            }
            frame = around.outer;
        }
        None
    }

    /// The value of a variable at a place, as a method.
    fn held(&self, name: &'t str, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        if let Some(method) = words::constant(name).filter(|_| name.bytes().all(|byte| !byte.is_ascii_lowercase()) && name.len() > 2)
            && self.values(name, at).is_empty()
        {
            return Some(method);
        }
        if let Some(method) = self.values(name, at).into_iter().rev().find_map(|value| self.evaluate(value, frame)) {
            return Some(method);
        }
        let mut around = self.function(at);
        while let Some(function_around) = around {
            let parameters = self.parameters(function_around);
            let position = parameters.iter().position(|parameter| parameter.name == name);
            let shell = self.source.language == crate::code::Language::Shell && name.bytes().all(|byte| byte.is_ascii_digit());
            if position.is_none() && !shell {
                around = self.function(function_around);
                continue;
            }
            if let Some(frame) = frame.filter(|frame| frame.function.id() == function_around.id()) {
                if let Some((_, value)) = frame.given.iter().find(|(given, _)| *given == name) {
                    return self.evaluate(*value, frame.outer);
                }
                return position.and_then(|at| self.evaluate(parameters[at].default?, None));
            }
            // No call is followed here: use the method that all callers in the file share.
            let position = position.or_else(|| name.parse::<usize>().ok()?.checked_sub(1))?;
            let default = parameters.get(position).and_then(|parameter| parameter.default);
            return self.agreed(function_around, position, name, default);
        }
        None
    }

    /// The method that all calls of a function pass.
    fn agreed(&self, function: Node<'s>, position: usize, name: &str, default: Option<Node<'s>>) -> Option<Method> {
        let called = super::defines(self.source, function)?;
        let mut agreed = None;
        for node in self.names.get(called)?.iter().take(CALLERS_MAX) {
            let Some(call) = self.call_of(*node).filter(|call| call.name == called) else { continue };
            let named = call.arguments.iter().find(|argument| argument.name == Some(name));
            let value =
                named.or_else(|| call.arguments.get(position).filter(|argument| argument.name.is_none())).map(|argument| argument.value);
            let method = self.evaluate(value.or(default)?, None)?;
            if agreed.is_some_and(|agreed| agreed != method) {
                return None;
            }
            agreed = Some(method);
        }
        agreed.or_else(|| self.evaluate(default?, None))
    }

    /// The call whose callee ends in this name.
    pub(super) fn call_of(&self, name: Node<'s>) -> Option<Call<'s, 't>> {
        let mut at = name;
        for _ in 0..3 {
            at = self.parent(at)?;
            if let Some(call) = self.call(at) {
                let list = call.arguments.first().map_or(call.node.end_byte(), |argument| argument.value.start_byte());
                return (name.end_byte() <= list).then_some(call);
            }
        }
        None
    }

    /// The values that code assigns to a variable before a place that sees them, in order.
    pub(super) fn values(&self, name: &str, at: Node<'s>) -> Vec<Node<'s>> {
        let own = self.function(at).map(|function| function.byte_range());
        let places = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let value = |node: &Node<'s>| {
            let value = self.assigned(*node)?;
            let scope = self.function(*node).map(|function| function.byte_range());
            let sees = match (&scope, &own) {
                (None, _) => true,
                (Some(scope), Some(_)) => scope.contains(&at.start_byte()),
                (Some(_), None) => false,
            };
            (sees
                && (scope.is_none() && own.is_some() || node.start_byte() < at.start_byte())
                && !value.byte_range().contains(&at.start_byte()))
            .then_some(value)
        };
        // For a very common name, the nearest places before this one and the first places of the file are enough.
        const PLACES_MAX: usize = 40;
        let before = places.partition_point(|place| place.start_byte() < at.start_byte());
        let near = before.saturating_sub(PLACES_MAX);
        let first = places[..near].iter().take(PLACES_MAX / 4);
        let after = places[before..].iter().take(PLACES_MAX / 4);
        after.chain(first).chain(&places[near..before]).filter_map(value).collect()
    }

    /// The values that code assigns to a field with this name anywhere.
    fn assignments(&self, name: &str) -> Vec<Node<'s>> {
        self.names.get(name).map(Vec::as_slice).unwrap_or_default().iter().filter_map(|node| self.assigned(*node)).take(6).collect()
    }

    /// The method that an object's own keys set.
    pub(super) fn method_in(&self, object: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        self.shapes(object);
        let mut sends = None;
        for part in children(object) {
            if let Some((name, value)) = pair(self.source, part) {
                if words::names_method(name) {
                    if let Some(method) = self.evaluate(value, frame) {
                        return Some(method);
                    }
                    // `type: 'json'` is not a method; `method: m` is one whose value is unknown.
                    self.open.set(self.open.get() || name != "type");
                }
                match name {
                    "CURLOPT_POST" | "CURLOPT_POSTFIELDS" => sends = Some(Method::Post),
                    // PHP's stream contexts hold the options of HTTP one level down.
                    "http" | "https" if is_object(inner(value)) => sends = self.method_in(inner(value), frame).or(sends),
                    _ => {}
                }
            } else if matches!(part.kind(), "spread_element" | "dictionary_splat") {
                sends = self.method_of_options(inner(part), frame).or(sends);
            }
        }
        sends
    }

    /// The method in options: an object, a variable that holds one, or a call that makes one.
    pub(super) fn method_of_options(&self, node: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        if !self.spend() {
            return None;
        }
        let node = inner(node);
        if is_object(node) {
            return self.method_in(node, frame);
        }
        if let Some(call) = self.call(node) {
            return call.arguments.iter().find_map(|argument| match argument.name {
                Some(name) if words::names_method(name) => self.evaluate(argument.value, frame),
                _ if is_object(argument.value) => self.method_in(argument.value, frame),
                // `stream_context_create($options)`, `merge(defaults, init)`
                _ if words::makes_options(call.name) => self.method_of_options(argument.value, frame),
                _ => None,
            });
        }
        if !matches!(
            node.kind(),
            "identifier"
                | "variable_name"
                | "constant"
                | "shorthand_property_identifier"
                | "instance_variable"
                | "member_expression"
                | "attribute"
        ) {
            return None;
        }
        let name = self.name_of(node);
        if let Some(given) = self.given(name, node, frame).filter(|given| given.id() != node.id()) {
            return self.method_of_options(given, frame.and_then(|frame| frame.outer));
        }
        // A setting after the assignment: `options.method = 'POST'`.
        if let Some(method) = self.set_within(name, node, node.start_byte(), frame) {
            return Some(method);
        }
        let values = self.values(name, node);
        if values.is_empty() && !self.is_left_out(name, node, frame) {
            self.open.set(true);
        }
        values.into_iter().rev().find_map(|value| self.method_of_options(value, frame))
    }

    /// Whether a name is a parameter that the followed call omits.
    fn is_left_out(&self, name: &str, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> bool {
        frame.is_some_and(|frame| {
            frame.function.byte_range().contains(&at.start_byte())
                && self.parameters(frame.function).iter().any(|parameter| parameter.name == name)
        })
    }

    /// The method that the function around a place sets on an object.
    pub(super) fn set_on(&self, name: &str, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        self.set_within(name, at, usize::MAX, frame)
    }

    /// The method that the function around a place sets on an object, before an offset.
    fn set_within(&self, name: &str, at: Node<'s>, before: usize, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        let own = self.function(at).map_or(0..self.source.text.len(), |function| function.byte_range());
        let places = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        for node in places.iter().filter(|node| own.contains(&node.start_byte()) && node.start_byte() < before) {
            let mut object = *node;
            if self.parent(object).is_some_and(|parent| parent.kind() == "variable_name") {
                object = self.parent(object)?;
            }
            let Some(member) = self.parent(object) else { continue };
            let first = children(member).first().map(Node::id);
            if first != Some(object.id()) {
                continue;
            }
            let Some(statement) = self.parent(member) else { continue };
            if !matches!(statement.kind(), "assignment_expression" | "assignment" | "assignment_statement" | "expression_list") {
                continue;
            }
            let statement = if statement.kind() == "expression_list" { self.parent(statement)? } else { statement };
            let (left, right) = (statement.child_by_field_name("left")?, statement.child_by_field_name("right")?);
            let set = self.source.of(left);
            let key = set.trim_end_matches([']', '"', '\'', ':']);
            let key = key.rsplit(['.', '>', '[', '"', '\'', ':']).next().unwrap_or(key);
            if left.byte_range().contains(&object.start_byte()) && words::names_method(key) {
                return self.evaluate(right, frame);
            }
        }
        None
    }
}

impl<'s> Program<'s, '_> {
    /// The value that code assigns to a name at this place.
    pub(super) fn assigned(&self, name: Node<'s>) -> Option<Node<'s>> {
        let mut left = name;
        for _ in 0..4 {
            let parent = self.parent(left)?;
            let value = match parent.kind() {
                "variable_declarator"
                | "var_spec"
                | "const_spec"
                | "variable_assignment"
                | "public_field_definition"
                | "field_definition" => {
                    let is_name =
                        parent.child_by_field_name("name").or_else(|| parent.named_child(0)).is_some_and(|node| node.id() == left.id());
                    if !is_name {
                        return None;
                    }
                    parent.child_by_field_name("value").or_else(|| children(parent).pop().filter(|last| last.id() != left.id()))
                }
                "assignment" | "assignment_expression" | "short_var_declaration" | "assignment_statement" => {
                    let is_left = parent.child_by_field_name("left").is_some_and(|node| node.byte_range().contains(&name.start_byte()));
                    if !is_left {
                        return None;
                    }
                    parent.child_by_field_name("right")
                }
                "const_element" | "property_element" => {
                    let parts = children(parent);
                    (parts.len() == 2 && parts[0].byte_range().contains(&name.start_byte())).then(|| parts[1])
                }
                "variable_name"
                | "member_expression"
                | "attribute"
                | "member_access_expression"
                | "selector_expression"
                | "field_access"
                | "expression_list"
                | "property_name" => {
                    left = parent;
                    continue;
                }
                _ => return None,
            };
            return value.map(inner);
        }
        None
    }
}
