//! Sequences of e-mails and tasks, and the contacts who are enrolled in them.
//!
//! developers.hubspot.com/docs/api-reference/automation-sequences-v4/guide. The fields are those of the published
//! specification of 2026-09-beta. No step is performed: nothing is sent, and an enrollment stays at its first step.

use std::collections::BTreeSet;

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, bad_parameter, missing_field};
use keyway_objects::state::{Owner, State};
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::people::contacts;
use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, page, reply, size};

const SEQUENCE: [Field; 7] = [
    ("name", Is::Text, true),
    ("dynamic", Is::Flag, true),
    ("steps", Is::List, true),
    ("dependencies", Is::List, true),
    ("settings", Is::Object, true),
    ("folderId", Is::Text, false),
    ("engagementTriggers", Is::Object, false),
];
const SETTINGS: [Field; 9] = [
    ("eligibleFollowUpDays", Is::One(&["BUSINESS_DAYS", "EVERYDAY", "WEEKDAYS_ONLY"]), true),
    ("individualTaskRemindersEnabled", Is::Flag, true),
    ("sellingStrategy", Is::One(&["ACCOUNT_BASED", "LEAD_BASED"]), true),
    ("sendWindowStartMinute", Is::Number, true),
    ("sendWindowEndMinute", Is::Number, true),
    ("taskCreationMinute", Is::Number, true),
    ("taskReminderMinute", Is::Number, true),
    ("unenrollmentSettings", Is::Object, true),
    ("useThreadedFollowUps", Is::Flag, true),
];
/// What an answer has of the settings.
const SHOWN: [&str; 6] = [
    "eligibleFollowUpDays",
    "individualTaskRemindersEnabled",
    "sellingStrategy",
    "sendWindowStartMinute",
    "sendWindowEndMinute",
    "taskReminderMinute",
];
const STEP: [Field; 6] = [
    ("actionType", Is::One(&["ADAPTIVE_CONTAINER", "EMAIL", "FINISH_ENROLLMENT", "TASK"]), true),
    ("branchNumber", Is::Number, true),
    ("delayMillis", Is::Number, true),
    ("dynamic", Is::Flag, true),
    ("stepOrder", Is::Number, true),
    ("variants", Is::List, true),
];
const EMAIL: [Field; 2] = [("templateId", Is::Text, true), ("threadEmailToStepOrder", Is::Number, false)];
const TASK: [Field; 6] = [
    ("taskPriority", Is::One(&["HIGH", "LOW", "MEDIUM", "NONE"]), true),
    ("taskType", Is::One(&["CALL", "EMAIL", "LINKED_IN_CONNECT", "LINKED_IN_MESSAGE", "MEETING", "TODO"]), true),
    ("notes", Is::Text, false),
    ("subject", Is::Text, false),
    ("queueId", Is::Text, false),
    ("templateId", Is::Text, false),
];
const DEPENDENCY: [Field; 4] = [
    ("branchNumber", Is::Number, true),
    ("dependencyType", Is::One(&["ADAPTIVE_COMPLETION", "MANUAL_PAUSE", "TASK_COMPLETION"]), true),
    ("reliesOnStepOrder", Is::Number, true),
    ("requiredByStepOrder", Is::Number, true),
];
const ENROLLMENT: [Field; 4] = [
    ("sequenceId", Is::Text, true),
    ("contactId", Is::Text, true),
    ("senderEmail", Is::Text, true),
    ("senderAliasAddress", Is::Text, false),
];

const DAY_MS: i64 = 86_400_000;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let user = || asked.query.get("userId").ok_or_else(|| bad_parameter("userId", "is required"));
    Some(match (asked.method(), rest) {
        ("GET", []) => user().and_then(|user| list(asked, tx, Some(user))),
        ("POST", ["enrollments"]) => user().and_then(|user| enroll(asked, tx, Some(user))),
        ("GET", ["enrollments", "contact", id]) => enrollment(tx.state, id).map(|one| reply(200, one)),
        ("POST", ["serviceaccounts", "enrollments"]) => enroll(asked, tx, None),
        ("GET", ["serviceaccounts", "sequences"]) => list(asked, tx, None),
        ("POST", ["serviceaccounts", "sequences"]) => create(asked, tx),
        ("GET", ["serviceaccounts", "sequences", id]) => found(tx.state, id).map(|one| reply(200, one.value.clone())),
        ("PUT", ["serviceaccounts", "sequences", id]) => replace(asked, tx, id),
        ("DELETE", ["serviceaccounts", "sequences", id]) => delete(asked, tx, id),
        ("GET", ["serviceaccounts", "sequences", id, "performance"]) => performance(tx, id),
        (_, ["serviceaccounts" | "enrollments", ..]) => return None,
        ("GET", [id]) => user().and_then(|user| {
            let one = found(tx.state, id).ok().filter(|one| one.value["userId"] == *user).ok_or_else(|| missing(id))?;
            Ok(reply(200, in_numbers(one.value.clone())))
        }),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("sequences", &[])
}

/// The enrollments, by contact: a contact is in one sequence at a time.
fn enrollments() -> Place {
    Place::new("sequence-enrollments", &[])
}

fn found<'s>(state: &'s State, id: &str) -> Result<&'s Item, ErrorBody> {
    state.items.get(&place(), id).ok_or_else(|| missing(id))
}

