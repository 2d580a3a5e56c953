//! `--json`: one option of all commands, and the commands that refuse it.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// The commands without JSON, with what they print or write instead. A test holds that every other command prints JSON.
const REFUSE: [(&str, &str); 11] = [
    ("init", "it prints the steps of the set-up. For programs there are `keyway account create --json` and `keyway app create --json`"),
    ("serve", "it prints a first screen and a log. --log-format json logs in JSON, and --ready-file FILE writes the addresses as JSON"),
    ("exec", "it prints what the command after -- prints. --report FILE.json writes the report of the run as JSON"),
    ("record", "it prints what the command after -- prints. The cassette of --to is JSON"),
    ("mcp", "it speaks the Model Context Protocol, whose messages are JSON without this option"),
    ("export", "it prints YAML for `keyway apply`. For programs there are `keyway account list --json` and `keyway app list --json`"),
    ("audit export", "it writes records in the form of --format. --format jsonl writes each record as a JSON object on its line"),
    ("portal snapshot export", "it writes a file, whose lines are JSON without this option"),
    ("restore", "it prints what it put back. Its exit code says whether it succeeded"),
    ("completions", "it prints a script for a shell"),
    ("man", "it writes man pages"),
];

/// Options that choose another form than JSON, by command.
const OTHER_FORMS: [(&str, &[&str]); 2] = [("portal coverage", &["find", "markdown"]), ("portal requests", &["har"])];

/// Why a command line with `--json` is refused. clap cannot say it: the option may stand before the command.
pub fn refusal(matches: &ArgMatches) -> Option<String> {
    if !matches.get_flag("json") {
        return None;
    }
    let (mut path, mut leaf) = (Vec::new(), matches);
    while let Some((name, below)) = leaf.subcommand() {
        path.push(name);
        leaf = below;
    }
    let path = path.join(" ");
    if let Some((_, why)) = REFUSE.iter().find(|(command, _)| *command == path) {
        return Some(format!("`keyway {path}` has no JSON to print: {why}"));
    }
    let is_typed = |id: &str| leaf.try_contains_id(id).is_ok() && leaf.value_source(id) == Some(ValueSource::CommandLine);
    let format = is_typed("format").then(|| leaf.get_raw("format")?.next()).flatten().filter(|format| *format != "json");
    if let Some(format) = format {
        return Some(format!("--json is --format json, and cannot be used with --format {}", format.to_string_lossy()));
    }
    let other = OTHER_FORMS.iter().filter(|(command, _)| *command == path).flat_map(|(_, ids)| *ids).find(|id| is_typed(id))?;
    Some(format!("--json cannot be used with --{other}"))
}

/// The command line without `--json` in the help and the completions of commands that refuse it.
pub fn hidden(command: Command) -> Command {
    REFUSE.iter().fold(command, |command, (path, _)| below(command, &path.split(' ').collect::<Vec<_>>()))
}

fn below(command: Command, path: &[&str]) -> Command {
    match path {
        [first, rest @ ..] => command.mut_subcommand(first, |command| below(command, rest)),
        // The commands below it would have the hidden option too.
        [] if command.has_subcommands() => command,
        [] => command.arg(Arg::new("json").long("json").action(ArgAction::SetTrue).hide(true)),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Args;

    /// Commands that print JSON, each with arguments with which tests/it/json_option.rs reads it.
    fn printing() -> Vec<&'static str> {
        let mut commands: Vec<&str> = include_str!("../../tests/it/json_option.tsv")
            .lines()
            .filter_map(|row| row.split_once('\t'))
            .map(|(command, _)| command)
            .collect();
        commands.sort_unstable();
        commands.dedup();
        commands
    }

    /// The commands that do something, so all but those that need one below them.
    fn acting(command: &Command, path: &str) -> Vec<String> {
        let mut found: Vec<String> =
            command.get_subcommands().flat_map(|below| acting(below, format!("{path} {}", below.get_name()).trim())).collect();
        if !command.is_subcommand_required_set() {
            found.push(path.to_owned());
        }
        found
    }

    #[test]
    fn every_command_prints_json_or_refuses_the_option() {
        let mut declared: Vec<&str> = printing().into_iter().chain(REFUSE.iter().map(|(command, _)| *command)).collect();
        declared.sort_unstable();
        let mut acting = acting(&Args::command(), "");
        acting.sort_unstable();
        assert_eq!(declared, acting, "a new command has a row in tests/it/json_option.tsv, or one in REFUSE");
    }

    #[test]
    fn the_option_is_refused_before_and_after_each_command_without_json() {
        let is_refused = |line: &str| {
            let command = hidden(Args::command()).ignore_errors(true);
            let refusal = refusal(&command.try_get_matches_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}")));
            refusal.is_some_and(|why| why.contains(" has no JSON to print: "))
        };
        let refusing = REFUSE.iter().map(|(command, _)| (*command, true));
        for (command, expected) in printing().into_iter().map(|command| (command, false)).chain(refusing) {
            for line in [format!("keyway --json {command}"), format!("keyway {command} --json")] {
                assert_eq!(is_refused(&line), expected, "{line}");
            }
            assert!(!is_refused(&format!("keyway {command}")), "{command}");
        }
    }

    #[test]
    fn only_commands_that_take_the_option_show_it() {
        let mut command = hidden(Args::command());
        command.build();
        let shows = |path: &str| {
            let leaf = path.split(' ').fold(&command, |command, name| command.find_subcommand(name).unwrap());
            leaf.get_arguments().any(|argument| argument.get_id() == "json" && !argument.is_hide_set())
        };
        assert!(printing().into_iter().all(shows));
        // `keyway mcp` has a command below it that prints JSON.
        assert_eq!(REFUSE.iter().map(|(path, _)| *path).filter(|path| shows(path)).collect::<Vec<_>>(), ["mcp"]);
    }

    #[test]
    fn the_option_is_refused_beside_another_form() {
        let refused = |line: &str| refusal(&Args::command().try_get_matches_from(line.split(' ')).unwrap());
        for line in ["keyway scan --json --format sarif", "keyway --json scan --format sarif"] {
            assert_eq!(refused(line).unwrap(), "--json is --format json, and cannot be used with --format sarif");
        }
        for line in [
            "keyway --json portal coverage --markdown",
            "keyway portal coverage --find deals --json",
            "keyway --json portal requests --har -",
        ] {
            assert!(refused(line).unwrap().starts_with("--json cannot be used with --"), "{line}");
        }
        for line in [
            "keyway scan --json --format json",
            "keyway --json portal report",
            "keyway portal requests --json",
            "keyway scan --format sarif",
        ] {
            assert_eq!(refused(line), None, "{line}");
        }
    }
}
