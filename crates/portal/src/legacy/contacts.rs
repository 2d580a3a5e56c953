//! Contacts v1 and contact lists v1.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{Query, bad_parameter};
use serde_json::{Map, Value, json};

use super::records::{Page, Record, Records, Wanted, ms, old_value};
use super::{Told, definitions, number};

const KIND: &str = "contacts";
/// The properties of a contact that a list shows by default.
const SHOWN: [&str; 4] = ["firstname", "lastname", "company", "lastmodifieddate"];
const PAGE_DEFAULT: u64 = 20;
const PAGE_MAX: u64 = 100;
/// Contacts of a batch.
const BATCH_MAX: usize = 100;

pub fn answer(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        ["contact", "vid", id, "profile"] => profile(records, query, id, None),
        ["contact", "email", email, "profile"] => profile(records, query, email, Some("email")),
        // Cookies are of a website, and there is none.
        ["contact", "utk", _, "profile"] => Err(no_contact()),
        ["contact", "vids", "batch"] => batch(records, query, "vid", None),
        ["contact", "emails", "batch"] => batch(records, query, "email", Some("email")),
        ["contact", "utks", "batch"] => Ok(json!({})),
        ["contacts", "statistics"] => statistics(records),
        ["search", "query"] => search(records, query),
        ["secondary-email", id] => secondary_emails(records, id),
        ["properties"] => definitions::properties(records, KIND),
        ["groups"] => definitions::groups(records, query, KIND),
        ["lists", "all", "contacts", "all"] => all(records, query),
        ["lists", "all", "contacts", "recent"] => recent(records, query, "createdate"),
        ["lists", "recently_updated", "contacts", "recent"] => recent(records, query, "lastmodifieddate"),
        ["lists"] | ["lists", "dynamic"] | ["lists", "static"] | ["lists", "batch"] => lists(records, query, tail.get(1).copied()),
        ["lists", id] => list(records, id),
        ["lists", id, "contacts", "all" | "recent"] => members(records, query, id),
        _ => return None,
    })
}

pub fn no_contact() -> ErrorBody {
    invalid::old_contact_missing()
}

pub fn profile(records: &mut Records<'_, '_>, query: &Query, id: &str, by: Option<&str>) -> Told {
    let shown = Shown::of(query, true)?;
    let found = records.one(KIND, id, &shown.wanted(query, &[]), by)?.ok_or_else(no_contact)?;
    let moments = records.moments(KIND)?;
    let mut contact = shown.contact(records.hub_id(), &found, &moments);
    contact["list-memberships"] = json!([]);
    Ok(contact)
}

fn batch(records: &mut Records<'_, '_>, query: &Query, parameter: &str, by: Option<&str>) -> Told {
    let shown = Shown::of(query, true)?;
    let (wanted, ids) = (shown.wanted(query, &[]), query.list(parameter));
    if ids.len() > BATCH_MAX {
        return Err(bad_parameter(parameter, &format!("at most {BATCH_MAX} can be asked for")));
    }
    let moments = records.moments(KIND)?;
    let mut found = Map::new();
    for id in ids {
        if let Some(contact) = records.one(KIND, id, &wanted, by)? {
            found.insert(contact.id().to_string(), shown.contact(records.hub_id(), &contact, &moments));
        }
    }
    Ok(found.into())
}

fn all(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let shown = Shown::of(query, false)?;
    let (count, after) = (number(query, "count", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "vidOffset", 0, u64::MAX)?);
    let page = records.after(KIND, after, count, &shown.wanted(query, &SHOWN))?;
    let last = page.records.last().map_or(0, Record::id);
    let contacts = shown.contacts(records, &page, |contact| contact.created_ms())?;
    Ok(json!({ "contacts": contacts, "has-more": page.has_more, "vid-offset": last }))
}

/// The offset of time says where a page ends; the place in the order is in the one of ids, so that
/// contacts of one moment are all seen.
fn recent(records: &mut Records<'_, '_>, query: &Query, by: &str) -> Told {
    let shown = Shown::of(query, false)?;
    let (count, offset) = (number(query, "count", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "vidOffset", 0, u64::MAX)?);
    let (page, _) = records.recent(KIND, by, 0, offset, count, &shown.wanted(query, &SHOWN))?;
    let at = |contact: &Record| if by == "createdate" { contact.created_ms() } else { contact.updated_ms() };
    let time = page.records.last().map_or(0, at);
    let next = offset + page.records.len() as u64;
    let contacts = shown.contacts(records, &page, at)?;
    Ok(json!({ "contacts": contacts, "has-more": page.has_more, "vid-offset": next, "time-offset": time }))
}

