//! Everything beyond the CRM: files, forms, marketing, CMS, users, events. All are collections of one kind.
//!
//! A collection creates, reads, changes, archives and lists items (`within`). An item is JSON that the account does
//! not interpret. One table (`table`) lists the collections and their differences; a collection that does not fit
//! the table has a file of its own. A call to anything else gets 501.

mod actions;
mod blogs;
mod calling;
mod campaigns;
mod cards;
mod content;
mod conversations;
mod crm;
mod emails;
mod exports;
mod fields;
mod files;
mod flags;
mod flows;
mod forms;
mod hubdb;
mod imports;
mod journal;
mod marketing_events;
mod media_bridge;
mod multipart;
mod occurrences;
mod people;
mod preferences;
mod scheduler;
mod sequences;
mod settings;
mod shape;
mod site;
mod source_code;
mod splits;
mod table;
mod teams;
mod templates;
mod timeline;
mod transcripts;
mod within;

use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::time::Timestamp;
use keyway_objects::call::{Call, Reply};
use keyway_objects::invalid;
use keyway_objects::items::{Item, Place};
use keyway_objects::request::{Query, bad_parameter, id_text, object};
use keyway_objects::route::is_version;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::work::Work;
use serde_json::{Map, Value, json};

pub use exports::Export;
pub use imports::{is_awaited, is_waiting, perform_part};
use table::COLLECTIONS;
use within::Within;

type Answer = Result<Reply, ErrorBody>;
/// What is done with one input of a batch.
type Act<T> = fn(&T, &Asked<'_>, &mut Tx<'_>, &Map<String, Value>) -> Result<Value, ErrorBody>;

/// Things on a page (hubspot facts, section 6: "others 10").
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
/// Inputs of a batch.
const BATCH_MAX: usize = 100;

