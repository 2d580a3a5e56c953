//! Everything beyond the CRM: files, forms, marketing, CMS, users, events. All are collections of one kind.
//!
//! A collection creates, reads, changes, archives and lists items. An item is JSON that the account does not
//! interpret. One table (`table`) lists the collections and their differences; a collection that does not fit
//! the table has a file of its own. A call to anything else gets 501.

mod actions;
mod calling;
mod campaigns;
mod cards;
mod content;
mod emails;
mod exports;
mod files;
mod forms;
mod hubdb;
mod imports;
mod marketing_events;
mod multipart;
mod occurrences;
mod people;
mod preferences;
mod settings;
mod shape;
mod site;
mod source_code;
mod splits;
mod table;
mod timeline;

use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_objects::crm::batch::entry;
use keyway_objects::items::{Item, Place};
use keyway_objects::request::{Query, bad_field, id_text, inputs, object};
use keyway_objects::route::is_version;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::webhooks::{SUBSCRIPTIONS, check_active};
use keyway_objects::work::Work;
use serde_json::{Map, Value, json};

use crate::{Call, Reply};

pub use exports::Export;
pub use imports::{is_awaited, is_waiting, perform_part};
use table::{COLLECTIONS, Collection, Id, Shape};

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
        ["crm", "extensions", "calling", rest @ ..] => return calling::answer(&asked, rest, tx),
        ["crm", "extensions", "cards-dev", rest @ ..] => return cards::answer(&asked, rest, tx),
        ["crm", "extensions", "videoconferencing", "settings", app] => return calling::video(&asked, app, tx),
        ["automation", "actions", rest @ ..] => return actions::answer(&asked, rest, tx),
        ["integrators", "timeline", "events", rest @ ..] => return timeline::answer(&asked, rest, tx),
        ["integrators", "timeline", app, "event-templates", template, "tokens", rest @ ..] => {
            return timeline::tokens(&asked, app, template, rest, tx);
        }
        ["visitor-identification", "tokens", "create"] => return site::visitor(&asked, tx),
        ["business-units", rest @ ..] => return site::business_units(&asked, rest, tx),
        ["cms", "domains", rest @ ..] => return site::domains(&asked, rest, tx),
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
        ["settings", "users", what @ ("roles" | "teams")] => return settings::users(&asked, what),
        ["webhooks", app, ..] if !keyway_objects::webhooks::is_app(app) => return Some(Err(missing(app))),
        ["webhooks", app, "settings"] => return settings::webhooks(&asked, app, tx),
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
        ["crm", "extensions", "calling", "inbound-call" | "recordings", ..] => false,
        ["crm", "extensions", "calling" | "cards-dev" | "videoconferencing", ..]
        | ["automation", "actions", ..]
        | ["marketing", "transactional", "smtp-tokens", ..]
        | ["settings", "currencies", ..]
        | ["settings", "users", "roles" | "teams"] => true,
        _ => COLLECTIONS.iter().find_map(|collection| collection.split(&segments)).is_some_and(|(collection, ..)| collection.inert),
    }
}

/// The segments of a path without its version; none where it has no version.
fn parts(path: &NormalPath) -> Option<Vec<&str>> {
    let mut segments: Vec<&str> = path.segments().collect();
    // A numbered version is the second segment; a date comes after the family or its parts. The rest of a path
    // is the same.
    let is_of_forms = segments.first() == Some(&"form-integrations");
    let version = segments.iter().position(|segment| is_version(segment) || (is_of_forms && *segment == "v1"))?;
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

    fn body(&self) -> Result<Map<String, Value>, ErrorBody> {
        object(&self.call.body, self.work)
    }
}

/// A collection, below its parents.
struct Within {
    collection: &'static Collection,
    place: Place,
}

