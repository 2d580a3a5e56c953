//! `keyway mcp snippet`

/// How a client reaches the agents' door.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Over {
    /// By the listener of `keyway serve --mcp`
    Http,
    /// By a process that the client starts: `keyway mcp`
    Stdio,
}

#[derive(clap::Args)]
pub struct Snippet {
    /// The client, such as cursor; without it, all are listed
    #[arg(long, value_name = "CLIENT")]
    pub client: Option<String>,
    /// Where agents reach the listener of --mcp, with its path
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8487/mcp")]
    pub url: String,
    /// The data listener, which `keyway mcp` calls
    #[arg(long, env = "KEYWAY_URL", value_name = "URL", default_value = "http://127.0.0.1:8484")]
    pub gateway: String,
    /// How the client reaches Keyway [default: the way that suits the client]
    #[arg(long)]
    pub over: Option<Over>,
}
