//! The commands that ask a running server, one file each.

pub mod account;
pub mod admin_token;
pub mod app;
pub mod apply;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod calls;
pub mod changes;
pub mod config;
mod confirm;
pub mod doctor;
pub mod export;
pub mod fix;
pub mod init;
pub mod install;
mod issued;
pub mod key;
pub mod migrate;
pub mod migration;
pub mod names;
pub mod notify;
pub mod oauth_client;
pub mod plan;
pub mod portal;
pub mod proxy;
pub mod public_app;
pub mod scan;
pub mod scope_list;
mod scopes;
pub mod session;
mod start;
pub mod status;
pub mod sunset;
pub mod token;
pub mod user;
mod verify;

use std::collections::HashMap;
use std::path::Path;

use clap::ValueEnum;
use keyway_core::path::encoded;
use keyway_core::shown;
use serde_json::Value;

use crate::args::moment::milliseconds;
use crate::args::role::Role;
use crate::print::{
    counted, fail, list, moment, note, print, print_coloured, print_exactly, print_json, say, show, table, text, today, warn,
};

/// A query of the fields that are given.
pub fn query(fields: &[(&str, Option<String>)]) -> String {
    let given: Vec<String> =
        fields.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", encoded(value)))).collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

/// Why the name of a file does not say in which format it is to be written.
fn no_format(path: &Path, known: &str) -> String {
    format!("--output {}: the name says no known format. End it in {known}, or pass --format", shown::path(path))
}

/// A role's name, as the command line takes it.
fn role_name(role: Role) -> String {
    role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// A role with the apps that it is limited to, by their names.
fn role_of(holder: &Value, apps: &HashMap<String, String>) -> String {
    let apps: Vec<String> = list(holder, "apps").iter().map(|id| names::shown(apps, id)).collect();
    let of = match apps.len() {
        0 => String::new(),
        1 => format!(" of app {}", apps[0]),
        _ => format!(" of apps {}", apps.join(", ")),
    };
    format!("{}{of}", text(&holder["role"]))
}
