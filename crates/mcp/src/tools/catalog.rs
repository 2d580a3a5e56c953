//! The rest of HubSpot's API, of which no tool knows more than the catalog: find an operation, describe it, call it.

use std::collections::HashMap;

use http::Method;
use keyway_core::catalog::{self, Catalog, Operation};
use keyway_core::path::NormalPath;
use keyway_core::sunset;
use serde_json::{Value, json};

use super::paging::cursor;
use super::{APPROVAL, Ask, Effect, Tool, target};
use crate::answer::{Reply, rows_that_fit};
use crate::arguments::{Kind, needed, optional};
use crate::open::{Verdict, named, short, verdict, verdict_on};
use crate::road::BoxFuture;
use keyway_core::safety::Class;

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Operations that an answer lists.
const FOUND_MAX: usize = 12;

/// Find an operation.
pub static FIND: Tool = Tool {
    name: "find_operation",
    title: "Find an operation",
    words: "Search the operations of HubSpot's API by words, such as \"marketing email statistics\" or \"merge contacts\". For what no other tool does.",
    arguments: &[
        needed("words", Kind::Text(200), ""),
        optional("all", Kind::Flag, "Also those that you may not call, with what is missing"),
        optional("version", Kind::Text(16), "Such as v3; the newest where left out"),
    ],
    operation: None,
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: find,
};

/// Describe an operation.
pub static DESCRIBE: Tool = Tool {
    name: "describe_operation",
    title: "Describe an operation",
    words: "Say what an operation is: the names in its path, its safety class, the scopes that open it, its limits and its end.",
    arguments: &[needed("method", Kind::Choice(METHODS), ""), needed("path", Kind::Text(1_000), "As find_operation gives it, or with IDs")],
    operation: None,
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: describe,
};

/// Call an operation.
pub static CALL: Tool = Tool {
    name: "call_operation",
    title: "Call an operation",
    words: "Call any operation that find_operation lists. What it does depends on the operation: describe it first.",
    arguments: &[
        needed("method", Kind::Choice(METHODS), ""),
        needed("path", Kind::Text(2_000), "With IDs in place of {names}, without a query"),
        optional("query", Kind::Query, "Parameters of the query"),
        optional("body", Kind::Json, "JSON body"),
        APPROVAL,
    ],
    operation: None,
    effect: Effect::OfOperation,
    is_idempotent: false,
    run: call,
};

/// Words that say nothing of an operation.
const EMPTY_WORDS: [&str; 14] = ["a", "an", "the", "of", "all", "in", "to", "for", "my", "by", "and", "with", "from", "hubspot"];

/// What a verb asks for.
fn methods_of(verb: &str) -> Option<&'static [catalog::Method]> {
    use catalog::Method::{Delete, Get, Patch, Post, Put};
    match verb {
        "list" | "get" | "read" | "show" | "fetch" | "retrieve" => Some(&[Get]),
        "create" | "add" | "make" | "new" | "insert" => Some(&[Post]),
        "update" | "change" | "edit" | "set" | "modify" => Some(&[Patch, Put]),
        "delete" | "remove" => Some(&[Delete]),
        _ => None,
    }
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| singular(&word.to_ascii_lowercase())).collect()
}

fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_owned(),
    }
}

