//! The audit log: filters, pages that go back as far as it does, one record explained, exports.

use std::collections::HashMap;

use askama::Template;
use axum::http::header::{CONTENT_DISPOSITION, HeaderValue};
use keyway_api::OperationId;
use keyway_api::view::{CallRecord, Records};

use super::api::with_query;
use super::explain::{self, Explained};
use super::page;
use super::resolved;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::{filters, of_browser};

const SECTION: &str = "/audit";
/// Records on a page.
const ROWS: &str = "50";

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
    /// What is said of CRM records that are not listed.
    fn more_records(&self) -> Option<String>;
    /// What is said of properties that are not listed.
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
        milliseconds(self.latency_us)
    }

    fn waited(&self) -> String {
        milliseconds(self.waited_us)
    }

    fn more_records(&self) -> Option<String> {
        let more = self.record_count.saturating_sub(self.record_ids.len() as u64);
        match (more, self.records_incomplete) {
            (0, false) => None,
            (0, true) => Some("There may be more: the call or its answer could not be read to its end.".into()),
            (1, false) => Some("1 more is not listed: its id is not known.".into()),
            (_, false) => Some(format!("{more} more are not listed: a record lists 100, and no names that are not ids.")),
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

fn milliseconds(us: u64) -> String {
    format!("{:.1} ms", us as f64 / 1_000.0)
}

/// What is filtered by: the name of the field here and at the API.
const FILTERS: [(&str, &str); 10] = [
    ("app", "app"),
    ("hub_id", "hubId"),
    ("operation", "operation"),
    ("status", "status"),
    ("category", "category"),
    ("correlation_id", "correlationId"),
    ("record", "record"),
    ("property", "property"),
    ("from", "from"),
    ("to", "to"),
];

/// The query of the API for a page's query.
fn query(fields: &Fields) -> Vec<(&'static str, String)> {
    let moment = |name: &str, value: &str| if matches!(name, "from" | "to") { of_browser(value) } else { value.to_owned() };
    FILTERS.iter().map(|(name, of_api)| (*of_api, moment(name, fields.get(name)))).collect()
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    shell: Shell<'a>,
    fields: &'a Fields,
    names: HashMap<u64, String>,
    records: Vec<CallRecord>,
    older: Option<String>,
    export: String,
    wrong: Option<String>,
}

impl AuditPage<'_> {
    fn app(&self, id: &u64) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| format!("app {id}"))
    }

    /// What a row says of the app; never nothing, so that each row has the cell.
    fn app_of(&self, record: &CallRecord) -> String {
        record.app_id.map_or_else(|| "–".to_owned(), |id| self.app(&id))
    }

    fn export_lines(&self) -> String {
        format!("{}{}format=jsonl", self.export, if self.export.contains('?') { "&" } else { "?" })
    }

    fn statuses(&self) -> [(&'static str, &'static str); 7] {
        [
            ("", "Any"),
            ("2xx", "2xx: done"),
            ("4xx", "4xx: refused"),
            ("403", "403: scope missing"),
            ("429", "429: limit reached"),
            ("5xx", "5xx: fault"),
            ("unknown", "Outcome unknown"),
        ]
    }
}

/// The log.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let query = query(&fields);
    let mut asked: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let filtered: Vec<(&str, &str)> = FILTERS.iter().map(|(name, _)| (*name, fields.get(name))).collect();
    asked.extend([("limit", ROWS), ("before", fields.get("before"))]);
    let (records, before, wrong) = match visitor.api.get::<Records>(&with_query("/api/v1/audit", &asked)).await {
        Ok(page) => (page.records, page.before, None),
        // What can't be filtered by is said beside the filters.
        Err(refused) if matches!(refused.status, 400 | 403 | 404) => (Vec::new(), None, Some(super::shell::sentence(&refused.detail))),
        Err(refused) => return Err(visitor.refused(SECTION, &refused)),
    };
    let names = app_names(&visitor, &records).await;
    let older = before.map(|before| {
        let mut next = filtered.clone();
        let before = before.to_string();
        next.push(("before", &before));
        with_query(SECTION, &next)
    });
    let export = with_query("/audit/export", &filtered);
    Ok(page::render(&AuditPage { shell: visitor.shell(SECTION), fields: &fields, names, records, older, export, wrong }))
}

/// The names of the apps in these records; an app that is gone has none.
async fn app_names(visitor: &Visitor, records: &[CallRecord]) -> HashMap<u64, String> {
    let mut names = HashMap::new();
    for id in records.iter().filter_map(|record| record.app_id) {
        if let std::collections::hash_map::Entry::Vacant(place) = names.entry(id)
            && let Ok(app) = super::apps::get(&visitor.api, id).await
        {
            place.insert(app.app.name);
        }
    }
    names
}

/// All that fits the filters, as a file.
pub(super) async fn export(visitor: Visitor, fields: Fields) -> Page {
    let query = query(&fields);
    let mut asked: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let format = Some(fields.get("format")).filter(|format| !format.is_empty()).unwrap_or("csv");
    asked.push(("format", format));
    let mut response =
        visitor.api.handed_on(&with_query("/api/v1/audit/export", &asked)).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let name = if format == "csv" { "attachment; filename=\"keyway-audit.csv\"" } else { "attachment; filename=\"keyway-audit.jsonl\"" };
    response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage<'a> {
    shell: Shell<'a>,
    record: &'a CallRecord,
    app: Option<String>,
    explained: Explained,
}

/// One record, explained.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let id = fields.get("id");
    let found: Records = visitor
        .api
        .get(&with_query("/api/v1/audit", &[("correlationId", id), ("app", fields.get("app")), ("limit", "1")]))
        .await
        .map_err(|refused| visitor.refused(SECTION, &refused))?;
    let Some(record) = found.records.first() else {
        let detail = "there is no record with that correlation id".to_owned();
        return Err(visitor.refused(SECTION, &super::api::Refused { status: 404, detail }));
    };
    let app = match record.app_id {
        Some(id) => super::apps::get(&visitor.api, id).await.ok(),
        None => None,
    };
    let explained = explain::explain(record, app.as_ref());
    Ok(page::render(&RecordPage { shell: visitor.shell(SECTION), record, app: app.map(|app| app.app.name), explained }))
}