impl Within {
    fn answer(&self, asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
        let collection = self.collection;
        if let Err(refused) = self.publish_due(asked, rest, tx) {
            return Some(Err(refused));
        }
        if let Some(answer) = self.of_content(asked, rest, tx) {
            return Some(answer);
        }
        Some(match (asked.method(), rest) {
            ("GET", []) => self.list(asked, tx, collection.total),
            ("POST", []) => self.create(asked, tx),
            ("POST", ["batch", "create"]) if collection.batch => self.batch(asked, tx, Self::create_one),
            ("POST", ["batch", "read"]) if collection.batch => self.batch(asked, tx, Self::read_one),
            ("POST", ["batch", "update"]) if collection.batch => self.batch(asked, tx, Self::update_one),
            ("POST", ["batch", "archive"]) if collection.batch => self.batch_archive(asked, tx),
            ("POST", ["clone"]) if collection.draft => self.clone_one(asked, tx),
            (_, [reserved, ..]) if RESERVED.contains(reserved) => return None,
            ("GET", [id]) => self.item(tx, id, asked).map(|item| reply(200, item.value.clone())),
            ("PATCH", [id]) => self.update(asked, tx, id),
            ("PUT", [id]) if collection.put => self.put(asked, tx, id),
            ("DELETE", [id]) => self.archive(asked, tx, id).map(|()| no_content()),
            ("GET", [id, "draft"]) if collection.draft => {
                self.item(tx, id, asked).map(|item| reply(200, item.draft.clone().unwrap_or_else(|| item.value.clone())))
            }
            ("PATCH", [id, "draft"]) if collection.draft => self.update_draft(asked, tx, id),
            ("POST", [id, "draft", "push-live"] | [id, "publish"]) if collection.draft => self.publish(asked, tx, id, true),
            ("POST", [id, "unpublish"]) if collection.draft => self.publish(asked, tx, id, false),
            ("POST", [id, "draft", "reset"]) if collection.draft => self.reset_draft(asked, tx, id),
            _ => return None,
        })
    }

    fn list(&self, asked: &Asked<'_>, tx: &Tx<'_>, with_total: bool) -> Answer {
        let archived = asked.query.flag("archived")?;
        let mut items: Vec<&Item> =
            tx.state.items.of(&self.place).map(|(_, item)| item).filter(|item| item.is_archived() == archived).collect();
        tx.work.each(items.len(), 2)?;
        if let Some(sort) = asked.query.get("sort") {
            let (field, descending) = sort.strip_prefix('-').map_or((sort, false), |field| (field, true));
            for item in &items {
                tx.work.write(size(&item.value[field]))?;
            }
            items.sort_by_cached_key(|item| sortable(&item.value[field]));
            if descending {
                items.reverse();
            }
        }
        page(asked, items.into_iter().map(|item| &item.value).collect(), with_total)
    }

