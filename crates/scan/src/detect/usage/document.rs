//! Exports of workflow tools, node by node: steps that call HubSpot without a URL.

use std::ops::Range;
use std::sync::LazyLock;

use keyway_core::catalog::Method;
use regex::bytes::Regex;
use serde_json::Value;

use super::{other, resolve, segments_of, step, usage};
use crate::detect::Text;
use crate::finding::{Usage, UsageAuth, Via};

/// The largest export that is read, in bytes.
const EXPORT_MAX: usize = 16 << 20;

/// The marks of a HubSpot step: n8n's types, Make's and Zapier's modules, Pipedream's and Workato's apps, Power
/// Automate's connections, Node-RED's types.
static STEP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)"(?:
          type"\s*:\s*"(?P<n8n>(?:@n8n/)?(?:n8n-nodes-base|n8n-nodes-hubspot)\.\w*[hH]ub[sS]pot\w*)"
        | module"\s*:\s*"(?P<make>hubspot[\w-]*:\w+)"
        | selected_api"\s*:\s*"(?P<zapier>HubSpot\w*(?:CLI)?(?:API)?(?:@[\w.]+)?)"
        | (?:provider|app(?:_name)?|appKey|piece(?:Name)?)"\s*:\s*"(?P<app>(?:@activepieces/piece-)?hubspot(?:_crm|-crm)?)"
        | apiId"\s*:\s*"[^"]*/apis/(?P<power>shared_hubspot\w*)"
        | type"\s*:\s*"(?P<red>hubspot[ _-][\w -]+)"
        )"#,
    )
    .expect("a constant")
});

struct Row {
    resource: &'static str,
    operation: &'static str,
    method: Method,
    path: &'static str,
}

static N8N: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let rows = include_str!("../../../../../data/workflow_nodes.tsv").lines().skip(1);
    rows.filter_map(|line| {
        let [_, resource, operation, method, path] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        Some(Row { resource, operation, method: Method::parse(method)?, path })
    })
    .collect()
});

/// Finds steps of workflow tools.
pub(super) fn find(text: Text<'_>) -> Vec<(usize, Usage)> {
    let bytes = text.bytes;
    let is_export = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    if !is_export || bytes.len() > EXPORT_MAX {
        return Vec::new();
    }
    let steps: Vec<_> = STEP.captures_iter(bytes).collect();
    if steps.is_empty() {
        return Vec::new();
    }
    let braces = braces(bytes);
    let mut found = Vec::new();
    for captures in steps {
        let Some(whole) = captures.get(0) else { continue };
        let object = innermost(&braces, whole.start());
        let step: Value = object.and_then(|range| serde_json::from_slice(&bytes[range]).ok()).unwrap_or_default();
        let name = |group: &str| captures.name(group).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        let usage = name("n8n").map(|name| n8n(&name, &step)).or_else(|| {
            let tool = ["make", "zapier", "app", "power", "red"].into_iter().find_map(|group| Some((group, name(group)?)));
            tool.map(|(tool, name)| generic(tool, &name, &step))
        });
        found.extend(usage.map(|usage| (whole.start(), usage)));
    }
    found
}

/// A node of n8n. Its resource and operation name the call; where one is missing, the node's default applies.
fn n8n(name: &str, node: &Value) -> Usage {
    let parameters = &node["parameters"];
    let trigger = name.ends_with("Trigger");
    let resource = parameters["resource"].as_str().unwrap_or("contact");
    let default = match resource {
        "contact" => "upsert",
        "contactList" => "add",
        "form" => "getFields",
        _ => "create",
    };
    let operation = parameters["operation"].as_str().unwrap_or(default);
    let auth = n8n_auth(node, trigger);
    let call = if trigger { name.to_owned() } else { format!("{name} {resource}:{operation}") };
    let row = N8N.iter().find(|row| !trigger && row.resource == resource && row.operation == operation);
    let sent = match row {
        Some(row) => resolve(Some(row.method), &segments_of(row.path)),
        None if trigger => resolve(Some(Method::Post), &segments_of("/webhooks/v3/{appId}/subscriptions")),
        None => None,
    };
    match sent {
        Some(meaning) => usage(meaning, Via::Node, Some(call), auth),
        None => other(Via::Node, format!("node {call}"), Some(call), auth),
    }
}

