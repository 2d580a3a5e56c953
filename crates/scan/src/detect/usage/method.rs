//! The HTTP method of a call, from the text around its URL.

mod extent;
mod settings;

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::Method;
use regex::bytes::Regex;

use self::extent::{
    REACH, argument_end, closing, command_around, enclosing_calls, enclosing_object, is_shell, powershell, statement_around,
};
use super::{document, scope, yaml};
use crate::text::{contains_ignore_case, is_word, line_near, words};

/// A method in the text of a call: as a string or constant, an option of curl, or a builder's method.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        (?: -X\s*\\?["']? | --request[\s=]+\\?["']? | -Method\s+["']? | -CustomMethod\s+["']? ) (?P<option>(?i)get|post|put|patch|delete)\b
        | (?: (?i:method|verb|type|customrequest|httpMethod|_method)\\?["']? \s*(?:=>|[:=,(])\s* (?:[\w.]*[.:])? [\[\\]?\\?["']? | (?i:HttpMethod|RequestMethod|Method|http|HTTP|Verb)[.:]+(?:Method)? | Net::HTTP:: )
          (?P<value>(?i)get|post|put|patch|delete)(?:\b|\(|Async)
        | \\?["'](?P<string>GET|POST|PUT|PATCH|DELETE)\\?["']
        | \.(?P<builder>GET|POST|PUT|PATCH|DELETE|get|post|put|patch|delete)!?\s*\(
        | \.http(?P<fuel>Get|Post|Put|Patch|Delete)\(
        | (?P<post>CURLOPT_POST\b|CURLOPT_POSTFIELDS|--data\b|--data-raw\b|--json\b|\breq_body_\w+\(|\s-d\s|\s-F\s|\s--form\s)
        | :(?P<symbol>get|post|put|patch|delete)\b
        | \b(?P<bare>GET|POST|PUT|PATCH|DELETE)\s+$
        "#,
    )
    .expect("a constant")
});

/// The method of the call that has its URL at `url`.
pub(super) fn of(text: &[u8], url: &Range<usize>) -> Option<Method> {
    let line = line_near(text, url.start);
    // `DELETE https://…` in .http files, logs and documentation.
    let before = &text[line.start.max(url.start.saturating_sub(REACH))..url.start];
    if let Some(word) = before.trim_ascii_end().rsplit(|byte| !byte.is_ascii_alphabetic()).next()
        && before.last().is_some_and(|byte| byte.is_ascii_whitespace())
        && let Some(method) = std::str::from_utf8(word).ok().and_then(Method::parse)
    {
        return Some(method);
    }
    // `request DELETE "/crm/…"`, `api POST "$BASE/crm/…"`.
    static HELPER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?:^|[\s("'])(?P<method>GET|POST|PUT|PATCH|DELETE)["']?(?:\s*=>)?[\s,]+["']?(?:\$?\{{0,2} ?\w+ ?\}{0,2})?$"#)
            .expect("a constant")
    });
    if let Some(method) = HELPER.captures(before).and_then(|captures| captures.name("method")) {
        return Method::parse(&String::from_utf8_lossy(method.as_bytes()));
    }
    // Lisps have the function after the parenthesis: `(client/post "…"`.
    static LISP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)\((?:[\w.-]+/)?(?P<method>get|post|put|patch|delete)\s+(?:\(str\s+[\w-]*\s*)?"$"#).expect("a constant")
    });
    if let Some(method) = LISP.captures(before).and_then(|captures| captures.name("method")) {
        return Method::parse(&String::from_utf8_lossy(method.as_bytes()).to_ascii_uppercase());
    }
    // Haskell's wreq: `postWith options (base ++ "…")`.
    static WITH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)\b(?P<method>get|post|put|patch|delete)(?:With\s+\w+)?\s+\(?"$"#).expect("a constant"));
    if let Some(method) = WITH.captures(before).and_then(|captures| captures.name("method")).filter(|_| contains_ignore_case(text, b"wreq"))
    {
        return Method::parse(&String::from_utf8_lossy(method.as_bytes()).to_ascii_uppercase());
    }
    if let Some(method) = yaml::method_beside(text, url.start) {
        return Some(method);
    }
    if let Some(method) = settings::of_sampler(text, url) {
        return Some(method);
    }
    // Bruno: `post {`, and the URL on the next line.
    static BLOCK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)(?:^|\n)(?P<method>get|post|put|patch|delete) \{\s*\n\s*url:\s*$").expect("a constant"));
    let above = &text[url.start.saturating_sub(60)..url.start];
    if let Some(method) = BLOCK.captures(above).and_then(|captures| captures.name("method")) {
        return Method::parse(&String::from_utf8_lossy(method.as_bytes()).to_ascii_uppercase());
    }
    if let Some(method) = settings::of_annotation(text, &line, url.start) {
        return Some(method);
    }
    if let Some(method) = settings::of_terraform(text, url) {
        return Some(method);
    }
    // An export has the method beside the URL, at any distance.
    if let Some(method) = document::method_beside(text, url.start) {
        return Some(method);
    }
    let calls = enclosing_calls(text, url.start);
    for call in &calls {
        if let Some(method) = callee_method(text, call.open) {
            return Some(method);
        }
    }
    if is_shell(text, &line) {
        let command = command_around(text, &line);
        return named(text, &command, url).or(Some(Method::Get));
    }
    if let Some(method) = settings::of_powershell_function(text, &line) {
        return named(text, &line, url).or(Some(method));
    }
    if let Some(command) = powershell(text, &line) {
        let method = named(text, &command, url);
        // A method in a variable is unknown. Without a method, these commands use GET.
        return method.or_else(|| (!contains_ignore_case(&text[command.clone()], b"-method ")).then_some(Method::Get));
    }
    // Options and arguments of the calls around the URL, innermost first; then the uses of the variable that holds the
    // URL; then the URL's statement.
    for call in &calls {
        let whole = call.open..closing(text, call.open);
        if let Some(method) = named(text, &whole, url) {
            return Some(method);
        }
        if is_bare_fetch(text, call.open, url.end) {
            return Some(Method::Get);
        }
        // Options in a variable, and other calls on the object that this call is made on.
        for value in scope::values_of_arguments(text, &(call.open..argument_end(text, call.open))) {
            if let Some(method) = told(text, &value) {
                return Some(method);
            }
        }
        if let Some(object) = scope::receiver(text, call.open).filter(|_| sets_url(text, call.open)) {
            let lines = scope::lines_with(text, object, call.open);
            if let Some(method) = lines.iter().find_map(|line| told(text, line)) {
                return Some(method);
            }
        }
    }
    if let Some(object) = enclosing_object(text, url.start)
        && let Some(method) = named(text, &object, url)
    {
        return Some(method);
    }
    if let Some(method) = uses_of_variable(text, url) {
        return Some(method);
    }
    let statement = statement_around(text, url);
    named(text, &statement, url).or_else(|| settings::reads_by_default(text, &statement, url.start).then_some(Method::Get))
}

/// The method in the name of a called function: `requests.post(`, `client.GetAsync(`.
fn callee_method(text: &[u8], open: usize) -> Option<Method> {
    let mut end = open;
    // `get<Type>(`
    if end > 0 && text[end - 1] == b'>' {
        end = memchr::memrchr(b'<', &text[..end])?;
    }
    while end > 0 && text[end - 1] == b' ' {
        end -= 1;
    }
    let start = text[..end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
    let name = &text[start..end];
    // `Req.delete!(…)`
    if name.is_empty() && text[..end].ends_with(b"!") {
        return callee_method(text, end - 1);
    }
    if name.starts_with(b"CURLOPT") || name.is_empty() {
        return None;
    }
    let words = words(name);
    let method = |word: &String| match word.as_str() {
        "get" => Some(Method::Get),
        "post" => Some(Method::Post),
        "put" => Some(Method::Put),
        "patch" => Some(Method::Patch),
        "delete" | "del" => Some(Method::Delete),
        _ => None,
    };
    // `getenv(`, `get_url(` and `getOrDefault(` do not send requests.
    if words.len() > 1
        && words.iter().any(|word| matches!(word.as_str(), "env" | "url" | "uri" | "config" | "property" | "request" | "setting"))
    {
        return None;
    }
    words.iter().find_map(method).filter(|_| words.len() <= 4)
}

/// The method that is nearest to the URL inside a range.
fn named(text: &[u8], range: &Range<usize>, url: &Range<usize>) -> Option<Method> {
    let mut best: Option<(usize, Method)> = None;
    for captures in NAMED.captures_iter(&text[range.clone()]) {
        let whole = captures.get(0)?;
        let (start, end) = (range.start + whole.start(), range.start + whole.end());
        if start < url.end && end > url.start {
            continue;
        }
        let word = ["option", "value", "string", "builder", "fuel", "symbol", "bare"].iter().find_map(|name| captures.name(name));
        let method = match word {
            Some(word) => Method::parse(&String::from_utf8_lossy(word.as_bytes()).to_ascii_uppercase())?,
            None => Method::Post,
        };
        let mut distance = if end <= url.start { url.start - end } else { start - url.end };
        // An explicit `method` counts before a mere hint of one.
        if captures.name("post").is_some() {
            distance += 4 * REACH;
        } else if captures.name("string").is_some() || captures.name("builder").is_some() || captures.name("symbol").is_some() {
            distance += REACH;
        }
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, method));
        }
    }
    best.map(|(_, method)| method)
}

