//! `keyway exec`: what can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use super::moment::day;
use super::repeat::Repeat;
use super::strict::Strict;
use crate::apps;

#[derive(clap::Args)]
pub struct Exec {
    /// What the account holds at the start: a built-in set (demo, minimal, activities) or a seed in a file of YAML or JSON
    #[arg(long, value_name = "SET")]
    pub seed: Option<String>,
    /// The app whose token the command gets, and its scopes, separated by commas, or `all`; it has no rate limit
    #[arg(long, value_name = "NAME:SCOPES", value_parser = apps::wanted, default_value = "Tests:all")]
    pub app: apps::Wanted,
    /// Answer as HubSpot will on this day, such as 2027-10-01: refuse operations that have ended by then
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub as_of: Option<String>,
    /// Also start the forward proxy, and set HTTPS_PROXY and the variables of certificate lists, for a command that calls
    /// https://api.hubapi.com
    #[arg(long)]
    pub proxy: bool,
    #[command(flatten)]
    pub strict: Strict,
    /// Write the report of the run to a file: .json is JSON, .xml is JUnit XML, other names get text
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub repeat: Repeat,
    /// The command and its arguments, after --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}
