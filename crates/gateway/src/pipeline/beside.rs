//! Decides about what a call reaches beside its path: the object types and the sensitive properties that its query and
//! its body name. What they are is `core::beside`'s and `core::sensitive`'s to say, and who may is `core::policy`'s.
//!
//! An embedded account decides by itself about its lists, the labels that it made, and its sensitive properties. Of a
//! connected account they are learned, with the connection's credential and within its limits.

use std::sync::Arc;

use http::request::Parts;
use keyway_core::beside::{self, Access, Beside};
use keyway_core::catalog::{LimitClass, Operation};
use keyway_core::error_body::ErrorBody;
use keyway_core::guards::{BesidePath, SensitiveProperties};
use keyway_core::object_type::{self, ObjectType};
use keyway_core::path::encode_component;
use keyway_core::policy::{Denial, Permit};
use keyway_core::refusal::Refusal;
use keyway_core::requirement;
use keyway_core::sensitive::{self, Guarded, Lacking, Sensitivity, Subject};
use serde_json::Value;

use super::receive::Taken;
use super::{Call, Gateway, throttle};
use crate::backend::credential_refused;
use crate::clock;
use crate::known::Properties;
use crate::limiter::{Asking, Limiter};
use crate::registry::TokenEntry;
use crate::upstream::CredentialError;
use crate::upstream::health::State;

/// A call to an embedded account.
pub(super) fn embedded(call: &mut Call, head: &Parts, taken: &Taken, permit: Permit, token: &TokenEntry) -> Result<Permit, ErrorBody> {
    let mut found = named(head, taken, &permit);
    found.leave_to_account();
    let reached = found.bits();
    let permit = reaching(permit, found, token)?;
    token.reaches(reached);
    if let Some(observed) = &mut call.taken {
        observed.reached = reached;
    }
    Ok(permit)
}

fn named(head: &Parts, taken: &Taken, permit: &Permit) -> Beside {
    Beside::of(permit.operation(), permit.path(), head.uri.query(), &taken.json)
}

fn reaching(permit: Permit, found: Beside, token: &TokenEntry) -> Result<Permit, ErrorBody> {
    if found.is_empty() {
        return Ok(permit);
    }
    let (caller, operation) = (token.caller(), permit.operation());
    permit.reaching(&caller, found).map_err(|denial| denial.to_error(&caller, operation))
}

/// Whether a call may touch sensitive properties that its app may not, so that they must be known.
fn may_be_sensitive(permit: &Permit, token: &TokenEntry, found: &Beside) -> bool {
    let account = &token.app.account;
    let guards = |row: &ObjectType| !sensitive::holds_as_much(token.granted(), &account.held, row);
    account.account.guards.sensitive == SensitiveProperties::Refuse
        && sensitive::opens_any(&account.held)
        && sensitive::may_be_asked_for(permit.operation())
        && sensitive::subjects(permit.operation(), permit.path()).iter().any(|subject| match subject {
            Subject::Type(name) => object_type::row_of(name).is_some_and(guards),
            Subject::Named => found.types().any(|(row, _)| guards(row)),
            Subject::Unknown => ObjectType::all().iter().chain([ObjectType::custom()]).any(guards),
        })
}

impl Gateway {
    /// A call to a connected account.
    pub(super) async fn beside_hubspot(
        &self,
        head: &Parts,
        taken: &Taken,
        permit: Permit,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
    ) -> Result<Permit, ErrorBody> {
        let checks = token.app.account.account.guards.beside_path == BesidePath::Refuse;
        if checks && taken.is_stream && beside::takes_json_only(permit.operation()) {
            return Err(Refusal::NotJson.error(format!(
                "the body of {} must be application/json: Keyway looks in it for what the call names",
                permit.operation()
            )));
        }
        let mut found = named(head, taken, &permit);
        let reads_all = requirement::covers_every_type(token.granted(), Access::Read);
        if ((checks && !reads_all) || may_be_sensitive(&permit, token, &found))
            && let Some(list) = found.list().map(str::to_owned)
            && let Some(object_type) = Box::pin(self.object_type_of(&list, permit.operation(), token, limiter)).await?
        {
            found.add_named(&object_type, Access::Read);
        }
        found.list_is_known();
        if may_be_sensitive(&permit, token, &found) {
            Box::pin(self.guard(head, taken, &permit, token, limiter, &found)).await?;
        }
        let reached = found.bits();
        let permit = if checks { reaching(permit, found, token)? } else { permit };
        token.reaches(reached);
        Ok(permit)
    }

    /// Refuses a call that names a sensitive property whose scope its app lacks, and one that is answered with all of them.
    async fn guard(
        &self,
        head: &Parts,
        taken: &Taken,
        permit: &Permit,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
        found: &Beside,
    ) -> Result<(), ErrorBody> {
        let (operation, granted) = (permit.operation(), token.granted());
        let refuse = |lacking: Lacking| Denial::MissingSensitive(lacking).to_error(&token.caller(), operation);
        let mut guarded = Guarded::default();
        for (name, row) in types_of(permit, found) {
            for level in sensitive::defined_levels(operation, &taken.json) {
                if !sensitive::scopes(row, level, Access::Write).intersects(granted) {
                    return Err(refuse(Lacking { property: "of the definition".to_owned(), row, level, access: Access::Write }));
                }
            }
            if sensitive::holds_as_much(granted, &token.app.account.held, row) {
                continue;
            }
            for (property, level) in self.sensitive_properties(&name, operation, token, limiter).await?.iter() {
                guarded.add(granted, row, property, *level);
            }
        }
        if guarded.is_empty() {
            return Ok(());
        }
        let shown = guarded.check(granted, operation, permit.path(), head.uri.query(), &taken.json).map_err(refuse)?;
        shown.into_iter().next().map_or(Ok(()), |lacking| Err(refuse(lacking)))
    }