    /// The item, archived or not as the query asks.
    fn item<'t>(&self, tx: &'t Tx<'_>, id: &str, asked: &Asked<'_>) -> Result<&'t Item, ErrorBody> {
        let archived = asked.query.flag("archived")?;
        tx.state.items.get(&self.place, id).filter(|item| item.is_archived() == archived).ok_or_else(|| missing(id))
    }

    fn live(&self, tx: &Tx<'_>, id: &str) -> Result<Item, ErrorBody> {
        tx.state.items.get(&self.place, id).filter(|item| !item.is_archived()).cloned().ok_or_else(|| missing(id))
    }

    fn create(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = asked.body()?;
        Ok(reply(201, self.create_one(asked, tx, &body)?))
    }

    fn create_one(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, body: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let collection = self.collection;
        let given = collection.fields(body)?;
        if let Some(name) = collection.required.iter().find(|name| given.get(**name).is_none_or(|value| value.is_null() || value == "")) {
            return Err(bad_field(name, "is required"));
        }
        if let Some(check) = collection.check {
            check(&given, &self.place, tx.state)?;
        }
        let id = match collection.id {
            Id::Number => tx.state.items.next_number(&self.place).to_string(),
            Id::Uuid => uuid(collection.store, tx.state.items.next_number(&self.place)),
            Id::Given(field) => id_text(given.get(field)).ok_or_else(|| bad_field(field, "is required"))?,
        };
        if tx.state.items.get(&self.place, &id).is_some_and(|item| !item.is_archived()) {
            return Err(ErrorBody::conflict(format!("{id} already exists")));
        }
        let mut value = collection.defaults();
        value.extend(given);
        collection.note_users(&mut value, asked, true);
        let value = collection.shown(&id, value, &asked.now(), &asked.now(), tx.state.hub_id);
        self.keep(asked, tx, &id, Item::new(value.clone()), "CREATED")?;
        Ok(value)
    }

    fn read_one(&self, _: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        Ok(self.live(tx, &self.id_of(input)?)?.value)
    }

    fn update_one(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let id = self.id_of(input)?;
        self.change(asked, tx, &id, input)
    }

    /// The id of an input, or the text itself where inputs are ids.
    fn id_of(&self, input: &Map<String, Value>) -> Result<String, ErrorBody> {
        id_text(input.get("id")).ok_or_else(|| bad_field("id", "is required"))
    }

    fn update(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
        let body = asked.body()?;
        Ok(reply(200, self.change(asked, tx, id, &body)?))
    }

    fn change(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, body: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let mut item = self.live(tx, id)?;
        let given = self.collection.fields(body)?;
        if self.collection.store == SUBSCRIPTIONS {
            check_active(&given)?;
        }
        item.value = self.changed(asked, tx, id, &item.value, given);
        let value = item.value.clone();
        self.keep(asked, tx, id, item, "UPDATED")?;
        Ok(value)
    }

    fn changed(&self, asked: &Asked<'_>, tx: &Tx<'_>, id: &str, before: &Value, given: Map<String, Value>) -> Value {
        let mut fields = self.collection.own_fields(before);
        fields.extend(given);
        self.collection.note_users(&mut fields, asked, false);
        let created = before[self.collection.created].as_str().unwrap_or_default().to_owned();
        self.collection.shown(id, fields, &created, &asked.now(), tx.state.hub_id)
    }

    /// Puts all fields in the place of those that are there.
    fn put(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
        let body = asked.body()?;
        let mut item = self.live(tx, id)?;
        let mut fields = self.collection.defaults();
        fields.extend(self.collection.fields(&body)?);
        let created = item.value[self.collection.created].as_str().unwrap_or_default().to_owned();
        item.value = self.collection.shown(id, fields, &created, &asked.now(), tx.state.hub_id);
        let value = item.value.clone();
        self.keep(asked, tx, id, item, "UPDATED")?;
        Ok(reply(200, value))
    }

    /// Archiving what is archived already is done.
    fn archive(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Result<(), ErrorBody> {
        let mut item = tx.state.items.get(&self.place, id).cloned().ok_or_else(|| missing(id))?;
        if !item.is_archived() {
            item.archived_at = Some(asked.call.now);
            item.value["archived"] = true.into();
            // Posts have it in milliseconds, and everything else as a time.
            let at: Value = if item.value["archivedAt"].is_number() { asked.call.now.as_ms().into() } else { asked.now().into() };
            item.value["archivedAt"] = at;
            // The models of authors and tags always have it; of what is not deleted it is the epoch.
            if let Some(deleted) = item.value.get_mut("deletedAt") {
                *deleted = asked.now().into();
            }
            tx.put_item(&self.place, id, item);
        }
        Ok(())
    }

    /// Performs all inputs or none: checks each before it changes any.
    fn batch(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, one: Act<Self>) -> Answer {
        let mut body = asked.body()?;
        plain_ids(&mut body);
        let inputs = inputs(&body, BATCH_MAX)?;
        let (mark, mut results, mut missing) = (tx.mark(), Vec::new(), Vec::new());
        let is_read = asked.call.path.as_str().ends_with("/read");
        for input in inputs {
            // A revision is written beside the thing.
            let times = if self.collection.revisions { 2 } else { 1 };
            let charged = tx.work.write(times * input_size(tx, &self.place, input)).map_err(ErrorBody::from);
            match charged.and_then(|()| one(self, asked, tx, input)) {
                Ok(value) => results.push(value),
                Err(refused) if is_read && refused.status == 404 => missing.push(self.id_of(input)?),
                Err(refused) => {
                    tx.back_to(mark);
                    return Err(refused);
                }
            }
        }
        let created = asked.call.path.as_str().ends_with("/create");
        let at = asked.now();
        let mut body = json!({ "status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at });
        if missing.is_empty() {
            return Ok(reply(if created { 201 } else { 200 }, body));
        }
        let error = ErrorBody::not_found("Some of the ids do not exist");
        body["numErrors"] = 1.into();
        body["errors"] = json!([entry(&error, json!({ "ids": missing }))]);
        Ok(reply(207, body))
    }

    fn batch_archive(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let mut body = asked.body()?;
        plain_ids(&mut body);
        for input in inputs(&body, BATCH_MAX)? {
            self.id_of(input)?;
            tx.work.write(input_size(tx, &self.place, input))?;
        }
        for input in inputs(&body, BATCH_MAX)? {
            let id = self.id_of(input)?;
            if tx.state.items.get(&self.place, &id).is_some() {
                self.archive(asked, tx, &id)?;
            }
        }
        Ok(no_content())
    }

    fn clone_one(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = asked.body()?;
        let item = self.live(tx, &self.id_of(&body)?)?;
        let name = body.get("cloneName").or(body.get("name")).and_then(Value::as_str).map(str::to_owned);
        let before = item.value["name"].as_str().unwrap_or_default();
        let fields = self.copied(&item.value, &name.unwrap_or_else(|| format!("{before} (clone)")));
        Ok(reply(200, self.create_one(asked, tx, &fields)?))
    }

    fn update_draft(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
        let mut item = self.live(tx, id)?;
        let given = self.collection.fields(&asked.body()?)?;
        let draft = self.changed(asked, tx, id, item.draft.as_ref().unwrap_or(&item.value), given);
        item.draft = Some(draft.clone());
        self.keep(asked, tx, id, item, "UPDATED")?;
        Ok(reply(200, draft))
    }

    /// What was drafted becomes what is live, and back to a draft.
    fn publish(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, live: bool) -> Answer {
        let item = self.live(tx, id)?;
        self.publish_at(asked, tx, id, item, live.then(|| asked.now()))?;
        Ok(no_content())
    }

    fn reset_draft(&self, _: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
        let mut item = self.live(tx, id)?;
        item.draft = None;
        tx.put_item(&self.place, id, item);
        Ok(no_content())
    }
}

/// Names that stand where an id would, of operations that are not served here.
const RESERVED: [&str; 12] = [
    "ab-test",
    "batch",
    "clone",
    "current",
    "cursor",
    "draft",
    "folders",
    "multi-language",
    "schedule",
    "search",
    "statistics",
    "update-visibility",
];

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

fn sortable(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{:024.3}", number.as_f64().unwrap_or_default()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The same for the same account at every run, and shaped as version 4.
fn uuid(store: &str, number: u64) -> String {
    let hash = store.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:08x}-{:04x}-4000-8000-{number:012x}", (hash >> 32) as u32, hash as u16)
}

fn missing(id: &str) -> ErrorBody {
    ErrorBody::not_found(format!("resource not found: {id}"))
}

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: body.to_string().into() }
}

