//! `keyway account …`

use std::env::VarError;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use http::Method;
use keyway_api::view::{self, Accounts, Usage, UsageAnswer};
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_deliver::secrets;
use keyway_gateway::clock;
use serde_json::{Value, json};

use super::confirm::{self, Deletion};
use super::{counted, list, names, say, show, table, text};
use crate::args::Connection;
use crate::args::account::Account;
use crate::args::credential::CredentialSource;
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::output::progress::Bar;
use crate::typed::{lines_of, or_dash, typed};

pub async fn run(connection: &Connection, action: Account) -> anyhow::Result<Exit> {
    match action {
        Account::Create { name, connect: true, credential, base_url, settings, .. } => {
            let body = json!({
                "name": name, "baseUrl": base_url, "credential": read(&credential).await?, "tier": settings.tier, "addons": settings.addons,
                "timeZone": settings.time_zone,
            });
            let answer = call(connection, Method::POST, "/api/v1/accounts/connect", Some(body)).await;
            connected(&answer.map_err(|error| match error.to_string() {
                text if text.contains("can't be reached") => {
                    anyhow!("{}: {text}. Check DNS, the firewall and --base-url", shown::line(&base_url))
                }
                _ => error,
            })?)
        }
        Account::Create { name, oauth: Some(client), credential, settings, .. } => {
            let mut body = json!({ "client": client, "name": name, "tier": settings.tier, "addons": settings.addons.unwrap_or(0), "timeZone": settings.time_zone });
            if !credential.is_given() {
                return authorize(connection, body).await;
            }
            body["refreshToken"] = read(&credential).await?.into();
            let answer = call(connection, Method::POST, "/api/v1/accounts/oauth", Some(body)).await?;
            connected(&answer)
        }
        Account::Import { file, oauth } => import(connection, &file, &oauth).await,
        Account::AccessToken { account } => {
            let hub_id = names::account(connection, &account).await?;
            let answer = call(connection, Method::POST, &format!("/api/v1/accounts/{hub_id}/access-token"), None).await?;
            show(&answer, |answer| text(&answer["accessToken"]))
        }
        Account::Rotate { account, credential } => {
            let hub_id = names::account(connection, &account).await?;
            let body = json!({ "credential": read(&credential).await? });
            let answer = call(connection, Method::PUT, &format!("/api/v1/accounts/{hub_id}/credential"), Some(body)).await?;
            show(&answer, |answer| format!("account {hub_id} has a new credential\n{}", describe(&answer["account"])))
        }
        Account::Create { name, .. } if name.trim().is_empty() => bail!(
            "an embedded account needs a name: keyway account create \"Sandbox\". To connect one to HubSpot, which needs none: keyway account create --connect --credential-env HUBSPOT_TOKEN"
        ),
        Account::Create { name, hub_id, settings, currency, region, .. } => {
            let body = json!({
                "name": name, "hubId": hub_id, "tier": settings.tier, "addons": settings.addons, "timeZone": settings.time_zone,
                "currency": currency, "region": region,
            });
            let answer = call(connection, Method::POST, "/api/v1/accounts", Some(body)).await?;
            show(&answer, |answer| format!("created account {}\n{}", text(&answer["account"]["hubId"]), describe(&answer["account"])))
        }
        Account::Rollback { account } => {
            let hub_id = names::account(connection, &account).await?;
            let answer = call(connection, Method::POST, &format!("/api/v1/accounts/{hub_id}/credential/rollback"), None).await?;
            show(&answer, |answer| format!("put the former credential of account {hub_id} back\n{}", describe(&answer["account"])))
        }
        Account::Check { account } => {
            let hub_id = names::account(connection, &account).await?;
            let answer = call(connection, Method::POST, &format!("/api/v1/accounts/{hub_id}/check"), None).await?;
            let trouble = trouble(&answer["account"]);
            show(&answer, |answer| describe(&answer["account"]))?;
            Ok(if trouble.is_some() { Exit::Negative } else { Exit::Fine })
        }
        Account::Usage { account, back } => {
            let hub_id = names::account(connection, &account).await?;
            let answer = list_all(connection, &format!("/api/v1/usage?hubId={hub_id}&days={}", back.days()), "usage").await?;
            show(&answer, usage)
        }
        Account::List => {
            let answer = list_all(connection, "/api/v1/accounts", "accounts").await?;
            show(&answer, accounts)
        }
        Account::Show { account } => {
            let hub_id = names::account(connection, &account).await?;
            let answer = call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?;
            show(&answer, |answer| describe(&answer["account"]))
        }
        Account::Update { account, name, settings, beside_path, sensitive_properties } => {
            let hub_id = names::account(connection, &account).await?;
            let body = json!({ "name": name, "tier": settings.tier, "addons": settings.addons, "timeZone": settings.time_zone, "besidePath": beside_path, "sensitiveProperties": sensitive_properties });
            let answer = call(connection, Method::PATCH, &format!("/api/v1/accounts/{hub_id}"), Some(body)).await?;
            show(&answer, |answer| format!("updated account {hub_id}\n{}", describe(&answer["account"])))
        }
        Account::Delete { account, consent } => {
            let hub_id = names::account(connection, &account).await?;
            confirm::deletion(consent, async || deletion(connection, hub_id).await).await?;
            let answer = call(connection, Method::DELETE, &format!("/api/v1/accounts/{hub_id}"), None).await?;
            show(&answer, |_| format!("deleted account {hub_id}, its apps, tokens and records"))
        }
    }
}