/// Whether a call is `fetch(url)` without options: it uses GET, whatever the code after it does.
fn is_bare_fetch(text: &[u8], open: usize, end: usize) -> bool {
    let rest = &text[end..text.len().min(end + REACH)];
    let after = rest.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`'));
    text[..open].ends_with(b"fetch") && after == Some(&b')')
}

/// Whether a call only sets where a request goes: other calls on the same object set the method.
fn sets_url(text: &[u8], open: usize) -> bool {
    static SETS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i-u)(?:set_?(?:endpoint|url|uri)|curl_(?:easy_)?setopt|\burl|\buri|\bopen)$").expect("a constant"));
    SETS.is_match(&text[line_near(text, open).start..open])
}

/// The method that a text names, or else the one that a request with its body has.
fn told(text: &[u8], range: &Range<usize>) -> Option<Method> {
    let mut sends = None;
    for captures in NAMED.captures_iter(&text[range.clone()]) {
        if let Some(word) = captures.name("option").or_else(|| captures.name("value")) {
            return Method::parse(&String::from_utf8_lossy(word.as_bytes()).to_ascii_uppercase());
        }
        if let Some(word) =
            captures.name("string").filter(|_| captures.get(0).is_some_and(|whole| is_customrequest(text, range, whole.start())))
        {
            return Method::parse(&String::from_utf8_lossy(word.as_bytes()));
        }
        sends = sends.or(captures.name("post").map(|_| Method::Post));
    }
    sends
}

/// Whether a string follows curl's option for methods.
fn is_customrequest(text: &[u8], range: &Range<usize>, at: usize) -> bool {
    let before = &text[range.start..range.start + at];
    before.windows(13).any(|window| window.eq_ignore_ascii_case(b"customrequest"))
}

/// The parts of a text that belong to the call around a URL: the whole call, and the values of its variables.
pub(super) fn extent(text: &[u8], url: &Range<usize>) -> Vec<Range<usize>> {
    let Some(outer) = enclosing_calls(text, url.start).into_iter().next_back() else { return Vec::new() };
    let whole = outer.open..argument_end(text, outer.open).max(url.end.min(text.len()));
    let values = scope::values_of_arguments(text, &whole);
    std::iter::once(whole).chain(values).collect()
}

/// The method in a later use of the variable that holds a URL: `url = "…"`, then `client.post(url)`.
fn uses_of_variable(text: &[u8], url: &Range<usize>) -> Option<Method> {
    static ASSIGNED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)\$?([A-Za-z_]\w*)(?:\s*:\s*[\w.<>]+)?\s*(?:=|:=|\+=|<-)\s*[^=;]*$").expect("a constant"));
    let line = line_near(text, url.start);
    let head = &text[line.start.max(url.start.saturating_sub(200))..url.start];
    let variable = ASSIGNED.captures(head)?.get(1)?.as_bytes();
    if matches!(variable, b"url" | b"uri" | b"path" | b"endpoint") && head.ends_with(b": ") {
        return None;
    }
    let after = line_near(text, url.end).end;
    let end = scope::after(text, url.start).end.max(text.len().min(after + REACH));
    let reach = &text[after..end.max(after)];
    // The next assignment to the same variable begins another call.
    let again = Regex::new(&format!(r"(?-u)\b{}\s*(?::=|=[^=>]|<-)", String::from_utf8_lossy(variable))).ok()?;
    let stop = again.find(reach).map_or(reach.len(), |found| line_near(reach, found.start()).start);
    for start in memchr::memmem::find_iter(&reach[..stop], variable) {
        let whole = (start == 0 || !is_word(reach[start - 1])) && reach.get(start + variable.len()).is_none_or(|byte| !is_word(*byte));
        if !whole {
            continue;
        }
        let place = after + start..after + start + variable.len();
        for call in enclosing_calls(text, place.start) {
            if let Some(method) = callee_method(text, call.open) {
                return Some(method);
            }
            // `Net::HTTP::Post.new(uri)`
            let head = line_near(text, call.open).start..closing(text, call.open).min(after + stop);
            if let Some(method) = named(text, &head, &place) {
                return Some(method);
            }
            if is_bare_fetch(text, call.open, place.end) {
                return Some(Method::Get);
            }
        }
    }
    // OCaml calls without parentheses: `Client.post ~body uri`.
    let called = format!(r"(?-u)\bClient\.(?P<method>get|post|put|patch|delete)\b[^\n(]*\b{}\b", String::from_utf8_lossy(variable));
    if let Some(found) = Regex::new(&called).ok()?.captures(&reach[..stop]) {
        return Method::parse(&String::from_utf8_lossy(found.name("method")?.as_bytes()).to_ascii_uppercase());
    }
    // `curl_setopt($ch, CURLOPT_CUSTOMREQUEST, 'PUT')` and the like, a few lines below: up to the end of the
    // function, and to the URL of another call.
    let indented = text[line.clone()].first().is_some_and(u8::is_ascii_whitespace);
    let own = if indented { scope::after(text, url.start).end.saturating_sub(after).min(stop) } else { stop };
    let other = memchr::memmem::find(&reach[..own], b"://").map_or(own, |at| line_near(reach, at).start);
    named(text, &(after..after + other), url)
}
