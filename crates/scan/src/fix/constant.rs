//! Finds places where a language accepts only a constant. A read of the environment there stops the compiler or the
//! program.

use tree_sitter::Node;

use super::Language;
use crate::code::syntax::{Source, above};

/// Whether the language accepts only a constant at this place.
pub(super) fn is_needed(source: &Source<'_>, node: Node<'_>) -> bool {
    let inside = |kinds: &[&str]| above(node, |node| kinds.contains(&node.kind())).is_some();
    match source.language {
        Language::Php => inside(&[
            "const_declaration",
            "property_declaration",
            "property_promotion_parameter",
            "simple_parameter",
            "static_variable_declaration",
            "enum_case",
            "attribute",
        ]),
        Language::Go => inside(&["const_declaration"]),
        Language::Java => {
            inside(&["annotation", "annotation_type_element_declaration", "switch_label"]) || names_java_constant(source, node)
        }
        Language::CSharp => {
            let declared =
                above(node, |node| matches!(node.kind(), "field_declaration" | "local_declaration_statement" | "parameter" | "attribute"));
            declared.is_some_and(|declared| {
                matches!(declared.kind(), "parameter" | "attribute") || source.of(declared).split_whitespace().any(|word| word == "const")
            })
        }
        Language::JavaScript | Language::TypeScript => {
            // `'…' as const`.
            let is_typed = node.parent().is_some_and(|cast| cast.kind() == "as_expression" && source.of(cast).ends_with(" as const"));
            is_typed || inside(&["import_statement", "literal_type", "enum_declaration", "jsx_attribute"])
        }
        _ => false,
    }
}

/// Whether a Java variable has this value, and an annotation or a `case` of the file takes the variable.
fn names_java_constant(source: &Source<'_>, node: Node<'_>) -> bool {
    let declared = above(node, |node| node.kind() == "variable_declarator");
    let Some(name) = declared.and_then(|declared| declared.child_by_field_name("name")) else { return false };
    let name = source.of(name);
    source.nodes().into_iter().any(|other| {
        other.kind() == "identifier"
            && source.of(other) == name
            && above(other, |node| matches!(node.kind(), "annotation" | "switch_label")).is_some()
    })
}
