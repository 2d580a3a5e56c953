//! `keyway apply`: makes a server's accounts and apps as a file says. Shows the plan before it changes anything.

mod check;
mod perform;
mod plan;
mod register;
mod show;

use std::collections::HashSet;
use std::path::Path;

use anyhow::bail;
use http::Method;
use keyway_core::shown;
use serde_json::Value;

use self::perform::{State, TokensFile, perform};
use self::plan::{Action, Change, Plan, Server, Target};
use super::{confirm, counted, list, print, print_json, say, text};
use crate::Exit;
use crate::args::Connection;
use crate::args::apply::Apply;
use crate::client::{call, list_all};

pub(super) use self::check::{BASE_SCOPE, wait};
pub(super) use self::register::{Account, App, Backend, Guard, write};

/// The role that may change accounts and apps.
const SUPER_ADMIN: &str = "super-admin";
/// The role that sees all accounts and apps, and changes none.
const AUDITOR: &str = "auditor";

pub async fn run(connection: &Connection, asked: Apply) -> anyhow::Result<Exit> {
    let Apply { file, dry_run, prune, tokens_out, consent, json } = asked;
    let wanted = register::read(&file)?;
    let wanted = check::wanted(wanted).map_err(|problems| refused(&problems))?;
    check_role(connection, dry_run).await?;
    let planned = async || -> anyhow::Result<Plan> {
        let server = server(connection, &wanted.hub_ids()).await?;
        plan::plan(&wanted, &server, prune).map_err(|problems| refused(&problems))
    };
    let plan = planned().await?;
    if !json {
        print(&show::lines(&plan))?;
    }
    if dry_run || plan.changes.is_empty() {
        if json {
            print_json(&show::json(&plan, &[]))?;
        }
        return Ok(if plan.changes.is_empty() { Exit::Fine } else { Exit::Negative });
    }
    if json && !consent.yes {
        bail!("--json changes nothing without --yes, because nobody reads the plan before. To see the plan, add --dry-run");
    }
    if confirm::changes(consent, plan.count(Action::Delete) as u64)? && planned().await? != plan {
        bail!("the server has changed since the plan was shown, so nothing was changed. Run the command again");
    }
    let creates = plan.changes.iter().any(|change| change.action == Action::Create && change.target == Target::App(None));
    let mut tokens = tokens_out.as_deref().filter(|_| creates).map(TokensFile::create).transpose()?;
    let (states, failure) = perform(connection, &plan, tokens.as_mut()).await;
    if let Some(tokens) = tokens {
        tokens.finish()?;
    }
    if json {
        print_json(&show::json(&plan, &states))?;
    }
    if let Some(error) = failure {
        say(&show::halfway(&plan, &states));
        return Err(error.context("the server refused a change, or did not answer. Run the command again to go on"));
    }
    if !json {
        print(&done(&plan, &states, tokens_out.as_deref()))?;
    }
    Ok(Exit::Fine)
}

fn refused(problems: &[String]) -> anyhow::Error {
    const SHOWN_MAX: usize = 20;
    let mut lines: Vec<String> = problems.iter().take(SHOWN_MAX).cloned().collect();
    if problems.len() > SHOWN_MAX {
        lines.push(format!("and {}", counted((problems.len() - SHOWN_MAX) as u64, "further problem")));
    }
    anyhow::anyhow!("the file can't be applied, so nothing was changed\n{}", lines.join("\n"))
}

/// A caller who sees only some apps would plan to create the others again.
async fn check_role(connection: &Connection, dry_run: bool) -> anyhow::Result<()> {
    let me = call(connection, Method::GET, "/api/v1/me", None).await?;
    match me["role"].as_str() {
        Some(SUPER_ADMIN) => Ok(()),
        Some(AUDITOR) if dry_run => Ok(()),
        Some(AUDITOR) => bail!("the role auditor changes nothing. Add --dry-run, or use a token with the role {SUPER_ADMIN}"),
        role => bail!(
            "the role {} does not see all apps. Use a token with the role {SUPER_ADMIN}, or {AUDITOR} with --dry-run",
            role.unwrap_or("of this token")
        ),
    }
}

/// The accounts and apps that a server has, of these accounts.
pub(super) async fn server(connection: &Connection, hub_ids: &HashSet<u64>) -> anyhow::Result<Server> {
    let mut accounts = list_all(connection, "/api/v1/accounts", "accounts").await?;
    let mut apps = list_all(connection, "/api/v1/apps", "apps").await?;
    let of = |answer: &mut Value, name: &str| -> Vec<Value> {
        let mut entries = answer[name].as_array_mut().map(std::mem::take).unwrap_or_default();
        entries.retain(|one| one["hubId"].as_u64().is_some_and(|hub_id| hub_ids.contains(&hub_id)));
        entries
    };
    Ok(Server { accounts: of(&mut accounts, "accounts"), apps: of(&mut apps, "apps") })
}

/// What was done, with how the new apps get their tokens.
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
    lines.join("\n")
}

/// An app of a server, as the file has it.
pub(super) fn app_of(app: &Value) -> App {
    let texts = |name: &str| list(app, name).iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let plain = |name: &str| app[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str, usual: u32| app[name].as_u64().and_then(|number| number.try_into().ok()).unwrap_or(usual);
    App {
        account: app["hubId"].as_u64(),
        former_name: None,
        description: plain("description"),
        owner: plain("owner"),
        dependents: texts("dependents"),
        scopes: texts("scopes").into_iter().filter(|scope| scope != BASE_SCOPE).collect(),
        enabled: app["enabled"] != false,
        weight: number("weight", 1),
        reserve: number("reserve", 0),
        max_wait: wait(app["maxWaitMs"].as_u64().unwrap_or_default()),
        translate: app["translate"] == true,
        no_limits: app["noLimits"] == true,
        unlisted: texts("unlisted").into_iter().filter(|rule| rule != "refuse").collect(),
        ..App::named(&plain("name"))
    }
}

/// An account of a server, as the file has it: all its settings, because one that is left out is not applied.
pub(super) fn account_of(account: &Value) -> Account {
    let plain = |name: &str| account[name].as_str().map(str::to_owned);
    let embedded = account["backend"] == "embedded";
    let guard = |name: &str| match account[name].as_str() {
        Some("forward") => Some(Guard::Forward),
        Some(_) => Some(Guard::Refuse),
        None => None,
    };
    Account {
        hub_id: account["hubId"].as_u64().unwrap_or_default(),
        backend: Some(if embedded { Backend::Embedded } else { Backend::Hubspot }),
        name: plain("name"),
        tier: plain("tier"),
        addons: account["addons"].as_u64().and_then(|count| count.try_into().ok()),
        time_zone: plain("timeZone"),
        currency: plain("currency").filter(|_| embedded),
        region: plain("region").filter(|_| embedded),
        beside_path: guard("besidePath"),
        sensitive_properties: guard("sensitiveProperties"),
    }
}

/// An account's name for an error.
pub(super) fn unknown(hub_id: u64, accounts: &Value) -> anyhow::Error {
    let known: Vec<String> = list(accounts, "accounts").iter().take(5).map(|account| text(&account["hubId"])).collect();
    anyhow::anyhow!("there is no account {hub_id} on this server; it has {}", known.join(", "))
}
