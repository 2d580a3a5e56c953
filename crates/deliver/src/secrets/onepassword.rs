//! A field of an item of 1Password, over a Connect server. Connect shows no earlier versions, so Keyway keeps
//! the former value in a field beside it.
//!
//! Source: the reference of the Connect API, version 1: vaults, items and the JSON Patch of an item, whose paths name a
//! field by its id.

use anyhow::{Context, bail};
use http::Method;
use keyway_core::path::encoded;
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Place, env, is_plain, split_reference};
use crate::https::{Call, send};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnePasswordField {
    /// Name or id.
    vault: String,
    /// Title or id.
    item: String,
    /// The field's label.
    #[serde(default = "field")]
    field: String,
}

fn field() -> String {
    "credential".into()
}

/// An item as it is now.
struct Item {
    path: String,
    fields: Vec<Value>,
}

impl Item {
    /// The id and the value of a field.
    fn field(&self, label: &str) -> anyhow::Result<Option<(&str, &str)>> {
        let mut found = self.fields.iter().filter(|field| field["label"] == label);
        let (first, second) = (found.next(), found.next());
        if second.is_some() {
            bail!("the item has several fields {label}");
        }
        let Some(field) = first else { return Ok(None) };
        let id = field["id"].as_str().filter(|id| is_plain(id)).context("1Password sent a field without an ID")?;
        Ok(Some((id, field["value"].as_str().unwrap_or_default())))
    }
}

impl OnePasswordField {
    /// `VAULT/ITEM#FIELD`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (vault, item, field) = split_reference("op", text)?;
        Ok(Self { vault: vault.into(), item: item.into(), field: field.unwrap_or("credential").into() })
    }

    /// The label of the field that holds the former value.
    fn former(&self) -> String {
        format!("{} before Keyway", self.field)
    }

    async fn item(&self) -> anyhow::Result<Item> {
        let vault = find("/v1/vaults", "name", &self.vault).await?;
        let items = format!("/v1/vaults/{vault}/items");
        let path = format!("{items}/{}", find(&items, "title", &self.item).await?);
        let (status, answer) = call(Method::GET, &path, None).await?;
        if status != 200 {
            bail!("{}", refusal(status, &answer));
        }
        Ok(Item { path, fields: answer["fields"].as_array().cloned().unwrap_or_default() })
    }

    /// What sets a field of an item: replaces its value, or adds the field.
    fn set(item: &Item, label: &str, value: &str) -> anyhow::Result<Value> {
        Ok(match item.field(label)? {
            Some((id, _)) => json!({ "op": "replace", "path": format!("/fields/{id}/value"), "value": value }),
            None => json!({ "op": "add", "path": "/fields", "value": { "label": label, "type": "CONCEALED", "value": value } }),
        })
    }

    async fn patch(item: &Item, changes: Value) -> anyhow::Result<()> {
        let (status, answer) = call(Method::PATCH, &item.path, Some(changes)).await?;
        if status != 200 {
            bail!("{}", refusal(status, &answer));
        }
        Ok(())
    }
}

/// The id of a vault or an item, by its name or by the id itself.
async fn find(list: &str, attribute: &str, name: &str) -> anyhow::Result<String> {
    let (status, answer) = call(Method::GET, list, None).await?;
    if status != 200 {
        bail!("{}", refusal(status, &answer));
    }
    let all: Vec<&Value> = answer.as_array().into_iter().flatten().collect();
    let found: Vec<&&Value> = all.iter().filter(|one| one["id"] == name || one[attribute] == name).collect();
    match found.as_slice() {
        [one] => Ok(encoded(one["id"].as_str().context("1Password sent something without an ID")?)),
        [] => bail!("1Password shows nothing with the {attribute} or ID {name} to OP_CONNECT_TOKEN"),
        _ => bail!("1Password has several with the {attribute} {name}; write the ID"),
    }
}

async fn call(method: Method, path: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
    let host = env("OP_CONNECT_HOST", "the address of the 1Password Connect server")?;
    let token = env("OP_CONNECT_TOKEN", "a token of the Connect server that may write the vault")?;
    let headers = vec![("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let url = format!("{}{path}", host.trim_end_matches('/'));
    send(Call { method, url: &url, headers, body: body.map(|body| body.to_string().into_bytes()) }).await
}

impl Place for OnePasswordField {
    fn name(&self) -> String {
        format!("1password {}/{}#{}", self.vault, self.item, self.field)
    }

    async fn check(&self) -> anyhow::Result<String> {
        let fate = if self.item().await?.field(&self.field)?.is_some() { "replaces" } else { "adds" };
        Ok(format!(
            "{fate} the field and keeps the value before it as \"{}\"; 1Password says whether it may only when it is written",
            self.former()
        ))
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let item = self.item().await?;
        let former = item.field(&self.field)?.map_or("", |(_, value)| value);
        let changes = json!([Self::set(&item, &self.former(), former)?, Self::set(&item, &self.field, token.expose())?]);
        Self::patch(&item, changes).await?;
        Ok("wrote the field".into())
    }

    async fn undo(&self, _: &Secret<String>) -> anyhow::Result<String> {
        let item = self.item().await?;
        let Some((former_id, former)) = item.field(&self.former())? else {
            bail!("the item has no field \"{}\", so there is nothing to restore", self.former())
        };
        let remove = |id: &str| json!({ "op": "remove", "path": format!("/fields/{id}") });
        // Empty where there was no such field.
        let (first, done) = match (former, item.field(&self.field)?) {
            ("", Some((id, _))) => (remove(id), "removed the field: there was none before"),
            _ => (Self::set(&item, &self.field, former)?, "wrote the value before it again"),
        };
        Self::patch(&item, json!([first, remove(former_id)])).await?;
        Ok(done.into())
    }

    async fn read(&self) -> anyhow::Result<String> {
        let item = self.item().await?;
        let found = item.field(&self.field)?.with_context(|| format!("the item {} has no field {}", self.item, self.field))?;
        Ok(found.1.to_owned())
    }
}

fn refusal(status: u16, answer: &Value) -> String {
    format!("1Password answered {status}: {}", answer["message"].as_str().unwrap_or("no reason given"))
}
