//! Changes to accounts.

use keyway_core::guards::{BesidePath, Guards, SensitiveProperties};
use keyway_core::quota::Tier;
use keyway_core::token::is_region;

use super::{Control, ControlError, Result, find_account, owned, replace, text};
use crate::model::Account;
use crate::{clock, store};

/// What a new account is made of; empty fields have defaults.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// Chosen when none.
    pub hub_id: Option<u64>,
    /// What people call it.
    pub name: String,
    /// Subscription; Free when none.
    pub tier: Option<Tier>,
    /// API limit increases, 0 to 2.
    pub addons: u8,
    /// IANA name; UTC when none.
    pub time_zone: Option<String>,
    /// ISO 4217; USD when none.
    pub currency: Option<String>,
    /// Data centre; `na1` when none.
    pub region: Option<String>,
}

/// What changes of an account; none keeps.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// New name.
    pub name: Option<String>,
    /// New subscription.
    pub tier: Option<Tier>,
    /// New number of API limit increases.
    pub addons: Option<u8>,
    /// New time zone.
    pub time_zone: Option<String>,
    /// New setting for object types beside the path, as written; of a connected account only.
    pub beside_path: Option<String>,
    /// New setting for sensitive properties, as written; of a connected account only.
    pub sensitive: Option<String>,
}

/// The id of the first account made without one; like a real one in length.
const FIRST_HUB_ID: u64 = 10_000_001;

pub(super) fn addons(count: u8) -> Result<u8> {
    if count <= 2 { Ok(count) } else { Err(ControlError::parameter("addons", "0, 1 or 2: HubSpot sells two API limit increases at most")) }
}

pub(super) fn time_zone(name: &str) -> Result<String> {
    match jiff::tz::TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(ControlError::Invalid(format!("{name} is not a time zone; use an IANA name such as Europe/Berlin"))),
    }
}

pub(super) fn currency(code: &str) -> Result<String> {
    let valid = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if valid {
        Ok(code.to_owned())
    } else {
        Err(ControlError::Invalid(format!("{code} is not a currency; use an ISO 4217 code such as EUR")))
    }
}

pub(super) fn region(name: &str) -> Result<String> {
    if is_region(name) {
        Ok(name.to_owned())
    } else {
        Err(ControlError::Invalid(format!("{name} is not a region; use one such as na1 or eu1")))
    }
}

impl Control {
    /// Every account.
    pub async fn accounts(&self) -> Vec<Account> {
        owned(&self.state.lock().await.accounts)
    }

    /// One account.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no account has this hub id.
    pub async fn account(&self, hub_id: u64) -> Result<Account> {
        find_account(&*self.state.lock().await, hub_id).cloned()
    }

