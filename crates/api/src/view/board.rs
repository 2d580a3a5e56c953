//! The migration board.

use keyway_advice::board::{AgeingCalls, Earlier, Row};
use keyway_advice::plan::{Loose, PlannedApp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Moment;

shown! {
    struct Migration {
        /// The newest report of each repository.
        reports: Vec<MigrationReport>,
        integrations: Vec<Integration>,
        /// How many integrations of all reports are this far; the order is that of the steps.
        states: Vec<u64>,
        /// How many have no open step.
        done: u64,
        /// When the calls of the apps were counted; none while they are counted for the first time.
        counted_at: Option<Moment>,
        /// Pass it to get the next page; none on the last one.
        after: Option<String>,
    }
    /// The newest report of a repository.
    struct MigrationReport {
        id: u64,
        repository: String,
        received_at: Moment,
        /// When the report before came.
        before_at: Option<Moment>,
        sent_by: String,
        /// Integrations that it has.
        integrations: u64,
        /// Its credentials that belong to no integration.
        loose: Vec<Loose>,
    }
    /// An integration and how far it is.
    struct Integration {
        id: u64,
        repository: String,
        name: String,
        folder: Option<String>,
        /// The app's owner, else the one that the report names.
        owner: Option<String>,
        /// When a report had it for the first time.
        first_at: Moment,
        app: Option<LinkedApp>,
        /// Whether the newest report has nothing of it.
        gone: bool,
        #[serde(flatten)]
        row: Row,
    }
    /// An app that may be an integration's.
    struct LinkedApp {
        id: u64,
        name: String,
        hub_id: u64,
        /// Whether somebody linked it; else it has the integration's name.
        linked: bool,
    }
    struct IntegrationAnswer {
        integration: Integration,
        /// What the plan says of it; none where the newest report has nothing of it.
        plan: Option<PlannedApp>,
        /// What earlier reports had of it, and the newest has not.
        earlier: Earlier,
        /// Apps that have its name, where it is not certain which one it uses.
        candidates: Vec<LinkedApp>,
        /// Calls of its app in the last 30 days to endpoints that end.
        ageing: Vec<AgeingCalls>,
        /// Its app's calls in the last 30 days that succeeded on endpoints that stay.
        current_calls: u64,
    }
    struct ReportSent {
        report: MigrationReport,
        /// Integrations that no earlier report had.
        new: u64,
        /// Integrations of earlier reports that this one has nothing of.
        gone: u64,
    }
}
