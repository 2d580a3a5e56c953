//! What can be typed after `keyway changes`.

use super::moment::Period;

#[derive(clap::Args)]
pub struct Changes {
    /// Changes by this person or program: an e-mail address, the name of an admin token, socket (this command line) or server
    #[arg(long)]
    pub who: Option<String>,
    /// Changes by this operation of the admin API, such as updateApp
    #[arg(long)]
    pub operation: Option<String>,
    /// Changes of this, such as "app 3"
    #[arg(long, value_name = "WHAT")]
    pub target: Option<String>,
    /// Changes of this account: its apps, tokens and settings
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub period: Period,
    /// How many: 100 when left out, at most 1,000
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
}