    /// Makes an account with an embedded backend.
    ///
    /// # Errors
    /// A field is not valid, or the hub id taken.
    pub async fn create_account(&self, new: NewAccount) -> Result<Account> {
        if !self.hooks.embeds() {
            return Err(ControlError::Invalid(
                "an embedded account lives in one server's data folder; with --database, accounts are connected (--connect)".into(),
            ));
        }
        let (mut change, mut state) = self.begin().await?;
        // Records of an account that the store does not know are never taken over and never deleted
        // here: a deletion was interrupted, or the store is older than they are.
        let held = self.hooks.held();
        let taken = state.accounts.iter().map(|account| account.hub_id).chain(held.iter().copied());
        let hub_id = new.hub_id.unwrap_or_else(|| taken.map(|hub_id| hub_id + 1).max().unwrap_or(FIRST_HUB_ID));
        if state.accounts.iter().any(|account| account.hub_id == hub_id) {
            return Err(ControlError::Conflict(format!("there is an account {hub_id} already")));
        }
        if held.contains(&hub_id) {
            return Err(ControlError::Conflict(format!(
                "portal.db holds records of an account {hub_id} that keyway.db does not know. Choose another hub ID, or delete those records with \"keyway account delete {hub_id}\""
            )));
        }
        // Ids are numbers in JSON too, where more than 53 bits are not kept by every client.
        if hub_id == 0 || hub_id >= 1 << 53 {
            return Err(ControlError::Invalid("a hub ID is a whole number from 1 to 2^53 - 1".into()));
        }
        let account = Account {
            hub_id,
            name: text("the name", &new.name, true)?,
            tier: new.tier.unwrap_or(Tier::Free),
            addons: addons(new.addons)?,
            time_zone: time_zone(new.time_zone.as_deref().unwrap_or("UTC"))?,
            currency: currency(new.currency.as_deref().unwrap_or("USD"))?,
            region: region(new.region.as_deref().unwrap_or("na1"))?,
            created_at: self.registry.time_without_account(clock::now()),
            guards: Guards::default(),
            connection: None,
        };
        self.hooks.created(&account).await.map_err(ControlError::Backend)?;
        store::put_account(&mut change, &account).await?;
        let mut next = state.clone();
        next.accounts.push(account.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok(account)
    }

    /// Changes an account.
    ///
    /// # Errors
    /// There is none, or a field is not valid.
    pub async fn update_account(&self, hub_id: u64, asked: AccountChange) -> Result<Account> {
        let (mut change, mut state) = self.begin().await?;
        let mut account = find_account(&state, hub_id)?.clone();
        if let Some(name) = asked.name {
            account.name = text("the name", &name, true)?;
        }
        account.tier = asked.tier.unwrap_or(account.tier);
        account.addons = addons(asked.addons.unwrap_or(account.addons))?;
        account.time_zone = time_zone(asked.time_zone.as_deref().unwrap_or(&account.time_zone))?;
        if account.connection.is_none() && (asked.beside_path.is_some() || asked.sensitive.is_some()) {
            return Err(ControlError::Invalid(
                "an embedded account always asks for the scopes of object types and sensitive properties; the settings are of connected accounts".into(),
            ));
        }
        if let Some(asked) = asked.beside_path {
            account.guards.beside_path = BesidePath::parse(&asked).ok_or_else(|| {
                ControlError::Invalid(format!("the setting for object types beside the path is refuse or forward, not {asked}"))
            })?;
        }
        if let Some(asked) = asked.sensitive {
            account.guards.sensitive = SensitiveProperties::parse(&asked)
                .ok_or_else(|| ControlError::Invalid(format!("the setting for sensitive properties is refuse or forward, not {asked}")))?;
        }
        store::put_account(&mut change, &account).await?;
        let mut next = state.clone();
        replace(&mut next.accounts, account.clone(), |one| one.hub_id == hub_id);
        self.commit(change, &mut state, next).await?;
        Ok(account)
    }

    /// Deletes an account, its apps, their tokens, and the records of the embedded CRM; also records of
    /// an account that the store does not know, which an interrupted deletion leaves.
    ///
    /// # Errors
    /// No account has this hub id, or the embedded account can't be removed.
    pub async fn delete_account(&self, hub_id: u64) -> Result<()> {
        let (mut change, mut state) = self.begin().await?;
        let known = find_account(&state, hub_id);
        if known.is_err() && self.hooks.held().contains(&hub_id) {
            return self.hooks.deleted(hub_id).await.map_err(ControlError::Backend);
        }
        known?;
        let mut next = state.clone();
        next.accounts.retain(|account| account.hub_id != hub_id);
        next.apps.retain(|app| app.hub_id != hub_id);
        next.tokens.retain(|token| next.apps.iter().any(|app| app.id == token.app_id));
        store::delete_account(&mut change, hub_id).await?;
        self.commit(change, &mut state, next).await?;
        // A connected account has no records here; clearing what is not there does no harm.
        self.hooks.deleted(hub_id).await.map_err(ControlError::Backend)
    }
}
