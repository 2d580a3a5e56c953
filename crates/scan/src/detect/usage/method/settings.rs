//! Methods outside of the call itself: in an annotation, a block of settings, a function's default.

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::Method;
use regex::bytes::Regex;

use super::extent::REACH;
use crate::detect::usage::scope;
use crate::text::{contains_ignore_case, line_near};

/// The method in an annotation beside that of the path: `@GET @Path("/contacts")`.
pub(super) fn of_annotation(text: &[u8], line: &Range<usize>, at: usize) -> Option<Method> {
    static VERB: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)@(?P<verb>GET|POST|PUT|PATCH|DELETE)\b").expect("a constant"));
    let before = &text[line.start..at];
    (before.ends_with(b"@Path(\"") || before.ends_with(b"@Path('")).then_some(())?;
    let annotates = |line: &Range<usize>| text[line.clone()].trim_ascii_start().starts_with(b"@");
    let mut whole = line.clone();
    for _ in 0..4 {
        let above = whole.start.checked_sub(1).map(|at| line_near(text, at)).filter(annotates);
        let below = (whole.end + 1 < text.len()).then(|| line_near(text, whole.end + 1)).filter(annotates);
        whole = above.map_or(whole.start, |above| above.start)..below.map_or(whole.end, |below| below.end);
    }
    let verb = VERB.captures(&text[whole])?.name("verb")?;
    Method::parse(&String::from_utf8_lossy(verb.as_bytes()))
}

/// The method of a PowerShell function in the same file, where the call names none.
pub(super) fn of_powershell_function(text: &[u8], line: &Range<usize>) -> Option<Method> {
    static CALLED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)(?:^|[\s=(|])(?P<name>[A-Z]\w+-\w+)\s").expect("a constant"));
    static DEFAULT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i-u)\$(?:method|verb)\s*=\s*["'](?P<method>[a-z]+)["']"#).expect("a constant"));
    let name = CALLED.captures(&text[line.clone()])?.name("name")?.as_bytes();
    let defined = [b"function ".as_slice(), name].concat();
    let start = memchr::memmem::find(text, &defined).filter(|start| !line.contains(start))?;
    let head = &text[start..text.len().min(start + REACH)];
    let method = DEFAULT.captures(head)?.name("method")?;
    Method::parse(&String::from_utf8_lossy(method.as_bytes()).to_ascii_uppercase())
}

/// The method of Terraform's `data "http"`: GET, unless its block names another.
pub(super) fn of_terraform(text: &[u8], url: &Range<usize>) -> Option<Method> {
    static BLOCK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)(?:^|\n)data\s+"http"\s+"[^"\n]*"\s*\{"#).expect("a constant"));
    static METHOD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)\n\s*method\s*=\s*"(?P<method>[A-Z]+)""#).expect("a constant"));
    let floor = url.start.saturating_sub(2 * REACH);
    let open = floor + BLOCK.find_iter(&text[floor..url.start]).last()?.end();
    let ceiling = text.len().min(url.end + 2 * REACH);
    let close = memchr::memmem::find(&text[open..ceiling], b"\n}").map_or(ceiling, |at| open + at);
    (close > url.start).then_some(())?;
    let method = METHOD.captures(&text[open..close]).and_then(|captures| captures.name("method"));
    method.map_or(Some(Method::Get), |method| Method::parse(&String::from_utf8_lossy(method.as_bytes())))
}

/// The method of a JMeter sampler, whose path is at `url`.
pub(super) fn of_sampler(text: &[u8], url: &Range<usize>) -> Option<Method> {
    static METHOD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)name="HTTPSampler\.method">(?P<method>[A-Z]+)<"#).expect("a constant"));
    if !text[..url.start].ends_with(b"name=\"HTTPSampler.path\">") {
        return None;
    }
    let (before, after) = (&text[url.start.saturating_sub(4 * REACH)..url.start], &text[url.end..text.len().min(url.end + 4 * REACH)]);
    let opens = memchr::memmem::rfind(before, b"<HTTPSamplerProxy").unwrap_or(0);
    let closes = memchr::memmem::find(after, b"</HTTPSamplerProxy").unwrap_or(after.len());
    let found = METHOD.captures(&after[..closes]).or_else(|| METHOD.captures(&before[opens..]))?;
    Method::parse(&String::from_utf8_lossy(found.name("method")?.as_bytes()))
}

/// Whether the code that sends a URL uses GET where it names no method: PowerShell's commands, Swift's sessions and
/// Alamofire, R's httr2. The sender is in the statement of the URL, or below it in the same function.
pub(super) fn reads_by_default(text: &[u8], statement: &Range<usize>, url: usize) -> bool {
    static READS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)Invoke-(?:RestMethod|WebRequest)\b|URLSession\.\w+\.data\w*\(|URLRequest\(|\.data\(from:|\bAF\.request\(|\breq_perform\w*\(|\breq_url_path\w*\(|\bWeb\.Contents\(|\bRequest\.Builder\(\)|\bIO\.popen|\burlread\(|\bwebread\(")
            .expect("a constant")
    });
    let end = scope::after(text, url).end.max(statement.end).min(statement.end + REACH).min(text.len());
    let range = &text[statement.start..end.max(statement.start)];
    let elsewhere = contains_ignore_case(&text[statement.clone()], b"-method ")
        || [b"httpmethod".as_slice(), b".method(", b"Content ="].iter().any(|word| contains_ignore_case(range, word));
    !elsewhere && READS.is_match(range)
}
