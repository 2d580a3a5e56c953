//! What can be typed after `keyway portal clock`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Clock {
    /// Show it
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set it; it goes on from there
    Set {
        /// Such as 2027-01-31T09:00:00Z
        time: String,
        /// Stop it at that time
        #[arg(long)]
        frozen: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Move it on, such as by 31m or 8d
    Advance {
        /// A number with ms, s, m, h or d
        time: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop it at the present time
    Freeze {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// As at the start: the real time, or that of --clock
    Reset {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
