//! The help of the whole program: commands in groups, examples, where the documentation is.

use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use keyway_core::shown;

use crate::args::{Args, json};
use crate::exit::Exit;

/// Commands by what they are for. A test holds that each command is in a group.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Start", &["init", "status", "scopes"]),
    ("Find and move code", &["scan", "plan", "fix", "migration", "doctor", "sunset"]),
    ("Run the gateway", &["serve", "account", "app", "token", "apply", "export", "public-app", "install", "oauth-client", "proxy"]),
    ("Agents", &["mcp", "session", "approval"]),
    ("Watch", &["audit", "calls", "changes", "notify"]),
    ("Test without HubSpot", &["exec", "portal", "record"]),
    ("Operate", &["user", "admin-token", "config", "backup", "restore", "migrate", "key", "completions"]),
];

/// Examples below the help of a command, by its path.
const EXAMPLES: [(&[&str], &str); 17] = [
    (
        &[],
        "  keyway init                       a server, an app and a first call, step by step\n  keyway scan .                     HubSpot credentials and API calls in this folder\n  keyway serve --demo               a server with sample records\n  keyway audit tail                 calls as they come",
    ),
    (
        &["init"],
        "  keyway init\n  keyway init --yes --to embedded --app \"Order sync\" --preset crm-read\n  keyway init --yes --to hubspot --credential-env HUBSPOT_TOKEN --app \"Order sync\" --scopes crm.objects.contacts.read",
    ),
    (&["scan"], "  keyway scan .\n  keyway scan --history .\n  keyway scan --since origin/main --format sarif -o keyway.sarif ."),
    (
        &["migration"],
        "  keyway migration send .\n  keyway migration list --state open\n  keyway migration show 3\n  keyway migration link 3 \"Order sync\"",
    ),
    (&["scopes"], "  keyway scopes\n  keyway scopes read deals\n  keyway scopes crm.objects.contacts.read\n  keyway scopes crm-sync"),
    (
        &["serve"],
        "  keyway serve --demo\n  keyway serve --listen 8484 --data /var/lib/keyway\n  keyway serve --config /etc/keyway/keyway.toml",
    ),
    (&["calls"], "  keyway calls\n  keyway calls --since 7d --by cause\n  keyway calls --app \"Order sync\" --since 30d --by outcome"),
    (&["exec"], "  keyway exec -- pytest\n  keyway exec --strict -- npm test"),
    (
        &["app", "create"],
        "  keyway app create \"Order sync\" --preset crm-read --owner jo@example.com\n  keyway app create \"Order sync\" --scopes crm.objects.contacts.read,crm.objects.deals.read",
    ),
    (
        &["app", "tighten"],
        "  keyway app tighten\n  keyway app tighten \"Order sync\" --since 30d\n  keyway app tighten \"Order sync\" --apply",
    ),
    (&["account", "create"], "  keyway account create Sandbox\n  keyway account create --connect --credential-env HUBSPOT_TOKEN"),
    (
        &["token", "rotate"],
        "  keyway token rotate \"Order sync\" --grace 2w\n  keyway token rotate \"Order sync\" --deliver targets.toml --dry-run",
    ),
    (
        &["audit", "list"],
        "  keyway audit list --since 1h --status 4xx\n  keyway audit list --app \"Order sync\" --since yesterday --until today",
    ),
    (
        &["audit", "tail"],
        "  keyway audit tail\n  keyway audit tail --app \"Order sync\" --status 4xx\n  keyway audit tail --json | jq .operation",
    ),
    (&["audit", "show"], "  keyway audit show 01a20bb7-afe8-7e2b-8709-c6d17484a115"),
    (&["audit", "export"], "  keyway audit export --since 2w --format csv --output calls.csv"),
    (
        &["completions"],
        "  keyway completions bash >> ~/.bashrc\n  keyway completions zsh > ~/.zfunc/_keyway\n  keyway completions fish > ~/.config/fish/completions/keyway.fish",
    ),
];

/// The options of `keyway serve` by what they are about. A test holds that each is in one group.
const OF_SERVE: [(&str, &[&str]); 9] = [
    (
        "Listeners",
        &[
            "listen",
            "admin",
            "public_url",
            "admin_url",
            "admin_hosts",
            "environment",
            "tls_cert",
            "tls_key",
            "trusted_proxies",
            "client_address",
        ],
    ),
    ("Forward proxy", &["proxy", "proxy_others", "proxy_private_addresses"]),
    ("Agents", &["mcp", "mcp_allow", "mcp_masks", "mcp_hosts", "mcp_origins", "mcp_url", "mcp_client_hosts"]),
    ("Storage and instances", &["database", "redis", "ca_file", "threads"]),
    ("Sign-in", &["oidc_issuer", "oidc_client_id", "oidc_new_users"]),
    ("Audit and log", &["audit_keep_days", "audit_stream", "audit_no_property_names", "otlp", "log", "log_format", "access_log"]),
    ("Apps", &["disable_unused_days", "rotation_days"]),
    (
        "Notifications",
        &[
            "notify_hosts",
            "notify_every",
            "notify_remind",
            "notify_unreachable",
            "no_notify",
            "notify_expiry_days",
            "notify_sunset_days",
            "notify_daily_percent",
            "notify_failed_percent",
        ],
    ),
    (
        "Tests and demo",
        &[
            "demo",
            "demo_days",
            "ephemeral",
            "app",
            "token",
            "bootstrap",
            "as_of",
            "unsupported",
            "webhook_hosts",
            "ready_file",
            "random_seed",
            "clock",
        ],
    ),
];

