//! Shell completion of names on the running server, scopes and presets.
//!
//! This code must not write to the terminal, take long or fail. If it can't find anything, it offers nothing.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Arg, Command, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use keyway_core::scope::{all_names, in_plain_words, presets as sets};
use serde_json::Value;

use crate::args::{Args, Connection, json};
use crate::client::list_all;
use crate::exit::Exit;
use crate::print::{list, text};

/// How long a person waits for names at most.
const PATIENCE: Duration = Duration::from_millis(400);

/// Answers a shell's question and ends, where `COMPLETE` says that this is one.
pub fn answer() {
    CompleteEnv::with_factory(|| with_completers(json::hidden(Args::command()), "keyway")).bin("keyway").complete();
}

/// A script for a shell that asks this program for completions.
pub fn script(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let name = shell.to_string();
    let shells = Shells::builtins();
    let completer = shells.completer(&name).with_context(|| format!("there are no completions for {name}"))?;
    completer.write_registration("COMPLETE", "keyway", "keyway", "keyway", &mut std::io::stdout())?;
    Ok(Exit::Fine)
}

/// The command line with what is offered for its arguments, by the names of their values.
fn with_completers(command: Command, name: &str) -> Command {
    let of_public_apps = name == "public-app";
    let offered = move |argument: Arg| {
        let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let completer = match value.as_str() {
            "APP" if of_public_apps || argument.get_id() == "public_app" => ArgValueCompleter::new(public_apps),
            "APP" => ArgValueCompleter::new(apps),
            "ACCOUNT" => ArgValueCompleter::new(accounts),
            "EMAIL" => ArgValueCompleter::new(users),
            "SCOPES" | "SCOPE" | "WORD" => ArgValueCompleter::new(scopes),
            "PRESET" => ArgValueCompleter::new(presets),
            _ => return argument,
        };
        argument.add(completer)
    };
    let below = |below: Command| {
        let name = if of_public_apps { "public-app".to_owned() } else { below.get_name().to_owned() };
        with_completers(below, &name)
    };
    command.mut_args(offered).mut_subcommands(below)
}

/// The word that a person means. bash passes words with their quotes and backslashes; other shells pass them
/// without.
fn meant(typed: &OsStr) -> String {
    let typed = typed.to_string_lossy();
    if is_bash() { typed.trim_start_matches(['"', '\'']).replace('\\', "") } else { typed.into_owned() }
}

/// A value as the command line needs it. zsh and fish quote it themselves; bash inserts it unchanged, so Keyway
/// escapes it.
fn as_word(value: String, typed: &OsStr) -> String {
    if !is_bash() || typed.to_string_lossy().starts_with(['"', '\'']) {
        return value;
    }
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./@:,+=".contains(letter);
    value.chars().flat_map(|letter| (!is_plain(letter)).then_some('\\').into_iter().chain([letter])).collect()
}

/// Whether bash asks: of the shells it alone says how the completion was begun.
fn is_bash() -> bool {
    std::env::var_os("_CLAP_COMPLETE_COMP_TYPE").is_some()
}

/// Names of apps.
fn apps(typed: &OsStr) -> Vec<CompletionCandidate> {
    named("/api/v1/apps", "apps", "id", typed)
}

/// Names of public apps.
fn public_apps(typed: &OsStr) -> Vec<CompletionCandidate> {
    named("/api/v1/public-apps", "publicApps", "id", typed)
}

/// Hub ids and names of accounts.
fn accounts(typed: &OsStr) -> Vec<CompletionCandidate> {
    named("/api/v1/accounts", "accounts", "hubId", typed)
}

/// E-mail addresses of the people who may sign in.
fn users(typed: &OsStr) -> Vec<CompletionCandidate> {
    let users = asked("/api/v1/users", "users");
    users.iter().map(|user| text(&user["email"])).filter(|email| begins(email, typed)).map(CompletionCandidate::new).collect()
}

/// Scopes. After a comma another one begins.
fn scopes(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let (before, last) = typed.rfind(',').map_or(("", &*typed), |at| typed.split_at(at + 1));
    let candidate = |name: &&'static str| CompletionCandidate::new(format!("{before}{name}")).help(Some(in_plain_words(name).into()));
    all_names().iter().filter(|name| name.starts_with(last)).map(candidate).collect()
}

/// Presets of scopes.
fn presets(typed: &OsStr) -> Vec<CompletionCandidate> {
    let candidate = |preset: &sets::Preset| CompletionCandidate::new(preset.key).help(Some(preset.purpose.into()));
    sets::ALL.iter().filter(|preset| begins(preset.key, typed)).map(candidate).collect()
}

fn begins(name: &str, typed: &OsStr) -> bool {
    name.to_lowercase().starts_with(&meant(typed).to_lowercase())
}

/// Entries with a name, as their name; the id says which one it is.
fn named(path: &str, entries: &str, id: &str, typed: &OsStr) -> Vec<CompletionCandidate> {
    let candidate = |entry: &Value| {
        let (id, name) = (text(&entry[id]), text(&entry["name"]));
        // An id that was begun is completed as one.
        let value =
            if name.is_empty() || id.starts_with(&*typed.to_string_lossy()) && !typed.is_empty() { id.clone() } else { name.clone() };
        begins(&value, typed).then(|| CompletionCandidate::new(as_word(value, typed)).help(Some(format!("{name} ({id})").into())))
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
