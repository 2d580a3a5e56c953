//! Accounts whose calls go to HubSpot.

use std::sync::Arc;

use keyway_core::guards::Guards;
use keyway_core::quota::Tier;
use keyway_core::secret::Secret;
use keyway_core::token::looks_like_ours;

use super::{Control, ControlError, Result, State, addons, find_account, plain_secret, region, text, time_zone};
use crate::clock;
use crate::model::{Account, Connection, Former};
use crate::store;
use crate::upstream::health;
use crate::upstream::{Base, CredentialError, Upstream};

/// What a connected account is made of; HubSpot says the rest.
#[derive(Debug)]
pub struct NewConnection {
    /// What people call it; the hub id when empty.
    pub name: String,
    /// HubSpot's host, or another Keyway's.
    pub base: Option<String>,
    /// A private-app token, service key or static-auth token.
    pub credential: Secret<String>,
    /// Its subscription, from which its limits follow; Free, the least, when none.
    pub tier: Option<Tier>,
    /// API limit increases, 0 to 2.
    pub addons: u8,
    /// IANA name, in which its days begin; UTC when none.
    pub time_zone: Option<String>,
}

/// How long a replaced credential is kept, in milliseconds: HubSpot's own grace after a rotation is
/// a week at most (hubspot facts, section 1).
const FORMER_KEPT_MS: i64 = 7 * 86_400_000;

/// Longest credential taken, in characters. HubSpot says to plan for 512 for OAuth's.
const CREDENTIAL_MAX: usize = 1_024;

impl Control {
    /// Asks HubSpot what a credential is, seals it, and makes an account whose calls go there.
    ///
    /// # Errors
    /// A field is not valid, HubSpot does not know the credential, or the account is there already.
    pub async fn connect_account(&self, upstream: &Upstream, new: NewConnection) -> Result<Account> {
        self.refuse_under_a_seed("it takes no credential of a HubSpot account")?;
        let base = base(new.base.as_deref())?;
        let credential = credential(new.credential, &base)?;
        let addons = addons(new.addons)?;
        let time_zone = time_zone(new.time_zone.as_deref().unwrap_or("UTC"))?;
        // Asked before the lock is taken: HubSpot may take long, and other changes need not wait for it.
        let info = upstream.credential_info(&base, &credential).await?;
        let now = clock::now();
        let hint = keyway_core::credential::hint(credential.expose());
        let account = Account {
            hub_id: info.hub_id,
            name: if new.name.trim().is_empty() { format!("HubSpot {}", info.hub_id) } else { text("the name", &new.name, true)? },
            tier: new.tier.unwrap_or(Tier::Free),
            addons,
            time_zone,
            currency: "USD".to_owned(),
            region: region(region_of(&credential))?,
            created_at: now,
            guards: Guards::default(),
            connection: Some(Arc::new(Connection {
                base,
                credential,
                hint,
                scopes: info.scopes,
                since: now,
                checked_at: now,
                former: None,
                oauth_client: None,
            })),
        };
        let (mut change, mut state) = self.begin().await?;
        if state.accounts.iter().any(|one| one.hub_id == account.hub_id) {
            return Err(ControlError::Conflict(format!("there is an account {} already", account.hub_id)));
        }
        store::put_account(&mut change, &account).await?;
        self.write_connection(&mut change, &account).await?;
        let mut next = state.clone();
        next.accounts.push(account.clone().into());
        self.commit(change, &mut state, next).await?;
        upstream.health.note(account.hub_id, health::State::Fine, now);
        Ok(account)
    }

