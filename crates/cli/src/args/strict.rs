//! Strict mode and the report of a run: what can be typed.

use std::path::PathBuf;

use clap::ValueEnum;
use keyway_core::strict::Rule;

use super::moment::day;

/// The rules whose findings count.
#[derive(Clone)]
pub struct Rules(pub Vec<Rule>);

fn rules(text: &str) -> Result<Rules, String> {
    Rule::list(text).map(Rules)
}

/// What counts as a mistake.
#[derive(clap::Args)]
pub struct Strict {
    /// Exit 1 when a rule finds something: all rules, or these, separated by commas (unserved, unknown-properties, deprecated, ended,
    /// unasserted-writes, unread-pages, missing-retries)
    #[arg(long, value_name = "RULES", num_args = 0..=1, require_equals = true, default_missing_value = "all", value_parser = rules)]
    pub strict: Option<Rules>,
    /// With the rule deprecated, also find calls of operations that HubSpot ends on or before this day, such as 2027-12-31
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub ends_by: Option<String>,
}

impl Strict {
    /// The rules whose findings are shown: without strict mode every rule.
    pub fn rules(&self) -> &[Rule] {
        self.strict.as_ref().map_or(&Rule::ALL, |rules| &rules.0)
    }
}

/// `keyway portal report`.
#[derive(clap::Args)]
pub struct Report {
    /// JSON reports of other servers, to be merged into one; no server is asked then
    #[arg(value_name = "FILE")]
    pub merge: Vec<PathBuf>,
    #[command(flatten)]
    pub strict: Strict,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON document, which this command reads again
    Json,
    /// JUnit XML: each finding is a failed test
    Junit,
}
