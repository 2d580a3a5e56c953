//! Records, properties, searches, pages and batches (hubspot facts, sections 4, 6 and 7).

use serde_json::Value;

use super::{Certainty, Facts, Found, Say};
use keyway_core::catalog::LimitClass;

/// HubSpot's maximums, in records, inputs, filters and characters.
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

/// A search past the maximum, by the results that it asks for.
pub(super) fn search_ceiling(facts: &Facts<'_>) -> Option<Found> {
    let after = body(facts, "after").and_then(number).unwrap_or(0);
    let limit = body(facts, "limit").and_then(number).unwrap_or(10);
    (is_search(facts) && after + limit > SEARCH_CEILING && invalid(facts)).then_some(())?;
    Found::certain(format!("the search asks for {limit} records after {after}, and a search returns the first {SEARCH_CEILING} records, however it is paged"))
        .so("sort ascending by hs_object_id, and begin each further search with the filter hs_object_id GT the last ID, without after")
        .so("or search slices of time with BETWEEN on the last modified date (lastmodifieddate of contacts, hs_lastmodifieddate of all other types)")
        .so("list the records (GET with after) where all of them are wanted: lists have no such limit")
}

pub(super) fn search_filters(facts: &Facts<'_>) -> Option<Found> {
    (is_search(facts) && invalid(facts)).then_some(())?;
    let groups = body(facts, "filterGroups")?.as_array()?;
    let counts: Vec<usize> = groups.iter().map(|group| group["filters"].as_array().map_or(0, Vec::len)).collect();
    let (all, most) = (counts.iter().sum::<usize>(), counts.iter().copied().max().unwrap_or(0));
    (groups.len() > SEARCH_GROUPS_MAX || most > SEARCH_FILTERS_OF_GROUP_MAX || all > SEARCH_FILTERS_MAX).then_some(())?;
    Found::certain(format!("the search has {} groups with {all} filters, {most} in the largest; HubSpot takes {SEARCH_GROUPS_MAX} groups, {SEARCH_FILTERS_OF_GROUP_MAX} filters in a group and {SEARCH_FILTERS_MAX} in all", groups.len()))
        .so("use IN with a list of values in place of a group for each value")
        .so("send several searches, or read known IDs with batch/read")
}

pub(super) fn search_body(facts: &Facts<'_>) -> Option<Found> {
    let characters = facts.call()?.body_chars;
    (is_search(facts) && characters > SEARCH_CHARACTERS_MAX && invalid(facts)).then_some(())?;
    Found::certain(format!("the body has {characters} characters, and a search takes {SEARCH_CHARACTERS_MAX}"))
        .so("read known IDs with batch/read, 100 a call, in place of a long list of values")
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

/// An upload with the content type of something else.
pub(super) fn not_multipart(facts: &Facts<'_>) -> Option<Found> {
    let upload = ["/files/v3/files", "/files/2", "/filemanager/", "/imports", "/source-code/"];
    let path = facts.raw_path();
    // A header that is set by hand has no boundary.
    let by_hand = || facts.status() == Some(400) && facts.says("multipart/form-data") && !facts.says("boundary=");
    let to_upload = upload.iter().any(|part| path.contains(part)) && !path.ends_with("/folders");
    (to_upload && (facts.status() == Some(415) || by_hand())).then_some(())?;
    Found::certain("the operation takes a file as multipart/form-data, and the request was declared as something else, or without a boundary")
        .so("let the HTTP library build the form and set Content-Type: a header that is set by hand lacks the boundary")
        .so("with a client library switch its JSON default off for this call (defaultJson: false in @hubspot/api-client, from version 7.1.2 on)")
}

/// A JSON body without the content type of JSON.
pub(super) fn not_json(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call().filter(|_| !facts.is_token_endpoint())?;
    let writes = matches!(call.method.as_deref(), Some("POST" | "PUT" | "PATCH")) && call.headers_known;
    let undeclared = call.content_type.as_deref().is_some_and(|kind| kind != "application/json" && !kind.starts_with("multipart/"));
    let unread = facts.status() == Some(400) && !facts.answer().is_some_and(|answer| answer.envelope);
    (facts.status() == Some(415) || writes && undeclared && unread && call.body.is_some()).then_some(())?;
    Found::certain("the body is declared as something else than application/json (curl's -d alone declares a form)")
        .so("send Content-Type: application/json, and a body that a JSON library wrote")
}

/// A 409 where properties are defined.
pub(super) fn property_exists(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(409) && facts.raw_path().contains("/properties") && !facts.raw_path().contains("/groups")).then_some(())?;
    Found::certain("names of properties are unique for an object type, archived ones included")
        .so("read the property with GET /crm/properties/2026-09/{objectType}/{property}, and change it with PATCH, or choose another name")
}

