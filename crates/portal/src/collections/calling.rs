//! Settings of calling and of video conferencing apps, and calls that came in.

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::kind::Kind;
use keyway_objects::request::bad_field;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, reply};

const SETTINGS: [Field; 9] = [
    ("name", Is::Text, true),
    ("url", Is::Url, true),
    ("height", Is::Number, false),
    ("width", Is::Number, false),
    ("isReady", Is::Flag, false),
    ("supportsCustomObjects", Is::Flag, false),
    ("supportsInboundCalling", Is::Flag, false),
    ("usesCallingWindow", Is::Flag, false),
    ("usesRemote", Is::Flag, false),
];
const DEFAULTS: &str = r#"{"height":600,"width":400,"isReady":false,"supportsCustomObjects":false,"supportsInboundCalling":false,"usesCallingWindow":true,"usesRemote":false}"#;
const CHANNEL: [Field; 2] = [("url", Is::Url, true), ("isReady", Is::Flag, true)];
const RECORDING: [Field; 1] = [("urlToRetrieveAuthedRecording", Is::Url, true)];
const VIDEO: [Field; 5] = [
    ("createMeetingUrl", Is::Url, true),
    ("updateMeetingUrl", Is::Url, false),
    ("deleteMeetingUrl", Is::Url, false),
    ("userVerifyUrl", Is::Url, false),
    ("fetchAccountsUri", Is::Url, false),
];
const NUMBER: [Field; 3] = [("e164Number", Is::Text, true), ("extension", Is::Text, false), ("phoneNumberType", Is::Text, true)];
const INBOUND: [Field; 10] = [
    ("externalCallId", Is::Text, true),
    ("finalCallStatus", Is::Text, true),
    ("createEngagement", Is::Flag, true),
    ("engagementProperties", Is::Object, true),
    ("fromNumber", Is::Object, true),
    ("toNumber", Is::Object, true),
    ("potentialRecipientUserIds", Is::List, true),
    ("callStartedTimestamp", Is::Date, false),
    ("durationSeconds", Is::Number, false),
    ("userId", Is::Number, false),
];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["inbound-call"]) => inbound(asked, tx),
        ("POST", ["recordings", "ready"]) => ready(asked, tx),
        (_, [app, "settings", ..]) if !keyway_objects::webhooks::is_app(app) => Err(missing(app)),
        ("GET" | "POST" | "PATCH" | "DELETE", [app, "settings"]) => {
            let defaults = serde_json::from_str(DEFAULTS).expect("the defaults are JSON; a test reads them");
            Settings { store: "calling-settings", form: &SETTINGS, dated: true }.answer(asked, app, &defaults, tx)
        }
        ("GET" | "POST" | "PATCH" | "DELETE", [app, "settings", "channel-connection"]) => {
            Settings { store: "calling-channels", form: &CHANNEL, dated: true }.answer(asked, app, &Map::new(), tx)
        }
        ("GET" | "POST" | "PATCH", [app, "settings", "recording"]) => {
            Settings { store: "calling-recording", form: &RECORDING, dated: false }.answer(asked, app, &Map::new(), tx)
        }
        _ => return None,
    })
}

/// `/crm/v3/extensions/videoconferencing/settings/{app}`
pub fn video(asked: &Asked<'_>, app: &str, tx: &mut Tx<'_>) -> Option<Answer> {
    if !keyway_objects::webhooks::is_app(app) {
        return Some(Err(missing(app)));
    }
    let settings = Settings { store: "video-settings", form: &VIDEO, dated: false };
    matches!(asked.method(), "GET" | "PUT" | "DELETE").then(|| settings.answer(asked, app, &Map::new(), tx))
}

/// Settings that an app has once.
struct Settings {
    store: &'static str,
    form: &'static [Field],
    /// Whether they say when they were made and changed.
    dated: bool,
}

