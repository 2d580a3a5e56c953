//! Writes records as JSON directly into the bytes of the answer.

use keyway_core::policy::OnBehalf;
use keyway_core::time::Timestamp;

use crate::derived;
use crate::kind::Kind;
use crate::links::End;
use crate::property::Name;
use crate::record::Record;
use crate::schema::Schema;
use crate::sensitive;
use crate::state::State;
use crate::work::{Exceeded, Work};

/// Which parts of a record an answer shows.
#[derive(Debug, Default)]
pub struct View {
    /// In alphabetical order.
    pub properties: Vec<Name>,
    /// Further ones, shown only where they have a value; in alphabetical order.
    pub if_set: Vec<Name>,
    /// Shown with their history.
    pub history: Vec<Name>,
    /// Types whose associations are shown.
    pub associations: Vec<Kind>,
    /// Where the account is reached: for links to further associations.
    pub base: String,
}

impl View {
    /// What a call that asks for these properties is shown: they, and those every answer has. Unknown
    /// names are left out in silence, as HubSpot does. No names mean the type's defaults.
    pub fn of(schema: &Schema, names: &[&str], history: &[&str], associations: Vec<Kind>) -> Self {
        let known = |names: &[&str]| -> Vec<Name> {
            names.iter().filter_map(|name| schema.get(name)).map(|property| property.name.clone()).collect()
        };
        let mut properties = if names.is_empty() && history.is_empty() { schema.defaults.clone() } else { known(names) };
        properties.extend(base(schema));
        let history = known(history);
        properties.extend(history.iter().cloned());
        properties.sort_unstable();
        properties.dedup();
        Self { properties, history, associations, ..Self::default() }
    }

    /// What the answer to a write shows: what was written, and what HubSpot calculates of it at once.
    pub fn written(schema: &Schema, kind: Kind, written: &[(Name, String)], is_new: bool) -> Self {
        let mut properties: Vec<Name> = written.iter().map(|(name, _)| name.clone()).chain(base(schema)).collect();
        properties.extend(schema.get("hs_object_source").filter(|_| is_new).map(|property| property.name.clone()));
        properties.sort_unstable();
        properties.dedup();
        let is_written = |name: &str| written.iter().any(|(own, _)| **own == *name);
        let if_set = derived::answered(kind, if is_new { None } else { Some(&is_written) });
        Self { properties, if_set, ..Self::default() }
    }
}

impl View {
    /// The same, less the sensitive values that a caller may not see.
    pub fn seen_by(mut self, by: Option<&OnBehalf>, kind: Kind, schema: &Schema) -> Self {
        if !schema.sensitive.is_empty() {
            self.properties.retain(|name| !sensitive::is_hidden(by, kind, schema, name));
            self.if_set.retain(|name| !sensitive::is_hidden(by, kind, schema, name));
            self.history.retain(|name| !sensitive::is_hidden(by, kind, schema, name));
        }
        self
    }
}

impl View {
    /// Shows all properties only where they have a value.
    pub fn show_if_set(&mut self) {
        self.if_set.append(&mut self.properties);
        self.if_set.sort_unstable();
        self.if_set.dedup();
    }

    /// The properties in alphabetical order, and whether each is shown without a value too.
    fn names(&self) -> impl Iterator<Item = (&Name, bool)> {
        let (mut always, mut if_set) = (self.properties.iter().peekable(), self.if_set.iter().peekable());
        std::iter::from_fn(move || match (always.peek(), if_set.peek()) {
            (Some(one), Some(other)) if one > other => Some((if_set.next()?, false)),
            (Some(one), Some(other)) => {
                if one == other {
                    if_set.next();
                }
                Some((always.next()?, true))
            }
            (Some(_), None) => Some((always.next()?, true)),
            (None, _) => Some((if_set.next()?, false)),
        })
    }
}

/// What every record shows: its id and its two dates.
fn base(schema: &Schema) -> Vec<Name> {
    let id = schema.get("hs_object_id").map(|property| property.name.clone());
    [id, schema.created_name.clone(), schema.modified_name.clone()].into_iter().flatten().collect()
}

/// Appends a record as JSON.
pub fn record(out: &mut Vec<u8>, state: &State, kind: Kind, record: &Record, view: &View, work: &Work) -> Result<(), Exceeded> {
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(record.id.to_string().as_bytes());
    out.extend_from_slice(b"\",\"properties\":{");
    let mut shown = 0;
    for (name, always) in view.names() {
        let value = derived::value(state, kind, record, name);
        if value.is_none() && !always {
            continue;
        }
        separate(out, shown);
        shown += 1;
        text(out, name);
        out.push(b':');
        match value {
            Some(value) => {
                work.answer(out.len(), value.len())?;
                text(out, &value);
            }
            None => out.extend_from_slice(b"null"),
        }
    }
    work.answer(out.len(), (view.properties.len() + view.if_set.len()) * BYTES_AROUND)?;
    out.push(b'}');
    if !view.history.is_empty() {
        histories(out, state, (kind, record), &view.history, work)?;
    }
    moment(out, "createdAt", record.created_at);
    moment(out, "updatedAt", record.updated_at);
    out.extend_from_slice(if record.archived_at.is_some() { b",\"archived\":true" } else { b",\"archived\":false" });
    if let Some(at) = record.archived_at {
        moment(out, "archivedAt", at);
    }
    associations(out, state, (kind, record.id), view, work)?;
    out.push(b'}');
    Ok(())
}

