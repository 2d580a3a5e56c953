//! Where a value comes from: the environment, the text of the program, or somewhere else.
//!
//! A key that a parameter, a record or a store supplies may be a different key for each customer, so the code still
//! reads it from there. Only a literal and an environment variable have the same value in every call of a program.

use std::ops::Range;

use tree_sitter::Node;

use super::Language;
use super::syntax::{Source, above, descendants};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An environment variable, by name.
    Environment(String),
    /// A string in the program's text.
    Literal(String),
    /// A parameter, a field, a store or a user supplies it.
    Supplied,
    /// This file does not show the origin.
    Unclear,
}

/// The most assignments that are followed in a chain.
const STEPS_MAX: usize = 5;

/// The origin of an expression.
pub(crate) fn of(source: &Source<'_>, node: Node<'_>) -> Origin {
    follow(source, node, STEPS_MAX)
}

fn follow(source: &Source<'_>, node: Node<'_>, steps: usize) -> Origin {
    let Some(steps) = steps.checked_sub(1) else { return Origin::Unclear };
    let node = bare(node);
    if let Some(name) = read_variable(source, node) {
        return name;
    }
    let kind = node.kind();
    if source.language.is_string(kind) && kind != "word" || kind == "word" && !source.of(node).contains('$') {
        return match filled_in(node).as_slice() {
            [] => Origin::Literal(source.of(node).trim_matches(['"', '\'', '`']).to_owned()),
            [one] if source.language == Language::Shell => follow(source, *one, steps),
            _ => Origin::Supplied,
        };
    }
    match kind {
        "identifier" | "variable_name" | "shorthand_property_identifier" | "constant" | "name" => resolve(source, node, steps),
        "simple_expansion" | "expansion" => shell(source, node, steps),
        // `process.env.KEY || 'none'`, `a ? b : c`.
        "binary_expression"
        | "boolean_operator"
        | "binary"
        | "binary_operator"
        | "conditional_expression"
        | "ternary_expression"
        | "conditional" => {
            let parts: Vec<Origin> = {
                let mut cursor = node.walk();
                node.named_children(&mut cursor).map(|part| follow(source, part, steps)).collect()
            };
            let variables: Vec<&Origin> = parts.iter().filter(|part| matches!(part, Origin::Environment(_))).collect();
            match (variables.as_slice(), parts.iter().all(|part| matches!(part, Origin::Environment(_) | Origin::Literal(_)))) {
                ([one], true) => (*one).clone(),
                _ => Origin::Supplied,
            }
        }
        _ => Origin::Supplied,
    }
}

/// Removes parentheses and type casts around an expression.
fn bare(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    while matches!(
        node.kind(),
        "parenthesized_expression"
            | "non_null_expression"
            | "as_expression"
            | "argument"
            | "template_substitution"
            | "parenthesized_statements"
    ) || node.kind() == "interpolation"
        || (matches!(node.kind(), "expression_list" | "equals_value_clause") && node.named_child_count() == 1)
    {
        let Some(inner) = node.named_child(0).map(|first| {
            // C# names the brace as a child.
            if first.kind() == "interpolation_brace" { node.named_child(1).unwrap_or(first) } else { first }
        }) else {
            return node;
        };
        node = inner;
    }
    node
}

/// The expressions that a string interpolates.
pub(crate) fn filled_in(literal: Node<'_>) -> Vec<Node<'_>> {
    let fills = |node: &Node<'_>| {
        matches!(
            node.kind(),
            "template_substitution"
                | "interpolation"
                | "simple_expansion"
                | "expansion"
                | "command_substitution"
                | "variable_name"
                | "member_access_expression"
                | "subscript_expression"
                | "member_call_expression"
                | "dynamic_variable_name"
        )
    };
    let mut found: Vec<Node<'_>> = Vec::new();
    for node in descendants(literal).into_iter().skip(1).filter(fills) {
        if found.last().is_none_or(|last| last.end_byte() < node.end_byte()) {
            found.push(node);
        }
    }
    found
}

