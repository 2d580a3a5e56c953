//! Compares two copies of an account.
//!
//! Lines that are the same in both copies are skipped unparsed, so the cost depends on the size of the
//! difference. Times and authors of changes are not compared: they differ wherever anything else does.

use std::collections::{BTreeMap, HashMap, HashSet};

use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use crate::copy::{Line, body_lines};
use crate::{Portal, RefillError, copy, no_such_account, seed};

/// Fields of definitions that hold the time or the author of a change, or count changes.
const OF_CHANGES: [&str; 9] =
    ["created_at", "updated_at", "filters_updated_at", "audit", "edits", "version", "app_id", "archived_at", "deleted_at"];
/// Properties that change with every write.
const OF_WRITES: [&str; 3] = ["lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"];

/// The differences to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Records with their properties.
    Records,
    /// Associations of records.
    Associations,
    /// Object types, properties, groups, pipelines, labels, owners and lists.
    Definitions,
}

impl Only {
    /// Reads `records`, `associations` or `definitions`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "records" => Some(Self::Records),
            "associations" => Some(Self::Associations),
            "definitions" => Some(Self::Definitions),
            _ => None,
        }
    }

    fn fits(self, what: &str) -> bool {
        match what {
            "record" => self == Self::Records,
            "association" => self == Self::Associations,
            "type" | "property" | "group" | "pipeline" | "label" | "association limit" | "owner" | "list" | "list folder" => {
                self == Self::Definitions
            }
            _ => false,
        }
    }
}

