//! The command line, as types. `commands` and `serve` perform it.

pub mod apply;
pub mod approval;
pub mod calls;
pub mod consent;
pub mod diff;
pub mod doctor;
pub mod exec;
pub mod fix;
pub mod global;
pub mod init;
pub mod key;
pub mod listen;
pub mod mcp;
pub mod migrate;
pub mod migration;
pub mod moment;
pub mod notify;
pub mod plan;
pub mod pull;
pub mod record;
pub mod repeat;
pub mod restore;
pub mod scopes;
pub mod session;
pub mod snippet;
pub mod strict;
pub mod tail;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use keyway_console::HostName;
use keyway_core::client_address::Network;
use keyway_core::sunset::AsOf;

use self::consent::Consent;
pub use self::global::Connection;
use self::moment::{End, LookBack, Period};
use crate::apps;
use crate::logs::LogFormat;
use crate::output::Manners;

/// Gateway, scanner and test double for the HubSpot API
#[derive(Parser)]
#[command(name = "keyway", version, propagate_version = true)]
pub struct Args {
    #[command(flatten)]
    pub connection: Connection,
    #[command(flatten)]
    pub manners: Manners,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the server: the data listener, the admin listener and an embedded account
    Serve(Box<Serve>),
    /// Set Keyway up: a server, an account, an app and a first call
    Init(init::Init),
    /// Run a command, such as a test suite, beside an embedded account of its own, and exit with its code
    Exec(exec::Exec),
    /// Record a client's calls to a real account in a file without personal data, to replay them in tests
    Record(record::Record),
    /// Serve an agent on this machine over the Model Context Protocol: on standard input and output, with the token in KEYWAY_TOKEN
    Mcp(mcp::Mcp),
    /// Accounts and their limits
    Account {
        #[command(subcommand)]
        action: Account,
    },
    /// Private apps and their scopes
    App {
        #[command(subcommand)]
        action: App,
    },
    /// The tokens of an app
    Token {
        #[command(subcommand)]
        action: Token,
    },
    /// Sessions of apps: tokens for agents that may do less than their app, and end by themselves
    Session {
        #[command(subcommand)]
        action: session::Session,
    },
    /// List scopes in plain words, presets, and old names with their replacements
    Scopes(scopes::Scopes),
    /// Public apps: OAuth clients that many accounts install
    PublicApp {
        #[command(subcommand)]
        action: PublicApp,
    },
    /// Installs of public apps on accounts
    Install {
        #[command(subcommand)]
        action: Install,
    },
    /// HubSpot apps that connect accounts by OAuth
    OauthClient {
        #[command(subcommand)]
        action: OAuthClient,
    },
    /// Tokens of the admin API, each with a role
    AdminToken {
        #[command(subcommand)]
        action: AdminToken,
    },
    /// People who may sign in on the admin listener
    User {
        #[command(subcommand)]
        action: User,
    },
    /// Calls of apps that need a person's approval: show, approve and reject them
    Approval {
        #[command(subcommand)]
        action: approval::Approval,
    },
    /// The migration board: how far each integration of the scan reports is, from reports, apps and calls
    Migration {
        #[command(subcommand)]
        action: migration::Migration,
    },
    /// Notifications of what needs a person: by webhook, Slack and mail
    Notify {
        #[command(subcommand)]
        action: notify::Notify,
    },
    /// List changes of accounts, apps, tokens and people: who made them, when and from where; the newest first
    Changes(Changes),
    /// The embedded account as a test double: seed, snapshots, requests received, faults, its clock
    Portal {
        /// The account's hub id or name; optional when there is only one embedded account
        #[arg(long, global = true, value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(subcommand)]
        action: Box<Portal>,
    },
    /// Count calls by app, account, class of operation, outcome or cause
    Calls(calls::Calls),
    /// The record of every call
    Audit {
        #[command(subcommand)]
        action: Audit,
    },
    /// Find every HubSpot credential and API call in files, exports and git history
    Scan(Scan),
    /// Plan one app for each integration: the smallest set of scopes, and the steps to move it
    Plan(plan::Plan),
    /// Rewrite tokens, headers, paths and addresses in code, where the result is certain; prints a diff first
    Fix(fix::Fix),
    /// Name the cause of a call that failed, and what to do about it
    Doctor(doctor::Doctor),
    /// List the recorded calls of operations that end, with their end dates and successors
    Sunset {
        /// Of one account, by hub id or name
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        back: LookBack<30>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The forward proxy, for clients whose HubSpot host cannot be set
    Proxy {
        #[command(subcommand)]
        action: Proxy,
    },
    /// Create and change accounts and apps as a file says; shows the plan first
    Apply(apply::Apply),
    /// Write the accounts and apps of a server as a file for `keyway apply`
    Export(apply::Export),
    /// Check a configuration file
    Config {
        #[command(subcommand)]
        action: Config,
    },
    /// Copy a data folder, while its server runs or not; the master key is not copied
    Backup {
        /// An empty or new folder
        #[arg(value_name = "TARGET")]
        target: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a backup into a data folder (--data) that has no databases
    Restore {
        /// A folder that `keyway backup` made
        #[arg(value_name = "BACKUP")]
        source: PathBuf,
        /// The file with the master key of the folder that was copied, if KEYWAY_MASTER_KEY does not hold it
        #[arg(long, value_name = "FILE")]
        master_key: Option<PathBuf>,
        #[command(flatten)]
        how: restore::How,
    },
    /// The master key, with which Keyway seals credentials
    Key {
        #[command(subcommand)]
        action: key::Key,
    },
    /// Move the data folder (--data) of a stopped server into PostgreSQL, for several instances
    Migrate(migrate::Migrate),
    /// Check whether the server runs and is ready
    Status {
        /// Also exit 1 when a token without an end is older: a number with s, m, h, d or w, such as 180d
        #[arg(long, env = "KEYWAY_MAX_TOKEN_AGE", value_name = "TIME")]
        max_token_age: Option<String>,
        /// Only ask whether the server is alive: exit 0 whatever the state of credentials and of the audit log
        #[arg(long)]
        live: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages of all commands into a folder, for packages
    #[command(hide = true)]
    Man {
        /// The folder, which must exist
        folder: PathBuf,
    },
}

#[derive(clap::Args)]
pub struct Scan {
    /// Folders and files; `-` is standard input
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How the report is written [default: as the name of --output says (.json, .sarif, .html, .md, .xml), else human]
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Write the report to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Also scan what .gitignore leaves out, such as .env
    #[arg(long)]
    pub no_ignore: bool,
    /// Skip files that match this glob; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub ignore: Vec<String>,
    /// Every version of every file: of all branches and tags, and of commits that no branch contains any more
    #[arg(long, conflicts_with_all = ["staged", "since"])]
    pub history: bool,
    /// Only what is staged for the next commit, for a pre-commit hook
    #[arg(long, conflicts_with = "since")]
    pub staged: bool,
    /// Only credentials that commits since this revision (such as origin/main) added, and calls in the files that they changed
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// File of known findings [default: keyway-baseline.json in the scanned folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what is found to the baseline, so that only new findings count from now on
    #[arg(long)]
    pub write_baseline: bool,
    /// Exit with 1 if the scan finds this; can be repeated
    #[arg(long, value_enum, value_name = "WHAT", default_values_t = [FailOn::Finding])]
    pub fail_on: Vec<FailOn>,
    /// Credentials only
    #[arg(long)]
    pub no_usages: bool,
    /// Report only findings of at least this confidence
    #[arg(long, value_enum, default_value_t = Confidence::Medium, value_name = "LEVEL")]
    pub min_confidence: Confidence,
    /// Explain why each finding was reported
    #[arg(long)]
    pub explain: bool,
    /// Ask HubSpot whether each token works, which account it belongs to and which scopes it has; tokens of a Keyway are asked of
    /// the running server
    #[arg(long)]
    pub verify: bool,
    /// Address that --verify asks: HubSpot's, or the data address of a Keyway
    #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com", requires = "verify")]
    pub verify_at: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a terminal
    Human,
    /// Version 1, documented in docs/scan.md
    Json,
    /// SARIF 2.1.0, as code hosts show it
    Sarif,
    /// One file for people to read
    Html,
    Markdown,
    /// JUnit XML, as any CI shows it
    Junit,
}

impl ReportFormat {
    /// The format that a file's name says.
    pub fn of_file(path: &std::path::Path) -> Self {
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("json") => Self::Json,
            Some("sarif") => Self::Sarif,
            Some("html" | "htm") => Self::Html,
            Some("md") => Self::Markdown,
            Some("xml") => Self::Junit,
            _ => Self::Human,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A credential
    Finding,
    /// A credential of high confidence
    High,
    /// A call that has ended: HubSpot may refuse it any day
    Ended,
    /// A call with an end date
    Ageing,
    /// Any call
    Usage,
    /// Nothing
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confidence {
    Low,
    Medium,
    High,
}

#[derive(Subcommand)]
pub enum Config {
    /// Check whether `keyway serve --config FILE` would take a file: exit code 1 if not
    Check {
        /// The file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct Serve {
    /// Settings in TOML, by the names of these options; the command line and the environment come first [env: KEYWAY_CONFIG=]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where integrations send their calls, in place of https://api.hubapi.com
    #[arg(long, env = "KEYWAY_LISTEN", default_value = "127.0.0.1:8484", value_name = "ADDR", value_parser = listen::address)]
    pub listen: SocketAddr,
    /// Where the admin API listens; KEYWAY_ADMIN_TOKEN opens it
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
    /// Where integrations reach the data listener from outside, such as https://hubspot.example.com: the issuer of OAuth, and what links
    /// in answers name [default: the address it listens on; in links of connected accounts, the address that the client called]
    #[arg(long, env = "KEYWAY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Where people reach the admin listener from outside [default: the address it listens on]
    #[arg(long, env = "KEYWAY_ADMIN_URL", value_name = "URL")]
    pub admin_url: Option<String>,
    /// Host names under which browsers reach the admin listener, beside localhost, IP addresses and the host of --admin-url; calls with
    /// an admin token, probes and metrics work under any name
    #[arg(long, env = "KEYWAY_ADMIN_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub admin_hosts: Vec<HostName>,
    /// What this server is called on every page of the console, with a colour, such as Production:red or Staging:amber
    #[arg(long, env = "KEYWAY_ENVIRONMENT", value_name = "NAME[:COLOUR]")]
    pub environment: Option<keyway_gateway::admin::Environment>,
    /// Addresses and networks of the proxies before the data and the admin listener, such as 10.0.3.7,fd00:7::/64; the client that they
    /// name is what the audit, limits and lock-outs see
    #[arg(long, env = "KEYWAY_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// Where the proxies of --trusted-proxies name the client; Keyway reads no other header for it
    #[arg(long, env = "KEYWAY_CLIENT_ADDRESS", value_enum, value_name = "WHERE", default_value_t = ClientAddress::XForwardedFor)]
    pub client_address: ClientAddress,
    /// Serve HTTPS on the data and the admin listener with this certificate in PEM, followed by those that lead to its authority; SIGHUP
    /// reads it again
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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn token_id(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "a token id is a number; `keyway token list APP` shows the ids of an app's tokens")
}

fn day(text: &str) -> Result<String, &'static str> {
    AsOf::new(text, false).map(|as_of| as_of.day().to_owned()).ok_or("a day is written as in 2027-10-01")
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unsupported {
    /// Refuse them, so that a test shows what must move
    Refuse,
    /// Answer them, and refuse only what HubSpot says will stop
    Serve,
}

/// Where a credential is read from. Never an argument: those stand in the process list.
#[derive(clap::Args)]
#[group(id = "from", multiple = false)]
pub struct CredentialSource {
    /// Read the credential from an environment variable
    #[arg(long, value_name = "NAME")]
    pub credential_env: Option<String>,
    /// Read it from a file, such as a mounted Kubernetes secret
    #[arg(long, value_name = "FILE")]
    pub credential_file: Option<PathBuf>,
    /// Read it from standard input
    #[arg(long)]
    pub credential_stdin: bool,
    /// Read it from the output of a command, such as a password manager
    #[arg(long, value_name = "COMMAND")]
    pub credential_command: Option<String>,
    /// Read it from a secrets manager: vault:MOUNT/PATH#FIELD (HashiCorp Vault, OpenBao), aws:SECRET#FIELD, k8s:NAMESPACE/SECRET#KEY,
    /// gcp:PROJECT/SECRET#FIELD, azure:VAULT/SECRET#FIELD or op:VAULT/ITEM#FIELD (1Password Connect)
    #[arg(long, value_name = "REFERENCE")]
    pub credential_from: Option<String>,
}

impl CredentialSource {
    /// Whether any was named.
    pub fn is_given(&self) -> bool {
        let named = [
            self.credential_env.is_some(),
            self.credential_file.is_some(),
            self.credential_command.is_some(),
            self.credential_from.is_some(),
        ];
        self.credential_stdin || named.contains(&true)
    }
}

#[derive(Subcommand)]
pub enum Account {
    /// Create an account with an embedded CRM, or with --connect one whose calls go to HubSpot
    #[command(visible_alias = "add")]
    Create {
        /// A name for the account
        #[arg(default_value = "", hide_default_value = true)]
        name: String,
        /// Send its calls to HubSpot, with the credential that one of the --credential options names
        #[arg(long, conflicts_with_all = ["hub_id", "currency", "region", "oauth"], requires = "from")]
        connect: bool,
        /// Send its calls to HubSpot, as this OAuth client (see `keyway oauth-client add`): prints where a person consents, or takes a
        /// refresh token that one of the --credential options names
        #[arg(long, value_name = "CLIENT", conflicts_with_all = ["hub_id", "currency", "region", "base_url"])]
        oauth: Option<String>,
        #[command(flatten)]
        credential: CredentialSource,
        /// The address of HubSpot, or of another Keyway
        #[arg(long, value_name = "URL", default_value = "https://api.hubapi.com", requires = "connect")]
        base_url: String,
        /// Its hub id [default: Keyway chooses one]
        #[arg(long, value_name = "ID")]
        hub_id: Option<u64>,
        #[command(flatten)]
        settings: AccountSettings,
        /// ISO 4217 code
        #[arg(long, default_value = "USD")]
        currency: String,
        /// Data centre that its tokens name
        #[arg(long, default_value = "na1")]
        region: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take over accounts that are connected by OAuth elsewhere: lines of JSON with hubId, refreshToken and perhaps name
    Import {
        /// The file; - is standard input
        file: PathBuf,
        /// The OAuth client whose refresh tokens they are
        #[arg(long, value_name = "CLIENT")]
        oauth: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a short-lived access token of an account that is connected by OAuth, for calling HubSpot without the gateway
    AccessToken {
        /// Its hub id or name
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Replace the credential of a connected account, without an outage
    Rotate {
        /// Its hub id or name
        account: String,
        #[command(flatten)]
        credential: CredentialSource,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Restore the credential that `rotate` replaced; Keyway keeps it for a week
    Rollback {
        /// Its hub id or name
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask HubSpot whether a connected account's credential is still good, and what it holds
    Check {
        /// Its hub id or name
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Count the calls of an account by app, operation and day
    Usage {
        /// Its hub id or name
        account: String,
        #[command(flatten)]
        back: LookBack<7>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an account, its limits and today's use
    Show {
        /// Its hub id or name
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change an account
    Update {
        /// Its hub id or name
        account: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: AccountSettings,
        /// Of a connected account: refuse or forward calls that name, in their query or body, an object type whose scope their app lacks
        #[arg(long, value_name = "SETTING", value_parser = ["refuse", "forward"])]
        beside_path: Option<String>,
        /// Of a connected account: refuse or forward calls that name a sensitive property whose scope their app lacks
        #[arg(long, value_name = "SETTING", value_parser = ["refuse", "forward"])]
        sensitive_properties: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete an account, its apps, their tokens and its records
    Delete {
        /// Its hub id or name
        account: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct AccountSettings {
    /// free, starter, professional or enterprise; the limits follow from it
    #[arg(long)]
    pub tier: Option<String>,
    /// API limit increases, 0 to 2
    #[arg(long, value_name = "N")]
    pub addons: Option<u8>,
    /// IANA name, such as Europe/Berlin; the daily limit starts again at its midnight
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}

#[derive(Subcommand)]
pub enum App {
    /// Create a private app and its first token; prints the token once
    Create {
        /// Its name, unique in the account
        name: String,
        /// The account's hub id or name; optional when there is only one account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Lifetime of its token: a number with s, m, h, d or w, such as 90d; without it, the token lives until it is rotated or revoked
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// A set of scopes, from `keyway scopes`; --scopes adds to it
        #[arg(long, value_name = "PRESET")]
        preset: Option<String>,
        #[command(flatten)]
        fields: AppFields,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List apps
    List {
        /// Only of this account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an app and its tokens
    Show {
        /// Its id or name
        app: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare the scopes of an app, or of each app, with those that calls needed; --apply removes the rest
    Tighten {
        /// Its id or name; a line for each app when left out
        app: Option<String>,
        #[command(flatten)]
        back: LookBack<90>,
        /// Remove the scopes of the app that no call needed
        #[arg(long, requires = "app")]
        apply: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List apps that made no call
    Unused {
        #[command(flatten)]
        back: LookBack<90>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change an app; its tokens stay as they are
    Update {
        /// Its id or name
        app: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        fields: AppFields,
        /// Add scopes (commas or spaces between several)
        #[arg(long, value_name = "SCOPES")]
        add_scope: Vec<String>,
        /// Remove scopes
        #[arg(long, value_name = "SCOPES")]
        remove_scope: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Refuse the app's tokens until it is enabled again
    Disable {
        /// Its id or name
        app: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Accept the app's tokens again
    Enable {
        /// Its id or name
        app: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete an app and its tokens; its audit records stay
    Delete {
        /// Its id or name
        app: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct AppFields {
    /// Scopes of the app, such as crm.objects.contacts.read (separate several with commas or spaces)
    #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
    pub scopes: Vec<String>,
    /// Its purpose
    #[arg(long)]
    pub description: Option<String>,
    /// The person or team responsible for it
    #[arg(long)]
    pub owner: Option<String>,
    /// What breaks without it (can be repeated)
    #[arg(long, value_name = "WHAT")]
    pub dependent: Vec<String>,
    /// Rewrite calls of numbered API versions to dated versions, and refuse a call if HubSpot publishes a difference: on or off [default:
    /// off]
    #[arg(long, value_name = "on|off", hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub translate: Option<bool>,
    /// Exempt its calls from all limits, such as in a test (apps of embedded accounts only); without a value: on [default: off]
    #[arg(long, value_name = "on|off", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "on", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_limits: Option<bool>,
    /// Operations it may call that Keyway's catalog does not list, on a connected account: refuse, read (every GET), all, or a path
    /// pattern such as '/some/api/v1/*' or 'GET /some/api/v1/*' (can be repeated; replaces the setting) [default: refuse]
    #[arg(long, value_name = "refuse|read|all|PATTERN")]
    pub unlisted: Vec<String>,
    /// Classes of operations it may call: read, create, update, delete (what can be brought back), settings, send (what reaches people),
    /// irreversible; bulk allows changes of many records in one call (commas between several; replaces the setting) [default: all]
    #[arg(long, value_name = "all|CLASSES", value_delimiter = ',')]
    pub allow: Vec<String>,
    #[command(flatten)]
    pub approval: approval::Rule,
    #[command(flatten)]
    pub sharing: Sharing,
}

/// An app's part of the limits that HubSpot sets for a connected account.
#[derive(clap::Args)]
pub struct Sharing {
    /// Its share of HubSpot's limit while calls of a connected account queue, compared with the other apps: 1 to 100 [default: 1]
    #[arg(long, value_name = "N")]
    pub weight: Option<u32>,
    /// Calls in ten seconds that are reserved for it on a connected account [default: 0]
    #[arg(long, value_name = "N")]
    pub reserve: Option<u32>,
    /// How long its calls may wait for their turn before they get HubSpot's 429: a number with s or m, or 0 [default: 10s]
    #[arg(long, value_name = "TIME")]
    pub max_wait: Option<String>,
}

#[derive(Subcommand)]
pub enum Portal {
    /// Empty the account: no records, faults, requests or use of limits; apps and tokens stay
    Reset {
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add records, all of them or none
    Seed {
        /// A seed as YAML or JSON (see docs/testing.md); - is standard input
        #[arg(value_name = "FILE", required_unless_present_any = ["set", "csv"])]
        file: Option<PathBuf>,
        /// A built-in set: demo, minimal or activities
        #[arg(long, conflicts_with = "file")]
        set: Option<String>,
        /// Records of one type from a CSV whose first line names properties: contacts=people.csv; can be repeated
        #[arg(long, value_name = "TYPE=FILE", conflicts_with_all = ["file", "set"])]
        csv: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Copies of the account's records, to come back to
    Snapshot {
        #[command(subcommand)]
        action: Snapshot,
    },
    /// Replace the account's records with a snapshot
    Restore {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What differs between a snapshot and the account, or between two snapshots; exits 1 when something does
    Diff(diff::Diff),
    /// Write the definitions and masked sample records of a connected account as a seed
    Pull(pull::Pull),
    /// List the requests that the account received last; with --expect, exit 1 if their number differs
    Requests {
        #[command(flatten)]
        filter: RequestFilter,
        /// Write them to this file as an HTTP Archive (HAR 1.2) with the answers; - is standard output
        #[arg(long, value_name = "FILE", conflicts_with_all = ["expect", "wait", "json"])]
        har: Option<PathBuf>,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// What the calls of a run of tests show: operations, the scopes that they need, what ends, findings; with --strict exits 1 on findings
    Report(strict::Report),
    /// Which calls fail, how, and how often
    Fault {
        #[command(subcommand)]
        action: Fault,
    },
    /// Webhooks: where they go, what they are signed with, and what was sent
    Webhook {
        #[command(subcommand)]
        action: Webhook,
    },
    /// The account's time
    Clock {
        #[command(subcommand)]
        action: Clock,
    },
    /// Turn a cassette into records, definitions, and answers to requests that the account can't answer itself
    ImportCassette(record::Cassette),
    /// Replay the requests of a cassette on a temporary account, and show what differs in status and shape; exits 1 if anything differs
    DiffCassette(record::Cassette),
    /// Count the operations that an embedded account serves, by HubSpot API, and those that the tests call
    Coverage {
        /// List the operations that have this text in their API, method or path
        #[arg(long, value_name = "TEXT", conflicts_with_all = ["markdown", "json"])]
        find: Option<String>,
        /// Print the page docs/coverage.md
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct RequestFilter {
    /// Requests with this method
    #[arg(long)]
    pub method: Option<String>,
    /// Requests of this path; * matches anything
    #[arg(long)]
    pub path: Option<String>,
    /// Requests of this operation, such as 'POST /crm/objects/2026-09/{objectType}'
    #[arg(long)]
    pub operation: Option<String>,
    /// Calls of this app, by id or name
    #[arg(long)]
    pub app: Option<String>,
    /// Requests that got this status: 404, 4xx
    #[arg(long)]
    pub status: Option<String>,
    /// Requests whose body contains this JSON
    #[arg(long, value_name = "JSON")]
    pub body: Option<String>,
    /// Requests whose query contains this pair, such as limit=10
    #[arg(long, value_name = "NAME=VALUE")]
    pub query: Option<String>,
    /// Requests after the one with this number
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<u64>,
}

#[derive(Subcommand)]
pub enum Snapshot {
    /// Take a snapshot; it replaces one of the same name
    Take {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List them; they last as long as the server runs
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write one to a file
    Export {
        /// Its name
        name: String,
        /// The file
        file: PathBuf,
    },
    /// Take one from a file
    Import {
        /// Its name
        name: String,
        /// The file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete one
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum Fault {
    /// Add a rule
    Add {
        #[command(flatten)]
        rule: Box<FaultRule>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List rules, with the calls they fitted and those they made fail
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove one rule, or all with no id
    Clear {
        /// The rule's id
        id: Option<u64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct FaultRule {
    /// Answer this status: 429, 423, 477, 401, 500, …
    #[arg(long, conflicts_with_all = ["cut", "inputs"])]
    pub status: Option<u16>,
    /// With --status 429, which limit: burst, daily or search
    #[arg(long, requires = "status")]
    pub limit: Option<String>,
    /// Seconds in Retry-After
    #[arg(long, value_name = "SECONDS", requires = "status")]
    pub retry_after: Option<u32>,
    /// Cut the connection: before the call is performed, or after
    #[arg(long, value_name = "before|after", value_parser = ["before", "after"], conflicts_with = "inputs")]
    pub cut: Option<String>,
    /// Make these inputs of a batch fail, counted from 0, and perform the others
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub inputs: Vec<usize>,
    /// Delay calls by this time, such as 250ms or 2s
    #[arg(long, value_name = "TIME")]
    pub latency: Option<String>,
    /// Calls of this operation only, such as 'POST /crm/objects/2026-09/{objectType}/batch/create'
    #[arg(long)]
    pub operation: Option<String>,
    /// Calls of this method only
    #[arg(long)]
    pub method: Option<String>,
    /// Calls of this path only; * matches anything
    #[arg(long)]
    pub path: Option<String>,
    /// Calls of this app only, by id or name
    #[arg(long)]
    pub app: Option<String>,
    /// How many calls pass first
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub after: u64,
    /// How many calls fail [default: all]
    #[arg(long, value_name = "N")]
    pub times: Option<u64>,
    /// Probability that a call fails, from 0 to 1
    #[arg(long, value_name = "P")]
    pub probability: Option<f64>,
    /// Seed of the random choice: with the same seed, the same calls fail
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

#[derive(Subcommand)]
pub enum Webhook {
    /// Send events to a URL; this replaces the app's earlier target
    Set {
        /// The app's id or name
        app: String,
        /// Where they go, such as http://127.0.0.1:3000/webhooks
        #[arg(long, value_name = "URL")]
        to: String,
        /// The events that fire the webhook: contact.creation, contact.propertyChange:email, object.creation:0-1,
        /// object.propertyChange:0-1:email
        #[arg(required = true, value_name = "EVENT")]
        events: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List targets and subscriptions
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an app's target and subscriptions
    Remove {
        /// The app's id or name
        app: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what an app's webhooks are signed with; of an install it is its public app's client secret
    Secret {
        /// The app's id or name
        app: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The last webhooks that were sent; with --expect exits 1 when they are not as many as that
    Deliveries {
        /// Of this app: its id or name
        #[arg(long)]
        app: Option<String>,
        /// With such an event: contact.creation
        #[arg(long)]
        event: Option<String>,
        /// Whether the target took them (answered 2xx)
        #[arg(long, value_name = "true|false")]
        taken: Option<bool>,
        /// Those after this number
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
        #[command(flatten)]
        expectation: Expectation,
    },
}

/// What there should be of what is listed, and what becomes of it.
#[derive(clap::Args)]
pub struct Expectation {
    /// Expected number of requests: 2, 1.., ..3 or 1..3
    #[arg(long, value_name = "COUNT")]
    pub expect: Option<String>,
    /// How long to wait for them, such as 500ms or 10s
    #[arg(long, value_name = "TIME", requires = "expect")]
    pub wait: Option<String>,
    /// Clear the list after it is printed
    #[arg(long)]
    pub clear: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

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

#[derive(Subcommand)]
pub enum Token {
    /// Create another token, shown once
    Create {
        /// The app's id or name
        app: String,
        /// Its lifetime: a number with s, m, h, d or w, such as 90d; without it, the token lives until it is rotated or revoked
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create a new token; the old ones end after a grace period
    Rotate {
        /// The app's id or name
        app: String,
        /// How long the old tokens keep working: a number with s, m, h, d or w
        #[arg(long, default_value = "7d", value_name = "TIME", conflicts_with = "now")]
        grace: String,
        /// End the old tokens at once
        #[arg(long)]
        now: bool,
        /// Lifetime of the new token, such as 90d; without it, the token has the lifetime of the one before it
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// Write the new token to the targets in this file, and do not show it; if one fails, nothing changes
        #[arg(long, value_name = "FILE")]
        deliver: Option<PathBuf>,
        /// With --deliver: print what the command would do, and change nothing
        #[arg(long, requires = "deliver")]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Undo a rotation with --deliver: the targets get their earlier token, which works on, and the new one ends
    Undeliver {
        /// The app's id or name
        app: String,
        /// The file of targets
        targets: PathBuf,
        /// The token that was delivered; may be left out when the app has one active token
        #[arg(long, value_name = "ID", value_parser = token_id)]
        token: Option<u64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Accept an old key in ?hapikey= for one app, for code that you cannot change
    LegacyKey {
        /// The app's id or name
        app: String,
        #[command(flatten)]
        key: CredentialSource,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the addresses that use a token, and must change it before it ends
    Users {
        /// The token's id, a number from `keyway token list APP`
        #[arg(value_parser = token_id)]
        token_id: u64,
        #[command(flatten)]
        back: LookBack<7>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token at once
    Revoke {
        /// The token's id, a number from `keyway token list APP`
        #[arg(value_parser = token_id)]
        token_id: u64,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the tokens of an app, or of all apps with the oldest first, with the last use of each
    List {
        /// The app's id or name; all apps when left out
        app: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum PublicApp {
    /// Create a public app; its client secret is shown once
    Create {
        /// Its name, which people read when they are asked for consent
        name: String,
        /// It has no secret (a program on people's own machines) and must use PKCE
        #[arg(long)]
        public_client: bool,
        #[command(flatten)]
        fields: PublicAppFields,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List public apps
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a public app
    Show {
        /// Its id, name or client id
        app: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a public app; what its installs were granted stays until an account authorizes it again
    Update {
        /// Its id, name or client id
        app: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Whether its installs' tokens are accepted: on or off
        #[arg(long, value_name = "on|off", hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
        enabled: Option<bool>,
        #[command(flatten)]
        fields: PublicAppFields,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create a new client secret and let the other end
    RotateSecret {
        /// Its id, name or client id
        app: String,
        /// How long the other secret lives on: a number with s, m, h, d or w
        #[arg(long, default_value = "7d", value_name = "TIME", conflicts_with = "now")]
        grace: String,
        /// End the other secret at once
        #[arg(long)]
        now: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a public app and all its installs
    Delete {
        /// Its id, name or client id
        app: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct PublicAppFields {
    /// Where a consent may be answered, as a whole and to the letter (can be repeated)
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Vec<String>,
    /// What every install grants (commas or spaces between several)
    #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
    pub scopes: Vec<String>,
    /// What an authorization URL may ask for as if it were required
    #[arg(long, value_name = "SCOPES")]
    pub conditional_scopes: Vec<String>,
    /// What an account grants where it can
    #[arg(long, value_name = "SCOPES")]
    pub optional_scopes: Vec<String>,
    /// Its purpose
    #[arg(long)]
    pub description: Option<String>,
    /// The person or team responsible for it
    #[arg(long)]
    pub owner: Option<String>,
    /// private (limits as of a private app) or marketplace (110 calls in ten seconds for each install, no cap on the day) [default:
    /// private]
    #[arg(long)]
    pub distribution: Option<String>,
    /// Replace a refresh token when it is used, and end the grant when a replaced one comes back: on or off [default: off, as at HubSpot]
    #[arg(long, value_name = "on|off", hide_possible_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub rotate_refresh_tokens: Option<bool>,
}

#[derive(Subcommand)]
pub enum Install {
    /// List installs
    List {
        /// Of this public app, by id, name or client id
        #[arg(long, value_name = "APP")]
        public_app: Option<String>,
        /// On this account
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// After this install
        #[arg(long, value_name = "ID")]
        after: Option<u64>,
        /// How many
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an install and what it was granted
    Show {
        /// Its id, from `keyway install list`
        install: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Approve an authorization URL and print the redirect: for tests and scripts
    Approve {
        /// The URL that the app would send a person to
        authorize_url: String,
        /// The account's hub id or name
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// In the name of this person [default: operator]
        #[arg(long, value_name = "EMAIL")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End an install at once, with all its tokens
    End {
        /// Its id, from `keyway install list`
        install: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once, from the command line")]
pub enum OAuthClient {
    /// Add a HubSpot app, or change the one of that name (for a new secret); one of the --credential options names its secret
    Add {
        /// A name for it
        name: String,
        /// Its client id at HubSpot
        #[arg(long, value_name = "ID")]
        client_id: String,
        #[command(flatten)]
        secret: CredentialSource,
        /// What it asks for (commas or spaces between several)
        #[arg(long, visible_alias = "scope", value_name = "SCOPES")]
        scopes: Vec<String>,
        /// What it asks for where the account can
        #[arg(long, value_name = "SCOPES")]
        optional_scopes: Vec<String>,
        /// The address of HubSpot, or of another Keyway
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// Where people consent [default: https://app.hubspot.com/oauth/authorize]
        #[arg(long, value_name = "URL")]
        authorize_url: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List them
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What somebody may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    /// Everything
    SuperAdmin,
    /// Looks after the apps that --app names: their tokens, their description, fewer scopes
    AppManager,
    /// Reads everything, and changes nothing
    Auditor,
    /// Asks for access tokens of accounts connected by OAuth, and nothing else (tokens only)
    TokenService,
}

#[derive(Subcommand)]
pub enum AdminToken {
    /// Make a token with a role, for a program that calls the admin API; it is shown once
    Create {
        /// A name for it, which the record of changes has
        name: String,
        /// What may be done with it
        #[arg(long, value_enum, ignore_case = true)]
        role: Role,
        /// An app that an app-manager looks after, by id or name; can be repeated
        #[arg(long = "app", value_name = "APP")]
        apps: Vec<String>,
        /// Its lifetime: a number with s, m, h, d or w, such as 90d; without it, the token lives until it is revoked
        #[arg(long, value_name = "TIME")]
        lifetime: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List them, with those that have ended
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End one now
    Revoke {
        /// Its id or name
        token: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum User {
    /// Let a person sign in, or give them a new password; Keyway makes one and shows it once, unless a --credential option names a password of your choice
    Create {
        /// Their e-mail address
        email: String,
        #[command(flatten)]
        password: CredentialSource,
        /// What they may do [default: super-admin for the first person, auditor for others; somebody who is there keeps their role]
        #[arg(long, value_enum, ignore_case = true)]
        role: Option<Role>,
        /// An app that an app-manager looks after, by id or name; can be repeated
        #[arg(long = "app", value_name = "APP")]
        apps: Vec<String>,
        /// When their access ends: in 12h, 30d or 2w, at the beginning of a date, ISO 8601, or never [default: never; somebody who is there keeps their end]
        #[arg(long, value_name = "TIME", value_parser = moment::end)]
        until: Option<End>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change when a person's access ends; until then they keep their sessions
    Update {
        /// Their e-mail address
        email: String,
        /// When their access ends: in 12h, 30d or 2w, at the beginning of a date, ISO 8601, or never
        #[arg(long, value_name = "TIME", value_parser = moment::end)]
        until: End,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a person another role; they keep their password, and sign in again
    Role {
        /// Their e-mail address
        email: String,
        /// What they may do
        #[arg(value_enum, ignore_case = true)]
        role: Role,
        /// An app that an app-manager looks after, by id or name; can be repeated
        #[arg(long = "app", value_name = "APP")]
        apps: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the people who may sign in
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End every session of a person
    SignOut {
        /// Their e-mail address
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a person's second factor, such as one that is lost with its recovery codes
    RemoveSecondFactor {
        /// Their e-mail address
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget who a person is at the identity provider, should they have a new account there: their next sign-in is by e-mail again
    UnlinkProvider {
        /// Their e-mail address
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a person's sign-in, and end their sessions
    Delete {
        /// Their e-mail address
        email: String,
        #[command(flatten)]
        consent: Consent,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

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
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Audit {
    /// List the newest records that match
    List {
        #[command(flatten)]
        filter: AuditFilter,
        /// At most this many records, the newest: 100 when left out, at most 1,000
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show every field of one call
    Show {
        /// The call's correlation ID: the header x-hubspot-correlation-id of its answer
        correlation_id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show new records until Ctrl-C, after the newest ten
    Tail(tail::Tail),
    /// Check the seals of a running server's log: exit code 1 if a record was changed, removed or added
    Verify {
        /// The head that an earlier check printed: finds also a log that was cut since, or replaced by an earlier copy
        #[arg(long, value_name = "HEAD")]
        head: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Export every record that matches, as JSON lines, CSV or Parquet
    Export {
        #[command(flatten)]
        filter: AuditFilter,
        /// At most this many records, the newest; all when left out
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
        /// The form of the export
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// Write to this file and not to stdout
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// One JSON object on each line
    Jsonl,
    /// Comma-separated values with a header line
    Csv,
    /// Apache Parquet, into the file that --output names
    Parquet,
}

#[derive(clap::Args)]
pub struct AuditFilter {
    /// Calls of this app, by id or name
    #[arg(long)]
    pub app: Option<String>,
    /// Calls of this account
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Calls of this operation, as lists show it: a path template, alone or after a method
    #[arg(long)]
    pub operation: Option<String>,
    /// Calls with this status: 403, 4xx, or unknown
    #[arg(long)]
    pub status: Option<String>,
    /// Calls with this category (MISSING_SCOPES), or refused by this rule of docs/errors.md (app-disabled)
    #[arg(long)]
    pub category: Option<String>,
    /// The call with this correlation id
    #[arg(long, value_name = "ID")]
    pub correlation_id: Option<String>,
    /// Calls that changed this CRM record, or read it by its id, such as contacts/123, 0-1/123 or 2-456/789
    #[arg(long, value_name = "TYPE/ID")]
    pub record: Option<String>,
    /// Calls that set this property of the record
    #[arg(long, value_name = "NAME", requires = "record")]
    pub property: Option<String>,
    /// Calls that change something, also refused ones; without reads
    #[arg(long)]
    pub changes: bool,
    /// Calls with this token, by the ID that `keyway token list` shows
    #[arg(long, value_name = "TOKEN_ID")]
    pub token: Option<u64>,
    /// Calls from this address, such as 192.0.2.7
    #[arg(long, value_name = "ADDRESS")]
    pub source: Option<String>,
    /// Calls of this session
    #[arg(long, value_name = "ID")]
    pub session: Option<u64>,
    /// Calls of sessions on behalf of this person
    #[arg(long, value_name = "EMAIL")]
    pub on_behalf_of: Option<String>,
    /// Calls that this tool of an agent made, such as search_records
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    #[command(flatten)]
    pub period: Period,
}