/// The expression inside of an interpolation.
pub(crate) fn expression(filled: Node<'_>) -> Node<'_> {
    if matches!(filled.kind(), "interpolation" | "template_substitution") { bare(filled) } else { filled }
}

const OBJECTS: [&str; 6] = ["process.env", "import.meta.env", "os.environ", "environ", "$_ENV", "ENV"];
const FUNCTIONS: [&str; 14] = [
    "os.environ.get",
    "environ.get",
    "os.getenv",
    "getenv",
    "env",
    "ENV.fetch",
    "Deno.env.get",
    "System.getenv",
    "os.Getenv",
    "os.LookupEnv",
    "Environment.GetEnvironmentVariable",
    "System.Environment.GetEnvironmentVariable",
    "Bun.env.get",
    "\\getenv",
];

/// The environment variable that an expression reads. Where code computes the variable's name, each customer may have an own key.
fn read_variable(source: &Source<'_>, node: Node<'_>) -> Option<Origin> {
    let named = |name: &str| {
        let name = name.trim_matches(['"', '\'', '`']);
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if plain { Origin::Environment(name.to_owned()) } else { Origin::Supplied }
    };
    let quoted = |node: Node<'_>| {
        let node = bare(node);
        if source.language.is_string(node.kind()) { named(source.of(node)) } else { Origin::Supplied }
    };
    if let Some(arguments) = node.child_by_field_name("arguments") {
        let callee = source.text.get(node.start_byte()..arguments.start_byte())?.trim();
        let takes_whole = arguments.end_byte() == node.end_byte();
        return (takes_whole && FUNCTIONS.contains(&callee)).then(|| arguments.named_child(0).map_or(Origin::Supplied, quoted));
    }
    let first = node.named_child(0)?;
    if !OBJECTS.contains(&source.of(first)) {
        return None;
    }
    let second = node.named_child(1)?;
    match node.kind() {
        "member_expression" => Some(named(source.of(second))),
        "subscript_expression" | "subscript" | "element_reference" => Some(quoted(second)),
        _ => None,
    }
}

/// `$NAME` in a shell script: its value in the script, else the environment variable. A caller supplies `$1`.
fn shell(source: &Source<'_>, node: Node<'_>, steps: usize) -> Origin {
    let name: String =
        source.of(node).trim_start_matches(['$', '{']).chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect();
    if name.is_empty() || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Origin::Supplied;
    }
    // A loop, `read` and `getopts` assign values from outside.
    let given = source.nodes().into_iter().any(|node| match node.kind() {
        "for_statement" => node.child_by_field_name("variable").is_some_and(|variable| source.of(variable) == name),
        "command" => {
            let mut words = source.of(node).split_whitespace();
            matches!(words.next(), Some("read" | "getopts" | "mapfile")) && words.any(|word| word == name)
        }
        _ => false,
    });
    let values = assigned(source, &name, None);
    match () {
        () if given => Origin::Supplied,
        () if values.is_empty() => Origin::Environment(name),
        () => agree(source, &name, values, steps),
    }
}

fn resolve(source: &Source<'_>, node: Node<'_>, steps: usize) -> Origin {
    let name = source.of(node);
    let mut scope = function(node);
    // A parameter of an enclosing function.
    while let Some(around) = scope {
        if takes(source, around, name) {
            return Origin::Supplied;
        }
        scope = function(around);
    }
    if is_handed_out(source, node, name) {
        return Origin::Supplied;
    }
    match assigned(source, name, Some(node)) {
        values if values.is_empty() => match source.language {
            // A constructor fills this field.
            Language::Java | Language::CSharp => Origin::Supplied,
            _ => Origin::Unclear,
        },
        values => agree(source, name, values, steps),
    }
}

