//! The file of `keyway apply`: which integration uses which app. Its types, and how they are read and written.
//!
//! The file is foreign text. Its size, its depth and what its aliases expand to are bounded here. What the values mean is
//! checked in `check`.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use keyway_core::shown;
use keyway_scan::detect::Wanted;
use keyway_scan::finding::Confidence;
use keyway_scan::judge::Judgement;
use keyway_scan::scan::{self, Options, Progress};
use keyway_scan::source::tree::Which;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_saphyr::{DoubleQuoted, Error, Location, Spanned};

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

/// The only version of the format.
pub const VERSION: u64 = 1;

/// Accounts and apps of a Keyway server, for `keyway apply`. It holds no token and no credential.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Register {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u64,
    /// Accounts whose settings Keyway applies. A setting that is left out stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Account>")]
    pub accounts: Vec<Spanned<Account>>,
    /// Apps. A field that is left out has its default.
    #[serde(default)]
    #[schemars(with = "Vec<App>")]
    pub apps: Vec<Spanned<App>>,
}

/// The settings of one HubSpot account. `keyway apply` creates embedded accounts; connect others with `keyway account create --connect`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The account's hub id.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub hub_id: u64,
    /// `embedded` allows `keyway apply` to create the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "visible_option")]
    pub name: Option<String>,
    /// The subscription, which decides the limits: free, starter, professional or enterprise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// API limit increases: 0, 1 or 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2))]
    pub addons: Option<u8>,
    /// IANA time zone, such as Europe/Berlin, in which the account's day begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Of an embedded account, fixed when it is created: ISO 4217 code, such as EUR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Of an embedded account, fixed when it is created: data centre, such as eu1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Of a connected account: what Keyway does with calls that name an object type whose scope their app lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_path: Option<Guard>,
    /// Of a connected account: what Keyway does with calls that name a sensitive property whose scope their app lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive_properties: Option<Guard>,
}

/// Who answers the calls of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Keyway's embedded CRM.
    Embedded,
    /// HubSpot.
    Hubspot,
}

/// What Keyway does with a call whose scopes HubSpot leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// Keyway refuses the call.
    Refuse,
    /// Keyway forwards the call, and HubSpot decides.
    Forward,
}

/// One integration.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// The hub id of its account; may be left out where the file has one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Its name, unique in its account. Keyway finds the app by it.
    #[serde(serialize_with = "visible")]
    pub name: String,
    /// The name that the app had before. Keyway renames the app where the account has no app of the new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty", serialize_with = "visible")]
    pub description: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "String::is_empty", serialize_with = "visible")]
    pub owner: String,
    /// What breaks without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "visible_list")]
    pub dependents: Vec<String>,
    /// HubSpot's scopes, such as crm.objects.contacts.read. Every app also has the scope oauth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether Keyway accepts its tokens; true when left out.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// Its part where the apps of a connected account want more than HubSpot allows, 1 to 100; 1 when left out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 100))]
    pub weight: u32,
    /// Calls in ten seconds that no other app of a connected account gets; 0 when left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reserve: u32,
    /// How long its calls may wait for their turn: 0, or a number with ms, s or m, at most 60s; 10s when left out.
    #[serde(default = "ten_seconds", skip_serializing_if = "is_ten_seconds")]
    pub max_wait: String,
    /// Whether Keyway rewrites its calls of numbered versions to their dated successors.
    #[serde(default, skip_serializing_if = "is_no")]
    pub translate: bool,
    /// Whether its calls have no limits; apps of embedded accounts only.
    #[serde(default, skip_serializing_if = "is_no")]
    pub no_limits: bool,
    /// Operations it may call that Keyway's catalog does not list: read, all, or patterns such as "GET /some/api/v1/*".
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "visible_list")]
    pub unlisted: Vec<String>,
}

impl App {
    /// An app of this name whose other fields have their defaults.
    pub fn named(name: &str) -> Self {
        Self {
            account: None,
            name: name.to_owned(),
            former_name: None,
            description: String::new(),
            owner: String::new(),
            dependents: Vec::new(),
            scopes: Vec::new(),
            enabled: true,
            weight: 1,
            reserve: 0,
            max_wait: ten_seconds(),
            translate: false,
            no_limits: false,
            unlisted: Vec::new(),
        }
    }
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

fn ten_seconds() -> String {
    "10s".to_owned()
}

// serde passes each field by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_yes(value: &bool) -> bool {
    *value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_no(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_one(value: &u32) -> bool {
    *value == 1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_ten_seconds(value: &str) -> bool {
    value == "10s"
}

/// A text as YAML: between double quotes where a letter of it acts on a terminal, so that the letter can be an escape.
fn visible<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text.contains(shown::acts) { DoubleQuoted(text).serialize(serializer) } else { text.serialize(serializer) }
}

fn visible_option<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    visible(text.as_deref().unwrap_or_default(), serializer)
}

fn visible_list<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    struct Visible<'a>(&'a str);
    impl Serialize for Visible<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            visible(self.0, serializer)
        }
    }
    serializer.collect_seq(texts.iter().map(|text| Visible(text)))
}

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
pub(super) fn parse(text: &str) -> Result<Register, String> {
    let mut options = serde_saphyr::Options::default();
    options.budget = serde_saphyr::budget! {
        max_depth: DEPTH_MAX,
        flow_nesting_limit: DEPTH_MAX,
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
    options.alias_limits.max_replay_stack_depth = DEPTH_MAX;
    options.strict_booleans = true;
    options.with_snippet = false;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(&error))
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

/// The known name within a few typing mistakes of another; case, dashes and underscores are no mistake.
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
pub fn refuse_credentials(name: &str, text: &str) -> anyhow::Result<()> {
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
pub fn write(accounts: Vec<Account>, apps: Vec<App>) -> anyhow::Result<String> {
    fn placed<T>(entries: Vec<T>) -> Vec<Spanned<T>> {
        entries.into_iter().map(|entry| Spanned::new(entry, Location::UNKNOWN, Location::UNKNOWN)).collect()
    }
    let register = Register { version: VERSION, accounts: placed(accounts), apps: placed(apps) };
    let mut options = serde_saphyr::SerializerOptions::default();
    options.prefer_block_scalars = false;
    let text = serde_saphyr::to_string_with_options(&register, options).context("the file can't be written as YAML")?;
    let text = escaped(&text);
    refuse_credentials("the export", &text)?;
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
        assert_eq!(far, "line 2: colour is not a key here. Use one of version, accounts, apps");
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
        let text = write(Vec::new(), Vec::from(apps)).unwrap();
        assert!(!text.contains(|letter| letter != '\n' && shown::acts(letter)), "{text}");
        let read = parse(&text).unwrap();
        for (app, wrote) in read.apps.iter().zip(odd) {
            assert_eq!((&*app.value.name, &*app.value.owner), (wrote, wrote), "{text}");
            assert_eq!(app.value.dependents, [wrote, wrote]);
            assert_eq!(app.value.unlisted, [wrote]);
        }
    }

    #[test]
    fn the_schema_in_the_docs_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keyway-apps.schema.json");
        let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Register)).unwrap();
        schema.push('\n');
        if std::env::var_os("KEYWAY_WRITE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published, schema, "write it again: KEYWAY_WRITE_SCHEMA=1 cargo nextest run --workspace -E 'test(schema_in_the_docs)'");
    }
}
