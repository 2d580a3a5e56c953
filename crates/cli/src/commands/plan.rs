//! `keyway plan`: reads the findings, writes the plan, and creates its apps if asked to.
//!
//! `advice::plan` decides what the plan says.

pub(super) mod input;

use std::path::Path;

use anyhow::{Context, bail};
use http::Method;
use keyway_advice::plan::{CredentialKind, Plan, html, markdown, plan, project_files, sort, terminal};
use keyway_core::shown;
use serde_json::{Value, json};

use super::token::shown_once;
use crate::args::Connection;
use crate::args::plan::{Plan as Args, PlanFormat};
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::output::is_json;
use crate::output::table::{self as layout, Place};

/// Exits 1 when there is something to do.
pub async fn run(connection: &Connection, mut args: Args) -> anyhow::Result<Exit> {
    args.hub_id = super::names::account_if_any(connection, args.account.as_deref()).await?;
    if args.from.is_none() && !args.recorded {
        args.from = Some(".".into());
    }
    let format = match (is_json(), args.format, args.output.as_deref()) {
        (true, ..) => PlanFormat::Json,
        (_, Some(format), _) => format,
        (_, None, None) => PlanFormat::Human,
        (_, None, Some(path)) => PlanFormat::of_file(path).with_context(|| super::no_format(path, ".txt, .md, .html or .json"))?,
    };
    let (report, grouping) = input::read(args.from.as_deref(), args.no_ignore, &args.sorting)?;
    let recorded = if args.recorded { input::recorded(connection, &args).await? } else { Vec::new() };
    let input = args.from.as_ref().map_or_else(|| "--recorded".to_owned(), shown::path);
    let made = plan(&sort(report.as_ref(), &recorded, &grouping), &super::today(), &input);
    if let Some(folder) = &args.project {
        write_projects(&made, folder)?;
    }
    if args.apply {
        return apply(connection, &made, &args).await;
    }
    // The plan indents its tables.
    let width = Place::of_results().width.filter(|_| args.output.is_none()).map(|width| width.saturating_sub(2));
    let place = Place { width, colour: false, now: None };
    let text = match format {
        PlanFormat::Human => terminal(&made, |head, rows| layout::write(head, rows, place)),
        PlanFormat::Markdown => markdown(&made),
        PlanFormat::Html => html(&made),
        PlanFormat::Json => shown::json(&serde_json::to_string_pretty(&made)?).into_owned(),
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("{} can't be written", shown::path(&path)))?;
            super::note(&format!("keyway: the plan is in {}", shown::path(&path)));
        }
        None => super::print(text.trim_end())?,
    }
    Ok(if made.apps.is_empty() && made.loose.is_empty() { Exit::Fine } else { Exit::Negative })
}

/// Writes each project once: a file that is there is somebody's work.
fn write_projects(plan: &Plan, folder: &Path) -> anyhow::Result<()> {
    let mut written = 0;
    for file in plan.apps.iter().flat_map(project_files) {
        let path = folder.join(&file.path);
        if path.exists() {
            bail!("{} is there already; choose another folder, or remove it first", shown::path(&path));
        }
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(|| format!("{} can't be made", shown::path(&folder)))?;
        std::fs::write(&path, file.text).with_context(|| format!("{} can't be written", shown::path(&path)))?;
        written += 1;
    }
    super::say(&match written {
        0 => "keyway: no app of this plan needs a HubSpot project".to_owned(),
        files => format!("keyway: {files} files written to {}", shown::path(&folder)),
    });
    Ok(())
}

/// Makes the apps; one that is there already is left alone, so that the command may be given twice.
async fn apply(connection: &Connection, plan: &Plan, args: &Args) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/apps{}", super::query(&[("hubId", args.hub_id.map(|id| id.to_string()))]));
    let there = list_all(connection, &path, "apps").await?;
    let (mut made, mut kept) = (Vec::new(), Vec::new());
    for app in plan.apps.iter().filter(|app| app.credential != CredentialKind::None) {
        if super::list(&there, "apps").iter().any(|known| known["name"] == app.name.as_str()) {
            kept.push(app.name.clone());
            continue;
        }
        let scopes: Vec<&str> = app.scopes.iter().map(|reason| &*reason.scope).collect();
        let body = json!({
            "name": app.name, "hubId": args.hub_id, "owner": app.owner, "description": "made by keyway plan",
            "dependents": [], "scopes": scopes,
        });
        let answer = call(connection, Method::POST, "/api/v1/apps", Some(body))
            .await
            .with_context(|| format!("the app {} can't be made", app.name))?;
        made.push(answer);
    }
    super::show(&json!({ "version": 1, "apps": made, "kept": kept }), |_| {
        let mut lines: Vec<String> = made.iter().map(created).collect();
        lines.extend(kept.iter().map(|name| format!("{name} is there already and stays as it is")));
        if lines.is_empty() { "the plan has no app to make".to_owned() } else { lines.join("\n") }
    })
}

fn created(answer: &Value) -> String {
    format!(
        "created app {} ({}), scopes {}\n{}",
        super::text(&answer["app"]["id"]),
        super::text(&answer["app"]["name"]),
        super::text(&answer["app"]["scopes"]),
        shown_once(answer)
    )
}
