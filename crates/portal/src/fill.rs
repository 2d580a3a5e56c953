//! Fills an account with a built-in set of records, or with those of a user's file: all of them or none.
//!
//! Records are created with HubSpot's own operations, as a caller would. So a record that HubSpot would refuse
//! is refused here too, and the error names its place in the input.

mod define;
mod factory;
mod format;
mod plausible;

use std::collections::{BTreeMap, HashMap};

use http::Method;
use keyway_core::path::{NormalPath, encode_component};
use keyway_core::time::Timestamp;
use keyway_objects::crm::write::needed_links;
use keyway_objects::documents::{self, Change};
use keyway_objects::kind::Kind;
use keyway_objects::settle::settle;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::{Call, Portal, RefillError, answer, copy, no_such_account, seed};
use format::{PlainCall, Row, Seed};

pub use format::{read_seed, read_yaml, seed_schema};

/// The built-in sets: name, and what is in it.
pub const SETS: [(&str, &str); 3] = [
    ("demo", "250 contacts, 40 companies, 30 deals and 20 tickets, associated; once"),
    ("minimal", "one contact, company, deal and ticket, associated"),
    ("activities", "a contact and a company with a call, an e-mail, a meeting, a note and a task"),
];

type Filled = Result<(), RefillError>;

impl Portal {
    /// Fills an account. What was made is answered: how many records of each type, and the ids of those
    /// that have a key.
    ///
    /// # Errors
    /// There is no such account, or something of the seed is refused; the text says which. Nothing was
    /// changed then.
    pub async fn fill(&self, hub_id: u64, seed: Value, now: Timestamp) -> Result<Value, RefillError> {
        let seed: Seed = serde_json::from_value(seed).map_err(|error| RefillError::Invalid(format!("the seed: {error}")))?;
        let account = self.account(hub_id).ok_or_else(|| no_such_account(hub_id))?;
        let begun = self.perform_waiting(&account, hub_id, now).await?;
        let (made, position) = {
            let mut state = account.alone().await;
            if state.is_deleted {
                return Err(no_such_account(hub_id));
            }
            self.desk.log.check_writable()?;
            let before = documents::of(&state);
            let mut filling = Filling {
                tx: Tx::new(&mut state),
                hub_id,
                now,
                made: Map::new(),
                defined: BTreeMap::new(),
                made_now: Vec::new(),
                ids: HashMap::new(),
            };
            match filling.all(seed) {
                Ok(()) => {
                    let made = filling.told();
                    (made, self.desk.append(filling.tx))
                }
                Err(refused) => {
                    let before = before.into_iter().filter(|change| change.space != "account");
                    let restored = copy::rebuild(&state, before.map(Change::into_document).collect())?;
                    state.put_back(restored);
                    return Err(refused);
                }
            }
        };
        self.desk.log.wait(position).await?;
        self.tell_until(&account, begun);
        Ok(made)
    }

    /// Performs a waiting import. Webhooks fire for its records, unlike for those of a seed. Returns the
    /// position of its changes in the log.
    async fn perform_waiting(&self, account: &Account, hub_id: u64, now: Timestamp) -> Result<u64, RefillError> {
        let mut state = account.alone().await;
        if state.is_deleted {
            return Err(no_such_account(hub_id));
        }
        self.desk.log.check_writable()?;
        // An import needs no call; this one only passes it the time.
        let (method, path) = (Method::GET, NormalPath::parse("/").expect("it is one"));
        let base = crate::HUBSPOT.into();
        let call = Call { hub_id, app_id: 0, user_id: hub_id, method, path, query: None, body: bytes::Bytes::new(), now, by: None, base };
        let mut tx = Tx::new(&mut state);
        while crate::collections::is_waiting(tx.state) {
            crate::collections::perform_part(&call, &mut tx);
        }
        settle(&mut tx, now);
        tx.note_import();
        let notices = keyway_objects::webhooks::notices(&mut tx, &call);
        let position = self.desk.append(tx);
        account.keep_untold(position, notices);
        Ok(position)
    }
}

