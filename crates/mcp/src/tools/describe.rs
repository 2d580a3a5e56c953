//! What there is: the token, object types and their properties, pipelines, owners.

use http::Method;
use keyway_core::object_type::ObjectType;
use keyway_core::requirement::{Requirement, of_records};
use serde_json::{Map, Value, json};

use super::paging::{Cursor, Page, page};
use super::read::{AFTER, LIMIT, OBJECT_TYPE};
use super::{Ask, Effect, Tool, segment, target};
use crate::answer::{Reply, rows_that_fit};
use crate::arguments::{Kind, optional};
use crate::open::short;
use crate::road::BoxFuture;
use crate::{ROWS_DEFAULT, ROWS_MAX};
use keyway_core::safety::{Class, Classes};

/// Who am I.
pub static WHOAMI: Tool = Tool {
    name: "whoami",
    title: "Who am I and what may I do",
    words: "Say for which app, account and person you act, and what you may do: scopes, classes of operations, budgets, what needs an approval.",
    arguments: &[],
    operation: None,
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: whoami,
};

/// Object types and their properties.
pub static OBJECT: Tool = Tool {
    name: "describe_object",
    title: "Describe an object type",
    words: "List the object types, or the properties of one type with their types and options.",
    arguments: &[
        optional("object_type", Kind::Text(128), "Left out: lists the types"),
        optional("search", Kind::Text(128), "Only properties whose name or label contains this"),
        LIMIT,
        AFTER,
    ],
    operation: Some(("GET", "/crm/properties/2026-09/{objectType}")),
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: object,
};

/// Pipelines and their stages.
pub static PIPELINES: Tool = Tool {
    name: "list_pipelines",
    title: "List pipelines",
    words: "List the pipelines of an object type with their stages.",
    arguments: &[OBJECT_TYPE],
    operation: Some(("GET", "/crm/pipelines/2026-09/{objectType}")),
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: pipelines,
};

/// Owners.
pub static OWNERS: Tool = Tool {
    name: "list_owners",
    title: "List owners",
    words: "List the people who can own records, whose IDs stand in hubspot_owner_id.",
    arguments: &[optional("email", Kind::Text(256), "Only the owner with this address"), LIMIT, AFTER],
    operation: Some(("GET", "/crm/owners/2026-09")),
    effect: Effect::Is(Class::Read),
    is_idempotent: true,
    run: owners,
};

fn whoami<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let standing = ask.standing;
        let app = standing
            .app_name
            .as_deref()
            .map_or_else(|| standing.app_id.to_string(), |name| format!("{} ({})", short(name), standing.app_id));
        let hub = standing.hub_id;
        let may = if standing.classes.is_subset(Classes::READ) {
            "You may read, and change nothing.".to_owned()
        } else {
            format!("You may use operations of these classes: {}.", standing.classes)
        };
        let scopes = standing.scopes.names().join(", ");
        let mut words = format!("You act as the app {app} on the HubSpot account {hub}. {may} Scopes: {scopes}.");
        words.extend(standing.session().map(session));
        words.extend(approval(&standing.said["approval"]));
        Ok(Reply { words, ..Reply::default() }.fact("me", standing.shown()))
    })
}

/// A session in words: for whom, what for, until when, and what is left. Many clients show a model the words alone.
fn session(session: &Value) -> String {
    let text = |name: &str| short(session[name].as_str().unwrap_or("?"));
    let left = |name: &str, what: &str| {
        let budget = &session["budget"][name];
        Some(format!("{} of {} {what}", budget["left"].as_u64()?, budget["most"].as_u64()?))
    };
    let budgets: Vec<String> = [
        left("calls", "calls"),
        left("records", "records"),
        left("callsPerDay", "calls of the day"),
        left("recordsPerDay", "records of the day"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let left = if budgets.is_empty() { "It has no budget.".to_owned() } else { format!("Left: {}.", budgets.join(", ")) };
    format!(
        " Your session {} acts on behalf of {}, for this purpose: {}. It ends at {}. {left}",
        session["id"],
        text("onBehalfOf"),
        text("purpose"),
        text("expiresAt")
    )
}

/// The rule for approvals in words; none where no call needs one.
fn approval(rule: &Value) -> Option<String> {
    let texts = |name: &str| rule[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(short).collect::<Vec<_>>();
    let (classes, operations) = (texts("classes"), texts("operations"));
    let parts: Vec<String> = [
        (!classes.is_empty())
            .then(|| format!("operations of {} {}", if classes.len() == 1 { "the class" } else { "the classes" }, classes.join(", "))),
        rule["above"].as_u64().map(|above| format!("changes of more than {above} records")),
        (!operations.is_empty()).then(|| format!("the operations {}", operations.join(", "))),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!(" A person must approve, before you make them: {}.", parts.join("; ")))
}

fn object<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        if ask.given.text("object_type").is_empty() {
            return types(ask).await;
        }
        let object = ask.object_type("object_type")?;
        let answer = ask.call(Method::GET, format!("/crm/properties/2026-09/{}", segment(&object)), None).await?;
        let wanted = ask.given.text("search").to_lowercase();
        let holds = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase().contains(&wanted));
        let all = answer["results"].as_array().cloned().unwrap_or_default();
        let all: Vec<Value> = all.into_iter().filter(|one| holds(&one["name"]) || holds(&one["label"])).map(|one| property(&one)).collect();
        Ok(slice(ask, &all).reply(ask, &format!("properties of {object}")))
    })
}