/// Whom a call acts for: its user where the account has one, or else its first.
fn caller<'s>(asked: &Asked<'_>, state: &'s State) -> Option<&'s Owner> {
    state.live_owners().find(|owner| owner.user_id == asked.call.user_id).or_else(|| state.live_owners().next())
}

fn list(asked: &Asked<'_>, tx: &Tx<'_>, user: Option<&str>) -> Answer {
    tx.work.each(tx.state.items.count(&place()), 4)?;
    let name = asked.query.get("name").map(str::to_lowercase);
    let fits = |one: &Value| {
        user.is_none_or(|user| one["userId"] == *user)
            && name.as_ref().is_none_or(|name| one["name"].as_str().unwrap_or_default().to_lowercase().contains(name))
    };
    let all = tx.state.items.of(&place()).map(|(_, item)| &item.value).filter(|one| fits(one));
    let short: Vec<Value> = all
        .map(|one| {
            let mut short = Map::new();
            for field in ["id", "name", "createdAt", "updatedAt", "userId", "folderId"] {
                if let Some(value) = one.get(field) {
                    short.insert(field.to_owned(), value.clone());
                }
            }
            short.into()
        })
        .collect();
    page(asked, short.iter().collect(), true)
}

/// The form for users has the queue and the template of a task as numbers.
fn in_numbers(mut sequence: Value) -> Value {
    for step in sequence["steps"].as_array_mut().into_iter().flatten() {
        let Some(task) = step.get_mut("taskPattern") else { continue };
        for name in ["queueId", "templateId"] {
            if let Some(number) = task[name].as_str().and_then(|text| text.parse::<u64>().ok()) {
                task[name] = number.into();
            }
        }
    }
    sequence
}

/// A sequence as it is shown, from what the caller wrote: its steps in order, with the templates and tasks that they need.
fn shown(asked: &Asked<'_>, id: &str, user: &Value, made: &Value) -> Result<Value, ErrorBody> {
    let fields = shape::read(&SEQUENCE, &asked.body()?, false)?;
    asked.work.write(4 * size(&Value::from(fields.clone())))?;
    let mut settings = shape::read(&SETTINGS, fields["settings"].as_object().unwrap_or(&Map::new()), false)?;
    let at =
        |name: &str| settings[name].as_u64().filter(|minute| *minute <= 1_440).ok_or_else(|| bad_field(name, "must be a minute of a day"));
    if at("sendWindowStartMinute")? >= at("sendWindowEndMinute")? {
        return Err(bad_field("sendWindowEndMinute", "must be after sendWindowStartMinute"));
    }
    settings.retain(|name, _| SHOWN.contains(&name.as_str()));
    let (mut steps, mut orders) = (Vec::new(), BTreeSet::new());
    for step in objects(&fields, "steps")? {
        let read = shape::read(&STEP, step, false)?;
        let order = read["stepOrder"].as_u64().ok_or_else(|| bad_field("stepOrder", "must be a whole number"))?;
        if !orders.insert(order) {
            return Err(bad_field("stepOrder", "is the same for two steps"));
        }
        let step_id = format!("{id}{order:03}");
        let mut one = json!({
            "id": step_id, "actionType": read["actionType"], "stepOrder": order, "delayMillis": read["delayMillis"], "createdAt": made, "updatedAt": asked.now(),
        });
        for (kind, field, form) in [("EMAIL", "emailPattern", &EMAIL[..]), ("TASK", "taskPattern", &TASK[..])] {
            if read["actionType"] == kind {
                let pattern = step.get(field).and_then(Value::as_object).ok_or_else(|| missing_field(field))?;
                let mut pattern = Value::from(shape::read(form, pattern, false)?);
                pattern["id"] = format!("{step_id}1").into();
                pattern["createdAt"] = made.clone();
                pattern["updatedAt"] = asked.now().into();
                one[field] = pattern;
            }
        }
        steps.push((order, one));
    }
    if steps.is_empty() {
        return Err(bad_field("steps", "must not be empty"));
    }
    steps.sort_by_key(|(order, _)| *order);
    let mut dependencies = Vec::new();
    for (index, one) in objects(&fields, "dependencies")?.into_iter().enumerate() {
        let read = shape::read(&DEPENDENCY, one, false)?;
        let step = |name: &str| {
            let order = read[name].as_u64().filter(|order| orders.contains(order));
            order.map(|order| format!("{id}{order:03}")).ok_or_else(|| bad_field(name, "is not the order of a step"))
        };
        dependencies.push(json!({
            "id": format!("{id}{:03}", 500 + index), "dependencyType": read["dependencyType"], "reliesOnSequenceStepId": step("reliesOnStepOrder")?,
            "reliesOnStepOrder": read["reliesOnStepOrder"], "requiredBySequenceStepId": step("requiredByStepOrder")?,
            "requiredByStepOrder": read["requiredByStepOrder"], "createdAt": made, "updatedAt": asked.now(),
        }));
    }
    let mut settings = Value::from(settings);
    settings["id"] = id.into();
    settings["createdAt"] = made.clone();
    settings["updatedAt"] = asked.now().into();
    let steps: Vec<Value> = steps.into_iter().map(|(_, step)| step).collect();
    let mut value = json!({
        "id": id, "name": fields["name"], "userId": user, "steps": steps, "dependencies": dependencies, "settings": settings, "createdAt": made,
        "updatedAt": asked.now(),
    });
    if let Some(folder) = fields.get("folderId") {
        value["folderId"] = folder.clone();
    }
    Ok(value)
}

