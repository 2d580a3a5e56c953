//! A key of a Kubernetes Secret. A Secret has no versions, so Keyway keeps the former value under a key beside
//! it.
//!
//! Source: the Kubernetes API, core/v1 Secret and authorization.k8s.io/v1 SelfSubjectAccessReview. In a cluster
//! Keyway uses the address and the token of the pod's service account; KEYWAY_CA_FILE names the cluster's
//! certificate authority.

use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Place, env, is_plain, split_reference};
use crate::https::{Call, send};

/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesSecret {
    #[serde(default = "namespace")]
    namespace: String,
    secret: String,
    #[serde(default = "key")]
    key: String,
}

fn namespace() -> String {
    "default".into()
}

fn key() -> String {
    "token".into()
}

impl KubernetesSecret {
    /// `NAMESPACE/SECRET#KEY`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (namespace, secret, key) = split_reference("k8s", text)?;
        Ok(Self { namespace: namespace.into(), secret: secret.into(), key: key.unwrap_or("token").into() })
    }

    /// The key that holds the former value.
    fn former(&self) -> String {
        format!("{}.keyway-former", self.key)
    }

    async fn secret(&self) -> anyhow::Result<Value> {
        if ![&self.namespace, &self.secret, &self.key].into_iter().all(|name| is_plain(name)) {
            bail!("{} is not a name that Kubernetes takes", self.name());
        }
        let (status, answer) = self.call(Method::GET, &self.path(), "application/json", None).await?;
        match status {
            200 if answer["immutable"] == true => bail!("the Secret is immutable"),
            200 => Ok(answer),
            404 => bail!(
                "there is no Secret {0}/{1}. To make it: kubectl create secret generic {1} --namespace {0}",
                self.namespace,
                self.secret
            ),
            status => bail!("{}", refusal(status, &answer)),
        }
    }

    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets/{}", self.namespace, self.secret)
    }

    /// Writes if nobody else has since the Secret was read. A null value removes its key.
    async fn write(&self, read: &Value, data: Value) -> anyhow::Result<()> {
        let body = json!({ "metadata": { "resourceVersion": read["metadata"]["resourceVersion"] }, "data": data });
        let (status, answer) = self.call(Method::PATCH, &self.path(), "application/merge-patch+json", Some(body)).await?;
        match status {
            200 => Ok(()),
            409 => bail!("somebody else wrote to the Secret at the same time; nothing was changed"),
            status => bail!("{}", refusal(status, &answer)),
        }
    }

    async fn call(&self, method: Method, path: &str, media_type: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let (address, token) = access()?;
        let mut headers = vec![("accept", "application/json".to_owned()), ("content-type", media_type.to_owned())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {}", token.expose()))));
        let url = format!("{}{path}", address.trim_end_matches('/'));
        send(Call { method, url: &url, headers, body: body.map(|body| body.to_string().into_bytes()) }).await
    }
}

/// The address of the API server and a token for it. `kubectl proxy` needs no token.
fn access() -> anyhow::Result<(String, Option<Secret<String>>)> {
    let token = std::env::var("KUBE_TOKEN").ok().map(Secret::new);
    if let Ok(address) = std::env::var("KUBE_SERVER") {
        return Ok((address, token));
    }
    let said = "the address of the API server. Set KUBE_SERVER, and KUBE_TOKEN; with \"kubectl proxy\" running, KUBE_SERVER=http://127.0.0.1:8001 alone";
    let Ok(host) = std::env::var("KUBERNETES_SERVICE_HOST") else { bail!("KUBE_SERVER is not set: {said}") };
    let port = env("KUBERNETES_SERVICE_PORT", said)?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let token = match token {
        Some(token) => token,
        None => Secret::new(
            std::fs::read_to_string(Path::new(SERVICE_ACCOUNT).join("token"))
                .context("the token of the pod's service account can't be read")?
                .trim()
                .to_owned(),
        ),
    };
    Ok((format!("https://{host}:{port}"), Some(token)))
}

impl Place for KubernetesSecret {
    fn name(&self) -> String {
        format!("kubernetes-secret {}/{}#{}", self.namespace, self.secret, self.key)
    }

    async fn check(&self) -> anyhow::Result<String> {
        let secret = self.secret().await?;
        let attributes = json!({ "namespace": self.namespace, "verb": "patch", "resource": "secrets", "name": self.secret });
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": { "resourceAttributes": attributes },
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let (status, answer) = self.call(Method::POST, path, "application/json", Some(review)).await?;
        if status != 201 {
            bail!("{}", refusal(status, &answer));
        }
        if answer["status"]["allowed"] != true {
            bail!("the service account may not patch the Secret {}/{}", self.namespace, self.secret);
        }
        let fate = if secret["data"][&self.key].is_string() { "replaces" } else { "makes" };
        Ok(format!("{fate} the key {} and keeps the value before it as {}", self.key, self.former()))
    }

    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        let secret = self.secret().await?;
        // Empty where there was none: to undo is then to remove the key.
        let former = secret["data"][&self.key].as_str().unwrap_or_default();
        let data = json!({ &self.key: BASE64_STANDARD.encode(token.expose()), self.former(): former });
        self.write(&secret, data).await?;
        Ok(format!("wrote the key {}; pods read it when they start again, or from a mounted volume within a minute or so", self.key))
    }

    async fn undo(&self, _: &Secret<String>) -> anyhow::Result<String> {
        let secret = self.secret().await?;
        let Some(former) = secret["data"][self.former()].as_str() else {
            bail!("the Secret has no key {}, so there is nothing to restore", self.former())
        };
        let value = if former.is_empty() { Value::Null } else { json!(former) };
        let done = if former.is_empty() { "removed the key: there was none before" } else { "wrote the value before it again" };
        self.write(&secret, json!({ &self.key: value, self.former(): null })).await?;
        Ok(done.into())
    }

    async fn read(&self) -> anyhow::Result<String> {
        let secret = self.secret().await?;
        let value = secret["data"][&self.key].as_str().and_then(|value| BASE64_STANDARD.decode(value).ok());
        let value = value.and_then(|value| String::from_utf8(value).ok());
        value.with_context(|| format!("the Secret {}/{} has no text under the key {}", self.namespace, self.secret, self.key))
    }
}

fn refusal(status: u16, answer: &Value) -> String {
    format!("Kubernetes answered {status}: {}", answer["message"].as_str().unwrap_or("no reason given"))
}
