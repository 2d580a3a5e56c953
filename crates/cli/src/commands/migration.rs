//! `keyway migration …`: the migration board of a server.

use anyhow::{Context, bail};
use http::Method;
use keyway_advice::board::{Fact, Standing};
use keyway_advice::plan::sort;
use keyway_api::view::{Integration, IntegrationAnswer, Migration as Board, ReportSent};
use serde_json::{Value, json};

use super::confirm::{self, Deletion};
use super::plan::input;
use super::{counted, query, show, table};
use crate::args::Connection;
use crate::args::migration::{Migration, NewReport, State};
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::typed::{get, or_dash, show_typed};

const PATH: &str = "/api/v1/migration";

pub async fn run(connection: &Connection, action: Migration) -> anyhow::Result<Exit> {
    match action {
        Migration::Send(send) => report(connection, *send).await,
        Migration::List { repository, state } => {
            let path = format!("{PATH}{}", query(&[("repository", repository), ("state", state.map(State::name).map(str::to_owned))]));
            let answer = list_all(connection, &path, "integrations").await?;
            show_typed(&answer, listed)
        }
        Migration::Show { id } => {
            let answer = call(connection, Method::GET, &integration(id), None).await?;
            show_typed(&answer, described)
        }
        Migration::Link { id, app, none: _ } => {
            let answer = call(connection, Method::PUT, &format!("{}/app", integration(id)), Some(json!({ "app": app }))).await?;
            show_typed(&answer, |answer: &IntegrationAnswer| {
                let Integration { name, app, .. } = &answer.integration;
                match app {
                    Some(app) => format!("the integration {name} uses the app {}", app.name),
                    None => format!("the integration {name} has no app"),
                }
            })
        }
        Migration::Forget { repository: Some(name), consent, .. } => forget_repository(connection, &name, consent).await,
        Migration::Forget { integration: id, consent, .. } => {
            let id = id.context("name a repository, or an integration with --integration")?;
            confirm::deletion(consent, async || {
                let found: IntegrationAnswer = get(connection, &integration(id)).await?;
                let name = found.integration.name;
                let goes = vec!["what earlier reports showed of it; apps and tokens stay".to_owned()];
                Ok(Deletion { what: format!("the integration \"{name}\" of the migration board"), name, goes })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &integration(id), None).await?;
            show(&answer, |_| format!("removed integration {id} from the board"))
        }
    }
}

fn integration(id: u64) -> String {
    format!("{PATH}/integrations/{id}")
}

async fn report(connection: &Connection, send: NewReport) -> anyhow::Result<Exit> {
    let (read, grouping) = input::read(Some(&send.from), false, &send.sorting)?;
    let repository = send.repository.unwrap_or_else(|| grouping.repository.clone());
    let found = sort(read.as_ref(), &[], &grouping);
    let body = json!({ "repository": repository, "found": found });
    let answer = call(connection, Method::POST, &format!("{PATH}/reports"), Some(body)).await?;
    show_typed(&answer, |sent: &ReportSent| {
        let ReportSent { report, new, gone } = sent;
        let mut lines =
            vec![format!("the board has {} of {}, {new} of them new", counted(report.integrations, "integration"), report.repository)];
        if *gone > 0 {
            lines.push(format!(
                "{} of earlier reports: this report has nothing of {}",
                counted(*gone, "integration"),
                if *gone == 1 { "it" } else { "them" }
            ));
        }
        lines.push("See how far each one is with \"keyway migration list\"".to_owned());
        lines.join("\n")
    })
}

fn listed(board: &Board) -> String {
    if board.reports.is_empty() {
        return "no reports: send one with \"keyway migration send FOLDER\"".to_owned();
    }
    if board.integrations.is_empty() {
        return "no integration fits".to_owned();
    }
    let row = |one: &Integration| {
        vec![
            one.id.to_string(),
            one.name.clone(),
            one.repository.clone(),
            one.row.state.to_string(),
            or_dash(one.row.deadline.as_ref().map(|deadline| deadline.shown())),
            or_dash(one.owner.as_deref()),
            or_dash(one.app.as_ref().map(|app| &app.name)),
            or_dash(one.row.steps.iter().find(|fact| fact.standing == Standing::Open).map(|fact| &fact.text)),
        ]
    };
    let rows: Vec<Vec<String>> = board.integrations.iter().map(row).collect();
    table(&["ID", "INTEGRATION", "REPOSITORY", "STATE", "DEADLINE", "OWNER", "APP", "WHAT REMAINS"], &rows)
}

fn described(answer: &IntegrationAnswer) -> String {
    let one = &answer.integration;
    let mut lines = vec![format!("{} ({}), state: {}", one.name, one.repository, one.row.state)];
    if let Some(deadline) = &one.row.deadline {
        lines.push(format!("deadline {}: {} ({})", deadline.date, deadline.what, deadline.certainty));
    }
    lines.push(format!("owner {}, app {}", or_dash(one.owner.as_deref()), or_dash(one.app.as_ref().map(|app| &app.name))));
    lines.push(String::new());
    lines.extend(one.row.steps.iter().map(step));
    if !answer.candidates.is_empty() {
        let apps = answer.candidates.iter().map(|app| format!("{} (account {})", app.id, app.hub_id)).collect::<Vec<_>>();
        lines.push(format!("Apps of its name: {}. Link one with \"keyway migration link {} APP\"", apps.join(", "), one.id));
    }
    lines.join("\n")
}

fn step(fact: &Fact) -> String {
    let sign = match fact.standing {
        Standing::Done => "done",
        Standing::Open => "open",
        Standing::Unknown => "not visible",
    };
    let command = fact.command.iter().flat_map(|command| command.lines()).map(|line| format!("\n    {line}")).collect::<String>();
    format!("{} ({sign}): {}{command}", fact.step, fact.text)
}

async fn forget_repository(connection: &Connection, name: &str, consent: crate::args::consent::Consent) -> anyhow::Result<Exit> {
    let board: Board = get(connection, &format!("{PATH}?limit=1")).await?;
    let Some(report) = board.reports.iter().find(|report| report.repository == name) else {
        bail!("the board has no repository {name}. See \"keyway migration list\"");
    };
    confirm::deletion(consent, async || {
        Ok(Deletion {
            what: format!("the repository \"{name}\" of the migration board"),
            name: name.to_owned(),
            goes: vec![format!("its {}; apps and tokens stay", counted(report.integrations, "integration"))],
        })
    })
    .await?;
    let answer: Value = call(connection, Method::DELETE, &format!("{PATH}/reports/{}", report.id), None).await?;
    show(&answer, |_| format!("removed {name} from the board"))
}
