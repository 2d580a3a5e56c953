//! Calls by URL: whole URLs, and paths that code joins to a base URL from elsewhere in the file.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::{Method, tables};
use regex::bytes::Regex;

use super::Habits;
use super::constants::Constants;
use super::others::OtherHosts;
use super::path::{Read, VERSION, read_from, read_path};
use super::route::{is_annotated, is_parameter, is_route};
use super::tree::{self, Answer, Program, Send, Told};
use super::{Meaning, Per, UNKNOWN, elsewhere, is_version, method, resolve, unlisted, usage};
use super::{document, joined, names};
use crate::code::Language;
use crate::code::syntax::Source;
use crate::detect::Text;
use crate::finding::{OpenVersion, Usage, UsageAuth, Via};
use crate::stems;
use crate::text::{contains_ignore_case, is_comment, line_near};

/// HubSpot's API hosts.
pub(super) static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\b(?:https?:(?:\\?/){2})?(?:api(?:-[a-z]{2}\d)?\.(?:hubapi|hubspot|hubapiqa)\.com|api(?:-[a-z]{2}\d)?\.hsforms\.com|forms(?:-[a-z]{2}\d)?\.(?:hubspot|hsforms)\.com)(?::443)?")
        .expect("a constant")
});

/// The first segments of HubSpot's paths. Read from the raw rows, since a text without a call needs no full catalog.
static FAMILIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let of_catalog = tables::endpoint_rows().map(|row| row.template);
    let older = tables::pre_v3().iter().map(|row| row.prefix);
    of_catalog
        .chain(older)
        .filter_map(|path| path.split('/').nth(1))
        .filter(|segment| !segment.starts_with('{') && *segment != "path")
        .collect()
});

/// A path at the start of a string, or after the placeholder of an interpolation or a format.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)(?P<before>^|["'`})>\s]|%s|%v|\\"|\$[A-Za-z_]+|callout:\w+)(?P<path>(?:\\?/)?(?P<family>[a-z][a-z-]{2,40})\\?/)"#)
        .expect("a constant")
});

