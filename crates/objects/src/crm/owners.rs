//! Owners: read only, as on HubSpot.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, reply};
use crate::invalid;
use crate::request::{Request, bad_parameter};
use crate::state::{Owner, State};

/// Owners on a page (hubspot facts, section 6).
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 500;

pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", []) => list(request, state),
        ("GET", [id]) => read(request, id, state),
        _ => return None,
    })
}

fn list(request: &Request<'_>, state: &State) -> Answer {
    let (archived, email, after) = (request.query.flag("archived")?, request.query.get("email"), request.query.after()?);
    let limit = request.query.limit(PAGE_DEFAULT, PAGE_MAX)?;
    let fits = |owner: &&Owner| {
        owner.archived == archived && owner.id >= after && email.is_none_or(|email| email.eq_ignore_ascii_case(&owner.email))
    };
    let mut rest = state.owners.iter().filter(fits);
    let page: Vec<Value> = rest.by_ref().take(limit).map(described).collect();
    let mut body = json!({ "results": page });
    if let Some(next) = rest.next() {
        body["paging"] =
            json!({ "next": { "after": next.id.to_string(), "link": request.query.link(request.base, request.path, next.id) } });
    }
    Ok(reply(200, body))
}

fn read(request: &Request<'_>, id: &str, state: &State) -> Answer {
    let archived = request.query.flag("archived")?;
    let by_user = match request.query.get("idProperty") {
        None | Some("id") => false,
        Some("userId") => true,
        Some(other) => return Err(bad_parameter("idProperty", &format!("'{other}' is neither id nor userId"))),
    };
    let number: u64 = id.parse().map_err(|_| bad_parameter("ownerId", &format!("'{id}' is not a valid integer")))?;
    let found = state.owners.iter().find(|owner| owner.archived == archived && number == if by_user { owner.user_id } else { owner.id });
    found.map(|owner| reply(200, described(owner))).ok_or_else(|| invalid::owner_missing(id))
}

/// An archived owner has no user any more.
fn described(owner: &Owner) -> Value {
    let at = owner.created_at.to_iso();
    json!({
        "id": owner.id.to_string(), "email": owner.email, "type": "PERSON", "firstName": owner.first_name, "lastName": owner.last_name,
        "userId": (!owner.archived).then_some(owner.user_id), "userIdIncludingInactive": owner.user_id,
        "createdAt": at, "updatedAt": at, "archived": owner.archived,
    })
}
