//! One record in plain words: what was asked for, what came of it, and what to do about it.

use keyway_core::catalog::{Catalog, Method, Operation};
use keyway_core::scope::ScopeSet;
use keyway_core::sunset;

use super::apps::App;
use crate::audit::AuditRecord;

/// What is said of a record.
pub(super) struct Explained {
    /// What was asked for.
    pub asked: String,
    /// What came of it.
    pub outcome: String,
    /// What to do, step by step; nothing where all is well.
    pub remedy: Vec<String>,
    /// Scopes of which one set would have opened it, where the app holds none of them.
    pub scopes: Vec<Vec<&'static str>>,
    /// When the operation ends, and what comes after it.
    pub ends: Option<String>,
}

/// Explains a record of an app, which may be gone.
pub(super) fn explain(record: &AuditRecord, app: Option<&App>) -> Explained {
    let operation = operation(record);
    let scopes = match (operation, record.category.as_deref(), app) {
        (Some(operation), Some("MISSING_SCOPES"), Some(app)) => missing(operation, record, app),
        _ => Vec::new(),
    };
    Explained {
        asked: asked(record, operation),
        outcome: outcome(record),
        remedy: remedy(record, app, &scopes),
        scopes,
        ends: ends(record),
    }
}

fn operation(record: &AuditRecord) -> Option<&'static Operation> {
    let (method, template) = record.operation.split_once(' ')?;
    Catalog::get().find(Method::parse(method)?, template)
}

fn asked(record: &AuditRecord, operation: Option<&Operation>) -> String {
    let object =
        record.object.as_deref().map(|object| format!(" on {}", object.replace('_', " ").replace(',', " and "))).unwrap_or_default();
    match operation {
        Some(operation) if operation.read_only => format!("Read with {}{object}, part of HubSpot's {} API.", operation, operation.api),
        Some(operation) => format!("Change with {}{object}, part of HubSpot's {} API.", operation, operation.api),
        None if record.operation.contains(" (unlisted) ") => {
            format!("{}: not in Keyway's catalog of HubSpot operations.", record.operation)
        }
        None => format!("{}: a path of no HubSpot operation.", record.operation),
    }
}

fn outcome(record: &AuditRecord) -> String {
    let attempts = match record.attempts {
        0 => "It was answered here and not sent to HubSpot".to_owned(),
        1 => "It was sent to HubSpot".to_owned(),
        several => format!("It was sent to HubSpot {several} times"),
    };
    let Some(status) = record.status else {
        return "The server stopped before the outcome was known: the change may or may not have been made.".to_owned();
    };
    let cause =
        record.category.as_deref().map(|category| format!(": {}", super::words::cause(category).to_lowercase())).unwrap_or_default();
    match status {
        ..400 => format!("Answered with {status}. {attempts}."),
        _ => format!("Answered with {status}{cause}. {attempts}."),
    }
}

fn remedy(record: &AuditRecord, app: Option<&App>, scopes: &[Vec<&str>]) -> Vec<String> {
    let steps: &[&str] = match (record.category.as_deref(), record.status) {
        (Some("MISSING_SCOPES"), _) if app.is_some() && scopes.is_empty() => {
            &["The app holds a scope that opens it by now. The same call passes."]
        }
        (Some("MISSING_SCOPES"), _) => &[
            "Add one of the scopes below to the app. It is effective at once, and the token stays the same.",
            "If the app has no business there, find out what in it makes this call.",
        ],
        (Some("INVALID_AUTHENTICATION"), _) => &[
            "The token is none of this server's: look for an old key, a token of HubSpot's own, or a token cut short in the caller's settings.",
            "Give the caller a token of its app. If nobody has one any more, rotate the app's token.",
        ],
        (Some("EXPIRED_AUTHENTICATION"), _) => &[
            "The caller still uses a token that was revoked, or whose time after a rotation is over.",
            "Put the app's newest token in its place.",
        ],
        (Some("BANNED"), _) => &["The app is disabled. Enable it on its page if it is to go on."],
        (Some("RATE_LIMITS"), _) => &[
            "Spread the calls, use batch operations, or keep what was read.",
            "On a connected account, give the app a reserve or let it wait longer for its turn.",
            "If it is the day's limit: the overview tells when it starts again.",
        ],
        (Some("NOT_FOUND" | "METHOD_NOT_ALLOWED"), _) => {
            &["Check path and method against HubSpot's reference. The answer of the call named the methods that there are."]
        }
        (Some("UNLISTED_OPERATION"), _) => &[
            "Keyway's catalog of HubSpot operations does not list this path. If the app needs it, add the operation to \"Operations that the catalog does not list\" on the app's edit page.",
            "If not, check method and path against HubSpot's reference.",
        ],
        (Some("CONNECTION_CREDENTIAL"), _) => &["HubSpot refuses the account's credential: replace it on the account's page."],
        (Some("CONNECTION_REVOKED"), _) => &["The account took its grant back: connect it anew on the account's page."],
        (Some("UPSTREAM_UNAVAILABLE" | "SERVICE_UNAVAILABLE"), _) => {
            &["HubSpot, or the store, did not answer. A read may simply be sent again; before a change, look whether it was made."]
        }
        (_, None) => &["Look in HubSpot whether the change was made, before it is sent again."],
        (_, Some(400..500)) => &["The answer's body named what was wrong; the caller's log has it, under the same correlation id."],
        (_, Some(500..)) => &["Send it again after a moment. If it goes on, HubSpot's status page and support are next."],
        _ => &[],
    };
    steps.iter().map(ToString::to_string).collect()
}