/// Where the documentation is: in the repository that the release was built from, else in its source.
fn documentation() -> String {
    match option_env!("KEYWAY_REPOSITORY") {
        Some(repository) => format!("https://github.com/{repository}/tree/main/docs"),
        None => "docs/README.md of the source".to_owned(),
    }
}

/// The command line as clap has it, with all that help shows.
pub fn command() -> Command {
    let mut command = json::hidden(Args::command());
    for (path, examples) in EXAMPLES {
        command = with_examples(command, path, examples);
    }
    command = command.mut_subcommand("serve", |serve| serve.mut_args(in_group));
    for name in ["account", "app", "public-app"] {
        command = command.mut_subcommand(name, |group| group.mut_subcommand("update", |update| update.mut_args(without_default)));
    }
    let groups = groups(&command);
    let head = *command.get_styles().get_header();
    command.help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}{head}Global options:{head:#}\n{{options}}{{after-help}}"
    ))
}

/// The man pages of all commands, one file each.
///
/// # Errors
/// A file cannot be written.
pub fn man(folder: &Path) -> anyhow::Result<Exit> {
    clap_mangen::generate_to(command(), folder).with_context(|| format!("cannot write man pages to {}", shown::path(&folder)))?;
    Ok(Exit::Fine)
}

fn with_examples(command: Command, path: &[&str], examples: &str) -> Command {
    match path {
        [] => command.after_help(format!("Examples:\n{examples}\n\nDocumentation: {}", documentation())),
        [first, rest @ ..] => command.mut_subcommand(first, |below| with_examples(below, rest, examples)),
    }
}

/// An option of a command that changes something: without the option, the setting keeps its value, whatever its
/// default for a new one is.
fn without_default(argument: clap::Arg) -> clap::Arg {
    let Some(help) = argument.get_help().map(ToString::to_string) else { return argument };
    match help.split_once(" [default: ") {
        Some((meaning, _)) => argument.help(meaning.to_owned()),
        None => argument,
    }
}

/// An option of `keyway serve` below the heading of its group.
fn in_group(argument: clap::Arg) -> clap::Arg {
    let id = argument.get_id().as_str();
    let heading = OF_SERVE.iter().find(|(_, ids)| ids.contains(&id)).map(|(heading, _)| *heading);
    match heading {
        Some(heading) => argument.help_heading(heading),
        None => argument,
    }
}

/// The commands with what each does, below the headings of their groups.
fn groups(command: &Command) -> String {
    let line = |name: &&str| {
        let about = command.find_subcommand(name).and_then(Command::get_about);
        about.map(|about| format!("  {name:<13} {about}\n")).unwrap_or_default()
    };
    let styles = command.get_styles();
    let head = styles.get_header();
    let is_new = |name: &&str| !GROUPS.iter().any(|(_, names)| names.contains(name));
    let others: Vec<&str> = command.get_subcommands().filter(|one| !one.is_hide_set()).map(Command::get_name).filter(is_new).collect();
    let groups = GROUPS.iter().map(|(heading, names)| (*heading, *names)).chain((!others.is_empty()).then_some(("Other", &others[..])));
    let lines = groups.map(|(heading, names)| (heading, names.iter().map(line).collect::<String>())).filter(|(_, lines)| !lines.is_empty());
    lines.map(|(heading, lines)| format!("{head}{heading}:{head:#}\n{lines}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let command = Args::command();
        let in_groups = |name: &str| GROUPS.iter().flat_map(|(_, names)| *names).filter(|grouped| **grouped == name).count();
        for shown in command.get_subcommands().filter(|one| !one.is_hide_set()) {
            assert_eq!(in_groups(shown.get_name()), 1, "{} is in no group of help, or in several", shown.get_name());
        }
    }

    #[test]
    fn every_option_of_serve_is_in_one_group() {
        let command = Args::command();
        let in_groups = |id: &str| OF_SERVE.iter().flat_map(|(_, ids)| *ids).filter(|grouped| **grouped == id).count();
        for argument in command.find_subcommand("serve").unwrap().get_arguments().filter(|argument| argument.get_id() != "config") {
            assert_eq!(in_groups(argument.get_id().as_str()), 1, "--{} is in no group of help, or in several", argument.get_id());
        }
    }

    #[test]
    fn every_example_is_read_by_the_command_line() {
        for (path, examples) in EXAMPLES {
            for line in examples.lines().filter(|line| !line.contains('|') && !line.contains('>')) {
                // The examples of the top command have a meaning after each line.
                let line = line.trim().split("   ").next().unwrap_or_default();
                let words = split(line);
                assert!(path.is_empty() || words[1..].iter().take(path.len()).eq(path.iter()), "{line} is not of {path:?}");
                command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
    }

    /// As a shell splits words with double quotes.
    fn split(line: &str) -> Vec<String> {
        let quoted = line.split('"').enumerate();
        quoted
            .flat_map(|(at, part)| if at % 2 == 1 { vec![part.to_owned()] } else { part.split_whitespace().map(str::to_owned).collect() })
            .collect()
    }

    #[test]
    fn global_options_come_last_in_each_help() {
        fn check(mut command: Command, path: &str) {
            for below in command.get_subcommands().filter(|below| below.get_name() != "help").cloned().collect::<Vec<_>>() {
                check(below.clone(), &format!("{path} {}", below.get_name()));
            }
            let help = command.render_long_help().to_string();
            let (before, after) = help.split_once("Global options:").unwrap_or_else(|| panic!("{path} has no global options"));
            assert!(after.contains("--data") && after.contains("--quiet") && !before.contains("--quiet"), "{path}: {help}");
            assert!(!after.contains("\nOptions:"), "{path}: {help}");
        }
        let mut command = command();
        command.build();
        check(command, "keyway");
    }
}