/// What a thing of a copy is, and which one: its kind, its object type, its name.
type Key = (&'static str, String, String);

impl Portal {
    /// What differs between two copies of an account; see [`differences`]. Without `from`, the account as it was made
    /// is compared; without `to`, the account as it is.
    ///
    /// # Errors
    /// There is no such account, or a copy can't be read.
    pub async fn differences(
        &self,
        hub_id: u64,
        from: Option<Vec<u8>>,
        to: Option<Vec<u8>>,
        limit: usize,
        only: Option<Only>,
    ) -> Result<Value, RefillError> {
        let from = match from {
            Some(from) => from,
            None => {
                let account = self.account(hub_id).ok_or_else(|| no_such_account(hub_id))?;
                let settings = account.shared().await.settings.clone();
                let created_at = settings.created_at;
                let mut fresh = State::new(hub_id, settings);
                seed::owners(&mut Tx::new(&mut fresh), created_at);
                copy::text(&fresh)
            }
        };
        let to = match to {
            Some(to) => to,
            None => self.copy_account(hub_id).await?,
        };
        differences(&from, &to, limit, only)
    }
}

/// What differs between two copies: `different`, `changes` (at most `limit`), how many were left out, and counts by kind.
///
/// # Errors
/// A copy can't be read; says which line.
pub fn differences(from: &[u8], to: &[u8], limit: usize, only: Option<Only>) -> Result<Value, RefillError> {
    let which = |name: &str, error: RefillError| RefillError::Invalid(format!("the {name} copy: {error}"));
    let before = body_lines(from).map_err(|error| which("first", error))?;
    let after = body_lines(to).map_err(|error| which("second", error))?;
    let in_before: HashSet<&str> = before.iter().map(|(_, line)| *line).collect();
    let in_after: HashSet<&str> = after.iter().map(|(_, line)| *line).collect();
    let old = things(&before, &in_after).map_err(|error| which("first", error))?;
    let mut new = things(&after, &in_before).map_err(|error| which("second", error))?;
    let mut pairs: Vec<(Key, Option<Value>, Option<Value>)> = old
        .into_iter()
        .map(|(key, body)| {
            let now = new.remove(&key);
            (key, Some(body), now)
        })
        .collect();
    pairs.extend(new.into_iter().map(|(key, body)| (key, None, Some(body))));
    pairs.sort_by(|one, other| order(&one.0).cmp(&order(&other.0)));

    let (mut changes, mut counts, mut found) = (Vec::new(), BTreeMap::<&str, Map<String, Value>>::new(), 0_usize);
    for ((what, of, name), old, new) in pairs {
        if only.is_some_and(|only| !only.fits(what)) {
            continue;
        }
        let fields = fields(old.as_ref(), new.as_ref());
        let change = match (&old, &new) {
            (None, _) => "created",
            (_, None) => "deleted",
            _ if fields.is_empty() => continue,
            _ => "updated",
        };
        found += 1;
        let count = counts.entry(what).or_default().entry(change).or_insert(Value::from(0));
        *count = (count.as_u64().unwrap_or_default() + 1).into();
        if changes.len() < limit {
            changes.push(json!({ "change": change, "what": what, "type": of, "name": name, "fields": fields }));
        }
    }
    Ok(json!({ "different": found > 0, "count": found, "counts": counts, "leftOut": found - changes.len(), "changes": changes }))
}

/// Definitions first; numbers by their size.
fn order((what, of, name): &Key) -> (usize, &str, u64, &str) {
    const KINDS: [&str; 9] = ["owner", "type", "group", "property", "pipeline", "label", "association limit", "list folder", "list"];
    let place = KINDS.iter().position(|own| own == what).unwrap_or(KINDS.len() + usize::from(*what == "association"));
    (place, of, name.parse().unwrap_or(u64::MAX), name)
}

/// The things of a copy that the other copy does not have just so.
fn things(lines: &[(usize, &str)], other: &HashSet<&str>) -> Result<HashMap<Key, Value>, RefillError> {
    let read = |at: usize, line: &str| -> Result<Line, RefillError> {
        serde_json::from_str(line).map_err(|error| RefillError::Invalid(format!("line {}: {error}", at + 1)))
    };
    // The names of custom types, whose IDs differ between accounts.
    let mut types = HashMap::new();
    for (at, line) in lines.iter().filter(|(_, line)| line.starts_with("{\"space\":\"type\"")) {
        let line = read(*at, line)?;
        types.insert(line.key, line.body["name"].as_str().unwrap_or_default().to_owned());
    }
    let mut things = HashMap::new();
    for (at, line) in lines.iter().filter(|(_, line)| !other.contains(line)) {
        let line = read(*at, line)?;
        if let Some((key, body)) = thing(line, &types) {
            things.insert(key, body);
        }
    }
    Ok(things)
}

fn thing(line: Line, types: &HashMap<String, String>) -> Option<(Key, Value)> {
    let Line { space, key, body } = line;
    let parts: Vec<&str> = key.split('/').collect();
    let named = |kind: &str| types.get(kind).cloned().unwrap_or_else(|| kind.to_owned());
    let (first, rest) = key.split_once('/').unwrap_or((&key, ""));
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let key: Key = match space.as_str() {
        "record" => return Some((("record", named(first), rest.to_owned()), record(&body))),
        "link" => {
            let [from, from_id, to, to_id] = parts[..] else { return None };
            // One of the two directions.
            if (from, from_id.parse::<u64>().ok()?) > (to, to_id.parse::<u64>().ok()?) {
                return None;
            }
            let ends = format!("{}/{from_id} {}/{to_id}", named(from), named(to));
            return Some((("association", String::new(), ends), json!({ "typeIds": body })));
        }
        "owner" => ("owner", String::new(), key),
        "type" => ("type", String::new(), named(&key)),
        "property" => ("property", named(first), rest.to_owned()),
        "group" => ("group", named(first), rest.to_owned()),
        "pipeline" => ("pipeline", named(first), rest.to_owned()),
        "label" if body["label"].is_null() => return None,
        "label" => ("label", format!("{} {}", named(first), named(parts.get(1)?)), text("label")),
        "link_limit" => ("association limit", format!("{} {}", named(first), named(parts.get(1)?)), (*parts.get(2)?).to_owned()),
        "list" => ("list", named(body["kind"].as_str().unwrap_or_default()), text("name")),
        "folder" => ("list folder", String::new(), text("name")),
        "member" => ("list member", first.to_owned(), rest.to_owned()),
        "item" => ("item", first.to_owned(), rest.to_owned()),
        _ => return None,
    };
    let mut body = body;
    if let Some(fields) = body.as_object_mut() {
        let archived = fields.get("archived_at").or(fields.get("deleted_at")).is_some_and(|at| !at.is_null());
        fields.retain(|name, _| !(OF_CHANGES.contains(&name.as_str()) || space == "list" && matches!(name.as_str(), "id" | "kind")));
        if archived {
            fields.insert("archived".to_owned(), true.into());
        }
        for stage in fields.get_mut("stages").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(stage) = stage.as_object_mut() {
                let archived = stage.get("archived_at").is_some_and(|at| !at.is_null());
                stage.retain(|name, _| !OF_CHANGES.contains(&name.as_str()));
                if archived {
                    stage.insert("archived".to_owned(), true.into());
                }
            }
        }
    }
    // HubSpot shows the name of a label nowhere.
    if space == "label"
        && let Some(fields) = body.as_object_mut()
    {
        fields.shift_remove("name");
    }
    if space == "member" {
        body = json!({});
    }
    Some((key, body))
}

/// A record's values by property, in the form of [`keyway_objects::record::Record::to_stored`].
fn record(body: &Value) -> Value {
    let mut values = Map::new();
    for cell in body["p"].as_array().into_iter().flatten() {
        let (name, value) = (cell[0].as_str().unwrap_or_default(), &cell[1]["v"]);
        if !OF_WRITES.contains(&name) && *value != "" {
            values.insert(name.to_owned(), value.clone());
        }
    }
    if !body["x"].is_null() {
        values.insert("archived".to_owned(), true.into());
    }
    values.into()
}

fn fields(old: Option<&Value>, new: Option<&Value>) -> Map<String, Value> {
    let empty = Map::new();
    let of = |side: Option<&Value>| match side {
        Some(Value::Object(fields)) => fields.clone(),
        Some(whole) => Map::from_iter([("value".to_owned(), whole.clone())]),
        None => empty.clone(),
    };
    let (old, new) = (of(old), of(new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut fields = Map::new();
    for name in names {
        let (from, to) = (old.get(name), new.get(name));
        if from != to {
            let sides = [("from", from), ("to", to)].into_iter().filter_map(|(side, value)| Some((side.to_owned(), value?.clone())));
            fields.insert(name.clone(), Value::Object(sides.collect()));
        }
    }
    fields
}
