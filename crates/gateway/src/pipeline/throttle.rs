//! The limits: HubSpot's own on an embedded account; on a connected one, what HubSpot allows the
//! connection, shared by the account's apps.

use keyway_core::catalog::{LimitClass, Operation};
use keyway_core::error_body::{ErrorBody, RateLimitFields};
use keyway_core::quota::{Allowance, Exceeded, Policy};
use keyway_core::time::Now;

use super::Outcome;
use crate::registry::TokenEntry;

/// Counts a call of an app against its limits, as HubSpot does.
pub(super) fn embedded(token: &TokenEntry, operation: &Operation, now: Now) -> Result<Allowance, Outcome> {
    token.app.admit(operation.limit_class, now).map_err(|exceeded| too_many(token, operation, exceeded).into())
}

/// HubSpot's 429 (hubspot facts, section 4): no category, but `errorType` and the bucket's name.
pub(super) fn too_many(token: &TokenEntry, operation: &Operation, exceeded: Exceeded) -> ErrorBody {
    let (app, hub) = (token.app.app.id, token.app.app.hub_id);
    let bucket = match (exceeded.policy, operation.limit_class) {
        (Policy::Daily, _) => format!("publicapi:private-apps-api-calls-daily:{hub}"),
        (Policy::Secondly, _) => format!("publicapi:crm-search-secondly:{hub}"),
        (_, LimitClass::Associations) => format!("publicapi:associations-api-calls-ten-secondly:{app}:{hub}"),
        _ => format!("publicapi:private_app-api-calls-ten-secondly:{app}:{hub}"),
    };
    let mut error = exceeded.policy.refusal().error(exceeded.policy.message());
    error.rate_limit = Some(RateLimitFields { policy_name: exceeded.policy.name(), group_name: bucket });
    error.retry_after_s = Some((exceeded.retry_after_ms + 999) / 1000);
    error
}
