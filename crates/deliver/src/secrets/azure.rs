//! Azure Key Vault: a secret's newest version, or a field of it where it is JSON.
//!
//! Source: the reference of the data plane's REST API, version 7.4: get secret, set secret, get secret versions.

use anyhow::{Context, bail};
use http::Method;
use keyway_core::path::encoded;
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{LOOK_BACK_MAX, Place, env, field_of, fields, is_plain, split_reference, with_token, without_token};
use crate::https::{Call, send};

const API: &str = "api-version=7.4";
/// Pages of versions that are looked through for the one before the newest.
const PAGES_MAX: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureSecret {
    /// The vault's name, or its whole address where it is not in the public cloud.
    vault: String,
    secret: String,
    /// The field, where the secret is a JSON object.
    key: Option<String>,
}

impl AzureSecret {
    /// `VAULT/SECRET` or `VAULT/SECRET#FIELD`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (vault, secret, key) = split_reference("azure", text)?;
        Ok(Self { vault: vault.into(), secret: secret.into(), key: key.map(str::to_owned) })
    }

    fn address(&self) -> anyhow::Result<String> {
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plain(&self.secret) {
            bail!("{} is not a name that Azure takes: letters, digits and dashes", self.secret);
        }
        if self.vault.contains("://") {
            return Ok(self.vault.trim_end_matches('/').to_owned());
        }
        if let Ok(base) = std::env::var("KEYWAY_AZURE_VAULT_URL") {
            return Ok(base.trim_end_matches('/').to_owned());
        }
        if !plain(&self.vault) {
            bail!("{} is not the name of a vault: letters, digits and dashes", self.vault);
        }
        Ok(format!("https://{}.vault.azure.net", self.vault))
    }

    /// The newest version, or another by its id; none where there is none.
    async fn version(&self, id: Option<&str>) -> anyhow::Result<Option<Value>> {
        let version = id.map(|id| format!("/{id}")).unwrap_or_default();
        let (status, answer) = self.call(Method::GET, &format!("{}/secrets/{}{version}?{API}", self.address()?, self.secret), None).await?;
        match status {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            status => bail!("{}", refusal(status, &answer)),
        }
    }

    /// Makes a text the newest version, with the description of the version `like`.
    async fn set(&self, text: &str, like: Option<&Value>) -> anyhow::Result<String> {
        let mut body = Map::new();
        body.insert("value".into(), json!(text));
        // Azure copies nothing to a new version of a secret, so the request repeats the other fields.
        for field in ["contentType", "tags"] {
            if let Some(value) = like.map(|like| &like[field]).filter(|value| !value.is_null()) {
                body.insert(field.into(), value.clone());
            }
        }
        let (status, answer) =
            self.call(Method::PUT, &format!("{}/secrets/{}?{API}", self.address()?, self.secret), Some(body.into())).await?;
        match id_of(&answer) {
            Some(id) if status == 200 => Ok(id.to_owned()),
            _ => bail!("{}", refusal(status, &answer)),
        }
    }

    /// The ids of the versions that are enabled, the newest first.
    async fn versions(&self) -> anyhow::Result<Vec<String>> {
        let address = self.address()?;
        let mut all: Vec<(i64, String)> = Vec::new();
        let mut next = Some(format!("{address}/secrets/{}/versions?{API}", self.secret));
        for _ in 0..PAGES_MAX {
            let Some(url) = next else { break };
            let (status, answer) = self.call(Method::GET, &url, None).await?;
            if status != 200 {
                bail!("{}", refusal(status, &answer));
            }
            for one in answer["value"].as_array().into_iter().flatten().filter(|one| one["attributes"]["enabled"] != false) {
                if let Some(id) = id_of(one) {
                    all.push((one["attributes"]["created"].as_i64().unwrap_or_default(), id.to_owned()));
                }
            }
            // A page elsewhere would get the access token.
            next = answer["nextLink"].as_str().filter(|link| link.starts_with(&format!("{address}/"))).map(str::to_owned);
        }
        // Azure promises no order. Versions of one second keep the order they came in.
        all.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
        Ok(all.into_iter().map(|(_, id)| id).collect())
    }

    async fn call(&self, method: Method, url: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let headers = vec![("authorization", format!("Bearer {}", access_token().await?)), ("content-type", "application/json".to_owned())];
        send(Call { method, url, headers, body: body.map(|body| body.to_string().into_bytes()) }).await
    }
}