/// The origin that all assignments share.
fn agree(source: &Source<'_>, name: &str, values: Vec<Option<Node<'_>>>, steps: usize) -> Origin {
    let mut origins: Vec<Origin> = values
        .into_iter()
        .map(|value| match value {
            // `KEY="${KEY:-}"` reads the environment.
            Some(value) if source.language == Language::Shell && source.of(value).contains(&format!("${{{name}")) => {
                Origin::Environment(name.to_owned())
            }
            Some(value) if OBJECTS.contains(&source.of(value)) => Origin::Environment(taken_name(source, name, value)),
            Some(value) => follow(source, value, steps),
            None => Origin::Supplied,
        })
        .collect();
    origins.dedup();
    match origins.as_slice() {
        [one] => one.clone(),
        several if several.contains(&Origin::Supplied) => Origin::Supplied,
        _ => Origin::Unclear,
    }
}

/// The variable of the environment that a name has in `const { KEY: name } = process.env`.
fn taken_name(source: &Source<'_>, name: &str, environment: Node<'_>) -> String {
    let pattern =
        environment.parent().and_then(|declared| declared.child_by_field_name("name").or_else(|| declared.child_by_field_name("left")));
    let is_renamed = |pair: &Node<'_>| {
        pair.kind() == "pair_pattern"
            && pair.child_by_field_name("value").is_some_and(|value| descendants(value).iter().any(|part| source.of(*part) == name))
    };
    let pair = pattern.and_then(|pattern| descendants(pattern).into_iter().find(is_renamed));
    pair.and_then(|pair| pair.child_by_field_name("key")).map_or(name, |key| source.of(key).trim_matches(['"', '\''])).to_owned()
}

/// The function around a node.
pub(crate) fn function(node: Node<'_>) -> Option<Node<'_>> {
    above(node, is_function)
}

/// Whether a node is a function, a method or a block that takes parameters.
pub(crate) fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "function_declaration"
            | "function_expression"
            | "function_definition"
            | "arrow_function"
            | "generator_function_declaration"
            | "generator_function"
            | "method_definition"
            | "method_declaration"
            | "constructor_declaration"
            | "local_function_statement"
            | "lambda"
            | "lambda_expression"
            | "anonymous_function"
            | "anonymous_function_creation_expression"
            | "anonymous_method_expression"
            | "func_literal"
            | "method"
            | "singleton_method"
            | "block"
            | "do_block"
    ) && (!matches!(node.kind(), "block") || node.child_by_field_name("parameters").is_some())
}

/// Whether a function has a parameter of that name.
fn takes(source: &Source<'_>, function: Node<'_>, name: &str) -> bool {
    let single = function.child_by_field_name("parameter").is_some_and(|one| source.of(one) == name);
    let list = function.child_by_field_name("parameters").or_else(|| {
        let mut cursor = function.walk();
        function.children(&mut cursor).find(|child| child.kind().contains("parameter"))
    });
    let names = |node: &Node<'_>| node.child_count() == 0 || matches!(node.kind(), "variable_name");
    single || list.is_some_and(|list| descendants(list).iter().filter(|node| names(node)).any(|node| source.of(*node) == name))
}

