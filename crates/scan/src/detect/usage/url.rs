//! Calls by URL: whole ones, and paths that are put together with a base elsewhere in the file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::{Method, tables};
use regex::bytes::Regex;

use super::Habits;
use super::{Meaning, elsewhere, is_version, method, resolve, unlisted, usage};
use crate::detect::Text;
use crate::finding::{Usage, Via};
use crate::text::{contains_ignore_case, is_comment, line_near};

/// HubSpot's API hosts.
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\b(?:https?:(?:\\?/){2})?(?:api(?:-[a-z]{2}\d)?\.(?:hubapi|hubspot|hubapiqa)\.com|api(?:-[a-z]{2}\d)?\.hsforms\.com|forms(?:-[a-z]{2}\d)?\.(?:hubspot|hsforms)\.com)(?::443)?")
        .expect("a constant")
});

/// First segments of HubSpot's paths. Read from the rows: the whole catalog is loaded only when there is a call.
static FAMILIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let of_catalog = tables::endpoint_rows().map(|row| row.template);
    let older = tables::pre_v3().iter().map(|row| row.prefix);
    of_catalog
        .chain(older)
        .filter_map(|path| path.split('/').nth(1))
        .filter(|segment| !segment.starts_with('{') && *segment != "path")
        .collect()
});

/// A path that starts a string, or follows what an interpolation or a format leaves open.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)(?P<before>^|["'`})>\s]|%s|%v|\\"|\$[A-Za-z_]+)(?P<path>(?:\\?/)?(?P<family>[a-z][a-z-]{2,40})\\?/)"#)
        .expect("a constant")
});

/// A string that begins like a path, for bases that hold a part of it.
static REST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?-u)(?P<before>["'`}])(?P<path>/?[a-z][a-z0-9_-]*(?:["'`?]|/))"#).expect("a constant"));

/// A path as read from a text.
struct Read {
    /// Its segments; `{}` is what is filled in at run time.
    segments: Vec<String>,
    /// Where its text ends, query included.
    end: usize,
}

/// Stretches of a text, from where to where; none reaches into another.
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

/// Finds calls by URL.
pub(super) fn find(text: Text<'_>, habits: &Habits<'_>) -> Vec<(usize, Usage)> {
    let bytes = text.bytes;
    let mut found = Vec::new();
    let mut taken = Stretches::default();
    let mut bases: Vec<Vec<String>> = Vec::new();
    for host in HOST.find_iter(bytes) {
        let read = read_path(bytes, host.end());
        let url = host.start()..read.end;
        taken.add(&url);
        match call(bytes, &url, &read.segments, Sent::ToHost, habits) {
            Some(usage) => found.push((url.start, usage)),
            None if !read.segments.is_empty() && read.segments.len() <= 4 => bases.push(read.segments),
            None => {}
        }
    }
    let prose = is_prose(text.path);
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
        let spaced = !keyed && before.as_bytes().iter().any(u8::is_ascii_whitespace) || before.is_empty();
        if taken.contains(start) || in_comment(bytes, start) || (prose || spaced || docstrings.contains(start)) && !is_told(bytes, start) {
            continue;
        }
        let slash = start + path.as_bytes().iter().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
        let read = read_from(bytes, slash);
        if !read.segments.iter().take(4).any(|segment| is_version(segment)) {
            continue;
        }
        let url = start..read.end;
        if is_route(bytes, &url) || others.have(bytes, start) {
            continue;
        }
        let sent = if calls_hubspot { Sent::NearHost } else { Sent::Unknown };
        // Everybody has an `/oauth/v1/token`: HubSpot's is one that HubSpot stands beside.
        if sent == Sent::Unknown && read.segments.first().is_some_and(|first| first == "oauth") && !is_beside_hubspot(bytes, &url) {
            continue;
        }
        if let Some(usage) = call(bytes, &url, &read.segments, sent, habits) {
            taken.add(&url);
            found.push((url.start, usage));
        }
    }
    bases.sort();
    bases.dedup();
    for base in bases.iter().take(4) {
        for captures in REST.captures_iter(bytes) {
            let Some(path) = captures.name("path") else { continue };
            if taken.contains(path.start()) || in_comment(bytes, path.start()) {
                continue;
            }
            let slash = path.start() + usize::from(path.as_bytes().starts_with(b"/"));
            let rest = read_from(bytes, slash);
            let segments: Vec<String> = base.iter().chain(&rest.segments).cloned().collect();
            let url = path.start()..rest.end;
            let catalogued = resolve(None, &segments)
                .is_some_and(|meaning| meaning.path.contains('{') || meaning.path.split('/').count() == segments.len() + 1);
            if catalogued && let Some(usage) = call(bytes, &url, &segments, Sent::Unknown, habits) {
                taken.add(&url);
                found.push((path.start(), usage));
            }
        }
    }
    found
}

/// Where a path is sent, as far as its text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// To a host of HubSpot's that stands before it.
    ToHost,
    /// It has no host, and the file names one of HubSpot's elsewhere.
    NearHost,
    /// It has no host.
    Unknown,
}

