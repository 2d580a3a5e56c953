//! Transcripts of calls: who said what, and when.
//!
//! The fields are those of the official SDK (TranscriptCreateRequest, TranscriptResponse). A transcript belongs to a call that is there.

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::kind::Kind;
use keyway_objects::request::bad_field;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, reply, size};

const TRANSCRIPT: [Field; 2] = [("engagementId", Is::Number, true), ("transcriptCreateUtterances", Is::List, true)];
const UTTERANCE: [Field; 5] = [
    ("text", Is::Text, true),
    ("speaker", Is::Object, true),
    ("startTimeMillis", Is::Number, true),
    ("endTimeMillis", Is::Number, true),
    ("languageCode", Is::Text, false),
];
const SPEAKER: [Field; 3] = [("id", Is::Text, true), ("name", Is::Text, true), ("email", Is::Text, false)];

/// `/crm/v3/extensions/calling/transcripts…`
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", []) => create(asked, tx),
        ("GET", [id]) => found(tx.state, id).map(|one| reply(200, one.clone())),
        ("DELETE", [id]) => found(tx.state, id).map(drop).map(|()| {
            tx.remove_item(&place(), id);
            no_content()
        }),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("transcripts", &[])
}

fn call_of(state: &State, id: u64) -> bool {
    state.table(Kind::of("calls").expect("calls are a type")).live(id).is_some()
}

/// A transcript goes with its call.
fn found<'s>(state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
    let one = state.items.get(&place(), id).map(|item| &item.value);
    one.filter(|one| one["engagementId"].as_u64().is_some_and(|call| call_of(state, call))).ok_or_else(|| missing(id))
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = shape::read(&TRANSCRIPT, &asked.body()?, false)?;
    tx.work.write(2 * size(&Value::from(body.clone())))?;
    let call = body["engagementId"].as_u64().filter(|id| call_of(tx.state, *id));
    let call = call.ok_or_else(|| bad_field("engagementId", "must be the id of a call"))?;
    let id = tx.state.items.next_number(&place()).to_string();
    let mut utterances = Vec::new();
    for (at, one) in body["transcriptCreateUtterances"].as_array().into_iter().flatten().enumerate() {
        let mut one = shape::read(&UTTERANCE, one.as_object().unwrap_or(&Map::new()), false)?;
        shape::read(&SPEAKER, one["speaker"].as_object().unwrap_or(&Map::new()), false)?;
        if one["endTimeMillis"].as_f64() < one["startTimeMillis"].as_f64() {
            return Err(bad_field("endTimeMillis", "is before startTimeMillis"));
        }
        one.insert("id".to_owned(), format!("{id}{at:04}").into());
        utterances.push(one);
    }
    if utterances.is_empty() {
        return Err(bad_field("transcriptCreateUtterances", "must not be empty"));
    }
    let value = json!({
        "id": id, "engagementId": call, "transcriptSource": "INTEGRATOR_GENERATED", "transcriptUtterances": utterances, "createdAt": asked.now(),
        "updatedAt": asked.now(),
    });
    tx.put_item(&place(), &id, Item::new(value));
    Ok(reply(200, json!({ "id": id })))
}
