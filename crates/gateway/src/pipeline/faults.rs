//! Faults on demand, on embedded accounts: makes happen what a rule of `double::faults` says.
//!
//! Before the limits, so that a call that is made to fail counts against none.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::{Either, Full};
use keyway_core::catalog::Operation;
use keyway_core::error_body::ErrorBody;
use keyway_core::policy::Permit;
use keyway_core::quota::{Exceeded, Policy};
use keyway_core::refusal::Refusal;
use serde_json::{Value, json};

use super::{Call, Gateway, authenticate, throttle};
use crate::backend::{BackendReply, Reply};
use crate::double::faults::{Cut, Rule, Seen};
use crate::registry::TokenEntry;
use crate::upstream::RequestBody;

/// Seconds in `Retry-After` of a 477 where the rule does not say: HubSpot always sends it there.
const MIGRATION_RETRY_S: i64 = 10;

impl Gateway {
    /// Waits as long as the rules say and refuses where one says so; a rule that makes a part of a
    /// batch fail is forwarded.
    pub(super) async fn strike(&self, call: &mut Call, operation: &Operation, token: &TokenEntry) -> Result<Option<Rule>, ErrorBody> {
        let (Some(double), Some(taken)) = (token.app.account.double(), &call.taken) else { return Ok(None) };
        let hit = double.faults.look(Seen {
            method: operation.method.as_str(),
            path: &taken.path,
            operation: &self.operation_names[usize::from(operation.id.0)],
            app_id: token.app.app.id,
            app_name: &token.app.app.name,
        });
        if hit.latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(hit.latency_ms)).await;
        }
        call.late_search = hit.late_search;
        let Some(rule) = hit.rule else { return Ok(None) };
        call.fault = Some(rule.id);
        call.cut = rule.cut.is_some();
        match (rule.status, rule.cut) {
            (Some(status), _) => Err(refusal(&rule, status, call, operation, token)),
            (None, Some(Cut::Before)) => Err(fault(502, "the connection was cut before the call was performed")),
            (None, Some(Cut::After)) => Ok(None),
            (None, None) => Ok(Some(rule)),
        }
    }

    /// Performs a batch without the inputs that a rule makes fail, and answers 207 with an error for them.
    pub(super) async fn in_part(
        &self,
        call: &mut Call,
        head: &Parts,
        body: RequestBody,
        permit: Permit,
        rule: &Rule,
        token: &Arc<TokenEntry>,
    ) -> Result<Reply, ErrorBody> {
        let sent = call.taken.as_ref().map(|taken| taken.body.clone()).unwrap_or_default();
        let embedded = self.embedded(call, token)?;
        let Some((rest, failed)) = split(&sent, &rule.inputs) else {
            return self.perform(call, head, body, permit, embedded).await;
        };
        if permit.operation().template.ends_with("/batch/create") && !every_input_is_traced(&sent) {
            // HubSpot creates all or none where it could not say which failed (hubspot facts, section 4).
            return Err(ErrorBody { refusal: Some(Refusal::Fault), ..ErrorBody::validation(INPUT_FAILED) });
        }
        let reply = match rest {
            Some(rest) => self.perform(call, head, Either::Left(Full::new(rest)), permit, embedded).await?,
            None => {
                let at = call.now.wall.to_iso();
                let none = json!({ "status": "COMPLETE", "results": [], "startedAt": at, "completedAt": at });
                BackendReply { status: 207, body: none.to_string().into() }.into()
            }
        };
        Ok(match reply {
            Reply::Whole(reply) => with_errors(reply, &failed).into(),
            relayed @ Reply::Relayed(_) => relayed,
        })
    }
}

const INPUT_FAILED: &str = "This input was made to fail by a fault rule.";

