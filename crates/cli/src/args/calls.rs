//! What can be typed after `keyway calls`.

use clap::ValueEnum;

use super::moment::Period;

#[derive(clap::Args)]
pub struct Calls {
    /// What calls are grouped by
    #[arg(long, value_enum, default_value_t = By::App)]
    pub by: By,
    /// Of this app, by ID or name
    #[arg(long)]
    pub app: Option<String>,
    /// Of this account, by hub ID or name
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    #[command(flatten)]
    pub period: Period,
}

/// What calls are grouped by.
#[derive(Clone, Copy, ValueEnum)]
pub enum By {
    /// Who called
    App,
    /// The account that was called
    Account,
    /// What the operation can do: read, create, update, delete, settings, send, irreversible
    Class,
    /// How calls ended: ok, 429, 4xx, 5xx, unknown
    Outcome,
    /// Why calls failed
    Cause,
}
