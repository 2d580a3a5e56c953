//! What the audit log gets of a call.

use std::sync::Arc;

use super::resolve::known_method;
use super::{Call, Gateway, agent};
use crate::audit::AuditEntry;

impl Gateway {
    /// How the audit names the operation of a call.
    pub(super) fn name_of(&self, call: &Call) -> Arc<str> {
        match (call.operation, &call.unlisted) {
            (_, Some(name)) => name.clone(),
            (Some(operation), _) => self.operation_names[usize::from(operation.id.0)].clone(),
            (None, None) => format!("{} (unknown)", known_method(&call.method)).into(),
        }
    }

    /// What is known of a call before its outcome.
    pub(super) fn entry(&self, call: &Call) -> AuditEntry {
        let caller = call.token.as_ref().map(|token| token.caller());
        AuditEntry {
            at: call.at,
            hub_id: caller.map(|caller| caller.hub_id),
            app_id: caller.map(|caller| caller.app_id),
            token_id: caller.map(|caller| caller.token_id),
            operation: self.name_of(call),
            object: call.object.clone(),
            status: 0,
            word: None,
            attempts: call.sent.attempts,
            waited_us: u64::try_from(call.sent.waited.as_micros()).unwrap_or(u64::MAX),
            latency_us: u64::try_from(call.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            bytes_in: call.bytes_in,
            bytes_out: 0,
            correlation_id: call.correlation_id.clone(),
            source: call.source,
            named: call.touched.as_deref().map(|touched| Box::new(touched.named(**self.property_names.get()))),
            agent: agent::of(call),
        }
    }
}
