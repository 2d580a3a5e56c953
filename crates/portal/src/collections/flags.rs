//! Feature flags of an app: what an account sees of the app, for all accounts and for single ones.
//!
//! developers.hubspot.com/docs/api-reference/crm-public-app-feature-flags-v3-v3/guide. An account has a state of its own only
//! where one was set for it.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter, decoded};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, reply};

const STATE: Is = Is::One(&["ABSENT", "OFF", "ON"]);
const FLAG: [Field; 2] = [("defaultState", STATE, true), ("overrideState", STATE, false)];
const OF_PORTAL: [Field; 1] = [("flagState", STATE, true)];
const IN_BATCH: [Field; 2] = [("portalId", Is::Number, true), ("flagState", STATE, true)];
/// Accounts in one batch or on one page.
const PORTALS_MAX: usize = 500;

/// `/feature-flags/v3/{app}/flags/…`
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let [app, "flags", rest @ ..] = rest else { return None };
    if !keyway_objects::webhooks::is_app(app) {
        return Some(Err(missing(app)));
    }
    let [name, rest @ ..] = rest else { return None };
    let flag = Flag { app, name: decoded(name) };
    Some(match (asked.method(), rest) {
        ("GET", []) if *name == "all" => {
            let names: Vec<&str> = tx.state.items.of(&flags(app)).map(|(name, _)| name).collect();
            Ok(reply(200, json!({ "flagsForApp": names })))
        }
        ("GET", []) => flag.found(tx.state).map(|one| reply(200, one.clone())),
        ("PUT", []) => flag.set(asked, tx),
        ("DELETE", []) => flag.remove(tx),
        ("GET", ["portals"]) => flag.list(asked, tx.state),
        ("POST", ["portals", "batch", "upsert"]) => flag.set_many(asked, tx),
        ("POST", ["portals", "batch", "delete"]) => flag.remove_many(asked, tx),
        ("GET", ["portals", id]) => flag.of_portal(tx.state, id).map(|one| reply(200, one.clone())),
        ("PUT", ["portals", id]) => flag.set_portal(asked, tx, id),
        ("DELETE", ["portals", id]) => flag.of_portal(tx.state, id).cloned().map(|one| {
            tx.remove_item(&flag.portals(), id);
            reply(200, one)
        }),
        _ => return None,
    })
}

fn flags(app: &str) -> Place {
    Place::new("feature-flags", &[app])
}

struct Flag<'a> {
    app: &'a str,
    name: String,
}

impl Flag<'_> {
    fn portals(&self) -> Place {
        Place::new("feature-flag-portals", &[self.app, &self.name])
    }

    fn app_id(&self) -> Value {
        self.app.strip_prefix("app-").unwrap_or(self.app).parse::<u64>().map_or(Value::Null, Value::from)
    }

    fn found<'s>(&self, state: &'s State) -> Result<&'s Value, ErrorBody> {
        state.items.get(&flags(self.app), &self.name).map(|item| &item.value).ok_or_else(|| missing(&self.name))
    }

    fn set(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        if self.name.is_empty() || self.name == "all" || self.name.len() > 255 {
            return Err(bad_field("flagName", "must be a text of 255 characters at most, and not all"));
        }
        let mut value = Value::from(shape::read(&FLAG, &asked.body()?, false)?);
        value["appId"] = self.app_id();
        value["flagName"] = self.name.as_str().into();
        tx.put_item(&flags(self.app), &self.name, Item::new(value.clone()));
        Ok(reply(200, value))
    }

    fn remove(&self, tx: &mut Tx<'_>) -> Answer {
        let value = self.found(tx.state)?.clone();
        tx.work.each(tx.state.items.count(&self.portals()), 8)?;
        let portals: Vec<String> = tx.state.items.of(&self.portals()).map(|(id, _)| id.to_owned()).collect();
        for id in portals {
            tx.remove_item(&self.portals(), &id);
        }
        tx.remove_item(&flags(self.app), &self.name);
        Ok(reply(200, value))
    }

    fn list(&self, asked: &Asked<'_>, state: &State) -> Answer {
        self.found(state)?;
        let first = asked.query.get("startPortalId").map_or(Ok(0), str::parse::<u64>);
        let first = first.map_err(|_| bad_parameter("startPortalId", "must be the id of an account"))?;
        let limit = asked.query.limit(100, PORTALS_MAX)?;
        let own = state.items.of(&self.portals()).filter(|(id, _)| id.parse::<u64>().is_ok_and(|id| id >= first));
        let shown: Vec<&Value> = own.map(|(_, item)| &item.value).take(limit).collect();
        Ok(reply(200, json!({ "portalFlagStates": shown })))
    }

    fn of_portal<'s>(&self, state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
        self.found(state)?;
        state.items.get(&self.portals(), id).map(|item| &item.value).ok_or_else(|| missing(id))
    }

    fn put(&self, tx: &mut Tx<'_>, portal: u64, state: &Value) -> Value {
        let value = json!({ "appId": self.app_id(), "flagName": self.name, "portalId": portal, "flagState": state });
        tx.put_item(&self.portals(), &portal.to_string(), Item::new(value.clone()));
        value
    }

    fn set_portal(&self, asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
        self.found(tx.state)?;
        let portal = id.parse().map_err(|_| bad_field("portalId", "must be the id of an account"))?;
        let body = shape::read(&OF_PORTAL, &asked.body()?, false)?;
        Ok(reply(200, self.put(tx, portal, &body["flagState"])))
    }

    fn set_many(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        self.found(tx.state)?;
        let body = shape::read(&[("portalStates", Is::List, true)], &asked.body()?, false)?;
        let wanted = body["portalStates"].as_array().map_or(&[][..], Vec::as_slice);
        let mut states = Vec::new();
        for one in wanted {
            let one = shape::read(&IN_BATCH, one.as_object().unwrap_or(&Map::new()), false)?;
            let portal = one["portalId"].as_u64().ok_or_else(|| bad_field("portalId", "must be the id of an account"))?;
            states.push((portal, one["flagState"].clone()));
        }
        bounded(states.len())?;
        tx.work.each(states.len(), 64)?;
        let shown: Vec<Value> = states.into_iter().map(|(portal, state)| self.put(tx, portal, &state)).collect();
        Ok(reply(200, json!({ "portalFlagStates": shown })))
    }

    fn remove_many(&self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        self.found(tx.state)?;
        let body = shape::read(&[("portalIds", Is::List, true)], &asked.body()?, false)?;
        let ids = body["portalIds"].as_array().map_or(&[][..], Vec::as_slice);
        bounded(ids.len())?;
        tx.work.each(ids.len(), 64)?;
        let ids: Vec<String> = ids
            .iter()
            .map(|id| id.as_u64().map(|id| id.to_string()).ok_or_else(|| bad_field("portalIds", "must be a list of ids of accounts")))
            .collect::<Result<_, _>>()?;
        let mut removed = Vec::new();
        for id in ids {
            if let Some(value) = tx.state.items.get(&self.portals(), &id).map(|item| item.value.clone()) {
                tx.remove_item(&self.portals(), &id);
                removed.push(value);
            }
        }
        Ok(reply(200, json!({ "portalFlagStates": removed })))
    }
}

fn bounded(count: usize) -> Result<(), ErrorBody> {
    if (1..=PORTALS_MAX).contains(&count) { Ok(()) } else { Err(invalid::flag_states_out_of_bounds(PORTALS_MAX, count)) }
}
