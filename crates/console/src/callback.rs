//! Where HubSpot's consent page leads back to when an account is connected.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use keyway_gateway::admin::Admin;
use keyway_gateway::control::ControlError;
use keyway_oauth::Params;

use super::page;

/// Takes the person back. That they were sent from here is what the state shows.
pub(super) async fn take(State(admin): State<Admin>, RawQuery(query): RawQuery) -> Response {
    let refused = |text: &str| page::message(400, "The account was not connected", text);
    let Ok(params) = Params::from_form(query.unwrap_or_default().as_bytes()) else { return refused("The address can't be read.") };
    let Some(state) = params.get("state") else {
        return refused("The address has no state: it is not an answer to anything asked from here.");
    };
    let code = match (params.get("code"), params.get("error")) {
        (Some(code), None) => Ok(code),
        // What it says is not shown: it may be anybody's.
        (_, Some("access_denied")) => Err("access_denied"),
        _ => Err("an error"),
    };
    match admin.control.end_authorization(&admin.upstream, state, code).await {
        Ok(account) => {
            admin.connected(account.hub_id);
            page::message(
                200,
                "Connected",
                &format!("Account {} ({}) is connected. You can close this page.", account.hub_id, account.name),
            )
        }
        Err(error @ (ControlError::Store(_) | ControlError::Backend(_))) => {
            tracing::error!(%error, "an account could not be connected");
            page::unavailable()
        }
        Err(error) => refused(&error.to_string()),
    }
}