fn search(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let shown = Shown::of(query, false)?;
    let text = query.get("q").ok_or_else(|| bad_parameter("q", "q is required"))?;
    let (count, offset) = (number(query, "count", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let (page, total) = records.search(KIND, json!({ "query": text }), offset, count, &shown.wanted(query, &SHOWN))?;
    let contacts = shown.contacts(records, &page, |contact| contact.created_ms())?;
    Ok(
        json!({ "query": text, "offset": offset + page.records.len() as u64, "has-more": page.has_more, "total": total, "contacts": contacts }),
    )
}

fn statistics(records: &mut Records<'_, '_>) -> Told {
    let (newest, total) =
        records.recent(KIND, "createdate", 0, 0, 1, &Wanted { properties: vec!["createdate".into()], associations: &[] })?;
    Ok(json!({ "contacts": total, "last-new-contact-at": newest.records.first().map_or(0, Record::created_ms) }))
}

fn secondary_emails(records: &mut Records<'_, '_>, id: &str) -> Told {
    let wanted = Wanted { properties: vec!["email".into(), "hs_additional_emails".into()], associations: &[] };
    let contact = records.one(KIND, id, &wanted, None)?.ok_or_else(no_contact)?;
    let further: Vec<&str> = contact.value("hs_additional_emails").unwrap_or_default().split(';').filter(|one| !one.is_empty()).collect();
    Ok(json!({ "vid": contact.id(), "primaryEmail": contact.value("email"), "secondaryEmails": further }))
}

/// Lists as the account's own lists API has them; none where it has none.
fn lists(records: &mut Records<'_, '_>, query: &Query, of: Option<&str>) -> Told {
    let (count, offset) = (number(query, "count", PAGE_DEFAULT, 250)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let types = match of {
        Some("dynamic") => json!(["DYNAMIC"]),
        Some("static") => json!(["MANUAL", "SNAPSHOT"]),
        _ => json!([]),
    };
    let search = json!({ "offset": offset, "count": count, "processingTypes": types, "additionalProperties": ["hs_list_size"] });
    let found = match records.ask(http::Method::POST, "/crm/lists/2026-09/search", Some(search)) {
        Ok(found) => found,
        Err(error) if error.status == 501 => json!({ "lists": [], "hasMore": false }),
        Err(error) => return Err(error),
    };
    let of_contacts = found["lists"].as_array().into_iter().flatten().filter(|list| list["objectTypeId"] == "0-1");
    let asked: Vec<&str> = if of == Some("batch") { query.list("listId") } else { Vec::new() };
    let fits = |list: &&Value| of != Some("batch") || asked.iter().any(|id| list["listId"].as_str() == Some(*id));
    let hub_id = records.hub_id();
    let lists: Vec<Value> = of_contacts.filter(fits).map(|list| old_list(hub_id, list)).collect();
    let next = found["offset"].as_u64().unwrap_or(offset + lists.len() as u64);
    Ok(json!({ "lists": lists, "offset": next, "has-more": found["hasMore"] }))
}

pub fn list(records: &mut Records<'_, '_>, id: &str) -> Told {
    let found = read_list(records, id)?;
    Ok(old_list(records.hub_id(), &found["list"]))
}

fn read_list(records: &mut Records<'_, '_>, id: &str) -> Told {
    let path = format!("/crm/lists/2026-09/{}", super::records::encoded(id));
    records.get(&path).map_err(|_| invalid::old_list_missing())
}

fn old_list(hub_id: u64, list: &Value) -> Value {
    let size = &list["additionalProperties"]["hs_list_size"];
    let size = size.as_str().and_then(|size| size.parse().ok()).or_else(|| list["size"].as_u64()).unwrap_or(0_u64);
    let changed = ms(&list["updatedAt"]);
    json!({
        "listId": list["listId"].as_str().and_then(|id| id.parse::<u64>().ok()), "name": list["name"], "portalId": hub_id,
        "dynamic": list["processingType"] == "DYNAMIC", "deleted": false, "archived": false, "readOnly": false, "internal": false,
        "createdAt": ms(&list["createdAt"]), "updatedAt": changed, "filters": [],
        "metaData": { "processing": "DONE", "size": size, "error": "", "lastProcessingStateChangeAt": changed, "lastSizeChangeAt": changed },
    })
}

fn members(records: &mut Records<'_, '_>, query: &Query, id: &str) -> Told {
    read_list(records, id)?;
    let shown = Shown::of(query, false)?;
    let (count, after) = (number(query, "count", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "vidOffset", 0, u64::MAX)?);
    let path = format!("/crm/lists/2026-09/{}/memberships?limit=250", super::records::encoded(id));
    let answer = records.get(&path)?;
    let mut ids: Vec<u64> =
        answer["results"].as_array().into_iter().flatten().filter_map(|one| one["recordId"].as_str()?.parse().ok()).collect();
    ids.sort_unstable();
    ids.retain(|id| *id > after);
    let has_more = ids.len() as u64 > count;
    ids.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    let mut page = Page { records: Vec::new(), has_more };
    for id in ids {
        page.records.extend(records.one(KIND, &id.to_string(), &shown.wanted(query, &SHOWN), None)?);
    }
    let last = page.records.last().map_or(0, Record::id);
    let contacts = shown.contacts(records, &page, |contact| contact.created_ms())?;
    Ok(json!({ "contacts": contacts, "has-more": page.has_more, "vid-offset": last }))
}

/// How much is shown of a contact.
struct Shown {
    with_versions: bool,
}

impl Shown {
    fn of(query: &Query, by_default: bool) -> Result<Self, ErrorBody> {
        match query.get("propertyMode") {
            None => Ok(Self { with_versions: by_default }),
            Some("value_and_history") => Ok(Self { with_versions: true }),
            Some("value_only") => Ok(Self { with_versions: false }),
            Some(other) => Err(bad_parameter("propertyMode", &format!("'{other}' is neither value_only nor value_and_history"))),
        }
    }

    fn wanted(&self, query: &Query, by_default: &[&str]) -> Wanted {
        let asked = query.list("property");
        let mut properties: Vec<String> = if asked.is_empty() { by_default } else { &asked }.iter().map(ToString::to_string).collect();
        if !properties.is_empty() && !properties.iter().any(|name| name == "email") {
            // Needed for the profile of identities; shown only if the caller asked for it.
            properties.push("email".into());
        }
        Wanted { properties, associations: &[] }
    }

    fn contacts(&self, records: &mut Records<'_, '_>, page: &Page, added: impl Fn(&Record) -> i64) -> Result<Vec<Value>, ErrorBody> {
        let moments = records.moments(KIND)?;
        let contact = |one: &Record| {
            let mut contact = self.contact(records.hub_id(), one, &moments);
            contact["addedAt"] = added(one).into();
            contact
        };
        Ok(page.records.iter().map(contact).collect())
    }

    fn contact(&self, hub_id: u64, record: &Record, moments: &[String]) -> Value {
        let vid = record.id();
        let version = |name: &str, one: &Value| {
            json!({
                "value": old_value(name, one["value"].as_str().unwrap_or_default(), moments), "source-type": one["sourceType"],
                "source-id": one["sourceId"], "source-label": one["sourceLabel"], "timestamp": ms(&one["timestamp"]), "selected": false,
            })
        };
        let property = |(name, history): (&String, &Vec<Value>)| {
            let mut property = json!({ "value": old_value(name, history[0]["value"].as_str().unwrap_or_default(), moments) });
            if self.with_versions {
                property["versions"] = history.iter().map(|one| version(name, one)).collect();
            }
            (name.clone(), property)
        };
        let properties: Map<String, Value> = record.histories().map(property).collect();
        let mut identities = vec![];
        if let Some(email) = record.value("email") {
            identities.push(json!({ "type": "EMAIL", "value": email, "timestamp": record.created_ms(), "is-primary": true }));
        }
        json!({
            "vid": vid, "canonical-vid": vid, "merged-vids": [], "portal-id": hub_id, "is-contact": true, "properties": properties,
            "form-submissions": [], "merge-audits": [],
            "identity-profiles": [{
                "vid": vid, "saved-at-timestamp": record.created_ms(), "deleted-changed-timestamp": 0, "identities": identities,
            }],
        })
    }
}
