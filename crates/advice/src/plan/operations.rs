//! The operations of an integration, each once: its places, its successor and its end date.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use keyway_core::catalog::{Catalog, Method};
use keyway_core::sunset;

use super::{Integration, Use, clue, ends, need};

/// An operation and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedOperation {
    /// Method and template.
    pub operation: String,
    /// Where it is called.
    pub places: Vec<String>,
    /// Whether a client library or a workflow tool sends it.
    pub by_client: bool,
    /// What takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Whether the successor is a beta.
    pub beta: bool,
    /// What differs there, in words; absent where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Whether `keyway fix` moves each place; none where it was not asked about this operation.
    #[serde(skip)]
    pub moved_by_fix: Option<bool>,
    /// What it does to the account at worst, such as `read` or `update, bulk`; absent where the catalog does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// When it ends, ISO date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Cow<'static, str>>,
}

impl PlannedOperation {
    /// Whether it creates or changes CRM records. From 2026-09 on, HubSpot enforces the account's rules for these
    /// (hubspot facts, section 2, 2026-09-08).
    pub fn writes_records(&self) -> bool {
        let (method, path) = self.operation.split_once(' ').unwrap_or(("GET", &self.operation));
        let target = self.successor.as_deref().unwrap_or(path);
        let reads = ["/search", "/batch/read", "/batch/archive", "/gdpr-delete"].iter().any(|end| path.ends_with(end));
        matches!(method, "POST" | "PUT" | "PATCH") && !reads && target.starts_with("/crm/") && target.contains("/objects/")
    }

    /// Whether it, or its successor, takes the developer API key and no token.
    pub fn takes_developer_key(&self) -> bool {
        let (method, path) = self.operation.split_once(' ').unwrap_or(("GET", &self.operation));
        Method::parse(method).is_some_and(|method| sunset::leads_to_developer_key(method, path))
    }

    /// Whether `keyway fix` moves it: by the notes of `keyway fix`, else where the call is a URL and the successor is generally
    /// available and behaves the same.
    pub fn moves_by_itself(&self) -> bool {
        let alike = !self.by_client && !self.beta && self.difference.is_none() && self.successor.is_some();
        self.moved_by_fix.unwrap_or(alike)
    }
}

pub(super) fn of(integration: &Integration) -> Vec<PlannedOperation> {
    let mut uses: BTreeMap<(&str, Option<&str>, bool), Vec<&Use>> = BTreeMap::new();
    for one in integration.uses.iter().filter(|one| clue::of(&one.operation, &one.auth).is_none()) {
        uses.entry((&one.operation, one.successor.as_deref(), one.by_client)).or_default().push(one);
    }
    uses.into_values()
        .map(|uses| {
            let one = uses[0];
            let mut places: Vec<String> = uses.iter().map(|one| one.place.clone()).collect();
            places.dedup();
            let successor = need::successor(one);
            PlannedOperation {
                operation: one.operation.clone(),
                places,
                by_client: one.by_client,
                successor: successor.to,
                beta: successor.beta,
                difference: successor.difference,
                moved_by_fix: None,
                class: Catalog::get().named(&one.operation).map(|operation| operation.safety.to_string()),
                ends: ends::of_use(one).map(|row| row.date.into()),
            }
        })
        .collect()
}
