//! A text and its syntax tree, with the queries that the rules need.

use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

use super::Language;
use super::edit::Edit;
use super::platform::Platform;

/// The most nodes that are read. Only generated files have more.
const NODES_MAX: usize = 400_000;
/// The most nodes of one call or object that are read.
const NODES_OF_CALL_MAX: usize = 5_000;
/// The most levels above a node that are read. Code is less deep, and each level costs a walk from the root.
pub(crate) const LEVELS_MAX: usize = 100;

/// A text and its tree.
pub(crate) struct Source<'t> {
    pub language: Language,
    pub text: &'t str,
    /// Where the program runs.
    pub platform: Platform,
    /// Whether all keys written in the text are the same key.
    pub one_key: bool,
    tree: Option<Tree>,
}

/// A string literal.
#[derive(Clone, Debug)]
pub(crate) struct Literal<'n> {
    pub node: Node<'n>,
    /// The span between the quotes.
    pub inside: Range<usize>,
}

impl<'t> Source<'t> {
    /// None where the grammar can't read the text at all.
    pub fn parse(language: Language, text: &'t str) -> Option<Self> {
        let Some(grammar) = language.grammar() else {
            return Some(Self { language, text, platform: Platform::Server, one_key: true, tree: None });
        };
        let mut parser = Parser::new();
        parser.set_language(&grammar).ok()?;
        let tree = parser.parse(text, None)?;
        Some(Self { language, text, platform: Platform::Server, one_key: true, tree: Some(tree) })
    }

    /// Whether a place is in a comment.
    pub fn is_comment(&self, at: usize) -> bool {
        let Some(node) = self.root().and_then(|root| root.descendant_for_byte_range(at, at + 1)) else { return false };
        node.kind().contains("comment") || above(node, |node| node.kind().contains("comment")).is_some()
    }

    /// Whether all keys written in the text are the same key, so that one variable can replace them.
    pub fn keys_agree(&self) -> bool {
        self.one_key
    }

    /// An expression that reads a required variable. None where the program has no environment.
    pub fn reads(&self, name: &str) -> Option<String> {
        match self.platform {
            Platform::None(_) => None,
            Platform::Deno => Some(format!("Deno.env.get('{name}')")),
            Platform::Server | Platform::Unsaid => self.language.reads(name),
        }
    }

    /// An expression that reads an optional variable.
    pub fn may_read(&self, name: &str) -> Option<String> {
        if self.platform == Platform::Server { self.language.may_read(name) } else { self.reads(name) }
    }

