//! Is it still there? With `--as-of`, what HubSpot will have ended by a day is refused on embedded
//! accounts.
//!
//! What has ended is decided in `core::sunset`. That of a gone path HubSpot says 404 is published for
//! Contact Lists v1 and Owners v2 alone; the others are answered alike (docs/testing.md).

use keyway_core::catalog::{Auth, Operation};
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::refusal::Refusal;
use keyway_core::sunset::AsOf;

use super::{Gateway, authenticate};
use crate::registry::TokenEntry;

impl Gateway {
    /// Refuses a call whose way of authentication or whose path has ended. What goes to HubSpot itself
    /// is not looked at.
    pub(super) fn refuse_ended(&self, token: &TokenEntry, path: &NormalPath, operation: Option<&Operation>) -> Result<(), ErrorBody> {
        let as_of = self.as_of.get();
        let Some(as_of) = as_of.as_ref().as_ref().filter(|_| token.app.account.limiter().is_none()) else { return Ok(()) };
        // The developer account's key goes on.
        let is_of_account = operation.is_none_or(|operation| operation.auth != Auth::DeveloperKey);
        if token.token.legacy && is_of_account && as_of.end_of_auth("hapikey").is_some() {
            return Err(authenticate::unknown_key());
        }
        refuse(as_of, path)
    }

    /// The same for the endpoints of OAuth, where the account is not known yet: they stay for all
    /// while any account is connected.
    pub(super) fn refuse_ended_oauth(&self, path: &NormalPath) -> Result<(), ErrorBody> {
        match &**self.as_of.get() {
            Some(as_of) if !self.registry.has_connections() => refuse(as_of, path),
            _ => Ok(()),
        }
    }
}

fn refuse(as_of: &AsOf, path: &NormalPath) -> Result<(), ErrorBody> {
    let Some(end) = as_of.end_of_path(path.as_str()) else { return Ok(()) };
    let day = as_of.day();
    let may_run_on = if end.may_run_on() { " HubSpot says that it may run on; `--unsupported serve` answers it." } else { "" };
    let certainty = if end.certainty == "published" { String::new() } else { format!(" ({})", end.certainty) };
    let message = format!(
        "{}: {} since {}{certainty}, and this server answers as of {day}.{may_run_on} Move to: {}",
        end.what, end.effect, end.date, end.move_to
    );
    Err(Refusal::Ended.error(message))
}
