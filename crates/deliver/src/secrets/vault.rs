//! HashiCorp Vault and OpenBao: a field of a secret of the key-value engine, version 2.

use anyhow::{Context, bail};
use http::Method;
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{LOOK_BACK_MAX, Place, env};
use crate::https::{Call, send};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSecret {
    /// Where it is; VAULT_ADDR when left out.
    address: Option<String>,
    #[serde(default = "mount")]
    mount: String,
    path: String,
    #[serde(default = "key")]
    key: String,
}

fn mount() -> String {
    "secret".into()
}

fn key() -> String {
    "token".into()
}

/// A version of a secret; none where there is no secret, or its last version was deleted.
struct Version {
    number: u64,
    data: Option<Map<String, Value>>,
}

impl Place for VaultSecret {
    fn name(&self) -> String {
        format!("vault {}/{}#{}", self.mount, self.path, self.key)
    }

    async fn check(&self) -> anyhow::Result<String> {
        let now = self.version(None).await?;
        let path = format!("{}/data/{}", self.mount, self.path);
        let (status, answer) = self.call(Method::POST, "sys/capabilities-self", Some(json!({ "paths": [path] }))).await?;
        let held = answer["data"][&path].as_array().or_else(|| answer[&path].as_array());
        let may = |what: &str| held.is_some_and(|held| held.iter().any(|one| one == what || one == "root"));
        if status == 200 && !(may("update") && (now.number > 0 || may("create"))) {
            bail!("VAULT_TOKEN may not write {path}");
        }
        Ok(match now.data {
            Some(data) => format!(
                "writes version {} and keeps the {} other fields",
                now.number + 1,
                data.len() - usize::from(data.contains_key(&self.key))
            ),
            None => "makes the secret".into(),
        })
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let now = self.version(None).await?;
        let mut data = now.data.unwrap_or_default();
        data.insert(self.key.clone(), json!(token.expose()));
        let written = self.write(data, now.number).await?;
        Ok(format!("wrote version {written}"))
    }

    async fn undo(&self, delivered: &Secret<String>) -> anyhow::Result<String> {
        let now = self.version(None).await?;
        let mut data = now.data.unwrap_or_default();
        let earlier = (now.number.saturating_sub(LOOK_BACK_MAX).max(1)..now.number).rev();
        for number in earlier {
            let Some(former) = self.version(Some(number)).await?.data else { continue };
            // Others may have written beside the token: these versions hold it too.
            if former.get(&self.key).and_then(Value::as_str) == Some(delivered.expose()) {
                continue;
            }
            match former.get(&self.key) {
                Some(value) => drop(data.insert(self.key.clone(), value.clone())),
                None => drop(data.remove(&self.key)),
            }
            let written = self.write(data, now.number).await?;
            return Ok(format!("wrote {} of version {number} again, in version {written}", self.key));
        }
        if now.number > LOOK_BACK_MAX {
            bail!("none of the {LOOK_BACK_MAX} versions before {} is from before the delivery", now.number);
        }
        data.remove(&self.key);
        if !data.is_empty() {
            let written = self.write(data, now.number).await?;
            return Ok(format!("removed {} in version {written}: there was none before", self.key));
        }
        let (status, answer) = self.call(Method::DELETE, &format!("{}/data/{}", self.mount, self.path), None).await?;
        if status >= 300 {
            bail!("{}", refusal(status, &answer));
        }
        Ok(format!("deleted version {}: there was none before", now.number))
    }

    async fn read(&self) -> anyhow::Result<String> {
        let data = self.version(None).await?.data.with_context(|| format!("there is no secret {}/{}", self.mount, self.path))?;
        let value = data.get(&self.key).and_then(Value::as_str);
        Ok(value.with_context(|| format!("{}/{} has no text field {}", self.mount, self.path, self.key))?.to_owned())
    }
}

impl VaultSecret {
    /// `MOUNT/PATH#FIELD`, at VAULT_ADDR.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (place, field) = text.split_once('#').unwrap_or((text, "token"));
        let (mount, path) = place.split_once('/').with_context(|| format!("vault:{text} is not vault:MOUNT/PATH#FIELD"))?;
        Ok(Self { address: None, mount: mount.into(), path: path.into(), key: field.into() })
    }

    async fn version(&self, number: Option<u64>) -> anyhow::Result<Version> {
        let query = number.map(|number| format!("?version={number}")).unwrap_or_default();
        let (status, answer) = self.call(Method::GET, &format!("{}/data/{}{query}", self.mount, self.path), None).await?;
        let found = &answer["data"];
        let number = found["metadata"]["version"].as_u64().unwrap_or(0);
        match status {
            200 => Ok(Version { number, data: found["data"].as_object().cloned() }),
            // Never written, or deleted: then the metadata says which version that was.
            404 => Ok(Version { number, data: None }),
            status => bail!("{}", refusal(status, &answer)),
        }
    }

    /// Writes if nobody else has since that version.
    async fn write(&self, data: Map<String, Value>, after: u64) -> anyhow::Result<u64> {
        let body = json!({ "options": { "cas": after }, "data": data });
        let (status, answer) = self.call(Method::POST, &format!("{}/data/{}", self.mount, self.path), Some(body)).await?;
        match answer["data"]["version"].as_u64() {
            Some(version) if status == 200 => Ok(version),
            _ => bail!("{}", refusal(status, &answer)),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let address = match &self.address {
            Some(address) => address.clone(),
            None => env("VAULT_ADDR", "the address of the Vault")?,
        };
        let mut headers = vec![("x-vault-token", env("VAULT_TOKEN", "a token of the Vault that may read and write the secret")?)];
        if let Ok(namespace) = std::env::var("VAULT_NAMESPACE") {
            headers.push(("x-vault-namespace", namespace));
        }
        headers.push(("x-vault-request", "true".into()));
        let url = format!("{}/v1/{path}", address.trim_end_matches('/'));
        send(Call { method, url: &url, headers, body: body.map(|body| body.to_string().into_bytes()) }).await
    }
}

fn refusal(status: u16, answer: &Value) -> String {
    let errors: Vec<&str> = answer["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    format!("the Vault answered {status}: {}", if errors.is_empty() { "no reason given".into() } else { errors.join("; ") })
}
