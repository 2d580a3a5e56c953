//! Reads and writes the file of `keyway apply` as YAML.
//!
//! The file is untrusted input: its size, its depth and the expansion of its aliases are limited here, and a
//! credential in it is refused.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::shown;
use keyway_scan::detect::Wanted;
use keyway_scan::finding::Confidence;
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress};
use keyway_scan::source::tree::Which;
use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location, Spanned};

use super::{Account, App, Channel, Register, VERSION};

/// Longest file, in bytes: ten thousand apps with fifty scopes each.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Deepest nesting; the format itself has four levels.
const DEPTH_MAX: usize = 8;
/// Most values of a file, those of expanded aliases included.
const NODES_MAX: usize = 1_000_000;
/// Most bytes of all texts, those of expanded aliases included.
const TEXT_BYTES_MAX: usize = 32 << 20;
/// Most values that aliases expand to.
const REPLAYED_MAX: usize = 200_000;

/// Reads a file; `-` is standard input.
///
/// # Errors
/// It can't be read, is too long, is not the format, or holds a credential. The error names the line.
pub fn read(path: &Path) -> anyhow::Result<Register> {
    let mut bytes = Vec::new();
    let name = if path == Path::new("-") { "standard input".to_owned() } else { shown::path(path) };
    let unread = || format!("{name} can't be read");
    if path == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(unread)?;
    } else {
        let file = std::fs::File::open(path).with_context(unread)?;
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(unread)?;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{name} is longer than {} MiB. Split it by account", FILE_BYTES_MAX >> 20);
    }
    let text = std::str::from_utf8(&bytes).with_context(|| format!("{name} is not UTF-8"))?;
    let register = parse(text).map_err(|problem| anyhow::anyhow!("{name}: {problem}"))?;
    refuse_credentials(&name, text)?;
    Ok(register)
}

/// Reads the text of a file. The error is one line.
pub fn parse(text: &str) -> Result<Register, String> {
    from_text(text, DEPTH_MAX)
}

/// Reads foreign YAML of any type, nested so deep at most. The error is one line, and names the line of the text.
///
/// # Errors
/// It is not YAML, not of the type, or too large.
pub fn from_text<T: DeserializeOwned>(text: &str, depth_max: usize) -> Result<T, String> {
    let mut options = serde_saphyr::Options::default();
    options.budget = serde_saphyr::budget! {
        max_depth: depth_max,
        flow_nesting_limit: depth_max,
        max_documents: 1,
        max_events: NODES_MAX * 2,
        max_nodes: NODES_MAX,
        max_total_scalar_bytes: TEXT_BYTES_MAX,
        max_recorded_anchor_events: REPLAYED_MAX,
        max_recorded_anchor_bytes: TEXT_BYTES_MAX,
        // A set of scopes that a thousand apps share has one anchor and a thousand aliases.
        enforce_alias_anchor_ratio: false,
    };
    options.alias_limits.max_total_replayed_events = REPLAYED_MAX;
    options.alias_limits.max_replay_stack_depth = depth_max;
    options.strict_booleans = true;
    options.with_snippet = false;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| match mixed_indentation(text) {
        Some(mixed) => format!("{}. {mixed}", problem(&error)),
        None => problem(&error),
    })
}

/// Names the first two list entries with different indentation: the usual fault where somebody appends one file to another.
fn mixed_indentation(text: &str) -> Option<String> {
    let is_entry = |line: &str| ["- name:", "- account:", "- hubId:"].iter().any(|begin| line.starts_with(begin));
    let dashes = text.lines().zip(1_usize..).filter(|(line, _)| is_entry(line.trim_start()));
    let mut dashes = dashes.map(|(line, number)| (line.len() - line.trim_start().len(), number));
    let (first, at) = dashes.next()?;
    let (other, other_at) = dashes.find(|(spaces, _)| *spaces != first)?;
    Some(format!(
        "The entries of a list need the same number of spaces before their dash: line {at} has {first}, line {other_at} has {other}"
    ))
}

/// What is wrong, with the line. Text of the file in it can't forge a line.
fn problem(error: &Error) -> String {
    let mut innermost = error.without_snippet();
    while let Error::AliasError { error, .. } = innermost {
        innermost = error.without_snippet();
    }
    let place = error.location().filter(|at| at.line() > 0).map(|at| format!("line {}: ", at.line())).unwrap_or_default();
    let (what, wrong, known) = match innermost {
        Error::SerdeUnknownField { field, expected, .. } => ("key", field, expected),
        Error::SerdeUnknownVariant { variant, expected, .. } => ("value", variant, expected),
        Error::SerdeMissingField { field, .. } => return format!("{place}the key {field} is missing"),
        other => return format!("{place}{}", shown::line(&other.to_string())),
    };
    let hint = match nearest(wrong, known.iter().copied()) {
        Some(near) => format!("Did you mean {near}?"),
        None => format!("Use one of {}", known.join(", ")),
    };
    let wrong: String = wrong.chars().take(80).collect();
    format!("{place}{} is not a {what} here. {hint}", shown::line(&wrong))
}

