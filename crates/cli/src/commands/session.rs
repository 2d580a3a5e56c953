//! `keyway session …`

use http::Method;
use keyway_api::view::{self, SessionAnswer, Sessions};
use serde_json::json;

use super::app::split;
use super::milliseconds;
use super::{approval, encoded, show, table, text};
use crate::args::Connection;
use crate::args::session::{Create, Session};
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::typed::{or_dash, show_typed};

const PATH: &str = "/api/v1/sessions";

pub async fn run(connection: &Connection, action: Session) -> anyhow::Result<Exit> {
    match action {
        Session::Create(asked) => create(connection, *asked).await,
        Session::List { app, all } => {
            let path = app.map_or_else(|| PATH.to_owned(), |app| format!("/api/v1/apps/{}/sessions", encoded(&app)));
            let state = if all { "" } else { "?state=active" };
            let answer = list_all(connection, &format!("{path}{state}"), "sessions").await?;
            show_typed(&answer, sessions)
        }
        Session::Show { session } => {
            let answer = call(connection, Method::GET, &format!("{PATH}/{session}"), None).await?;
            show_typed(&answer, |SessionAnswer { session }| describe(session))
        }
        Session::End { session } => {
            let answer = call(connection, Method::DELETE, &format!("{PATH}/{session}"), None).await?;
            show_typed(&answer, |SessionAnswer { session }| {
                format!("ended session {} of {} ({})", session.id, session.app, session.on_behalf_of)
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
        "approval": {
            "classes": split(&asked.approval.approve),
            "above": asked.approval.approve_above,
            "operations": asked.approval.approve_operation,
        },
    });
    let answer = call(connection, Method::POST, &format!("/api/v1/apps/{}/sessions", encoded(&asked.app)), Some(body)).await?;
    show(&answer, |answer| {
        let session = &answer["session"];
        format!(
            "created session {} of {}, until {}\n\n  {}\n\nThis is the only time its token is shown. To give it to an agent: keyway mcp snippet\nTo end it: keyway session end {}",
            text(&session["id"]),
            text(&session["app"]),
            text(&session["expiresAt"]),
            text(&answer["token"]["value"]),
            text(&session["id"])
        )
    })
}

fn sessions(Sessions { sessions, .. }: &Sessions) -> String {
    if sessions.is_empty() {
        return "no session is active".to_owned();
    }
    let row = |session: &view::Session| {
        vec![
            session.id.to_string(),
            session.app.clone(),
            session.state.clone(),
            session.on_behalf_of.clone(),
            session.purpose.clone(),
            session.classes.join(", "),
            or_dash(session.expires_at.as_ref()),
            or_dash(session.last_used_at.as_ref()),
        ]
    };
    let rows: Vec<Vec<String>> = sessions.iter().map(row).collect();
    table(&["ID", "APP", "STATE", "ON BEHALF OF", "PURPOSE", "CLASSES", "EXPIRES", "LAST USE"], &rows)
}

fn describe(session: &view::Session) -> String {
    let budget = |budget: &view::Budget| match budget.most {
        Some(most) => format!("{} used of {most}", budget.used),
        None => "no budget".to_owned(),
    };
    let agent = session.agent.as_ref().map(|agent| format!("\n  agent         {} ({})", agent.name, agent.client));
    format!(
        "  ID            {}\n  app           {} ({})\n  account       {}\n  state         {}\n  on behalf of  {}\n  purpose       {}{}\n  created       {} by {}\n  expires       {}\n  last use      {}\n  classes       {}\n  calls         {}; today {}\n  records       {}; today {}\n  approval      {}\n  scopes        {}",
        session.id,
        session.app,
        session.app_id,
        session.hub_id,
        session.state,
        session.on_behalf_of,
        session.purpose,
        agent.unwrap_or_default(),
        session.created_at,
        session.created_by,
        or_dash(session.expires_at.as_ref()),
        or_dash(session.last_used_at.as_ref()),
        session.classes.join(", "),
        budget(&session.calls),
        budget(&session.calls_per_day),
        budget(&session.records),
        budget(&session.records_per_day),
        approval::rule_words(&session.approval),
        session.scopes.join("\n                "),
    )
}
