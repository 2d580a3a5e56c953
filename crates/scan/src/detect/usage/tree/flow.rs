//! Follows a URL to the place that sends it.

use keyway_core::catalog::Method;
use tree_sitter::Node;

use super::call::{Call, children, is_arguments, is_object, pair};
use super::value::Frame;
use super::{Answer, Program, words};

/// The most levels of one expression that are climbed.
const LEVELS_MAX: usize = 60;
/// The most uses of one variable, and callers of one function, that are followed.
const USES_MAX: usize = 60;

/// The more definite of two answers.
pub(super) fn better(one: Answer, other: Answer) -> Answer {
    match (one, other) {
        (Answer::Says(_), _) => one,
        (_, Answer::Says(_)) => other,
        (Answer::Reads, _) | (_, Answer::Reads) => Answer::Reads,
        (Answer::Open, _) | (_, Answer::Open) => Answer::Open,
        _ => Answer::Silent,
    }
}

impl<'s, 't> Program<'s, 't> {
    /// Follows an expression that holds a URL, or a request made with one.
    pub(super) fn follow(&self, from: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        if !self.spend() {
            return Answer::Silent;
        }
        let mut at = from;
        for _ in 0..LEVELS_MAX {
            let Some(parent) = self.parent(at) else { return Answer::Silent };
            if let Some(call) = self.call(parent) {
                if parent.kind() == "command" {
                    return self.handed(&call, at, frame);
                }
                // `conn.setRequestMethod(…)`, `"…".format(id)`: the URL is the object of the call.
                let on = self.receiver(&call).is_some_and(|on| on.byte_range().contains(&at.start_byte()));
                if on && let Some(answer) = self.called_on(&call, frame) {
                    return answer;
                }
                at = parent;
                continue;
            }
            if is_arguments(parent) {
                let Some(call) = self.parent(parent).and_then(|call| self.call(call)) else { return Answer::Silent };
                let sets = words::makes_request(call.name) && self.receiver(&call).is_some();
                if words::hands_back(call.name) && !sets {
                    at = call.node;
                    continue;
                }
                return self.handed(&call, at, frame);
            }
            if let Some((key, value)) = pair(self.source, parent) {
                if !value.byte_range().contains(&at.start_byte()) || parent.kind() == "keyword_argument" {
                    at = parent;
                    continue;
                }
                let Some(object) = self.parent(parent) else { return Answer::Silent };
                if is_arguments(object) {
                    at = parent;
                    continue;
                }
                return self.in_object(object, key, frame);
            }
            if at.kind() == "shorthand_property_identifier" && is_object(parent) {
                return self.in_object(parent, self.source.of(at), frame);
            }
            if let Some(method) = self.paired(parent, at) {
                return Answer::Says(method);
            }
            if let Some(answer) = self.kept(parent, at, frame) {
                return if answer == Answer::Silent { self.of_class(parent) } else { answer };
            }
            match parent.kind() {
                "return_statement" | "return" | "arrow_function" | "arrow_expression_clause" | "lambda" => {
                    let Some(function) = (if parent.kind() == "arrow_function" { Some(parent) } else { self.function(parent) }) else {
                        return Answer::Silent;
                    };
                    if self.is_query(function) {
                        return Answer::Reads;
                    }
                    return self.handed_out(function, frame);
                }
                // A Ruby method returns its last expression.
                "body_statement" if children(parent).last().is_some_and(|last| last.id() == at.id()) => {
                    return self.function(parent).map_or(Answer::Silent, |function| self.handed_out(function, frame));
                }
                kind if is_statement(kind) => return Answer::Silent,
                _ => {}
            }
            at = parent;
        }
        Answer::Silent
    }

