//! What an account has of a site without anybody making it: its domain, its search, its business unit, the log of changes of
//! content, and the tokens of its visitors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Value, json};

use super::shape::{self, Is};
use super::{Answer, Asked, content, missing, page, reply, uuid};

/// The domain that HubSpot gives every account.
pub fn own_domain(hub_id: u64) -> String {
    format!("{hub_id}.hs-sites.com")
}

const DOMAIN: &str = "1";

pub fn domains(asked: &Asked<'_>, rest: &[&str], tx: &Tx<'_>) -> Option<Answer> {
    let made = tx.state.settings.created_at.to_iso();
    let domain = json!({
        "id": DOMAIN, "domain": own_domain(tx.state.hub_id), "created": made, "updated": made, "isResolving": true, "isSslEnabled": true, "isSslOnly": true,
        "isUsedForBlogPost": true, "isUsedForSitePage": true, "isUsedForLandingPage": true, "isUsedForEmail": true, "isUsedForKnowledge": false,
        "manuallyMarkedAsResolving": false, "primaryBlogPost": true, "primarySitePage": true, "primaryLandingPage": true, "primaryEmail": true, "primaryKnowledge": false,
    });
    Some(match (asked.method(), rest) {
        ("GET", []) => {
            asked.query.flag("archived").and_then(|archived| page(asked, if archived { Vec::new() } else { vec![&domain] }, true))
        }
        ("GET", [DOMAIN]) => Ok(reply(200, domain)),
        ("GET", [id]) => Err(missing(id)),
        _ => return None,
    })
}

pub fn business_units(asked: &Asked<'_>, rest: &[&str], tx: &Tx<'_>) -> Option<Answer> {
    // The dated form has one segment more.
    let rest = rest.strip_prefix(&["public"]).unwrap_or(rest);
    matches!((asked.method(), rest), ("GET", ["business-units", "user", _])).then(|| {
        let mut unit = json!({ "id": "0", "name": tx.state.settings.name });
        if asked.query.list("properties").contains(&"logoMetadata") {
            unit["logoMetadata"] = json!({});
        }
        let is_asked = asked.query.list("name").iter().all(|name| unit["name"] == **name);
        Ok(reply(200, json!({ "results": if is_asked { vec![unit] } else { Vec::new() } })))
    })
}

/// Changes of pages, posts and e-mails, the newest first.
pub fn audit_logs(asked: &Asked<'_>, tx: &Tx<'_>) -> Option<Answer> {
    (asked.method() == "GET").then(|| {
        let all = content::changes(tx.state);
        tx.work.each(all.len(), 4)?;
        let is_asked = |entry: &Value, parameter: &str, field: &str| {
            let wanted = asked.query.list(parameter);
            wanted.is_empty() || wanted.iter().any(|value| entry[field] == **value)
        };
        let at = |entry: &Value| entry["timestamp"].as_str().unwrap_or_default().to_owned();
        let fits = |entry: &&Value| {
            is_asked(entry, "objectId", "objectId")
                && is_asked(entry, "objectType", "objectType")
                && is_asked(entry, "eventType", "event")
                && is_asked(entry, "userId", "userId")
                && asked.query.get("after").is_none_or(|after| after.parse::<u64>().is_ok() || at(entry).as_str() > after)
                && asked.query.get("before").is_none_or(|before| at(entry).as_str() < before)
        };
        let mut found: Vec<&Value> = all.iter().filter(fits).collect();
        match asked.query.get("sort") {
            Some("timestamp") => found.reverse(),
            None | Some("-timestamp") => {}
            Some(other) => return Err(bad_parameter("sort", &format!("'{other}' is neither timestamp nor -timestamp"))),
        }
        page(asked, found, false)
    })
}

const SEARCHED: [(&str, &str); 3] = [("blog-posts", "BLOG_POST"), ("landing-pages", "LANDING_PAGE"), ("site-pages", "SITE_PAGE")];

/// Published content with its type and id.
fn public(state: &State) -> impl Iterator<Item = (&'static str, &str, &Value)> {
    SEARCHED.into_iter().flat_map(move |(store, kind)| {
        let all = state.items.of(&Place::new(store, &[])).filter(|(_, item)| !item.is_archived() && content::is_public(&item.value));
        all.map(move |(id, item)| (kind, id, &item.value))
    })
}

