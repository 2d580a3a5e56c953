//! The call behind a URL: its method, operation and authentication.

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::Method;
use regex::bytes::Regex;

use crate::detect::usage::constants::Constants;
use crate::detect::usage::path::{Read, VERSION, read_from};
use crate::detect::usage::tree::{Answer, Program, Send, Told};
use crate::detect::usage::{Habits, Meaning, Per, UNKNOWN, document, elsewhere, is_version, method, names, resolve, unlisted, usage};
use crate::finding::{OpenVersion, Usage, UsageAuth, Via};
use crate::stems;
use crate::text::line_near;

/// A text, with what is computed about it once.
pub(super) struct Around<'s, 'c, 't> {
    pub text: &'t [u8],
    pub habits: &'s Habits<'t>,
    pub program: &'s dyn Fn() -> Option<&'s Program<'s, 'c>>,
    pub per: Per,
}

/// What the text shows of a call's method.
#[derive(Default)]
struct Seen {
    method: Option<Method>,
    /// Whether the syntax tree shows the method. Then it holds even where the catalog has no such operation.
    sure: bool,
    /// Whether the tree shows that the URL is sent unchanged.
    sent: bool,
    parts: Vec<Range<usize>>,
    /// The calls that send the URL, where a variable holds it for several.
    sends: Vec<Send>,
}

impl Around<'_, '_, '_> {
    /// The method of a call, and the parts of the program that shape it. The syntax tree decides, where there is one and it
    /// shows the use of the URL.
    fn method(&self, url: &Range<usize>) -> Seen {
        let told = (self.program)().map(|program| program.method(url));
        let Told { answer, parts, sends } = told.unwrap_or(Told { answer: Answer::Silent, parts: Vec::new(), sends: Vec::new() });
        let method = match answer {
            Answer::Says(method) => Some(method),
            Answer::Reads => Some(Method::Get),
            Answer::Open => None,
            Answer::Silent => method::of(self.text, url),
        };
        Seen { method, sure: matches!(answer, Answer::Says(_)), sent: matches!(answer, Answer::Says(_) | Answer::Reads), parts, sends }
    }
}

/// The usage of a path whose version is in another file: the family, with an unknown version.
fn of_open_version(around: &Around<'_, '_, '_>, url: &Range<usize>, read: &Read) -> Option<Usage> {
    let Seen { method, sure, parts, .. } = around.method(url);
    let (version, meaning) =
        TRIED.iter().find_map(|version| Some((*version, listed(method, sure, &at_version(&read.segments, version))?)))?;
    let auth = auth(around, url, &meaning, &parts);
    let template = meaning.path.replace(&format!("/{version}"), &format!("/{VERSION}"));
    let method = meaning.method.map_or(UNKNOWN, Method::as_str);
    let open = read.open.clone().map(|name| OpenVersion { name, segments: read.segments.clone() });
    let known = usage(meaning, Via::Url, None, auth);
    Some(Usage { operation: format!("{method} {template}"), version: "unknown".to_owned(), successor: None, sunset: None, open, ..known })
}

/// Versions to try for a path, the most probable first.
const TRIED: [&str; 6] = ["v3", "2026-09", "2026-03", "v4", "v1", "v2"];

fn at_version(segments: &[String], version: &str) -> Vec<String> {
    segments.iter().map(|segment| if segment == VERSION { version.to_owned() } else { segment.clone() }).collect()
}

/// Completes a usage whose version was unknown, with the version from another file.
pub(in crate::detect::usage) fn closed(open: &Usage, version: &str) -> Option<Usage> {
    let segments = at_version(&open.open.as_ref()?.segments, version);
    let meaning = listed(open.method.and_then(Method::parse), true, &segments)?;
    Some(Usage { path: open.path.clone(), line: open.line, column: open.column, ..usage(meaning, Via::Url, None, open.auth) })
}

/// How a call authenticates. The call itself and its variables decide before the rest of the file.
fn auth(around: &Around<'_, '_, '_>, url: &Range<usize>, meaning: &Meaning, parts: &[Range<usize>]) -> UsageAuth {
    let (text, habits) = (around.text, around.habits);
    let of = |part: Range<usize>| habits.of_call(meaning, &text[part]);
    of(statement(text, url))
        .or_else(|| method::extent(text, url).into_iter().find_map(of))
        .or_else(|| parts.iter().cloned().find_map(of))
        .unwrap_or_else(|| habits.of_url(meaning))
}

/// The part of a call's statement that is near its URL.
fn statement(text: &[u8], url: &Range<usize>) -> Range<usize> {
    let near = url.start.saturating_sub(40)..text.len().min(url.end + 220);
    line_near(text, url.start).start.max(near.start)..line_near(text, url.end).end.min(near.end)
}

/// The host of a path, as far as the text shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// HubSpot's host is before the path.
    ToHost,
    /// The path has no host, but the file names HubSpot's host elsewhere.
    NearHost,
    /// The path has no host.
    Unknown,
}

