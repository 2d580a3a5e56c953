//! Owners v2 and integrations v1. The gateway answers how many calls the account made.

use keyway_objects::invalid;
use keyway_objects::request::Query;
use serde_json::{Value, json};

use super::Told;
use super::records::{Records, encoded, ms};

pub fn owners(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        ["owners"] => list(records, query),
        ["owners", id] => one(records, id),
        _ => return None,
    })
}

fn list(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let email = query.get("email").map(|email| format!("&email={}", encoded(email))).unwrap_or_default();
    let mut found = records.get(&format!("/crm/owners/2026-09?limit=500{email}"))?["results"].as_array().cloned().unwrap_or_default();
    if query.flag("includeInactive")? {
        let archived = records.get(&format!("/crm/owners/2026-09?limit=500&archived=true{email}"))?;
        found.extend(archived["results"].as_array().cloned().unwrap_or_default());
    }
    let hub_id = records.hub_id();
    Ok(found.iter().map(|owner| old_owner(hub_id, owner)).collect())
}

fn one(records: &mut Records<'_, '_>, id: &str) -> Told {
    let path = format!("/crm/owners/2026-09/{}", encoded(id));
    let owner = records.get(&path).map_err(|_| invalid::owner_missing(id))?;
    Ok(old_owner(records.hub_id(), &owner))
}

fn old_owner(hub_id: u64, owner: &Value) -> Value {
    let id = owner["id"].as_str().and_then(|id| id.parse::<u64>().ok());
    let active = owner["archived"] != true;
    json!({
        "portalId": hub_id, "ownerId": id, "type": "PERSON", "firstName": owner["firstName"], "lastName": owner["lastName"],
        "email": owner["email"], "createdAt": ms(&owner["createdAt"]), "updatedAt": ms(&owner["updatedAt"]),
        "activeUserId": owner["userId"], "userIdIncludingInactive": owner["userIdIncludingInactive"], "hasContactsAccess": true, "isActive": active,
        "remoteList": [{ "id": id, "portalId": hub_id, "ownerId": id, "remoteId": owner["userIdIncludingInactive"].to_string(), "remoteType": "HUBSPOT", "active": active }],
    })
}

/// `/integrations/v1/me`
pub fn details(records: &mut Records<'_, '_>, tail: &[&str]) -> Option<Told> {
    let ["me"] = tail else { return None };
    Some(records.get("/account-info/2026-09/details").map(|details| {
        json!({
            "portalId": details["portalId"], "timeZone": details["timeZone"], "currency": details["companyCurrency"],
            "utcOffset": details["utcOffset"], "utcOffsetMilliseconds": details["utcOffsetMilliseconds"],
        })
    }))
}
