//! What can be typed after `keyway portal`.

pub mod clock;
pub mod diff;
pub mod fault;
pub mod pull;
pub mod snapshot;
pub mod webhook;

use std::path::PathBuf;

use clap::Subcommand;

use self::clock::Clock;
use self::fault::Fault;
use self::snapshot::Snapshot;
use self::webhook::Webhook;
use super::consent::Consent;
use super::{record, strict};

#[derive(Subcommand)]
pub enum Portal {
    /// Empty the account: no records, faults, requests or use of limits; apps and tokens stay
    Reset {
        #[command(flatten)]
        consent: Consent,
    },
    /// Add records, all of them or none
    Seed {
        /// A seed as YAML or JSON (see docs/testing.md); - is standard input
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// A built-in set: demo, minimal or activities
        #[arg(long, conflicts_with = "file")]
        set: Option<String>,
        /// Records of one type from a CSV whose first line names properties: contacts=people.csv; can be repeated
        #[arg(long, value_name = "TYPE=FILE", conflicts_with_all = ["file", "set"])]
        csv: Vec<String>,
    },
    /// Take, restore and export snapshots of an account
    Snapshot {
        #[command(subcommand)]
        action: Snapshot,
    },
    /// Replace the account's records with a snapshot
    Restore {
        /// Its name
        name: String,
    },
    /// Compare the account with a snapshot, or two snapshots; exits 1 on a difference
    Diff(diff::Diff),
    /// Write the definitions and masked sample records of a connected account as a seed
    Pull(pull::Pull),
    /// List the requests that the account received last; with --expect, exit 1 if their number differs
    Requests {
        #[command(flatten)]
        filter: RequestFilter,
        /// Write them to this file as an HTTP Archive (HAR 1.2) with the answers; - is standard output
        #[arg(long, value_name = "FILE", conflicts_with_all = ["expect", "wait"])]
        har: Option<PathBuf>,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// Report on the calls of a test run: operations, the scopes that they need, end dates, findings; with --strict exits 1 on findings
    Report(strict::Report),
    /// Rules that make calls fail
    Fault {
        #[command(subcommand)]
        action: Fault,
    },
    /// Webhooks: targets, secrets and deliveries
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
        #[arg(long, value_name = "TEXT", conflicts_with = "markdown")]
        find: Option<String>,
        /// Print the page docs/coverage.md
        #[arg(long)]
        markdown: bool,
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
    /// Calls of this app, by ID or name
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
}
