//! What the syntax tree of a program shows of a call: its method, and the parts of the program that shape it.
//!
//! Keyway follows the URL to the place that sends it: through its expression, variables, fields, tables, functions that
//! return it and functions that take it. The first place with a method decides. Every walk is bounded.

mod call;
mod flow;
mod made;
mod sent;
mod shell;
mod value;
mod words;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::Method;
use regex::Regex;
use tree_sitter::Node;

use crate::code::Language;
use crate::code::origin::is_function;
use crate::code::syntax::Source;
use crate::detect::Text;
use value::Frame;

/// The largest text that is parsed, in bytes. Larger ones are bundles.
const TEXT_MAX: usize = 1 << 20;
/// The most steps for one URL.
const STEPS_MAX: u32 = 600;
/// The most steps for all URLs of one file together.
const STEPS_OF_FILE_MAX: u32 = 20_000;

/// What the tree shows of a call's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The call names this method.
    Says(Method),
    /// The call names no method, and the called function uses GET by default, as documented.
    Reads,
    /// The code that sends the URL takes the method from elsewhere.
    Open,
    /// The tree does not show where the URL goes.
    Silent,
}

/// The program in a text, and its language. None where no grammar reads it.
pub(super) fn program(text: Text<'_>) -> Option<(Language, Cow<'_, str>)> {
    if text.bytes.len() > TEXT_MAX {
        return None;
    }
    let content = std::str::from_utf8(text.bytes).ok()?;
    let ending = text.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let language = match ending {
        "vue" | "svelte" | "astro" | "html" | "htm" => return Some((Language::JavaScript, Cow::Owned(scripts(content)?))),
        // Google Apps Script is JavaScript. The syntax of these shells is close to that of bash.
        "gs" => Language::JavaScript,
        "zsh" | "ksh" => Language::Shell,
        _ => Language::of(text.path, content)?,
    };
    match language {
        Language::Yaml | Language::Json | Language::Env => None,
        _ => Some((language, Cow::Borrowed(content))),
    }
}

/// A page with everything except its scripts blanked, so that offsets stay the same. None where the page has no script.
fn scripts(page: &str) -> Option<String> {
    static SCRIPT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?is)<script\b[^>]*>(?P<script>.*?)</script>").expect("a constant"));
    let mut blank: Vec<u8> = page.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
    let mut any = false;
    for script in SCRIPT.captures_iter(page).filter_map(|captures| captures.name("script")) {
        blank[script.range()].copy_from_slice(script.as_str().as_bytes());
        any = true;
    }
    String::from_utf8(blank).ok().filter(|_| any)
}

/// A program, with an index of its names.
pub(super) struct Program<'s, 't> {
    source: &'s Source<'t>,
    /// Every plain name, with all its nodes in order.
    names: HashMap<&'t str, Vec<Node<'s>>>,
    /// The parent of each node. tree-sitter itself finds a parent only by a walk from the root.
    parents: HashMap<usize, Node<'s>>,
    /// Functions and methods by name.
    functions: HashMap<&'t str, Vec<Node<'s>>>,
    left: Cell<u32>,
    left_of_file: Cell<u32>,
    /// Whether options name a method whose value is unknown.
    open: Cell<bool>,
    /// Parts of the program that shape the followed call.
    trail: RefCell<Vec<Range<usize>>>,
    /// The calls that take the variable of a URL as an argument.
    sends: RefCell<Vec<Send>>,
    /// Whether the walk has left the URL itself and follows a request made with it.
    past_url: Cell<bool>,
    /// Whether the method comes only from the name of a function.
    hinted: Cell<bool>,
}

/// One of several calls that send the URL in a variable.
#[derive(Clone, Debug)]
pub(super) struct Send {
    /// The variable, where the call names it.
    pub at: Range<usize>,
    pub method: Method,
    /// Whether the call names the method.
    pub sure: bool,
    /// Whether the variable is a constant, defined outside of the function that sends it.
    pub of_constant: bool,
}

/// What the tree shows of a URL.
pub(super) struct Told {
    pub answer: Answer,
    /// The parts of the program that shape the call.
    pub parts: Vec<Range<usize>>,
    /// The calls that send the URL, where it is in a variable and several calls send it.
    pub sends: Vec<Send>,
}

impl<'s, 't> Program<'s, 't> {
    pub(super) fn of(source: &'s Source<'t>) -> Self {
        let mut names: HashMap<&'t str, Vec<Node<'s>>> = HashMap::new();
        let mut functions: HashMap<&'t str, Vec<Node<'s>>> = HashMap::new();
        let mut parents = HashMap::new();
        for node in source.nodes() {
            let mut cursor = node.walk();
            parents.extend(node.children(&mut cursor).map(|child| (child.id(), node)));
            if node.child_count() == 0 {
                let name = source.of(node).trim_start_matches(['$', '@', ':']);
                if words::is_name(name) {
                    names.entry(name).or_default().push(node);
                }
            } else if let Some(name) = defines(source, node) {
                functions.entry(name).or_default().push(node);
            }
        }
        Self {
            source,
            names,
            parents,
            functions,
            left: Cell::new(0),
            left_of_file: Cell::new(STEPS_OF_FILE_MAX),
            open: Cell::new(false),
            trail: RefCell::new(Vec::new()),
            sends: RefCell::new(Vec::new()),
            past_url: Cell::new(false),
            hinted: Cell::new(false),
        }
    }

