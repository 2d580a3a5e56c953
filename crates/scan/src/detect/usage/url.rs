//! Calls by URL: whole URLs, and paths that code joins to a base URL from elsewhere in the file.

mod call;
mod place;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::LazyLock;

use keyway_core::catalog::tables;
use regex::bytes::Regex;

use self::call::{Around, Sent, calls, listed};
use self::place::{Stretches, docstrings, in_comment, is_beside_hubspot, is_code, is_commented_out, is_told, is_yaml_key, is_yaml_value};
use super::constants::Constants;
use super::others::OtherHosts;
use super::path::{Read, VERSION, read_from, read_path};
use super::route::{is_annotated, is_parameter, is_route};
use super::tree::{self, Program};
use super::{Habits, Per, is_version, joined, method, names, resolve};
use crate::code::Language;
use crate::code::syntax::Source;
use crate::detect::Text;
use crate::finding::Usage;
use crate::text::line_near;

pub(super) use self::call::closed;
pub(super) use self::place::is_prose;

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
    let calls_hubspot = !taken.is_empty();
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
