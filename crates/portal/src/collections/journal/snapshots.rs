//! Snapshots: records that an app has put into the journal as they are.

use super::*;

const SNAPSHOT: [Field; 4] =
    [("objectId", Is::Number, true), ("objectTypeId", Is::Text, true), ("portalId", Is::Number, false), ("properties", Is::List, false)];

/// Snapshots whose state an account keeps; the oldest leave first.
const SNAPSHOTS_MAX: usize = 1_000;

fn snapshots() -> Place {
    Place::new("journal-snapshots", &[])
}

impl Own<'_> {
    /// Puts records into the journal as they are.
    pub(super) fn snapshots(&self, tx: &mut Tx<'_>) -> Answer {
        let body = shape::read(&[("snapshotRequests", Is::List, true)], &self.asked.body()?, false)?;
        let given = body["snapshotRequests"].as_array().map_or(&[][..], Vec::as_slice);
        if given.is_empty() {
            return Err(bad_field("snapshotRequests", "must not be empty"));
        }
        if given.len() > BATCH_MAX {
            return Err(invalid::batch_too_large(BATCH_MAX, given.len()));
        }
        let (mut responses, mut events, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for one in given {
            let fields = one.as_object().ok_or_else(|| bad_field("snapshotRequests", "must be a list of objects"))?;
            let fields = shape::read(&SNAPSHOT, fields, false)?;
            self.is_here(fields.get("portalId"))?;
            let id = fields["objectId"].as_u64().ok_or_else(|| bad_field("objectId", "must be the id of a record"))?;
            let kind = self.readable(tx.state, fields["objectTypeId"].as_str().unwrap_or_default())?;
            let properties = names(&fields, "properties")?;
            self.properties(tx.state, kind, &properties)?;
            let event = self.snapshot(tx.state, kind, id, &properties)?;
            kept.push(event.is_some());
            events.extend(event);
            responses.push(json!({ "objectId": id, "objectTypeId": type_id(tx.state, kind), "portalId": self.asked.call.hub_id }));
        }
        for (response, found) in responses.iter_mut().zip(kept) {
            response["snapshotStatusId"] = self.note_snapshot(tx, found).into();
        }
        journal::keep(tx, self.app, self.asked.call.now, events);
        Ok(reply(200, json!({ "snapshotResponses": responses })))
    }

    /// A record as it is: with the properties that the request names, or else those of the app's subscriptions to
    /// snapshots of its type, or else all that have a value.
    fn snapshot(&self, state: &State, kind: Kind, id: u64, named: &[&str]) -> Result<Option<Value>, ErrorBody> {
        let Some(record) = state.table(kind).live(id) else { return Ok(None) };
        let own = type_id(state, kind);
        let place = self.subscriptions();
        self.asked.work.each(state.items.count(&place), 8)?;
        let wanted = state.items.of(&place).map(|(_, item)| &item.value).filter(|value| {
            let actions = value["actions"].as_array().map_or(&[][..], Vec::as_slice);
            value["subscriptionType"] == "OBJECT" && value["objectTypeId"] == own && actions.iter().any(|action| action == "SNAPSHOT")
        });
        let subscribed = wanted.flat_map(|value| value["properties"].as_array().into_iter().flatten()).filter_map(Value::as_str);
        let mut names: Vec<&str> = if named.is_empty() { subscribed.collect() } else { named.to_vec() };
        if names.is_empty() {
            names = record.values().map(|(name, _)| name).collect();
        }
        let mut changes = Map::new();
        for name in names.into_iter().filter(|name| journal::may_show(state, kind, name)) {
            let value = derived::value(state, kind, record, name).filter(|value| !value.is_empty());
            self.asked.work.write(name.len() + value.as_ref().map_or(0, |value| value.len()))?;
            if let Some(value) = value {
                changes.insert(name.to_owned(), value.into());
            }
        }
        Ok(Some(json!({
            "type": "OBJECT", "portalId": self.asked.call.hub_id, "occurredAt": self.asked.now(), "action": "SNAPSHOT",
            "objectTypeId": own, "objectId": id, "propertyChanges": changes,
        })))
    }

    fn note_snapshot(&self, tx: &mut Tx<'_>, found: bool) -> String {
        let number = take_id(tx);
        let value = json!({ "app": self.app, "at": self.asked.call.now.as_ms(), "found": found, "seen": false });
        tx.put_item(&snapshots(), &number.to_string(), Item::new(value));
        while tx.state.items.count(&snapshots()) > SNAPSHOTS_MAX {
            let Some(oldest) = tx.state.items.of(&snapshots()).next().map(|(id, _)| id.to_owned()) else { break };
            tx.remove_item(&snapshots(), &oldest);
        }
        uuid("journal-snapshots", number)
    }

    /// `IN_PROGRESS` at the first look, so that clients wait as they must at HubSpot.
    pub(super) fn status(&self, tx: &mut Tx<'_>, id: &str) -> Answer {
        let number = id.rsplit('-').next().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let number = number.filter(|number| uuid("journal-snapshots", *number) == id).ok_or_else(|| missing(id))?.to_string();
        let item = tx.state.items.get(&snapshots(), &number).filter(|item| item.value["app"] == self.app).ok_or_else(|| missing(id))?;
        let at = item.value["at"].as_i64().unwrap_or(0);
        let mut status = json!({ "id": id, "initiatedAt": at, "status": "IN_PROGRESS" });
        if item.value["seen"] != true {
            let mut item = item.clone();
            item.value["seen"] = true.into();
            tx.put_item(&snapshots(), &number, item);
            return Ok(reply(200, status));
        }
        status["completedAt"] = at.into();
        status["status"] = "COMPLETED".into();
        if self.asked.call.now.as_ms() >= at.saturating_add(KEPT_MS) {
            status["status"] = "EXPIRED".into();
        } else if item.value["found"] == false {
            status["status"] = "FAILED".into();
            status["errorCode"] = "VALIDATION_ERROR".into();
            status["message"] = "The record does not exist".into();
        }
        Ok(reply(200, status))
    }
}
