//! What can be typed after `keyway audit tail`.

use super::AuditFilter;

#[derive(clap::Args)]
pub struct Tail {
    #[command(flatten)]
    pub filter: AuditFilter,
    /// How many of the newest records to show first
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub lines: u32,
}
