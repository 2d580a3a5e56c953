//! The Model Context Protocol: what can be typed for its listener and for `keyway mcp`.

use std::net::SocketAddr;
use std::path::PathBuf;

use keyway_core::safety::Classes;

/// The listener of `keyway serve` for agents.
#[derive(clap::Args, Default)]
pub struct McpListener {
    /// Where agents are served over the Model Context Protocol (streamable HTTP, at /mcp), such as 127.0.0.1:8487; nowhere when left out
    #[arg(long, env = "KEYWAY_MCP", value_name = "ADDR", value_parser = super::listen::address)]
    pub mcp: Option<SocketAddr>,
    /// Classes of operations for agents with an app's own token, if the app has no --allow: read, create, update, delete, settings, send,
    /// irreversible, bulk, or all
    #[arg(long, env = "KEYWAY_MCP_ALLOW", value_name = "CLASSES", value_delimiter = ',', default_value = "read", value_parser = word)]
    pub mcp_allow: Vec<String>,
    /// A TOML file that says which properties agents see: [default] or [app.NAME], then "contacts.email" = "mask", "drop" or "allow"
    #[arg(long, env = "KEYWAY_MCP_MASKS", value_name = "FILE")]
    pub mcp_masks: Option<PathBuf>,
    /// Address under which agents reach the listener, such as https://agents.example.com, where it is behind a proxy; where left out, the
    /// address that the agent called
    #[arg(long, env = "KEYWAY_MCP_URL", value_name = "URL")]
    pub mcp_url: Option<String>,
    /// Hosts in your network from which the server may read client ID metadata documents of agents; it may read them from public hosts
    /// without this option
    #[arg(long, env = "KEYWAY_MCP_CLIENT_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub mcp_client_hosts: Vec<String>,
    /// Host names under which agents reach the listener, beside this machine's own
    #[arg(long, env = "KEYWAY_MCP_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub mcp_hosts: Vec<String>,
    /// Origins of web pages that may call the listener from a browser, such as http://localhost:6274
    #[arg(long, env = "KEYWAY_MCP_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    pub mcp_origins: Vec<String>,
}

/// `keyway mcp`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Mcp {
    #[command(subcommand)]
    pub command: Option<Beside>,
    /// The data listener of a running server; KEYWAY_TOKEN holds the token of an app or a session
    #[arg(long, env = "KEYWAY_URL", value_name = "URL", default_value = "http://127.0.0.1:8484")]
    pub url: String,
    /// Classes of operations for the agent with an app's own token, if the app has no --allow: read, create, update, delete, settings,
    /// send, irreversible, bulk, or all
    #[arg(long, env = "KEYWAY_MCP_ALLOW", value_name = "CLASSES", value_delimiter = ',', default_value = "read", value_parser = word)]
    pub allow: Vec<String>,
    /// A TOML file that says which properties the agent sees, as --mcp-masks of `keyway serve`
    #[arg(long, env = "KEYWAY_MCP_MASKS", value_name = "FILE")]
    pub masks: Option<PathBuf>,
}

/// What `keyway mcp` does beside serving.
#[derive(clap::Subcommand)]
pub enum Beside {
    /// Print the settings with which an agent's program uses Keyway's MCP server
    Snippet(super::snippet::Snippet),
}

fn word(text: &str) -> Result<String, String> {
    Classes::parse(&[text, "read"]).map(|_| text.trim().to_owned()).map_err(|error| error.to_string())
}