/// The usage that a URL is, if its path is one of HubSpot's. What is sent to HubSpot's host is one, listed or not.
fn call(text: &[u8], url: &Range<usize>, segments: &[String], sent: Sent, habits: &Habits<'_>) -> Option<Usage> {
    let versioned = segments.iter().any(|segment| is_version(segment));
    if segments.len() < 2 || !versioned && sent != Sent::ToHost && segments.first().is_none_or(|first| first != "integrations") {
        return None;
    }
    let method = method::of(text, url);
    let meaning = listed(method, segments).or_else(|| match sent {
        Sent::ToHost if versioned => unlisted(method, segments),
        // A base of two segments has its calls elsewhere; a longer one is a call of its own.
        Sent::ToHost => (segments.len() >= 3 && !text[..url.end].ends_with(b"/")).then(|| elsewhere(method, segments, "")),
        // Other vendors have a `/crm/v8/Contacts`, too.
        Sent::NearHost => unlisted(method, segments).filter(|_| is_known_stem(segments)),
        Sent::Unknown => None,
    })?;
    let near = url.start.saturating_sub(40)..text.len().min(url.end + 220);
    let statement = line_near(text, url.start).start.max(near.start)..line_near(text, url.end).end.min(near.end);
    let auth = habits.of_url(&meaning, &text[statement]);
    Some(usage(meaning, Via::Url, None, auth))
}

/// Whether the catalog has paths that begin like this one, up to its version and the segment after it.
fn is_known_stem(segments: &[String]) -> bool {
    static STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let of_catalog = tables::endpoint_rows().map(|row| row.template);
        let older = tables::pre_v3().iter().map(|row| row.prefix);
        of_catalog.chain(older).filter_map(|path| stem(path.split('/').skip(1), |segment| segment.starts_with('{'))).collect()
    });
    let own = |more: usize| {
        let version = segments.iter().position(|segment| is_version(segment))?;
        Some(segments.get(..=version + more)?.join("/"))
    };
    own(0).is_some_and(|stem| STEMS.contains(&stem)) || own(1).is_some_and(|stem| STEMS.contains(&stem))
}

/// A path up to its version and the segment after it, if that is not filled in at run time.
fn stem<'p>(segments: impl Iterator<Item = &'p str>, open: impl Fn(&str) -> bool) -> Option<String> {
    let segments: Vec<&str> = segments.collect();
    let version = segments.iter().position(|segment| is_version(segment))?;
    let next = segments.get(version + 1).filter(|next| !open(next));
    Some(segments[..version + 1 + usize::from(next.is_some())].join("/"))
}

/// What a path means. A method that it does not have was read from the wrong place.
fn listed(method: Option<Method>, segments: &[String]) -> Option<Meaning> {
    resolve(method, segments).or_else(|| resolve(None, segments))
}

