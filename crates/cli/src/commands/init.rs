//! `keyway init`: sets up everything for a first call. Each step uses what exists already.

mod ask;
mod server;

use anyhow::{Context, bail};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use keyway_core::scope::presets;
use keyway_core::secret::Secret;
use keyway_core::{shown, snippet};
use keyway_gateway::control::check_scopes;
use serde_json::{Value, json};

use self::ask::Asking;
use self::server::{Server, Stops};
use super::app::{split, with_preset};
use super::{account, counted, list, print, start, text, warn};
use crate::args::Connection;
use crate::args::init::{Init, Target};
use crate::client::{Refused, call, call_data, list_all};
use crate::exit::Exit;

/// The name of the app, where nobody chose one.
const APP: &str = "First app";
/// The preset, where nobody chose one.
const PRESET: &str = "crm-read";
/// Characters of the first answer that are shown.
const ANSWER_SHOWN_MAX: usize = 400;

/// Sets up a server, an account and an app, and makes a first call. If it started the server, it continues to
/// serve.
///
/// # Errors
/// A step failed. The results of the steps before remain.
pub async fn run(connection: &Connection, init: Init) -> anyhow::Result<Exit> {
    let asking = Asking::new(init.yes)?;
    if init.to == Some(Target::Hubspot) && !init.credential.is_given() && !asking.is_open() {
        bail!("--to hubspot needs a credential: --credential-env NAME, --credential-file FILE or another of the --credential options");
    }
    check_scopes(&with_preset(split(&init.scopes), init.preset.as_deref())?)?;
    let server = Server::of(connection, &init).await?;
    print(&server.told())?;
    let hub_id = account(connection, &init, &asking).await?;
    let (app, url) = app(connection, &init, &asking, hub_id).await?;
    let worked = first_call(&url, &app).await?;
    print(start::lines(&url, &app).trim_start())?;
    // Listen for signals before the last words are printed, so that a person who reads them can stop the
    // server.
    let stops = Stops::new()?;
    print(&server.next(connection, &init))?;
    if init.stop {
        server.stop().await?
    } else {
        server.serve_on(stops).await?
    }
    Ok(if worked { Exit::Fine } else { Exit::Negative })
}

/// The account that the app will be of.
async fn account(connection: &Connection, init: &Init, asking: &Asking) -> anyhow::Result<u64> {
    let to = match init.to {
        Some(to) => to,
        None if init.credential.is_given() => Target::Hubspot,
        None => {
            let choices = [("embedded", "an account in this server with sample records"), ("hubspot", "your HubSpot account")];
            if asking.choice("Where do the calls go?", &choices, "embedded")? == "hubspot" { Target::Hubspot } else { Target::Embedded }
        }
    };
    match to {
        Target::Embedded => embedded(connection).await,
        Target::Hubspot => connected(connection, init, asking).await,
    }
}

/// The first embedded account, which is made and filled where that is not done.
async fn embedded(connection: &Connection) -> anyhow::Result<u64> {
    let accounts = list_all(connection, "/api/v1/accounts", "accounts").await?;
    let there = list(&accounts, "accounts").iter().find(|account| account["backend"] == "embedded").and_then(|one| one["hubId"].as_u64());
    let hub_id = match there {
        Some(hub_id) => hub_id,
        None => {
            let made = call(connection, Method::POST, "/api/v1/accounts", Some(json!({ "name": "Sandbox" }))).await?;
            made["account"]["hubId"].as_u64().context("the server made no account")?
        }
    };
    let shown = call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?;
    let records = match shown["account"]["records"].as_u64() {
        Some(records) if records > 0 => counted(records, "record"),
        _ => {
            call(connection, Method::POST, &format!("/api/v1/portals/{hub_id}/seed"), Some(json!({ "set": "demo" }))).await?;
            "sample records".to_owned()
        }
    };
    print(&format!("account  {hub_id}, embedded, with {records}"))?;
    Ok(hub_id)
}

/// An account whose calls go to HubSpot.
async fn connected(connection: &Connection, init: &Init, asking: &Asking) -> anyhow::Result<u64> {
    let credential = match init.credential.is_given() {
        true => account::read(&init.credential).await?,
        false => asking.secret("A service key, or the access token of a private app, from HubSpot (it is sealed, and not shown):")?,
    };
    let body = json!({ "name": "", "baseUrl": init.base_url, "credential": credential, "addons": 0 });
    let answer = call(connection, Method::POST, "/api/v1/accounts/connect", Some(body)).await?;
    let account = &answer["account"];
    print(&format!(
        "account  {} \"{}\", connected to {} with {}",
        text(&account["hubId"]),
        text(&account["name"]),
        text(&account["connection"]["baseUrl"]),
        counted(list(&account["connection"], "scopes").len() as u64, "scope")
    ))?;
    account["hubId"].as_u64().context("the server connected no account")
}

/// The app with its token, and where it calls.
async fn app(connection: &Connection, init: &Init, asking: &Asking, hub_id: u64) -> anyhow::Result<(Value, String)> {
    let name = match &init.app {
        Some(name) => name.clone(),
        None => asking.line("Name of the integration:", APP)?,
    };
    let scopes = split(&init.scopes);
    let preset = match &init.preset {
        Some(preset) => Some(preset.clone()),
        None if !scopes.is_empty() => None,
        None => {
            let choices: Vec<(&str, &str)> = presets::ALL.iter().map(|preset| (preset.key, preset.purpose)).collect();
            Some(asking.choice("What may it do?", &choices, PRESET)?)
        }
    };
    let scopes = with_preset(scopes, preset.as_deref())?;
    let body = json!({ "name": name, "hubId": hub_id, "scopes": scopes });
    let made = call(connection, Method::POST, "/api/v1/apps", Some(body)).await;
    let is_taken = made.as_ref().is_err_and(|error| error.downcast_ref::<Refused>().is_some_and(|one| one.status == StatusCode::CONFLICT));
    let made = made.with_context(|| {
        let advice = if is_taken { ". Choose another name with --app" } else { "" };
        format!("the app {name:?} was not created{advice}")
    })?;
    super::app::warn_of_missing_scopes(connection, &made["app"]).await;
    let app = &made["app"];
    // Every app has `oauth`: it opens nothing by itself.
    let granted = list(app, "scopes").iter().filter(|scope| *scope != "oauth").count() as u64;
    print(&format!("app      {} \"{}\", with {}", text(&app["id"]), text(&app["name"]), counted(granted, "scope")))?;
    let url = start::data_url(connection).await.context("the server does not say where integrations call it")?;
    Ok((made, url))
}

/// Makes a call as the app would. Whether it was answered well.
async fn first_call(url: &str, made: &Value) -> anyhow::Result<bool> {
    let scopes: Vec<String> = list(&made["app"], "scopes").iter().map(text).collect();
    let path = snippet::first_call(&scopes);
    let token = Secret::new(text(&made["token"]["value"]));
    let answer = call_data(url, &token, Method::GET, &path, bytes::Bytes::new()).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await.context("the answer to the first call was cut")?.to_bytes();
    let whole = String::from_utf8_lossy(&body);
    let mut excerpt: String = whole.chars().take(ANSWER_SHOWN_MAX).collect();
    if excerpt.len() < whole.len() {
        excerpt.push('…');
    }
    print(&format!("call     GET {path}: {}\n\n  {}\n", status.as_u16(), shown::line(&excerpt)))?;
    if !status.is_success() {
        warn(&format!("the first call was not answered well. To find out why: keyway audit list --app {}", text(&made["app"]["id"])));
    }
    Ok(status.is_success())
}