/// Whether a loop, a pattern or a `catch` around a place assigns the name.
fn is_handed_out(source: &Source<'_>, node: Node<'_>, name: &str) -> bool {
    let scope = function(node).or_else(|| source.root());
    let looped = above(node, |above| {
        let head = matches!(
            above.kind(),
            "for_statement"
                | "for_in_statement"
                | "foreach_statement"
                | "enhanced_for_statement"
                | "for"
                | "for_in_clause"
                | "list_comprehension"
                | "generator_expression"
                | "dictionary_comprehension"
                | "set_comprehension"
                | "catch_clause"
                | "except_clause"
                | "with_statement"
        );
        let body = above.child_by_field_name("body").map_or(above.end_byte(), |body| body.start_byte());
        let comprehension = above.kind().contains("comprehension") || above.kind() == "generator_expression";
        let upto = if comprehension { above.end_byte() } else { body };
        head && descendants(above).iter().any(|one| {
            let names = one.child_count() == 0 || one.kind() == "variable_name";
            names
                && one.end_byte() <= upto
                && one.id() != node.id()
                && source.of(*one) == name
                && (comprehension || one.start_byte() >= above.start_byte())
        })
    })
    .is_some();
    // `const { apiKey } = account`, `a, key = pair`.
    looped
        || scope.is_some_and(|scope| {
            descendants(scope).iter().any(|one| {
                let left = match one.kind() {
                    "variable_declarator" => one.child_by_field_name("name"),
                    "assignment" | "assignment_expression" | "short_var_declaration" => one.child_by_field_name("left"),
                    _ => None,
                };
                left.is_some_and(|left| {
                    matches!(
                        left.kind(),
                        "object_pattern" | "array_pattern" | "pattern_list" | "tuple_pattern" | "left_assignment_list" | "list_literal"
                    ) && descendants(left).iter().any(|part| source.of(*part) == name)
                        && !one.child_by_field_name("value").is_some_and(|value| OBJECTS.contains(&source.of(value)))
                })
            })
        })
}

/// The values that a name is assigned where `at` can see it; without `at`, those of the whole file. An element is None
/// where the value itself can't be seen.
fn assigned<'n>(source: &'n Source<'_>, name: &str, at: Option<Node<'_>>) -> Vec<Option<Node<'n>>> {
    let sees = |scope: Option<Range<usize>>| match (scope, at) {
        (Some(scope), Some(at)) => scope.contains(&at.start_byte()),
        _ => true,
    };
    let mut found = Vec::new();
    for node in source.nodes() {
        let (left, right) = match node.kind() {
            "variable_declarator" | "var_spec" | "const_spec" | "variable_assignment" => {
                let name = node.child_by_field_name("name");
                // The C# grammar has no field for the value.
                let value = node.child_by_field_name("value").or_else(|| {
                    let last = u32::try_from(node.named_child_count().checked_sub(1)?).ok()?;
                    node.named_child(last).filter(|last| Some(last.id()) != name.map(|name| name.id()))
                });
                (name, value)
            }
            "assignment" | "assignment_expression" | "short_var_declaration" | "assignment_statement" => {
                (node.child_by_field_name("left"), node.child_by_field_name("right"))
            }
            "const_element" | "property_element" => (node.named_child(0), node.named_child(1)),
            "augmented_assignment" | "augmented_assignment_expression" | "operator_assignment" => (node.child_by_field_name("left"), None),
            _ => continue,
        };
        let Some(left) = left else { continue };
        if node.kind() == "variable_declarator" && right.is_none() {
            // `let key;` gets its value later, and a constructor fills a field.
            continue;
        }
        if left.kind() == "object_pattern" {
            let shorthand = descendants(left).into_iter().find(|part| source.of(*part) == name);
            if let (Some(_), Some(value)) = (shorthand, right)
                && OBJECTS.contains(&source.of(value))
            {
                found.push(Some(value));
            }
            continue;
        }
        if source.of(bare(left)) == name && sees(function(node).map(|scope| scope.byte_range())) {
            found.push(right);
        }
    }
    found
}

/// Whether a variable has a general name (`KEY`), which does not name the owner of the key.
pub(crate) fn is_general(name: &str) -> bool {
    const WORDS: [&str; 22] = [
        "hubspot",
        "hub",
        "spot",
        "hs",
        "hapi",
        "hapikey",
        "apikey",
        "api",
        "key",
        "token",
        "access",
        "accesstoken",
        "private",
        "app",
        "secret",
        "pat",
        "auth",
        "bearer",
        "crm",
        "my",
        "env",
        "hubapi",
    ];
    name.split('_').filter(|word| !word.is_empty()).all(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}
