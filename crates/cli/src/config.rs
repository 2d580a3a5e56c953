//! The configuration file of `keyway serve`: TOML, whose keys are the options' names.
//!
//! A value in the file replaces an option's default. So the command line has priority over the environment, and
//! the environment over the file. Keyway refuses in the file what clap refuses on the command line.

pub mod effect;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use keyway_core::shown;
use toml::de::DeTable;
use toml::{Spanned, Table, Value};

use crate::apps;
use crate::args::{Args, Command, Serve};
use crate::near::nearest;

/// Options that a file can't set: which file it is, and what is about one start.
const NOT_IN_A_FILE: [&str; 7] = ["app", "bootstrap", "config", "help", "ready_file", "token", "version"];

/// Reads the command line and, where one is named, the configuration file. Help and errors have colours as `--color` says.
pub fn parse(command: clap::Command) -> anyhow::Result<Args> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let command = command.color(match colour_of(std::env::args()) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    });
    match named(&arguments) {
        Some(path) => match matches(&File::load(&path)?, command, &arguments) {
            Ok(matches) => args(matches),
            // Of the command line itself.
            Err(error) => match error.downcast::<clap::Error>() {
                Ok(error) => error.exit(),
                Err(error) => Err(error),
            },
        },
        None => args(command.get_matches_from(arguments)),
    }
}

/// What `--color` says. Help and errors are printed before the command line is read as a whole.
fn colour_of(arguments: impl Iterator<Item = String>) -> Option<&'static str> {
    let mut arguments = arguments.skip(1).take_while(|word| word != "--");
    let mut found = None;
    while let Some(word) = arguments.next() {
        let value = if word == "--color" { arguments.next() } else { word.strip_prefix("--color=").map(str::to_owned) };
        found = value.and_then(|value| ["always", "never"].into_iter().find(|one| *one == value)).or(found);
    }
    found
}

/// Whether the server reads a configuration file.
pub fn has_file() -> bool {
    named(&std::env::args_os().collect::<Vec<_>>()).is_some()
}

/// Reads the command line and the configuration file once more, for a server that runs.
///
/// # Errors
/// There is no file, or `keyway serve` would refuse it.
pub fn read_again() -> anyhow::Result<Serve> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let path = named(&arguments).context("there is no configuration file")?;
    match args(matches(&File::load(&path)?, Args::command(), &arguments)?)?.command {
        Command::Serve(serve) => Ok(*serve),
        _ => bail!("this is not a server"),
    }
}

fn args(matches: ArgMatches) -> anyhow::Result<Args> {
    let mut args = Args::from_arg_matches(&matches)?;
    if let (Command::Serve(serve), Some(matches)) = (&mut args.command, matches.subcommand_matches("serve")) {
        serve.apps = apps::of(matches)?;
        serve.settings = settings(matches);
        if !serve.apps.is_empty() && !serve.ephemeral {
            bail!("--app needs --ephemeral: it is for embedded accounts that last as long as the server. For others: keyway app create");
        }
        if serve.bootstrap.is_some() && !serve.ephemeral {
            bail!("--bootstrap needs --ephemeral: it is for embedded accounts that last as long as the server. For others: keyway apply");
        }
    }
    if let Command::Serve(serve) = &args.command
        && serve.database.is_some()
        && (serve.demo || serve.ephemeral)
    {
        bail!("database can't be used with demo or ephemeral: those keep an embedded account in this server");
    }
    if let Command::Serve(serve) = &args.command
        && serve.redis.is_some()
        && serve.database.is_none()
    {
        bail!("redis is of use only to several instances, which need a database");
    }
    if let Command::Serve(serve) = &args.command
        && serve.as_of.is_some()
        && serve.database.is_some()
    {
        bail!("as-of is of use only to embedded accounts, which a server with a database has none of");
    }
    if let Command::Serve(serve) = &args.command
        && serve.oidc_issuer.is_some() != serve.oidc_client_id.is_some()
    {
        bail!("oidc-issuer and oidc-client-id need each other: the provider's URL, and what this server is there");
    }
    if let Command::Serve(serve) = &args.command {
        check_tls(serve)?;
    }
    Ok(args)
}