/// How well an operation fits; none where a word of the search is nowhere in it.
fn score(operation: &Operation, nouns: &[String], verbs: &[&'static [catalog::Method]]) -> Option<u32> {
    let mut own = words_of(operation.template);
    own.extend(words_of(operation.api));
    let mut score = 0;
    for noun in nouns {
        score += if own.iter().any(|word| word == noun) {
            4
        } else if own.iter().any(|word| word.contains(noun.as_str())) {
            1
        } else {
            return None;
        };
    }
    score += verbs.iter().filter(|methods| methods.contains(&operation.method)).map(|_| 3).sum::<u32>();
    // Of operations that fit alike the shortest is the one that is meant.
    Some(100 * score - u32::try_from(own.len()).unwrap_or(0).min(99))
}

/// The newest version first, and what is not stable last.
fn age(version: &str) -> (bool, bool, String) {
    let beta = version.contains("beta");
    (
        beta,
        version.starts_with('v') || version.is_empty(),
        version.chars().map(|letter| char::from(255 - u8::try_from(letter).unwrap_or(0))).collect(),
    )
}

fn find<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let asked: Vec<String> = ask.given.text("words").split_whitespace().map(str::to_ascii_lowercase).collect();
        let (verbs, nouns): (Vec<&String>, Vec<&String>) = asked.iter().partition(|word| methods_of(word).is_some());
        let verbs: Vec<_> = verbs.into_iter().filter_map(|verb| methods_of(verb)).collect();
        let nouns: Vec<String> =
            nouns.into_iter().flat_map(|word| words_of(word)).filter(|word| !EMPTY_WORDS.contains(&word.as_str())).collect();
        if nouns.is_empty() {
            return Err(Reply::refused("Say what to look for, such as \"marketing email statistics\"."));
        }
        let (version, all) = (ask.given.text("version"), ask.given.flag("all"));
        let mut fitting: Vec<(u32, &Operation)> = Catalog::get()
            .operations()
            .iter()
            .filter(|operation| version.is_empty() || operation.version == version)
            .filter_map(|operation| Some((score(operation, &nouns, &verbs)?, operation)))
            .collect();
        fitting.sort_by(|(one, first), (other, second)| other.cmp(one).then_with(|| age(first.version).cmp(&age(second.version))));
        let newest = newest_of_each(&fitting);
        let (mut rows, mut closed) = (Vec::new(), 0);
        for operation in newest {
            let verdict = verdict(ask.standing, operation);
            if verdict != Verdict::Open && !all {
                closed += usize::from(verdict != Verdict::Never);
            } else if rows.len() < FOUND_MAX {
                rows.push(row(operation, &verdict));
            }
        }
        Ok(found(rows, closed))
    })
}

/// Of operations that differ in their version alone, the newest.
fn newest_of_each<'a>(fitting: &[(u32, &'a Operation)]) -> Vec<&'a Operation> {
    let key = |operation: &Operation| {
        let mut segments: Vec<&str> = operation.template.split('/').filter(|segment| *segment != operation.version).collect();
        segments.sort_unstable();
        (operation.method, segments.join("/"))
    };
    let mut best: HashMap<_, &Operation> = HashMap::new();
    for (_, operation) in fitting {
        let known = best.entry(key(operation)).or_insert(operation);
        if age(operation.version) < age(known.version) {
            *known = operation;
        }
    }
    let mut seen = Vec::new();
    for (_, operation) in fitting {
        let newest = best[&key(operation)];
        if !seen.iter().any(|one: &&Operation| one.id == newest.id) {
            seen.push(newest);
        }
    }
    seen
}

fn row(operation: &Operation, verdict: &Verdict) -> Value {
    let mut row = json!({ "method": operation.method.as_str(), "path": operation.template, "api": operation.api, "class": operation.safety.to_string() });
    match verdict {
        Verdict::Open => {}
        Verdict::Scopes(scopes) => row["needs_a_scope_of"] = scopes.iter().take(5).copied().collect(),
        Verdict::Class(safety) => row["needs_class"] = safety.to_string().into(),
        Verdict::Never => row["closed"] = "to every agent".into(),
    }
    row
}

fn found(rows: Vec<Value>, closed: usize) -> Reply {
    let mut words = match rows.len() {
        0 => "No operation that you may call fits.".to_owned(),
        count => format!("{count} operations fit, the best first:"),
    };
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        words.push_str(&format!("\n{} {} ({}, {})", text("method"), text("path"), text("api"), text("class")));
    }
    if closed > 0 {
        words.push_str(&format!("\n{closed} more fit, which you may not call: with \"all\" true you see what is missing."));
    }
    Reply { words, ..Reply::default() }.fact("operations", rows)
}

fn describe<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let (method, path) = (ask.given.text("method"), ask.given.text("path"));
        let Some(operation) = named(method, path) else {
            return Err(Reply::refused(format!("The catalog has no operation {method} {}. Search it with find_operation.", short(path))));
        };
        let verdict = verdict_on(ask.standing, operation, path);
        let open = match &verdict {
            Verdict::Open => "You may call it.".to_owned(),
            Verdict::Scopes(scopes) => {
                format!(
                    "You may not call it: one of these scopes is missing: {}. A person can grant it: keyway app update {} --add-scope {}.",
                    scopes.join(", "),
                    ask.standing.app_id,
                    scopes.first().unwrap_or(&"SCOPE")
                )
            }
            Verdict::Class(class) => format!("You may not call it: the class {class} is not allowed to you. A person can allow it."),
            Verdict::Never => "No agent may call it.".to_owned(),
        };
        let names: Vec<&str> = operation.template.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
        let in_path = if names.is_empty() {
            "Its path has nothing to fill in.".to_owned()
        } else {
            format!("In its path stand: {}.", names.join(", "))
        };
        let next = sunset::successor(operation.method, operation.template).and_then(|row| row.successor);
        let ends = sunset::of_path(operation.template).map(|row| format!("{} ({})", row.date, row.effect));
        let mut words = format!("{operation} belongs to {} and is of the class {}. {open} {in_path}", operation.api, operation.safety);
        if let Some(ends) = &ends {
            words.push_str(&format!(" It ends: {ends}."));
        }
        if let Some(next) = next {
            words.push_str(&format!(" Its successor: {next}."));
        }
        words.push_str(" The catalog has no schema of query and body; HubSpot's reference has.");
        let reply = Reply { words, ..Reply::default() }.fact("operation", row(operation, &verdict)).fact("in_path", names);
        Ok(reply.fact("ends", ends).fact("successor", next))
    })
}

