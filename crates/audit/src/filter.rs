//! What a query of the log asks for, and the sums that it returns.

use keyway_core::catalog::{Catalog, Method};
use keyway_core::time::Timestamp;
use keyway_core::touched::RecordRef;

/// Records on one page at most.
pub const LIMIT_MAX: u32 = 10_000;

/// Which records to read. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this app.
    pub app_id: Option<u64>,
    /// Of this account.
    pub hub_id: Option<u64>,
    /// Of this operation: `GET /crm/v3/owners`, or the template alone.
    pub operation: Option<String>,
    /// On this object type; two with a comma between them where the path of the operation has two. Nothing finds it
    /// alone: it narrows what another field finds.
    pub object: Option<String>,
    /// With this status.
    pub status: Option<StatusFilter>,
    /// With this category, or refused by the rule of this name.
    pub category: Option<String>,
    /// With this correlation id.
    pub correlation_id: Option<String>,
    /// That touched this CRM record.
    pub record: Option<RecordRef>,
    /// That set this property. Nothing finds it alone: it narrows what another field finds.
    pub property: Option<String>,
    /// Made with this token.
    pub token_id: Option<u64>,
    /// From this address. Nothing finds it alone, so it narrows what another field finds, or reads all.
    pub source: Option<String>,
    /// That this session made.
    pub session: Option<u64>,
    /// That sessions made on behalf of this person.
    pub person: Option<String>,
    /// That this tool of an agent made. Nothing finds it alone, so it narrows what another field finds, or reads all.
    pub tool: Option<String>,
    /// Whether of operations that change something only. Nothing finds them alone, so it narrows what another field finds,
    /// or reads all.
    pub changes: bool,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Older than this record: the last one of the page before.
    pub before_id: Option<i64>,
    /// How many, at most [`LIMIT_MAX`]; none read none.
    pub limit: u32,
}

/// A status or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Exactly this one.
    Exact(u16),
    /// 4 for 4xx.
    Class(u16),
    /// The process died before the outcome was known.
    Unknown,
}

impl std::str::FromStr for StatusFilter {
    type Err = String;

    /// `403`, `4xx` or `unknown`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text} is not a status; use one such as 403, a class such as 4xx, or unknown");
        if text.eq_ignore_ascii_case("unknown") {
            return Ok(Self::Unknown);
        }
        if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
            return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class).ok_or_else(refused);
        }
        text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exact).ok_or_else(refused)
    }
}

/// How often an app called an operation on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationUse {
    /// The hub id of the account.
    pub hub_id: u64,
    /// The id of the app.
    pub app_id: u64,
    /// Method and path template.
    pub operation: String,
    /// The object type of a generic operation.
    pub object: Option<String>,
    /// The day in UTC, ISO date.
    pub day: String,
    /// The number of calls.
    pub calls: u64,
    /// Calls that were answered with an error.
    pub failed: u64,
    /// When the last of them came in.
    pub last: Timestamp,
}

/// What one app called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppUse {
    /// All of its calls.
    pub called: Vec<OperationUse>,
    /// Those of them that its scopes let through.
    pub permitted: Vec<OperationUse>,
}

const DAY_MS: i64 = 86_400_000;

/// The date of a day that is counted since 1970.
pub(super) fn iso_date(day: i64) -> String {
    Timestamp::from_ms(day.saturating_mul(DAY_MS)).to_date()
}

/// The operations that a filter names: one, or all of a path template.
pub(super) fn names_of(operation: &str) -> Vec<String> {
    // The methods are five, so the template alone is a list of five names.
    if operation.starts_with('/') {
        Method::ALL.into_iter().map(|method| format!("{method} {operation}")).collect()
    } else {
        vec![operation.to_owned()]
    }
}

/// The operation of calls whose path nobody looked up, since their token was not known.
pub(super) const UNKNOWN: &str = "(unknown)";

/// Whether an operation, as a record names it, changes something. One that the catalog does not list does so unless it is
/// a GET.
pub(super) fn is_change(operation: &str) -> bool {
    let Some((method, template)) = operation.split_once(' ') else { return false };
    // HEAD, OPTIONS and the like change nothing, and a summary of refused calls names no method.
    let Some(method) = Method::parse(method).filter(|method| *method != Method::Get) else { return false };
    template != UNKNOWN && Catalog::get().find(method, template).is_none_or(|operation| !operation.read_only)
}

/// The operations that read with another method than GET, such as searches, as records name them.
pub(super) fn other_reads() -> impl Iterator<Item = String> {
    Catalog::get().operations().iter().filter(|operation| operation.read_only && operation.method != Method::Get).map(ToString::to_string)
}

/// The milliseconds in a version 7 UUID (RFC 9562, section 5.7).
pub(super) fn time_of(uuid: &str) -> Option<i64> {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    (digits.len() == 32 && digits.as_bytes()[12] == b'7').then(|| i64::from_str_radix(&digits[..12], 16).ok())?
}