    /// Puts a new credential in the place of a connection's. Calls in progress end with the old one;
    /// every call after this has the new one, and none is refused in between.
    ///
    /// # Errors
    /// The account is not connected, or the credential is refused, another account's, or holds
    /// fewer scopes than the account's apps have been granted and the old one held.
    pub async fn replace_credential(&self, upstream: &Upstream, hub_id: u64, new: Secret<String>) -> Result<Account> {
        let former = self.account(hub_id).await?.connection.ok_or_else(|| not_connected(hub_id))?;
        let credential = credential(new, &former.base)?;
        if former.oauth_client.is_some() {
            return Err(ControlError::Invalid(format!(
                "account {hub_id} is connected by OAuth: connect it again with `keyway account add --oauth`"
            )));
        }
        let info = upstream.credential_info(&former.base, &credential).await?;
        if info.hub_id != hub_id {
            return Err(ControlError::Invalid(format!("this credential opens account {}, not {hub_id}", info.hub_id)));
        }
        // A first call with it, before any of an app's has it.
        match upstream.account_of(&former.base, &credential).await {
            Ok(opened) if opened != hub_id => {
                return Err(ControlError::Invalid(format!("this credential opens account {opened}, not {hub_id}")));
            }
            // Whether it may ask that question is not the question.
            Ok(_) | Err(CredentialError::Silent { .. } | CredentialError::Unavailable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let (change, mut state) = self.begin().await?;
        let mut account = find_account(&state, hub_id)?.clone();
        // Another change may have replaced it meanwhile: what is in place now is what is kept.
        let former = account.connection.take().ok_or_else(|| not_connected(hub_id))?;
        let granted = state.apps.iter().filter(|app| app.hub_id == hub_id).flat_map(|app| &app.scopes);
        let mut lost: Vec<&str> = granted.map(String::as_str).filter(|scope| former.scopes.iter().any(|held| held == scope)).collect();
        lost.retain(|scope| !info.scopes.iter().any(|held| held == scope));
        lost.sort_unstable();
        lost.dedup();
        if !lost.is_empty() {
            return Err(ControlError::Invalid(format!(
                "the new credential lacks scopes that apps of this account have: {}",
                lost.join(", ")
            )));
        }
        let hint = keyway_core::credential::hint(credential.expose());
        let now = clock::now();
        let base = former.base.clone();
        let kept = Former { credential: former.credential.clone(), hint: former.hint.clone(), until: now.plus_ms(FORMER_KEPT_MS) };
        // The same credential again is not a change that could be undone.
        let kept = if kept.credential == credential { former.former.clone() } else { Some(kept) };
        account.connection = Some(Arc::new(Connection {
            base,
            credential,
            hint,
            scopes: info.scopes,
            since: now,
            checked_at: now,
            former: kept,
            oauth_client: None,
        }));
        self.put_connection(change, &mut state, &account).await?;
        upstream.health.note(hub_id, health::State::Fine, now);
        Ok(account)
    }

    /// Restores the credential before the last replacement, checked like a new one.
    ///
    /// # Errors
    /// There is none any more, or HubSpot does not take it.
    pub async fn roll_back_credential(&self, upstream: &Upstream, hub_id: u64) -> Result<Account> {
        let connection = self.account(hub_id).await?.connection.ok_or_else(|| not_connected(hub_id))?;
        let former = connection.former.clone().filter(|former| former.until > clock::now());
        let former = former.ok_or_else(|| ControlError::Conflict(format!("no former credential of account {hub_id} is kept")))?;
        self.replace_credential(upstream, hub_id, former.credential).await
    }

    /// Asks HubSpot about a connection's credential again: whether it is still taken, and which
    /// scopes it holds now (a downgraded subscription loses some without notice; hubspot facts,
    /// section 1). What it says is kept.
    ///
    /// # Errors
    /// The account is not connected, or the store can't be written. That HubSpot refuses the
    /// credential or can't be asked is not an error: it is the connection's state.
    pub async fn check_connection(&self, upstream: &Upstream, hub_id: u64) -> Result<Account> {
        let asked = self.account(hub_id).await?;
        let former = asked.connection.clone().ok_or_else(|| not_connected(hub_id))?;
        // What is given out with a refresh says the same, and is asked for when the account is used.
        if former.oauth_client.is_some() {
            return Ok(asked);
        }
        let now = clock::now();
        let info = match upstream.credential_info(&former.base, &former.credential).await {
            Ok(info) if info.hub_id == hub_id => info,
            Ok(_) | Err(CredentialError::Refused(_)) => {
                upstream.health.note(hub_id, health::State::Refused, now);
                return Ok(asked);
            }
            Err(CredentialError::Silent { hub_id: opened }) => {
                let state = if opened.is_none_or(|opened| opened == hub_id) { health::State::Fine } else { health::State::Refused };
                upstream.health.note(hub_id, state, now);
                return Ok(asked);
            }
            Err(error @ (CredentialError::Between(_) | CredentialError::WrongHublet(_))) => {
                tracing::warn!(hub_id, %error, "the credential of a connection could not be checked");
                upstream.health.note_unknown(hub_id, error.to_string(), now);
                return Ok(asked);
            }
            Err(error) => {
                tracing::warn!(hub_id, %error, "the credential of a connection could not be checked");
                upstream.health.note(hub_id, health::State::Unreachable, now);
                return Ok(asked);
            }
        };
        upstream.health.note(hub_id, health::State::Fine, now);
        let (change, mut state) = self.begin().await?;
        let mut account = find_account(&state, hub_id)?.clone();
        // Replaced meanwhile: the result belongs to the former credential.
        if account.connection.as_ref().is_none_or(|connection| !Arc::ptr_eq(connection, &former)) {
            return Ok(account);
        }
        let gone: Vec<&String> = former.scopes.iter().filter(|scope| !info.scopes.contains(scope)).collect();
        if !gone.is_empty() {
            tracing::warn!(hub_id, scopes = ?gone, "HubSpot has taken scopes from the connection's credential");
        }
        let Connection { base, credential, hint, since, .. } = &*former;
        let renewed = Connection {
            base: base.clone(),
            credential: credential.clone(),
            hint: hint.clone(),
            scopes: info.scopes,
            since: *since,
            checked_at: now,
            former: former.former.clone().filter(|kept| kept.until > now),
            oauth_client: None,
        };
        account.connection = Some(Arc::new(renewed));
        self.put_connection(change, &mut state, &account).await?;
        Ok(account)
    }

    /// Checks every connection, one after the other.
    pub async fn check_connections(&self, upstream: &Upstream) {
        let accounts = self.accounts().await;
        for account in
            accounts.into_iter().filter(|account| account.connection.as_ref().is_some_and(|connection| connection.oauth_client.is_none()))
        {
            if let Err(error) = self.check_connection(upstream, account.hub_id).await {
                tracing::warn!(hub_id = account.hub_id, %error, "a connection could not be checked");
            }
        }
    }

    /// Writes an account with another connection, and makes it count.
    async fn put_connection(&self, mut change: store::Change, state: &mut State, account: &Account) -> Result<()> {
        self.write_connection(&mut change, account).await?;
        let mut next = state.clone();
        super::replace(&mut next.accounts, account.clone(), |one| one.hub_id == account.hub_id);
        self.commit(change, state, next).await
    }

    pub(super) async fn write_connection(&self, change: &mut store::Change, account: &Account) -> Result<()> {
        if let Some(connection) = &account.connection {
            self.store.put_connection(change, account.hub_id, connection).await?;
        }
        Ok(())
    }
}

fn not_connected(hub_id: u64) -> ControlError {
    ControlError::Invalid(format!("account {hub_id} is embedded: it has no credential"))
}

pub(super) fn base(asked: Option<&str>) -> Result<Base> {
    Base::parse(asked.unwrap_or(Base::HUBSPOT)).map_err(|error| ControlError::Invalid(error.to_string()))
}

/// A credential without the line end that files and commands add. A token that a Keyway issued does not go to HubSpot.
pub(super) fn credential(text: Secret<String>, base: &Base) -> Result<Secret<String>> {
    let plain = plain_secret(text.expose(), CREDENTIAL_MAX);
    let plain = plain.ok_or_else(|| ControlError::Invalid("the credential is empty, too long, or not one line of plain letters".into()))?;
    if base.is_hubspots() && looks_like_ours(plain) {
        return Err(ControlError::Invalid(
            "the credential is a token that a Keyway issued, and HubSpot does not know it. Use the service key or the token of a HubSpot app, or name the Keyway that issued it with --base"
                .into(),
        ));
    }
    Ok(Secret::new(plain.to_owned()))
}

/// `na1` of `pat-na1-…`; tokens that Keyway makes for the account's apps carry it on.
fn region_of(credential: &Secret<String>) -> &str {
    let mut parts = credential.expose().split('-');
    match (parts.next(), parts.next()) {
        (Some("pat"), Some(region)) => region,
        _ => "na1",
    }
}
