//! Teams of users. The fields are those of HubSpot's published specification of `/settings/teams/2026-09-beta`.
//!
//! A user is in one team by default, and in any number besides.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter, inputs};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::work::Exceeded;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, missing, no_content, page, reply, size};

const TEAM: [Field; 3] = [("name", Is::Text, true), ("parentTeamId", Is::Text, false), ("members", Is::List, false)];
const MEMBER: [Field; 2] = [("userId", Is::Text, true), ("type", Is::One(&["DEFAULT", "EXTRA"]), true)];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => {
            let all = tx.state.items.of(&place()).map(|(_, item)| &item.value);
            page(asked, all.collect(), false)
        }
        ("POST", []) => create(asked, tx),
        ("GET", [id]) => found(tx.state, id).map(|team| reply(200, team.clone())),
        ("PATCH", [id]) => change(asked, tx, id),
        ("DELETE", [id]) => remove(tx, id),
        ("GET", [id, "members"]) => found(tx.state, id).and_then(|_| {
            let all = tx.state.items.of(&members(id)).map(|(_, item)| &item.value);
            page(asked, all.collect(), false)
        }),
        ("POST", [id, "members"]) => asked.body().and_then(|body| {
            found(tx.state, id)?;
            let member = read(tx.state, &body)?;
            charge(tx, 1)?;
            Ok(reply(201, put(tx, id, member)))
        }),
        ("POST", [id, "members", "batch"]) => put_many(asked, tx, id),
        ("DELETE", [id, "members", user]) => remove_member(asked, tx, id, user),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("teams", &[])
}

fn members(team: &str) -> Place {
    Place::new("team-members", &[team])
}

fn found<'s>(state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
    state.items.get(&place(), id).map(|item| &item.value).ok_or_else(|| missing(id))
}

/// The teams as the list of users' teams has them: with the users by default, and the others.
pub fn with_users(state: &State) -> Vec<Value> {
    let all = state.items.of(&place()).map(|(id, item)| {
        let of = |kind: &str| -> Vec<Value> {
            let own = state.items.of(&members(id)).filter(|(_, member)| member.value["type"] == *kind);
            own.map(|(user, _)| user.into()).collect()
        };
        json!({ "id": id, "name": item.value["name"], "userIds": of("DEFAULT"), "secondaryUserIds": of("EXTRA") })
    });
    all.collect()
}

/// A member that is a user of the account.
fn read(state: &State, body: &Map<String, Value>) -> Result<Value, ErrorBody> {
    let member = Value::from(shape::read(&MEMBER, body, false)?);
    let user = member["userId"].as_str().unwrap_or_default();
    let is_owner = state.live_owners().any(|owner| owner.user_id.to_string() == user);
    if is_owner || state.items.get(&Place::new("users", &[]), user).is_some() {
        Ok(member)
    } else {
        Err(bad_field("userId", &format!("{user} is not a user of the account")))
    }
}

/// Takes the steps of putting members in a team: each looks through all teams.
fn charge(tx: &Tx<'_>, count: usize) -> Result<(), Exceeded> {
    tx.work.each(count, 8 * (1 + tx.state.items.count(&place()) as u64))
}

/// Puts a member in a team. Its default team of before is its default no more.
fn put(tx: &mut Tx<'_>, team: &str, member: Value) -> Value {
    let user = member["userId"].as_str().unwrap_or_default().to_owned();
    if member["type"] == "DEFAULT" {
        let others: Vec<String> = tx.state.items.of(&place()).map(|(id, _)| id.to_owned()).filter(|id| id != team).collect();
        for other in others {
            let before = tx.state.items.get(&members(&other), &user).is_some_and(|item| item.value["type"] == "DEFAULT");
            if before {
                tx.remove_item(&members(&other), &user);
            }
        }
    }
    tx.put_item(&members(team), &user, Item::new(member.clone()));
    member
}

fn check_parent(state: &State, fields: &Map<String, Value>, own: &str) -> Result<(), ErrorBody> {
    let mut parent = fields.get("parentTeamId").and_then(Value::as_str).map(str::to_owned);
    while let Some(id) = parent {
        if id == own {
            return Err(bad_field("parentTeamId", "is the team itself or one below it"));
        }
        let team = found(state, &id).map_err(|_| bad_field("parentTeamId", "is not a team of the account"))?;
        parent = team["parentTeamId"].as_str().map(str::to_owned);
    }
    Ok(())
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let mut fields = shape::read(&TEAM, &asked.body()?, false)?;
    tx.work.write(2 * size(&Value::from(fields.clone())))?;
    let id = tx.state.items.next_number(&place()).to_string();
    check_parent(tx.state, &fields, &id)?;
    let mut assigned = Vec::new();
    for member in fields.remove("members").unwrap_or_default().as_array().into_iter().flatten() {
        assigned.push(read(tx.state, member.as_object().unwrap_or(&Map::new()))?);
    }
    charge(tx, assigned.len())?;
    let mut value = Value::from(fields);
    value["id"] = id.as_str().into();
    tx.put_item(&place(), &id, Item::new(value.clone()));
    for member in assigned {
        put(tx, &id, member);
    }
    Ok(reply(201, value))
}

fn change(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut value = found(tx.state, id)?.clone();
    let fields = shape::read(&TEAM[..2], &asked.body()?, true)?;
    tx.work.write(2 * size(&value) + size(&Value::from(fields.clone())))?;
    check_parent(tx.state, &fields, id)?;
    shape::set(&mut value, fields);
    tx.put_item(&place(), id, Item::new(value.clone()));
    Ok(reply(200, value))
}

/// A team above others stays until they are gone.
fn remove(tx: &mut Tx<'_>, id: &str) -> Answer {
    found(tx.state, id)?;
    tx.work.each(tx.state.items.count(&place()) + tx.state.items.count(&members(id)), 4)?;
    if tx.state.items.of(&place()).any(|(_, item)| item.value["parentTeamId"] == *id) {
        return Err(invalid::team_has_teams(id));
    }
    let own: Vec<String> = tx.state.items.of(&members(id)).map(|(user, _)| user.to_owned()).collect();
    for user in own {
        tx.remove_item(&members(id), &user);
    }
    tx.remove_item(&place(), id);
    Ok(no_content())
}

fn put_many(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    found(tx.state, id)?;
    let body = asked.body()?;
    let wanted: Vec<Value> = inputs(&body, BATCH_MAX)?.into_iter().map(|input| read(tx.state, input)).collect::<Result<_, _>>()?;
    charge(tx, wanted.len())?;
    let mut results = Vec::new();
    for member in wanted {
        results.push(put(tx, id, member));
    }
    Ok(reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() })))
}

fn remove_member(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, user: &str) -> Answer {
    found(tx.state, id)?;
    let kind = asked.query.get("type").unwrap_or("DEFAULT");
    if !["DEFAULT", "EXTRA"].contains(&kind) {
        return Err(bad_parameter("type", "must be DEFAULT or EXTRA"));
    }
    let member = tx.state.items.get(&members(id), user).filter(|item| item.value["type"] == *kind);
    member.ok_or_else(|| missing(user))?;
    tx.remove_item(&members(id), user);
    Ok(no_content())
}
