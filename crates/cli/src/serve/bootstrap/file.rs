//! The file of `--bootstrap`, as types: YAML or JSON, which is YAML too.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::shown;
use keyway_gateway::double::faults::Rule;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::register::yaml;

/// The only version of the format.
const VERSION: u64 = 1;
/// Longest file, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Deepest nesting: a record in a seed of an account lies nine levels deep.
const DEPTH_MAX: usize = 32;

/// What an ephemeral Keyway server holds when it is ready, for `keyway serve --ephemeral --bootstrap FILE`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bootstrap {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u64,
    /// The embedded accounts.
    pub accounts: Vec<Account>,
}

/// An embedded account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Its hub id; Keyway chooses one when left out.
    #[serde(default)]
    pub hub_id: Option<u64>,
    /// The subscription, which decides the limits: free, starter, professional or enterprise.
    #[serde(default)]
    pub tier: Option<String>,
    /// API limit increases: 0, 1 or 2.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2))]
    pub addons: u8,
    /// IANA time zone, such as Europe/Berlin.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// ISO 4217 code, such as EUR.
    #[serde(default)]
    pub currency: Option<String>,
    /// Data centre, such as eu1.
    #[serde(default)]
    pub region: Option<String>,
    /// Its apps.
    #[serde(default)]
    pub apps: Vec<App>,
    /// Records that are added, in this order: a built-in set (demo, minimal, activities), a file of JSON beside this file, or the content of one.
    #[serde(default)]
    pub seeds: Vec<Seed>,
    /// Which calls fail, as in POST /api/v1/portals/{hubId}/faults.
    #[serde(default)]
    #[schemars(with = "Vec<Map<String, Value>>")]
    pub faults: Vec<Rule>,
    /// The account's time; the real one when left out.
    #[serde(default)]
    pub clock: Option<Clock>,
}

/// A private app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// Its name, which no other app of the file has.
    pub name: String,
    /// HubSpot's scopes, or all.
    pub scopes: Scopes,
    /// env:VARIABLE names the environment variable with its token, in HubSpot's form (pat-REGION-UUID); Keyway makes a token when left out, and the ready file has it.
    #[serde(default)]
    pub token: Option<String>,
    /// Whether HubSpot's limits hold for it.
    #[serde(default)]
    pub limits: bool,
    /// Classes of operations it may call, such as [read, create]; all of them when left out.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Where its webhooks go.
    #[serde(default)]
    pub webhooks: Option<Webhooks>,
}

/// HubSpot's scopes, or all of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scopes {
    /// `all`, or a comma list.
    Text(String),
    /// Their names.
    Names(Vec<String>),
}

/// Records.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Seed {
    /// A built-in set or a file.
    Named(String),
    /// The content of a seed.
    Inline(Map<String, Value>),
}

/// The webhooks of an app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhooks {
    /// Where events go, as POST.
    pub to: String,
    /// Events, such as contact.creation and contact.propertyChange:email.
    pub events: Vec<String>,
}

/// The time of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clock {
    /// Such as 2027-01-31T09:00:00Z; time runs on from there.
    pub at: String,
    /// Whether the account's time is stopped.
    #[serde(default)]
    pub frozen: bool,
}

impl Webhooks {
    /// HubSpot's own calls that set them.
    pub fn calls(&self, app_id: u64) -> Vec<Value> {
        let path = format!("/webhooks/v3/app-{app_id}");
        let settings = json!({ "targetUrl": self.to, "throttling": { "maxConcurrentRequests": 10 } });
        let mut calls = vec![json!({ "method": "PUT", "path": format!("{path}/settings"), "body": settings })];
        for event in &self.events {
            let mut parts = event.split(':');
            let mut body = json!({ "eventType": parts.next(), "active": true });
            if event.starts_with("object.") {
                body["objectTypeId"] = parts.next().into();
            }
            if let Some(property) = parts.next() {
                body["propertyName"] = property.into();
            }
            calls.push(json!({ "method": "POST", "path": format!("{path}/subscriptions"), "body": body }));
        }
        calls
    }
}

/// Reads a file.
///
/// # Errors
/// It can't be read, is too long, or is not the format. The error names the line.
pub fn read(path: &Path) -> anyhow::Result<Bootstrap> {
    let mut text = String::new();
    let name = shown::path(path);
    let opened = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    opened.with_context(|| format!("--bootstrap: {name} can't be read"))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("--bootstrap: {name} is longer than {} MiB. Put records into files, and name them in seeds", FILE_BYTES_MAX >> 20);
    }
    let bootstrap: Bootstrap = yaml::from_text(&text, DEPTH_MAX).map_err(|problem| anyhow::anyhow!("--bootstrap: {name}: {problem}"))?;
    if bootstrap.version != VERSION {
        bail!("--bootstrap: {name} has version {}, and this program reads version {VERSION}", bootstrap.version);
    }
    Ok(bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_schema_in_the_docs_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keyway-bootstrap.schema.json");
        let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Bootstrap)).unwrap();
        schema.push('\n');
        if std::env::var_os("KEYWAY_WRITE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published, schema, "write it again: KEYWAY_WRITE_SCHEMA=1 cargo nextest run --workspace -E 'test(schema_in_the_docs)'");
    }
}