pub(super) fn conflict(facts: &Facts<'_>) -> Option<Found> {
    let told = facts.says("already has that value")
        || facts.answer().is_some_and(|answer| answer.details.iter().any(|detail| detail.code.is_some()));
    let exists =
        ["property", "object type", "schema", "subscription", "list"].iter().any(|what| facts.says(what) && facts.says("already exists"));
    // The names of properties and object types are not records.
    let defines = ["/properties", "/schemas", "/subscriptions"].iter().any(|part| facts.raw_path().contains(part));
    let exists = exists || defines;
    let id_in = facts.says("Existing ID");
    let contact = facts.answer().is_some_and(|answer| answer.word("CONTACT_EXISTS"));
    let contact = contact || facts.says("contact already exists") && facts.may_be(&[400, 409]);
    (id_in || contact || !told && !exists).then_some(())?;
    (facts.status() == Some(409) || contact || facts.is_category("CONFLICT") || facts.says("already exists. Existing ID")).then_some(())?;
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
    // Many services say that something exists.
    let certainty = if id_in || contact || facts.has_own_form() { Certainty::Certain } else { Certainty::Likely };
    Found::new(certainty, because)
        .so("change the record that exists: PATCH with its ID, or with ?idProperty=email")
        .so("or use batch/upsert with idProperty, which creates or changes; a search does not find a record of the last seconds")
}

/// Any other validation error: HubSpot's message is the only evidence.
pub(super) fn validation(facts: &Facts<'_>) -> Option<Found> {
    let plain_400 = facts.status() == Some(400) && facts.answer().is_some_and(|answer| answer.envelope);
    ((facts.is_category("VALIDATION_ERROR") && facts.may_be(&[400, 422])) || plain_400).then_some(())?;
    let answer = facts.answer()?;
    let sentence = answer.details.iter().map(|detail| &detail.message).find(|message| !message.is_empty()).unwrap_or(&answer.message);
    let sentence: String = sentence.chars().take(200).collect();
    let said = if answer.envelope && !sentence.is_empty() {
        format!("HubSpot says: {}", sentence.trim())
    } else {
        "HubSpot says in the message what it does not take".to_owned()
    };
    Found::likely(format!("{said}{}", super::said::named(facts)))
        .so("read errors[].message and errors[].context; for properties the message holds a JSON list in brackets with the name and the error of each")
        .so("compare the body with HubSpot's reference of this very version: names of fields differ between versions")
}

pub(super) fn partly(facts: &Facts<'_>) -> Option<Found> {
    let failed = facts.answer()?.failed_inputs;
    let partly = facts.status() == Some(207) || failed.is_some_and(|failed| failed > 0);
    partly.then_some(())?;
    let ids = facts.answer().map(|answer| answer.named("ids").len() + answer.named("objectWriteTraceId").len()).unwrap_or_default();
    let because = format!(
        "207 is a success for some inputs and a failure for {}; the answer names {ids} of them in errors[].context",
        failed.map_or("others".to_owned(), |failed| failed.to_string())
    );
    Found::certain(because)
        .so("treat it as neither success nor failure: go through errors[], and send only those again")
        .so("give each input of a batch create an objectWriteTraceId of its own, or one bad input fails all")
}

pub(super) fn merge(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(414) && facts.raw_path().ends_with("/merge")).then_some(())?;
    Found::certain("a record that was merged from more than 250 others can't be merged again")
        .so("merge into a fresh record, or leave these two as they are")
}

pub(super) fn not_found(facts: &Facts<'_>) -> Option<Found> {
    let said = facts.is_category("OBJECT_NOT_FOUND")
        || facts.says("resource not found")
        || facts.says("contact does not exist")
        || facts.says("Object not found")
        || facts.says("they may be deleted or not exist");
    let partly = facts.answer().is_some_and(|answer| answer.failed_inputs.is_some());
    let bare = facts.call().is_none_or(|call| call.path.is_empty()) && facts.is_about_hubspot() && !facts.says("://");
    ((said || facts.status() == Some(404) && (bare || facts.operation.is_some()) && !facts.is_category("NOT_FOUND"))
        && !partly
        && !facts.answer()?.html)
        .then_some(())?;
    let found = Found::likely(
        "the record does not exist, is archived, or belongs to another account: HubSpot answers alike, so that IDs of others can't be guessed",
    );
    let found =
        if bare && !said { found.so("paste the URL of the call: a path that does not exist is answered with 404 too") } else { found };
    found
        .so("check whether the token belongs to the record's account: `keyway doctor --credential-env NAME --expect HUB_ID`")
        .so("archived records are given with ?archived=true only, and never by search; after a merge the old ID leads nowhere in batches")
        .so("a value of another property needs ?idProperty=NAME")
}