/// How a node authenticates: by the credentials that it names, else by its setting, else by the default of its type.
fn n8n_auth(node: &Value, trigger: bool) -> UsageAuth {
    let has = |name: &str| node["credentials"].get(name).is_some();
    match node["parameters"]["authentication"].as_str() {
        _ if has("hubspotApi") => UsageAuth::Hapikey,
        _ if has("hubspotAppToken") || has("hubspotOAuth2Api") => UsageAuth::Bearer,
        _ if has("hubspotDeveloperApi") || trigger => UsageAuth::DeveloperKey,
        Some("appToken" | "oAuth2") => UsageAuth::Bearer,
        Some("apiKey") | None => UsageAuth::Hapikey,
        Some(_) => UsageAuth::Unknown,
    }
}

/// A step of another tool. The tool's own action name describes what the step does.
fn generic(tool: &str, name: &str, step: &Value) -> Usage {
    let action = ["action", "operationId", "name", "actionName", "key"].iter().find_map(|field| step[*field].as_str());
    let call = match action {
        Some(action) if tool != "make" => format!("{name} {action}"),
        _ => name.to_owned(),
    };
    let said = if tool == "make" { name.rsplit_once(':').map(|(_, module)| module) } else { action };
    let sent = said.and_then(step::operation).and_then(|(method, path)| resolve(Some(method), &segments_of(&path)));
    if let Some(meaning) = sent {
        return usage(meaning, Via::Node, Some(call), UsageAuth::Bearer);
    }
    // Connections of these tools use OAuth or private-app tokens; HubSpot has refused other credentials since 2022.
    other(Via::Node, format!("node {call}"), Some(call), UsageAuth::Bearer)
}

/// Pairs of braces in a JSON text, by the offset of the opening brace.
fn braces(text: &[u8]) -> Vec<Range<usize>> {
    let (mut pairs, mut open, mut string, mut at) = (Vec::new(), Vec::new(), false, 0);
    while at < text.len() {
        match text[at] {
            b'\\' if string => at += 1,
            b'"' => string = !string,
            b'{' if !string => open.push(at),
            b'}' if !string => pairs.extend(open.pop().map(|start| start..at + 1)),
            _ => {}
        }
        at += 1;
    }
    pairs.sort_by_key(|pair| pair.start);
    pairs
}

/// The innermost braces around an offset.
fn innermost(braces: &[Range<usize>], at: usize) -> Option<Range<usize>> {
    let before = braces.partition_point(|pair| pair.start <= at);
    braces[..before].iter().rev().find(|pair| at < pair.end).cloned()
}

/// The largest object of an export whose keys are read, in bytes.
const OBJECT_MAX: usize = 16 << 10;
/// The largest path of an OpenAPI document whose verbs are read, in bytes.
const PATH_MAX: usize = 512 << 10;
/// The most objects around a URL that are read.
const LEVELS_MAX: usize = 4;

/// Keys that hold a method. Zapier's webhooks call it the action.
const METHOD_KEYS: [&[u8]; 5] = [b"method", b"requestMethod", b"httpMethod", b"verb", b"action"];

/// The method beside a URL in a JSON export: the key `method` of one of the objects around the URL.
pub(super) fn method_beside(text: &[u8], at: usize) -> Option<Method> {
    if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let mut inner = at;
    for _ in 0..LEVELS_MAX {
        let open = opening(text, inner)?;
        let keys = keys(text, open, OBJECT_MAX);
        let method = keys.iter().filter(|(name, _)| METHOD_KEYS.contains(&&text[name.clone()])).find_map(|(_, value)| {
            let value: Vec<u8> = text[value.clone()].iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_uppercase).collect();
            Method::parse(std::str::from_utf8(&value).ok()?)
        });
        if method.is_some() {
            return method;
        }
        // A node of n8n and a request of Postman use GET where they have no key for the method.
        let reads = |(name, value): &(Range<usize>, Range<usize>)| match &text[name.clone()] {
            b"type" => memchr::memmem::find(&text[value.clone()], b"httpRequest").is_some(),
            b"request" => true,
            _ => false,
        };
        if keys.iter().any(reads) {
            return Some(Method::Get);
        }
        inner = open;
    }
    None
}

