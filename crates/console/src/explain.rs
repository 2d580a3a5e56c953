//! One record in plain words: what was asked for, what came of it, and what to do about it.

use keyway_api::view::CallRecord;
use keyway_core::catalog::{Catalog, Method, Operation};
use keyway_core::refusal::{Refusal, Word};
use keyway_core::scope::ScopeSet;
use keyway_core::sunset;
use keyway_gateway::audit::REFUSED_CALLS;
use keyway_gateway::clock::now;

use super::app_words::App;
use super::record_words::RecordWords;
use super::words::counted;

/// The explanation of a record.
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
pub(super) fn explain(record: &CallRecord, app: Option<&App>) -> Explained {
    let operation = operation(record);
    let scopes = match (operation, app) {
        (Some(operation), Some(app)) if lacks_scope(record) => missing(operation, record, app),
        _ => Vec::new(),
    };
    Explained {
        asked: asked(record, operation),
        outcome: outcome(record),
        remedy: remedy(record, app, &scopes),
        scopes,
        ends: ends(record, &now().to_date()),
    }
}

pub(super) fn operation(record: &CallRecord) -> Option<&'static Operation> {
    let (method, template) = record.operation.split_once(' ')?;
    Catalog::get().find(Method::parse(method)?, template)
}

fn asked(record: &CallRecord, operation: Option<&Operation>) -> String {
    let object =
        record.object.as_deref().map(|object| format!(" on {}", object.replace('_', " ").replace(',', " and "))).unwrap_or_default();
    // Several HubSpot APIs share a path that takes any object type.
    let api = operation.filter(|operation| !operation.template.contains("{objectType}"));
    let api = api.map(|operation| format!(", part of HubSpot's {} API", operation.api)).unwrap_or_default();
    match operation {
        Some(operation) if operation.read_only => format!("Read with {operation}{object}{api}."),
        Some(operation) => format!("Change with {operation}{object}{api}."),
        None if record.operation.contains(" (unlisted) ") => {
            format!("{}: not in Keyway's catalog of HubSpot operations.", record.operation)
        }
        None if record.operation == REFUSED_CALLS => "Calls of unknown callers, counted together.".to_owned(),
        None => match record.word().and_then(|word| Word(word).explained()) {
            Some(Refusal::MethodNotAllowed) => format!("{}: HubSpot has the path with other methods.", record.operation),
            // Keyway looks for the operation of callers that it knows, and of paths that it can read.
            _ => format!("{}: refused before Keyway looked for the operation.", record.operation),
        },
    }
}

fn outcome(record: &CallRecord) -> String {
    let word = record.word().map(Word);
    let never_left = matches!(word.and_then(Word::explained), Some(Refusal::HubSpotUnreachable | Refusal::NoAccessToken));
    let attempts = match record.attempts {
        0 => "Keyway answered it and did not send it to HubSpot".to_owned(),
        several if never_left => format!("Keyway tried to send it to HubSpot, {}", counted(several, "time", "times")),
        1 => "Keyway sent it to HubSpot".to_owned(),
        several => format!("Keyway sent it to HubSpot {several} times"),
    };
    let Some(status) = record.status else {
        return "The server stopped before the outcome was known: the change may or may not have been made.".to_owned();
    };
    let cause = word.filter(|_| status >= 400).map(|word| format!(" {}", word.cause())).unwrap_or_default();
    format!("Answered with {status}.{cause} {attempts}.")
}

fn remedy(record: &CallRecord, app: Option<&App>, scopes: &[Vec<&str>]) -> Vec<String> {
    let refusal = record.word().and_then(|word| Word(word).explained());
    if lacks_scope(record) {
        if app.is_some() && scopes.is_empty() {
            return vec!["The app now holds a scope that opens it. The same call passes.".to_owned()];
        }
        let steps = steps_of(Refusal::MissingScopes, record);
        // The first of the sets of which one is enough.
        let Some(first) = scopes.first() else { return steps };
        return steps.into_iter().map(|step| step.replace("SCOPE`", &format!("{}`", first.join(",")))).collect();
    }
    let steps: &[&str] = match (refusal, record.status) {
        (Some(refusal), _) => return steps_of(refusal, record),
        (None, None) => return Refusal::OutcomeUnknown.remedy_for(None, None, None),
        (None, Some(400..500)) => &["The answer's body named what was wrong; the caller's log has it, under the same correlation ID."],
        (None, Some(500..)) => &["Send it again after a moment. If it goes on, HubSpot's status page and support are next."],
        _ => &[],
    };
    steps.iter().map(ToString::to_string).collect()
}

