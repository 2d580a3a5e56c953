//! The audit log: filters, counts of what fits, pages that go back as far as the log does, and exports.

use askama::Template;
use axum::http::header::{CONTENT_DISPOSITION, HeaderValue};
use keyway_api::view::{AppWithTokens, Apps, CallRecord, CountedApp, RecordCounts, Records};
use keyway_core::time::Timestamp;
use keyway_gateway::clock;

use super::account_words::AccountWords;
use super::api::{Refused, with_query};
use super::chart::Chart;
use super::names::Names;
use super::page;
use super::record_words::RecordWords;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::{self, filters, of_browser};

const SECTION: &str = "/audit";
/// Records on a page.
const ROWS: &str = "50";

/// What is filtered by: the name of the field here and at the API.
const FILTERS: [(&str, &str); 16] = [
    ("app", "app"),
    ("hub_id", "hubId"),
    ("operation", "operation"),
    ("status", "status"),
    ("category", "category"),
    ("correlation_id", "correlationId"),
    ("record", "record"),
    ("property", "property"),
    ("changes", "changes"),
    ("token_id", "tokenId"),
    ("source", "source"),
    ("session", "session"),
    ("on_behalf_of", "onBehalfOf"),
    ("tool", "tool"),
    ("from", "from"),
    ("to", "to"),
];

/// Filters that are shown folded, but where one is set.
const FOLDED: [&str; 12] =
    ["category", "correlation_id", "record", "property", "changes", "token_id", "source", "session", "on_behalf_of", "tool", "from", "to"];

/// Stretches of time up to now: the word in the address, what it is called, and its length.
const RANGES: [(&str, &str, i64); 4] = [
    ("hour", "Last hour", 3_600_000),
    ("day", "Last day", 86_400_000),
    ("week", "Last 7 days", 7 * 86_400_000),
    ("month", "Last 30 days", 30 * 86_400_000),
];

/// Apps that are offered in a menu; with more, the name is typed.
const APPS_SHOWN_MAX: usize = 100;

/// The query of the API for a page's query.
fn query(fields: &Fields) -> Vec<(&'static str, String)> {
    let range = RANGES.iter().find(|(word, ..)| *word == fields.get("range")).map(|(.., length)| *length);
    let value = |name: &str| match (name, fields.get(name), range) {
        ("from", "", Some(length)) => clock::now().plus_ms(-length).to_iso(),
        ("from" | "to", moment, _) => of_browser(moment),
        (_, value, _) => value.to_owned(),
    };
    FILTERS.iter().map(|(name, of_api)| (*of_api, value(name))).collect()
}

/// The view as its address has it, with some fields changed.
fn view<'a>(fields: &'a Fields, changed: &[(&'a str, &'a str)]) -> String {
    let names = FILTERS.iter().map(|(name, _)| *name).chain(["range", "live"]);
    let kept = names.map(|name| {
        let value = changed.iter().find(|(one, _)| *one == name).map_or_else(|| fields.get(name), |(_, value)| *value);
        (name, value)
    });
    with_query(SECTION, &kept.collect::<Vec<_>>())
}

/// Something that calls have in common, and how many they are.
struct Facet {
    words: String,
    calls: u64,
    address: String,
    /// Whether the view is of these alone; then the address takes the filter away.
    chosen: bool,
}

/// Facets of one kind.
struct Facets {
    name: &'static str,
    all: Vec<Facet>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    shell: Shell<'a>,
    fields: &'a Fields,
    apps: Vec<AppWithTokens>,
    counts: Option<RecordCounts>,
    histogram: Option<Chart>,
    facets: Vec<Facets>,
    rows: Rows,
    export: String,
}

/// The rows, which come again while somebody watches.
#[derive(Template)]
#[template(path = "audit_rows.html")]
struct Rows {
    records: Vec<CallRecord>,
    names: Names,
    older: Option<String>,
    wrong: Option<String>,
    /// Whether the view leaves records out.
    filtered: bool,
}

impl Rows {
    /// What a row says of the app; never nothing, so that each row has the cell.
    fn app_of(&self, record: &CallRecord) -> String {
        record.app_id.map_or_else(|| "–".to_owned(), |id| self.names.app(id))
    }
}

impl AuditPage<'_> {
    fn export_lines(&self) -> String {
        format!("{}{}format=jsonl", self.export, if self.export.contains('?') { "&" } else { "?" })
    }

    fn is_live(&self) -> bool {
        self.fields.get("live") == "1"
    }

    /// The view, watched or not.
    fn watched(&self, live: bool) -> String {
        view(self.fields, &[("live", if live { "1" } else { "" })])
    }

    fn part(&self) -> String {
        view(self.fields, &[]).replacen(SECTION, "/audit/rows", 1)
    }

    /// Which calls the bars show.
    fn counted(&self, counts: &RecordCounts) -> String {
        let (calls, failed): (u64, u64) = (counts.over_time.calls.iter().sum(), counts.over_time.failed.iter().sum());
        let which = if counts.complete { String::new() } else { format!("The newest {} that fit: ", words::number(counts.counted)) };
        let bar = words::length(counts.over_time.width_ms);
        format!("{which}{}, {} of them failed. Bars of {bar}.", words::counted(calls, "call", "calls"), words::number(failed))
    }

    /// The view of all times.
    fn zoomed_out(&self) -> Option<String> {
        let zoomed = ["from", "to"].iter().any(|name| !self.fields.get(name).is_empty());
        zoomed.then(|| view(self.fields, &[("from", ""), ("to", "")]))
    }

    /// Whether a folded filter is set.
    fn has_folded(&self) -> bool {
        FOLDED.iter().any(|name| !self.fields.get(name).is_empty())
    }

    fn is_filtered(&self) -> bool {
        self.has_folded() || ["app", "hub_id", "operation", "status", "range"].iter().any(|name| !self.fields.get(name).is_empty())
    }

    fn ranges(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("", "Any time")].into_iter().chain(RANGES.iter().map(|(word, name, _)| (*word, *name)))
    }

    fn is_app(&self, app: &AppWithTokens) -> bool {
        let asked = self.fields.get("app");
        asked == app.id.to_string() || asked == app.name
    }

    /// Whether the menu has what is asked for.
    fn menu_has_app(&self) -> bool {
        !self.apps.is_empty() && (self.fields.get("app").is_empty() || self.apps.iter().any(|app| self.is_app(app)))
    }

    fn statuses(&self) -> Vec<(String, String)> {
        let known = [
            ("", "Any status"),
            ("2xx", "2xx: done"),
            ("4xx", "4xx: refused"),
            ("403", "403: scope missing"),
            ("429", "429: limit reached"),
            ("5xx", "5xx: fault"),
            ("unknown", "Outcome unknown"),
        ];
        let mut all: Vec<(String, String)> = known.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect();
        let asked = self.fields.get("status");
        if !all.iter().any(|(value, _)| value == asked) {
            all.push((asked.to_owned(), asked.to_owned()));
        }
        all
    }
}

