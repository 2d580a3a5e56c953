//! Lists of contacts that an event is associated with.

use keyway_core::error_body::ErrorBody;
use keyway_objects::crm::list_members::Members;
use keyway_objects::crm::lists;
use keyway_objects::items::Place;
use keyway_objects::tx::Tx;
use keyway_objects::work::Exceeded;
use serde_json::{Value, json};

use super::super::{Answer, Asked, Item, missing, no_content, reply};
use super::{by_id, external};

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (event, tail) = match rest {
        [id, "lists", tail @ ..] => (by_id(tx.state, id), tail),
        [account, event, "lists", tail @ ..] => (external(tx.state, Some(account), event).ok_or_else(|| missing(event)), tail),
        _ => return None,
    };
    let place = event.map(|(id, _)| Place::new("marketing-event-lists", &[&id]));
    Some(match (asked.method(), tail) {
        ("GET", []) => place.and_then(|place| Ok(reply(200, listed(tx, &place)?))),
        ("PUT", [list]) => place.and_then(|place| {
            is_there(tx, list)?;
            tx.put_item(&place, list, Item::new(Value::Null));
            Ok(no_content())
        }),
        ("DELETE", [list]) => place.map(|place| {
            if tx.state.items.get(&place, list).is_some() {
                tx.remove_item(&place, list);
            }
            no_content()
        }),
        _ => return None,
    })
}

fn is_there(tx: &Tx<'_>, list: &str) -> Result<(), ErrorBody> {
    list.parse().ok().and_then(|id: u64| tx.state.lists.lists.get(&id)).map(|_| ()).ok_or_else(|| missing(list))
}

/// A list that was deleted since is not shown.
fn listed(tx: &Tx<'_>, place: &Place) -> Result<Value, ErrorBody> {
    let lists = tx.state.items.of(place).filter_map(|(id, _)| tx.state.lists.lists.get(&id.parse::<u64>().ok()?));
    let members = Members::new(tx.state, tx.work);
    let results = lists.map(|list| Ok(lists::body(tx.state, list, false, members.size(list)?))).collect::<Result<Vec<_>, Exceeded>>()?;
    Ok(json!({ "total": results.len(), "results": results }))
}
