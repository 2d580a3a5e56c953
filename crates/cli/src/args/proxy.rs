//! What can be typed after `keyway proxy`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Proxy {
    /// Print the certificates that clients must trust, as PEM; stderr says how to trust them
    Ca {
        /// Make another authority first
        #[arg(long)]
        renew: bool,
        /// With --renew, when the new authority begins to sign: a number with s, m, h, d or w; both are printed and trusted until then
        #[arg(long = "in", value_name = "TIME", default_value = "30d", requires = "renew")]
        wait: String,
        /// With --renew, let the new authority sign at once and delete all others: clients fail until they trust the new one
        #[arg(long, requires = "renew", conflicts_with = "wait")]
        now: bool,
    },
}