/// The answer of a rule: HubSpot's own form where it is known (hubspot facts, section 4).
fn refusal(rule: &Rule, status: u16, call: &Call, operation: &Operation, token: &TokenEntry) -> ErrorBody {
    let retry_after_s = rule.retry_after_s.map(i64::from);
    let mut error = match status {
        401 => {
            authenticate::expired(Refusal::TokenRotated, call.now.wall.plus_ms(-1_000), call.now.wall, "a fault rule made this call fail")
        }
        429 => {
            let policy = match rule.limit.as_deref() {
                Some("daily") => Policy::Daily,
                Some("search") => Policy::Secondly,
                _ => Policy::TenSecondlyRolling,
            };
            throttle::too_many(token, operation, Exceeded { policy, retry_after_ms: 0 })
        }
        400 => ErrorBody::validation("This call was made to fail by a fault rule."),
        404 => ErrorBody::not_found("resource not found"),
        409 => ErrorBody::conflict("This call was made to conflict by a fault rule."),
        423 => fault(423, "The resource is locked by a high volume of calls. Wait for two seconds at least."),
        477 => fault(477, "The account is moving to another data centre. Retry after the time in Retry-After."),
        other => fault(other, "This call was made to fail by a fault rule."),
    };
    error.refusal = Some(Refusal::Fault);
    error.retry_after_s = retry_after_s.or_else(|| (status == 477).then_some(MIGRATION_RETRY_S));
    error
}

fn fault(status: u16, message: &str) -> ErrorBody {
    ErrorBody { status, ..Refusal::Fault.error(message) }
}

/// A batch without some of its inputs, if any are left, and those; none where none of them is there.
fn split(body: &[u8], inputs: &[usize]) -> Option<(Option<Bytes>, Vec<Value>)> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let all = body.get_mut("inputs")?.as_array_mut()?;
    let (mut kept, mut failed) = (Vec::new(), Vec::new());
    for (at, input) in std::mem::take(all).into_iter().enumerate() {
        if inputs.contains(&at) { failed.push(input) } else { kept.push(input) }
    }
    if failed.is_empty() {
        return None;
    }
    let is_empty = kept.is_empty();
    body["inputs"] = kept.into();
    Some(((!is_empty).then(|| body.to_string().into()), failed))
}

fn every_input_is_traced(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["inputs"].as_array().is_some_and(|inputs| inputs.iter().all(|input| input["objectWriteTraceId"].is_string()))
}

fn with_errors(reply: BackendReply, failed: &[Value]) -> BackendReply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    let named = |field: &str| failed.iter().filter_map(|input| input[field].as_str().map(str::to_owned)).collect::<Vec<_>>();
    let (ids, traces) = (named("id"), named("objectWriteTraceId"));
    let context = if ids.is_empty() { json!({ "objectWriteTraceId": traces }) } else { json!({ "ids": ids }) };
    let error = json!({ "status": "error", "category": "VALIDATION_ERROR", "message": INPUT_FAILED, "context": context });
    let before = body["numErrors"].as_u64().unwrap_or(0);
    match body["errors"].as_array_mut() {
        Some(errors) => errors.push(error),
        None => body["errors"] = json!([error]),
    }
    body["numErrors"] = (before + failed.len() as u64).into();
    BackendReply { status: 207, body: body.to_string().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_split_at_the_inputs_that_fail() {
        let body = br#"{"inputs":[{"id":"1"},{"id":"2"},{"id":"3"}],"properties":["a"]}"#;
        let (rest, failed) = split(body, &[0, 2, 9]).unwrap();
        assert_eq!(rest.unwrap(), r#"{"inputs":[{"id":"2"}],"properties":["a"]}"#);
        assert_eq!(failed.len(), 2);
        assert!(split(body, &[0, 1, 2]).unwrap().0.is_none());
        assert!(split(body, &[3]).is_none() && split(b"[]", &[0]).is_none() && split(b"x", &[0]).is_none());
    }

    #[test]
    fn errors_are_added_to_those_that_are_there() {
        let reply = BackendReply { status: 200, body: r#"{"results":[{"id":"2"}],"numErrors":1,"errors":[{}]}"#.into() };
        let told = with_errors(reply, &[json!({ "id": "7" })]);
        let body: Value = serde_json::from_slice(&told.body).unwrap();
        assert_eq!((told.status, &body["numErrors"], &body["errors"][1]["context"]["ids"][0]), (207, &json!(2), &json!("7")));
    }
}