    pub fn root(&self) -> Option<Node<'_>> {
        self.tree.as_ref().map(Tree::root_node)
    }

    /// Every node, in order.
    pub fn nodes(&self) -> Vec<Node<'_>> {
        self.root().map(|root| below(root, NODES_MAX)).unwrap_or_default()
    }

    /// The text of a node.
    pub fn of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    pub fn line(&self, at: usize) -> usize {
        super::line_of(self.text, at)
    }

    /// Every string literal, the outermost of nested ones.
    pub(crate) fn literals(&self) -> Vec<Literal<'_>> {
        let mut found: Vec<Literal<'_>> = Vec::new();
        for node in self.nodes() {
            let nested = found.last().is_some_and(|last| last.node.end_byte() >= node.end_byte());
            if self.language.is_string(node.kind()) && !(nested && self.language != Language::Shell) {
                found.push(Literal { node, inside: self.inside(node) });
            }
        }
        found
    }

    /// The literal around a place.
    pub(crate) fn literal_at(&self, at: usize) -> Option<Literal<'_>> {
        let node = self.root()?.descendant_for_byte_range(at, at + 1)?;
        let is_string = |node: Node<'_>| self.language.is_string(node.kind());
        let node = if is_string(node) { node } else { above(node, is_string)? };
        let literal = Literal { node, inside: self.inside(node) };
        literal.inside.contains(&at).then_some(literal)
    }

    /// The span between a string's quotes, whatever their form.
    fn inside(&self, node: Node<'_>) -> Range<usize> {
        let text = self.of(node);
        let (start, end) = (node.start_byte(), node.end_byte());
        let opening = text
            .find(['"', '\'', '`'])
            .filter(|at| *at <= 3 && text[..*at].bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'@' | b'$')));
        let Some(at) = opening else { return start..end };
        let quote = text.as_bytes()[at];
        let width = text.as_bytes()[at..].iter().take_while(|byte| **byte == quote).count();
        let width = if width >= 6 || width == 2 { 1 } else { width };
        let inner = start + at + width..end.saturating_sub(width);
        if inner.start <= inner.end { inner } else { start..end }
    }

    /// The prefix before a literal's quotes, such as `f`, and the quote itself.
    pub(crate) fn quote(&self, literal: &Literal<'_>) -> (&'t str, &'t str) {
        let before = &self.text[literal.node.start_byte()..literal.inside.start];
        let at = before.find(['"', '\'', '`']).unwrap_or(before.len());
        (&before[..at], &before[at..])
    }

    /// An edit that imports the module `os` for code at a place in Python or Go, where the import is missing.
    pub(crate) fn import_os(&self, at: usize) -> Option<Edit> {
        match self.language {
            Language::Python => (!self.has_python_os(at)).then(|| Edit::insert(self.python_imports_at(), "import os\n")),
            Language::Go => self.go_os(),
            _ => None,
        }
    }

    /// Whether Python has `os` at a place: only an import of the file itself, above the place, has run there for certain.
    fn has_python_os(&self, at: usize) -> bool {
        let Some(root) = self.root() else { return false };
        let mut cursor = root.walk();
        let before = root.named_children(&mut cursor).take_while(|child| child.end_byte() <= at);
        before.filter(|child| child.kind() == "import_statement").any(|import| {
            let mut cursor = import.walk();
            import
                .named_children(&mut cursor)
                .any(|name| name.kind() == "dotted_name" && (self.of(name) == "os" || self.of(name).starts_with("os.")))
        })
    }

    /// Go has one name for an import in the whole file.
    fn go_os(&self) -> Option<Edit> {
        let root = self.root()?;
        let mut cursor = root.walk();
        let imports: Vec<Node<'_>> = root.named_children(&mut cursor).filter(|child| child.kind() == "import_declaration").collect();
        let names_os = |node: &Node<'_>| {
            let path = node.child_by_field_name("path").map(|path| self.of(path));
            node.kind() == "import_spec" && node.child_by_field_name("name").is_none() && path == Some("\"os\"")
        };
        if imports.iter().any(|import| descendants(*import).iter().any(names_os)) {
            return None;
        }
        let first = *imports.first()?;
        Some(match first.named_child(0) {
            Some(list) if list.kind() == "import_spec_list" => Edit::insert(list.start_byte() + 1, "\n\t\"os\""),
            _ => Edit::insert(first.start_byte(), "import \"os\"\n"),
        })
    }

    /// Before the first import that is not a `__future__` import, or else after the docstring and the comments.
    fn python_imports_at(&self) -> usize {
        let Some(root) = self.root() else { return 0 };
        let mut cursor = root.walk();
        let mut after = 0;
        for child in root.named_children(&mut cursor) {
            match child.kind() {
                "import_statement" | "import_from_statement" => return child.start_byte(),
                "comment" | "future_import_statement" => after = line_end(self.text, child.end_byte()),
                "expression_statement" if child.named_child(0).is_some_and(|inner| inner.kind() == "string") => {
                    after = line_end(self.text, child.end_byte())
                }
                _ => break,
            }
        }
        after
    }
}

/// The start of the next line.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length + 1)
}

/// A node and all nodes below it, in order. Bounded, and without recursion: a hostile file can have a very deep tree.
pub(crate) fn descendants(root: Node<'_>) -> Vec<Node<'_>> {
    below(root, NODES_OF_CALL_MAX)
}

fn below(root: Node<'_>, most: usize) -> Vec<Node<'_>> {
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(node) = open.pop() {
        found.push(node);
        if found.len() >= most {
            break;
        }
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
        open.extend(children.into_iter().rev());
    }
    found
}

/// The nearest ancestor that satisfies a condition.
pub(crate) fn above<'n>(node: Node<'n>, mut holds: impl FnMut(Node<'n>) -> bool) -> Option<Node<'n>> {
    let mut at = node;
    for _ in 0..LEVELS_MAX {
        at = at.parent()?;
        if holds(at) {
            return Some(at);
        }
    }
    None
}