struct Filling<'a> {
    tx: Tx<'a>,
    hub_id: u64,
    now: Timestamp,
    /// Records made, by type.
    made: Map<String, Value>,
    /// What else was made, by kind.
    defined: BTreeMap<&'static str, u64>,
    /// The same records as in `made`.
    made_now: Vec<(Kind, u64)>,
    /// The ids of records with a key, as `companies/acme`.
    ids: HashMap<String, String>,
}

impl Filling<'_> {
    fn all(&mut self, seed: Seed) -> Filled {
        let lists_in = |by_type: &Map<String, Value>| -> usize { by_type.values().filter_map(Value::as_array).map(Vec::len).sum() };
        for (kind, count) in [
            ("owners", seed.owners.len()),
            ("objectTypes", seed.schemas.len()),
            ("groups", lists_in(&seed.groups)),
            ("properties", lists_in(&seed.properties)),
            ("pipelines", lists_in(&seed.pipelines)),
            ("labels", seed.labels.len()),
            ("lists", seed.lists.len()),
            ("calls", seed.calls.len()),
        ] {
            if count > 0 {
                *self.defined.entry(kind).or_default() += count as u64;
            }
        }
        if let Some(options) = seed.settings {
            options.put(&mut self.tx);
        }
        if let Some(set) = &seed.set {
            self.set(set)?;
        }
        self.owners(seed.owners)?;
        for (at, schema) in seed.schemas.into_iter().enumerate() {
            self.call(&format!("schemas[{at}]"), "POST", "/crm-object-schemas/2026-09/schemas", schema)?;
        }
        self.groups(seed.groups)?;
        self.properties(seed.properties)?;
        self.pipelines(seed.pipelines)?;
        self.labels(seed.labels)?;
        self.records(seed.records)?;
        self.factories(seed.number, &seed.factories)?;
        self.lists(seed.lists)?;
        for (at, PlainCall { method, path, body }) in seed.calls.into_iter().enumerate() {
            self.call(&format!("calls[{at}] ({method} {path})"), &method, &path, body)?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str) -> Filled {
        let text = match name {
            "demo" => {
                let made = seed::demo(&mut self.tx, self.now);
                let counts = [("contacts", made.contacts), ("companies", made.companies), ("deals", made.deals), ("tickets", made.tickets)];
                self.made.extend(counts.map(|(kind, count)| (kind.to_owned(), count.into())));
                return Ok(());
            }
            "minimal" => include_str!("../data/sets/minimal.json"),
            "activities" => include_str!("../data/sets/activities.json"),
            _ => {
                let names = SETS.map(|(name, _)| name).join(", ");
                return Err(RefillError::Invalid(format!("there is no set {name}; there are {names}")));
            }
        };
        self.all(serde_json::from_str(text).expect("a built-in set is a seed; a test fills an account with each"))
    }

    /// Records first, then what they are associated with: a record may name one that comes later. Records that need
    /// an associated record come last.
    fn records(&mut self, records: Map<String, Value>) -> Filled {
        let mut wanted = Vec::new();
        let needs = |kind: &str| self.tx.state.kind(kind).is_some_and(|kind| needed_links(kind).next().is_some());
        let (last, first): (Vec<_>, Vec<_>) = records.into_iter().partition(|(kind, _)| needs(kind));
        for (kind, rows) in first.into_iter().chain(last) {
            for (at, row) in list(&kind, rows)?.into_iter().enumerate() {
                let place = format!("records.{kind}[{at}]");
                let row: Row = serde_json::from_value(row).map_err(|error| RefillError::Invalid(format!("{place}: {error}")))?;
                let path = format!("/crm/objects/2026-09/{}", encoded(&kind));
                let body = json!({ "properties": row.properties, "associations": self.needed(&kind, &row.associations) });
                let made = self.call(&place, "POST", &path, body)?;
                let id = made["id"].as_str().unwrap_or_default().to_owned();
                self.count(&kind);
                if let Some(own) = self.tx.state.kind(&kind) {
                    self.made_now.push((own, id.parse().unwrap_or_default()));
                }
                wanted.extend(row.associations.into_iter().map(|to| (place.clone(), kind.clone(), id.clone(), to)));
                if let Some(key) = row.key {
                    self.name_record(&place, &kind, &key, &id)?;
                }
            }
        }
        for (place, kind, id, to) in wanted {
            let unknown =
                || RefillError::Invalid(format!("{place}: {to} is not a record of this seed; write type/key, such as companies/acme"));
            let (other, _) = to.split_once('/').ok_or_else(unknown)?;
            let other_id = self.ids.get(&to).cloned().ok_or_else(unknown)?;
            let path = format!("/crm/objects/2026-09/{}/{id}/associations/default/{}/{other_id}", encoded(&kind), encoded(other));
            self.call(&format!("{place}, association with {to}"), "PUT", &path, Value::Null)?;
        }
        Ok(())
    }

    /// The associations, of those that a seed names, that a record needs when it is made.
    fn needed(&self, kind: &str, named: &[String]) -> Vec<Value> {
        let Some(own) = self.tx.state.kind(kind) else { return Vec::new() };
        let one = |to: &String| {
            let other = self.tx.state.kind(to.split_once('/')?.0)?;
            let id = self.ids.get(to).filter(|_| needed_links(own).any(|needed| needed == other))?;
            Some(self.new_link(own, other, id))
        };
        named.iter().filter_map(one).collect()
    }

    /// An association of a record that is not made yet.
    fn new_link(&self, from: Kind, to: Kind, id: &str) -> Value {
        let types = [json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.tx.state.link_types.plain(from, to) })];
        json!({ "to": { "id": id }, "types": types })
    }

    fn count(&mut self, kind: &str) {
        let count = self.made.get(kind).and_then(Value::as_u64).unwrap_or(0) + 1;
        self.made.insert(kind.to_owned(), count.into());
    }

    fn name_record(&mut self, place: &str, kind: &str, key: &str, id: &str) -> Filled {
        match self.ids.insert(format!("{kind}/{key}"), id.to_owned()) {
            None => Ok(()),
            Some(_) => Err(RefillError::Invalid(format!("{place}: another record of {kind} has the key {key}"))),
        }
    }

    /// One call of HubSpot's API; what it answers.
    fn call(&mut self, place: &str, method: &str, target: &str, body: Value) -> Result<Value, RefillError> {
        let refused = |what: String| RefillError::Refused { place: place.to_owned(), what, field: None };
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
        let call = Call {
            hub_id: self.hub_id,
            app_id: 0,
            user_id: self.hub_id,
            method: method.parse::<Method>().map_err(|_| refused(format!("{method} is not a method")))?,
            path: NormalPath::parse(path).map_err(|error| refused(error.to_string()))?,
            query,
            body: if body.is_null() { bytes::Bytes::new() } else { body.to_string().into() },
            now: self.now,
            by: None,
            base: crate::HUBSPOT.into(),
        };
        let reply = answer(&call, &mut self.tx).map_err(|error| {
            let field = error.errors.first().and_then(|detail| detail.in_.clone());
            let refused = |what: String| RefillError::Refused { place: place.to_owned(), what, field };
            let is_new = |detail: &&str| !error.message.contains(detail);
            let details: Vec<&str> = error.errors.iter().map(|detail| detail.message.as_str()).filter(is_new).collect();
            // HubSpot's message lists in JSON what the details say.
            match error.message.split_once(": [{") {
                Some((message, _)) if !details.is_empty() => refused(format!("{message}: {}", details.join("; "))),
                _ => refused(format!("{} {}", error.message, details.join("; ")).trim_end().to_owned()),
            }
        })?;
        Ok(serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    fn told(&self) -> Value {
        json!({ "made": self.made, "defined": self.defined, "ids": self.ids })
    }
}

fn list(name: &str, value: Value) -> Result<Vec<Value>, RefillError> {
    match value {
        Value::Array(list) => Ok(list),
        _ => Err(RefillError::Invalid(format!("{name} holds a list"))),
    }
}

fn encoded(segment: &str) -> String {
    let mut path = String::new();
    encode_component(segment, &mut path);
    path
}
