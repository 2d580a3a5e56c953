//! The command line, as types: a file for each command. `commands` and `serve` perform it.

pub mod account;
pub mod admin_token;
pub mod app;
pub mod apply;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod calls;
pub mod changes;
pub mod config;
pub mod consent;
pub mod credential;
pub mod doctor;
pub mod exec;
pub mod fix;
pub mod global;
pub mod init;
pub mod install;
pub mod json;
pub mod key;
pub mod listen;
pub mod mcp;
pub mod migrate;
pub mod migration;
pub mod moment;
pub mod notify;
pub mod oauth_client;
pub mod plan;
pub mod portal;
pub mod proxy;
pub mod public_app;
pub mod record;
pub mod repeat;
pub mod restore;
pub mod role;
pub mod scan;
pub mod scopes;
pub mod serve;
pub mod session;
pub mod snippet;
pub mod status;
pub mod strict;
pub mod sunset;
pub mod token;
pub mod user;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use self::global::Connection;
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
    Serve(Box<serve::Serve>),
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
        action: account::Account,
    },
    /// Private apps and their scopes
    App {
        #[command(subcommand)]
        action: app::App,
    },
    /// The tokens of an app
    Token {
        #[command(subcommand)]
        action: token::Token,
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
        action: public_app::PublicApp,
    },
    /// Installs of public apps on accounts
    Install {
        #[command(subcommand)]
        action: install::Install,
    },
    /// HubSpot apps that connect accounts by OAuth
    OauthClient {
        #[command(subcommand)]
        action: oauth_client::OAuthClient,
    },
    /// Tokens of the admin API, each with a role
    AdminToken {
        #[command(subcommand)]
        action: admin_token::AdminToken,
    },
    /// People who may sign in on the admin listener
    User {
        #[command(subcommand)]
        action: user::User,
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
    Changes(changes::Changes),
    /// Embedded accounts as test doubles (HubSpot also calls an account a portal): seeds, snapshots, requests, faults, clock
    Portal {
        /// The account's hub ID or name; optional when there is only one embedded account
        #[arg(long, global = true, value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(subcommand)]
        action: Box<portal::Portal>,
    },
    /// Count calls by app, account, class of operation, outcome or cause
    Calls(calls::Calls),
    /// The record of every call
    Audit {
        #[command(subcommand)]
        action: audit::Audit,
    },
    /// Find every HubSpot credential and API call in files, exports and git history
    Scan(scan::Scan),
    /// Plan one app for each integration: the smallest set of scopes, and the steps to move it
    Plan(plan::Plan),
    /// Rewrite tokens, headers, paths and addresses in code, where the result is certain; prints a diff first
    Fix(fix::Fix),
    /// Name the cause of a call that failed, and what to do about it
    Doctor(doctor::Doctor),
    /// List the recorded calls of operations that end, with their end dates and successors
    Sunset(sunset::Sunset),
    /// The forward proxy, for clients whose HubSpot host cannot be set
    Proxy {
        #[command(subcommand)]
        action: proxy::Proxy,
    },
    /// Create and change accounts and apps as a file says; shows the plan first
    Apply(apply::Apply),
    /// Write the accounts and apps of a server as a file for `keyway apply`
    Export(apply::Export),
    /// Check a configuration file
    Config {
        #[command(subcommand)]
        action: config::Config,
    },
    /// Copy a data folder, while its server runs or not; the master key is not copied
    Backup(backup::Backup),
    /// Put a backup into a data folder (--data) that has no databases
    Restore(restore::Restore),
    /// The master key, with which Keyway seals credentials
    Key {
        #[command(subcommand)]
        action: key::Key,
    },
    /// Move the data folder (--data) of a stopped server into PostgreSQL, for several instances
    Migrate(migrate::Migrate),
    /// Check whether the server runs and is ready
    Status(status::Status),
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