    /// The method of the call that has this URL, and the parts of the program that shape it.
    pub(super) fn method(&self, url: &Range<usize>) -> Told {
        self.left.set(STEPS_MAX.min(self.left_of_file.get()));
        self.trail.borrow_mut().clear();
        self.sends.borrow_mut().clear();
        self.past_url.set(false);
        let answer = self.expression_at(url.start).map_or(Answer::Silent, |node| self.follow(node, None));
        let spent = STEPS_MAX.saturating_sub(self.left.get());
        self.left_of_file.set(self.left_of_file.get().saturating_sub(spent));
        let mut sends = self.sends.take();
        sends.sort_by_key(|send| send.at.start);
        sends.dedup_by_key(|send| send.at.start);
        let answer = match sends.as_slice() {
            // The method of a call counts more than a function name that only suggests one.
            [only] if only.sure => Answer::Says(only.method),
            [_] => Answer::Reads,
            _ => answer,
        };
        for send in &mut sends {
            let at = self.source.root().and_then(|root| root.descendant_for_byte_range(send.at.start, send.at.end));
            let outermost = std::iter::successors(at.and_then(|node| self.function(node)), |function| self.function(*function)).last();
            send.of_constant = outermost.is_some_and(|function| !function.byte_range().contains(&url.start));
        }
        if sends.len() < 2 && !sends.iter().any(|send| send.of_constant) {
            sends.clear();
        }
        Told { answer, parts: self.trail.take(), sends }
    }

    /// Follows one use of a variable that holds a URL, and stores the call at its end.
    fn follow_use(&self, place: Node<'s>, from: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        const SENDS_MAX: usize = 40;
        let first = frame.is_none() && !self.past_url.get();
        self.hinted.set(false);
        let kept = self.sends.borrow().len();
        let answer = self.follow(from, frame);
        if first {
            self.past_url.set(false);
            let mut sends = self.sends.borrow_mut();
            // A variable that copies the URL has stored its own calls already.
            if sends.len() == kept && kept < SENDS_MAX && !self.hinted.get() {
                let at = place.byte_range();
                match answer {
                    Answer::Says(method) => sends.push(Send { at, method, sure: true, of_constant: false }),
                    Answer::Reads => sends.push(Send { at, method: Method::Get, sure: false, of_constant: false }),
                    Answer::Open | Answer::Silent => {}
                }
            }
        }
        answer
    }

    /// Whether all calls of a variable are needed, and not only the first with a method.
    fn wants_all(&self, frame: Option<&Frame<'_, 's, 't>>) -> bool {
        frame.is_none() && !self.past_url.get()
    }

    /// The string that holds the start of a URL.
    fn expression_at(&self, at: usize) -> Option<Node<'s>> {
        let node = self.source.root()?.descendant_for_byte_range(at, at + 1)?;
        let is_string = |node: Node<'_>| self.source.language.is_string(node.kind());
        let mut string = if is_string(node) { node } else { self.above(node, is_string)? };
        // Ruby and shell nest strings in strings.
        while let Some(outer) = self.above(string, is_string) {
            string = outer;
        }
        Some(string)
    }

    fn parent(&self, node: Node<'s>) -> Option<Node<'s>> {
        self.parents.get(&node.id()).copied()
    }

    /// The nearest ancestor that satisfies a condition.
    fn above(&self, node: Node<'s>, holds: impl Fn(Node<'s>) -> bool) -> Option<Node<'s>> {
        const LEVELS_MAX: usize = 200;
        std::iter::successors(self.parent(node), |above| self.parent(*above)).take(LEVELS_MAX).find(|above| holds(*above))
    }

    /// The function around a node.
    fn function(&self, node: Node<'s>) -> Option<Node<'s>> {
        self.above(node, |node| is_function(node))
    }

    /// Takes one step from the budget. An empty budget ends the walk.
    fn spend(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    fn shapes(&self, node: Node<'_>) {
        const PARTS_MAX: usize = 24;
        let mut trail = self.trail.borrow_mut();
        if trail.len() < PARTS_MAX {
            trail.push(node.byte_range());
        }
    }
}

/// The name of a function that a node defines.
fn defines<'t>(source: &Source<'t>, node: Node<'_>) -> Option<&'t str> {
    let named = match node.kind() {
        "function_declaration"
        | "generator_function_declaration"
        | "function_definition"
        | "method_definition"
        | "method_declaration"
        | "method"
        | "singleton_method"
        | "local_function_statement" => node.child_by_field_name("name")?,
        "arrow_function"
        | "function_expression"
        | "generator_function"
        | "lambda"
        | "anonymous_function"
        | "anonymous_function_creation_expression"
        | "lambda_expression"
        | "func_literal" => {
            let holder = node.parent()?;
            match holder.kind() {
                "variable_declarator" | "public_field_definition" | "field_definition" => holder.child_by_field_name("name")?,
                "pair" => holder.child_by_field_name("key")?,
                "assignment" | "assignment_expression" => holder.child_by_field_name("left")?,
                "expression_list" => holder.parent()?.child_by_field_name("left")?,
                _ => return None,
            }
        }
        _ => return None,
    };
    let name = source.of(named);
    Some(name.rsplit(['.', '$', '@', '>']).next().unwrap_or(name))
}
