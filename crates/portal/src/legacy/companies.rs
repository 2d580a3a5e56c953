//! Companies v2.

use keyway_core::error_body::ErrorBody;
use keyway_objects::call::Call;
use keyway_objects::invalid;
use keyway_objects::request::Query;
use serde_json::{Value, json};

use super::records::{Page, Record, Records, Wanted, properties};
use super::{Told, definitions, number};

const KIND: &str = "companies";
/// The properties of a company that a list shows by default.
const SHOWN: [&str; 2] = ["name", "domain"];
const PAGE_DEFAULT: u64 = 100;
const PAGE_MAX: u64 = 250;

pub fn answer(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        ["companies", "paged"] => paged(records, query),
        ["companies", "recent", "created"] => recent(records, query, "createdate"),
        ["companies", "recent", "modified"] => recent(records, query, "hs_lastmodifieddate"),
        ["companies", id, "contacts"] => contacts(records, query, id),
        ["companies", id, "vids"] => vids(records, query, id),
        ["companies", id] => one(records, id),
        ["properties"] => definitions::properties(records, KIND),
        ["properties", "named", name] => definitions::property(records, KIND, name),
        ["groups"] => definitions::groups(records, query, KIND),
        _ => return None,
    })
}

pub fn no_company() -> ErrorBody {
    invalid::record_missing()
}

pub fn one(records: &mut Records<'_, '_>, id: &str) -> Told {
    let found = records.one(KIND, id, &Wanted::default(), None)?.ok_or_else(no_company)?;
    let moments = records.moments(KIND)?;
    Ok(company(records.hub_id(), &found, &moments, true))
}

fn paged(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let (limit, offset) = (number(query, "limit", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let (wanted, with_versions) = asked(query, &SHOWN);
    let page = records.after(KIND, offset, limit, &wanted)?;
    let last = page.records.last().map_or(0, Record::id);
    let companies = companies(records, &page, with_versions)?;
    Ok(json!({ "companies": companies, "has-more": page.has_more, "offset": last }))
}

fn recent(records: &mut Records<'_, '_>, query: &Query, by: &str) -> Told {
    let (count, offset) = (number(query, "count", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let since = number(query, "since", 0, u64::MAX)?;
    let (page, total) = records.recent(KIND, by, since, offset, count, &Wanted::default())?;
    let results = companies(records, &page, true)?;
    Ok(json!({ "results": results, "hasMore": page.has_more, "offset": offset + page.records.len() as u64, "total": total }))
}

/// `POST /companies/v2/domains/{domain}/companies`: a search, which changes nothing.
pub fn by_domain(records: &mut Records<'_, '_>, call: &Call, tail: &[&str]) -> Option<Told> {
    let ["domains", domain, "companies"] = tail else { return None };
    Some(search_domain(records, call, domain))
}

fn search_domain(records: &mut Records<'_, '_>, call: &Call, domain: &str) -> Told {
    let body: Value = if call.body.is_empty() { json!({}) } else { records.body()?.into() };
    let limit = body["limit"].as_u64().unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_DEFAULT);
    let offset = body["offset"]["companyId"].as_u64().unwrap_or(0);
    let names = body["requestOptions"]["properties"].as_array();
    let wanted: Vec<String> = names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let filter = |property: &str, operator: &str, value: String| json!({ "propertyName": property, "operator": operator, "value": value });
    let filters = [filter("domain", "EQ", domain.to_owned()), filter("hs_object_id", "GT", offset.to_string())];
    let search =
        json!({ "filterGroups": [{ "filters": filters }], "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }] });
    let (page, _) = records.search(KIND, search, 0, limit, &Wanted { properties: wanted, associations: &[] })?;
    let last = page.records.last().map_or(0, Record::id);
    let results = companies(records, &page, true)?;
    Ok(json!({ "results": results, "hasMore": page.has_more, "offset": { "companyId": last, "isPrimary": true } }))
}

fn vids(records: &mut Records<'_, '_>, query: &Query, id: &str) -> Told {
    let (vids, has_more) = associated(records, query, id)?;
    Ok(json!({ "vids": vids, "vidOffset": vids.last().copied().unwrap_or(0), "hasMore": has_more }))
}

fn contacts(records: &mut Records<'_, '_>, query: &Query, id: &str) -> Told {
    let (vids, has_more) = associated(records, query, id)?;
    let last = vids.last().copied().unwrap_or(0);
    let wanted =
        Wanted { properties: ["firstname", "lastname", "email", "lastmodifieddate"].map(str::to_owned).to_vec(), associations: &[] };
    let mut contacts = Vec::new();
    for vid in vids {
        let Some(contact) = records.one("contacts", &vid.to_string(), &wanted, None)? else { continue };
        let shown = wanted.properties.iter().filter_map(|name| Some(json!({ "name": name, "value": contact.value(name)? })));
        let identity = contact
            .value("email")
            .map(|email| json!({ "type": "EMAIL", "value": email, "timestamp": contact.created_ms(), "isPrimary": true }));
        contacts.push(json!({
            "vid": vid, "canonicalVid": vid, "portalId": records.hub_id(), "isContact": true, "properties": shown.collect::<Vec<_>>(),
            "formSubmissions": [], "mergedVids": [],
            "identities": [{ "vid": [vid], "identity": identity.into_iter().collect::<Vec<_>>(), "linkedVid": [] }],
        }));
    }
    Ok(json!({ "contacts": contacts, "vidOffset": last, "hasMore": has_more }))
}

fn associated(records: &mut Records<'_, '_>, query: &Query, id: &str) -> Result<(Vec<u64>, bool), ErrorBody> {
    let (count, after) = (number(query, "count", 20, 100)?.max(1), number(query, "vidOffset", 0, u64::MAX)?);
    let mut vids = records.associated(KIND, id, "contacts").map_err(|_| no_company())?;
    vids.retain(|vid| *vid > after);
    let has_more = vids.len() as u64 > count;
    vids.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    Ok((vids, has_more))
}

/// The properties that a caller of a list names: `properties`, or `propertiesWithHistory` for all their
/// versions.
pub fn asked(query: &Query, by_default: &[&str]) -> (Wanted, bool) {
    let (plain, full) = (query.list("properties"), query.list("propertiesWithHistory"));
    let with_versions = !full.is_empty();
    let mut names: Vec<String> = plain.into_iter().chain(full).map(str::to_owned).collect();
    if names.is_empty() {
        names = by_default.iter().map(ToString::to_string).collect();
    }
    (Wanted { properties: names, associations: &[] }, with_versions)
}

fn companies(records: &mut Records<'_, '_>, page: &Page, with_versions: bool) -> Result<Vec<Value>, ErrorBody> {
    let moments = records.moments(KIND)?;
    Ok(page.records.iter().map(|one| company(records.hub_id(), one, &moments, with_versions)).collect())
}

fn company(hub_id: u64, record: &Record, moments: &[String], with_versions: bool) -> Value {
    json!({
        "portalId": hub_id, "companyId": record.id(), "isDeleted": false, "properties": properties(record, moments, with_versions),
        "additionalDomains": [], "stateChanges": [], "mergeAudits": [],
    })
}