fn no_content() -> Reply {
    Reply { status: 204, body: bytes::Bytes::new() }
}

impl Collection {
    /// What a caller may write: the fields of a flat thing, or its `properties`.
    fn fields(&self, body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
        let fields = match self.shape {
            Shape::Flat => body,
            Shape::Properties => match body.get("properties") {
                Some(Value::Object(properties)) => properties,
                _ => return Err(bad_field("properties", "must be an object")),
            },
        };
        let given = fields.iter().filter(|(name, _)| !self.is_own(name));
        if self.shape == Shape::Properties {
            return Ok(given.map(|(name, value)| (name.clone(), value.clone())).collect());
        }
        let defaults = self.defaults();
        given.map(|(name, value)| Ok((name.clone(), shape::like(name, value, defaults.get(name))?))).collect()
    }

    /// The same of a thing as it is shown.
    fn own_fields(&self, value: &Value) -> Map<String, Value> {
        let fields = match self.shape {
            Shape::Flat => value.as_object(),
            Shape::Properties => value["properties"].as_object(),
        };
        fields.into_iter().flatten().filter(|(name, _)| !self.is_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Fields that the account keeps itself.
    fn is_own(&self, name: &str) -> bool {
        let given = matches!(self.id, Id::Given(_));
        ["archived", "archivedAt", self.created, self.updated].contains(&name) || (name == "id" && !given) || name == "objectId"
    }

    fn defaults(&self) -> Map<String, Value> {
        serde_json::from_str(self.defaults).expect("the defaults of a collection are JSON; a test reads them")
    }

    /// Who made a thing and who changed it, where its form has that.
    fn note_users(&self, fields: &mut Map<String, Value>, asked: &Asked<'_>, is_new: bool) {
        for name in if is_new { &["createdById", "updatedById"][..] } else { &["updatedById"] } {
            if let Some(field) = fields.get_mut(*name) {
                *field = asked.call.user_id.to_string().into();
            }
        }
    }

    fn shown(&self, id: &str, fields: Map<String, Value>, created: &str, updated: &str, hub_id: u64) -> Value {
        let mut value = match self.shape {
            Shape::Flat => Value::Object(fields),
            Shape::Properties => json!({ "properties": fields }),
        };
        if value.get("url").is_some() && value.get("slug").is_some() {
            let domain =
                value["domain"].as_str().filter(|domain| !domain.is_empty()).map_or_else(|| site::own_domain(hub_id), str::to_owned);
            value["url"] = format!("https://{domain}/{}", value["slug"].as_str().unwrap_or_default()).into();
        }
        // What is not archived has a time too, where the model always has it.
        if let Some(never) = self.defaults().remove("archivedAt") {
            value["archivedAt"] = never;
        }
        value[self.shown_id] = id.into();
        value[self.created] = created.into();
        value[self.updated] = updated.into();
        if self.shape == Shape::Flat && self.archivable {
            value["archived"] = false.into();
        }
        if self.store == "event-definitions" {
            value["fullyQualifiedName"] = format!("pe{hub_id}_{id}").into();
        }
        value
    }
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
