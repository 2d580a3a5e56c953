//! What can be typed after `keyway migrate`.

#[derive(clap::Args)]
pub struct Migrate {
    /// An empty PostgreSQL database (postgres://…); put a URL that holds a password into KEYWAY_DATABASE
    #[arg(long, env = "KEYWAY_DATABASE", value_name = "URL", hide_env_values = true)]
    pub to: String,
    /// Leave embedded accounts, which can't be moved, in the folder with their apps and tokens
    #[arg(long)]
    pub leave_embedded: bool,
    /// Move the audit log also if it is damaged, as it is
    #[arg(long)]
    pub accept_damage: bool,
}
