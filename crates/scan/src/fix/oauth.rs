//! Moves OAuth v1 to the dated endpoints: the path, and the parameters from the query to the form body.

use super::call::{self, key_of};
use super::{Found, Language, Setting};
use crate::code::edit::Edit;
use crate::code::syntax::{Literal, Source, above, descendants};

const OLD: &str = "/oauth/v1/token";
const NEW: &str = "/oauth/2026-09/token";

pub(super) fn find(source: &Source<'_>, setting: &Setting<'_>, found: &mut Found) {
    if !source.text.contains("/oauth/v1/") {
        return;
    }
    for metadata in ["/oauth/v1/access-tokens", "/oauth/v1/refresh-tokens"] {
        for (at, _) in source.text.match_indices(metadata) {
            found.leave(source.line(at), format!("{metadata} has no dated successor of its kind: POST the token to /oauth/2026-09/token/introspect (or /revoke) with client_id and client_secret in the form body"));
        }
    }
    let calls = call::find(source);
    for (at, _) in source.text.match_indices(OLD) {
        if source.text[at + OLD.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || matches!(next, '/' | '-')) {
            continue;
        }
        let line = source.line(at);
        if setting.held.contains(&OLD[1..]) {
            found.leave(line, format!("{OLD} moves to {NEW}, and stays: another place of this project names it in a way that can't be moved with it. Move both by hand"));
            continue;
        }
        let span = at..at + OLD.len();
        let Some(literal) = source.literal_at(at) else {
            if source.language == Language::Env {
                found.leave(line, UNSEEN);
            }
            continue;
        };
        let mut edits = vec![Edit::replace(span, NEW)];
        let after = &source.text[at + OLD.len()..literal.inside.end];
        if let Some(parameters) = after.strip_prefix('?') {
            let call = calls.iter().find(|call| call.holds(at));
            match call.filter(|_| source.language == Language::Shell) {
                Some(_) => {
                    let query = at + OLD.len()..literal.inside.end;
                    let quote = &source.text[literal.inside.end..literal.node.end_byte()];
                    edits.push(Edit::replace(query.start..literal.node.end_byte(), format!("{quote} -d {quote}{}{quote}", parameters)));
                }
                None => {
                    found.leave(line, "a token request with its parameters in the URL: send them as a form, to /oauth/2026-09/token");
                    continue;
                }
            }
        } else {
            let senders = senders(source, &calls, &literal);
            let moved: Option<Vec<Edit>> =
                senders.iter().map(|call| to_form(source, call)).collect::<Option<Vec<_>>>().map(|moved| moved.concat());
            match moved {
                Some(moved) if !senders.is_empty() || is_form(source, &literal) => edits.extend(moved),
                Some(_) => {
                    found.leave(line, UNSEEN);
                    continue;
                }
                None => {
                    found.leave(line, "a token request whose parameters stand in the query: send them as a form, to /oauth/2026-09/token");
                    continue;
                }
            }
        }
        found.moved.insert(if edits.len() == 1 { OLD[1..].to_owned() } else { BODY.to_owned() });
        found.change(format!("{OLD} becomes {NEW}, with its parameters in the form body"), edits);
    }
}

/// An entry among the moved paths: a token request whose parameters were moved, too.
const BODY: &str = "oauth/v1/token with its parameters";

/// In a test: changes only the path, where the code under test changed only the path.
pub(super) fn follow(source: &Source<'_>, setting: &Setting<'_>, found: &mut Found) {
    if !setting.moved.contains(&OLD[1..]) || setting.moved.contains(BODY) || setting.held.contains(&OLD[1..]) {
        return;
    }
    for (at, _) in source.text.match_indices(OLD) {
        let whole = !source.text[at + OLD.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || matches!(next, '/' | '-'));
        if whole && source.literal_at(at).is_some() {
            found.change(format!("{OLD} becomes {NEW}, as in the code under test"), vec![Edit::replace(at..at + OLD.len(), NEW)]);
        }
    }
}