fn call<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let method = Method::from_bytes(ask.given.text("method").as_bytes()).unwrap_or(Method::GET);
        let path = ask.given.text("path");
        if path.contains(['?', '#', '{', '}']) {
            return Err(Reply::refused(
                "The path holds a query or a {name}. Put the query into the argument \"query\", and an ID in place of each {name}.",
            ));
        }
        let body = ask.given.get("body").cloned();
        if method == Method::GET && body.is_some() {
            return Err(Reply::refused("A GET has no body. Put parameters into the argument \"query\"."));
        }
        let object =
            NormalPath::parse(path).ok().and_then(|path| path.segments().find_map(keyway_core::object_type::row_of)).map(|row| row.name);
        let query = query(ask)?;
        for (name, value) in &query {
            if matches!(name.as_str(), "idProperty" | "sort") {
                ask.may_ask_by(object, value.trim_start_matches('-'))?;
            }
        }
        if let Some(body) = &body {
            asks_by(ask, object, body)?;
        }
        let pairs: Vec<(&str, String)> = query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let value = ask.call(method, target(path.to_owned(), &pairs), body).await?;
        Ok(answered(value))
    })
}

fn query(ask: &Ask<'_>) -> Result<Vec<(String, String)>, Reply> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut pairs = Vec::new();
    for (name, value) in ask.given.get("query").and_then(Value::as_object).into_iter().flatten() {
        if name.eq_ignore_ascii_case("hapikey") {
            return Err(Reply::refused("A key does not belong into a query: Keyway presents the credential itself."));
        }
        match value {
            Value::Array(all) => pairs.extend(all.iter().map(|one| (name.clone(), text(one)))),
            one => pairs.push((name.clone(), text(one))),
        }
    }
    Ok(pairs)
}

/// Refuses a body that asks for records by a hidden property.
fn asks_by(ask: &Ask<'_>, object: Option<&str>, body: &Value) -> Result<(), Reply> {
    match body {
        Value::Array(all) => all.iter().try_for_each(|one| asks_by(ask, object, one)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match (name.as_str(), value) {
            ("propertyName" | "idProperty", Value::String(property)) => ask.may_ask_by(object, property),
            ("sorts", Value::Array(sorts)) => sorts.iter().try_for_each(|sort| match sort {
                Value::String(property) => ask.may_ask_by(object, property.trim_start_matches('-')),
                other => asks_by(ask, object, other),
            }),
            // What is written is not asked for.
            ("properties", _) => Ok(()),
            (_, inside) => asks_by(ask, object, inside),
        }),
        _ => Ok(()),
    }
}

/// The answer of any operation; of a list as many rows as fit.
fn answered(mut value: Value) -> Reply {
    let after = cursor(&value);
    let mut words = "The call was performed.".to_owned();
    if let Some(rows) = value.get_mut("results").and_then(Value::as_array_mut) {
        let (all, fit) = (rows.len(), rows_that_fit(rows).max(1));
        words = format!("The call was performed. {all} rows.");
        if fit < all {
            rows.truncate(fit);
            words = format!(
                "The call was performed. {all} rows, of which the first {fit} are shown; the others are too long. For all of them ask for fewer at a time, with a limit of {fit} in the query or body."
            );
        } else if let Some(after) = &after {
            words.push_str(&format!(
                " More follow: for the next page make the same call with after \"{after}\" in the query (in the body of a search)."
            ));
        }
    }
    let reply = if value.is_null() { Reply { words, ..Reply::default() } } else { Reply::of(words, value) };
    match after {
        Some(after) => reply.fact("after", after),
        None => reply,
    }
}
