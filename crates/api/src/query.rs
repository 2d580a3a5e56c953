//! What goes into the admin API as the query of a request.

#![allow(missing_docs, reason = "a field without a comment is what its name says; comments become descriptions in docs/openapi.json")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of a list is wanted.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Page {
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppsQuery {
    /// Of one account.
    pub hub_id: Option<u64>,
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstallsQuery {
    pub public_app: Option<String>,
    pub hub_id: Option<u64>,
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangesQuery {
    /// By them: an address, a token's name, `socket` or `server`.
    pub who: Option<String>,
    /// By this operation.
    pub operation: Option<String>,
    /// To this, such as `app 3`.
    pub target: Option<String>,
    /// Of this account: its apps, tokens and settings.
    pub hub_id: Option<u64>,
    /// From this time on, ISO 8601.
    pub from: Option<String>,
    /// Before this time, ISO 8601.
    pub to: Option<String>,
    /// `before` of the page before; none begins with the newest.
    pub before: Option<u64>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditQuery {
    /// Of this app, by id or name.
    pub app: Option<String>,
    /// Of this account.
    pub hub_id: Option<u64>,
    /// Of this operation: a path template, alone or after a method.
    pub operation: Option<String>,
    /// With this status: 403, 4xx, or unknown.
    pub status: Option<String>,
    /// With this category (`MISSING_SCOPES`), or refused by the rule of this name in docs/errors.md (`app-disabled`).
    pub category: Option<String>,
    /// With this correlation id.
    pub correlation_id: Option<String>,
    /// That read this CRM record singly or changed it: `contacts/123`, `0-1/123` or `2-456/789`.
    pub record: Option<String>,
    /// That set this property of the record.
    pub property: Option<String>,
    /// Made with the token of this number.
    pub token_id: Option<u64>,
    /// From this address.
    pub source: Option<String>,
    /// That this session made.
    pub session: Option<u64>,
    /// That sessions made on behalf of this person.
    pub on_behalf_of: Option<String>,
    /// That this tool of an agent made, such as `search_records`.
    pub tool: Option<String>,
    /// `true` leaves out calls that only read.
    pub changes: Option<bool>,
    /// From this time on, ISO 8601.
    pub from: Option<String>,
    /// Before this time, ISO 8601.
    pub to: Option<String>,
    /// `before` of the page before; none begins with the newest.
    pub before: Option<i64>,
    /// Entries on the page, from 1 to 1,000: 100 when left out. Of an export, how many at most.
    #[schemars(range(min = 1))]
    pub limit: Option<u32>,
    /// Of an export: `jsonl` or `csv`.
    pub format: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverviewQuery {
    /// `hour`, `day`, `week` or `month`: the last day when left out.
    pub range: Option<String>,
    /// Of this account.
    pub hub_id: Option<u64>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallsQuery {
    /// `hour`, `day`, `week` or `month`, up to now, in the spans of the overview; in place of `from` and `to`.
    pub range: Option<String>,
    /// From the span on that has this time, ISO 8601: the last day when left out.
    pub from: Option<String>,
    /// Up to the span that has this time, ISO 8601: now when left out.
    pub to: Option<String>,
    /// Of this app, by id or name.
    pub app: Option<String>,
    /// Of this account.
    pub hub_id: Option<u64>,
    /// `app`, `account`, `class` (of operations), `outcome` or `cause` (of errors): `app` when left out.
    pub by: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionsQuery {
    /// `active` leaves out those that have ended.
    pub state: Option<String>,
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyQuery {
    /// A head that was kept, and must still be in the log.
    pub head: Option<String>,
}

/// How much of the history is wanted.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryQuery {
    /// Messages, the newest first: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiffQuery {
    pub from: Option<String>,
    pub to: Option<String>,
    pub limit: Option<usize>,
    pub only: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestsQuery {
    pub method: Option<String>,
    pub path: Option<String>,
    pub operation: Option<String>,
    pub app: Option<String>,
    pub status: Option<String>,
    pub body: Option<String>,
    pub query: Option<String>,
    pub after: Option<u64>,
    pub expect: Option<String>,
    pub wait_ms: Option<u64>,
    /// Maximum number of them, the newest; `count` is the number of all.
    pub limit: Option<usize>,
    /// With what was answered, how long it took, and which expectations found it.
    pub details: Option<bool>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportQuery {
    /// Operations that HubSpot ends on or before this day are findings.
    pub ends_by: Option<String>,
    /// Only the findings of these rules: a comma list, or all.
    pub rules: Option<String>,
    /// Only of what was called since the last reset.
    #[serde(default)]
    pub current: bool,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WholeReportQuery {
    /// Operations that HubSpot ends on or before this day are findings.
    pub ends_by: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DaysQuery {
    /// Days to look back: 90 when left out.
    #[schemars(range(min = 1, max = 400))]
    pub days: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DaysAndPage {
    /// Days to look back: 90 when left out.
    #[schemars(range(min = 1, max = 400))]
    pub days: Option<u32>,
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageQuery {
    /// Of one account.
    pub hub_id: Option<u64>,
    /// Days to look back: 30 when left out.
    #[schemars(range(min = 1, max = 400))]
    pub days: Option<u32>,
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveriesQuery {
    pub app: Option<String>,
    pub event: Option<String>,
    pub taken: Option<bool>,
    pub after: Option<u64>,
    pub expect: Option<String>,
    pub wait_ms: Option<u64>,
}

/// Which approvals are wanted.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalsQuery {
    /// In this state: `pending`, `approved`, `rejected`, `used` or `expired`.
    pub state: Option<String>,
    /// Of this app, by id or unique name.
    pub app: Option<String>,
    /// Entries at most: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// Which integrations of the board are wanted.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MigrationQuery {
    /// Of this repository.
    pub repository: Option<String>,
    /// This far: `found`, `appMade`, `codeMoved`, `callsSeen` or `credentialEnded`; `open` for those with an open step,
    /// `done` for the others.
    pub state: Option<String>,
    /// Whose name, folder or owner has this text.
    pub q: Option<String>,
    /// `after` of the page before; none begins at the start.
    pub after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}