/// The texts of content that a search looks through: what of it weighs how much.
fn texts(value: &Value) -> [(&'static str, &str, u32); 4] {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    [
        ("htmlTitle", text("htmlTitle"), 3),
        ("name", text("name"), 2),
        ("metaDescription", text("metaDescription"), 1),
        ("postBody", text("postBody"), 1),
    ]
}

/// `/cms/v3/site-search/…`: published content, and what of one thing is searched.
pub fn search(asked: &Asked<'_>, rest: &[&str], tx: &Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", ["search"]) => found(asked, tx),
        ("GET", ["indexed-data", id]) => {
            let kind = asked.query.get("type");
            let one = public(tx.state).find(|(own, own_id, _)| own_id == id && kind.is_none_or(|kind| kind == *own));
            one.map(|(kind, id, value)| reply(200, indexed(kind, id, value))).ok_or_else(|| missing(id))
        }
        _ => return None,
    })
}

fn indexed(kind: &str, id: &str, value: &Value) -> Value {
    let fields = texts(value).into_iter().filter(|(_, text, _)| !text.is_empty());
    let field =
        |name: &str, text: &str| (name.to_owned(), json!({ "name": name, "value": text, "values": [text], "metadataField": false }));
    let fields: serde_json::Map<String, Value> = fields.map(|(name, text, _)| field(name, text)).collect();
    json!({ "id": id, "type": kind, "fields": fields })
}

fn found(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let (limit, term) = (asked.query.limit(10, 100)?, asked.query.get("q"));
    let offset = asked.query.get("offset").map_or(Ok(0), str::parse::<usize>).map_err(|_| bad_parameter("offset", "must be a number"))?;
    let words: Vec<String> = term.unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let (types, language) = (asked.query.list("type"), asked.query.get("language"));
    let mut results = Vec::new();
    for (kind, id, value) in public(tx.state) {
        let texts = texts(value);
        tx.work.read(texts.iter().map(|(_, text, _)| text.len()).sum())?;
        let lowered = texts.map(|(_, text, weight)| (text.to_lowercase(), weight));
        let score_of =
            |word: &String| lowered.iter().filter(|(text, _)| text.contains(word.as_str())).map(|(_, weight)| weight).sum::<u32>();
        let scores: Vec<u32> = words.iter().map(score_of).collect();
        let fits = (types.is_empty() || types.contains(&kind)) && language.is_none_or(|language| value["language"] == *language);
        if !fits || scores.contains(&0) {
            continue;
        }
        let title = if texts[0].1.is_empty() { texts[1].1 } else { texts[0].1 };
        results.push(json!({
            "id": id.parse::<u64>().unwrap_or_default(), "type": kind, "score": scores.iter().sum::<u32>(), "title": title, "description": value["metaDescription"],
            "url": value["url"], "domain": value["url"].as_str().and_then(|url| url.split('/').nth(2)), "language": value["language"],
            "authorFullName": value["authorName"], "featuredImageUrl": value["featuredImage"],
        }));
    }
    results.sort_by_key(|result| std::cmp::Reverse(result["score"].as_u64()));
    let total = results.len();
    let shown: Vec<Value> = results.into_iter().skip(offset).take(limit).collect();
    Ok(reply(
        200,
        json!({ "total": total, "offset": offset, "limit": limit, "page": offset / limit, "searchTerm": term, "results": shown }),
    ))
}

/// The token that names a visitor to the chat of a site, in the form of a JSON web token. It opens nothing.
pub fn visitor(asked: &Asked<'_>, tx: &Tx<'_>) -> Option<Answer> {
    (asked.method() == "POST").then(|| {
        let form = [("email", Is::Text, true), ("firstName", Is::Text, false), ("lastName", Is::Text, false)];
        let body = shape::read(&form, &asked.body()?, false)?;
        if !body["email"].as_str().is_some_and(is_email) {
            return Err::<_, ErrorBody>(bad_field("email", "must be an e-mail address"));
        }
        let expires = asked.call.now.as_ms() / 1_000 + 12 * 3_600;
        let claims = json!({ "portalId": tx.state.hub_id, "e": body["email"], "fn": body.get("firstName"), "ln": body.get("lastName"), "exp": expires });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode(uuid(body["email"].as_str().unwrap_or_default(), expires.unsigned_abs()));
        let token = format!("{}.{}.{signature}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
        Ok(reply(200, json!({ "token": token })))
    })
}
