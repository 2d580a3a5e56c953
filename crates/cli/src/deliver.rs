//! Where new tokens are put: files, commands, Vault, AWS Secrets Manager, GitHub Actions.
//!
//! Each target can be looked at without a change, written, and put back. All of it happens where the
//! command line runs, with that user's rights: a server that ran commands and held keys to other
//! vaults would be worth more to a thief than the tokens it guards.

mod aws;
mod command;
mod file;
mod github;
mod vault;

use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::secret::Secret;
use keyway_core::shown;
use serde::Deserialize;

pub use aws::AwsSecret;
pub use vault::VaultSecret;

/// A file of targets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Targets {
    target: Vec<Target>,
}

/// One place that a token is put.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Target {
    /// A file.
    File(file::FileTarget),
    /// What a command does with it.
    Command(command::CommandTarget),
    /// HashiCorp Vault or OpenBao, key-value engine 2.
    Vault(VaultSecret),
    /// AWS Secrets Manager.
    AwsSecretsManager(AwsSecret),
    /// A secret of GitHub Actions.
    GithubActions(github::GithubSecret),
}

/// Reads a file of targets.
pub fn read(path: &Path) -> anyhow::Result<Vec<Target>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", shown::path(&path)))?;
    let Targets { target: mut targets } =
        toml::from_str(&text).with_context(|| format!("{} is not a list of targets", shown::path(&path)))?;
    if targets.is_empty() {
        bail!("{} names no target", shown::path(&path));
    }
    // What can't be put back is changed when all else has succeeded.
    targets.sort_by_key(Target::is_final);
    Ok(targets)
}

impl Target {
    /// As it is told to people.
    pub fn name(&self) -> String {
        match self {
            Self::File(target) => target.name(),
            Self::Command(target) => target.name(),
            Self::Vault(target) => target.name(),
            Self::AwsSecretsManager(target) => target.name(),
            Self::GithubActions(target) => target.name(),
        }
    }

    fn is_final(&self) -> bool {
        match self {
            Self::GithubActions(_) => true,
            Self::Command(target) => target.undo.is_empty(),
            _ => false,
        }
    }

    /// What a delivery would do, having asked whether it may. Changes nothing.
    pub async fn check(&self) -> anyhow::Result<String> {
        match self {
            Self::File(target) => target.check(),
            Self::Command(target) => target.check(),
            Self::Vault(target) => target.check().await,
            Self::AwsSecretsManager(target) => target.check().await,
            Self::GithubActions(target) => target.check().await,
        }
    }

    /// Puts a token there; what was done.
    pub async fn deliver(&self, token: &Secret<String>) -> anyhow::Result<String> {
        match self {
            Self::File(target) => target.deliver(token),
            Self::Command(target) => target.deliver(token).await,
            Self::Vault(target) => target.deliver(token).await,
            Self::AwsSecretsManager(target) => target.deliver(token).await,
            Self::GithubActions(target) => target.deliver(token).await,
        }
    }

    /// Puts back what was there before the last delivery; what was done.
    pub async fn undo(&self) -> anyhow::Result<String> {
        match self {
            Self::File(target) => target.undo(),
            Self::Command(target) => target.undo().await,
            Self::Vault(target) => target.undo().await,
            Self::AwsSecretsManager(target) => target.undo().await,
            Self::GithubActions(_) => bail!("GitHub secrets cannot be read, so Keyway cannot restore the old one; set the secret by hand"),
        }
    }
}

/// Delivers to all. When one fails, those before it are put back, and the error says how that went.
pub async fn deliver_all(targets: &[Target], token: &Secret<String>) -> anyhow::Result<Vec<(String, String)>> {
    let mut done = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        match target.deliver(token).await {
            Ok(what) => done.push((target.name(), what)),
            Err(error) => {
                let mut tale = format!("{}: {error:#}", target.name());
                for before in targets[..at].iter().rev() {
                    let undone = before.undo().await.map_or_else(|error| format!("NOT put back: {error:#}"), |_| "put back".into());
                    tale.push_str(&format!("\n  {}: {undone}", before.name()));
                }
                bail!("{tale}");
            }
        }
    }
    Ok(done)
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