/// What goes with an account.
async fn deletion(connection: &Connection, hub_id: u64) -> anyhow::Result<Deletion> {
    let accounts = list_all(connection, "/api/v1/accounts", "accounts").await?;
    if !list(&accounts, "accounts").iter().any(|account| account["hubId"] == hub_id) {
        return Ok(Deletion {
            what: format!("what portal.db holds of the account {hub_id}, which keyway.db does not know"),
            name: hub_id.to_string(),
            goes: vec!["all its records".into()],
        });
    }
    let account = call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?;
    let account = &account["account"];
    let apps = list_all(connection, &format!("/api/v1/apps?hubId={hub_id}"), "apps").await?;
    let mut goes: Vec<String> = list(&apps, "apps").iter().map(super::app::named).collect();
    goes.push(match account["records"].as_u64() {
        Some(records) => counted(records, "record"),
        None => "its credential of HubSpot; the records at HubSpot stay".into(),
    });
    goes.push("its audit records stay".into());
    Ok(Deletion { what: format!("the account \"{}\" ({hub_id})", text(&account["name"])), name: text(&account["name"]), goes })
}

fn connected(answer: &Value) -> anyhow::Result<Exit> {
    show(answer, |answer| format!("connected account {}\n{}", text(&answer["account"]["hubId"]), describe(&answer["account"])))
}

/// How often it is asked whether the person is back.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Sends a person to HubSpot's consent page, and waits until they are back.
async fn authorize(connection: &Connection, body: Value) -> anyhow::Result<Exit> {
    let begun = call(connection, Method::POST, "/api/v1/accounts/authorize", Some(body)).await?;
    // Not on stdout: that is the result's, which a script reads.
    say(&format!(
        "open this address, and consent there:\n\n  {}\n\nwaiting; the app at HubSpot must have the redirect URL {}",
        text(&begun["authorizeUrl"]),
        text(&begun["redirectUri"])
    ));
    let path = format!("/api/v1/accounts/authorize/{}", text(&begun["authorization"]));
    loop {
        let answer = call(connection, Method::GET, &path, None).await?;
        match answer["state"].as_str() {
            Some("connected") => return connected(&answer),
            Some("failed") => bail!("the account was not connected: {}", text(&answer["message"])),
            _ => tokio::time::sleep(ASK_EVERY).await,
        }
    }
}

/// Accounts in one request.
const IMPORT_AT_ONCE: usize = 500;