/// Whether the URL that ends in a query before `at` is one that only the developer account's key opens.
pub fn developer_call(text: &[u8], at: usize) -> bool {
    let start = at.saturating_sub(300);
    let Some(host) = HOST.find_iter(&text[start..at]).last() else { return false };
    if text[start + host.end()..at].iter().any(|byte| byte.is_ascii_whitespace()) {
        return false;
    }
    let read = read_path(text, start + host.end());
    let url = start + host.start()..read.end;
    listed(method::of(text, &url), &read.segments).is_some_and(|meaning| meaning.takes_developer_key())
}

/// Whether a path in prose is told to be called: `GET /crm/…`, or the `path: '/crm/…'` of sample code.
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

/// Whether a path is one that this program answers, not one that it calls.
fn is_route(text: &[u8], url: &Range<usize>) -> bool {
    static DEFINES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?:\b(?:app|router|server|Route|mux|bp|blueprint|fastify)(?:\.|::)\w+\(|@\w*(?:Mapping|route|Path)\()\s*["'`]$"#)
            .expect("a constant")
    });
    static HANDLED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)^["'`](?:,\s*to:|\s*=>\s*["']\w+#)"#).expect("a constant"));
    let line = line_near(text, url.start);
    DEFINES.is_match(&text[line.start..url.start]) || HANDLED.is_match(&text[url.end.min(line.end)..line.end])
}

/// Whether HubSpot is named on the line of a path: `hubspotUrl + "/oauth/v1/token"`.
fn is_beside_hubspot(text: &[u8], url: &Range<usize>) -> bool {
    let line = line_near(text, url.start);
    let near = line.start.max(url.start.saturating_sub(120))..line.end.min(url.end + 120);
    contains_ignore_case(&text[near], b"hubspot")
}

/// Names in a file, and whether what they are assigned there is another host.
#[derive(Default)]
struct OtherHosts(HashMap<Vec<u8>, bool>);

impl OtherHosts {
    /// Whether the base that a path is put after is assigned another host in this file.
    fn have(&mut self, text: &[u8], start: usize) -> bool {
        let Some(base) = base_of(text, start) else { return false };
        match self.0.get(base) {
            Some(known) => *known,
            None => *self.0.entry(base.to_vec()).or_insert_with(|| is_on_another_host(text, base)),
        }
    }
}

/// The name that a path is put after: `${base}/crm/…`, `base + "/crm/…"`.
fn base_of(text: &[u8], start: usize) -> Option<&[u8]> {
    static BASE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)([A-Za-z_]\w*)(?:\(\))?\s*(?:\}|\)|\+\s*[fbr]?["'`]|\.\s*["']|,\s*["'`])$"#).expect("a constant")
    });
    let line = line_near(text, start).start.max(start.saturating_sub(120));
    BASE.captures(&text[line..start])?.get(1).map(|base| base.as_bytes())
}

fn is_on_another_host(text: &[u8], base: &[u8]) -> bool {
    let assigned = format!(
        r#"(?-u)\b{}["']?\s*(?::\s*\w+\s*)?(?::|:?=|=>)\s*[^\n]{{0,40}}?["'`]https?://([^/"'`\s]+)"#,
        String::from_utf8_lossy(base)
    );
    let Ok(assigned) = Regex::new(&assigned) else { return false };
    let mut hosts = assigned.captures_iter(text).filter_map(|captures| captures.get(1)).peekable();
    hosts.peek().is_some() && hosts.all(|host| !HOST.is_match(host.as_bytes()))
}

/// The strings in triple quotes of a Python file: mostly documentation.
fn docstrings(text: Text<'_>) -> Stretches {
    let mut strings = Stretches::default();
    if text.path.ends_with(".py") {
        let quotes: Vec<usize> = memchr::memmem::find_iter(text.bytes, b"\"\"\"").collect();
        quotes.chunks_exact(2).for_each(|pair| strings.add(&(pair[0]..pair[1])));
    }
    strings
}

/// Whether a value stands after a key of YAML, unquoted: `path: /crm/…`.
fn is_yaml_value(text: &[u8], start: usize) -> bool {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^\s*(?:- )?[\w-]+:\s+$").expect("a constant"));
    KEY.is_match(&text[line_near(text, start).start..start])
}

