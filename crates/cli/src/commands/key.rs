//! `keyway key …`

use http::{Method, StatusCode};
use serde_json::Value;

use super::{list, say, show, text};
use crate::Exit;
use crate::args::Connection;
use crate::args::key::Key;
use crate::client::{Refused, call};

pub async fn run(connection: &Connection, action: Key) -> anyhow::Result<Exit> {
    let (answer, json) = match action {
        Key::Status { json } => (call(connection, Method::GET, "/api/v1/keys", None).await?, json),
        Key::Rotate { json } => {
            let answer = match call(connection, Method::POST, "/api/v1/keys/rotate", None).await {
                // There is no other key, or not every instance has it: nothing was rotated.
                Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::CONFLICT) => {
                    say(&format!("keyway: {error}"));
                    return Ok(Exit::Negative);
                }
                answer => answer?,
            };
            if !json {
                say(
                    "Backups from before need the former master key: keep it where you keep them. Copy the new one to the place of your copy of the former one.",
                );
            }
            (answer, json)
        }
    };
    let exit = show(&answer, json, report)?;
    Ok(if answer["settled"] == true { exit } else { Exit::Negative })
}

fn report(answer: &Value) -> String {
    let mut lines = Vec::new();
    for key in list(answer, "keys") {
        let does = if key["seals"] == true { "seals" } else { "opens" };
        lines.push(format!("key {}: {does}, sealed {} values", text(&key["id"]), text(&key["values"])));
    }
    for instance in list(answer, "instances") {
        let keys: Vec<String> = list(instance, "keys").iter().map(text).collect();
        lines.push(format!("instance {}: has {}", text(&instance["instance"]), keys.join(" and ")));
    }
    if let Some(waiting) = answer["waiting"].as_str() {
        lines.push(format!("key {waiting} waits: \"keyway key rotate\" seals everything with it"));
    } else if answer["unreadable"].as_u64().unwrap_or(0) > 0 {
        lines.push(format!(
            "{} values open with no key of this server: give the key that sealed them in KEYWAY_MASTER_KEY_OLD",
            answer["unreadable"]
        ));
    } else if answer["settled"] == true {
        lines.push("everything is sealed with one key".to_owned());
    } else {
        lines.push("the rotation is not complete: run \"keyway key rotate\" again".to_owned());
    }
    lines.join("\n")
}
