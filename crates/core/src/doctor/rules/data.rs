//! Records, properties, searches, pages and batches (hubspot facts, sections 4, 6 and 7).

use serde_json::Value;

use super::{Facts, Found, Say};
use crate::catalog::LimitClass;

/// What HubSpot takes, in records, inputs, filters and characters.
const LIST_PAGE_MAX: u64 = 100;
const LIST_PAGE_WITH_HISTORY_MAX: u64 = 50;
const SEARCH_PAGE_MAX: u64 = 200;
const SEARCH_CEILING: u64 = 10_000;
const SEARCH_GROUPS_MAX: usize = 5;
const SEARCH_FILTERS_OF_GROUP_MAX: usize = 6;
const SEARCH_FILTERS_MAX: usize = 18;
const SEARCH_CHARACTERS_MAX: usize = 3_000;
const BATCH_MAX: usize = 100;
const ASSOCIATIONS_READ_MAX: usize = 1_000;
const ASSOCIATIONS_CREATE_MAX: usize = 2_000;

fn is_search(facts: &Facts<'_>) -> bool {
    facts.operation.is_some_and(|operation| operation.limit_class == LimitClass::Search)
}

fn body<'f>(facts: &Facts<'f>, field: &str) -> Option<&'f Value> {
    facts.call()?.body.as_ref()?.get(field)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn invalid(facts: &Facts<'_>) -> bool {
    facts.may_be(&[400])
}

pub(super) fn search_ceiling(facts: &Facts<'_>) -> Option<Found> {
    let after = body(facts, "after").and_then(number).unwrap_or(0);
    let limit = body(facts, "limit").and_then(number).unwrap_or(10);
    let past = is_search(facts) && after + limit > SEARCH_CEILING && invalid(facts);
    let said = is_search_or_unknown(facts) && (facts.says("10,000") || facts.says("10000"));
    (past || said).then_some(())?;
    Found::certain(format!("a search gives the first {SEARCH_CEILING} records and no more, however it is paged"))
        .so("go on by id: sort ascending by hs_object_id, and begin each query anew with the filter hs_object_id GT the last id that came, and no after")
        .so("or cut the time into slices with BETWEEN on the last modified date (lastmodifieddate of contacts, hs_lastmodifieddate of all other types), none with more than 10,000")
        .so("where all records are wanted, list them (GET with after), which has no ceiling")
}

fn is_search_or_unknown(facts: &Facts<'_>) -> bool {
    is_search(facts) || facts.call().is_none()
}

pub(super) fn search_filters(facts: &Facts<'_>) -> Option<Found> {
    (is_search(facts) && invalid(facts)).then_some(())?;
    let groups = body(facts, "filterGroups")?.as_array()?;
    let counts: Vec<usize> = groups.iter().map(|group| group["filters"].as_array().map_or(0, Vec::len)).collect();
    let (all, most) = (counts.iter().sum::<usize>(), counts.iter().copied().max().unwrap_or(0));
    (groups.len() > SEARCH_GROUPS_MAX || most > SEARCH_FILTERS_OF_GROUP_MAX || all > SEARCH_FILTERS_MAX).then_some(())?;
    Found::certain(format!("the search has {} groups with {all} filters, {most} in the largest; HubSpot takes {SEARCH_GROUPS_MAX} groups, {SEARCH_FILTERS_OF_GROUP_MAX} filters in a group and {SEARCH_FILTERS_MAX} in all", groups.len()))
        .so("use IN with a list of values in place of a group for each value")
        .so("send several searches, or read known ids with batch/read")
}

pub(super) fn search_body(facts: &Facts<'_>) -> Option<Found> {
    let characters = facts.call()?.body_chars;
    (is_search(facts) && characters > SEARCH_CHARACTERS_MAX && invalid(facts)).then_some(())?;
    Found::certain(format!("the body has {characters} characters, and a search takes {SEARCH_CHARACTERS_MAX}"))
        .so("read known ids with batch/read, 100 a call, in place of a long list of values")
        .so("ask for fewer properties by name")
}

pub(super) fn page(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call()?;
    let asked =
        call.parameter_named("limit").and_then(|limit| limit.parse::<u64>().ok()).or_else(|| body(facts, "limit").and_then(number))?;
    let crm = facts.operation.is_some_and(|operation| operation.template.contains("/objects/"));
    let history = call.parameter_named("propertiesWithHistory").is_some();
    let most = match () {
        () if is_search(facts) => SEARCH_PAGE_MAX,
        () if crm && history => LIST_PAGE_WITH_HISTORY_MAX,
        () if crm && !facts.raw_path().contains("/associations/") => LIST_PAGE_MAX,
        () => return None,
    };
    (asked > most && invalid(facts)).then_some(())?;
    let because = if history {
        format!("limit is {asked}, and with propertiesWithHistory a page has {most} records at most")
    } else {
        format!("limit is {asked}, and a page has {most} records at most")
    };
    Found::certain(because).so(format!("ask for {most}, and go on with paging.next.after until it is absent"))
}

