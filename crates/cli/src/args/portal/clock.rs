//! What can be typed after `keyway portal clock`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Clock {
    /// Show it
    Show,
    /// Set it; it goes on from there
    Set {
        /// Such as 2027-01-31T09:00:00Z
        time: String,
        /// Stop it at that time
        #[arg(long)]
        frozen: bool,
    },
    /// Move it on, such as by 31m or 8d
    Advance {
        /// A number with ms, s, m, h or d
        time: String,
    },
    /// Stop it at the present time
    Freeze,
    /// As at the start: the real time, or that of --clock
    Reset,
}