    /// Which properties of a type are sensitive. An account whose connection may not see them has none.
    async fn sensitive_properties(
        &self,
        name: &str,
        operation: &Operation,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
    ) -> Result<Properties, ErrorBody> {
        let hub_id = token.app.account.account.hub_id;
        if let Some(known) = self.known.properties(hub_id, name) {
            return Ok(known);
        }
        let mut found = Vec::new();
        for level in Sensitivity::ALL {
            let mut path = "/crm/v3/properties/".to_owned();
            encode_component(name, &mut path);
            path.push_str(&format!("?dataSensitivity={}", level.name()));
            match self.learn(&path, &["results"], operation, token, limiter).await {
                Ok(answer) => {
                    let results = answer["results"].as_array().into_iter().flatten();
                    found.extend(results.filter_map(|one| Some((one["name"].as_str()?.into(), level))));
                }
                // HubSpot has no such type, or the connection may not ask: it may not see the values either.
                Err(Unlearned::Not) => {}
                Err(Unlearned::Refused(error)) => return Err(error),
            }
        }
        let found = Arc::new(found);
        self.known.learn_properties(hub_id, name, found.clone());
        Ok(found)
    }

    /// The type id of a list; none where there is no such list.
    async fn object_type_of(
        &self,
        list: &str,
        operation: &Operation,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
    ) -> Result<Option<Arc<str>>, ErrorBody> {
        let hub_id = token.app.account.account.hub_id;
        let id: u64 = list.parse().map_err(|_| Refusal::RequestNotValid.error("the ID of a list is a number"))?;
        if let Some(known) = self.known.list(hub_id, id) {
            return Ok(Some(known));
        }
        match self.learn(&format!("/crm/v3/lists/{id}"), &["list"], operation, token, limiter).await {
            Ok(answer) => {
                let object_type: Arc<str> = answer["list"]["objectTypeId"].as_str().unwrap_or_default().into();
                self.known.learn_list(hub_id, id, object_type.clone());
                Ok(Some(object_type))
            }
            Err(Unlearned::Not) => Ok(None),
            Err(Unlearned::Refused(error)) => Err(error),
        }
    }

    /// Reads something of the account, as a call of the app.
    async fn learn(
        &self,
        path: &str,
        documented: &[&str],
        operation: &Operation,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
    ) -> Result<Value, Unlearned> {
        let account = &token.app.account.account;
        let connection = account.connection.as_deref().ok_or_else(|| Unlearned::Refused(not_now()))?;
        let credential = self.presented(account).await.map_err(Unlearned::Refused)?;
        let asking = Asking::new(token.app.app.id, token.app.app.sharing, LimitClass::Standard, 0);
        let place = limiter.place(asking).await;
        let mut slot = place.map_err(|exceeded| Unlearned::Refused(throttle::too_many(token, operation, exceeded)))?;
        slot.sending();
        match self.upstream.fetch(&connection.base, &credential, path, documented).await {
            Ok(answer) => Ok(answer),
            Err(CredentialError::Silent { .. } | CredentialError::Unavailable(400 | 404)) => Err(Unlearned::Not),
            Err(CredentialError::Refused(_)) => {
                self.upstream.health.note(account.hub_id, State::Refused, clock::now());
                if let Some(tokens) = self.tokens.as_ref().filter(|_| connection.oauth_client.is_some()) {
                    tokens.refused(account.hub_id, &credential);
                }
                Err(Unlearned::Refused(credential_refused()))
            }
            Err(error) => {
                tracing::warn!(%error, hub_id = account.hub_id, path, "what a call needs to be decided on could not be learned");
                Err(Unlearned::Refused(not_now()))
            }
        }
    }
}

/// Why something is not learned.
enum Unlearned {
    /// HubSpot says that it is not there, or not to be seen.
    Not,
    /// It can't be learned now, and the call is refused.
    Refused(ErrorBody),
}

fn not_now() -> ErrorBody {
    Refusal::ReachUnknown.error(
        "Keyway could not ask HubSpot what the call reaches (the sensitive properties of its object type, or the object type of its list), so it did not forward the call. Send it again.",
    ).retry_after(1)
}

/// The object types whose properties a call may name, as they are spelled.
fn types_of(permit: &Permit, found: &Beside) -> Vec<(String, &'static ObjectType)> {
    let mut types: Vec<(String, &'static ObjectType)> = Vec::new();
    for subject in sensitive::subjects(permit.operation(), permit.path()) {
        match subject {
            Subject::Type(name) => types.extend(object_type::row_of(&name).map(|row| (name.to_ascii_lowercase(), row))),
            Subject::Named | Subject::Unknown => {
                let standard = found.types().filter(|(row, _)| row.index != ObjectType::custom().index);
                types.extend(standard.map(|(row, _)| (row.name.to_owned(), row)));
                types.extend(found.custom_types().map(|name| (name.to_ascii_lowercase(), ObjectType::custom())));
            }
        }
    }
    types.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    types.dedup_by(|one, other| one.0 == other.0);
    types
}
