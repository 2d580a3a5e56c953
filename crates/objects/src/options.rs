//! Settings of an account that only HubSpot's interface changes, and no API. A seed sets them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::items::{Item, Place};
use crate::state::State;
use crate::tx::Tx;

/// What the account does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// Associates a contact with the company of its email domain, and creates that company if there is none.
    /// Off by default: a test counts the companies that it creates.
    pub(crate) associate_companies: bool,
    /// Contacts and companies become opportunities by a deal, and customers by a won one.
    pub(crate) lifecycle_from_deals: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { associate_companies: false, lifecycle_from_deals: true }
    }
}

impl Options {
    /// Those of an account.
    pub fn of(state: &State) -> Self {
        let kept = state.items.get(&PLACE, KEY);
        kept.and_then(|item| serde_json::from_value(item.value.clone()).ok()).unwrap_or_default()
    }

    /// Keeps them.
    pub fn put(self, tx: &mut Tx<'_>) {
        tx.put_item(&PLACE, KEY, Item::new(serde_json::to_value(self).expect("flags always serialise")));
    }
}

static PLACE: LazyLock<Place> = LazyLock::new(|| Place::new("account-options", &[]));
const KEY: &str = "options";
