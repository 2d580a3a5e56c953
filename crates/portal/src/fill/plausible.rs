//! Realistic values of a property, for factories. No real person has the email addresses and telephone numbers
//! (RFC 2606; 555-0100 to 555-0199).

use keyway_core::time::Timestamp;
use keyway_objects::kind::Kind;
use keyway_objects::pipelines;
use keyway_objects::property::{Property, ValueType};
use keyway_objects::state::State;
use serde_json::{Map, Value};

use super::factory::Place;
use crate::seed::{CITIES, FIRST_NAMES, LAST_NAMES, TRADES};

/// 2026-01-01, in milliseconds: days are drawn from the year that follows.
const YEAR_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;
const JOBS: [&str; 6] = ["Accountant", "Buyer", "Consultant", "Designer", "Engineer", "Manager"];

/// What people expect of a record, beside what HubSpot asks for.
const EXPECTED: [(&str, &[&str]); 13] = [
    ("contacts", &["firstname", "lastname", "email", "phone", "city"]),
    ("companies", &["name", "domain", "city"]),
    ("deals", &["dealname", "amount", "closedate", "pipeline", "dealstage"]),
    ("tickets", &["subject", "hs_pipeline", "hs_pipeline_stage"]),
    ("products", &["name", "price"]),
    ("line_items", &["name", "quantity", "price"]),
    ("quotes", &["hs_title", "hs_expiration_date"]),
    ("calls", &["hs_timestamp", "hs_call_title"]),
    ("emails", &["hs_timestamp", "hs_email_subject", "hs_email_direction"]),
    ("meetings", &["hs_timestamp", "hs_meeting_title"]),
    ("notes", &["hs_timestamp", "hs_note_body"]),
    ("tasks", &["hs_timestamp", "hs_task_subject"]),
    ("leads", &["hs_lead_name"]),
];

/// The properties that a factory sets where its rule does not.
pub fn needed(state: &State, kind: Kind) -> Vec<String> {
    let (schema, space) = (state.schema(kind), state.space(kind));
    let expected = EXPECTED.iter().filter(|(own, _)| *own == &*space.name).flat_map(|(_, names)| names.iter().map(ToString::to_string));
    let display = space.custom.as_ref().and_then(|custom| custom.primary_display.clone());
    let asked = schema.required.iter().chain(&schema.any_of).map(ToString::to_string);
    let staged = space.custom.as_ref().filter(|_| space.live_pipelines().next().is_some());
    let staged = staged.into_iter().flat_map(|_| ["hs_pipeline".to_owned(), "hs_pipeline_stage".to_owned()]);
    let mut names: Vec<String> = Vec::new();
    for name in expected.chain(display).chain(asked).chain(staged) {
        let fits = schema.get(&name).is_some_and(|property| !property.is_read_only() && !property.is_calculated());
        if fits && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A value that fits; none where the account can't know one.
pub fn value(state: &State, kind: Kind, name: &str, place: &Place<'_>, values: &Map<String, Value>) -> Option<String> {
    let property = state.schema(kind).get(name)?;
    let draw = place.draw(name);
    let of = |list: &[&str]| list[(draw % list.len() as u64) as usize].to_owned();
    let id = place.id;
    if let Some((pipeline, stage)) = pipelines::properties_of(kind) {
        let space = state.space(kind);
        if name == pipeline {
            return space.live_pipelines().next().map(|pipeline| pipeline.id.clone());
        }
        if name == stage {
            let chosen = values.get(pipeline).and_then(Value::as_str);
            let chosen = space.live_pipelines().find(|pipeline| chosen.is_none_or(|id| pipeline.id == id))?;
            let stages: Vec<_> = chosen.live_stages().collect();
            return stages.get((draw % stages.len().max(1) as u64) as usize).map(|stage| stage.id.clone());
        }
    }
    if property.is_owner() {
        let owners: Vec<_> = state.live_owners().collect();
        return owners.get((draw % owners.len().max(1) as u64) as usize).map(|owner| owner.id.to_string());
    }
    let is_text = matches!(property.value_type, ValueType::Text | ValueType::PhoneNumber);
    let named = match name {
        "firstname" => of(&FIRST_NAMES),
        "lastname" => of(&LAST_NAMES),
        "city" => of(&CITIES),
        "jobtitle" => of(&JOBS),
        "dealname" => format!("{} renewal {id}", of(&TRADES)),
        "subject" => format!("Question {id}"),
        "zip" => format!("{:05}", draw % 100_000),
        "address" => format!("{} Example Street", draw % 200 + 1),
        "name" if &*state.space(kind).name == "companies" => format!("{} {} {id}", of(&LAST_NAMES), of(&TRADES)),
        "domain" => format!("company{id}.example.com"),
        "website" => format!("https://company{id}.example.com"),
        "quantity" => (draw % 9 + 1).to_string(),
        _ if is_text && name.contains("email") && !name.starts_with("hs_") => address(values, id),
        _ if is_text && (name.contains("phone") || property.value_type == ValueType::PhoneNumber) => {
            format!("+1 202 555 01{:02}", draw % 100)
        }
        _ => return of_type(property, draw, id),
    };
    Some(named)
}

fn of_type(property: &Property, draw: u64, id: u64) -> Option<String> {
    let day = Timestamp::from_ms(YEAR_MS + (draw % 365).cast_signed() * DAY_MS);
    Some(match property.value_type {
        ValueType::Number if property.is_unique() => id.to_string(),
        ValueType::Number => (draw % 1_000 * 10 + 10).to_string(),
        ValueType::Bool => draw.is_multiple_of(2).to_string(),
        ValueType::Date => day.to_date(),
        ValueType::DateTime => day.to_iso(),
        ValueType::Text => format!("{} {id}", property.label),
        ValueType::Enumeration => {
            let shown: Vec<_> = property.choices.iter().filter(|choice| !choice.hidden).collect();
            shown.get((draw % shown.len().max(1) as u64) as usize)?.value.to_string()
        }
        ValueType::Json | ValueType::ObjectCoordinates | ValueType::PhoneNumber => return None,
    })
}

/// The address of the record's name, with its ID: no two records of an account have the same one.
fn address(values: &Map<String, Value>, id: u64) -> String {
    const LETTERS_MAX: usize = 20;
    let part = |name: &str| {
        let text = values.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        text.chars().filter(char::is_ascii_alphanumeric).take(LETTERS_MAX).collect::<String>()
    };
    let parts = [part("firstname"), part("lastname"), id.to_string()];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    format!("{}@example.com", parts.join("."))
}