/// The usages of a URL: one, or one for each verb of a path in an OpenAPI document, or one for each call that sends the
/// variable which holds the URL. The first call is reported at the URL itself.
pub(super) fn calls(around: &Around<'_, '_, '_>, url: &Range<usize>, read: &Read, sent: Sent) -> Vec<(usize, Usage)> {
    let verbs = document::verbs(around.text, url);
    if !verbs.is_empty() {
        let seen = |method| Seen { method: Some(method), sure: true, ..Seen::default() };
        return verbs.into_iter().filter_map(|(at, method)| Some((at, call(around, url, read, sent, &seen(method))?))).collect();
    }
    if !is_call(read, sent) {
        return Vec::new();
    }
    if read.segments.iter().any(|segment| segment == VERSION) {
        return of_open_version(around, url, read).map(|usage| (url.start, usage)).into_iter().collect();
    }
    let seen = around.method(url);
    if around.per == Per::Url {
        return call(around, url, read, sent, &seen).map(|usage| (url.start, usage)).into_iter().collect();
    }
    if seen.sends.is_empty() {
        let named = if (around.program)().is_none() { names::uses(around.text, url) } else { Vec::new() };
        let of_name = named.iter().filter_map(|name| {
            let whole = Read { segments: [read.segments.as_slice(), &appended(around.text, name)].concat(), open: None, end: read.end };
            let own = Seen { method: method::of(around.text, name), sent: true, ..Seen::default() };
            Some((name.start, call(around, url, &whole, sent, &own)?))
        });
        let of_name: Vec<_> = of_name.collect();
        if !of_name.is_empty() {
            return of_name;
        }
        return call(around, url, read, sent, &seen).map(|usage| (url.start, usage)).into_iter().collect();
    }
    let mut found: Vec<(usize, Usage)> = Vec::new();
    for send in &seen.sends {
        let longer = appended(around.text, &send.at);
        let segments = read.segments.iter().chain(&longer).cloned().collect();
        let whole = Read { segments, open: read.open.clone(), end: read.end };
        let own = Seen { method: Some(send.method), sure: send.sure, sent: true, parts: seen.parts.clone(), sends: Vec::new() };
        // The first call of a function's own variable is reported at the URL. The definition of a constant is not a call.
        let at = if found.is_empty() && !send.of_constant { url.start } else { send.at.start };
        found.extend(call(around, url, &whole, sent, &own).map(|usage| (at, usage)));
    }
    found
}

/// The segments that a call appends to this variable: `url + '/5'`, `${url}/search`, `$url/5`.
fn appended(text: &[u8], variable: &Range<usize>) -> Vec<String> {
    let end = variable.end;
    static SLASH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"^(?-u)(?:\}|\s*[+.]\s*[fbr$@]?["'`])/"#).expect("a constant"));
    let near = &text[end..text.len().min(end + 40)];
    let expanded = text[..variable.start].ends_with(b"$") || text[variable.start..].starts_with(b"$");
    let slash = if expanded && near.starts_with(b"/") { Some(1) } else { SLASH.find(near).map(|slash| slash.end()) };
    let read = |from: usize| read_from(text, from, &Constants::of(b"")).segments;
    slash.map(|slash| read(end + slash)).or_else(|| names::formatted(text, variable.start).map(read)).unwrap_or_default()
}

/// Whether a path may belong to a HubSpot call.
fn is_call(read: &Read, sent: Sent) -> bool {
    let segments = read.segments.as_slice();
    let versioned = segments.iter().any(|segment| is_version(segment) || segment == VERSION);
    let known = || sent == Sent::ToHost || segments.first().is_some_and(|first| first == "integrations");
    segments.iter().any(|segment| segment == VERSION) || segments.len() >= 2 && (versioned || known())
}

/// The usage of a URL, if its path is HubSpot's. A path on HubSpot's host always is, listed or not.
fn call(around: &Around<'_, '_, '_>, url: &Range<usize>, read: &Read, sent: Sent, seen: &Seen) -> Option<Usage> {
    let text = around.text;
    let segments = read.segments.as_slice();
    if !is_call(read, sent) {
        return None;
    }
    if segments.iter().any(|segment| segment == VERSION) {
        return of_open_version(around, url, read);
    }
    let versioned = segments.iter().any(|segment| is_version(segment));
    let (method, sure) = (seen.method, seen.sure);
    let goes_on = || {
        // `paste0("…/contacts/", id)`: a language without a join operator may append a segment that can't be seen.
        let longer: Vec<String> = segments.iter().cloned().chain(["{}".to_owned()]).collect();
        text[..url.end].ends_with(b"/").then(|| resolve(Some(method?), &longer)).flatten()
    };
    let as_told = method.and_then(|method| resolve(Some(method), segments)).or_else(goes_on);
    let meaning = as_told.or_else(|| listed(method, sure, segments)).or_else(|| match sent {
        Sent::ToHost if versioned => unlisted(method, segments),
        // A base URL with two segments has its calls elsewhere. A longer URL is a call of its own, and so is one that is sent.
        Sent::ToHost => ((segments.len() >= 3 || seen.sent) && !text[..url.end].ends_with(b"/")).then(|| elsewhere(method, segments, "")),
        // Other vendors have a `/crm/v8/Contacts`, too.
        Sent::NearHost => unlisted(method, segments).filter(|_| stems::is_known(segments)),
        Sent::Unknown => None,
    })?;
    let auth = auth(around, url, &meaning, &seen.parts);
    Some(usage(meaning, Via::Url, None, auth))
}

/// The meaning of a path. A method that the path does not have was read from the wrong place, unless the syntax tree
/// shows it.
pub(super) fn listed(method: Option<Method>, sure: bool, segments: &[String]) -> Option<Meaning> {
    resolve(method, segments).or_else(|| {
        let meaning = resolve(None, segments)?;
        let other = method.filter(|_| sure && method != meaning.method);
        Some(if other.is_some() { Meaning { method: other, scopes: Vec::new(), ..meaning } } else { meaning })
    })
}