/// Bytes around a value, its name among them, as far as its steps are concerned.
const BYTES_AROUND: usize = 16;

/// A list of records as a JSON array.
pub fn records<'a>(
    out: &mut Vec<u8>,
    state: &State,
    kind: Kind,
    list: impl Iterator<Item = &'a Record>,
    view: &View,
    work: &Work,
) -> Result<(), Exceeded> {
    out.push(b'[');
    for (at, one) in list.enumerate() {
        separate(out, at);
        record(out, state, kind, one, view, work)?;
    }
    out.push(b']');
    Ok(())
}

/// A JSON string.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

fn separate(out: &mut Vec<u8>, at: usize) {
    if at > 0 {
        out.push(b',');
    }
}

fn moment(out: &mut Vec<u8>, name: &str, at: Timestamp) {
    for part in [",\"", name, "\":\"", &at.to_iso(), "\""] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Newest first, as HubSpot lists them.
fn histories(out: &mut Vec<u8>, state: &State, (kind, record): (Kind, &Record), names: &[Name], work: &Work) -> Result<(), Exceeded> {
    out.extend_from_slice(b",\"propertiesWithHistory\":{");
    for (at, name) in names.iter().enumerate() {
        separate(out, at);
        text(out, name);
        out.extend_from_slice(b":[");
        for (at, version) in record.history(name).enumerate() {
            work.answer(out.len(), version.value.len() + 4 * BYTES_AROUND)?;
            separate(out, at);
            out.extend_from_slice(b"{\"value\":");
            text(out, version.value);
            moment(out, "timestamp", version.at);
            match version.app_id {
                0 if derived::is_calculated(kind, name) => out.extend_from_slice(CALCULATED),
                0 => out.extend_from_slice(b",\"sourceType\":\"INTERNAL_PROCESSING\"}"),
                app_id => out.extend_from_slice(format!(",\"sourceType\":\"INTEGRATION\",\"sourceId\":\"{app_id}\"}}").as_bytes()),
            }
        }
        for (at, (value, since)) in derived::history(state, kind, record, name).into_iter().enumerate() {
            work.answer(out.len(), value.len() + 4 * BYTES_AROUND)?;
            separate(out, at);
            out.extend_from_slice(b"{\"value\":");
            text(out, &value);
            moment(out, "timestamp", since);
            out.extend_from_slice(CALCULATED);
        }
        out.push(b']');
    }
    out.push(b'}');
    Ok(())
}

/// How a version ends that HubSpot calculated, as its answers show it.
const CALCULATED: &[u8] = b",\"sourceType\":\"CALCULATED\"}";

/// In the v3 shape, which every version of a record has: id and name of the type.
fn associations(out: &mut Vec<u8>, state: &State, from: End, view: &View, work: &Work) -> Result<(), Exceeded> {
    let mut found = serde_json::Map::new();
    for kind in &view.associations {
        let mut rest = state.links.of(from, *kind);
        let page: Vec<_> = rest.by_ref().take(ASSOCIATIONS_MAX).collect();
        work.each(page.iter().map(|(_, types)| types.len()).sum(), ENTRY_STEPS)?;
        let results: Vec<_> = page
            .into_iter()
            .flat_map(|(id, types)| types.iter().map(move |own| (id, *own)))
            .map(|(id, own)| serde_json::json!({ "id": id.to_string(), "type": type_name(state, from.0, *kind, own) }))
            .collect();
        if !results.is_empty() {
            let mut body = serde_json::json!({ "results": results });
            if let Some((next, _)) = rest.next() {
                let (own, to) = (&state.space(from.0).name, &state.space(*kind).name);
                let link = format!("{}/crm/v3/objects/{own}/{}/associations/{to}?after={next}", view.base, from.1);
                body["paging"] = serde_json::json!({ "next": { "after": next.to_string(), "link": link } });
            }
            found.insert(state.space(*kind).name.to_string(), body);
        }
    }
    if !found.is_empty() {
        out.extend_from_slice(b",\"associations\":");
        out.extend_from_slice(serde_json::Value::Object(found).to_string().as_bytes());
    }
    Ok(())
}

/// Associated records of a type that a record is shown with; the others are at `paging.next.link`. Clients
/// have seen pages of a hundred (dlt-hub/verified-sources#593).
pub const ASSOCIATIONS_MAX: usize = 100;

/// Steps of one entry of an answer that is built in memory first. The number also accounts for its memory,
/// about 500 bytes.
pub const ENTRY_STEPS: u64 = 100;

/// The v3 name of an association's type.
pub fn type_name(state: &State, from: Kind, to: Kind, id: u32) -> &str {
    state.link_types.get(from, to, id).map_or("", |link| link.name.as_str())
}