async fn import(connection: &Connection, file: &Path, client: &str) -> anyhow::Result<Exit> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} can't be read", shown::path(&file)))?
    };
    let mut accounts = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        // The line itself is not repeated: there is a token in it.
        accounts.push(serde_json::from_str::<Value>(line).map_err(|_| anyhow::anyhow!("line {} is not JSON", number + 1))?);
    }
    let mut imported = 0;
    let bar = Bar::of(accounts.len() as u64);
    for part in accounts.chunks(IMPORT_AT_ONCE) {
        bar.set("importing accounts", imported);
        let answer = call(connection, Method::POST, "/api/v1/accounts/import", Some(json!({ "client": client, "accounts": part }))).await;
        imported += answer.with_context(|| format!("{imported} accounts are imported; those after them are not"))?["imported"]
            .as_u64()
            .unwrap_or(0);
    }
    bar.end();
    show(&json!({ "version": 1, "imported": imported }), |_| {
        format!("imported {imported} accounts; each is connected when it is first used")
    })
}

/// What is wrong with the connection of an account, if anything.
pub(super) fn trouble(account: &Value) -> Option<String> {
    typed(account).map_or_else(|error| Some(format!("{error:#}")), |account| trouble_of(&account))
}

fn trouble_of(account: &view::Account) -> Option<String> {
    let view::Connection { state, oauth, state_seen, missing_scopes, .. } = account.connection.as_ref()?;
    match state.as_str() {
        "refused" if *oauth => Some("HubSpot has ended the grant; connect it again with `keyway account add --oauth`".to_owned()),
        "refused" => Some("HubSpot refuses the credential; put a new one in place with `keyway account rotate`".to_owned()),
        "unreachable" => Some("HubSpot can't be reached".to_owned()),
        "unknown" => Some(format!("unknown: {}", or_dash(state_seen.as_deref()))),
        _ if !missing_scopes.is_empty() => Some(format!("the credential lacks scopes that apps have: {}", missing_scopes.join(", "))),
        _ => None,
    }
}

/// The state of an account in a word or two; [`trouble`] says what to do.
fn health(account: &view::Account) -> &str {
    match account.connection.as_ref().map(|connection| connection.state.as_str()) {
        None => "embedded",
        Some("fine") if trouble_of(account).is_some() => "lacks scopes",
        Some(state) => state,
    }
}

/// Reads a credential from the source that the options name, without the white space around it.
pub(super) async fn read(source: &CredentialSource) -> anyhow::Result<String> {
    const CREDENTIAL_MAX: u64 = 64 << 10;
    let text = if let Some(name) = &source.credential_env {
        match std::env::var(name) {
            Ok(text) => text,
            Err(VarError::NotPresent) => bail!(
                "the environment variable {name} of --credential-env is not set. Set it to the credential, or use --credential-file or --credential-command"
            ),
            Err(VarError::NotUnicode(_)) => {
                bail!("the environment variable {name} of --credential-env does not hold text. Set it to the credential")
            }
        }
    } else if let Some(path) = &source.credential_file {
        std::fs::read_to_string(path).with_context(|| format!("{} can't be read", shown::path(&path)))?
    } else if let Some(command) = &source.credential_command {
        let output = Command::new("sh").args(["-c", command]).stderr(Stdio::inherit()).output().context("the command can't be run")?;
        if !output.status.success() {
            let ended = output.status.code().map_or_else(|| output.status.to_string(), |code| format!("exit code {code}"));
            bail!(
                "the command of --credential-command, {:?}, ended with {ended}, so there is no credential. Run it by hand to see why",
                shown::line(command)
            );
        }
        String::from_utf8(output.stdout).context("the command printed something else than text")?
    } else if let Some(reference) = &source.credential_from {
        secrets::read_reference(reference).await?
    } else if source.credential_stdin {
        let mut text = String::new();
        std::io::stdin().take(CREDENTIAL_MAX).read_to_string(&mut text).context("standard input can't be read")?;
        text
    } else {
        bail!(
            "say where the credential is: --credential-env, --credential-file, --credential-stdin, --credential-command or --credential-from"
        );
    };
    Ok(text.trim().to_owned())
}