const UNSEEN: &str = "a token request of OAuth v1 whose sender can't be seen here: send its parameters as a form, to /oauth/2026-09/token";

/// The calls that send a literal: the one around it, or those that take the variable with its value.
fn senders<'c, 'n>(source: &Source<'_>, calls: &'c [call::Call<'n>], literal: &Literal<'_>) -> Vec<&'c call::Call<'n>> {
    let around: Vec<&call::Call<'_>> = calls.iter().filter(|call| call.holds(literal.node.start_byte())).collect();
    if !around.is_empty() {
        return around;
    }
    match call::assigned(source, literal) {
        Some((name, _)) => calls.iter().filter(|call| call.takes(source, &name)).collect(),
        None => Vec::new(),
    }
}

/// Whether the options or the statement around a literal send a form, and no query.
fn is_form(source: &Source<'_>, literal: &Literal<'_>) -> bool {
    let around = above(literal.node, |node| {
        matches!(node.kind(), "object" | "dictionary" | "hash")
            || node.kind().ends_with("statement")
            || node.kind().ends_with("declaration")
    });
    let text = around.map_or("", |node| source.of(node));
    let form = [
        "form:",
        "form_params",
        "post_form",
        "PostForm",
        "FormUrlEncodedContent",
        "http_build_query",
        "URLSearchParams",
        "x-www-form-urlencoded",
        "FormBody",
    ];
    let query = ["qs:", "params:", "params=", "query:", "'query'"];
    form.iter().any(|word| text.contains(word)) && !query.iter().any(|word| text.contains(word))
}

/// Edits that move parameters from the query to the form; empty where there are none.
fn to_form(source: &Source<'_>, call: &call::Call<'_>) -> Option<Vec<Edit>> {
    match source.language {
        Language::Python => {
            let keyword = call
                .arguments
                .iter()
                .find(|argument| argument.kind() == "keyword_argument" && key_of(source, **argument).as_deref() == Some("params"));
            let Some(keyword) = keyword else { return Some(Vec::new()) };
            let has_body = call.arguments.iter().any(|argument| {
                matches!(key_of(source, *argument).as_deref(), Some("data" | "json")) && argument.kind() == "keyword_argument"
            });
            (!has_body).then(|| vec![Edit::replace(keyword.start_byte()..keyword.start_byte() + "params".len(), "data")])
        }
        Language::Php => {
            let query = descendants(call.node)
                .into_iter()
                .find(|node| node.kind() == "array_element_initializer" && key_of(source, *node).as_deref() == Some("query"));
            let Some(query) = query else { return Some(Vec::new()) };
            let key = query.named_child(0)?;
            let quote = source.of(key).get(..1)?;
            Some(vec![Edit::replace(key.byte_range(), format!("{quote}form_params{quote}"))])
        }
        Language::JavaScript | Language::TypeScript => {
            let params =
                descendants(call.node).into_iter().find(|node| node.kind() == "pair" && key_of(source, *node).as_deref() == Some("params"));
            let Some(params) = params else { return Some(Vec::new()) };
            let value = params.child_by_field_name("value")?;
            // axios.post(url, nothing, { params })
            let body = call.arguments.get(1).filter(|body| matches!(source.of(**body), "null" | "undefined" | "{}" | "''" | "\"\""))?;
            let options = call
                .arguments
                .get(2)
                .filter(|options| options.kind() == "object" && above(params, |node| node.id() == options.id()).is_some())?;
            let form = format!("new URLSearchParams({})", source.of(value));
            Some(if options.named_child_count() == 1 {
                vec![Edit::replace(body.start_byte()..options.end_byte(), form)]
            } else {
                vec![Edit::replace(body.byte_range(), form), Edit::remove(call::with_separator(source, params))]
            })
        }
        _ => Some(Vec::new()),
    }
}
