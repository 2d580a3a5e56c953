//! The operations of a collection: list, create, read, change, archive, batches, and drafts. What content of the CMS has
//! beside them is in `content`.

use keyway_core::error_body::ErrorBody;
use keyway_objects::crm::batch::listed;
use keyway_objects::invalid;
use keyway_objects::items::{Item, Place};
use keyway_objects::request::{id_text, inputs, missing_field};
use keyway_objects::tx::Tx;
use keyway_objects::webhooks::{SUBSCRIPTIONS, check_active};
use serde_json::{Map, Value, json};

use super::table::{Collection, Id};
use super::{Act, Answer, Asked, BATCH_MAX, input_size, missing, no_content, page, plain_ids, reply, size, uuid};

/// A collection, below its parents.
pub(super) struct Within {
    pub(super) collection: &'static Collection,
    pub(super) place: Place,
}

impl Within {
    pub(super) fn answer(&self, asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
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

    pub(super) fn list(&self, asked: &Asked<'_>, tx: &Tx<'_>, with_total: bool) -> Answer {
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

    pub(super) fn live(&self, tx: &Tx<'_>, id: &str) -> Result<Item, ErrorBody> {
        tx.state.items.get(&self.place, id).filter(|item| !item.is_archived()).cloned().ok_or_else(|| missing(id))
    }

    fn create(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let body = asked.body()?;
        Ok(reply(201, self.create_one(asked, tx, &body)?))
    }

    pub(super) fn create_one(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, body: &Map<String, Value>) -> Result<Value, ErrorBody> {
        let collection = self.collection;
        let given = collection.fields(body)?;
        if let Some(name) = collection.required.iter().find(|name| given.get(**name).is_none_or(|value| value.is_null() || value == "")) {
            return Err(missing_field(name));
        }
        if let Some(check) = collection.check {
            check(&given, &self.place, tx.state)?;
        }
        let id = match collection.id {
            Id::Number => tx.state.items.next_number(&self.place).to_string(),
            Id::Uuid => uuid(collection.store, tx.state.items.next_number(&self.place)),
            Id::Given(field) => id_text(given.get(field)).ok_or_else(|| missing_field(field))?,
        };
        if tx.state.items.get(&self.place, &id).is_some_and(|item| !item.is_archived()) {
            return Err(invalid::thing_exists(id));
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
        id_text(input.get("id")).ok_or_else(|| missing_field("id"))
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

    pub(super) fn changed(&self, asked: &Asked<'_>, tx: &Tx<'_>, id: &str, before: &Value, given: Map<String, Value>) -> Value {
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
        body["numErrors"] = 1.into();
        body["errors"] = json!([listed(&invalid::batch_things_missing(missing))]);
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

/// A value as a text that sorts as the value does.
pub fn sortable(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{:024.3}", number.as_f64().unwrap_or_default()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
