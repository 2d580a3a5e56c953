//! What webhooks are signed with.

use keyway_core::secret::Secret;

use super::Control;
use super::public_apps::uuid;
use crate::registry::AppEntry;

impl Control {
    /// The secret of an app of an embedded account: of an install the newest client secret of its public
    /// app; of any other one that is made of the master key, so that nothing need be kept.
    ///
    /// # Errors
    /// There is none; says what would make one.
    pub fn signing_secret(&self, app: &AppEntry) -> Result<Secret<String>, String> {
        let Some(public_app) = &app.public_app else {
            let hash = self.registry.token_key().hash(&format!("keyway 2026-11 webhooks of app {}", app.app.id));
            return Ok(Secret::new(uuid(*hash.0.first_chunk().expect("a hash is longer than a UUID"))));
        };
        let newest = public_app.secrets.iter().max_by_key(|secret| secret.created_at);
        let newest = newest.ok_or_else(|| format!("{} has no client secret: it proves itself with PKCE", public_app.name))?;
        let sealed = newest.sealed.as_deref().ok_or_else(|| {
            let name = &public_app.name;
            format!("the client secret of {name} was made by an earlier version, which kept no text of it; `keyway public-app rotate-secret` makes one that signs")
        })?;
        self.store.open_for(&crate::store::oauth::bound_to(&newest.hash), sealed).map_err(|error| error.to_string())
    }
}
