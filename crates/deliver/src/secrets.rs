//! Delivers new tokens to the places where integrations read them: files, commands, Kubernetes, and secrets
//! managers.
//!
//! A target can be checked without a change, written, and restored. This runs on the machine of the command
//! line, with that user's rights. If the server did it, it would run commands and hold keys to other vaults,
//! and so be worth more to a thief than the tokens that it guards.

mod aws;
mod azure;
mod command;
mod file;
mod github;
mod google;
mod kubernetes;
mod line;
mod onepassword;
mod vault;

use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::secret::Secret;
use keyway_core::shown;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A place for a token. The texts that it returns never hold a secret.
trait Place {
    /// As people read it.
    fn name(&self) -> String;

    /// Whether a delivery can't be undone, so that it comes last.
    fn is_final(&self) -> bool {
        false
    }

    /// Says what a delivery would do, and checks that it is allowed. Changes nothing.
    ///
    /// # Errors
    /// The place can't be reached, or says that it may not be written.
    async fn check(&self) -> anyhow::Result<String>;

    /// Writes a token there, and says what was done.
    ///
    /// # Errors
    /// The place refuses, or somebody else wrote to it at the same time. The place is unchanged.
    async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String>;

    /// Restores the value before this token was delivered, and says what was done. Keeps what others wrote
    /// beside the token in the meantime.
    ///
    /// # Errors
    /// The place refuses, or does not hold the value before the delivery.
    async fn undo(&self, delivered: &Secret<String>) -> anyhow::Result<String>;

    /// The token that the place holds now; none if the place never shows its token.
    ///
    /// # Errors
    /// It can't be read.
    async fn held(&self) -> anyhow::Result<Option<Secret<String>>> {
        Ok(Some(Secret::new(self.read().await?.trim().to_owned())))
    }

    /// Reads a secret from the place.
    ///
    /// # Errors
    /// The place has no secret, or it may not be read.
    async fn read(&self) -> anyhow::Result<String> {
        bail!("{} can't be read from", self.name())
    }
}

/// A file of targets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Targets {
    target: Vec<Target>,
}

/// One place that a token is put.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Target(Kind);

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Kind {
    /// A file.
    File(file::FileTarget),
    /// What a command does with it.
    Command(command::CommandTarget),
    /// HashiCorp Vault or OpenBao, key-value engine 2.
    Vault(vault::VaultSecret),
    /// AWS Secrets Manager.
    AwsSecretsManager(aws::AwsSecret),
    /// A key of a Kubernetes Secret.
    KubernetesSecret(kubernetes::KubernetesSecret),
    /// Google Secret Manager.
    GoogleSecretManager(google::GoogleSecret),
    /// Azure Key Vault.
    AzureKeyVault(azure::AzureSecret),
    /// A field of an item of 1Password, by a Connect server.
    #[serde(rename = "1password")]
    OnePassword(onepassword::OnePasswordField),
    /// A secret of GitHub Actions.
    GithubActions(github::GithubSecret),
}

/// Calls the same method of whichever place it is.
macro_rules! of_place {
    ($target:expr, $place:ident => $call:expr) => {
        match $target {
            Kind::File($place) => $call,
            Kind::Command($place) => $call,
            Kind::Vault($place) => $call,
            Kind::AwsSecretsManager($place) => $call,
            Kind::KubernetesSecret($place) => $call,
            Kind::GoogleSecretManager($place) => $call,
            Kind::AzureKeyVault($place) => $call,
            Kind::OnePassword($place) => $call,
            Kind::GithubActions($place) => $call,
        }
    };
}

/// Why a delivery is not undone.
pub const CHANGED: &str =
    "somebody else changed it after the delivery, so Keyway left it as it is. Write the value that belongs there yourself";
/// How many versions before the newest a restoration searches for the one before the delivery.
const LOOK_BACK_MAX: u64 = 20;

/// What a reference to a secret looks like.
const REFERENCES: &str = "vault:MOUNT/PATH#FIELD, aws:SECRET#FIELD, k8s:NAMESPACE/SECRET#KEY, gcp:PROJECT/SECRET#FIELD, azure:VAULT/SECRET#FIELD and op:VAULT/ITEM#FIELD";

/// The secret that a reference names, such as `vault:secret/hubspot#token`.
///
/// # Errors
/// The reference can't be understood, or the secret can't be read.
pub async fn read_reference(reference: &str) -> anyhow::Result<String> {
    let (kind, place) = reference.split_once(':').unwrap_or_default();
    let target = match kind {
        "vault" => Kind::Vault(vault::VaultSecret::parse(place)?),
        "aws" => Kind::AwsSecretsManager(aws::AwsSecret::parse(place)),
        "k8s" => Kind::KubernetesSecret(kubernetes::KubernetesSecret::parse(place)?),
        "gcp" => Kind::GoogleSecretManager(google::GoogleSecret::parse(place)?),
        "azure" => Kind::AzureKeyVault(azure::AzureSecret::parse(place)?),
        "op" => Kind::OnePassword(onepassword::OnePasswordField::parse(place)?),
        _ => bail!("{reference} is not a reference to a secret. References are {REFERENCES}"),
    };
    of_place!(&target, place => place.read().await)
}

/// Reads a file of targets.
///
/// # Errors
/// It can't be read, or names no targets that are known.
pub fn read(path: &Path) -> anyhow::Result<Vec<Target>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", shown::path(&path)))?;
    let Targets { target: mut targets } =
        toml::from_str(&text).with_context(|| format!("{} is not a list of targets", shown::path(&path)))?;
    if targets.is_empty() {
        bail!("{} names no target", shown::path(&path));
    }
    // Targets that can't be restored come last, when all others have succeeded.
    targets.sort_by_key(Target::is_final);
    Ok(targets)
}

