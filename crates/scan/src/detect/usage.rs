//! Calls of HubSpot's API: by URL and by client library, resolved to the catalog's operations.

mod auth;
mod client;
mod constants;
mod document;
mod joined;
mod legacy;
mod manifest;
mod mcp;
mod method;
mod names;
mod others;
mod path;
mod route;
mod scope;
mod sdk;
mod step;
mod tree;
mod url;
mod yaml;

use std::cell::LazyCell;

use keyway_core::catalog::{Auth, Catalog, Method, Operation, Resolution};
use keyway_core::path::NormalPath;
use keyway_core::sunset;

use super::Text;
use crate::finding::{Usage, UsageAuth, Via};
use crate::stems::is_version;

pub use constants::Constants;
pub(crate) use manifest::names_client;
pub use url::{developer_call, has_host};

/// A usage whose version was open, now that another file says which it is; None where it has no such call.
pub fn closed(open: &Usage, version: &str) -> Option<Usage> {
    url::closed(open, version)
}

/// What a file does to authenticate, found when there is a call to ask it for.
type Habits<'t> = LazyCell<auth::Habits, Box<dyn FnOnce() -> auth::Habits + 't>>;

/// What a usage stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Each call, where several send one URL.
    Call,
    /// Each URL that is written: a URL is changed once, whatever sends it.
    Url,
}

/// Finds the calls in a text, in order, each with the offset where it stands.
pub fn find(text: Text<'_>, per: Per) -> Vec<(usize, Usage)> {
    let habits: Habits<'_> = LazyCell::new(Box::new(move || auth::Habits::of(text.bytes)));
    let mut found = url::find(text, &habits, per);
    found.extend(sdk::find(text, &habits));
    found.extend(legacy::find(text, &habits));
    found.extend(client::find(text));
    found.extend(document::find(text));
    found.extend(mcp::find(text));
    found.extend(manifest::find(text));
    found.sort_by_key(|(at, _)| *at);
    found.dedup_by(|later, earlier| later.0 == earlier.0);
    found
}

/// What a path means, with or without a known method.
struct Meaning {
    method: Option<Method>,
    /// Template of the catalog; of an older family's path that the catalog does not list, the path itself with `{}`
    /// for what is filled in.
    path: String,
    /// The path that is called, `0` for what is filled in at run time: ends and successors have
    /// exceptions below a family's prefix.
    asked: String,
    version: String,
    auth: Auth,
    scopes: Vec<String>,
}

impl Meaning {
    /// Whether a `hapikey` sent here is the developer account's: app-management endpoints take that
    /// one (hubspot facts, section 1), whatever else they take.
    fn takes_developer_key(&self) -> bool {
        self.auth == Auth::DeveloperKey || self.path.contains("{appId}")
    }
}

/// The operation that a path means. `{}` segments stand for anything.
fn resolve(method: Option<Method>, segments: &[String]) -> Option<Meaning> {
    let path: String = segments.iter().map(|segment| format!("/{}", if segment.contains("{}") { "0" } else { segment })).collect();
    let normal = NormalPath::parse(&path).ok()?;
    let catalog = Catalog::get();
    let operation = |method: Method| match catalog.resolve(method.as_str(), &normal) {
        // Those older than v3 end with their family, of which more is in use than is written down.
        Resolution::Found(operation) => Some(operation).filter(|operation| !operation.is_pre_v3()),
        _ => None,
    };
    let found = match method {
        Some(method) => operation(method).into_iter().collect(),
        None => most_literal(operation),
    };
    if let Some(operation) = found.first() {
        let only = found.len() == 1;
        return Some(Meaning {
            method: Some(operation.method).filter(|_| only),
            path: operation.template.to_owned(),
            asked: operation.template.to_owned(),
            version: operation.version.to_owned(),
            auth: operation.auth,
            scopes: if only { scopes_of(operation, &normal) } else { Vec::new() },
        });
    }
    let family = sunset::family(&path)?;
    // Many of them are known one by one: what such a one takes is better than what its family takes.
    let older = |method: Method| match catalog.resolve(method.as_str(), &normal) {
        Resolution::Found(operation) => Some(operation),
        _ => None,
    };
    let known = match method {
        Some(method) => older(method).into_iter().collect(),
        None => most_literal(older),
    };
    let (known, only) = (known.first().copied(), known.len() == 1);
    // Who fills in a form presents nothing; all else that is older than v3 takes a token.
    let fills_in =
        family.prefix.starts_with("/uploads/form") || family.prefix.starts_with("/form-integrations") && method == Some(Method::Post);
    let of_family = if fills_in { Auth::None } else { Auth::Bearer };
    Some(Meaning {
        method: method.or(known.filter(|_| only).map(|operation| operation.method)),
        path: known.map_or_else(|| shown(segments), |operation| operation.template.to_owned()),
        version: version_of(family.prefix).unwrap_or_default(),
        auth: known.map_or(of_family, |operation| operation.auth),
        scopes: known.filter(|_| only).map(|operation| scopes_of(operation, &normal)).unwrap_or_default(),
        asked: path,
    })
}

