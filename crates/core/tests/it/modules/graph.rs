//! Which top module of a crate uses which, read from its source. Tests of several crates include this file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules that each module uses.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The words and signs of a source text. Comments and texts are left out.
fn tokens(text: &str) -> Vec<&str> {
    let is_word = |one: u8| one.is_ascii_alphanumeric() || one == b'_' || !one.is_ascii();
    let bytes = text.as_bytes();
    let run = |from: usize, of: &dyn Fn(u8) -> bool| from + bytes[from..].iter().take_while(|one| of(**one)).count();
    let behind = |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let fences = rest.bytes().skip(1).take_while(|one| *one == b'#').count();
        if rest.starts_with("//") {
            at = behind(at, "\n");
        } else if rest.starts_with("/*") {
            at = behind(at, "*/");
        } else if rest.starts_with('r') && rest[1 + fences..].starts_with('"') {
            at = behind(at + fences + 2, &format!("\"{}", "#".repeat(fences)));
        } else if let Some(inner) = rest.strip_prefix('"') {
            let mut escaped = false;
            let is_inside = |one: &u8| {
                let ends = *one == b'"' && !escaped;
                escaped = *one == b'\\' && !escaped;
                !ends
            };
            at += 2 + inner.bytes().take_while(is_inside).count();
        } else if rest.starts_with("'\\") {
            at = behind(at + 3, "'");
        } else if rest.starts_with('\'') && rest.chars().nth(2) == Some('\'') {
            at += rest.chars().take(3).map(char::len_utf8).sum::<usize>();
        } else if is_word(bytes[at]) {
            let end = run(at, &is_word);
            found.push(&text[at..end]);
            // `b"…"` and `br"…"` are texts with a letter before them, which does no harm here.
            at = end;
        } else {
            let end = at + if rest.starts_with("::") { 2 } else { 1 };
            if !bytes[at].is_ascii_whitespace() {
                found.push(&text[at..end]);
            }
            at = end;
        }
    }
    found
}

/// The first token behind a list or block that begins at `from`.
fn behind(tokens: &[&str], from: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        depth += i32::from(matches!(*token, "{" | "(" | "[")) - i32::from(matches!(*token, "}" | ")" | "]"));
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The tokens without what is compiled only for tests.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]) {
            at += 7;
            while at < tokens.len() && !matches!(tokens[at], ";" | "{") {
                at = if matches!(tokens[at], "(" | "[") { behind(tokens, at) } else { at + 1 };
            }
            at = if tokens.get(at) == Some(&"{") { behind(tokens, at) } else { at + 1 };
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// The paths that begin at `at`; several where a list of a `use` is in them.
fn paths<'a>(tokens: &[&'a str], at: usize, before: &[&'a str], into: &mut Vec<Vec<&'a str>>) {
    let mut path = before.to_vec();
    let mut at = at;
    while at < tokens.len() {
        if tokens[at] == "{" {
            let end = behind(tokens, at);
            at += 1;
            while at < end - 1 {
                paths(tokens, at, &path, into);
                while at < end - 1 && tokens[at] != "," {
                    at = if tokens[at] == "{" { behind(tokens, at) } else { at + 1 };
                }
                at += 1;
            }
            return;
        }
        path.push(tokens[at]);
        if tokens.get(at + 1) != Some(&"::") {
            // A thing's other name stands behind its own.
            path.extend(tokens.get(at + 2).filter(|_| tokens.get(at + 1) == Some(&"as")));
            break;
        }
        at += 2;
    }
    into.push(path);
}

/// The names at the crate's top that a file uses. `depth` says how many modules the file is below the top.
fn used<'a>(tokens: &[&'a str], depth: usize) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    // How deep in braces each inline module begins.
    let (mut braces, mut inline) = (0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" => {
                braces += 1;
                if at > 1 && tokens[at - 2] == "mod" {
                    inline.push(braces);
                }
            }
            "}" => {
                if inline.last() == Some(&braces) {
                    inline.pop();
                }
                braces -= 1;
            }
            "crate" | "super" if tokens.get(at + 1) == Some(&"::") && (at == 0 || tokens[at - 1] != "::") => {
                let mut found = Vec::new();
                paths(tokens, at, &[], &mut found);
                for path in found {
                    let ups = path.iter().take_while(|part| **part == "super").count();
                    let is_top = path[0] == "crate" || ups == depth + inline.len();
                    names.extend(path.get(ups.max(1)).filter(|_| is_top));
                }
            }
            _ => {}
        }
    }
    names
}

/// What the files at a crate's top, `lib.rs` and `main.rs`, have for its modules.
#[derive(Default)]
struct Top {
    /// Names of things that are defined in modules, with the module.
    handed_on: BTreeMap<String, String>,
    /// Names of things that are defined at the top itself.
    own: BTreeSet<String>,
    /// The modules that what is defined there uses.
    uses: BTreeSet<String>,
}