/// An access token: the one of the environment, or that of a service principal (OAuth 2.0 client credentials).
async fn access_token() -> anyhow::Result<String> {
    if let Ok(token) = std::env::var("AZURE_ACCESS_TOKEN") {
        return Ok(token);
    }
    let said = "the service principal that may write the secret; or set AZURE_ACCESS_TOKEN to the output of \"az account get-access-token --resource https://vault.azure.net --query accessToken -o tsv\"";
    let (tenant, client) = (env("AZURE_TENANT_ID", said)?, env("AZURE_CLIENT_ID", said)?);
    let secret = Secret::new(env("AZURE_CLIENT_SECRET", said)?);
    if !is_plain(&tenant) {
        bail!("AZURE_TENANT_ID is not the ID of a tenant");
    }
    let base = std::env::var("AZURE_AUTHORITY_HOST").unwrap_or_else(|_| "https://login.microsoftonline.com".into());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &client),
        ("client_secret", secret.expose()),
        ("scope", "https://vault.azure.net/.default"),
    ];
    let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let url = format!("{}/{tenant}/oauth2/v2.0/token", base.trim_end_matches('/'));
    let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    let (status, answer) = send(Call { method: Method::POST, url: &url, headers, body: Some(form.join("&").into_bytes()) }).await?;
    match answer["access_token"].as_str() {
        Some(token) if status == 200 => Ok(token.to_owned()),
        _ => bail!("Azure gives no access token ({status} {})", answer["error"].as_str().unwrap_or("no reason given")),
    }
}

impl Place for AzureSecret {
    fn name(&self) -> String {
        format!("azure-key-vault {}/{}{}", self.vault, self.secret, self.key.as_ref().map(|key| format!("#{key}")).unwrap_or_default())
    }

    async fn check(&self) -> anyhow::Result<String> {
        Ok(match (self.version(None).await?, &self.key) {
            (Some(now), Some(key)) => {
                let others = fields(now["value"].as_str().unwrap_or_default())?.keys().filter(|name| *name != key).count();
                format!("makes a new version and keeps the {others} other fields")
            }
            (Some(_), None) => "makes a new version".into(),
            (None, _) => "makes the secret".into(),
        } + "; Azure says whether it may only when it is written")
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let now = self.version(None).await?;
        let text = with_token(now.as_ref().and_then(|now| now["value"].as_str()), self.key.as_deref(), token)?;
        Ok(format!("version {} is the newest", self.set(&text, now.as_ref()).await?))
    }

    async fn undo(&self, delivered: &Secret<String>) -> anyhow::Result<String> {
        let now = self.version(None).await?.context("there is no version that can be read")?;
        let newest = id_of(&now).context("Azure sent a version without an ID")?;
        let versions = self.versions().await?;
        let text_now = now["value"].as_str().context("the newest version has no value")?;
        let most = usize::try_from(LOOK_BACK_MAX).unwrap_or(usize::MAX);
        for former in versions.iter().filter(|id| *id != newest).take(most) {
            let content = self.version(Some(former)).await?.with_context(|| format!("version {former} can't be read"))?;
            let text = content["value"].as_str().with_context(|| format!("version {former} has no value"))?;
            let like = if self.key.is_some() { &now } else { &content };
            if let Some(text) = without_token(text_now, text, self.key.as_deref(), delivered)? {
                return Ok(format!("version {former} is the newest again, as {}", self.set(&text, Some(like)).await?));
            }
        }
        bail!("there is no enabled version before the newest that is from before the delivery")
    }

    async fn read(&self) -> anyhow::Result<String> {
        let now = self.version(None).await?.with_context(|| format!("there is no secret {}", self.secret))?;
        field_of(&self.secret, now["value"].as_str().unwrap_or_default().to_owned(), self.key.as_deref())
    }
}

/// The version in the id of a secret, which is a URL.
fn id_of(answer: &Value) -> Option<&str> {
    answer["id"].as_str()?.rsplit('/').next().filter(|id| is_plain(id))
}

fn refusal(status: u16, answer: &Value) -> String {
    format!("Azure answered {status}: {}", answer["error"]["message"].as_str().unwrap_or("no reason given"))
}
