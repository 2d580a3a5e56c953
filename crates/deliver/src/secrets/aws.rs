//! AWS Secrets Manager: a secret's text, or a field of it where it is JSON.
//!
//! Keyway signs requests with Signature Version 4 and the key in the environment. For one POST with fixed
//! headers that is less code than AWS' own library would add.

use std::fmt::Write;

use anyhow::{Context, bail};
use http::Method;
use keyway_core::secret::Secret;
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Place, env, field_of, fields, hex, random_hex, with_token, without_token};
use crate::https::{Call, send};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsSecret {
    /// Name or ARN.
    secret_id: String,
    /// The field, where the secret is a JSON object.
    key: Option<String>,
    /// AWS_REGION when left out.
    region: Option<String>,
}

impl Place for AwsSecret {
    fn name(&self) -> String {
        format!("aws-secrets-manager {}{}", self.secret_id, self.key.as_ref().map(|key| format!("#{key}")).unwrap_or_default())
    }

    async fn check(&self) -> anyhow::Result<String> {
        self.call("DescribeSecret", json!({ "SecretId": self.secret_id })).await?;
        match &self.key {
            None => Ok("makes a new version current".into()),
            Some(_) => {
                let others = fields(&self.text().await?)?.len();
                Ok(format!("makes a new version current, of {others} fields as before or one more"))
            }
        }
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let text = match &self.key {
            None => with_token(None, None, token)?,
            key => with_token(Some(&self.text().await?), key.as_deref(), token)?,
        };
        let request = json!({ "SecretId": self.secret_id, "SecretString": text, "ClientRequestToken": random_hex::<16>()? });
        let answer = self.call("PutSecretValue", request).await?;
        Ok(format!("version {} is current", answer["VersionId"].as_str().unwrap_or("?")))
    }

    async fn undo(&self, delivered: &Secret<String>) -> anyhow::Result<String> {
        let answer = self.call("DescribeSecret", json!({ "SecretId": self.secret_id })).await?;
        let staged = |stage: &str| {
            let versions = answer["VersionIdsToStages"].as_object();
            let holds = |stages: &Value| stages.as_array().is_some_and(|stages| stages.iter().any(|one| one == stage));
            versions.and_then(|versions| versions.iter().find(|(_, stages)| holds(stages)).map(|(id, _)| id.clone()))
        };
        let (Some(current), Some(previous)) = (staged("AWSCURRENT"), staged("AWSPREVIOUS")) else {
            bail!("there is no version before the current one")
        };
        // Where others wrote beside the token since, the version before the current one holds it too.
        let answer = self.call("GetSecretValue", json!({ "SecretId": self.secret_id, "VersionId": previous })).await?;
        let earlier = answer["SecretString"].as_str().with_context(|| format!("version {previous} is binary"))?;
        if without_token(&self.text().await?, earlier, self.key.as_deref(), delivered)?.is_none() {
            bail!(
                "version {previous} holds the delivered token too: others wrote to the secret after the delivery. Write the value that belongs there yourself"
            );
        }
        let moved = json!({ "SecretId": self.secret_id, "VersionStage": "AWSCURRENT", "MoveToVersionId": previous, "RemoveFromVersionId": current });
        self.call("UpdateSecretVersionStage", moved).await?;
        Ok(format!("version {previous} is current again"))
    }

    async fn read(&self) -> anyhow::Result<String> {
        field_of(&self.secret_id, self.text().await?, self.key.as_deref())
    }
}

impl AwsSecret {
    /// `SECRET` or `SECRET#FIELD`, in AWS_REGION.
    pub fn parse(text: &str) -> Self {
        let (secret_id, key) = text.split_once('#').map_or((text, None), |(id, key)| (id, Some(key.to_owned())));
        Self { secret_id: secret_id.into(), key, region: None }
    }

    async fn text(&self) -> anyhow::Result<String> {
        let answer = self.call("GetSecretValue", json!({ "SecretId": self.secret_id })).await?;
        Ok(answer["SecretString"].as_str().with_context(|| format!("{} is binary", self.secret_id))?.to_owned())
    }

