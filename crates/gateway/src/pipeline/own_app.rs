//! Webhooks of an embedded account belong to an app: its own token sets their target and their subscriptions, and
//! no other.

use keyway_core::error_body::ErrorBody;
use keyway_core::policy::Permit;
use keyway_core::refusal::Refusal;

use crate::registry::{Registry, TokenEntry};

/// Refuses a call on the webhooks of another app. A path names an app by its id, or an install by that of its public app.
pub(super) fn check(registry: &Registry, permit: &Permit, token: &TokenEntry) -> Result<(), ErrorBody> {
    let operation = permit.operation();
    let mut segments = operation.template[1..].split('/');
    if !matches!(segments.next(), Some("webhooks" | "app-webhooks")) {
        return Ok(());
    }
    let Some(at) = segments.position(|segment| segment == "{appId}").map(|at| at + 1) else { return Ok(()) };
    let path = operation.spell(permit.path());
    let named = path.segments().nth(at).unwrap_or_default();
    let (app, hub_id) = (&token.app.app, permit.hub_id());
    if registry.webhook_app(hub_id, named).is_some_and(|entry| entry.app.id == app.id) {
        return Ok(());
    }
    let own = app.public_app.unwrap_or(app.id);
    Err(Refusal::WebhooksOfAnotherApp.error(
        format!(
            "Webhook settings and subscriptions belong to the app itself. The token of the app \"{}\" reaches those of {own}, not of another app.",
            app.name
        ),
    ))
}