/// The table's remedy, with the ids and the operation of the call.
fn steps_of(refusal: Refusal, record: &CallRecord) -> Vec<String> {
    let pattern: Vec<&str> = record.operation.split('/').map(|part| if part.starts_with('{') { "*" } else { part }).collect();
    let pattern = pattern.join("/").replace("(unlisted) ", "");
    let steps = refusal.remedy_for(record.app_id, record.token_id, record.hub_id);
    steps.into_iter().map(|step| step.replace("METHOD PATH", &pattern)).collect()
}

/// Whether it was refused for a scope that the app holds now.
pub(super) fn is_mended(record: &CallRecord, app: Option<&App>, explained: &Explained) -> bool {
    lacks_scope(record) && app.is_some() && explained.scopes.is_empty()
}

/// Whether it was refused for a scope. Records of earlier builds have the category alone.
fn lacks_scope(record: &CallRecord) -> bool {
    let word = record.word();
    word == Some(Refusal::MissingScopes.name()) || word == Some(Refusal::MissingScopes.category())
}

/// What would have opened it, where the app as it is now holds none of it.
pub(super) fn missing(operation: &Operation, record: &CallRecord, app: &App) -> Vec<Vec<&'static str>> {
    let granted = ScopeSet::of_known(app.scopes.iter().map(String::as_str));
    let Some(requirement) = Catalog::get().requirement_on(operation, record.object.as_deref()) else { return Vec::new() };
    if requirement.met_by(&granted) {
        return Vec::new();
    }
    requirement.alternatives().iter().map(ScopeSet::names).collect()
}

fn ends(record: &CallRecord, today: &str) -> Option<String> {
    let (method, template) = record.operation.split_once(' ')?;
    let row = sunset::of_path(template)?;
    let successor = Method::parse(method).and_then(|method| sunset::moves_to(method, template));
    let ends = if row.date <= today { "Ended" } else { "Ends" };
    Some(match successor {
        Some(successor) => format!("{ends} on {}: {}. Its successor is {successor}.", row.date, row.what),
        None => format!("{ends} on {}: {}.", row.date, row.what),
    })
}

#[cfg(test)]
mod tests {
    use keyway_api::{Moment, view};

    use super::*;

    fn record(operation: &str, status: Option<u16>, category: Option<&str>) -> CallRecord {
        CallRecord {
            id: 1,
            time: Moment("2026-11-25T09:00:00.000Z".into()),
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
            ..CallRecord::default()
        }
    }

    fn app(scopes: &[&str]) -> App {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        App { app: view::App { scopes, ..view::App::default() }, ..App::default() }
    }

    #[test]
    fn a_missing_scope_is_named_until_the_app_has_one() {
        let refused = record("POST /crm/v3/objects/contacts", Some(403), Some("MISSING_SCOPES"));
        let explained = explain(&refused, Some(&app(&["oauth"])));
        assert!(explained.scopes.contains(&vec!["crm.objects.contacts.write"]), "{:?}", explained.scopes);
        let explained = explain(&refused, Some(&app(&["crm.objects.contacts.write"])));
        assert!(explained.scopes.is_empty() && explained.remedy[0].contains("now holds"));
    }

    #[test]
    fn a_numbered_operation_is_told_with_its_end_and_successor() {
        let explained = explain(&record("GET /crm/v3/objects/contacts", Some(200), None), None);
        assert!(explained.ends.unwrap().contains("/crm/objects/2026-09/contacts"));
        assert!(explained.remedy.is_empty());
    }

    /// The whole explanation of a refusal.
    fn said(refusal: Refusal, status: u16) -> String {
        let refused = CallRecord {
            rule: Some(refusal.name().into()),
            hub_id: Some(9),
            token_id: Some(70),
            ..record("GET /crm/v3/objects/contacts", Some(status), Some(refusal.category()))
        };
        let explained = explain(&refused, None);
        assert!(explained.outcome.contains(refusal.cause()), "{}", explained.outcome);
        format!("{} {}", explained.outcome, explained.remedy.join(" "))
    }

