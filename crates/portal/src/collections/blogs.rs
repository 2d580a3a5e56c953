//! Blogs and their settings (developers.hubspot.com/docs/api-reference/cms-blog-settings-v3, and the models of hubspot-sdk).
//!
//! Blogs are made in HubSpot itself. So an account has one from the beginning, and others are its variations in other languages.

use keyway_objects::items::Place;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::table::BLOGS;
use super::within::Within;
use super::{Answer, Asked};

/// `/cms/blog-settings/{version}/settings…`
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let is_served = match (asked.method(), rest) {
        ("GET", [] | [_] | [_, "revisions"] | [_, "revisions", _]) => rest.first() != Some(&"multi-language"),
        ("POST" | "PUT", ["multi-language", _]) => true,
        _ => false,
    };
    if !is_served {
        return None;
    }
    let within = Within { collection: &BLOGS, place: Place::new(BLOGS.store, &[]) };
    let before = tx.mark();
    if tx.state.items.count(&within.place) == 0 {
        let blog = first(tx.state.hub_id);
        if let Err(refused) = within.create_one(asked, tx, &blog) {
            return Some(Err(refused));
        }
    }
    let answer = within.answer(asked, rest, tx);
    if !matches!(answer, Some(Ok(_))) {
        // A refused call changes nothing.
        tx.back_to(before);
    }
    answer
}

/// The blog that every account has.
fn first(hub_id: u64) -> Map<String, Value> {
    let fields = [
        ("name", json!("Blog")),
        ("publicTitle", json!("Blog")),
        ("htmlTitle", json!("Blog")),
        ("slug", json!("blog")),
        ("absoluteUrl", format!("https://{hub_id}.hs-sites.com/blog").into()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
