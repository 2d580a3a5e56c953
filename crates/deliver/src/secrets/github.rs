//! A secret of GitHub Actions: of a repository, or of one of its environments.
//!
//! Keyway sends the secret encrypted with GitHub's public key (libsodium's sealed box). GitHub's API returns no
//! secret, so Keyway can't read it again.

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crypto_box::PublicKey;
use http::Method;
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Place, env};
use crate::https::{Call, send};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubSecret {
    /// OWNER/NAME.
    repository: String,
    environment: Option<String>,
    secret: String,
}

impl Place for GithubSecret {
    fn name(&self) -> String {
        let environment = self.environment.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("github-actions {}{environment} {}", self.repository, self.secret)
    }

    async fn check(&self) -> anyhow::Result<String> {
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if self.repository.split('/').count() != 2 || !self.repository.split('/').all(plain) {
            bail!("{} is not OWNER/NAME", self.repository);
        }
        if !plain(&self.secret) || !self.environment.as_deref().is_none_or(plain) {
            bail!("{} is not a name that GitHub takes", self.name());
        }
        self.key().await?;
        let (status, _) = self.call(Method::GET, &self.secret, None).await?;
        Ok(format!("{} it; can't be undone, since GitHub secrets cannot be read", if status == 200 { "replaces" } else { "makes" }))
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let (id, key) = self.key().await?;
        let sealed =
            key.seal(&mut crypto_box::aead::OsRng, token.expose().as_bytes()).map_err(|_| anyhow::anyhow!("the token can't be sealed"))?;
        let body = json!({ "encrypted_value": BASE64_STANDARD.encode(sealed), "key_id": id });
        match self.call(Method::PUT, &self.secret, Some(body)).await? {
            (201, _) => Ok("made".into()),
            (204, _) => Ok("replaced".into()),
            (status, answer) => bail!("GitHub answered {status}: {}", answer["message"].as_str().unwrap_or("no reason given")),
        }
    }

    fn is_final(&self) -> bool {
        true
    }

    async fn held(&self) -> anyhow::Result<Option<Secret<String>>> {
        Ok(None)
    }

    async fn undo(&self, _: &Secret<String>) -> anyhow::Result<String> {
        bail!("GitHub secrets cannot be read, so Keyway cannot restore the old one; set the secret by hand")
    }
}

impl GithubSecret {
    async fn key(&self) -> anyhow::Result<(String, PublicKey)> {
        let (status, answer) = self.call(Method::GET, "public-key", None).await?;
        if status != 200 {
            bail!("GitHub answered {status}: {}", answer["message"].as_str().unwrap_or("GITHUB_TOKEN may not see the secrets"));
        }
        let key = answer["key"].as_str().and_then(|key| BASE64_STANDARD.decode(key).ok()).context("GitHub sent no key")?;
        let key: [u8; 32] = key.try_into().map_err(|_| anyhow::anyhow!("GitHub sent a key of another length"))?;
        Ok((answer["key_id"].as_str().context("GitHub sent a key without an ID")?.to_owned(), PublicKey::from(key)))
    }

    async fn call(&self, method: Method, what: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let base = std::env::var("GITHUB_API_URL").unwrap_or_else(|_| "https://api.github.com".into());
        let of = match &self.environment {
            Some(environment) => format!("environments/{environment}/secrets"),
            None => "actions/secrets".into(),
        };
        let url = format!("{}/repos/{}/{of}/{what}", base.trim_end_matches('/'), self.repository);
        let headers = vec![
            ("accept", "application/vnd.github+json".to_owned()),
            ("authorization", format!("Bearer {}", env("GITHUB_TOKEN", "a token that may write the repository's secrets")?)),
            ("user-agent", concat!("keyway/", env!("CARGO_PKG_VERSION")).to_owned()),
            ("x-github-api-version", "2022-11-28".to_owned()),
        ];
        send(Call { method, url: &url, headers, body: body.map(|body| body.to_string().into_bytes()) }).await
    }
}
