//! The contact of a submission: made, or changed, as one written by the form.

use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_core::time::Timestamp;
use keyway_objects::crm::write;
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::record::Record;
use keyway_objects::request::Request;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value};

use super::fields::{self, Field};
use super::{Asked, not_valid};

/// What of the submission the contact's own properties say.
pub struct Conversion {
    pub name: String,
    pub at: Timestamp,
    /// Whether the address has submitted this form before.
    pub is_again: bool,
}

/// Makes or changes the contact with the submission's address. A submission without one comes from a visitor whom only a
/// cookie tells apart, and there are no visits here: no contact is made of it.
pub fn put(asked: &Asked<'_>, tx: &mut Tx<'_>, given: &[Field], conversion: &Conversion) -> Result<(), ErrorBody> {
    let Some(email) = fields::email(given) else { return Ok(()) };
    let kind = Kind::of("contacts").expect("contacts are a type");
    let request =
        Request { source: "FORM", by: asked.call.by.as_ref(), work: tx.work, ..Request::of_program(asked.call.app_id, asked.call.now) };
    let current = tx.state.table(kind).holder("email", &email.to_lowercase()).and_then(|id| tx.state.table(kind).live(id));
    let mut properties = Map::new();
    for field in given.iter().filter(|field| field.is_of_contact()) {
        let value = properties.entry(field.name.clone()).or_insert_with(|| Value::from(""));
        // A field that is there more than once has several choices.
        let before = value.as_str().unwrap_or_default();
        *value = if before.is_empty() { field.value.clone().into() } else { format!("{before};{}", field.value).into() };
    }
    let body = Map::from_iter([("properties".to_owned(), Value::from(properties))]);
    let values = write::properties(&request, tx.state, kind, &body, current).map_err(as_form)?;
    let mut record = match current {
        Some(current) => write::changed_record(&request, tx.state.schema(kind), current, &values)?,
        None => {
            let id = tx.take_id(kind);
            write::new_record(&request, tx.state.schema(kind), id, &values)?
        }
    };
    write::refuse_duplicate(tx.state, kind, &record)?;
    note(tx, kind, &mut record, conversion, &request);
    write::put(&request, tx, kind, record, &values, Vec::new());
    Ok(())
}

/// knowledge.hubspot.com/properties/hubspots-default-contact-properties: the first and the most recent conversion, and
/// how many there were.
fn note(tx: &Tx<'_>, kind: Kind, record: &mut Record, conversion: &Conversion, request: &Request<'_>) {
    let at = conversion.at.to_iso();
    let number = |record: &Record, name: &str| record.get(name).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
    let (all, unique) = (number(record, "num_conversion_events") + 1, number(record, "num_unique_conversion_events"));
    let unique = unique + u64::from(!conversion.is_again);
    let mut set = |name: &str, value: &str, only_first: bool| {
        if let Some(property) = tx.state.schema(kind).get(name)
            && !(only_first && record.get(&property.name).is_some_and(|value| !value.is_empty()))
        {
            record.set(&property.name, value, request.now, request.app_id);
        }
    };
    set("first_conversion_date", &at, true);
    set("first_conversion_event_name", &conversion.name, true);
    set("recent_conversion_date", &at, false);
    set("recent_conversion_event_name", &conversion.name, false);
    set("num_conversion_events", &all.to_string(), false);
    set("num_unique_conversion_events", &unique.to_string(), false);
}

/// The refusal of a property as the refusal of its field.
fn as_form(error: ErrorBody) -> ErrorBody {
    let name = |detail: &ErrorDetail| detail.context.get("propertyName").and_then(|names| names.get(0)?.as_str().map(str::to_owned));
    let faults: Vec<ErrorDetail> = error
        .errors
        .iter()
        .filter_map(|detail| {
            let (place, problem) = (format!("fields.{}", name(detail)?), &detail.message);
            Some(match detail.code.as_deref()? {
                "INVALID_EMAIL" => invalid::submission_email(place),
                "INVALID_OPTION" => invalid::submission_option(place, problem),
                "INVALID_INTEGER" => invalid::submission_number(place, problem),
                "INVALID_STRING" => invalid::submission_too_long(place, problem),
                _ => invalid::submission_value(place, problem),
            })
        })
        .collect();
    if faults.is_empty() { error } else { not_valid(faults) }
}