/// A path as a report shows it: `{}` for what is filled in at run time, and for ids.
fn shown(segments: &[String]) -> String {
    let is_id = |segment: &str| segment.contains("{}") || segment.contains('@') || segment.bytes().all(|byte| byte.is_ascii_digit());
    segments.iter().map(|segment| format!("/{}", if is_id(segment) { "{}" } else { segment })).collect()
}

/// The operations of a path whose method is not known: those that say most of it literally
/// (`lists/search` before `lists/{id}`).
fn most_literal(of: impl Fn(Method) -> Option<&'static Operation>) -> Vec<&'static Operation> {
    let mut found: Vec<&'static Operation> = Method::ALL.into_iter().filter_map(of).collect();
    let open = |operation: &Operation| operation.template.matches('{').count();
    let least = found.iter().map(|operation| open(operation)).min();
    found.retain(|operation| Some(open(operation)) == least);
    found
}

/// The alternatives of scopes that open an operation.
fn scopes_of(operation: &Operation, path: &NormalPath) -> Vec<String> {
    let scopes = Catalog::get().requirement(operation, path).map(|requirement| requirement.alternatives()).unwrap_or_default();
    scopes.iter().map(|set| set.names().join("+")).collect()
}

/// A path that has the form of HubSpot's and is in no table: older families have more operations
/// than are written down anywhere.
fn unlisted(method: Option<Method>, segments: &[String]) -> Option<Meaning> {
    let version = segments.iter().take(4).find(|segment| is_version(segment))?;
    (segments.len() >= 3).then(|| elsewhere(method, segments, version))
}

/// A path that is sent to HubSpot's host, whatever it is.
fn elsewhere(method: Option<Method>, segments: &[String], version: &str) -> Meaning {
    let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
    Meaning { method, asked: path.replace("{}", "0"), path, version: version.to_owned(), auth: Auth::Bearer, scopes: Vec::new() }
}

/// The segments of a template, `{}` for what varies.
fn segments_of(template: &str) -> Vec<String> {
    let segments = template.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| if segment.contains('{') { "{}".to_owned() } else { segment.to_owned() }).collect()
}

/// A chain of names as it is reported.
fn spaceless(written: &[u8]) -> String {
    String::from_utf8_lossy(written).split_whitespace().collect()
}

fn version_of(path: &str) -> Option<String> {
    path.split('/').find(|segment| is_version(segment)).map(str::to_owned)
}

/// HubSpot answers to two spellings of a numbered version, and publishes a successor for one:
/// `/settings/v3/users` and `/settings/users/v3`.
fn other_spelling(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').skip(1).collect();
    let version = segments.iter().position(|segment| is_version(segment))?;
    match version {
        1 if segments.len() > 2 => segments.swap(1, 2),
        2 => segments.swap(1, 2),
        _ => return None,
    }
    Some(segments.iter().map(|segment| format!("/{segment}")).collect())
}

/// A usage that is no single call of an operation: a client, a step of a workflow, a server of an agent.
fn other(via: Via, operation: String, call: Option<String>, auth: UsageAuth) -> Usage {
    let removed = (auth == UsageAuth::Hapikey).then(|| sunset::of_auth("hapikey")).flatten();
    Usage {
        path: String::new(),
        line: 0,
        column: 0,
        via,
        call,
        method: None,
        operation,
        auth,
        version: String::new(),
        scopes: Vec::new(),
        successor: None,
        sunset: removed.map(|row| row.date),
        open: None,
    }
}

/// In the place of a method that is not known.
const UNKNOWN: &str = "UNKNOWN";

/// A usage of what a path means.
fn usage(meaning: Meaning, via: Via, call: Option<String>, auth: UsageAuth) -> Usage {
    let method = meaning.method.map(Method::as_str);
    // Where the method is not known, any operation of the path tells where the path moves to.
    let methods = meaning.method.map_or(Method::ALL.to_vec(), |method| vec![method]);
    let moved = |method| sunset::successor(method, &meaning.path).or_else(|| sunset::successor(method, &other_spelling(&meaning.path)?));
    let successor = methods.into_iter().find_map(moved);
    let successor = match successor {
        Some(row) => row.successor.map(str::to_owned),
        None => sunset::family(&meaning.asked).map(|family| family.move_to.to_owned()).filter(|to| to.starts_with('/')),
    };
    let ends = sunset::of_path(&meaning.asked);
    let removed = (auth == UsageAuth::Hapikey).then(|| sunset::of_auth("hapikey")).flatten();
    Usage {
        path: String::new(),
        line: 0,
        column: 0,
        via,
        call,
        method,
        operation: format!("{} {}", method.unwrap_or(UNKNOWN), meaning.path),
        auth,
        version: meaning.version,
        scopes: meaning.scopes,
        successor,
        sunset: ends.into_iter().chain(removed).map(|row| row.date).min(),
        open: None,
    }
}