/// Before what HubSpot says of a value that it reads as a whole number.
const NOT_A_LONG: &str = " was not a valid long";

/// Whether HubSpot refuses a date or a time as a whole number: it stores both as milliseconds.
pub(super) fn is_date_as_long(facts: &Facts<'_>) -> bool {
    let Some(answer) = facts.answer() else { return false };
    let texts = || std::iter::once(&answer.message).chain(answer.details.iter().map(|detail| &detail.message));
    let value = texts().find_map(|text| {
        let (before, _) = text.split_once(NOT_A_LONG)?;
        let before = before.trim_end_matches(['"', '\'', '\\']);
        let from = before.rfind(['"', '\'', '{', '[', ':']).filter(|at| before[*at..].starts_with(['"', '\'', '{', '[']));
        let value = from.map_or(before, |at| &before[at + 1..]);
        Some(&value[value.char_indices().rev().nth(40).map_or(0, |(at, _)| at)..])
    });
    let is_date = |value: &str| {
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let signs = value.matches(['-', '/', ':', '.']).count();
        let small = value.to_ascii_lowercase();
        let month = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "today", "now", "tomorrow"];
        let in_words = month
            .iter()
            .any(|month| small.split(|one: char| !one.is_ascii_alphabetic()).any(|word| word.starts_with(month) && word.len() <= 9));
        digits >= 4 && signs >= 2 || in_words && (digits > 0 || small.len() < 12)
    };
    let of_a_date = |name: &&str| {
        let small = name.to_ascii_lowercase();
        small.ends_with("date")
            || small.contains("date_")
            || small.contains("timestamp")
            || small.ends_with("_at")
            || small.ends_with("_time")
    };
    let named = ["propertyName", "property"].iter().any(|name| answer.named(name).iter().any(of_a_date))
        || facts.named_values().get("property").is_some_and(|names| names.iter().any(|name| of_a_date(&name.as_str())));
    facts.says(NOT_A_LONG) && (value.is_some_and(is_date) || named)
}

/// A date or a time in a form that HubSpot does not read.
pub(super) fn date_as_long(facts: &Facts<'_>) -> Option<Found> {
    (is_date_as_long(facts) && facts.may_be(&[400, 207, 422])).then_some(())?;
    Found::certain(format!(
        "HubSpot stores dates and times as milliseconds, and can't read this value as one: it says that the value is no long{}",
        super::said::named(facts)
    ))
    .so("send an ISO 8601 text (2026-12-31T09:00:00Z; for a date without a time 2026-12-31), or milliseconds since 1970 in UTC")
    .so("convert local forms such as 31/12/2026, and seconds, before you send them")
}

/// An id that HubSpot does not find because it is not a number.
pub(super) fn id_not_a_number(facts: &Facts<'_>) -> Option<Found> {
    let said = facts.says("objectid are usually numeric") && !facts.is_for_another_method();
    let answer = facts.answer()?;
    let word = |id: &&str| !id.is_empty() && !id.bytes().any(|byte| byte.is_ascii_digit());
    let ids = answer.named("id");
    let last = facts.raw_path().rsplit('/').next().unwrap_or_default();
    let unfilled = |id: &str| {
        matches!(
            id.to_ascii_lowercase().as_str(),
            "undefined" | "null" | "none" | "nan" | "nil" | "[object object]" | "%5bobject%20object%5d"
        )
    };
    let named = ids.iter().copied().find(word).or_else(|| Some(last).filter(|last| unfilled(last)));
    (said && (named.is_some() || ids.is_empty() && last.is_empty()) && facts.may_be(&[400, 404])).then_some(())?;
    let shown: String = named.unwrap_or("the value").chars().take(60).collect();
    Found::certain(format!("HubSpot looked for a record with the ID {shown}, and IDs of records are numbers"))
        .so("look at the variable that goes into the path: undefined, null and None mean that it was empty")
        .so("for an e-mail address or another unique property add ?idProperty=NAME; a word that belongs to another path (search, batch) wants another method")
}