/// The settings of `serve` that are not left at their default, by name, as the log shows them.
fn settings(matches: &ArgMatches) -> Vec<(String, String)> {
    let command = Args::command();
    let usual = |id: &str| {
        let mut of_all = command.get_arguments().filter(|argument| argument.get_id() == "data");
        let mut of_serve = command.find_subcommand("serve")?.get_arguments();
        let argument = of_serve.find(|argument| argument.get_id() == id).or_else(|| of_all.find(|argument| argument.get_id() == id))?;
        Some(argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect::<Vec<_>>())
    };
    let mut settings = Vec::new();
    for id in matches.ids().map(clap::Id::as_str) {
        // Groups have an id too, and no values of their own.
        let (Some(usual), Ok(Some(values))) = (usual(id), matches.try_get_raw(id)) else { continue };
        let values: Vec<String> = values.map(|value| without_secrets(&value.to_string_lossy())).collect();
        let off = values.iter().all(|value| value == "false");
        if values != usual && !off {
            settings.push((id.replace('_', "-"), values.join(",")));
        }
    }
    settings.sort();
    settings
}

/// A value without what may be secret in a URL: the name and password before the host, and the query. A value whose
/// parts are not certain is hidden.
fn without_secrets(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    // A password may hold these signs too, unescaped.
    if path.contains('@') || host.is_empty() {
        return format!("{scheme}://…");
    }
    format!("{scheme}://{host}{}", path.split(['?', '#']).next().unwrap_or_default())
}

fn check_tls(serve: &Serve) -> anyhow::Result<()> {
    match (&serve.tls_cert, &serve.tls_key) {
        (Some(_), None) => bail!("tls-cert needs tls-key, the file of the certificate's private key"),
        (None, Some(_)) => bail!("tls-key needs tls-cert, the file of the key's certificate"),
        // The cookie of a session would go without `Secure`.
        (Some(_), Some(_)) if serve.admin_url.as_deref().is_some_and(|url| url.starts_with("http://")) => {
            bail!("with tls-cert the admin listener speaks HTTPS: write admin-url with https://")
        }
        _ => Ok(()),
    }
}

/// The file that `serve` is to read.
fn named(arguments: &[OsString]) -> Option<PathBuf> {
    let text = |at: usize| arguments.get(at).and_then(|argument| argument.to_str());
    // The subcommand is the first word that is not an option or an option's value.
    let mut serve = 1;
    while let Some(option) = text(serve).filter(|argument| argument.starts_with('-')) {
        serve += if option.contains('=') || ["-q", "--quiet"].contains(&option) { 1 } else { 2 };
    }
    (text(serve) == Some("serve")).then_some(())?;
    for at in serve + 1..arguments.len() {
        if text(at) == Some("--config") {
            return arguments.get(at + 1).map(PathBuf::from);
        }
        if let Some(path) = text(at).and_then(|argument| argument.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("KEYWAY_CONFIG").map(PathBuf::from)
}

/// The text of a file.
///
/// # Errors
/// It can't be read.
pub fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("the configuration {} can't be read", shown::path(&path)))
}

/// A settings file, and on which line each setting is.
struct File<'p> {
    path: &'p Path,
    settings: Table,
    lines: HashMap<String, usize>,
}

impl<'p> File<'p> {
    fn load(path: &'p Path) -> anyhow::Result<Self> {
        Self::parsed(&read(path)?, path)
    }

    fn parsed(text: &str, path: &'p Path) -> anyhow::Result<Self> {
        let line_at = |at: usize| text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let settings = text.parse::<Table>().map_err(|error| {
            let line = error.span().map(|span| format!(":{}", line_at(span.start))).unwrap_or_default();
            anyhow::anyhow!("{}{line}: this is not TOML: {}", shown::path(&path), shown::line(error.message()))
        })?;
        let table = DeTable::parse(text).map(Spanned::into_inner).unwrap_or_default();
        let lines = table.keys().map(|key| (key.get_ref().to_string(), line_at(key.span().start))).collect();
        Ok(Self { path, settings, lines })
    }

    /// The place of a setting, to begin an error with: `keyway.toml:3`.
    fn place(&self, key: &str) -> String {
        let line = self.lines.get(key).map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}", shown::path(&self.path))
    }

    /// The place of the setting that clap refuses.
    fn place_of(&self, error: &clap::Error) -> String {
        let option = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(option)) => option.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        self.place(if self.lines.contains_key(&option) { option.clone() } else { option.replace('-', "_") }.as_str())
    }
}

/// The settings that a file may have and whose name is near to one that does not exist.
fn near(key: &str) -> String {
    let command = Args::command();
    let serve = command.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments);
    let names: Vec<String> = serve
        .map(|argument| argument.get_id().as_str())
        .filter(|id| !NOT_IN_A_FILE.contains(id))
        .chain(["data"])
        .map(|id| id.replace('_', "-"))
        .collect();
    match nearest(key, names.iter().map(String::as_str))[..] {
        [] => ".".to_owned(),
        ref near => format!("; did you mean {}?", near.join(" or ")),
    }
}