/// Answers a call beyond the CRM. Nothing where it is none, or is not served.
pub fn answer(call: &Call, tx: &mut Tx<'_>) -> Option<Answer> {
    let segments = parts(&call.path)?;
    let query = Query::parse(call.query.as_deref());
    let asked = Asked { call, query: &query, work: tx.work };
    match segments.as_slice() {
        ["crm", "exports", "export", rest @ ..] => return exports::answer(&asked, rest, tx),
        ["crm", "imports", rest @ ..] => return imports::answer(&asked, rest, tx),
        ["crm", "objects", "deals", "splits", rest @ ..] | ["deal-splits", rest @ ..] => return splits::answer(&asked, rest, tx),
        ["crm", "extensions", "calling", "transcripts", rest @ ..] => return transcripts::answer(&asked, rest, tx),
        ["crm", "extensions", "calling", rest @ ..] => return calling::answer(&asked, rest, tx),
        ["crm", "extensions", "cards-dev", rest @ ..] => return cards::answer(&asked, rest, tx),
        ["crm", "extensions", "videoconferencing", "settings", app] => return calling::video(&asked, app, tx),
        ["automation", "actions", rest @ ..] => return actions::answer(&asked, rest, tx),
        ["automation", "flows", rest @ ..] => return flows::answer(&asked, rest, tx),
        ["automation", "workflows", rest @ ..] if call.path.as_str().starts_with("/automation/v2/") => {
            return flows::workflows_v2(&asked, rest, tx);
        }
        ["automation", "workflows", rest @ ..] => return flows::workflows(&asked, rest, tx),
        ["automation", "sequences", rest @ ..] => return sequences::answer(&asked, rest, tx),
        ["automation", "email-templates", rest @ ..] => return templates::answer(&asked, rest, tx),
        ["conversations", "conversations", rest @ ..] => return conversations::answer(&asked, rest, tx),
        ["conversations", "custom-channels", rest @ ..] => return conversations::channels(&asked, rest, tx),
        ["scheduler", "meetings", rest @ ..] => return scheduler::answer(&asked, rest, tx),
        ["feature-flags", rest @ ..] => return flags::answer(&asked, rest, tx),
        ["email", "public", rest @ ..] => return emails::old(&asked, rest, tx),
        ["integrators", "timeline", "events", rest @ ..] => return timeline::answer(&asked, rest, tx),
        ["integrators", "timeline", app, "event-templates", template, "tokens", rest @ ..] => {
            return timeline::tokens(&asked, app, template, rest, tx);
        }
        ["visitor-identification", "tokens", "create"] => return site::visitor(&asked, tx),
        ["business-units", rest @ ..] => return site::business_units(&asked, rest, tx),
        ["cms", "domains", rest @ ..] => return site::domains(&asked, rest, tx),
        ["cms", "blog-settings", "settings", rest @ ..] => return blogs::answer(&asked, rest, tx),
        ["cms", "audit-logs"] => return site::audit_logs(&asked, tx),
        ["cms", "site-search", rest @ ..] => return site::search(&asked, rest, tx),
        ["cms", "source-code", rest @ ..] => return source_code::answer(&asked, rest, tx),
        ["files", "folders", "search"] | ["files", "folders", "update", "async", ..] => return files::folders(&asked, &segments[2..], tx),
        ["files", "files", rest @ ..] => return files::answer(&asked, rest, tx),
        ["marketing", "emails", "statistics", what] => return emails::statistics(&asked, what, tx),
        ["marketing", "transactional", "single-email", "send"]
        | ["marketing", "email", "single-send"]
        | ["marketing", "email-campaigns", "single-send"] => return emails::send(&asked, tx),
        ["marketing", "transactional", "smtp-tokens", rest @ ..] => return emails::smtp_tokens(&asked, rest, tx),
        ["cms", "hubdb", "tables", rest @ ..] => return hubdb::answer(&asked, rest, tx),
        ["marketing", "marketing-events", rest @ ..] => return marketing_events::answer(&asked, rest, tx),
        ["events", "custom", "send", ..] => return occurrences::answer(&asked, &segments[2..], tx),
        ["events", "event-definitions", event, "property", rest @ ..]
        | ["events", "custom", "event-definitions", event, "property", rest @ ..] => {
            return occurrences::properties(&asked, event, rest, tx);
        }
        ["marketing", "campaigns", campaign, rest @ ..] if !rest.is_empty() && *campaign != "batch" => {
            return campaigns::answer(&asked, campaign, rest, tx);
        }
        ["events", "send" | "events" | "event-occurrences", ..] => return occurrences::answer(&asked, &segments[1..], tx),
        ["submissions", "integration", rest @ ..] => return forms::submit(&asked, rest, tx),
        ["form-integrations", "submissions", "forms", form] => return forms::submissions(&asked, form, tx),
        ["communication-preferences", rest @ ..] => return preferences::answer(&asked, rest, tx),
        ["settings", "currencies", "exchange-rates", "current"] => return settings::current_rates(&asked, tx),
        ["settings", "currencies", "exchange-rates", "update-visibility"] => return settings::rate_visibility(&asked, tx),
        ["settings", "currencies", rest @ ..] if !rest.contains(&"exchange-rates") => return settings::currencies(&asked, rest, tx),
        ["settings", "users", what @ ("roles" | "teams")] => return settings::users(&asked, what, tx),
        ["settings", "teams", rest @ ..] => return teams::answer(&asked, rest, tx),
        ["media-bridge", rest @ ..] => return media_bridge::answer(&asked, rest, tx),
        ["tax-rates", "tax-rates", rest @ ..] => return settings::tax_rates(&asked, rest),
        ["webhooks-journal", rest @ ..] => return journal::answer(&asked, rest, tx),
        ["webhooks", rest @ ..] if call.path.as_str().starts_with("/webhooks/v4/") => return journal::answer(&asked, rest, tx),
        ["webhooks" | "app-webhooks", app, ..] if !keyway_objects::webhooks::is_app(app) => return Some(Err(missing(app))),
        ["webhooks" | "app-webhooks", app, "settings"] => return settings::webhooks(&asked, app, tx),
        _ => {}
    }
    let (collection, parents, rest) = COLLECTIONS.iter().find_map(|collection| collection.split(&segments))?;
    let within = Within { collection, place: Place::new(collection.store, &parents) };
    within.answer(&asked, rest, tx)
}