    async fn call(&self, action: &str, body: Value) -> anyhow::Result<Value> {
        let region = match &self.region {
            Some(region) => region.clone(),
            None => env("AWS_REGION", "the region of the secret")?,
        };
        let key = Key {
            id: env("AWS_ACCESS_KEY_ID", "a key of AWS")?,
            secret: Secret::new(env("AWS_SECRET_ACCESS_KEY", "a key of AWS")?),
            session: std::env::var("AWS_SESSION_TOKEN").ok(),
        };
        let endpoint = ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"].iter().find_map(|name| std::env::var(name).ok());
        let url = endpoint.unwrap_or_else(|| format!("https://secretsmanager.{region}.amazonaws.com"));
        let url = format!("{}/", url.trim_end_matches('/'));
        let host = url.split("://").nth(1).unwrap_or_default().trim_end_matches('/').to_owned();
        let body = body.to_string();
        let at = keyway_ground::clock::now().to_iso().replace(['-', ':'], "");
        let at = format!("{}Z", at.split('.').next().unwrap_or_default().trim_end_matches('Z'));
        let mut headers = vec![("content-type", "application/x-amz-json-1.1".to_owned()), ("host", host), ("x-amz-date", at.clone())];
        headers.extend(key.session.clone().map(|session| ("x-amz-security-token", session)));
        headers.push(("x-amz-target", format!("secretsmanager.{action}")));
        let authorization =
            key.sign(&Signed { at: &at, region: &region, service: "secretsmanager", headers: &headers, body: body.as_bytes() });
        headers.push(("authorization", authorization));
        let (status, answer) = send(Call { method: Method::POST, url: &url, headers, body: Some(body.into_bytes()) }).await?;
        if status != 200 {
            let kind = answer["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default();
            let message = answer["message"].as_str().or(answer["Message"].as_str()).unwrap_or("no reason given");
            bail!("AWS answered {status} to {action}: {kind} {message}");
        }
        Ok(answer)
    }
}

struct Key {
    id: String,
    secret: Secret<String>,
    session: Option<String>,
}

/// A POST to `/` of a service. The headers are in the order of their names.
struct Signed<'a> {
    at: &'a str,
    region: &'a str,
    service: &'a str,
    headers: &'a [(&'static str, String)],
    body: &'a [u8],
}

impl Key {
    /// The Authorization header (AWS Signature Version 4).
    fn sign(&self, request: &Signed<'_>) -> String {
        let names = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String = request.headers.iter().fold(String::new(), |mut all, (name, value)| {
            let _ = writeln!(all, "{name}:{}", value.trim());
            all
        });
        let canonical = format!("POST\n/\n\n{headers}\n{names}\n{}", sha256(request.body));
        let day = &request.at[..8];
        let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", request.at, sha256(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret.expose()).into_bytes();
        let key = [day, request.region, request.service, "aws4_request"].iter().fold(first, |key, part| mac(&key, part));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}", self.id, hex(&mac(&key, &text)))
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `post-vanilla` of the test suite that AWS publishes for Signature Version 4.
    #[test]
    fn a_signature_is_what_aws_expects() {
        let secret = ["wJalrXUtnFEMI/", "K7MDENG+", "bPxRfiCYEXAMPLEKEY"].concat();
        let key = Key { id: "AKIDEXAMPLE".into(), secret: Secret::new(secret), session: None };
        let headers = [("host", "example.amazonaws.com".to_owned()), ("x-amz-date", "20150830T123600Z".to_owned())];
        let signed = key.sign(&Signed { at: "20150830T123600Z", region: "us-east-1", service: "service", headers: &headers, body: b"" });
        let expected = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
        assert!(signed.ends_with(&format!("Signature={expected}")), "{signed}");
        assert!(
            signed.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date"),
            "{signed}"
        );
    }

    #[test]
    fn a_reference_names_a_secret_and_a_field() {
        assert_eq!(AwsSecret::parse("prod/hubspot#token").name(), "aws-secrets-manager prod/hubspot#token");
        assert_eq!(AwsSecret::parse("prod/hubspot").name(), "aws-secrets-manager prod/hubspot");
    }
}
