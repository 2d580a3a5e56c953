//! What can be typed after `keyway sunset`.

use super::moment::LookBack;

#[derive(clap::Args)]
pub struct Sunset {
    /// Of one account, by hub ID or name
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub back: LookBack<30>,
}