/// The known name that differs from another by a few typing mistakes. Case, dashes and underscores do not count.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const MISTAKES_MAX: usize = 3;
    const LETTERS_MAX: usize = 100;
    let plain =
        |text: &str| text.chars().filter(|letter| !matches!(letter, '_' | '-')).take(LETTERS_MAX).collect::<String>().to_lowercase();
    let wrong = plain(wrong);
    let scored = known.map(|name| (strsim::levenshtein(&plain(name), &wrong), name));
    scored.filter(|(mistakes, name)| *mistakes <= MISTAKES_MAX.min(name.len() / 2)).min().map(|(_, name)| name)
}

/// The file is for Git, so that no credential may be in it, not even in a comment.
fn refuse_credentials(name: &str, text: &str) -> anyhow::Result<()> {
    let options = Options {
        which: Which { roots: Vec::new(), no_ignore: true, ignore: Vec::new() },
        wanted: Wanted { usages: false },
        judgement: Judgement { least: Confidence::High, keep_values: false, baseline: Default::default() },
        progress: Progress::default(),
    };
    let report = scan::stream("keyway-apps.yaml", text.as_bytes(), &options)?;
    match report.findings.first() {
        Some(found) => bail!(
            "{name}: line {}: this looks like a credential ({}). The file is for Git and holds none: remove it, and rotate it if it works",
            found.line,
            shown::line(&found.masked)
        ),
        None => Ok(()),
    }
}

/// The text of a file: what [`read`] reads. No letter of it acts on a terminal.
///
/// # Errors
/// A text holds what looks like a credential.
pub fn write(accounts: Vec<Account>, apps: Vec<App>, channels: Vec<Channel>) -> anyhow::Result<String> {
    fn placed<T>(entries: Vec<T>) -> Vec<Spanned<T>> {
        entries.into_iter().map(|entry| Spanned::new(entry, Location::UNKNOWN, Location::UNKNOWN)).collect()
    }
    // Without the section, `keyway apply` leaves channels alone.
    let notifications = (!channels.is_empty()).then(|| placed(channels));
    let register = Register { version: VERSION, accounts: placed(accounts), apps: placed(apps), notifications };
    text_of(&register, "the export")
}

/// Any value as YAML that a person can print: no letter of it acts on a terminal.
///
/// # Errors
/// A text holds what looks like a credential.
pub fn text_of(value: &impl serde::Serialize, name: &str) -> anyhow::Result<String> {
    let mut options = serde_saphyr::SerializerOptions::default();
    options.prefer_block_scalars = false;
    // As in the documentation, so that a sample can be appended to an export.
    options.compact_list_indent = false;
    let text = serde_saphyr::to_string_with_options(value, options).context("the file can't be written as YAML")?;
    let text = escaped(&text);
    refuse_credentials(name, &text)?;
    Ok(text)
}