fn objects<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Vec<&'b Map<String, Value>>, ErrorBody> {
    let all = body[name].as_array().into_iter().flatten();
    all.map(|one| one.as_object().ok_or_else(|| bad_field(name, "must be a list of objects"))).collect()
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let id = tx.state.items.next_number(&place()).to_string();
    let owner = caller(asked, tx.state);
    let user = owner.map_or(asked.call.user_id, |owner| owner.user_id).to_string();
    let view = owner.map(|owner| json!({ "email": owner.email, "firstName": owner.first_name, "lastName": owner.last_name }));
    let value = shown(asked, &id, &user.into(), &asked.now().into())?;
    tx.put_item(&place(), &id, Item::new(value.clone()));
    Ok(reply(200, json!({ "sequence": value, "userView": view.unwrap_or_else(|| json!({})) })))
}

fn replace(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = found(tx.state, id)?;
    let value = shown(asked, id, &before.value["userId"], &before.value["createdAt"])?;
    tx.put_item(&place(), id, Item::new(value.clone()));
    Ok(reply(200, value))
}

/// The enrollments of a sequence.
fn of<'s>(tx: &'s Tx<'_>, id: &str) -> Result<Vec<(&'s str, &'s Value)>, ErrorBody> {
    tx.work.each(tx.state.items.count(&enrollments()), 1)?;
    let all = tx.state.items.of(&enrollments()).map(|(contact, item)| (contact, &item.value));
    Ok(all.filter(|(_, one)| one["sequenceId"] == *id).collect())
}

/// A sequence with enrollments goes only where the caller says so, and takes them with it.
fn delete(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    found(tx.state, id)?;
    let (over, enrolled) = (asked.query.flag("overrideActiveEnrollment")?, of(tx, id)?);
    if !over && !enrolled.is_empty() {
        return Err(invalid::sequence_in_use(id, enrolled.len()));
    }
    let enrolled: Vec<String> = enrolled.into_iter().map(|(contact, _)| contact.to_owned()).collect();
    for contact in enrolled {
        tx.remove_item(&enrollments(), &contact);
    }
    tx.remove_item(&place(), id);
    Ok(no_content())
}