/// Whether what is at a path is kept as it is sent, and nothing follows from it.
pub fn is_document(path: &NormalPath) -> bool {
    let Some(segments) = parts(path) else { return false };
    match segments.as_slice() {
        ["crm", "extensions", "calling", "inbound-call" | "recordings" | "transcripts", ..] => false,
        ["crm", "extensions", "calling" | "cards-dev" | "videoconferencing", ..]
        | ["automation", "actions" | "email-templates", ..]
        | ["automation", "flows", ..]
        | ["feature-flags", ..]
        | ["media-bridge", _, "settings"]
        | ["media-bridge", _, "settings", "event-visibility" | "oembed-domains" | "register", ..]
        | ["tax-rates", ..]
        | ["marketing", "transactional", "smtp-tokens", ..]
        | ["settings", "currencies", ..]
        | ["settings", "users", "roles" | "teams"]
        | ["settings", "teams", ..] => true,
        _ => COLLECTIONS.iter().find_map(|collection| collection.split(&segments)).is_some_and(|(collection, ..)| collection.inert),
    }
}

/// The segments of a path without its version; none where it has no version.
fn parts(path: &NormalPath) -> Option<Vec<&str>> {
    let mut segments: Vec<&str> = path.segments().collect();
    // A numbered version is the second segment; a date comes after the family or its parts. The rest of a path
    // is the same.
    let old = match segments.first() {
        Some(&"form-integrations" | &"email" | &"media-bridge" | &"tax-rates") => "v1",
        Some(&"automation") => "v2",
        _ => "",
    };
    let version = segments.iter().position(|segment| is_version(segment) || *segment == old)?;
    segments.remove(version);
    Some(segments)
}

/// Answers a call that changes nothing; none where it is another, or is not served.
pub fn read(call: &Call, state: &State, work: &Work) -> Option<Answer> {
    let segments = parts(&call.path)?;
    let ["crm", "exports", "export", rest @ ..] = segments.as_slice() else { return None };
    exports::read(&Asked { call, query: &Query::parse(call.query.as_deref()), work }, rest, state)
}

/// Whether a call asks for an export, which is written in parts.
pub fn is_export(call: &Call) -> bool {
    parts(&call.path).is_some_and(
        |segments| matches!(segments.as_slice(), ["crm", "exports", "export", rest @ ..] if exports::is_start(call.method.as_str(), rest)),
    )
}

/// Whether a call sends an import, whose files are read before it takes its account.
pub fn is_import(call: &Call) -> bool {
    parts(&call.path).is_some_and(
        |segments| matches!(segments.as_slice(), ["crm", "imports", rest @ ..] if imports::is_start(call.method.as_str(), rest)),
    )
}

/// What was made of a call while others had its account.
pub enum Made {
    /// An export that is complete.
    Export(Box<exports::Made>),
    /// An import whose files are read.
    Import(Box<imports::Sent>),
}

/// Reads the import that a call sends. This takes nothing of the account.
///
/// # Errors
/// HubSpot's refusal of the call.
pub fn read_import(call: &Call, work: &Work) -> Result<Made, ErrorBody> {
    imports::Sent::read(call, work).map(|sent| Made::Import(Box::new(sent)))
}

/// Keeps what was made of a call, and answers it.
pub fn keep(call: &Call, tx: &mut Tx<'_>, made: Made) -> Answer {
    match made {
        Made::Export(made) => exports::keep(call, tx, *made),
        Made::Import(sent) => imports::keep(call, tx, *sent),
    }
}

