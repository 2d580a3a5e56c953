//! Entries: what an app fetches, by time and by offset.

use super::*;

impl Own<'_> {
    /// Whether entries of this account are asked for.
    fn asks_here(&self) -> Result<bool, ErrorBody> {
        let portal = self.asked.query.get("installPortalId").map(str::parse::<u64>).transpose();
        let portal = portal.map_err(|_| bad_parameter("installPortalId", "must be the id of an account"))?;
        Ok(portal.is_none_or(|portal| portal == self.asked.call.hub_id))
    }

    /// The app's entries that have not ended, oldest first.
    fn entries<'s>(&self, state: &'s State) -> Result<Vec<Entry<'s>>, ErrorBody> {
        self.asked.work.each(state.items.count(&ENTRIES), 1)?;
        if !self.asks_here()? {
            return Ok(Vec::new());
        }
        Ok(journal::entries(state, self.asked.call.now).filter(|entry| entry.app == self.app).collect())
    }

    pub(super) fn journal(&self, method: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
        Some(match (method, rest) {
            ("GET", ["earliest"]) => match self.asked.query.get("entry") {
                Some(offset) => self.content(tx.state, offset),
                None => self.entries(tx.state).map(|entries| self.one(entries.first())),
            },
            ("GET", ["latest"]) => self.entries(tx.state).map(|entries| self.one(entries.last())),
            ("GET", ["offset", offset, "next"]) => self.after(tx.state, offset).map(|entries| self.one(entries.first())),
            ("GET", ["batch", "earliest", count]) => {
                self.many(count, || self.entries(tx.state), |entries, count| &entries[..count.min(entries.len())])
            }
            ("GET", ["batch", "latest", count]) => {
                self.many(count, || self.entries(tx.state), |entries, count| &entries[entries.len().saturating_sub(count)..])
            }
            ("GET", ["batch", offset, "next", count]) => {
                self.many(count, || self.after(tx.state, offset), |entries, count| &entries[..count.min(entries.len())])
            }
            ("POST", ["batch", "read"]) => self.read(tx.state),
            ("GET", ["status", id]) => self.status(tx, id),
            _ => return None,
        })
    }

    /// The entries after an offset.
    fn after<'s>(&self, state: &'s State, offset: &str) -> Result<Vec<Entry<'s>>, ErrorBody> {
        let mut entries = self.entries(state)?;
        let at = entries.iter().position(|entry| offset_of(entry) == offset).ok_or_else(|| missing(offset))?;
        Ok(entries.split_off(at + 1))
    }

    /// Where an entry is fetched. HubSpot answers 204 where there is none.
    fn one(&self, entry: Option<&Entry<'_>>) -> crate::Reply {
        entry.map_or_else(no_content, |entry| reply(200, self.place_of(entry)))
    }

    fn place_of(&self, entry: &Entry<'_>) -> Value {
        // Without what comes after the version: every operation of the family has the content of an entry under the same scope.
        let path = self.asked.call.path.as_str();
        let family: Vec<&str> = path.split('/').take(4).collect();
        let ends = Timestamp::from_ms(entry.at.as_ms().saturating_add(KEPT_MS));
        let offset = offset_of(entry);
        // Who named the account names it for the content too.
        let portal = self.asked.query.get("installPortalId").map_or_else(String::new, |id| format!("&installPortalId={id}"));
        let url = format!("{}{}/earliest?entry={offset}{portal}", self.asked.call.base, family.join("/"));
        json!({ "url": url, "expiresAt": ends.to_iso(), "currentOffset": offset })
    }

    fn many<'s>(
        &self,
        count: &str,
        entries: impl FnOnce() -> Result<Vec<Entry<'s>>, ErrorBody>,
        some: impl for<'e> FnOnce(&'e [Entry<'s>], usize) -> &'e [Entry<'s>],
    ) -> Answer {
        let count = count.parse::<usize>().ok().filter(|count| (1..=BATCH_MAX).contains(count));
        let count = count.ok_or_else(|| bad_parameter("count", &format!("must be a number between 1 and {BATCH_MAX}")))?;
        let entries = entries()?;
        Ok(reply(200, self.batch(some(&entries, count).iter().map(|entry| self.place_of(entry)).collect())))
    }

    fn batch(&self, results: Vec<Value>) -> Value {
        let now = self.asked.now();
        json!({ "status": "COMPLETE", "results": results, "requestedAt": now, "startedAt": now, "completedAt": now })
    }

    /// Entries by their offsets.
    fn read(&self, state: &State) -> Answer {
        let body = self.asked.body()?;
        if !body.contains_key("inputs") {
            return Err(missing_field("inputs"));
        }
        let offsets = texts(&body, "inputs")?;
        if offsets.is_empty() {
            return Err(bad_field("inputs", "must not be empty"));
        }
        if offsets.len() > BATCH_MAX {
            return Err(invalid::batch_too_large(BATCH_MAX, offsets.len()));
        }
        let by_offset: HashMap<String, Entry<'_>> = self.entries(state)?.into_iter().map(|entry| (offset_of(&entry), entry)).collect();
        let (found, lost): (Vec<&str>, Vec<&str>) = offsets.into_iter().partition(|offset| by_offset.contains_key(*offset));
        let mut answer = self.batch(found.iter().map(|offset| self.place_of(&by_offset[*offset])).collect());
        if lost.is_empty() {
            return Ok(reply(200, answer));
        }
        let error = invalid::journal_entries_missing(lost.into_iter().map(str::to_owned).collect());
        answer["numErrors"] = 1.into();
        answer["errors"] = json!([listed(&error)]);
        Ok(reply(207, answer))
    }

    /// What is in an entry, less what the app may not read by now.
    fn content(&self, state: &State, offset: &str) -> Answer {
        let entries = self.entries(state)?;
        let entry = entries.iter().find(|entry| offset_of(entry) == offset).ok_or_else(|| missing(offset))?;
        self.asked.work.answer(0, entry.events.len())?;
        let mut events: Vec<Value> = serde_json::from_str(entry.events).unwrap_or_default();
        let mut known = HashMap::new();
        events.retain_mut(|event| self.may_read(state, event, &mut known));
        Ok(reply(200, json!({ "offset": offset, "journalEvents": events, "publishedAt": entry.at.to_iso() })))
    }

    /// Whether the app may read an event. Takes the sensitive values out that it may not.
    fn may_read(&self, state: &State, event: &mut Value, known: &mut HashMap<String, Option<Kind>>) -> bool {
        let mut readable = |name: &str| *known.entry(name.to_owned()).or_insert_with(|| self.readable(state, name).ok());
        for end in ["fromObjectTypeId", "toObjectTypeId"] {
            if event[end].as_str().is_some_and(|name| readable(name).is_none()) {
                return false;
            }
        }
        let Some(name) = event["objectTypeId"].as_str() else { return true };
        let Some(kind) = readable(name) else { return false };
        if let Some(changes) = event.get_mut("propertyChanges").and_then(Value::as_object_mut) {
            changes.retain(|property, _| sensitive::needs(self.asked.call.by.as_ref(), state, kind, property, Access::Read).is_ok());
        }
        true
    }
}

fn offset_of(entry: &Entry<'_>) -> String {
    uuid("journal-entries", entry.number)
}
