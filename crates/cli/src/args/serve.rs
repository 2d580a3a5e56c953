//! What can be typed after `keyway serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use keyway_console::HostName;
use keyway_core::client_address::Network;

use super::moment::day;
use super::{listen, mcp, notify, repeat};
use crate::apps;
use crate::logs::LogFormat;

#[derive(clap::Args)]
pub struct Serve {
    /// Settings in TOML, by the names of these options; the command line and the environment come first [env: KEYWAY_CONFIG=]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where integrations send their calls, in place of https://api.hubapi.com
    #[arg(long, env = "KEYWAY_LISTEN", default_value = "127.0.0.1:8484", value_name = "ADDR", value_parser = listen::address)]
    pub listen: SocketAddr,
    /// Where the console, the admin API and the metrics listen; the API needs an admin token
    #[arg(long, env = "KEYWAY_ADMIN", default_value = "127.0.0.1:8485", value_name = "ADDR", value_parser = listen::address)]
    pub admin: SocketAddr,
    /// Where a forward proxy listens, for clients whose HubSpot host cannot be set but which know HTTPS_PROXY, such as 127.0.0.1:8486;
    /// there is none when left out
    #[arg(long, env = "KEYWAY_PROXY", value_name = "ADDR", value_parser = listen::address)]
    pub proxy: Option<SocketAddr>,
    /// What the forward proxy does with hosts other than HubSpot API hosts; a tunnel may need KEYWAY_PROXY_PASSWORD
    #[arg(long, env = "KEYWAY_PROXY_OTHERS", value_enum, value_name = "WHAT", default_value_t = ProxyOthers::Refuse)]
    pub proxy_others: ProxyOthers,
    /// Let tunnels of the forward proxy lead to this machine and to private networks too
    #[arg(long, env = "KEYWAY_PROXY_PRIVATE_ADDRESSES", value_parser = clap::builder::BoolishValueParser::new())]
    pub proxy_private_addresses: bool,
    #[command(flatten)]
    pub mcp: mcp::McpListener,
    /// The address by which integrations reach the data listener, such as https://hubspot.example.com. OAuth's issuer and the links in
    /// answers use it [default: the address it listens on; in links of connected accounts, the address that the client called]
    #[arg(long, env = "KEYWAY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Where people reach the admin listener from outside [default: the address it listens on]
    #[arg(long, env = "KEYWAY_ADMIN_URL", value_name = "URL")]
    pub admin_url: Option<String>,
    /// Host names under which browsers reach the admin listener, beside localhost, IP addresses and the host of --admin-url; calls with
    /// an admin token, probes and metrics work under any name
    #[arg(long, env = "KEYWAY_ADMIN_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub admin_hosts: Vec<HostName>,
    /// Name of this server on every page of the console, with a colour, such as Production:red or Staging:amber
    #[arg(long, env = "KEYWAY_ENVIRONMENT", value_name = "NAME[:COLOUR]")]
    pub environment: Option<keyway_gateway::admin::Environment>,
    /// Addresses and networks of the proxies in front of the data and the admin listener, such as 10.0.3.7,fd00:7::/64. Audit, limits and
    /// lock-outs use the client address that they send
    #[arg(long, env = "KEYWAY_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// Where the proxies of --trusted-proxies name the client; Keyway reads no other header for it
    #[arg(long, env = "KEYWAY_CLIENT_ADDRESS", value_enum, value_name = "WHERE", default_value_t = ClientAddress::XForwardedFor)]
    pub client_address: ClientAddress,
    /// Serve HTTPS on the data and the admin listener with the certificate in this PEM file, then its intermediate certificates;
    /// SIGHUP reads it again
    #[arg(long, env = "KEYWAY_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert in PEM, readable by its owner and group only
    #[arg(long, env = "KEYWAY_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Let people sign in at this identity provider too (OpenID Connect), by its issuer URL; KEYWAY_OIDC_CLIENT_SECRET holds the client's
    /// secret
    #[arg(long, env = "KEYWAY_OIDC_ISSUER", value_name = "URL", requires = "oidc_client_id")]
    pub oidc_issuer: Option<String>,
    /// The client ID of this server at the identity provider; its redirect URI there is the admin address with /sign-in/oidc/callback
    #[arg(long, env = "KEYWAY_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    pub oidc_client_id: Option<String>,
    /// The role of people whom only the provider knows; without it, people need an account from `keyway user create`
    #[arg(long, env = "KEYWAY_OIDC_NEW_USERS", value_name = "ROLE", requires = "oidc_issuer", value_parser = ["auditor", "super-admin"])]
    pub oidc_new_users: Option<String>,
    /// Keep accounts, apps, tokens and the audit in this PostgreSQL (postgres://…), which other instances may use too
    #[arg(long, env = "KEYWAY_DATABASE", value_name = "URL", hide_env_values = true, conflicts_with_all = ["demo", "ephemeral"])]
    pub database: Option<String>,
    /// Send each record of the audit to this OpenTelemetry collector too, as a log record and a span (OTLP/HTTP, such as
    /// http://127.0.0.1:4318)
    #[arg(long, env = "KEYWAY_OTLP", value_name = "URL")]
    pub otlp: Option<String>,
    /// Trust the authorities in this PEM file too, when calling HubSpot and other servers
    #[arg(long, env = "KEYWAY_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Share HubSpot's limits among the instances in this Redis (redis://… or rediss://…); without it, each instance has an even part
    #[arg(long, env = "KEYWAY_REDIS", value_name = "URL", hide_env_values = true)]
    pub redis: Option<String>,
    /// Add sample records and two apps, and print requests to try
    #[arg(long, env = "KEYWAY_DEMO", value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,
    /// Days of made-up calls with which a new --demo begins, so that its pages show something; 0 for none
    #[arg(long, env = "KEYWAY_DEMO_DAYS", value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub demo_days: u32,
    /// Keep nothing on disk but the admin socket
    #[arg(long, env = "KEYWAY_EPHEMERAL", value_parser = clap::builder::BoolishValueParser::new())]
    pub ephemeral: bool,
    /// With --ephemeral, create this app before the server is ready, with the scopes of a comma list or with all of them (Tests:all), and
    /// without limits; can be repeated
    #[arg(long, env = "KEYWAY_APP", value_name = "NAME:SCOPES", value_parser = apps::wanted)]
    pub app: Vec<apps::Wanted>,
    /// The token of the --app before it, in HubSpot's form (pat-REGION-UUID), from an environment variable; Keyway makes a token when
    /// left out, and --ready-file has it
    #[arg(long, env = "KEYWAY_TOKEN", value_name = "env:VARIABLE")]
    pub token: Vec<String>,
    /// With --ephemeral, a file of YAML or JSON with the accounts, apps, records, faults and times that exist when the server is ready
    /// (docs/testing.md)
    #[arg(long, env = "KEYWAY_BOOTSTRAP", value_name = "FILE", conflicts_with = "demo")]
    pub bootstrap: Option<PathBuf>,
    /// What --app and --token mean together.
    #[arg(skip)]
    pub apps: Vec<apps::WithToken>,
    /// Answer on embedded accounts as HubSpot will on this day, such as 2027-10-01: what has ended by then is refused
    #[arg(long, env = "KEYWAY_AS_OF", value_name = "DATE", value_parser = day, conflicts_with = "database")]
    pub as_of: Option<String>,
    #[command(flatten)]
    pub repeat: repeat::Repeat,
    /// With --as-of, what to do with versions that HubSpot calls unsupported by then, but may leave running
    #[arg(long, env = "KEYWAY_UNSUPPORTED", value_enum, value_name = "WHAT", default_value_t = Unsupported::Refuse)]
    pub unsupported: Unsupported,
    /// Hosts that webhooks of embedded accounts may be sent to; * is any [default: this machine, while both listeners are on it alone;
    /// else none]
    #[arg(long, env = "KEYWAY_WEBHOOK_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub webhook_hosts: Vec<String>,
    #[command(flatten)]
    pub notify: notify::Settings,
    /// Threads of the data listener; one for each processor when left out
    #[arg(long, env = "KEYWAY_THREADS", value_name = "N")]
    pub threads: Option<usize>,
    /// Write the addresses and the tokens of --app as JSON to this file once the server is ready; only its owner may read it
    #[arg(long, env = "KEYWAY_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Delete audit records that are older than this many days; all are kept when left out
    #[arg(long, env = "KEYWAY_AUDIT_KEEP_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub audit_keep_days: Option<u32>,
    /// Disable apps that made no call for this many days; none is disabled when left out
    #[arg(long, env = "KEYWAY_DISABLE_UNUSED_DAYS", value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub disable_unused_days: Option<u32>,
    /// Also write each audit record to stdout, as a line of JSON
    #[arg(long, env = "KEYWAY_AUDIT_STREAM", value_parser = clap::builder::BoolishValueParser::new())]
    pub audit_stream: bool,
    /// Leave the names of the properties that a call sets out of the audit
    #[arg(long, env = "KEYWAY_AUDIT_NO_PROPERTY_NAMES", value_parser = clap::builder::BoolishValueParser::new())]
    pub audit_no_property_names: bool,
    /// What to log on stderr: error, warn, info, debug, or a filter such as keyway_gateway=debug [default: warn; info with --log-format
    /// json]
    #[arg(long, env = "KEYWAY_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How to log: text for people, or a JSON object on each line for a log collector, which takes the place of the first screen
    #[arg(long, env = "KEYWAY_LOG_FORMAT", value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Also log each call on stderr, in the form of --log-format
    #[arg(long, env = "KEYWAY_ACCESS_LOG", value_parser = clap::builder::BoolishValueParser::new())]
    pub access_log: bool,
    /// The settings that are not left at their default, without secrets; for the log.
    #[arg(skip)]
    pub settings: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClientAddress {
    /// X-Forwarded-For, which nginx, Caddy, Traefik and the load balancers of clouds write
    XForwardedFor,
    /// Forwarded (RFC 7239)
    Forwarded,
    /// The PROXY protocol, version 2, which these proxies must then send before each connection
    ProxyProtocol,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProxyOthers {
    /// Refuse them
    Refuse,
    /// Pass bytes on to their port 443
    Tunnel,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unsupported {
    /// Refuse them, so that a test shows what must move
    Refuse,
    /// Answer them, and refuse only what HubSpot says will stop
    Serve,
}