impl Top {
    fn of(text: &str, modules: &BTreeSet<String>) -> Self {
        let tokens = without_tests(&tokens(text));
        let mut top = Self::default();
        let (mut at, mut rest) = (0, Vec::new());
        while at < tokens.len() {
            if tokens[at] != "use" {
                rest.push(tokens[at]);
                at += 1;
                continue;
            }
            let mut found = Vec::new();
            paths(&tokens, at + 1, &[], &mut found);
            for path in found {
                let path: Vec<_> = path.into_iter().filter(|part| !matches!(*part, "crate" | "self")).collect();
                if let [module, .., name] = path[..] {
                    top.handed_on.insert(name.to_owned(), module.to_owned());
                }
            }
            at += tokens[at..].iter().take_while(|token| **token != ";").count();
        }
        for (at, token) in rest.iter().enumerate() {
            if at > 0 && matches!(rest[at - 1], "fn" | "struct" | "enum" | "const" | "static" | "type" | "trait") {
                top.own.insert((*token).to_owned());
            }
            let of = if rest.get(at + 1) == Some(&"::") { Some(*token) } else { None };
            let of = of.filter(|name| modules.contains(*name)).or_else(|| top.handed_on.get(*token).map(String::as_str));
            top.uses.extend(of.filter(|of| modules.contains(*of)).map(str::to_owned));
        }
        top
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_name().is_some_and(|name| name == "tests" || name == "tests.rs");
        match path.is_dir() {
            _ if is_test => {}
            true => files(&path, into),
            false => into.extend(Some(path).filter(|path| path.extension().is_some_and(|kind| kind == "rs"))),
        }
    }
}

/// The uses of a crate's top modules, in `src`.
pub fn edges(root: &Path) -> Edges {
    let mut all = Vec::new();
    files(root, &mut all);
    let texts = all.iter().map(|path| (path.strip_prefix(root).unwrap().to_owned(), std::fs::read_to_string(path).unwrap()));
    edges_of(&texts.collect::<Vec<_>>())
}

/// The same, of files in memory. What a crate's top defines counts as a module where others use it.
pub fn edges_of(files: &[(PathBuf, String)]) -> Edges {
    let module = |path: &Path| path.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
    let is_top = |name: &str| ["lib", "main"].contains(&name);
    let modules: BTreeSet<String> = files.iter().map(|(path, _)| module(path)).filter(|name| !is_top(name) && name != "testing").collect();
    let tops: Vec<(String, Top)> =
        files.iter().filter(|(path, _)| is_top(&module(path))).map(|(path, text)| (module(path), Top::of(text, &modules))).collect();
    let mut edges: Edges = modules.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
    for (path, text) in files {
        let from = module(path);
        if !modules.contains(&from) {
            continue;
        }
        for name in used(&without_tests(&tokens(text)), path.iter().count()) {
            assert!(name != "*", "{}: name what it uses of the crate's top", path.display());
            let mut to = Some(name.to_owned()).filter(|name| modules.contains(name));
            for (of, top) in &tops {
                to = to.or_else(|| top.handed_on.get(name).filter(|of| modules.contains(*of)).cloned());
                if to.is_none() && top.own.contains(name) {
                    edges.insert(of.clone(), top.uses.clone());
                    to = Some(of.clone());
                }
            }
            edges.get_mut(&from).unwrap().extend(to.filter(|to| *to != from));
        }
    }
    edges
}

/// The modules that reach themselves.
pub fn in_a_circle(edges: &Edges) -> Vec<&str> {
    edges.keys().map(String::as_str).filter(|module| is_in_a_circle(edges, module)).collect()
}

fn is_in_a_circle(edges: &Edges, module: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), edges[module].clone());
    while let Some(one) = next.pop_first() {
        next.extend(edges[&one].iter().filter(|to| !seen.contains(*to)).cloned());
        seen.insert(one);
    }
    seen.contains(module)
}

/// Compares the uses of a crate with its table. `src` is the folder of its source.
pub fn compare(src: &Path, table: &[(&str, &str)]) {
    let found = edges(src);
    let table: Edges = table.iter().map(|(from, to)| ((*from).to_owned(), to.split_whitespace().map(str::to_owned).collect())).collect();
    for (from, to) in &found {
        let listed = table.get(from).unwrap_or_else(|| panic!("{from} is not in the table"));
        let new: Vec<_> = to.difference(listed).collect();
        let gone: Vec<_> = listed.difference(to).collect();
        assert!(new.is_empty() && gone.is_empty(), "{from} uses {new:?} and no longer {gone:?}: correct the table of tests/it/modules.rs");
    }
    assert_eq!(found.len(), table.len(), "the table lists a module that is gone");
}
