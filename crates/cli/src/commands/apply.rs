//! `keyway apply`: changes a server's accounts, apps and notification channels to match a file. Shows the plan
//! before it changes anything.

pub(super) mod channels;
mod check;
mod perform;
mod plan;
pub(super) mod server;
mod show;

use std::path::Path;

use anyhow::bail;
use keyway_core::shown;

use self::perform::{State, TokensFile, perform};
use self::plan::{Change, Plan, Target};
use self::server::Server;
use super::{confirm, counted, print, print_json, say};
use crate::args::Connection;
use crate::args::apply::Apply;
use crate::exit::Exit;
use crate::output::is_json;
use crate::register::yaml;

pub async fn run(connection: &Connection, asked: Apply) -> anyhow::Result<Exit> {
    let Apply { file, dry_run, prune, tokens_out, consent } = asked;
    let wanted = yaml::read(&file)?;
    let wanted = check::wanted(wanted).map_err(|problems| refused(&problems))?;
    server::check_role(connection, !dry_run).await?;
    let asked_ids = wanted.asked_ids();
    let planned = async || -> anyhow::Result<Plan> {
        let server = Server::read(connection, |hub_id| asked_ids.contains(&hub_id), wanted.channels.is_some()).await?;
        plan::plan(&wanted, &server, prune).map_err(|problems| refused(&problems))
    };
    let plan = planned().await?;
    if !is_json() {
        print(&show::lines(&plan))?;
    }
    if dry_run || plan.changes.is_empty() {
        if is_json() {
            print_json(&show::json(&plan, &[]))?;
        }
        return Ok(if plan.changes.is_empty() { Exit::Fine } else { Exit::Negative });
    }
    if is_json() && !consent.yes {
        bail!("--json changes nothing without --yes, because nobody reads the plan before. To see the plan, add --dry-run");
    }
    let missing = missing_variables(&plan);
    if !missing.is_empty() {
        return Err(refused(&missing));
    }
    if confirm::changes(consent, plan.deleted().as_deref())? && planned().await? != plan {
        bail!("the server has changed since the plan was shown, so nothing was changed. Run the command again");
    }
    let creates = plan.changes.iter().any(|change| change.target == Target::App(None) || is_signed(change));
    let mut tokens = tokens_out.as_deref().filter(|_| creates).map(TokensFile::create).transpose()?;
    let (states, failure) = perform(connection, &plan, tokens.as_mut()).await;
    if let Some(tokens) = tokens {
        tokens.finish()?;
    }
    if is_json() {
        print_json(&show::json(&plan, &states))?;
    }
    if let Some(error) = failure {
        say(&show::halfway(&plan, &states));
        return Err(error.context("the server refused a change, or did not answer. Run the command again to go on"));
    }
    if !is_json() {
        print(&done(&plan, &states, tokens_out.as_deref()))?;
    }
    Ok(Exit::Fine)
}

/// The variables of channels to be added that are not set, a line each. Nothing is changed before all are there.
fn missing_variables(plan: &Plan) -> Vec<String> {
    let line = |change: &Change| match &change.target {
        Target::Channel(Some(new)) => new.missing().map(|variable| {
            let name = check::shown_name(&change.name);
            format!("channel {name}: the environment variable {variable} is not set or empty. Set it, and run the command again")
        }),
        _ => None,
    };
    plan.changes.iter().filter_map(line).collect()
}

/// Whether the server makes a signing secret for what a change adds.
fn is_signed(change: &Change) -> bool {
    matches!(&change.target, Target::Channel(Some(new)) if new.is_signed())
}

fn refused(problems: &[String]) -> anyhow::Error {
    const SHOWN_MAX: usize = 20;
    let mut lines: Vec<String> = problems.iter().take(SHOWN_MAX).cloned().collect();
    if problems.len() > SHOWN_MAX {
        lines.push(format!("and {}", counted((problems.len() - SHOWN_MAX) as u64, "further problem")));
    }
    anyhow::anyhow!("the file can't be applied, so nothing was changed\n{}", lines.join("\n"))
}

/// A text as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    format!("'{}'", shown::line(text).replace('\'', "'\\''"))
}

/// What was done, with how the new apps get their tokens and the receivers of new webhooks their signing secrets.
fn done(plan: &Plan, states: &[State], tokens_out: Option<&Path>) -> String {
    let mut lines = vec![format!("{} done.", counted(plan.changes.len() as u64, "change"))];
    let create = |(change, state): (&Change, &State)| match state {
        State::Done(Some(id)) => Some(format!("    keyway token create {id}    # {}", check::shown_name(&change.name))),
        _ => None,
    };
    let created: Vec<String> = plan.changes.iter().zip(states).filter_map(create).collect();
    match tokens_out {
        _ if created.is_empty() => {}
        Some(path) => lines.push(format!("The tokens of the new apps are in {}.", shown::path(&path))),
        None => {
            lines.push("A new app has no token yet. Create one, and put it where the integration reads its secrets:".to_owned());
            lines.extend(created);
        }
    }
    let signed: Vec<&Change> = plan.changes.iter().filter(|change| is_signed(change)).collect();
    match tokens_out {
        _ if signed.is_empty() => {}
        Some(path) => lines.push(format!("The signing secrets of the new webhooks are in {}.", shown::path(&path))),
        None => {
            lines.push("Nobody has the signing secret of a new webhook. If its receiver checks signatures, remove the channel,".to_owned());
            lines.push("and run this command again with --tokens-out FILE:".to_owned());
            lines.extend(signed.iter().map(|change| format!("    keyway notify remove --yes -- {}", shell_word(&change.name))));
        }
    }
    lines.join("\n")
}