    /// Follows a value into the variable, field or parameter that stores it. None where the parent stores nothing.
    fn kept(&self, parent: Node<'s>, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Answer> {
        let field = |name: &str| parent.child_by_field_name(name);
        let left = match parent.kind() {
            "variable_declarator" | "var_spec" | "const_spec" | "variable_assignment" | "public_field_definition" | "field_definition" => {
                field("name").or_else(|| parent.named_child(0))?
            }
            "assignment"
            | "assignment_expression"
            | "short_var_declaration"
            | "assignment_statement"
            | "augmented_assignment"
            | "augmented_assignment_expression"
            | "operator_assignment" => field("left")?,
            "const_element" | "property_element" => parent.named_child(0)?,
            "default_parameter" | "typed_default_parameter" | "optional_parameter" | "keyword_parameter" | "simple_parameter" => {
                field("name")?
            }
            "required_parameter" => field("pattern")?,
            _ => return None,
        };
        if left.byte_range().contains(&at.start_byte()) {
            return Some(Answer::Silent);
        }
        let left = if left.kind() == "expression_list" { left.named_child(0)? } else { left };
        let text = self.source.of(left);
        if let Some(object) = children(left).first().filter(|_| !matches!(left.kind(), "variable_name" | "instance_variable")) {
            let key = text.trim_end_matches([']', '"', '\'', ':']);
            let key = key.rsplit(['.', '>', '[', '"', '\'', ':']).next().unwrap_or(key);
            let holder = self.source.of(*object).trim_start_matches('$');
            // `request.url = …`: follow the other uses of the request. `this.url = …` is a field.
            if words::is_name(holder) && !matches!(holder, "this" | "self" | "cls" | "Me") {
                if let Some(method) = self.set_on(holder, left, frame) {
                    return Some(Answer::Says(method));
                }
                self.past_url.set(true);
                let answer = self.uses(holder, parent, false, frame);
                let reads = words::names_url(key) && answer == Answer::Silent;
                return Some(if reads { Answer::Reads } else { answer });
            }
            return Some(self.uses(key, parent, true, frame));
        }
        let field = left.kind() == "instance_variable";
        Some(self.uses(text.trim_start_matches(['$', '@', '*']), parent, field, frame))
    }