/// Whether what stands here is in a comment that begins its line.
fn in_comment(text: &[u8], start: usize) -> bool {
    is_comment(&text[line_near(text, start).start..start])
}

fn is_prose(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".md", ".rst", ".txt", ".adoc", ".html", ".mdx"].iter().any(|extension| path.ends_with(extension))
}

/// Reads the path after a host: nothing, or a slash and what follows.
fn read_path(text: &[u8], at: usize) -> Read {
    match text.get(at) {
        Some(b'/') => read_from(text, at + 1),
        Some(b'\\') if text.get(at + 1) == Some(&b'/') => read_from(text, at + 2),
        Some(b'%') if text[at..].len() > 3 && text[at..at + 3].eq_ignore_ascii_case(b"%2f") => read_from(text, at + 3),
        // `"https://api.hubapi.com" + "/crm/…"`
        Some(b'"' | b'\'' | b'`') => match continued(text, at) {
            Some((next, false)) if text.get(next) == Some(&b'/') => read_from(text, next + 1),
            _ => Read { segments: Vec::new(), end: at },
        },
        _ => Read { segments: Vec::new(), end: at },
    }
}

/// Reads segments from the first letter of a path on, through interpolations and concatenations.
fn read_from(text: &[u8], start: usize) -> Read {
    const PATH_MAX: usize = 600;
    let mut segments: Vec<String> = Vec::new();
    let mut segment = String::new();
    let mut at = start;
    let limit = text.len().min(start + PATH_MAX);
    while at < limit {
        let rest = &text[at..limit];
        if let Some(length) = placeholder(rest) {
            segment.push_str("{}");
            at += length;
            continue;
        }
        match rest[0] {
            b'/' => {
                push(&mut segments, &mut segment);
                at += 1;
            }
            b'\\' if rest.get(1) == Some(&b'/') => {
                push(&mut segments, &mut segment);
                at += 2;
            }
            b'%' if rest.len() >= 3 && rest[..3].eq_ignore_ascii_case(b"%2f") => {
                push(&mut segments, &mut segment);
                at += 3;
            }
            b'%' if rest.len() >= 3 && rest[1..3].iter().all(u8::is_ascii_hexdigit) && !rest[..3].eq_ignore_ascii_case(b"%3f") => {
                segment.push('%');
                segment.push(char::from(rest[1]));
                segment.push(char::from(rest[2]));
                at += 3;
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-' | b'@' | b'+' | b'*') => {
                segment.push(char::from(byte));
                at += 1;
            }
            b'"' | b'\'' | b'`' => match continued(text, at) {
                Some((next, filled)) => {
                    // `".../" + id` fills a segment; `"...contacts" + query` adds to none.
                    if filled && segment.is_empty() {
                        segment.push_str("{}");
                    } else if filled {
                        let goes_on = matches!(text.get(next), Some(b'/'));
                        if !goes_on {
                            break;
                        }
                    }
                    at = next;
                }
                None => break,
            },
            b'\\' if matches!(rest.get(1), Some(b'"' | b'\'')) => match continued(text, at + 1) {
                Some((next, filled)) => {
                    if filled && segment.is_empty() {
                        segment.push_str("{}");
                    }
                    at = next;
                }
                None => break,
            },
            _ => break,
        }
    }
    push(&mut segments, &mut segment);
    // The query belongs to the URL's text, not to its path.
    let query = text[at..limit].iter().take_while(|byte| !matches!(byte, b'"' | b'\'' | b'`' | b' ' | b'\n' | b'\r')).count();
    let end = if matches!(text.get(at), Some(b'?' | b'%')) { at + query } else { at };
    Read { segments, end }
}

fn push(segments: &mut Vec<String>, segment: &mut String) {
    let segment = std::mem::take(segment);
    if !segment.is_empty() {
        segments.push(segment);
    }
}

