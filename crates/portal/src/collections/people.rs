//! Records that a call beyond the CRM writes: the contact with an address, or a record that it names.

use keyway_core::error_body::ErrorBody;
use keyway_objects::crm::write;
use keyway_objects::kind::Kind;
use keyway_objects::request::Request;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value};

use super::Asked;

/// Whom a call is about.
#[derive(Clone, Debug)]
pub enum Who {
    /// A record that is there.
    Record(Kind, u64),
    /// The contact with an address, in lower case, which may have to be made.
    Email(String),
}

pub fn contacts() -> Kind {
    Kind::of("contacts").expect("contacts are a type")
}

/// The record, if it is there.
pub fn found(state: &State, who: &Who) -> Option<(Kind, u64)> {
    match who {
        Who::Record(kind, id) => Some((*kind, *id)),
        Who::Email(email) => state.table(contacts()).holder("email", email).map(|id| (contacts(), id)),
    }
}

fn request<'a>(asked: &'a Asked<'_>) -> Request<'a> {
    Request { by: asked.call.by.as_ref(), work: asked.work, ..Request::of_program(asked.call.app_id, asked.call.now) }
}

/// Whether the properties can be written.
///
/// # Errors
/// HubSpot's refusal of a property.
pub fn check(asked: &Asked<'_>, state: &State, who: &Who, properties: &Map<String, Value>) -> Result<(), ErrorBody> {
    values(asked, state, who, properties).map(drop)
}

fn values(asked: &Asked<'_>, state: &State, who: &Who, properties: &Map<String, Value>) -> Result<write::Values, ErrorBody> {
    let (record, mut given) = (found(state, who), properties.clone());
    if let (None, Who::Email(email)) = (record, who) {
        given.insert("email".to_owned(), email.as_str().into());
    }
    let kind = record.map_or_else(contacts, |(kind, _)| kind);
    let current = record.and_then(|(kind, id)| state.table(kind).live(id));
    write::properties(&request(asked), state, kind, &Map::from_iter([("properties".to_owned(), given.into())]), current)
}

/// Writes properties of a record, and makes the contact where there is none. Returns the record's id.
///
/// # Errors
/// HubSpot's refusal of a property; nothing was changed.
pub fn write(asked: &Asked<'_>, tx: &mut Tx<'_>, who: &Who, properties: &Map<String, Value>) -> Result<u64, ErrorBody> {
    let record = found(tx.state, who);
    if let (Some((_, id)), true) = (record, properties.is_empty()) {
        return Ok(id);
    }
    let (values, request) = (values(asked, tx.state, who, properties)?, request(asked));
    let kind = record.map_or_else(contacts, |(kind, _)| kind);
    let record = match record.and_then(|(kind, id)| tx.state.table(kind).live(id)) {
        Some(current) => write::changed_record(&request, tx.state.schema(kind), current, &values)?,
        None => {
            let id = tx.take_id(kind);
            write::new_record(&request, tx.state.schema(kind), id, &values)?
        }
    };
    write::refuse_duplicate(tx.state, kind, &record)?;
    let id = record.id;
    write::put(&request, tx, kind, record, &values, Vec::new());
    Ok(id)
}

/// Makes a record. Returns its id.
///
/// # Errors
/// HubSpot's refusal of a property; nothing was changed.
pub fn create(asked: &Asked<'_>, tx: &mut Tx<'_>, kind: Kind, properties: &Map<String, Value>) -> Result<u64, ErrorBody> {
    create_linked(asked, tx, kind, properties, Value::Null)
}

/// Makes a record with associations, in the form of a create. Returns its id.
///
/// # Errors
/// HubSpot's refusal of a property or an association; nothing was changed.
pub fn create_linked(
    asked: &Asked<'_>,
    tx: &mut Tx<'_>,
    kind: Kind,
    properties: &Map<String, Value>,
    associations: Value,
) -> Result<u64, ErrorBody> {
    let request = request(asked);
    let body = Map::from_iter([("properties".to_owned(), properties.clone().into()), ("associations".to_owned(), associations)]);
    let (values, links) =
        (write::properties(&request, tx.state, kind, &body, None)?, write::wanted_links(&request, tx.state, kind, &body)?);
    let id = tx.take_id(kind);
    let record = write::new_record(&request, tx.state.schema(kind), id, &values)?;
    write::refuse_duplicate(tx.state, kind, &record)?;
    write::put(&request, tx, kind, record, &values, links);
    Ok(id)
}