/// The command line read with the file's values as defaults.
///
/// # Errors
/// The file is refused, or what is not of the file, with clap's own error.
fn matches(file: &File<'_>, mut command: clap::Command, arguments: &[OsString]) -> anyhow::Result<ArgMatches> {
    for (key, value) in &file.settings {
        let id = key.replace('-', "_");
        let serve = command.find_subcommand("serve").and_then(|serve| serve.get_arguments().find(|arg| arg.get_id() == id.as_str()));
        let of_serve = serve.is_some();
        let global = command.get_arguments().find(|arg| arg.get_id() == id.as_str() && id == "data");
        let Some(argument) = serve.or(global).filter(|_| !NOT_IN_A_FILE.contains(&id.as_str())) else {
            bail!(
                "{}: {} is not a setting of \"keyway serve\"{} Its settings are the options of \"keyway serve --help\"",
                file.place(key),
                shown::line(key),
                near(key)
            );
        };
        let flag = matches!(argument.get_action(), ArgAction::SetTrue);
        let text = match value {
            Value::String(text) if !flag => text.clone(),
            Value::Integer(number) if !flag => number.to_string(),
            Value::Boolean(on) if flag => on.to_string(),
            // As the command line writes a list. No setting that takes one has a comma in a value.
            Value::Array(list) if !flag && !list.is_empty() && list.iter().all(Value::is_str) => {
                list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
            }
            _ => {
                let takes = if flag { "true or false" } else { "a text, a number or a list of texts" };
                bail!("{}: {key} takes {takes}", file.place(key));
            }
        };
        // Once for each setting of one file; clap keeps defaults for as long as the process.
        let text: &'static str = Box::leak(text.into_boxed_str());
        let set = |argument: clap::Arg| argument.default_value(text);
        command = if of_serve { command.mut_subcommand("serve", |serve| serve.mut_arg(id, set)) } else { command.mut_arg(id, set) };
    }
    match command.clone().try_get_matches_from(arguments) {
        Ok(matches) => Ok(matches),
        Err(error) => {
            let serve = ["keyway", "serve"];
            // The file is at fault where it is refused without the command line, and the rest is not refused without the file.
            match command.try_get_matches_from(serve) {
                Err(of_file) if Args::command().try_get_matches_from(serve).is_ok() => {
                    bail!("{}: {}", file.place_of(&of_file), plain(&of_file))
                }
                _ => Err(error.into()),
            }
        }
    }
}

/// The message of clap without its usage lines: a settings file has no commands.
pub fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What `keyway serve` makes of a file's text without a command line: how many settings it has, and all settings.
///
/// # Errors
/// The file is refused.
pub fn alone(text: &str, path: &Path) -> anyhow::Result<(usize, Args)> {
    let file = File::parsed(text, path)?;
    Ok((file.settings.len(), args(matches(&file, Args::command(), &["keyway".into(), "serve".into()])?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_serve_is_read_from_the_environment_under_its_own_name() {
        let command = Args::command();
        for argument in command.find_subcommand("serve").unwrap().get_arguments() {
            let id = argument.get_id().as_str();
            // The file is looked for before the command line is read; help and version do something else.
            if argument.is_global_set() || ["config", "help", "version"].contains(&id) {
                continue;
            }
            let name = argument.get_env().unwrap_or_else(|| panic!("--{id} has no variable"));
            assert_eq!(name.to_string_lossy(), format!("KEYWAY_{}", id.to_uppercase()));
        }
    }

    #[test]
    fn the_log_shows_settings_without_secrets() {
        let of = |line: &str| settings(Args::command().get_matches_from(line.split(' ')).subcommand_matches("serve").unwrap());
        assert_eq!(of("keyway serve"), []);
        let shown = of("keyway serve --listen 127.0.0.1:1 --access-log --database postgres://ada:p@ss@db:5432/keyway?password=other");
        let shown: Vec<String> = shown.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["access-log=true", "database=postgres://db:5432/keyway", "listen=127.0.0.1:1"]);
        for odd in ["redis://:a/b@host", "redis://u:a?b@host", "redis://u:a#b@host", "redis://u:p@"] {
            assert_eq!(without_secrets(odd), "redis://…");
        }
    }

    #[test]
    fn only_serve_has_a_file() {
        let of = |line: &str| named(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("keyway --data serve serve --demo --config a"), Some("a".into()));
        assert_eq!(of("keyway --data=x serve --config=a"), Some("a".into()));
        assert_eq!(of("keyway -q --quiet --color never serve --config=a"), Some("a".into()));
        assert_eq!(of("keyway app create serve --config a"), None);
        assert_eq!(of("keyway"), None);
    }
}