impl Settings {
    fn answer(&self, asked: &Asked<'_>, app: &str, defaults: &Map<String, Value>, tx: &mut Tx<'_>) -> Answer {
        let place = Place::new(self.store, &[]);
        let before = tx.state.items.get(&place, app).map(|item| item.value.clone());
        match (asked.method(), before) {
            ("GET" | "PATCH" | "DELETE", None) => Err(missing(app)),
            ("GET", Some(value)) => Ok(reply(200, value)),
            ("DELETE", Some(_)) => {
                tx.remove_item(&place, app);
                Ok(no_content())
            }
            (method, before) => {
                let partly = method == "PATCH";
                let given = shape::read(self.form, &asked.body()?, partly)?;
                let created = before.as_ref().map_or_else(|| asked.now().into(), |value| value["createdAt"].clone());
                let mut value = before.filter(|_| partly).unwrap_or_else(|| defaults.clone().into());
                shape::set(&mut value, given);
                if self.dated {
                    value["createdAt"] = created;
                    value["updatedAt"] = asked.now().into();
                }
                tx.put_item(&place, app, Item::new(value.clone()));
                Ok(reply(200, value))
            }
        }
    }
}

/// A recording that an app has ready belongs to a call that is there.
fn ready(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let body = shape::read(&[("engagementId", Is::Number, true)], &asked.body()?, false)?;
    let id = body["engagementId"].as_u64().ok_or_else(|| bad_field("engagementId", "must be the id of a call"))?;
    let calls = Kind::of("calls").expect("calls are a type");
    tx.state.table(calls).live(id).map(|_| no_content()).ok_or_else(|| missing(&id.to_string()))
}

/// A call that is over: who called, by the number, and the call as a record where the app asks for one.
fn inbound(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = shape::read(&INBOUND, &asked.body()?, false)?;
    for name in ["fromNumber", "toNumber"] {
        shape::read(&NUMBER, body[name].as_object().unwrap_or(&Map::new()), false)?;
    }
    let from = body["fromNumber"]["e164Number"].as_str().unwrap_or_default();
    let matches = callers(tx, from)?;
    if body["createEngagement"] == true {
        create_call(asked, tx, &body, from)?;
    }
    Ok(reply(200, json!({ "callerIdMatches": matches })))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Contacts and companies with the number.
fn callers(tx: &Tx<'_>, number: &str) -> Result<Vec<Value>, ErrorBody> {
    let state: &State = tx.state;
    let wanted = digits(number);
    let mut found = Vec::new();
    for (name, object_type) in [("contacts", "CONTACT"), ("companies", "COMPANY")] {
        let kind = Kind::of(name).expect("a standard type");
        tx.work.each(state.table(kind).count(), 4)?;
        for record in state.table(kind).range(0, false) {
            let has =
                ["phone", "mobilephone"].iter().filter_map(|name| record.get(name)).any(|own| !wanted.is_empty() && digits(own) == wanted);
            if !has {
                continue;
            }
            let field = |name: &str| record.get(name).unwrap_or_default().to_owned();
            let at = json!({ "objectTypeId": &*state.space(kind).type_id, "objectId": record.id, "portalId": state.hub_id });
            found.push(if object_type == "CONTACT" {
                json!({ "callerIdType": object_type, "email": field("email"), "firstName": field("firstname"), "lastName": field("lastname"), "objectCoordinates": at })
            } else {
                json!({ "callerIdType": object_type, "name": field("name"), "objectCoordinates": at })
            });
        }
    }
    Ok(found)
}

fn create_call(asked: &Asked<'_>, tx: &mut Tx<'_>, body: &Map<String, Value>, from: &str) -> Result<(), ErrorBody> {
    let mut properties = body["engagementProperties"].as_object().cloned().unwrap_or_default();
    let own = [
        ("hs_timestamp", body.get("callStartedTimestamp").cloned().unwrap_or_else(|| asked.now().into())),
        ("hs_call_direction", "INBOUND".into()),
        ("hs_call_from_number", from.into()),
        ("hs_call_to_number", body["toNumber"]["e164Number"].clone()),
        ("hs_call_external_id", body["externalCallId"].clone()),
    ];
    for (name, value) in own {
        properties.entry(name).or_insert(value);
    }
    super::people::create(asked, tx, Kind::of("calls").expect("calls are a type"), &properties).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_the_form() {
        let defaults: Map<String, Value> = serde_json::from_str(DEFAULTS).unwrap();
        assert_eq!(shape::read(&SETTINGS, &defaults, true), Ok(defaults));
    }
}
