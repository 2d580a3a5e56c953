//! The configuration file of `keyway serve`: TOML, whose keys are the options' names.
//!
//! A value in the file replaces an option's default. So the command line has priority over the environment, and
//! the environment over the file. Keyway refuses in the file what clap refuses on the command line.

pub mod effect;
mod refusal;

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
use crate::args::serve::Serve;
use crate::args::{Args, Command, json};
use crate::exit::chain;
use crate::near::nearest;
use crate::print;

/// Options that a file can't set: which file it is, and what is about one start.
const NOT_IN_A_FILE: [&str; 8] = ["app", "bootstrap", "config", "help", "json", "ready_file", "token", "version"];

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
                Ok(error) => exit(&error, &arguments),
                Err(error) => Err(error),
            },
        },
        None => match command.try_get_matches_from(&arguments) {
            Ok(matches) => args(matches),
            Err(error) => exit(&error, &arguments),
        },
    }
}

/// Prints an error of clap, or help, and ends the process.
fn exit(error: &clap::Error, arguments: &[OsString]) -> ! {
    let text = error.render().to_string();
    let better = refusal::in_words(&text, error, arguments);
    if !error.use_stderr() || better == text {
        error.exit()
    }
    print::say(better.trim_end());
    std::process::exit(2)
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
    if let Some(why) = json::refusal(&matches) {
        bail!("{why}");
    }
    let args = unchecked(&matches)?;
    match contradictions(&args).first() {
        Some(first) => bail!("{first}"),
        None => Ok(args),
    }
}

/// The arguments, of which some may contradict each other.
fn unchecked(matches: &ArgMatches) -> anyhow::Result<Args> {
    let mut args = Args::from_arg_matches(matches)?;
    if let (Command::Serve(serve), Some(matches)) = (&mut args.command, matches.subcommand_matches("serve")) {
        serve.apps = apps::of(matches)?;
        serve.settings = settings(matches);
    }
    Ok(args)
}

/// The settings that contradict each other, wherever they come from. Each text names the settings.
fn contradictions(args: &Args) -> Vec<&'static str> {
    let Command::Serve(serve) = &args.command else { return Vec::new() };
    let with_database = serve.database.is_some();
    let tls = (serve.tls_cert.is_some(), serve.tls_key.is_some());
    let is_plain = serve.admin_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    let found = [
        (
            !serve.apps.is_empty() && !serve.ephemeral,
            "--app needs --ephemeral: it is for embedded accounts that last as long as the server. For others: keyway app create",
        ),
        (
            serve.bootstrap.is_some() && !serve.ephemeral,
            "--bootstrap needs --ephemeral: it is for embedded accounts that last as long as the server. For others: keyway apply",
        ),
        (
            with_database && (serve.demo || serve.ephemeral),
            "--database can't be used with --demo or --ephemeral: those keep an embedded account in this server",
        ),
        (
            serve.redis.is_some() && !with_database,
            "--redis needs --database: only instances that share a PostgreSQL share limits. Add --database postgres://…, or leave --redis out",
        ),
        (
            serve.as_of.is_some() && with_database,
            "--as-of can't be used with --database: it acts on embedded accounts, and a server with a database has none",
        ),
        (
            serve.oidc_issuer.is_some() != serve.oidc_client_id.is_some(),
            "--oidc-issuer and --oidc-client-id need each other: the URL of the provider, and the ID of this server there",
        ),
        (tls == (true, false), "--tls-cert needs --tls-key with the file of the private key"),
        (tls == (false, true), "--tls-key needs --tls-cert with the file of the certificate"),
        // The cookie of a session would go without `Secure`.
        (tls == (true, true) && is_plain, "with --tls-cert the admin listener speaks HTTPS: write --admin-url with https://"),
    ];
    found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text).collect()
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