fn usage(answer: &Value) -> String {
    lines_of(answer, |UsageAnswer { usage, .. }| {
        let row = |one: &Usage| {
            let (app, object) = (names::caller(one.app.as_deref(), one.app_id), or_dash(one.object.as_deref()));
            vec![one.day.clone(), app, one.operation.clone(), object, one.calls.to_string(), one.failed.to_string()]
        };
        let mut rows: Vec<Vec<String>> = usage.iter().map(row).collect();
        rows.sort();
        table(&["DAY", "APP", "OPERATION", "OBJECT", "CALLS", "FAILED"], &rows)
    })
}

fn accounts(answer: &Value) -> String {
    lines_of(answer, |Accounts { accounts, .. }| {
        let row = |account: &view::Account| {
            let view::Account { hub_id, name, tier, addons, time_zone, used_today, .. } = account;
            let (hub_id, addons, used_today) = (hub_id.to_string(), addons.to_string(), used_today.to_string());
            vec![hub_id, name.clone(), tier.clone(), addons, time_zone.clone(), used_today, health(account).to_owned()]
        };
        let rows: Vec<Vec<String>> = accounts.iter().map(row).collect();
        table(&["HUB ID", "NAME", "TIER", "ADD-ONS", "TIME ZONE", "CALLS TODAY", "STATE"], &rows)
    })
}

/// The warning for a credential that is due for rotation. The server decides that by `--rotation-days`.
pub(super) fn rotation_due(account: &Value) -> Option<String> {
    typed(account).ok().and_then(|account| due(&account))
}

fn due(account: &view::Account) -> Option<String> {
    let connection = account.connection.as_ref().filter(|connection| connection.rotation_due)?;
    let days = (clock::now().as_ms() - Timestamp::parse_iso(&connection.since)?.as_ms()) / 86_400_000;
    Some(format!("its credential is {days} days old: keyway account rotate {}", account.hub_id))
}

fn describe(account: &Value) -> String {
    lines_of(account, described)
}

fn described(account: &view::Account) -> String {
    let view::Account { name, tier, addons, time_zone, limits, used_today, .. } = account;
    let backend = match &account.connection {
        None => "embedded".to_owned(),
        Some(connection) => format!("{} with {} ({} scopes)", connection.base_url, connection.hint, connection.scopes.len()),
    };
    let trouble = trouble_of(account).map(|trouble| format!("  trouble    {trouble}\n")).unwrap_or_default();
    let due = due(account).map(|due| format!("  rotation   {due}\n")).unwrap_or_default();
    let (burst, daily, search) = (limits.burst, limits.daily, limits.search);
    // HubSpot limits the credential of a connected account, so all apps share the limit. They queue for it.
    let (whose, queue) = match account.connection {
        Some(_) => ("for all apps", format!("\n  queue      {}", counted(account.waiting, "call"))),
        None => ("per app", String::new()),
    };
    format!(
        "  backend    {backend}\n{trouble}{due}  name       {name}\n  tier       {tier} with {addons} API limit increases\n  time zone  {time_zone}\n  limits     {burst} calls in 10 seconds {whose}, {daily} a day, {search} searches a second{queue}\n  today      {}",
        counted(*used_today, "call")
    ) + &today(account)
        + &guards(account)
}

/// What Keyway checks in calls of a connected account where HubSpot does not say what it checks.
fn guards(account: &view::Account) -> String {
    let line = |what: &str, setting: &Option<String>, named: &str| match setting {
        Some(setting) => format!("\n  {what:<9}  {setting} a call if its app lacks the scope of {named}"),
        None => String::new(),
    };
    line("types", &account.beside_path, "an object type in the query or body")
        + &line("sensitive", &account.sensitive_properties, "a sensitive property in the call")
}

/// Which app used what of the day, and whether HubSpot says that it is used up.
fn today(account: &view::Account) -> String {
    let mut lines = String::new();
    for used in account.used_today_by_app.iter().flatten() {
        let name = names::caller(used.app.as_deref(), used.app_id);
        lines.push_str(&format!("\n             {} by {name}", used.calls));
    }
    if let Some(since) = &account.day_over_since {
        let resets_at = or_dash(account.resets_at.as_ref());
        lines.push_str(&format!(
            "\n  day over   HubSpot refuses calls since {since}; Keyway sends none before {resets_at}, but one in 15 minutes"
        ));
    }
    lines
}
