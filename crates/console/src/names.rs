//! Names in place of numbers: of the apps and accounts that a page speaks of.

use std::collections::{BTreeSet, HashMap};

use keyway_api::view::Account;

use super::api::Api;
use super::{account_words, app_words};

/// The names that are known.
#[derive(Default)]
pub(super) struct Names {
    apps: HashMap<u64, String>,
    accounts: Vec<Account>,
}

impl Names {
    /// Asks for the apps by their numbers, and for the accounts where they are few enough for a list.
    pub async fn of(api: &Api, ids: impl Iterator<Item = u64>) -> Self {
        let mut names = Self::default();
        for id in ids.collect::<BTreeSet<_>>() {
            // An app that is gone has no name any more.
            if let Ok(app) = app_words::get(api, id).await {
                names.apps.insert(id, app.app.name);
            }
        }
        names.accounts = account_words::few(api).await.unwrap_or_default();
        names
    }

    /// The app's name, or its id where the app is deleted.
    pub fn app(&self, id: u64) -> String {
        self.known_app(id).map_or_else(|| format!("app {id} (deleted)"), str::to_owned)
    }

    /// The app's name.
    pub fn known_app(&self, id: u64) -> Option<&str> {
        self.apps.get(&id).map(String::as_str)
    }

    /// The account's name, or its hub id.
    pub fn account(&self, hub_id: u64) -> String {
        self.known_account(hub_id).map_or_else(|| format!("account {hub_id}"), str::to_owned)
    }

    /// The account's name.
    pub fn known_account(&self, hub_id: u64) -> Option<&str> {
        self.accounts.iter().find(|account| account.hub_id == hub_id).map(|account| account.name.as_str())
    }

    /// The accounts; none where they are too many for a list.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}
