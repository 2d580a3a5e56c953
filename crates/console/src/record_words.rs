//! What all pages on a record of a call say of it.

use keyway_api::view::CallRecord;

use super::resolved;

/// What pages say of a record.
pub(super) trait RecordWords {
    /// The refusal by its name in the table of refusals, or the category.
    fn word(&self) -> Option<&str>;
    /// The mark of its outcome.
    fn sign(&self) -> &'static str;
    /// Method and path, as far as the record knows it.
    fn path(&self) -> String;
    /// Its status, or that it is not known.
    fn status_text(&self) -> String;
    /// How long it took, in milliseconds.
    fn took(&self) -> String;
    /// How long it waited for the limits of its account, in milliseconds.
    fn waited(&self) -> String;
    /// A sentence about CRM records that are not listed.
    fn more_records(&self) -> Option<String>;
    /// A sentence about properties that are not listed.
    fn more_properties(&self) -> Option<String>;
}

impl RecordWords for CallRecord {
    fn word(&self) -> Option<&str> {
        self.rule.as_deref().or(self.category.as_deref())
    }

    fn sign(&self) -> &'static str {
        match self.status {
            None => "warn",
            Some(..400) => "fine",
            Some(429) => "warn",
            Some(_) => "wrong",
        }
    }

    fn path(&self) -> String {
        resolved::path(&self.operation, self.object.as_deref(), &self.record_ids)
    }

    fn status_text(&self) -> String {
        self.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
    }

    fn took(&self) -> String {
        lasted(self.latency_us)
    }

    fn waited(&self) -> String {
        lasted(self.waited_us)
    }

    fn more_records(&self) -> Option<String> {
        let more = self.record_count.saturating_sub(self.record_ids.len() as u64);
        match (more, self.records_incomplete) {
            (0, false) => None,
            (0, true) => Some("There may be more: the call or its answer could not be read to its end.".into()),
            (1, false) => Some("1 more is not listed: its ID is not known.".into()),
            (_, false) => Some(format!("{more} more are not listed: a record lists 100, and no names that are not IDs.")),
            (_, true) => Some(format!("{more} more are not listed, and there may be others.")),
        }
    }

    fn more_properties(&self) -> Option<String> {
        match self.property_count.saturating_sub(self.properties.len() as u64) {
            0 => None,
            more => Some(format!("{more} more names are not listed.")),
        }
    }
}

/// From a second on in seconds: a longer number has no room in its column.
fn lasted(us: u64) -> String {
    if us >= 1_000_000 { format!("{:.2} s", us as f64 / 1_000_000.0) } else { format!("{:.1} ms", us as f64 / 1_000.0) }
}