/// The rows of a view.
async fn rows(visitor: &Visitor, fields: &Fields) -> Result<Rows, axum::response::Response> {
    let query = query(fields);
    let mut asked: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    asked.extend([("limit", ROWS), ("before", fields.get("before"))]);
    let (records, before, wrong) = match visitor.api.get::<Records>(&with_query("/api/v1/audit", &asked)).await {
        Ok(page) => (page.records, page.before, None),
        // A filter that the API refuses is explained beside the filters.
        Err(refused) if matches!(refused.status, 400 | 403 | 404) => (Vec::new(), None, Some(words::sentence(&refused.detail))),
        Err(refused) => return Err(visitor.refused(SECTION, &refused)),
    };
    let filtered = asked.iter().any(|(name, value)| *name != "limit" && !value.is_empty());
    let names = Names::of(&visitor.api, records.iter().filter_map(|record| record.app_id)).await;
    let older = before.map(|before| {
        let view = view(fields, &[("live", "")]);
        format!("{view}{}before={before}", if view.contains('?') { "&" } else { "?" })
    });
    Ok(Rows { records, names, older, wrong, filtered })
}

/// The log.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let query = query(&fields);
    let asked: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let counts = with_query("/api/v1/audit/counts", &asked);
    // Both read the log, each a part of it for itself.
    let (rows, counts) = tokio::join!(rows(&visitor, &fields), visitor.api.get::<RecordCounts>(&counts));
    let rows = rows?;
    // What the rows are refused for, the counts are refused for too; the page says it once.
    let counts = counts.ok().filter(|_| rows.wrong.is_none());
    let second = |at: Timestamp| at.to_iso().get(..19).unwrap_or_default().to_owned();
    let zoomed = |from, to| view(&fields, &[("from", &second(from)), ("to", &second(to)), ("range", ""), ("live", "")]);
    let histogram = counts.as_ref().map(|counts| Chart::of_records(&counts.over_time, &zoomed));
    let apps = menu(&visitor).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let filtered: Vec<(&str, &str)> = FILTERS.iter().map(|(name, _)| (*name, fields.get(name))).collect();
    let export = with_query("/audit/export", &[filtered.as_slice(), &[("range", fields.get("range"))]].concat());
    let facets = counts.as_ref().map(|counts| facets(&fields, counts)).unwrap_or_default();
    Ok(page::render(&AuditPage { shell: visitor.shell(SECTION), fields: &fields, apps, counts, histogram, facets, rows, export }))
}

/// The apps to choose from; none where they are too many for a menu.
async fn menu(visitor: &Visitor) -> Result<Vec<AppWithTokens>, Refused> {
    let path = with_query("/api/v1/apps", &[("limit", &(APPS_SHOWN_MAX + 1).to_string())]);
    let Apps { apps: mut all, .. } = visitor.api.get(&path).await?;
    if all.len() > APPS_SHOWN_MAX {
        all.clear();
    }
    all.sort_by_cached_key(|app| app.name.to_lowercase());
    Ok(all)
}

/// What the calls have in common, each a link that filters by it.
fn facets(fields: &Fields, counts: &RecordCounts) -> Vec<Facets> {
    let facet = |field: &'static str, value: &str, words: String, calls: u64| {
        let chosen = fields.get(field) == value;
        Facet { words, calls, address: view(fields, &[(field, if chosen { "" } else { value })]), chosen }
    };
    let cause = |word: &str| keyway_core::refusal::Word(word).cause().to_owned();
    let statuses = counts.statuses.iter().map(|one| facet("status", &one.word, one.word.clone(), one.calls)).collect();
    let causes = counts.causes.iter().map(|one| facet("category", &one.word, cause(&one.word), one.calls)).collect();
    let app = |one: &CountedApp| one.name.clone().unwrap_or_else(|| format!("app {} (deleted)", one.app_id));
    let apps = counts.apps.iter().map(|one| facet("app", &one.app_id.to_string(), app(one), one.calls)).collect();
    let operations = counts.operations.iter().map(|one| facet("operation", &one.word, one.word.clone(), one.calls)).collect();
    let all = [("Status", statuses), ("Cause", causes), ("App", apps), ("Operation", operations)];
    all.into_iter().map(|(name, all)| Facets { name, all }).filter(|facets: &Facets| !facets.all.is_empty()).collect()
}

/// The rows again, while somebody watches.
pub(super) async fn newest(visitor: Visitor, fields: Fields) -> Page {
    Ok(page::render(&rows(&visitor, &fields).await?))
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
