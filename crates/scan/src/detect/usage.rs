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

/// Completes a usage whose version was unknown, with the version from another file. None where the path has no known call at that
/// version.
pub fn closed(open: &Usage, version: &str) -> Option<Usage> {
    url::closed(open, version)
}

/// How a file authenticates, read when the first call needs it.
type Habits<'t> = LazyCell<auth::Habits, Box<dyn FnOnce() -> auth::Habits + 't>>;

/// What one usage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Each call, where several send the same URL.
    Call,
    /// Each URL in the text: a fix changes a URL once, however many calls send it.
    Url,
}

/// Finds the calls in a text, in order, each with its offset.
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

/// The meaning of a path, with or without a known method.
struct Meaning {
    method: Option<Method>,
    /// The template in the catalog. For a path of an older family that the catalog does not list, the path itself, with `{}`\nfor
    /// inserted values.
    path: String,
    /// The called path, with `0` for values that are inserted at run time. End dates and successors have exceptions below a
    /// family's prefix, so the template is not enough.
    asked: String,
    version: String,
    auth: Auth,
    scopes: Vec<String>,
}

impl Meaning {
    /// Whether a `hapikey` in this call is the developer account's. App-management endpoints take that key
    /// (hubspot facts, section 1), whatever else they take.
    fn takes_developer_key(&self) -> bool {
        self.auth == Auth::DeveloperKey || self.path.contains("{appId}")
    }
}

/// The operation of a path. `{}` segments match anything.
fn resolve(method: Option<Method>, segments: &[String]) -> Option<Meaning> {
    let path: String = segments.iter().map(|segment| format!("/{}", if segment.contains("{}") { "0" } else { segment })).collect();
    let normal = NormalPath::parse(&path).ok()?;
    let catalog = Catalog::get();
    let operation = |method: Method| match catalog.resolve(method.as_str(), &normal) {
        // Operations older than v3 end with their family; the catalog does not list all of them.
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
    // The catalog has many of them one by one. An operation's own authentication is more exact than its family's.
    let older = |method: Method| match catalog.resolve(method.as_str(), &normal) {
        Resolution::Found(operation) => Some(operation),
        _ => None,
    };
    let known = match method {
        Some(method) => older(method).into_iter().collect(),
        None => most_literal(older),
    };
    let (known, only) = (known.first().copied(), known.len() == 1);
    // Whoever submits a form sends no credential; every other operation older than v3 takes a token.
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

/// A path as a report shows it: `{}` for inserted values and for ids.
fn shown(segments: &[String]) -> String {
    let is_id = |segment: &str| segment.contains("{}") || segment.contains('@') || segment.bytes().all(|byte| byte.is_ascii_digit());
    segments.iter().map(|segment| format!("/{}", if is_id(segment) { "{}" } else { segment })).collect()
}

/// The operations of a path whose method is unknown: those whose template has the most literal segments (`lists/search`\nbefore
/// `lists/{id}`).
fn most_literal(of: impl Fn(Method) -> Option<&'static Operation>) -> Vec<&'static Operation> {
    let mut found: Vec<&'static Operation> = Method::ALL.into_iter().filter_map(of).collect();
    let open = |operation: &Operation| operation.template.matches('{').count();
    let least = found.iter().map(|operation| open(operation)).min();
    found.retain(|operation| Some(open(operation)) == least);
    found
}

/// The scope sets that open an operation, each on its own.
fn scopes_of(operation: &Operation, path: &NormalPath) -> Vec<String> {
    let scopes = Catalog::get().requirement(operation, path).map(|requirement| requirement.alternatives()).unwrap_or_default();
    scopes.iter().map(|set| set.names().join("+")).collect()
}

/// A path that has the form of HubSpot's but is not in the catalog: older families have more operations than are
/// documented anywhere.
fn unlisted(method: Option<Method>, segments: &[String]) -> Option<Meaning> {
    let version = segments.iter().take(4).find(|segment| is_version(segment))?;
    (segments.len() >= 3).then(|| elsewhere(method, segments, version))
}

/// Any path on HubSpot's host.
fn elsewhere(method: Option<Method>, segments: &[String], version: &str) -> Meaning {
    let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
    Meaning { method, asked: path.replace("{}", "0"), path, version: version.to_owned(), auth: Auth::Bearer, scopes: Vec::new() }
}

/// The segments of a template, with `{}` for its variables.
fn segments_of(template: &str) -> Vec<String> {
    let segments = template.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| if segment.contains('{') { "{}".to_owned() } else { segment.to_owned() }).collect()
}

/// A chain of names, as reports show it.
fn spaceless(written: &[u8]) -> String {
    String::from_utf8_lossy(written).split_whitespace().collect()
}

fn version_of(path: &str) -> Option<String> {
    path.split('/').find(|segment| is_version(segment)).map(str::to_owned)
}

/// The other spelling of a path with a numbered version: `/settings/v3/users` and `/settings/users/v3`. HubSpot accepts
/// both, and publishes a successor for one.
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

/// A usage that is not one call of an operation: a client, a step of a workflow, an agent's server.
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
        class: None,
        bulk: false,
        auth,
        version: String::new(),
        scopes: Vec::new(),
        successor: None,
        sunset: removed.map(|row| row.date),
        open: None,
    }
}

/// Used in place of an unknown method.
const UNKNOWN: &str = "UNKNOWN";

/// The usage of a path's meaning.
fn usage(meaning: Meaning, via: Via, call: Option<String>, auth: UsageAuth) -> Usage {
    let method = meaning.method.map(Method::as_str);
    // Where the method is unknown, any operation of the path shows the path's successor.
    let methods = meaning.method.map_or(Method::ALL.to_vec(), |method| vec![method]);
    let moved = |method| sunset::successor(method, &meaning.path).or_else(|| sunset::successor(method, &other_spelling(&meaning.path)?));
    let successor = methods.into_iter().find_map(moved);
    let successor = match successor {
        Some(row) => row.successor.map(str::to_owned),
        None => sunset::family(&meaning.asked).map(|family| family.move_to.to_owned()).filter(|to| to.starts_with('/')),
    };
    let ends = sunset::of_path(&meaning.asked);
    let removed = (auth == UsageAuth::Hapikey).then(|| sunset::of_auth("hapikey")).flatten();
    let operation = format!("{} {}", method.unwrap_or(UNKNOWN), meaning.path);
    let safety = Catalog::get().named(&operation).map(|operation| operation.safety);
    Usage {
        path: String::new(),
        line: 0,
        column: 0,
        via,
        call,
        method,
        operation,
        class: safety.map(|safety| safety.class.name()),
        bulk: safety.is_some_and(|safety| safety.bulk),
        auth,
        version: meaning.version,
        scopes: meaning.scopes,
        successor,
        sunset: ends.into_iter().chain(removed).map(|row| row.date).min(),
        open: None,
    }
}