    /// The uses of a variable after its assignment; for a field, all uses.
    fn uses(&self, name: &str, from: Node<'s>, field: bool, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        let own = self.function(from);
        let range = own.filter(|_| !field).map_or(0..self.source.text.len(), |own| own.byte_range());
        if !field && let Some(method) = self.set_on(name, from, frame) {
            return Answer::Says(method);
        }
        // Other values of the same variable, and the blocks in which they apply.
        let mut others: Vec<(usize, Node<'s>)> = Vec::new();
        let mut answer = Answer::Silent;
        let places = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let within = |place: &&Node<'s>| range.contains(&place.start_byte()) && !from.byte_range().contains(&place.start_byte());
        for place in places.iter().filter(within).take(USES_MAX) {
            // Order counts only in the same function: another function may be called at any time.
            let ordered = !field && self.function(*place).map(|around| around.id()) == own.map(|own| own.id());
            if ordered && place.start_byte() < from.end_byte() {
                continue;
            }
            // `.url(url)`: the method and the variable have the same name.
            let method = !field && self.call_of(*place).is_some_and(|call| call.name == name && self.receiver(&call).is_some());
            if method || ordered && self.is_alternative(from, *place) {
                continue;
            }
            if let Some(value) = self.assigned(*place) {
                if ordered && !self.mentions(value, name) {
                    others.extend(self.blocks(*place).map(|block| (place.start_byte(), block)));
                }
                continue;
            }
            let other = others.iter().any(|(at, block)| *at < place.start_byte() && block.byte_range().contains(&place.start_byte()));
            if other {
                continue;
            }
            answer = better(answer, self.follow_use(*place, self.whole(*place), frame));
            if matches!(answer, Answer::Says(_)) && !self.wants_all(frame) {
                break;
            }
        }
        answer
    }

    /// Whether a later place is in the other branch of a condition, so that it never runs after `from`.
    fn is_alternative(&self, from: Node<'s>, place: Node<'s>) -> bool {
        let Some(both) = self.above(from, |node| node.byte_range().contains(&place.start_byte())) else { return false };
        let taken = ["consequence", "body"].iter().filter_map(|field| both.child_by_field_name(field));
        matches!(both.kind(), "if_statement" | "if_expression" | "if" | "unless" | "elif_clause" | "elsif")
            && taken.into_iter().any(|branch| branch.byte_range().contains(&from.start_byte()))
    }

    fn mentions(&self, value: Node<'s>, name: &str) -> bool {
        let range = value.byte_range();
        self.names.get(name).is_some_and(|places| places.iter().any(|place| range.contains(&place.start_byte())))
    }

    /// The whole expression that ends in a name: `self.url` for `url`.
    fn whole(&self, name: Node<'s>) -> Node<'s> {
        let mut at = name;
        for _ in 0..3 {
            let Some(parent) = self.parent(at) else { return at };
            let takes = match parent.kind() {
                "variable_name" | "simple_expansion" | "expansion" => true,
                "member_expression"
                | "attribute"
                | "selector_expression"
                | "field_access"
                | "member_access_expression"
                | "class_constant_access_expression"
                | "scoped_property_access_expression"
                | "scope_resolution" => parent.end_byte() == at.end_byte(),
                _ => false,
            };
            if !takes {
                return at;
            }
            at = parent;
        }
        at
    }

    /// A URL under a key of an object. The object names the method, or is passed on, or is a table of URLs.
    fn in_object(&self, object: Node<'s>, key: &'t str, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        self.open.set(false);
        if let Some(method) = self.method_in(object, frame) {
            return Answer::Says(method);
        }
        if self.open.get() {
            return Answer::Open;
        }
        if words::names_url(key) {
            return self.follow(object, frame);
        }
        // `ENDPOINTS.contacts`, `urls['contacts']`
        let places = self.names.get(key).map(Vec::as_slice).unwrap_or_default();
        let mut answer = Answer::Silent;
        for place in places.iter().filter(|place| !object.byte_range().contains(&place.start_byte())).take(USES_MAX) {
            let mut whole = self.whole(*place);
            for _ in 0..3 {
                match self.parent(whole) {
                    Some(parent)
                        if matches!(
                            parent.kind(),
                            "string"
                                | "string_fragment"
                                | "encapsed_string"
                                | "subscript_expression"
                                | "subscript"
                                | "element_reference"
                                | "interpreted_string_literal"
                                | "simple_symbol"
                                | "index_expression"
                                | "element_access_expression"
                                | "bracketed_argument_list"
                                | "argument"
                        ) =>
                    {
                        whole = parent;
                    }
                    _ => break,
                }
            }
            if whole.id() != place.id() {
                answer = better(answer, self.follow_use(*place, whole, frame));
            }
            if matches!(answer, Answer::Says(_)) && !self.wants_all(frame) {
                break;
            }
        }
        answer
    }

    /// Follows the return value of a function to the function's callers.
    fn handed_out(&self, function: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        let Some(name) = super::defines(self.source, function) else { return Answer::Silent };
        let mut answer = Answer::Silent;
        for place in self.names.get(name).map(Vec::as_slice).unwrap_or_default().iter().take(USES_MAX) {
            if function.byte_range().contains(&place.start_byte()) || self.is_key(*place) {
                continue;
            }
            let from = self.call_of(*place).filter(|call| call.name == name).map_or_else(|| self.whole(*place), |call| call.node);
            answer = better(answer, self.follow_use(*place, from, frame));
            if matches!(answer, Answer::Says(_)) && !self.wants_all(frame) {
                break;
            }
        }
        answer
    }

    /// A call on the URL or the request itself. None where it only converts it to another form.
    pub(super) fn called_on(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Answer> {
        if words::sets_method(call.name) && !call.arguments.is_empty() {
            let method = call.arguments.iter().find_map(|argument| self.evaluate(argument.value, frame));
            return Some(method.map_or(Answer::Open, Answer::Says));
        }
        // A connection uses GET unless something is set on it.
        if call.name == "openConnection" {
            self.past_url.set(true);
            let answer = self.follow(call.node, frame);
            return Some(if matches!(answer, Answer::Says(_)) { answer } else { Answer::Reads });
        }
        if matches!(call.name, "setDoOutput" | "openStream") {
            return Some(if call.name == "openStream" { Answer::Reads } else { Answer::Says(Method::Post) });
        }
        words::strong(call.name).map(Answer::Says)
    }

    /// Follows a URL into a function of the same program.
    pub(super) fn inside(&self, call: &Call<'s, 't>, function: Node<'s>, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        if function.byte_range().contains(&call.node.start_byte()) {
            return Answer::Silent;
        }
        if call.node.kind() == "command" {
            return self.inside_shell(call, function, at, frame);
        }
        let parameters = self.parameters(function);
        let mut given: Vec<(&'t str, Node<'s>)> = Vec::new();
        let mut position = 0;
        for argument in &call.arguments {
            let parameter = match argument.name {
                Some(name) => parameters.iter().find(|parameter| parameter.name == name),
                None => {
                    position += 1;
                    parameters.get(position - 1)
                }
            };
            given.extend(parameter.map(|parameter| (parameter.name, argument.value)));
        }
        let Some((name, _)) = given.iter().find(|(_, value)| value.byte_range().contains(&at.start_byte())) else { return Answer::Silent };
        let frame = Frame { function, given: given.clone(), outer: frame };
        self.parameter_used(name, &frame)
    }

    fn inside_shell(&self, call: &Call<'s, 't>, function: Node<'s>, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        const POSITIONS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let given: Vec<(&'t str, Node<'s>)> =
            call.arguments.iter().zip(POSITIONS).map(|(argument, position)| (position, argument.value)).collect();
        let Some((name, _)) = given.iter().find(|(_, value)| value.byte_range().contains(&at.start_byte())) else { return Answer::Silent };
        let name = *name;
        let frame = Frame { function, given, outer: frame };
        let answer = self.parameter_used(name, &frame);
        // `"$@"` passes on every argument; only `$1` to `$9` are followed here.
        answer
    }

    fn parameter_used(&self, name: &str, frame: &Frame<'_, 's, 't>) -> Answer {
        self.shapes(frame.function);
        let own = frame.function.byte_range();
        let list = frame.function.child_by_field_name("body").map_or(own.start, |body| body.start_byte());
        let mut answer = Answer::Silent;
        for place in self.names.get(name).map(Vec::as_slice).unwrap_or_default().iter().take(USES_MAX * 4) {
            if !own.contains(&place.start_byte()) || place.start_byte() < list || self.assigned(*place).is_some() {
                continue;
            }
            answer = better(answer, self.follow(self.whole(*place), Some(frame)));
            if matches!(answer, Answer::Says(_)) {
                break;
            }
        }
        answer
    }
}

/// Whether a node of this kind ends an expression: nothing above it belongs to the expression.
pub(super) fn is_statement(kind: &str) -> bool {
    kind.ends_with("_statement") && !matches!(kind, "return_statement" | "assignment_statement")
        || matches!(
            kind,
            "program"
                | "module"
                | "source_file"
                | "compilation_unit"
                | "block"
                | "statement_block"
                | "class_body"
                | "if"
                | "while"
                | "subshell"
        )
}

impl<'s> Program<'s, '_> {
    /// The block that holds a node.
    fn blocks(&self, node: Node<'s>) -> Option<Node<'s>> {
        self.above(node, |node| {
            matches!(
                node.kind(),
                "block"
                    | "statement_block"
                    | "compound_statement"
                    | "body_statement"
                    | "then"
                    | "else"
                    | "program"
                    | "module"
                    | "source_file"
                    | "switch_case"
                    | "case_clause"
                    | "do_group"
                    | "when"
                    | "begin_block"
                    | "switch_section"
                    | "match_block"
            )
        })
    }
}