/// The page of a list that comes whole; its cursor is the number of rows before it.
fn slice(ask: &Ask<'_>, all: &[Value]) -> Page {
    let from = ask.given.text("after").parse::<usize>().unwrap_or_default().min(all.len());
    let limit = usize::try_from(ask.given.number("limit").unwrap_or(ROWS_DEFAULT).min(ROWS_MAX)).unwrap_or(1);
    let rows = &all[from..all.len().min(from + limit)];
    let rows = &rows[..rows_that_fit(rows).max(1).min(rows.len())];
    let end = from + rows.len();
    Page { rows: rows.to_vec(), total: Some(all.len() as u64), after: (end < all.len()).then(|| end.to_string()) }
}

/// A property without what a caller does not need. Of many options the first are shown.
fn property(value: &Value) -> Value {
    const OPTIONS_MAX: usize = 30;
    let mut row = Map::new();
    for name in ["name", "label", "type", "fieldType", "description", "dataSensitivity"] {
        row.extend(
            value.get(name).filter(|one| one.as_str().is_some_and(|text| !text.is_empty())).map(|one| (name.to_owned(), one.clone())),
        );
    }
    if value["hasUniqueValue"] == true {
        row.insert("hasUniqueValue".into(), true.into());
    }
    if value["modificationMetadata"]["readOnlyValue"] == true {
        row.insert("readOnly".into(), true.into());
    }
    if let Some(options) = value["options"].as_array().filter(|options| !options.is_empty()) {
        let shown: Vec<Value> = options.iter().take(OPTIONS_MAX).map(|one| one["value"].clone()).collect();
        row.insert("options".into(), shown.into());
        if options.len() > OPTIONS_MAX {
            row.insert("moreOptions".into(), (options.len() - OPTIONS_MAX).into());
        }
    }
    row.into()
}

async fn types(ask: &Ask<'_>) -> Result<Reply, Reply> {
    use keyway_core::beside::Access;
    let may = |row: &ObjectType, access| {
        of_records(row, access).is_some_and(|alternatives| Requirement::Scopes(alternatives).met_by(&ask.standing.scopes))
    };
    let writes = ask.standing.classes.has(Class::Create) || ask.standing.classes.has(Class::Update);
    let rows: Vec<Value> = ObjectType::all()
        .iter()
        .filter(|row| may(row, Access::Read))
        .map(|row| json!({ "name": row.name, "id": row.type_id, "write": writes && may(row, Access::Write) }))
        .collect();
    let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    let words = format!("You can read these standard object types: {}.", names.join(", "));
    let reply = Reply { words, ..Reply::default() }.fact("types", rows);
    // Custom types are the account's own; their names are data.
    let Ok(answer) = ask.call(Method::GET, "/crm-object-schemas/2026-09/schemas".into(), None).await else { return Ok(reply) };
    let custom: Vec<Value> = answer["results"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| json!({ "id": one["objectTypeId"], "name": one["fullyQualifiedName"], "label": one["labels"]["plural"] }))
        .collect();
    if custom.is_empty() {
        return Ok(reply);
    }
    Ok(Reply {
        words: format!("{} The account's custom types stand below; call them by their ID.", reply.words),
        data: Some(custom.into()),
        ..reply
    })
}

fn pipelines<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let object = ask.object_type("object_type")?;
        let answer = ask.call(Method::GET, format!("/crm/pipelines/2026-09/{}", segment(&object)), None).await?;
        let stage = |stage: &Value| json!({ "id": stage["id"], "label": stage["label"] });
        let row = |one: &Value| {
            let stages: Vec<Value> = one["stages"].as_array().into_iter().flatten().map(stage).collect();
            json!({ "id": one["id"], "label": one["label"], "stages": stages })
        };
        let rows: Vec<Value> = answer["results"].as_array().into_iter().flatten().map(row).collect();
        Ok(Reply::of(format!("{} pipelines of {object}.", rows.len()), rows.into()))
    })
}

fn owners<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let asked = |limit: u64| {
            let query = [
                ("email", ask.given.text("email").to_owned()),
                ("limit", limit.to_string()),
                ("after", ask.given.text("after").to_owned()),
            ];
            (Method::GET, target("/crm/owners/2026-09".into(), &query), None)
        };
        let row =
            |one: &Value| json!({ "id": one["id"], "email": one["email"], "firstName": one["firstName"], "lastName": one["lastName"] });
        Ok(page(ask, asked, row, Cursor::Opaque).await?.reply(ask, "owners"))
    })
}