pub(super) fn batch(facts: &Facts<'_>) -> Option<Found> {
    let inputs = body(facts, "inputs")?.as_array()?.len();
    let template = facts.operation?.template;
    let most = match template {
        _ if template.contains("/associations/") && template.ends_with("/read") => ASSOCIATIONS_READ_MAX,
        _ if template.contains("/associations/") && template.ends_with("/create") => ASSOCIATIONS_CREATE_MAX,
        _ if template.contains("/batch/") => BATCH_MAX,
        _ => return None,
    };
    (inputs > most && invalid(facts)).then_some(())?;
    Found::certain(format!("the batch has {inputs} inputs, and {template} takes {most}")).so(format!("send it in parts of {most}"))
}

pub(super) fn not_json(facts: &Facts<'_>) -> Option<Found> {
    let writes = facts.call().is_some_and(|call| {
        matches!(call.method.as_deref(), Some("POST" | "PUT" | "PATCH")) && call.headers_known && !facts.is_token_endpoint()
    });
    let unnamed = facts
        .call()
        .is_some_and(|call| call.content_type.as_deref().is_some_and(|kind| kind != "application/json" && !kind.starts_with("multipart/")));
    let said = facts.says("Invalid input JSON") || facts.says("unable to parse") || facts.says("JSON parse");
    (facts.status() == Some(415)
        || said && invalid(facts)
        || (writes && unnamed && facts.status() == Some(400) && facts.call()?.body.is_some()))
    .then_some(())?;
    Found::certain(if said {
        "HubSpot can't read the body as JSON"
    } else {
        "the body is sent as something else than application/json (curl's -d alone says that it is a form)"
    })
    .so("send `Content-Type: application/json`, and a body that a JSON library wrote")
}

pub(super) fn conflict(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(409) || facts.is_category("CONFLICT") || facts.says("already exists. Existing ID")).then_some(())?;
    let id = facts
        .answer()
        .and_then(|answer| answer.message.split("Existing ID: ").nth(1))
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let because = match id.filter(|id| !id.is_empty()) {
        Some(id) => {
            format!("record {id} has this value of a unique property already (of contacts the e-mail address, further addresses included)")
        }
        None => "another record has this value of a unique property already".to_owned(),
    };
    Found::certain(because)
        .so("change the record that is there (PATCH with its id, or with ?idProperty=email)")
        .so("or use batch/upsert with idProperty, which creates or changes")
}

pub(super) fn stage_in_use(facts: &Facts<'_>) -> Option<Found> {
    let said = facts
        .answer()
        .is_some_and(|answer| answer.sub_category.as_deref() == Some("PipelineError.STAGE_ID_IN_USE") || answer.says("STAGE_ID_IN_USE"));
    said.then_some(())?;
    let records = facts.answer().map(|answer| answer.named("objectIds").len()).unwrap_or_default();
    Found::certain(format!("the stage or pipeline can't be deleted while records stand in it; the answer names {records}"))
        .so("move the records of context.objectIds to another stage first")
}

fn properties(facts: &Facts<'_>) -> String {
    let mut names = facts.answer().map(|answer| answer.named("propertyName")).unwrap_or_default();
    names.dedup();
    if names.is_empty() { String::new() } else { format!(": {}", names.into_iter().take(10).collect::<Vec<_>>().join(", ")) }
}

fn has_code(facts: &Facts<'_>, codes: &[&str]) -> bool {
    facts.answer().is_some_and(|answer| codes.iter().any(|code| answer.has_code(code)))
}

pub(super) fn property_unknown(facts: &Facts<'_>) -> Option<Found> {
    (has_code(facts, &["PROPERTY_DOESNT_EXIST"]) || facts.says("does not exist") && facts.says("Property")).then_some(())?;
    Found::certain(format!("the object type has no property of this name{}", properties(facts)))
        .so("use the internal name, not the label: GET /crm/properties/2026-09/{objectType} lists them")
        .so("make it first, or restore it: creating an archived property's name brings it back")
}

pub(super) fn read_only(facts: &Facts<'_>) -> Option<Found> {
    has_code(facts, &["READ_ONLY_VALUE"]).then_some(())?;
    Found::certain(format!("HubSpot sets the property itself{}", properties(facts)))
        .so("leave it out of the write; calculated and hs_ properties are read only for the most part")
}