/// The file that `serve` is to read.
fn named(arguments: &[OsString]) -> Option<PathBuf> {
    let text = |at: usize| arguments.get(at).and_then(|argument| argument.to_str());
    // The subcommand is the first word that is not an option or an option's value.
    let mut serve = 1;
    while let Some(option) = text(serve).filter(|argument| argument.starts_with('-')) {
        serve += if option.contains('=') || ["-q", "--quiet", "--json"].contains(&option) { 1 } else { 2 };
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
            let place = format!("{}{line}", shown::path(&path));
            let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
            if error.message() == "duplicate key" && !key.is_empty() {
                return anyhow::anyhow!("{place}: {} is set twice. Remove one of the lines", shown::line(key));
            }
            anyhow::anyhow!("{place}: this is not TOML: {}", shown::line(error.message()))
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

    /// A problem with the place of the setting that it names. A variable of the environment has no place in the file.
    fn placed(&self, problem: &str) -> String {
        let path = shown::path(&self.path);
        if problem.starts_with(&path) || problem.starts_with("KEYWAY_") {
            return problem.to_owned();
        }
        let key = named_in(problem).find_map(|name| self.lines.keys().find(|key| key.replace('_', "-") == name));
        format!("{}: {problem}", key.map_or(path, |key| self.place(key)))
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

/// The words of a problem that may be the names of settings: the first, options, and words that a dash joins.
fn named_in(problem: &str) -> impl Iterator<Item = &str> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let words = problem.split(move |letter| !is_of_name(letter)).enumerate();
    let names = words.filter(|(at, word)| *at == 0 || word.contains('-'));
    names.map(|(_, word)| word.trim_matches('-')).filter(|word| !word.is_empty())
}

/// A setting of the file, as the command line would have it.
struct Setting {
    id: String,
    of_serve: bool,
    text: &'static str,
}

impl Setting {
    /// Reads a setting of the file.
    ///
    /// # Errors
    /// There is no such setting, or it takes no such value.
    fn read(file: &File<'_>, command: &clap::Command, key: &str, value: &Value) -> anyhow::Result<Self> {
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
        Ok(Self { id, of_serve, text: Box::leak(text.into_boxed_str()) })
    }

    /// The command with the setting as the default of its option.
    fn set(&self, command: clap::Command) -> clap::Command {
        let set = |argument: clap::Arg| argument.default_value(self.text);
        if self.of_serve { command.mut_subcommand("serve", |serve| serve.mut_arg(&self.id, set)) } else { command.mut_arg(&self.id, set) }
    }
}

/// The command line read with the file's values as defaults.
///
/// # Errors
/// The file is refused, or what is not of the file, with clap's own error.
fn matches(file: &File<'_>, mut command: clap::Command, arguments: &[OsString]) -> anyhow::Result<ArgMatches> {
    for (key, value) in &file.settings {
        command = Setting::read(file, &command, key, value)?.set(command);
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
fn plain(error: &clap::Error) -> String {
    let text = refusal::without_rusts_words(&error.to_string());
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A file without a command line: what `keyway serve` would make of it.
pub struct Checked {
    /// How many settings it has.
    pub settings: usize,
    /// Why `keyway serve` would refuse it, each with its place.
    pub problems: Vec<String>,
}

/// Checks every setting of a file by itself, then all that are right together. `more` finds what else a server refuses.
pub fn checked(text: &str, path: &Path, more: impl Fn(&Serve, &Path) -> Vec<anyhow::Error>) -> Checked {
    let file = match File::parsed(text, path) {
        Ok(file) => file,
        Err(error) => return Checked { settings: 0, problems: vec![chain(&error)] },
    };
    let (mut problems, mut refused) = (Vec::new(), Vec::new());
    let start = ["keyway", "serve"];
    // The environment comes before the file: what is wrong there is not of the file.
    if let Err(error) = Args::command().try_get_matches_from(start) {
        return Checked { settings: file.settings.len(), problems: vec![format!("the environment: {}", plain(&error))] };
    }
    let mut command = Args::command();
    let mut settings: Vec<(&String, &Value)> = file.settings.iter().collect();
    settings.sort_by_key(|(key, _)| file.lines.get(*key));
    for (key, value) in settings {
        let read = Setting::read(&file, &command, key, value).and_then(|setting| {
            let alone = setting.set(Args::command()).try_get_matches_from(start);
            alone.map(|_| setting).map_err(|error| anyhow::anyhow!("{}: {}", file.place(key), plain(&error)))
        });
        match read {
            Ok(setting) => command = setting.set(command),
            Err(error) => {
                problems.push(chain(&error));
                refused.push(key.replace('_', "-"));
            }
        }
    }
    let of_clap = |error: &anyhow::Error| error.downcast_ref::<clap::Error>().map_or_else(|| chain(error), plain);
    let found: Vec<String> = match command.try_get_matches_from(start).map_err(anyhow::Error::from).and_then(|matches| unchecked(&matches))
    {
        Ok(args) => {
            let of_server = match &args.command {
                Command::Serve(serve) => more(serve, &args.connection.data),
                _ => Vec::new(),
            };
            contradictions(&args).into_iter().map(str::to_owned).chain(of_server.iter().map(chain)).collect()
        }
        Err(error) => vec![of_clap(&error)],
    };
    // What a refused setting is missed for is not another problem.
    let follows = |problem: &String| named_in(problem).any(|name| refused.iter().any(|key| key == name));
    problems.extend(found.iter().filter(|problem| !follows(problem)).map(|problem| file.placed(problem)));
    Checked { settings: file.settings.len(), problems }
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
        assert_eq!(of("keyway -q --quiet --json --color never serve --config=a"), Some("a".into()));
        assert_eq!(of("keyway app create serve --config a"), None);
        assert_eq!(of("keyway"), None);
    }
}
