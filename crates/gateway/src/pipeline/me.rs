//! What is the presented token, and what may it do? `GET /__keyway/me`, for agents and their tools.
//!
//! It reads nothing of an account and counts against nothing, so it is in no record, as `ready` is.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use http_body_util::{Either, Full};
use keyway_core::approval::Rule;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::ME;
use keyway_core::safety::Class;
use keyway_core::time::Timestamp;
use serde_json::{Value, json};

use super::respond::{AnswerBody, refuse};
use super::{Call, Gateway, authenticate};
use crate::model::{Session, SessionUse};
use crate::registry::TokenEntry;

/// Whether this is the question.
pub(super) fn is_asked(head: &Parts) -> bool {
    head.uri.path() == ME && matches!(head.method, Method::GET | Method::HEAD)
}

impl Gateway {
    /// The answer, or why the token is not accepted.
    pub(super) async fn me(&self, call: &mut Call, head: &Parts) -> Response<AnswerBody> {
        match self.described(call, head).await {
            Ok(body) => {
                let mut response = Response::new(Either::Left(Full::new(Bytes::from(body.to_string()))));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Err(error) => refuse(&error),
        }
    }

    async fn described(&self, call: &mut Call, head: &Parts) -> Result<Value, ErrorBody> {
        self.is_current(call.now.steady)?;
        let token = authenticate::bearer(&self.registry, head, call)?;
        let used = self.used_of_budget(call, &token).await?;
        let (account, app) = (&token.app.account.account, &token.app.app);
        let classes: Vec<&str> = Class::ALL.into_iter().filter(|class| token.classes().has(*class)).map(Class::name).collect();
        Ok(json!({
            "account": { "hubId": account.hub_id, "name": account.name, "timeZone": account.time_zone },
            "app": { "id": app.id, "name": app.name },
            "token": { "id": token.token.id },
            "session": token.token.session.as_deref().map(|session| described(session, &token, used)),
            "scopes": token.granted().names(),
            "classes": classes,
            "bulk": token.classes().has_bulk(),
            "approval": rule(&token.approval_rule()),
        }))
    }
}

/// Which calls need a person's approval; null where none does.
fn rule(rule: &Rule) -> Value {
    if rule.is_empty() {
        return Value::Null;
    }
    json!({ "classes": rule.classes(), "above": rule.above(), "operations": rule.operations() })
}

fn described(session: &Session, token: &TokenEntry, used: SessionUse) -> Value {
    let budget = |most: Option<u64>, used: u64| most.map(|most| json!({ "most": most, "used": used, "left": most.saturating_sub(used) }));
    json!({
        "id": token.token.id,
        "onBehalfOf": session.person,
        "purpose": session.purpose,
        "expiresAt": token.token.expires_at.map(Timestamp::to_iso),
        "budget": {
            "calls": budget(session.budget.calls, used.calls),
            "records": budget(session.budget.records, used.records),
            "callsPerDay": budget(session.budget.calls_per_day, used.day_calls),
            "recordsPerDay": budget(session.budget.records_per_day, used.day_records),
        },
    })
}