fn enroll(asked: &Asked<'_>, tx: &mut Tx<'_>, user: Option<&str>) -> Answer {
    let fields = shape::read(&ENROLLMENT, &asked.body()?, false)?;
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let owner = match user {
        None => caller(asked, tx.state),
        Some(user) => tx.state.live_owners().find(|owner| owner.user_id.to_string() == user),
    };
    let owner = owner.ok_or_else(|| bad_parameter("userId", "is not a user of the account"))?;
    let sequence = found(tx.state, text("sequenceId")).map_err(|_| bad_field("sequenceId", "is not a sequence of the account"))?;
    let contact = text("contactId").parse().ok().and_then(|id| tx.state.table(contacts()).live(id));
    let contact = contact.ok_or_else(|| bad_field("contactId", "is not a contact of the account"))?;
    let Some(email) = contact.get("email").filter(|email| is_email(email)) else {
        return Err(invalid::contact_without_address(contact.id));
    };
    if !is_email(text("senderEmail")) {
        return Err(bad_field("senderEmail", "must be an e-mail address"));
    }
    let key = contact.id.to_string();
    if tx.state.items.get(&enrollments(), &key).is_some() {
        return Err(invalid::contact_enrolled(key));
    }
    let (at, id) = (asked.now(), tx.state.items.next_number(&enrollments()));
    let value = json!({
        "id": format!("{}{id}", sequence.value["id"].as_str().unwrap_or_default()), "enrolledAt": at, "enrolledBy": owner.user_id.to_string(),
        "enrolledByEmail": owner.email, "sequenceId": sequence.value["id"], "sequenceName": sequence.value["name"], "toEmail": email, "updatedAt": at,
        "senderEmail": text("senderEmail"),
    });
    let short = json!({ "id": value["id"], "enrolledAt": at, "toEmail": email, "updatedAt": at });
    tx.put_item(&enrollments(), &key, Item::new(value));
    Ok(reply(200, short))
}

fn enrollment(state: &State, contact: &str) -> Result<Value, ErrorBody> {
    let mut value = state.items.get(&enrollments(), contact).map(|item| item.value.clone()).ok_or_else(|| missing(contact))?;
    if let Value::Object(fields) = &mut value {
        fields.remove("senderEmail");
    }
    Ok(value)
}

/// Counts of what happened: contacts were enrolled, and all wait at the first step.
fn performance(tx: &Tx<'_>, id: &str) -> Answer {
    let sequence = &found(tx.state, id)?.value;
    let enrolled = of(tx, id)?;
    let companies = Kind::of("companies").expect("companies are a type");
    let mut days = std::collections::BTreeMap::<i64, usize>::new();
    let (mut employers, mut employed) = (BTreeSet::new(), 0_usize);
    for (contact, one) in &enrolled {
        let at = one["enrolledAt"].as_str().and_then(Timestamp::parse_iso).map_or(0, Timestamp::as_ms);
        *days.entry(at.div_euclid(DAY_MS)).or_default() += 1;
        let of = (contacts(), contact.parse().unwrap_or_default());
        let own: Vec<u64> = tx.state.links.of(of, companies).map(|(id, _)| id).collect();
        employed += usize::from(!own.is_empty());
        employers.extend(own);
    }
    let count = enrolled.len();
    let first = sequence["steps"][0]["stepOrder"].clone();
    let none = |fields: &[&str]| fields.iter().map(|name| ((*name).to_owned(), 0.into())).collect::<Map<String, Value>>();
    let mut summary =
        Value::from(none(&["bounced", "clicked", "engaged", "meetingsBooked", "noResponse", "opened", "replied", "unsubscribed"]));
    summary["contacts"] = count.into();
    summary["enrolled"] = count.into();
    let steps = sequence["steps"].as_array().into_iter().flatten().map(|step| {
        let mut one = Value::from(none(&[
            "calls",
            "callsConnected",
            "clicked",
            "executionCount",
            "meetingsBooked",
            "onTimeTaskCompletionCount",
            "onTimeTaskCompletionSum",
            "opened",
            "personalizationRateCount",
            "replied",
            "tasksCompleted",
        ]));
        one["stepKey"] = step["id"].clone();
        one["stepOrder"] = step["stepOrder"].clone();
        one
    });
    let steps: Vec<Value> = steps.collect();
    let waiting: Vec<Value> =
        (count > 0).then(|| json!({ "count": count, "currentStepOrder": first, "enrollmentStatus": "EXECUTING" })).into_iter().collect();
    let timeline: Vec<Value> =
        days.into_iter().map(|(day, count)| json!({ "enrolledAt": day * DAY_MS, "enrollments": count, "meetingsBooked": 0 })).collect();
    Ok(reply(
        200,
        json!({
            "sequenceId": id, "summary": summary, "steps": steps, "statusByStep": waiting, "timeline": timeline,
            "companyMetrics": { "companiesEnrolled": employers.len(), "contactsEnrolledWithCompanyId": employed, "companiesEngaged": 0, "companiesScheduledMeeting": 0 },
        }),
    ))
}
