//! `keyway key …`

use http::{Method, StatusCode};
use keyway_api::view::MasterKeys;

use super::say;
use crate::args::Connection;
use crate::args::key::Key;
use crate::client::{Refused, call};
use crate::exit::Exit;
use crate::output::is_json;
use crate::typed::{show_typed, typed};

pub async fn run(connection: &Connection, action: Key) -> anyhow::Result<Exit> {
    let answer = match action {
        Key::Status => call(connection, Method::GET, "/api/v1/keys", None).await?,
        Key::Rotate => {
            let answer = match call(connection, Method::POST, "/api/v1/keys/rotate", None).await {
                // There is no other key, or not every instance has it: nothing was rotated.
                Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::CONFLICT) => {
                    say(&format!("keyway: {error}"));
                    return Ok(Exit::Negative);
                }
                answer => answer?,
            };
            if !is_json() {
                say(
                    "Backups from before need the former master key: keep it where you keep them. Copy the new one to the place of your copy of the former one.",
                );
            }
            answer
        }
    };
    let keys: MasterKeys = typed(&answer)?;
    let exit = show_typed(&answer, report)?;
    Ok(if keys.settled { exit } else { Exit::Negative })
}

fn report(report: &MasterKeys) -> String {
    let mut lines = Vec::new();
    for key in &report.keys {
        let does = if key.seals { "seals" } else { "opens" };
        lines.push(format!("key {}: {does}, sealed {} values", key.id, key.values));
    }
    for holder in &report.instances {
        lines.push(format!("instance {}: has {}", holder.instance, holder.keys.join(" and ")));
    }
    if let Some(waiting) = &report.waiting {
        lines.push(format!("key {waiting} waits: \"keyway key rotate\" seals everything with it"));
    } else if report.unreadable > 0 {
        lines.push(format!(
            "{} values open with no key of this server: give the key that sealed them in KEYWAY_MASTER_KEY_OLD",
            report.unreadable
        ));
    } else if report.settled {
        lines.push("everything is sealed with one key".to_owned());
    } else {
        lines.push("the rotation is not complete: run \"keyway key rotate\" again".to_owned());
    }
    lines.join("\n")
}
