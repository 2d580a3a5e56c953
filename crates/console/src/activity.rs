//! What happened to an app and what it did, in one list: changes beside calls, the newest first.

use keyway_api::OperationId;
use keyway_api::view::{CallRecord, Change, Changes, Records};

use super::api::{Api, Refused, with_query};
use super::difference;
use super::names::Names;
use super::sentence::Sentence;

/// Calls and changes asked for.
const CALLS: &str = "15";
const CHANGES: &str = "10";

/// One of them.
pub(super) enum Event {
    /// A call of the app.
    Call(CallRecord),
    /// A change to it.
    Change(Change, Sentence),
}

impl Event {
    /// When it was, ISO 8601.
    pub fn at(&self) -> &str {
        match self {
            Self::Call(record) => &record.time,
            Self::Change(change, _) => &change.at,
        }
    }
}

/// The newest of an app.
pub(super) async fn of(api: &Api, app_id: u64) -> Result<Vec<Event>, Refused> {
    let calls = api.get::<Records>(&format!("/api/v1/audit?app={app_id}&limit={CALLS}")).await?.records;
    let mut events: Vec<Event> = calls.into_iter().map(Event::Call).collect();
    if api.may(OperationId::ListChanges) {
        let target = format!("app {app_id}");
        let changes = api.get::<Changes>(&with_query("/api/v1/changes", &[("target", &target), ("limit", CHANGES)])).await?.changes;
        let names = Names::of(api, std::iter::once(app_id)).await;
        events.extend(changes.into_iter().map(|change| {
            let sentence = Sentence::of(&change, &difference::things(&change.before, &change.after), &names);
            Event::Change(change, sentence)
        }));
    }
    // Both are ISO 8601 in UTC, which sorts as time does.
    events.sort_by(|one, other| other.at().cmp(one.at()));
    Ok(events)
}