/// YAML whose letters that act on a terminal are escapes (YAML 1.2, section 5.7). They are all between double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && shown::acts(letter) {
            out.push_str(&format!("\\U{:08X}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text).expect_err(text)
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
        assert_eq!(refused("version: 1\napps:\n  - name: A\n    owmer: jo\n"), "line 4: owmer is not a key here. Did you mean owner?");
        assert_eq!(
            refused("version: 1\napps:\n  - name: A\n    former_name: B\n"),
            "line 4: former_name is not a key here. Did you mean formerName?"
        );
        assert_eq!(refused("version: 1\naccounts:\n  - hubID: 1\n"), "line 3: hubID is not a key here. Did you mean hubId?");
        let far = refused("version: 1\ncolour: red\n");
        assert_eq!(far, "line 2: colour is not a key here. Use one of version, accounts, apps, notifications");
        assert_eq!(
            refused("version: 1\naccounts:\n  - hubId: 1\n    backend: Hubspott\n"),
            "line 4: Hubspott is not a value here. Did you mean hubspot?"
        );
        assert!(refused("version: 1\napps:\n  - owner: jo\n").contains("name is missing"));
        let forged = refused("version: 1\n\"a\\nb\\e[31m\": 1\n");
        assert!(!forged.contains(['\n', '\u{1b}']), "{forged}");
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_line() {
        for (text, line) in [
            ("version: one\n", "line 1"),
            ("version: 1\napps: none\n", "line 2"),
            ("version: 1\napps:\n  - name: A\n    enabled: yes\n", "line 4"),
            ("version: 1\napps:\n  - name: A\n    weight: -1\n", "line 4"),
            ("version: 1\napps:\n  - name: A\n    weight: 99999999999\n", "line 4"),
            ("version: 1\napps:\n  - name: A\n    scopes: {a: b}\n", "line 4"),
            ("version: 1\napps:\n  - name: [A]\n", "line 3"),
            ("version: 1\naccounts:\n  - hubId: 1.5\n", "line 3"),
            ("version: 1\nversion: 1\n", "line 2"),
            ("version: 1\napps:\n  - name: A\n    name: B\n", "line 4"),
            ("version: 1\n---\nversion: 1\n", "line 2"),
            ("version: 1\napps: [\n", "line"),
            ("version: 1\napps:\n\t- name: A\n", "line"),
        ] {
            let problem = refused(text);
            assert!(problem.contains(line) && !problem.contains('\n'), "{text:?}: {problem}");
        }
        assert!(parse("").is_err() && parse("- 1\n").is_err() && parse("\u{0}").is_err() && parse("*a").is_err());
    }

    #[test]
    fn aliases_are_for_sets_of_scopes_and_can_not_explode() {
        let shared = "version: 1\napps:\n  - name: A\n    scopes: &sync [crm.objects.contacts.read]\n  - name: B\n    scopes: *sync\n";
        assert_eq!(parse(shared).unwrap().apps[1].value.scopes, ["crm.objects.contacts.read"]);
        // A billion texts of nine anchors.
        let mut laughs =
            "version: 1\napps:\n  - name: A\n    dependents:\n      - &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..10 {
            laughs.push_str(&format!("      - &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
        }
        assert!(parse(&laughs).is_err());
        // One long text, a hundred thousand times.
        let long = format!(
            "version: 1\napps:\n  - name: A\n    dependents:\n      - &a {}\n{}",
            "x".repeat(1 << 20),
            "      - *a\n".repeat(100_000)
        );
        assert!(refused(&long).contains("line"));
        // A list of many short ones, many times.
        let many = format!(
            "version: 1\napps:\n  - name: A\n    scopes: &a [{}]\n{}",
            "x,".repeat(10_000),
            "  - {name: B, scopes: *a}\n".repeat(1_000)
        );
        assert!(refused(&many).contains("line"));
        assert!(parse("version: 1\napps: &a\n  - *a\n").is_err());
    }

    #[test]
    fn depth_is_bounded() {
        for deep in [
            format!("version: 1\napps: {}", "[".repeat(100_000)),
            format!("version: 1\napps: {}", "- ".repeat(50_000)),
            "{a: ".repeat(50_000),
        ] {
            assert!(parse(&deep).is_err());
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let odd = [
            "yes",
            "no",
            "~",
            "null",
            "",
            " ",
            "123",
            "1e3",
            "0x1F",
            "2026-01-01",
            "a: b",
            "- a",
            "#a",
            "a #b",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "'a'",
            "\"a\"",
            "a\\nb",
            "a\nb",
            "a\n",
            "\na",
            "\ta",
            "a\u{1b}[31mb",
            "\u{202e}abc",
            "\u{feff}a",
            "é𝄞",
            "{{a}}",
            "[a]",
            "<<",
            "=",
            "|",
            ">",
            "?",
            "a\r\nb",
            "\u{85}",
            "\u{2028}",
            "a\u{200d}b",
            "\u{e0061}",
            "\"\u{ad}\\",
        ];
        let apps = odd.map(|text| App {
            owner: text.into(),
            dependents: vec![text.into(), text.into()],
            unlisted: vec![text.into()],
            ..App::named(text)
        });
        let text = write(Vec::new(), Vec::from(apps), Vec::new()).unwrap();
        assert!(!text.contains(|letter| letter != '\n' && shown::acts(letter)), "{text}");
        let read = parse(&text).unwrap();
        for (app, wrote) in read.apps.iter().zip(odd) {
            assert_eq!((&*app.value.name, &*app.value.owner), (wrote, wrote), "{text}");
            assert_eq!(app.value.dependents, [wrote, wrote]);
            assert_eq!(app.value.unlisted, [wrote]);
        }
    }
}
