//! Which operations of the catalog are open to a token, for lists and for words. The pipeline decides the same again.

use http::Method;
use keyway_core::catalog::{self, Auth, Catalog, Operation, Resolution};
use keyway_core::object_type::ObjectType;
use keyway_core::path::NormalPath;
use keyway_core::requirement::Requirement;
use keyway_core::shown;

use crate::standing::Standing;
use keyway_core::safety::{Classes, Safety};

/// Whether an operation is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, on some object type at least.
    Open,
    /// One of these scopes is missing.
    Scopes(Vec<&'static str>),
    /// Its class is not allowed, or not the change of many records.
    Class(Safety),
    /// No agent gets it: it takes or gives credentials, or nobody can be granted it.
    Never,
}

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The path can't be taken.
    #[error(
        "the path {path} can't be called: {why}. Give a path such as /crm/objects/2026-09/contacts, without a query; put the query into the argument \"query\""
    )]
    Path {
        /// What was given, harmless.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The catalog does not list it.
    #[error("HubSpot has no operation {0} that Keyway knows. Search one with find_operation")]
    Unknown(String),
    /// The path has other methods.
    #[error("this path has no method {given}; it has {has}")]
    Method {
        /// What was given.
        given: String,
        /// What there is.
        has: String,
    },
    /// It takes or gives credentials.
    #[error("{0} takes or gives credentials, so it is not open to agents")]
    Credentials(String),
    /// Its class is not allowed here.
    #[error(
        "{operation} is of the class {safety}, and agents with this token may use: {allowed}. A person can open more: with a session of its own (keyway session create), for the app (keyway app update {app_id} --allow), or for all (--mcp-allow)"
    )]
    Class {
        /// The operation.
        operation: String,
        /// Its class.
        safety: Safety,
        /// What is allowed.
        allowed: Classes,
        /// Whose token it is.
        app_id: u64,
    },
}

/// The operation of a call that an agent wants to make, if this door makes such calls for it. What the pipeline refuses
/// is left to it, so that the audit has the refusal; here is only what this door is stricter in.
///
/// # Errors
/// The reason for which this door does not make the call.
pub fn check(standing: &Standing, method: &Method, path: &str) -> Result<&'static Operation, Closed> {
    let parsed = NormalPath::parse(path).map_err(|why| Closed::Path { path: short(path), why: why.to_string() })?;
    let call = || format!("{method} {}", short(parsed.as_str()));
    let operation = match Catalog::get().resolve(method.as_str(), &parsed) {
        Resolution::Found(operation) => operation,
        unresolved => {
            let parsed = catalog::Method::parse(method.as_str()).ok_or_else(|| Closed::Unknown(call()))?;
            // The pipeline answers such a call too, or refuses it, unless this door is the stricter one.
            if standing.is_stricter(Safety::UNKNOWN) {
                return Err(match unresolved {
                    Resolution::MethodNotAllowed(has) => {
                        let has = has.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
                        Closed::Method { given: method.to_string(), has }
                    }
                    _ => Closed::Unknown(call()),
                });
            }
            return Ok(Catalog::get().unlisted(parsed));
        }
    };
    if is_about_credentials(operation) {
        return Err(Closed::Credentials(call()));
    }
    let safety = operation.safety;
    if standing.is_stricter(safety) {
        return Err(Closed::Class { operation: operation.to_string(), safety, allowed: standing.classes, app_id: standing.app_id });
    }
    Ok(operation)
}

/// Whether an operation is open on some object type at least.
pub fn verdict(standing: &Standing, operation: &Operation) -> Verdict {
    decide(standing, operation, requirements(operation))
}

/// Whether an operation is open on the path as it is given; of a template, as [`verdict`] says.
pub fn verdict_on(standing: &Standing, operation: &Operation, path: &str) -> Verdict {
    let parsed = (path != operation.template).then(|| NormalPath::parse(path).ok()).flatten();
    match parsed.and_then(|path| Catalog::get().requirement(operation, &path).ok()) {
        Some(requirement) => decide(standing, operation, std::iter::once(requirement)),
        None => verdict(standing, operation),
    }
}

fn decide(standing: &Standing, operation: &Operation, requirements: impl Iterator<Item = Requirement>) -> Verdict {
    if is_about_credentials(operation) {
        return Verdict::Never;
    }
    if !standing.classes.open(operation.safety) {
        return Verdict::Class(operation.safety);
    }
    let mut missing = Vec::new();
    let mut grantable = false;
    for requirement in requirements {
        if requirement.met_by(&standing.scopes) {
            return Verdict::Open;
        }
        let names = requirement.missing_names(&standing.scopes);
        grantable |= !names.is_empty();
        if missing.is_empty() {
            missing = names;
        }
    }
    if grantable { Verdict::Scopes(missing) } else { Verdict::Never }
}

/// What an operation requires: one, or one for each object type where its path names a type.
fn requirements(operation: &Operation) -> impl Iterator<Item = Requirement> {
    let is_type = |segment: &str| segment.starts_with('{') && segment.contains("bjectType");
    let types: Vec<&str> = match operation.template.split('/').any(is_type) {
        true => ObjectType::all().iter().map(|row| row.name).chain(["2-1"]).collect(),
        false => vec!["contacts"],
    };
    types.into_iter().filter_map(move |name| {
        let path: String = operation.template[1..]
            .split('/')
            .map(|segment| {
                format!(
                    "/{}",
                    if is_type(segment) {
                        name
                    } else if segment.starts_with('{') {
                        "1"
                    } else {
                        segment
                    }
                )
            })
            .collect();
        Catalog::get().requirement(operation, &NormalPath::parse(&path).ok()?).ok()
    })
}

/// Operations of which the request or the answer is a credential.
pub fn is_about_credentials(operation: &Operation) -> bool {
    operation.auth != Auth::Bearer || operation.template.split('/').nth(1) == Some("oauth")
}

/// The operation of a method and a template, or of a method and a path.
pub fn named(method: &str, path: &str) -> Option<&'static Operation> {
    let catalog = Catalog::get();
    let parsed = catalog::Method::parse(method)?;
    catalog.find(parsed, path).or_else(|| match catalog.resolve(method, &NormalPath::parse(path).ok()?) {
        Resolution::Found(operation) => Some(operation),
        _ => None,
    })
}

/// The name that is most like what was given, by Jaro and Winkler; none where none is as like as `least`.
pub fn near<'a>(given: &str, names: impl Iterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    let scored = names.map(|name| (strsim::jaro_winkler(name, given), name)).filter(|(likeness, _)| *likeness > least);
    scored.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

/// Text of a model within a line of ours.
pub fn short(text: &str) -> String {
    let cut: String = text.chars().take(120).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", shown::line(&cut))
}