/// What would have opened it, where the app as it is now holds none of it.
fn missing(operation: &Operation, record: &AuditRecord, app: &App) -> Vec<Vec<&'static str>> {
    let granted = ScopeSet::of_known(app.scopes.iter().map(String::as_str));
    let Some(requirement) = Catalog::get().requirement_on(operation, record.object.as_deref()) else { return Vec::new() };
    if requirement.met_by(&granted) {
        return Vec::new();
    }
    requirement.alternatives().iter().map(ScopeSet::names).collect()
}

fn ends(record: &AuditRecord) -> Option<String> {
    let (method, template) = record.operation.split_once(' ')?;
    let row = sunset::of_path(template)?;
    let successor = Method::parse(method).and_then(|method| sunset::successor(method, template)).and_then(|row| row.successor);
    Some(match successor {
        Some(successor) => format!("Ends on {}: {}. Its successor is {successor}.", row.date, row.what),
        None => format!("Ends on {}: {}.", row.date, row.what),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(operation: &str, status: Option<u16>, category: Option<&str>) -> AuditRecord {
        AuditRecord {
            id: 1,
            time: "2026-11-25T09:00:00.000Z".into(),
            hub_id: Some(1),
            app_id: Some(1),
            token_id: Some(1),
            operation: operation.into(),
            object: None,
            status,
            category: category.map(Into::into),
            attempts: 0,
            waited_us: 0,
            latency_us: 800,
            bytes_in: 0,
            bytes_out: 0,
            correlation_id: "x".into(),
            source: "127.0.0.1".into(),
            ..AuditRecord::default()
        }
    }

    fn app(scopes: &[&str]) -> App {
        let app = serde_json::json!({
            "id": 1, "hubId": 1, "name": "a", "description": "", "owner": "", "dependents": [], "scopes": scopes, "enabled": true,
            "weight": 1, "reserve": 0, "maxWaitMs": 0, "translate": false, "createdAt": "", "updatedAt": "",
        });
        serde_json::from_value(app).unwrap()
    }

    #[test]
    fn a_missing_scope_is_named_until_the_app_has_one() {
        let refused = record("POST /crm/v3/objects/contacts", Some(403), Some("MISSING_SCOPES"));
        let explained = explain(&refused, Some(&app(&["oauth"])));
        assert!(explained.scopes.contains(&vec!["crm.objects.contacts.write"]), "{:?}", explained.scopes);
        let explained = explain(&refused, Some(&app(&["crm.objects.contacts.write"])));
        assert!(explained.scopes.is_empty() && explained.remedy[0].contains("by now"));
    }

    #[test]
    fn a_numbered_operation_is_told_with_its_end_and_successor() {
        let explained = explain(&record("GET /crm/v3/objects/contacts", Some(200), None), None);
        assert!(explained.ends.unwrap().contains("/crm/objects/2026-09/contacts"));
        assert!(explained.remedy.is_empty());
    }

    #[test]
    fn an_unknown_outcome_is_not_called_a_failure() {
        let explained = explain(&record("POST /crm/v3/objects/contacts", None, Some("OUTCOME_UNKNOWN")), None);
        assert!(explained.outcome.contains("may or may not"));
    }
}
