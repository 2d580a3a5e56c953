//! Events as answers show them.

use keyway_objects::state::State;
use serde_json::{Value, json};

use super::attendance::counters;

/// With the numbers of those who registered, attended, cancelled or did not show up.
pub fn read(state: &State, event: &Value) -> Value {
    let (mut event, counts) = (event.clone(), counters(state, event["objectId"].as_str().unwrap_or_default()));
    for (name, count) in [("registrants", "registered"), ("attendees", "attended"), ("cancellations", "cancelled"), ("noShows", "noShows")]
    {
        event[name] = counts[count].clone();
    }
    event
}

pub fn found(id: &str, event: &Value) -> Value {
    json!({
        "externalAccountId": event["externalAccountId"], "externalEventId": event["externalEventId"], "appId": event["appId"], "objectId": id,
    })
}

pub fn identifiers(id: &str, event: &Value) -> Value {
    json!({
        "externalAccountId": event["externalAccountId"], "externalEventId": event["externalEventId"], "objectId": id,
        "marketingEventName": event["eventName"], "appInfo": { "id": event["appId"].to_string(), "name": "" },
    })
}
