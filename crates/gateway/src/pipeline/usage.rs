//! How many calls has the account made today? (hubspot facts, section 5)
//!
//! Answered here for embedded accounts, whose calls the gateway counts.

use keyway_core::catalog::Operation;
use keyway_core::time::Timestamp;
use serde_json::json;

use crate::backend::BackendReply;
use crate::registry::TokenEntry;

pub(super) fn is_usage(operation: &Operation) -> bool {
    let present = operation.template.starts_with("/account-info/") && operation.template.ends_with("/api-usage/daily/private-apps");
    present || [OF_ACCOUNT, PRE_V3].contains(&operation.template)
}

/// The form before it was asked by kind of app; its answer has the present shape and the older name.
const OF_ACCOUNT: &str = "/account-info/v3/api-usage/daily";
const PRE_V3: &str = "/integrations/v1/limit/daily";

pub(super) fn answer(operation: &Operation, token: &TokenEntry, now: Timestamp) -> BackendReply {
    let account = &token.app.account;
    let (used, resets_at) = account.daily(now);
    if operation.template == PRE_V3 {
        let body = json!([{
            "name": "api-calls-daily", "usageLimit": account.limits.daily, "currentUsage": used, "collectedAt": now.as_ms(),
            "fetchStatus": "SUCCESS", "resetsAt": resets_at.as_ms(),
        }]);
        return BackendReply { status: 200, body: body.to_string().into() };
    }
    let body = json!({ "results": [{
        "name": if operation.template == OF_ACCOUNT { "api-calls-daily" } else { "private-apps-api-calls-daily" },
        "usageLimit": account.limits.daily,
        "currentUsage": used,
        "collectedAt": now.to_iso(),
        "fetchStatus": "SUCCESS",
        "resetsAt": resets_at.to_iso(),
    }]});
    BackendReply { status: 200, body: body.to_string().into() }
}