/// The verbs of a path that is a key of an OpenAPI document, in JSON or YAML, each with its offset.
pub(super) fn verbs(text: &[u8], path: &Range<usize>) -> Vec<(usize, Method)> {
    static JSON: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)^"\s*:\s*\{"#).expect("a constant"));
    static YAML: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)^["']?:[ \t]*\r?\n"#).expect("a constant"));
    let rest = &text[path.end..];
    let verb = |name: &[u8]| {
        Method::parse(&String::from_utf8_lossy(name).to_ascii_uppercase()).filter(|_| name.iter().all(u8::is_ascii_lowercase))
    };
    if let Some(head) = JSON.find(rest) {
        let keys = keys(text, path.end + head.end() - 1, PATH_MAX);
        return keys.into_iter().filter_map(|(name, _)| Some((name.start, verb(&text[name])?))).collect();
    }
    if YAML.find(rest).is_none() {
        return Vec::new();
    }
    let line = crate::text::line_near(text, path.start);
    let indent = crate::text::indent_of(&text[line.clone()]);
    let (mut end, mut own, mut found) = (crate::text::line_near(text, path.end).end, None, Vec::new());
    while end + 1 < text.len() && end < path.end + PATH_MAX {
        let line = crate::text::line_near(text, end + 1);
        let content = &text[line.clone()];
        let here = crate::text::indent_of(content);
        end = line.end.max(end + 1);
        if content.trim_ascii().is_empty() {
            continue;
        }
        if here <= indent {
            break;
        }
        let child = *own.get_or_insert(here);
        // `get:`, and `get: { summary: … }` on one line.
        let key = content.trim_ascii().splitn(2, |byte| *byte == b':').collect::<Vec<_>>();
        if here == child
            && let [name, value] = key.as_slice()
            && matches!(value.trim_ascii_start().first(), None | Some(b'{' | b'&' | b'*'))
            && let Some(method) = verb(name)
        {
            found.push((line.start + here, method));
        }
    }
    found
}

/// The opening brace around an offset. Braces inside of strings come in pairs in exports, so strings are not parsed.
fn opening(text: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(OBJECT_MAX);
    let mut depth = 0usize;
    for here in (floor..at).rev() {
        match text[here] {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => return Some(here),
            _ => {}
        }
    }
    None
}

/// The spans of an object's own keys, each with the span up to the end of its value's first token.
fn keys(text: &[u8], open: usize, most: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let limit = text.len().min(open + most);
    let (mut keys, mut depth, mut at) = (Vec::new(), 0usize, open);
    while at < limit {
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' => {
                let Some(close) = string_end(text, at, limit) else { break };
                let after = text[close..limit].iter().position(|byte| !byte.is_ascii_whitespace()).map(|skip| close + skip);
                if depth == 1 && after.is_some_and(|after| text[after] == b':') {
                    let value = after.map_or(close, |after| after + 1);
                    let end = text[value..limit]
                        .iter()
                        .position(|byte| matches!(byte, b',' | b'{' | b'[' | b'}' | b'\n'))
                        .map_or(limit, |end| value + end);
                    keys.push((at + 1..close - 1, value..end));
                }
                at = close;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    keys
}

/// The offset after the quote that closes the string opened at `open`, if it closes.
fn string_end(text: &[u8], open: usize, limit: usize) -> Option<usize> {
    let mut at = open + 1;
    while at < limit {
        match text[at] {
            b'\\' => at += 1,
            b'"' => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}
