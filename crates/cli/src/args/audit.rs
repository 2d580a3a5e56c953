//! What can be typed after `keyway audit`.

pub mod tail;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::moment::Period;

#[derive(Subcommand)]
pub enum Audit {
    /// List the newest records that match
    List {
        #[command(flatten)]
        filter: AuditFilter,
        /// At most this many records, the newest: 100 when left out, at most 1,000
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Show every field of one call
    Show {
        /// The call's correlation ID: the header x-hubspot-correlation-id of its answer
        correlation_id: String,
    },
    /// Show new records until Ctrl-C, after the newest ten
    Tail(tail::Tail),
    /// Check the seals of a running server's log: exit code 1 if a record was changed, removed or added
    Verify {
        /// The head that an earlier check printed: finds also a log that was cut since, or replaced by an earlier copy
        #[arg(long, value_name = "HEAD")]
        head: Option<String>,
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
    /// Calls of this app, by ID or name
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
    /// The call with this correlation ID
    #[arg(long, value_name = "ID")]
    pub correlation_id: Option<String>,
    /// Calls that changed this CRM record, or read it by its ID, such as contacts/123, 0-1/123 or 2-456/789
    #[arg(long, value_name = "TYPE/ID")]
    pub record: Option<String>,
    /// Calls that set this property of the record
    #[arg(long, value_name = "NAME", requires = "record")]
    pub property: Option<String>,
    /// Leave out reads: list only calls that change something, also refused ones
    #[arg(long)]
    pub changes: bool,
    /// Calls with this token, by the ID that `keyway token list` shows
    #[arg(long, value_name = "TOKEN_ID", value_parser = super::token::token_id)]
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
