//! `keyway exec`: what can be typed.

use std::ffi::OsString;

use super::day;
use crate::serve::apps;

#[derive(clap::Args)]
pub struct Exec {
    /// What the account holds at the start: a built-in set (demo, minimal, activities) or a seed in a file of JSON
    #[arg(long, value_name = "SET")]
    pub seed: Option<String>,
    /// The app whose token the command gets, with the scopes of a comma list or with all of them; no limit refuses its calls
    #[arg(long, value_name = "NAME:SCOPES", value_parser = apps::wanted, default_value = "Tests:all")]
    pub app: apps::Wanted,
    /// Answer as HubSpot will on this day, such as 2027-10-01: what has ended by then is refused
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub as_of: Option<String>,
    /// The command and its arguments, after --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}