/// Begins the export that a call asks for.
///
/// # Errors
/// HubSpot's refusal of the call.
pub fn begin_export(call: &Call, state: &State, work: &Work) -> Result<Export, ErrorBody> {
    Export::begin(&Asked { call, query: &Query::parse(None), work }, state)
}

/// A call, with its query read.
struct Asked<'a> {
    call: &'a Call,
    query: &'a Query,
    work: &'a Work,
}

impl Asked<'_> {
    fn method(&self) -> &str {
        self.call.method.as_str()
    }

    fn now(&self) -> String {
        self.call.now.to_iso()
    }

    /// A moment that the query gives.
    fn moment(&self, name: &str) -> Result<Option<Timestamp>, ErrorBody> {
        let given = self.query.get(name);
        given.map(|text| Timestamp::parse_iso(text).ok_or_else(|| bad_parameter(name, &format!("'{text}' is not a time")))).transpose()
    }

    fn body(&self) -> Result<Map<String, Value>, ErrorBody> {
        object(&self.call.body, self.work)
    }
}

/// Bytes of the texts of a value, and some for what is around each.
fn size(value: &Value) -> usize {
    const AROUND: usize = 8;
    match value {
        Value::String(text) => AROUND + text.len(),
        Value::Array(values) => AROUND + values.iter().map(size).sum::<usize>(),
        Value::Object(fields) => AROUND + fields.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) => AROUND,
    }
}

/// The bytes that the account writes for one input of a batch. It writes the whole item, with its live and its
/// draft form, and keeps the former one for a rollback.
fn input_size(tx: &Tx<'_>, place: &Place, input: &Map<String, Value>) -> usize {
    let item = id_text(input.get("id")).and_then(|id| tx.state.items.get(place, &id));
    let before = item.map_or(0, |item| size(&item.value) + item.draft.as_ref().map_or(0, size));
    let given: usize = input.iter().map(|(name, value)| name.len() + size(value)).sum();
    2 * before + 2 * given
}

/// A page of values, from an offset.
fn page(asked: &Asked<'_>, values: Vec<&Value>, with_total: bool) -> Answer {
    let (limit, after) = (asked.query.limit(PAGE_DEFAULT, PAGE_MAX)?, usize::try_from(asked.query.after()?).unwrap_or(usize::MAX));
    let total = values.len();
    let results: Vec<&Value> = values.into_iter().skip(after).take(limit).collect();
    let mut bytes = 0;
    for value in &results {
        asked.work.answer(bytes, size(value))?;
        bytes += size(value);
    }
    let mut body = json!({ "results": results });
    if with_total {
        body["total"] = total.into();
    }
    let next = after.saturating_add(limit);
    if next < total {
        let link = asked.query.link(&asked.call.base, asked.call.path.as_str(), next as u64);
        body["paging"] = json!({ "next": { "after": next.to_string(), "link": link } });
    }
    Ok(reply(200, body))
}

/// Inputs of some of these batches are ids alone.
fn plain_ids(body: &mut Map<String, Value>) {
    for input in body.get_mut("inputs").and_then(Value::as_array_mut).into_iter().flatten() {
        if input.is_string() || input.is_number() {
            *input = json!({ "id": input });
        }
    }
}

/// The same for the same account at every run, and shaped as version 4.
fn uuid(store: &str, number: u64) -> String {
    let hash = store.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:08x}-{:04x}-4000-8000-{number:012x}", (hash >> 32) as u32, hash as u16)
}

fn missing(id: &str) -> ErrorBody {
    invalid::thing_missing(id)
}

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: body.to_string().into() }
}

fn no_content() -> Reply {
    Reply { status: 204, body: bytes::Bytes::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_together() {
        for collection in COLLECTIONS {
            collection.defaults();
            assert!(!collection.root.is_empty(), "{}", collection.store);
        }
        assert_ne!(uuid("forms", 1), uuid("forms", 2));
        assert_eq!(uuid("forms", 1).len(), 36);
    }
}
