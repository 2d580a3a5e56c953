//! `keyway session …`

use http::Method;
use serde_json::{Value, json};

use super::app::split;
use super::token::milliseconds;
use super::{encode, list, show, table, text};
use crate::Exit;
use crate::args::Connection;
use crate::args::session::{Create, Session};
use crate::client::{call, list_all};

const PATH: &str = "/api/v1/sessions";

pub async fn run(connection: &Connection, action: Session) -> anyhow::Result<Exit> {
    match action {
        Session::Create(asked) => create(connection, asked).await,
        Session::List { app, all, json } => {
            let path = app.map_or_else(|| PATH.to_owned(), |app| format!("/api/v1/apps/{}/sessions", encode(&app)));
            let state = if all { "" } else { "?state=active" };
            let answer = list_all(connection, &format!("{path}{state}"), "sessions").await?;
            show(&answer, json, |answer| sessions(list(answer, "sessions")))
        }
        Session::Show { session, json } => {
            let answer = call(connection, Method::GET, &format!("{PATH}/{session}"), None).await?;
            show(&answer, json, |answer| describe(&answer["session"]))
        }
        Session::End { session, json } => {
            let answer = call(connection, Method::DELETE, &format!("{PATH}/{session}"), None).await?;
            show(&answer, json, |answer| {
                let session = &answer["session"];
                format!("ended session {} of {} ({})", text(&session["id"]), text(&session["app"]), text(&session["onBehalfOf"]))
            })
        }
    }
}

async fn create(connection: &Connection, asked: Create) -> anyhow::Result<Exit> {
    let body = json!({
        "scopes": (!asked.scopes.is_empty()).then(|| split(&asked.scopes)),
        "classes": (!asked.classes.is_empty()).then_some(asked.classes),
        "lifetimeMs": asked.lifetime.as_deref().map(milliseconds).transpose()?,
        "onBehalfOf": asked.on_behalf_of,
        "purpose": asked.purpose,
        "calls": asked.calls,
        "records": asked.records,
        "callsPerDay": asked.calls_per_day,
        "recordsPerDay": asked.records_per_day,
    });
    let answer = call(connection, Method::POST, &format!("/api/v1/apps/{}/sessions", encode(&asked.app)), Some(body)).await?;
    show(&answer, asked.json, |answer| {
        let session = &answer["session"];
        format!(
            "created session {} of {}, until {}\n\n  {}\n\nThis is the only time its token is shown. To end it: keyway session end {}",
            text(&session["id"]),
            text(&session["app"]),
            text(&session["expiresAt"]),
            text(&answer["token"]["value"]),
            text(&session["id"])
        )
    })
}

fn sessions(sessions: &[Value]) -> String {
    if sessions.is_empty() {
        return "no session is active".to_owned();
    }
    let row = |session: &Value| {
        let field = |name: &str| text(&session[name]);
        vec![
            field("id"),
            field("app"),
            field("state"),
            field("onBehalfOf"),
            field("purpose"),
            field("classes"),
            field("expiresAt"),
            field("lastUsedAt"),
        ]
    };
    let rows: Vec<Vec<String>> = sessions.iter().map(row).collect();
    table(&["ID", "APP", "STATE", "ON BEHALF OF", "PURPOSE", "CLASSES", "EXPIRES", "LAST USE"], &rows)
}

fn describe(session: &Value) -> String {
    let budget = |name: &str| {
        let one = &session[name];
        if one["most"].is_null() { "no budget".to_owned() } else { format!("{} used of {}", text(&one["used"]), text(&one["most"])) }
    };
    format!(
        "  id            {}\n  app           {} ({})\n  account       {}\n  state         {}\n  on behalf of  {}\n  purpose       {}\n  created       {} by {}\n  expires       {}\n  last use      {}\n  classes       {}\n  calls         {}; today {}\n  records       {}; today {}\n  scopes        {}",
        text(&session["id"]),
        text(&session["app"]),
        text(&session["appId"]),
        text(&session["hubId"]),
        text(&session["state"]),
        text(&session["onBehalfOf"]),
        text(&session["purpose"]),
        text(&session["createdAt"]),
        text(&session["createdBy"]),
        text(&session["expiresAt"]),
        text(&session["lastUsedAt"]),
        text(&session["classes"]),
        budget("calls"),
        budget("callsPerDay"),
        budget("records"),
        budget("recordsPerDay"),
        list(session, "scopes").iter().map(text).collect::<Vec<_>>().join("\n                "),
    )
}
