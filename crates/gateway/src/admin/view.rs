//! What the admin API answers: the types of `keyway_api`, and the way to them from what is stored.

mod approvals;
mod notify;
mod of;

use axum::Json;
use keyway_api::{VERSION, Versioned};

use super::body::ApiError;

pub(super) use approvals::{approval, rule};
pub(super) use keyway_api::view::*;
pub(super) use keyway_api::{Moment, RoleName};
pub(super) use notify::{channel, condition, message};
pub(super) use of::{
    Seen, account, admin_token, app, app_with_tokens, apps, change, connection, install, made_token, oauth_client, public_app, record,
    session, token, user,
};

/// An answer, or problem details.
pub(super) type Answer<T> = Result<Json<Versioned<T>>, ApiError>;

/// An answer of this version.
pub(super) fn answer<T>(body: T) -> Answer<T> {
    Ok(Json(Versioned { version: VERSION, body }))
}
