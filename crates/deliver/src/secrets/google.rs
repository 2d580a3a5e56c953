//! Google Secret Manager: a secret's newest version, or a field of it where it is JSON.
//!
//! Source: the reference of the REST API v1, `projects.secrets` and `projects.secrets.versions`.

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{LOOK_BACK_MAX, Place, env, field_of, fields, is_plain, split_reference, with_token, without_token};
use crate::https::{Call, send};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogleSecret {
    project: String,
    secret: String,
    /// The field, where the secret is a JSON object.
    key: Option<String>,
}

/// A version that can be read.
struct Version {
    number: u64,
    text: String,
}

impl GoogleSecret {
    /// `PROJECT/SECRET` or `PROJECT/SECRET#FIELD`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (project, secret, key) = split_reference("gcp", text)?;
        Ok(Self { project: project.into(), secret: secret.into(), key: key.map(str::to_owned) })
    }

    fn path(&self) -> anyhow::Result<String> {
        // Projects of a company's domain have a colon: example.com:billing.
        if !self.project.split(':').all(is_plain) || !is_plain(&self.secret) {
            bail!("{} is not a name that Google takes", self.name());
        }
        Ok(format!("projects/{}/secrets/{}", self.project, self.secret))
    }

    /// A version by number, or the newest; none where there is none, or one before the newest is disabled or destroyed.
    async fn version(&self, number: Option<u64>) -> anyhow::Result<Option<Version>> {
        let which = number.map_or_else(|| "latest".to_owned(), |number| number.to_string());
        let (status, answer) = self.call(Method::GET, &format!("/versions/{which}:access"), None).await?;
        match status {
            200 => {}
            // FAILED_PRECONDITION: the version is disabled or destroyed.
            404 => return Ok(None),
            400 if answer["error"]["status"] == "FAILED_PRECONDITION" && number.is_some() => return Ok(None),
            400 if answer["error"]["status"] == "FAILED_PRECONDITION" => {
                bail!("the newest version of {} is disabled or destroyed. Enable it, or add a version with the other fields", self.name())
            }
            status => bail!("{}", refusal(status, &answer)),
        }
        let number = answer["name"].as_str().and_then(|name| name.rsplit('/').next()).and_then(|number| number.parse().ok());
        let data = answer["payload"]["data"].as_str().and_then(|data| BASE64_STANDARD.decode(data).ok());
        let text = data.and_then(|data| String::from_utf8(data).ok());
        Ok(Some(Version {
            number: number.context("Google sent a version without a number")?,
            text: text.with_context(|| format!("{} is binary", self.name()))?,
        }))
    }

    async fn add(&self, text: &str) -> anyhow::Result<String> {
        let body = json!({ "payload": { "data": BASE64_STANDARD.encode(text) } });
        let (status, answer) = self.call(Method::POST, ":addVersion", Some(body)).await?;
        match answer["name"].as_str().and_then(|name| name.rsplit('/').next()) {
            Some(number) if status == 200 => Ok(number.to_owned()),
            _ => bail!("{}", refusal(status, &answer)),
        }
    }

    async fn call(&self, method: Method, what: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let base = std::env::var("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER")
            .unwrap_or_else(|_| "https://secretmanager.googleapis.com/".into());
        let url = format!("{}/v1/{}{what}", base.trim_end_matches('/'), self.path()?);
        let token =
            env("GOOGLE_OAUTH_ACCESS_TOKEN", "an access token of Google. Set it to the output of \"gcloud auth print-access-token\"")?;
        let headers = vec![("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
        send(Call { method, url: &url, headers, body: body.map(|body| body.to_string().into_bytes()) }).await
    }
}

impl Place for GoogleSecret {
    fn name(&self) -> String {
        format!(
            "google-secret-manager {}/{}{}",
            self.project,
            self.secret,
            self.key.as_ref().map(|key| format!("#{key}")).unwrap_or_default()
        )
    }

    async fn check(&self) -> anyhow::Result<String> {
        let needed = ["secretmanager.versions.access", "secretmanager.versions.add"];
        let (status, answer) = self.call(Method::POST, ":testIamPermissions", Some(json!({ "permissions": needed }))).await?;
        if status != 200 {
            bail!("{}", refusal(status, &answer));
        }
        let held = answer["permissions"].as_array();
        let lacks: Vec<&str> = needed.into_iter().filter(|needed| !held.is_some_and(|held| held.iter().any(|one| one == needed))).collect();
        if !lacks.is_empty() {
            bail!("there is no such secret, or the access token lacks {}", lacks.join(" and "));
        }
        Ok(match (self.version(None).await?, &self.key) {
            (Some(now), Some(key)) => {
                let others = fields(&now.text)?.keys().filter(|name| *name != key).count();
                format!("adds a version after {} and keeps the {others} other fields", now.number)
            }
            (Some(now), None) => format!("adds a version after {}", now.number),
            (None, _) => "adds the first version".into(),
        })
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let now = self.version(None).await?;
        let text = with_token(now.as_ref().map(|now| now.text.as_str()), self.key.as_deref(), token)?;
        Ok(format!("added version {}", self.add(&text).await?))
    }

    async fn undo(&self, delivered: &Secret<String>) -> anyhow::Result<String> {
        let now = self.version(None).await?.context("the newest version can't be read")?;
        for number in (now.number.saturating_sub(LOOK_BACK_MAX).max(1)..now.number).rev() {
            let Some(former) = self.version(Some(number)).await? else { continue };
            if let Some(text) = without_token(&now.text, &former.text, self.key.as_deref(), delivered)? {
                return Ok(format!("added version {number} again, as {}", self.add(&text).await?));
            }
        }
        bail!("there is no version before {} that can be read and is from before the delivery", now.number)
    }

    async fn read(&self) -> anyhow::Result<String> {
        let now = self.version(None).await?.with_context(|| format!("there is no secret {}/{}", self.project, self.secret))?;
        field_of(&self.secret, now.text, self.key.as_deref())
    }
}

fn refusal(status: u16, answer: &Value) -> String {
    format!("Google answered {status}: {}", answer["error"]["message"].as_str().unwrap_or("no reason given"))
}
