//! `keyway portal diff`: what can be typed.

use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Diff {
    /// A snapshot, or a file of one (./clean, clean.jsonl); the account as it was made when left out
    #[arg(value_name = "FROM")]
    pub from: Option<String>,
    /// Another one; the account as it is when left out
    #[arg(value_name = "TO")]
    pub to: Option<String>,
    /// Compare these alone
    #[arg(long)]
    pub only: Option<Only>,
    /// Show at most this number of differences, up to 10,000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub limit: u32,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Only {
    /// Records with their properties
    Records,
    /// Associations of records
    Associations,
    /// Object types, properties, groups, pipelines, labels, owners and lists
    Definitions,
}