pub(super) fn value_invalid(facts: &Facts<'_>) -> Option<Found> {
    has_code(
        facts,
        &[
            "INVALID_OPTION",
            "INVALID_INTEGER",
            "INVALID_NUMBER",
            "INVALID_LONG",
            "INVALID_DATE",
            "INVALID_EMAIL",
            "INVALID_OWNER_ID",
            "INVALID_BOOLEAN",
        ],
    )
    .then_some(())?;
    let found = Found::certain(format!("a value does not fit its property{}", properties(facts)));
    if has_code(facts, &["INVALID_OPTION"]) {
        return found.so("use an option's internal value, in its very case: GET /crm/properties/2026-09/{objectType}/{property} lists them; several are joined by ;");
    }
    found.so("dates are ISO 8601 or milliseconds at midnight UTC, numbers have no thousands separators, owners are owner ids (not user ids), and \"\" clears a value")
}

pub(super) fn required(facts: &Facts<'_>) -> Option<Found> {
    let said = ["required properties were not set", "required property", "MISSING_REQUIRED", "REQUIRED_PROPERTY", "REQUIRED_FIELD"];
    (invalid(facts) && (said.iter().any(|words| facts.says(words)) || has_code(facts, &said))).then_some(())?;
    let dated = facts.operation.is_some_and(|operation| !operation.is_numbered() && operation.version >= "2026-09");
    let found = Found::certain(format!("a property that must be set is missing{}", properties(facts)))
        .so("deals need dealname, pipeline and dealstage; tickets subject, hs_pipeline and hs_pipeline_stage; activities hs_timestamp; companies domain or name");
    if dated {
        return found.so("from 2026-09 on the API also asks for what the account's administrators require in their forms and conditions: look under the object's settings");
    }
    found
}

pub(super) fn validation(facts: &Facts<'_>) -> Option<Found> {
    let explained =
        [property_unknown, read_only, value_invalid, required, search_ceiling, search_filters, search_body, page, batch, not_json];
    let path = [super::path::object_type, super::path::unreadable];
    (facts.is_category("VALIDATION_ERROR")
        && facts.status().is_none_or(|status| status == 400)
        && !explained.iter().chain(&path).any(|rule| rule(facts).is_some()))
    .then_some(())?;
    let details = facts.answer().map_or(0, |answer| answer.details.len());
    Found::likely(if details > 0 {
        format!("HubSpot names {details} things in errors[], each with what is wrong and where (in, context)")
    } else {
        "HubSpot says in the message what it does not take".to_owned()
    })
    .so("read errors[].message and errors[].context; of properties the message holds a JSON list in brackets with name and error of each")
    .so("compare the body with HubSpot's reference of this very version: field names differ between versions")
}

pub(super) fn partly(facts: &Facts<'_>) -> Option<Found> {
    let failed = facts.answer()?.failed_inputs;
    let partly = facts.status() == Some(207) || failed.is_some_and(|failed| failed > 0);
    (partly && super::credentials::creator_left(facts).is_none()).then_some(())?;
    let ids = facts.answer().map(|answer| answer.named("ids").len() + answer.named("objectWriteTraceId").len()).unwrap_or_default();
    let because = format!(
        "207 is a success for some inputs and a failure for {}; the answer names {ids} of them in errors[].context",
        failed.map_or("others".to_owned(), |failed| failed.to_string())
    );
    Found::certain(because)
        .so("treat it as neither success nor failure: go through errors[], and send only those again")
        .so("of a batch create give each input an objectWriteTraceId of its own, or one bad input fails all")
}

pub(super) fn merge(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(414) && facts.raw_path().ends_with("/merge")).then_some(())?;
    Found::certain("a record that was merged from more than 250 others can't be merged again")
        .so("merge into a fresh record, or leave these two as they are")
}

pub(super) fn uri_too_long(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(414) && merge(facts).is_none()).then_some(())?;
    Found::certain("the URL is longer than is taken, mostly by a long list of properties")
        .so("name fewer properties, or read with POST …/batch/read, which takes them in the body")
}

pub(super) fn not_found(facts: &Facts<'_>) -> Option<Found> {
    let said = facts.is_category("OBJECT_NOT_FOUND")
        || facts.says("resource not found")
        || facts.says("Object not found")
        || facts.says("they may be deleted or not exist");
    let partly = facts.answer().is_some_and(|answer| answer.failed_inputs.is_some());
    ((said || facts.status() == Some(404) && facts.operation.is_some() && !facts.is_category("NOT_FOUND"))
        && !partly
        && super::path::ended(facts).is_none()
        && !facts.answer()?.html)
        .then_some(())?;
    Found::likely("the record does not exist, is archived, or belongs to another account: HubSpot answers alike, so that ids of others can't be guessed")
        .so("look whether the token is of the account that the record is in: `keyway doctor --credential-env NAME --expect HUB_ID`")
        .so("archived records are given with ?archived=true only, and never by search; after a merge the old id leads nowhere in batches")
        .so("a value of another property needs ?idProperty=NAME")
}