/// The length of something that is filled in at run time: `${x}`, `{x}`, `#{x}`, `%s`, `:id`, `$x`, `<id>`.
fn placeholder(text: &[u8]) -> Option<usize> {
    let braced = |open: usize| {
        let mut depth = 0;
        for (at, byte) in text.iter().enumerate().skip(open).take(200) {
            match byte {
                b'{' | b'(' => depth += 1,
                b'}' | b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'\n' => return None,
                _ => {}
            }
        }
        None
    };
    let name = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    match text[0] {
        b'$' | b'#' | b'=' | b'\\'
            if text.get(1) == Some(&b'{')
                || text[0] == b'$' && text.get(1) == Some(&b'(')
                || text[0] == b'\\' && text.get(1) == Some(&b'(') =>
        {
            braced(1)
        }
        b'{' => braced(0),
        b'$' => {
            let mut length = 1 + name(1);
            while text[length..].starts_with(b"->") {
                length += 2 + name(length + 2);
            }
            (length > 1).then_some(length)
        }
        b'%' if text.get(1).is_some_and(|byte| matches!(byte, b's' | b'd' | b'v' | b'i')) => Some(2),
        b'%' if text.get(1) == Some(&b'(') => text.iter().take(60).position(|byte| *byte == b')').map(|at| (at + 2).min(text.len())),
        b'%' if text.get(1).is_some_and(u8::is_ascii_digit) && text.get(2) == Some(&b'$') => Some(4.min(text.len())),
        b':' if text.get(1).is_some_and(u8::is_ascii_alphabetic) => Some(1 + name(1)),
        b'<' if text.get(1).is_some_and(u8::is_ascii_alphabetic) => text.iter().take(40).position(|byte| *byte == b'>').map(|at| at + 1),
        b'[' if text.get(1).is_some_and(u8::is_ascii_alphabetic) => text.iter().take(40).position(|byte| *byte == b']').map(|at| at + 1),
        _ => None,
    }
}

/// After the quote at `quote` that ends a string: where the string goes on, and whether something
/// is put in between. None where it does not go on; a value put at the very end is at the end.
fn continued(text: &[u8], quote: usize) -> Option<(usize, bool)> {
    let limit = text.len().min(quote + 200);
    let mut at = skip_spaces(text, quote + 1, limit);
    let operator = joins(text, at)?;
    at = skip_spaces(text, at + operator, limit);
    if at < limit && text[at] == b'_' {
        at = skip_spaces(text, at + 1, limit);
    }
    if at < limit && matches!(text[at], b'"' | b'\'' | b'`') {
        return Some((at + 1, false));
    }
    // An expression, up to the operator before the next string or to its end.
    let mut depth = 0;
    let mut here = at;
    while here < limit {
        match text[here] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            b',' | b';' if depth == 0 => break,
            b'\n' if depth == 0 && joins(text, skip_spaces(text, here, limit)).is_none() => break,
            b'"' | b'\'' if depth == 0 => break,
            _ if depth == 0 && here > at => {
                if let Some(operator) = joins(text, here).filter(|_| {
                    text[here] != b'.' || text[here - 1] == b' ' || text.get(here + 1) == Some(&b'\'') || text.get(here + 1) == Some(&b'"')
                }) {
                    let next = skip_spaces(text, here + operator, limit);
                    if next < limit && matches!(text[next], b'"' | b'\'' | b'`') {
                        return Some((next + 1, true));
                    }
                }
            }
            _ => {}
        }
        here += 1;
    }
    // The offset is past any string, so that the reader ends there.
    (here > at).then_some((here, true))
}

fn skip_spaces(text: &[u8], mut at: usize, limit: usize) -> usize {
    while at < limit && text[at].is_ascii_whitespace() {
        at += 1;
    }
    at
}

/// The length of an operator that joins strings.
fn joins(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    [b"..".as_slice(), b"||", b"<>", b"+", b".", b"&", b"~"]
        .iter()
        .find(|operator| rest.starts_with(operator))
        .map(|operator| operator.len())
}