    #[test]
    fn each_cause_is_named_rightly_with_the_command_that_mends_it() {
        for (refusal, status, cause, command) in [
            (Refusal::AppDisabled, 401, "The app is disabled.", "`keyway app enable 1`."),
            (Refusal::TokenRevoked, 401, "The token was revoked.", "keyway token rotate 1 --deliver"),
            (Refusal::DeveloperKeyOnly, 403, "only the developer API key", "at HubSpot itself"),
            (Refusal::AuditNotWritable, 503, "The audit log can't be written", "Free disk space"),
            (Refusal::AccountNotWritable, 503, "(portal.db) can't be written", "Free disk space"),
            (Refusal::HubSpotUnreachable, 502, "Keyway can't reach HubSpot. The call was not sent.", "Check the server's network"),
            (Refusal::Ended, 404, "has ended by the day", "Move the call to the successor"),
            (Refusal::Fault, 429, "A fault rule made the call fail", "keyway portal fault clear"),
            (Refusal::NotServed, 501, "does not serve this operation", "keyway portal coverage"),
            (Refusal::ConnectionCredential, 502, "refuses the credential of the account's connection", "`keyway account check 9`."),
        ] {
            let said = said(refusal, status);
            assert!(said.contains(cause) && said.contains(command), "{said}");
        }
        assert!(!said(Refusal::AuditNotWritable, 503).contains("HubSpot did not answer"));
    }

    #[test]
    fn a_call_without_an_operation_is_not_called_a_path_that_hubspot_does_not_have() {
        let asked = |operation: &str, rule: &str| {
            let refused = CallRecord { rule: Some(rule.into()), ..record(operation, Some(401), None) };
            explain(&refused, None).asked
        };
        assert_eq!(asked("GET (unknown)", "app-disabled"), "GET (unknown): refused before Keyway looked for the operation.");
        assert_eq!(asked("PUT (unknown)", "method-not-allowed"), "PUT (unknown): HubSpot has the path with other methods.");
        assert!(asked(REFUSED_CALLS, "no-credential").starts_with("Calls of unknown callers"));
    }

    #[test]
    fn the_command_that_allows_an_operation_names_it() {
        let unlisted = CallRecord { rule: Some("unlisted-operation".into()), ..record("GET (unlisted) /a/*", Some(403), None) };
        assert!(explain(&unlisted, None).remedy[1].ends_with("keyway app update 1 --unlisted 'GET /a/*'`."));
        let listed = CallRecord { rule: Some("no-scope-exists".into()), ..record("GET /a/{id}/b", Some(403), None) };
        assert!(explain(&listed, None).remedy[0].ends_with("--unlisted 'GET /a/*/b'`."));
    }

    #[test]
    fn every_refusal_is_explained() {
        for refusal in Refusal::all() {
            said(refusal, refusal.status().unwrap_or(500));
        }
    }

    #[test]
    fn a_record_of_an_earlier_build_accuses_nobody_of_what_it_does_not_know() {
        let explained = explain(&record("GET (unknown)", Some(401), Some("INVALID_AUTHENTICATION")), None);
        assert!(explained.outcome.contains("missing, unknown or revoked, or its app is disabled"), "{}", explained.outcome);
        let explained = explain(&record("GET (unknown)", Some(503), Some("SERVICE_UNAVAILABLE")), None);
        assert!(!explained.outcome.contains("HubSpot did not answer") && !explained.remedy.is_empty(), "{}", explained.outcome);
        let explained = explain(&record("GET (unknown)", Some(401), Some("CONNECTION_REVOKED")), None);
        assert!(explained.remedy[0].contains("keyway account create --oauth"), "{:?}", explained.remedy);
    }

    #[test]
    fn an_unknown_outcome_is_not_called_a_failure() {
        let explained = explain(&record("POST /crm/v3/objects/contacts", None, Some("OUTCOME_UNKNOWN")), None);
        assert!(explained.outcome.contains("may or may not"));
    }
}
