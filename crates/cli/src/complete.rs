//! Completions that a shell asks for while a person types: names on the running server, scopes, presets.
//!
//! Nothing here may write to the terminal, take long or fail: where there is nothing to offer, nothing is.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;
use keyway_core::scope::{all_names, in_plain_words, presets};
use serde_json::Value;

use crate::args::{Args, Connection};
use crate::client::list_all;
use crate::commands::{list, text};

/// How long a person waits for names at most.
const PATIENCE: Duration = Duration::from_millis(400);

/// Answers a shell's question and ends, where `COMPLETE` says that this is one.
pub fn answer() {
    CompleteEnv::with_factory(Args::command).bin("keyway").complete();
}

/// Names of apps.
pub fn apps(typed: &OsStr) -> Vec<CompletionCandidate> {
    named("/api/v1/apps", "apps", "id", typed)
}

/// Names of public apps.
pub fn public_apps(typed: &OsStr) -> Vec<CompletionCandidate> {
    named("/api/v1/public-apps", "publicApps", "id", typed)
}

/// Hub ids and names of accounts.
pub fn accounts(typed: &OsStr) -> Vec<CompletionCandidate> {
    named("/api/v1/accounts", "accounts", "hubId", typed)
}

/// E-mail addresses of the people who may sign in.
pub fn users(typed: &OsStr) -> Vec<CompletionCandidate> {
    let users = asked("/api/v1/users", "users");
    users.iter().map(|user| text(&user["email"])).filter(|email| begins(email, typed)).map(CompletionCandidate::new).collect()
}

/// Scopes. After a comma another one begins.
pub fn scopes(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let (before, last) = typed.rfind(',').map_or(("", &*typed), |at| typed.split_at(at + 1));
    let candidate = |name: &&'static str| CompletionCandidate::new(format!("{before}{name}")).help(Some(in_plain_words(name).into()));
    all_names().iter().filter(|name| name.starts_with(last)).map(candidate).collect()
}

/// Presets of scopes.
pub fn presets(typed: &OsStr) -> Vec<CompletionCandidate> {
    let candidate = |preset: &presets::Preset| CompletionCandidate::new(preset.key).help(Some(preset.purpose.into()));
    presets::ALL.iter().filter(|preset| begins(preset.key, typed)).map(candidate).collect()
}

fn begins(name: &str, typed: &OsStr) -> bool {
    name.to_lowercase().starts_with(&typed.to_string_lossy().to_lowercase())
}

/// Entries with a name, as their name; the id says which one it is.
fn named(path: &str, entries: &str, id: &str, typed: &OsStr) -> Vec<CompletionCandidate> {
    let candidate = |entry: &Value| {
        let (id, name) = (text(&entry[id]), text(&entry["name"]));
        // An id that was begun is completed as one.
        let value =
            if name.is_empty() || id.starts_with(&*typed.to_string_lossy()) && !typed.is_empty() { id.clone() } else { name.clone() };
        begins(&value, typed).then(|| CompletionCandidate::new(value).help(Some(format!("{name} ({id})").into())))
    };
    asked(path, entries).iter().filter_map(candidate).collect()
}

/// The entries of a list of the running server; none where it does not answer in time.
fn asked(path: &str, entries: &str) -> Vec<Value> {
    let asking = async {
        let answer = tokio::time::timeout(PATIENCE, list_all(&connection(), path, entries)).await.ok()?.ok()?;
        Some(list(&answer, entries).to_vec())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.ok().and_then(|runtime| runtime.block_on(asking)).unwrap_or_default()
}

/// The server that the command line so far names, else that of the environment.
fn connection() -> Connection {
    let words: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let value = |at: usize| match words[at].strip_prefix(name)?.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None => words.get(at + 1).filter(|_| words[at] == name).cloned(),
        };
        (0..words.len()).find_map(value)
    };
    let setting = |option_name: &str, variable: &str| option(option_name).or_else(|| std::env::var(variable).ok());
    Connection {
        data: setting("--data", "KEYWAY_DATA").map_or_else(|| PathBuf::from("keyway-data"), PathBuf::from),
        addr: setting("--addr", "KEYWAY_ADDR"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(candidates: &[CompletionCandidate]) -> Vec<String> {
        candidates.iter().map(|one| one.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn scopes_are_completed_one_after_another() {
        assert_eq!(values(&scopes(OsStr::new("crm.objects.contacts.r"))), ["crm.objects.contacts.read"]);
        assert_eq!(values(&scopes(OsStr::new("tickets,crm.lists.w"))), ["tickets,crm.lists.write"]);
        assert!(values(&scopes(OsStr::new("nothing.of.the.kind"))).is_empty());
    }

    #[test]
    fn presets_are_completed_in_any_case() {
        assert_eq!(values(&presets(OsStr::new("CRM-"))), ["crm-read", "crm-sync"]);
    }
}
