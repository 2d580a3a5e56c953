//! Deals v1, with its own pipelines.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{Query, bad_parameter};
use serde_json::{Value, json};

use super::companies::asked;
use super::records::{Page, Record, Records, Wanted, properties};
use super::{Told, definitions, number};

const KIND: &str = "deals";
const PAGE_DEFAULT: u64 = 100;
const PAGE_MAX: u64 = 250;
/// The object types whose associations a deal shows.
const ASSOCIATED: &[&str] = &["contacts", "companies", "deals", "tickets"];

pub fn answer(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        ["deal", "paged"] => paged(records, query),
        ["deal", "recent", "created"] => recent(records, query, "createdate"),
        ["deal", "recent", "modified"] => recent(records, query, "hs_lastmodifieddate"),
        ["deal", "associated", kind, id] | ["deal", "associated", kind, id, "paged"] => associated(records, query, kind, id),
        ["deal", id] => one(records, id),
        ["pipelines"] => definitions::deal_pipelines(records),
        ["pipelines", id] => definitions::deal_pipeline(records, id),
        ["properties"] => definitions::properties(records, KIND),
        ["properties", "named", name] => definitions::property(records, KIND, name),
        ["groups"] => definitions::groups(records, query, KIND),
        _ => return None,
    })
}

pub fn one(records: &mut Records<'_, '_>, id: &str) -> Told {
    let wanted = Wanted { associations: ASSOCIATED, ..Wanted::default() };
    let found = records.one(KIND, id, &wanted, None)?.ok_or_else(invalid::old_deal_missing)?;
    let moments = records.moments(KIND)?;
    Ok(deal(records.hub_id(), &found, &moments, true))
}

fn paged(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let (limit, offset) = (number(query, "limit", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let (mut wanted, with_versions) = asked(query, &["dealname", "dealstage", "pipeline", "amount"]);
    if query.flag("includeAllProperties")? || query.get("allPropertiesFetchMode").is_some() {
        wanted.properties.clear();
    }
    if query.flag("includeAssociations")? {
        wanted.associations = ASSOCIATED;
    }
    let page = records.after(KIND, offset, limit, &wanted)?;
    let last = page.records.last().map_or(0, Record::id);
    let deals = deals(records, &page, with_versions)?;
    Ok(json!({ "deals": deals, "hasMore": page.has_more, "offset": last }))
}

fn recent(records: &mut Records<'_, '_>, query: &Query, by: &str) -> Told {
    let (count, offset) = (number(query, "count", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let since = number(query, "since", 0, u64::MAX)?;
    let wanted = Wanted { associations: ASSOCIATED, ..Wanted::default() };
    let (page, total) = records.recent(KIND, by, since, offset, count, &wanted)?;
    let results = deals(records, &page, query.flag("includePropertyVersions")?)?;
    Ok(json!({ "results": results, "hasMore": page.has_more, "offset": offset + page.records.len() as u64, "total": total }))
}

fn associated(records: &mut Records<'_, '_>, query: &Query, kind: &str, id: &str) -> Told {
    let kind = match kind.to_ascii_uppercase().as_str() {
        "CONTACT" => "contacts",
        "COMPANY" => "companies",
        _ => return Err(bad_parameter("objectType", "it is neither CONTACT nor COMPANY")),
    };
    let (limit, offset) = (number(query, "limit", PAGE_DEFAULT, PAGE_DEFAULT)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let (mut wanted, with_versions) = asked(query, &["dealname", "dealstage", "pipeline", "amount"]);
    if query.flag("includeAssociations")? {
        wanted.associations = ASSOCIATED;
    }
    let mut ids = records.associated(kind, id, KIND)?;
    ids.retain(|id| *id > offset);
    let has_more = ids.len() as u64 > limit;
    ids.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut page = Page { records: Vec::new(), has_more };
    for id in ids {
        page.records.extend(records.one(KIND, &id.to_string(), &wanted, None)?);
    }
    let last = page.records.last().map_or(0, Record::id);
    let deals = deals(records, &page, with_versions)?;
    Ok(json!({ "deals": deals, "hasMore": page.has_more, "offset": last }))
}

fn deals(records: &mut Records<'_, '_>, page: &Page, with_versions: bool) -> Result<Vec<Value>, ErrorBody> {
    let moments = records.moments(KIND)?;
    Ok(page.records.iter().map(|one| deal(records.hub_id(), one, &moments, with_versions)).collect())
}

fn deal(hub_id: u64, record: &Record, moments: &[String], with_versions: bool) -> Value {
    json!({
        "portalId": hub_id, "dealId": record.id(), "isDeleted": false, "properties": properties(record, moments, with_versions),
        "imports": [], "stateChanges": [],
        "associations": {
            "associatedVids": record.associated("contacts"), "associatedCompanyIds": record.associated("companies"),
            "associatedDealIds": record.associated("deals"), "associatedTicketIds": record.associated("tickets"),
        },
    })
}