/// A string that begins like a path, for base URLs that hold a part of it.
static REST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?-u)(?P<before>["'`}])(?P<path>/?[a-z][a-z0-9_-]*(?:["'`?]|/))"#).expect("a constant"));

/// A path that is a key of YAML, below the base of an OpenAPI document.
static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m-u)^[ \t]+(?P<path>/[a-z][^\s:]*):[ \t]*\r?$").expect("a constant"));

/// The base path of a Swagger 2 document.
fn base_path(text: &[u8]) -> Option<Vec<String>> {
    static BASE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?m-u)^[ \t{]*"?basePath"?\s*:\s*["']?(?P<base>/[a-z0-9/-]{2,80})"#).expect("a constant"));
    let base = BASE.captures(text)?.name("base")?;
    Some(String::from_utf8_lossy(base.as_bytes()).split('/').filter(|one| !one.is_empty()).map(str::to_owned).collect())
}

/// Spans of a text that do not overlap.
#[derive(Default)]
struct Stretches(BTreeMap<usize, usize>);

impl Stretches {
    fn add(&mut self, stretch: &Range<usize>) {
        let (mut start, mut end) = (stretch.start, stretch.end);
        while let Some((&other, &others_end)) = self.0.range(..end.max(start + 1)).next_back().filter(|(_, reaches)| **reaches > start) {
            self.0.remove(&other);
            (start, end) = (start.min(other), end.max(others_end));
        }
        self.0.insert(start, end);
    }

    fn contains(&self, at: usize) -> bool {
        self.0.range(..=at).next_back().is_some_and(|(_, end)| at < *end)
    }
}

/// A text, with what is computed about it once.
struct Around<'s, 'c, 't> {
    text: &'t [u8],
    habits: &'s Habits<'t>,
    program: &'s dyn Fn() -> Option<&'s Program<'s, 'c>>,
    per: Per,
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

/// Finds calls by URL.
pub(super) fn find<'t>(text: Text<'t>, habits: &Habits<'t>, per: Per) -> Vec<(usize, Usage)> {
    let bytes = text.bytes;
    let constants = Constants::of(bytes);
    let content: OnceCell<Option<(Language, Cow<'t, str>)>> = OnceCell::new();
    let source: OnceCell<Option<Source<'_>>> = OnceCell::new();
    let program: OnceCell<Option<Program<'_, '_>>> = OnceCell::new();
    let read = || {
        source.get_or_init(|| {
            content.get_or_init(|| tree::program(text)).as_ref().and_then(|(language, text)| Source::parse(*language, text))
        })
    };
    let parsed = || program.get_or_init(|| read().as_ref().map(Program::of)).as_ref();
    let around = &Around { text: bytes, habits, program: &parsed, per };
    let mut found = Vec::new();
    let mut taken = Stretches::default();
    let mut bases: Vec<Vec<String>> = Vec::new();
    let code = is_code(text.path);
    for host in HOST.find_iter(bytes) {
        let mut read = read_path(bytes, host.end(), &constants);
        let mut url = host.start()..read.end;
        taken.add(&url);
        if code && is_commented_out(text.path, &bytes[line_near(bytes, host.start()).start..host.start()]) {
            continue;
        }
        if read.segments.is_empty()
            && let Some(path) = names::beside_host(bytes, &host.range())
        {
            read = read_from(bytes, path, &constants);
            url = path..read.end;
            taken.add(&(path - 1..read.end));
        }
        let calls = calls(around, &url, &read, Sent::ToHost);
        if !calls.is_empty() {
            found.extend(calls);
        } else if !read.segments.is_empty() && read.segments.len() <= 4 {
            bases.push(read.segments);
        }
    }
    let prose = is_prose(text.path);
    let shell = bytes.starts_with(b"#!") || [".sh", ".bash", ".zsh"].iter().any(|ending| text.path.ends_with(ending));
    let calls_hubspot = !taken.0.is_empty();
    let docstrings = docstrings(text);
    let mut others = OtherHosts::default();
    for captures in PATH.captures_iter(bytes) {
        let (Some(path), Some(before)) = (captures.name("path"), captures.name("before")) else { continue };
        if !captures
            .name("family")
            .and_then(|family| std::str::from_utf8(family.as_bytes()).ok())
            .is_some_and(|family| FAMILIES.contains(family))
        {
            continue;
        }
        let start = path.start();
        let keyed = path.as_bytes().starts_with(b"/") && is_yaml_value(bytes, start);
        let spaced = !keyed && !shell && before.as_bytes().iter().any(u8::is_ascii_whitespace) || before.is_empty();
        if taken.contains(start)
            || in_comment(bytes, start)
            || (prose || spaced || docstrings.contains(start)) && !is_told(bytes, start) && !is_yaml_key(bytes, start)
        {
            continue;
        }
        let slash = start + path.as_bytes().iter().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
        let read = read_from(bytes, slash, &constants);
        if !read.segments.iter().take(4).any(|segment| is_version(segment) || segment == VERSION) {
            continue;
        }
        let url = start..read.end;
        if is_route(bytes, &url)
            || others.have(bytes, start)
            || others.callout(bytes, start, before.as_bytes())
            || names::has_other_host(bytes, read.end, |host| HOST.is_match(host))
        {
            continue;
        }
        // The base path of a whole interface: the paths of its calls continue it.
        if calls_hubspot && is_annotated(bytes, start) && resolve(None, &read.segments).is_none() {
            taken.add(&url);
            bases.push(read.segments);
            continue;
        }
        let sent = if calls_hubspot { Sent::NearHost } else { Sent::Unknown };
        // Every OAuth provider may have an `/oauth/v1/token`. It is HubSpot's only where HubSpot's name is near.
        if sent == Sent::Unknown && read.segments.first().is_some_and(|first| first == "oauth") && !is_beside_hubspot(bytes, &url) {
            continue;
        }
        let calls = calls(around, &url, &read, sent);
        if !calls.is_empty() {
            taken.add(&url);
            found.extend(calls);
        }
    }
    if calls_hubspot {
        for (url, read) in joined::find(bytes, |family| FAMILIES.contains(family)) {
            if !taken.contains(url.start) && !in_comment(bytes, url.start) && resolve(None, &read.segments).is_some() {
                taken.add(&url);
                found.extend(calls(around, &url, &read, Sent::NearHost));
            }
        }
    }
    bases.extend(base_path(bytes).filter(|_| calls_hubspot));
    bases.sort();
    bases.dedup();
    for base in bases.iter().take(4) {
        for captures in REST.captures_iter(bytes).chain(KEY.captures_iter(bytes)) {
            let Some(path) = captures.name("path") else { continue };
            if taken.contains(path.start())
                || in_comment(bytes, path.start())
                || is_parameter(bytes, path.start())
                || others.have_client(bytes, path.start())
            {
                continue;
            }
            let slash = path.start() + usize::from(path.as_bytes().starts_with(b"/"));
            let rest = read_from(bytes, slash, &constants);
            let segments: Vec<String> = base.iter().chain(&rest.segments).cloned().collect();
            let url = path.start()..rest.end;
            let catalogued = resolve(None, &segments)
                .is_some_and(|meaning| meaning.path.contains('{') || meaning.path.split('/').count() == segments.len() + 1);
            if catalogued {
                let calls = calls(around, &url, &Read { segments, open: rest.open, end: rest.end }, Sent::Unknown);
                if !calls.is_empty() {
                    taken.add(&url);
                    found.extend(calls);
                }
            }
        }
    }
    found
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
pub(super) fn closed(open: &Usage, version: &str) -> Option<Usage> {
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
enum Sent {
    /// HubSpot's host is before the path.
    ToHost,
    /// The path has no host, but the file names HubSpot's host elsewhere.
    NearHost,
    /// The path has no host.
    Unknown,
}

/// The usages of a URL: one, or one for each verb of a path in an OpenAPI document, or one for each call that sends the
/// variable which holds the URL. The first call is reported at the URL itself.
fn calls(around: &Around<'_, '_, '_>, url: &Range<usize>, read: &Read, sent: Sent) -> Vec<(usize, Usage)> {
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
fn listed(method: Option<Method>, sure: bool, segments: &[String]) -> Option<Meaning> {
    resolve(method, segments).or_else(|| {
        let meaning = resolve(None, segments)?;
        let other = method.filter(|_| sure && method != meaning.method);
        Some(if other.is_some() { Meaning { method: other, scopes: Vec::new(), ..meaning } } else { meaning })
    })
}

/// Whether a text holds a host of HubSpot's API.
pub fn has_host(text: &[u8]) -> bool {
    HOST.is_match(text)
}

/// Whether the URL with a query before `at` is one of those that take only the developer account's key.
pub fn developer_call(text: &[u8], at: usize) -> bool {
    let start = at.saturating_sub(300);
    let Some(host) = HOST.find_iter(&text[start..at]).last() else { return false };
    if text[start + host.end()..at].iter().any(|byte| byte.is_ascii_whitespace()) {
        return false;
    }
    let read = read_path(text, start + host.end(), &Constants::of(b""));
    let url = start + host.start()..read.end;
    listed(method::of(text, &url), false, &read.segments).is_some_and(|meaning| meaning.takes_developer_key())
}

/// Whether prose shows a path as a call: `GET /crm/…`, or the `path: '/crm/…'` of sample code.
fn is_told(text: &[u8], start: usize) -> bool {
    static OPTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)\b(?:path|url|uri|endpoint)["']?\s*[:=]\s*["'`]$"#).expect("a constant"));
    let line = line_near(text, start).start;
    if OPTION.is_match(&text[line..start]) {
        return true;
    }
    let before = text[line..start].trim_ascii_end();
    [b"GET".as_slice(), b"POST", b"PUT", b"PATCH", b"DELETE"].iter().any(|method| before.ends_with(method))
}

/// Whether the line of a path names HubSpot: `hubspotUrl + "/oauth/v1/token"`.
fn is_beside_hubspot(text: &[u8], url: &Range<usize>) -> bool {
    let line = line_near(text, url.start);
    let near = line.start.max(url.start.saturating_sub(120))..line.end.min(url.end + 120);
    contains_ignore_case(&text[near], b"hubspot")
}

/// The strings in triple quotes of a Python file: most are documentation.
fn docstrings(text: Text<'_>) -> Stretches {
    let mut strings = Stretches::default();
    if text.path.ends_with(".py") {
        let quotes: Vec<usize> = memchr::memmem::find_iter(text.bytes, b"\"\"\"").collect();
        quotes.chunks_exact(2).for_each(|pair| strings.add(&(pair[0]..pair[1])));
    }
    strings
}

/// Whether a value follows a key of YAML, unquoted: `path: /crm/…`.
fn is_yaml_value(text: &[u8], start: usize) -> bool {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^\s*(?:- )?[\w-]+:\s+$").expect("a constant"));
    KEY.is_match(&text[line_near(text, start).start..start])
}

/// Whether a path is a key of YAML, as in OpenAPI: `  /crm/v3/objects/contacts:`.
fn is_yaml_key(text: &[u8], start: usize) -> bool {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)^\s*["']?/[^\s"']+["']?:\s*$"#).expect("a constant"));
    KEY.is_match(&text[line_near(text, start)])
}

/// Whether a file is a program in a language that a grammar of [`Language`] reads, or in Elixir, Kotlin, Swift or Dart.
fn is_code(path: &str) -> bool {
    const ENDINGS: [&str; 20] = [
        "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "py", "php", "rb", "java", "go", "cs", "sh", "kt", "swift", "dart", "ex",
        "exs",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Whether the beginning of a program's line opens a comment. `--url` in a shell and `#base` in JavaScript do not.
fn is_commented_out(path: &str, head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let hash = [".py", ".rb", ".php", ".sh", ".ex", ".exs"].iter().any(|ending| path.ends_with(ending)) && head.starts_with(b"#");
    hash || [b"//".as_slice(), b"/*", b"* ", b"@moduledoc ", b"@doc "].iter().any(|mark| head.starts_with(mark))
}

/// Whether this place is in a comment that begins its line.
fn in_comment(text: &[u8], start: usize) -> bool {
    let head = &text[line_near(text, start).start..start];
    is_comment(head) || [b"@moduledoc ".as_slice(), b"@doc "].iter().any(|mark| head.trim_ascii_start().starts_with(mark))
}

pub(super) fn is_prose(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".md", ".rst", ".txt", ".adoc", ".html", ".mdx", ".mdc", ".cursorrules", ".windsurfrules", ".clinerules"]
        .iter()
        .any(|extension| path.ends_with(extension))
}