impl Target {
    /// As people read it.
    pub fn name(&self) -> String {
        of_place!(&self.0, place => place.name())
    }

    fn is_final(&self) -> bool {
        of_place!(&self.0, place => place.is_final())
    }

    /// Says what a delivery would do, having asked whether it may. Changes nothing.
    pub async fn check(&self) -> anyhow::Result<String> {
        of_place!(&self.0, place => place.check().await)
    }

    /// Puts a token there, and says what was done.
    pub async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        of_place!(&self.0, place => place.deliver(token).await)
    }

    /// Restores the value before this token was delivered, and says what was done. If the place holds another
    /// value, somebody changed it after the delivery, and this changes nothing.
    pub async fn undo(&self, delivered: &Secret<String>) -> anyhow::Result<String> {
        if self.held().await?.is_some_and(|held| held.expose() != delivered.expose()) {
            bail!("{CHANGED}");
        }
        of_place!(&self.0, place => place.undo(delivered).await)
    }

    /// The token that the place holds now; none if the place never shows its token.
    pub async fn held(&self) -> anyhow::Result<Option<Secret<String>>> {
        of_place!(&self.0, place => place.held().await)
    }

    /// Restores the former token, and returns the result in words.
    async fn put_back(&self, delivered: &Secret<String>) -> String {
        self.undo(delivered).await.map_or_else(|error| format!("NOT restored: {error:#}"), |_| "restored".into())
    }

    /// Whether the place certainly holds this token.
    async fn holds(&self, token: &Secret<String>) -> bool {
        matches!(self.held().await, Ok(Some(held)) if held.expose() == token.expose())
    }
}

/// Delivers to all targets. If one fails, restores those before it, and the error has the result for each.
pub async fn deliver_all(targets: &[Target], token: &Secret<String>) -> anyhow::Result<Vec<(String, String)>> {
    let mut done = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        match target.deliver(token).await {
            Ok(what) => done.push((target.name(), what)),
            Err(error) => {
                let mut tale = format!("{}: {error:#}", target.name());
                // The place may have performed a request whose answer was lost.
                if target.holds(token).await {
                    tale.push_str(&format!("\n  it holds the new token all the same: {}", target.put_back(token).await));
                }
                for before in targets[..at].iter().rev() {
                    tale.push_str(&format!("\n  {}: {}", before.name(), before.put_back(token).await));
                }
                bail!("{tale}");
            }
        }
    }
    Ok(done)
}

/// The text of a secret with a token in it: the token alone, or in a field where the secret is a JSON object.
///
/// # Errors
/// There is a field to set, and the secret is not a JSON object.
fn with_token(text: Option<&str>, field: Option<&str>, token: &Secret<String>) -> anyhow::Result<String> {
    let Some(field) = field else { return Ok(token.expose().clone()) };
    let mut fields = text.map_or_else(|| Ok(Map::new()), fields)?;
    fields.insert(field.to_owned(), json!(token.expose()));
    Ok(Value::Object(fields).to_string())
}

/// The text that undoes a delivery: an earlier version where the token is all there is, else the newest with the field as
/// that version has it. None where the earlier version holds the token too.
///
/// # Errors
/// The newest version is not a JSON object.
fn without_token(newest: &str, earlier: &str, field: Option<&str>, delivered: &Secret<String>) -> anyhow::Result<Option<String>> {
    let Some(field) = field else { return Ok((earlier.trim() != delivered.expose()).then(|| earlier.to_owned())) };
    let text = earlier;
    let Ok(earlier) = fields(text) else { return Ok(None) };
    if earlier.get(field).and_then(Value::as_str) == Some(delivered.expose()) {
        return Ok(None);
    }
    let mut now = fields(newest)?;
    match earlier.get(field) {
        Some(value) => drop(now.insert(field.to_owned(), value.clone())),
        None => drop(now.remove(field)),
    }
    Ok(Some(if now == earlier { text.to_owned() } else { Value::Object(now).to_string() }))
}

/// The text of a secret, or of one of its fields.
///
/// # Errors
/// There is no such field, or the secret is not a JSON object.
fn field_of(name: &str, text: String, field: Option<&str>) -> anyhow::Result<String> {
    let Some(field) = field else { return Ok(text) };
    let fields = fields(&text)?;
    Ok(fields.get(field).and_then(Value::as_str).with_context(|| format!("{name} has no text field {field}"))?.to_owned())
}

fn fields(text: &str) -> anyhow::Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        // The text itself is a secret.
        _ => bail!("the secret is not a JSON object, so it has no fields"),
    }
}

/// Splits a reference into `CONTAINER/NAME` and the field after `#`.
fn split_reference<'a>(kind: &str, text: &'a str) -> anyhow::Result<(&'a str, &'a str, Option<&'a str>)> {
    let (place, field) = text.split_once('#').map_or((text, None), |(place, field)| (place, Some(field)));
    let (container, name) = place.split_once('/').with_context(|| format!("{kind}:{text} has no slash. References are {REFERENCES}"))?;
    Ok((container, name, field.filter(|field| !field.is_empty())))
}

/// Whether a name can stand in a path as it is.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.bytes().all(plain) && name != "." && name != ".."
}

/// As many random bytes in hexadecimal digits.
fn random_hex<const BYTES: usize>() -> anyhow::Result<String> {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("the system has no randomness: {error}"))?;
    Ok(hex(&random))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An environment variable that must be set, and is not to be printed.
fn env(name: &str, what: &str) -> anyhow::Result<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).with_context(|| format!("{name} is not set: {what}"))
}
