//! The cause of a call that failed, over the admin API: of a text, or of a recorded call.
//!
//! What it means is decided in `advice::doctor`; here the audit adds what it knows: the app, its
//! scopes, and who used up a limit.

use std::collections::HashMap;

use axum::extract::State;
use keyway_advice::doctor::{Answer, Call, Evidence, Holder, TEXT_BYTES_MAX, diagnose, read, seen};
use keyway_api::body::DoctorBody;
use keyway_core::credential::is_uuid;
use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::JsonBody;
use super::view;
use crate::audit::{AuditFilter, AuditRecord};
use crate::clock;

/// Largest body: the longest text that is read, with JSON's escapes.
pub(super) const BODY_BYTES_MAX: usize = TEXT_BYTES_MAX + (TEXT_BYTES_MAX >> 1);

/// Pasted calls whose record is looked for.
const LOOKED_UP_MAX: usize = 10;

/// Calls before a refused one that are counted by app.
const CALLS_COUNTED_MAX: u32 = 5_000;

pub(super) async fn diagnosed(State(admin): State<Admin>, JsonBody(asked): JsonBody<DoctorBody>) -> view::Answer<view::Diagnosed> {
    let text = asked.text.unwrap_or_default();
    // People paste the id alone.
    let id = asked.correlation_id.or_else(|| Some(text.trim().to_owned()).filter(|text| is_uuid(text)));
    let mut found = match id {
        Some(id) => vec![on_record(&admin, &id).await?],
        None if text.len() > TEXT_BYTES_MAX => return Err(ApiError::new(413, "too_large", "the text is longer than 16 MiB")),
        None => read(&text),
    };
    if found.is_empty() {
        return Err(ApiError::invalid(
            "I see no request and no error in this text. Paste the call with its answer, HubSpot's JSON, lines of a log, or the text of the page that a browser showed",
        ));
    }
    let now = clock::now();
    let (mut calls, mut looked_up) = (Vec::new(), 0);
    for evidence in &mut found {
        evidence.expected_hub_id = asked.expect_hub_id;
        if looked_up < LOOKED_UP_MAX && is_limited(evidence) {
            looked_up += 1;
            say_who_refused(&admin, evidence).await?;
        }
        calls.push(view::DiagnosedCall { seen: seen(evidence, now), causes: diagnose(evidence, now) });
    }
    view::answer(view::Diagnosed { calls })
}

/// Whether the evidence is a 429 that does not say who refused the call: Keyway's body is HubSpot's.
fn is_limited(evidence: &Evidence) -> bool {
    let limited = |answer: &Answer| answer.keyway_rule.is_none() && (answer.status == Some(429) || answer.policy.is_some());
    evidence.answer.as_ref().is_some_and(limited)
}

/// Adds the refusal that is on record for the answer's correlation id.
async fn say_who_refused(admin: &Admin, evidence: &mut Evidence) -> Result<(), ApiError> {
    let Some(answer) = &mut evidence.answer else { return Ok(()) };
    let Some(id) = answer.correlation_id.clone().filter(|id| is_uuid(id)) else { return Ok(()) };
    let filter = AuditFilter { correlation_id: Some(id), limit: 1, ..AuditFilter::default() };
    answer.keyway_rule = admin.audit.list(&filter).await?.into_iter().next().and_then(|record| record.rule);
    Ok(())
}

/// A recorded call, its app, and those who called at the same time.
async fn on_record(admin: &Admin, id: &str) -> Result<Evidence, ApiError> {
    let filter = AuditFilter { correlation_id: Some(id.to_owned()), limit: 1, ..AuditFilter::default() };
    let record = admin.audit.list(&filter).await?.into_iter().next();
    let record = record.ok_or_else(|| ApiError::new(404, "not_found", "no recorded call has this correlation ID"))?;
    let apps: HashMap<u64, (String, Vec<String>)> =
        admin.control.apps(record.hub_id).await.into_iter().map(|(app, _)| (app.id, (app.name, app.scopes))).collect();
    let used_by = if record.status == Some(429) { callers(admin, &record, &apps).await? } else { Vec::new() };
    let own = record.app_id.and_then(|app_id| apps.get(&app_id));
    let holder = own.map(|(name, scopes)| Holder {
        alive: record.status != Some(401),
        hub_id: record.hub_id,
        app: Some(name.clone()),
        granted: Some(ScopeSet::of_known(scopes.iter().map(String::as_str))),
    });
    let answer = Answer {
        status: record.status,
        category: record.category.clone(),
        keyway_rule: record.rule.clone(),
        correlation_id: Some(record.correlation_id.clone()),
        ..Answer::default()
    };
    Ok(Evidence {
        call: Some(Call::on_record(&record.operation, record.object.as_deref())),
        answer: Some(answer),
        holder,
        used_by,
        ..Evidence::default()
    })
}

/// Calls of the account in the ten seconds before a refused one, by app, most first.
async fn callers(admin: &Admin, record: &AuditRecord, apps: &HashMap<u64, (String, Vec<String>)>) -> Result<Vec<(String, u64)>, ApiError> {
    let at = Timestamp::parse_iso(&record.time).unwrap_or_else(clock::now);
    let filter = AuditFilter {
        hub_id: record.hub_id,
        from: Some(at.plus_ms(-10_000)),
        to: Some(at.plus_ms(1)),
        limit: CALLS_COUNTED_MAX,
        ..AuditFilter::default()
    };
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for app_id in admin.audit.list(&filter).await?.iter().filter_map(|record| record.app_id) {
        *counts.entry(app_id).or_default() += 1;
    }
    let name = |app_id: u64| apps.get(&app_id).map_or_else(|| format!("app {app_id}"), |(name, _)| name.clone());
    let mut callers: Vec<(String, u64)> = counts.into_iter().map(|(app_id, calls)| (name(app_id), calls)).collect();
    callers.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Ok(callers)
}
