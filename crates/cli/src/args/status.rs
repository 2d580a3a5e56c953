//! What can be typed after `keyway status`.

#[derive(clap::Args)]
pub struct Status {
    /// Also exit 1 when a token without an end is older: a number with s, m, h, d or w, such as 180d
    #[arg(long, env = "KEYWAY_MAX_TOKEN_AGE", value_name = "TIME")]
    pub max_token_age: Option<String>,
    /// Only ask whether the server is alive: exit 0 whatever the state of credentials and of the audit log
    #[arg(long)]
    pub live: bool,
}
