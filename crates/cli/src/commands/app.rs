//! `keyway app …`

use anyhow::bail;
use http::Method;
use keyway_api::view::{self, AppWithTokens, Apps, ScopesUsed, UnlistedUse};
use keyway_core::scope::names::successors;
use keyway_core::scope::presets;
use keyway_core::shown;
use serde_json::{Value, json};

use super::confirm::{self, Deletion};
use super::{approval, encoded, list, milliseconds, names, query, scopes, show, start, table, text, token, warn};
use crate::args::Connection;
use crate::args::app::{App, AppFields, Sharing};
use crate::args::approval::Rule;
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::near::nearest;
use crate::output::is_json;
use crate::typed::{lines_of, typed};

pub async fn run(connection: &Connection, action: App) -> anyhow::Result<Exit> {
    match action {
        App::Create { name, account, expires, preset, fields } => {
            let AppFields { scopes, description, owner, dependent, translate, no_limits, unlisted, allow, approval: rule, sharing } =
                fields;
            let account = names::account_if_any(connection, account.as_deref()).await?;
            let scopes = with_preset(split(&scopes), preset.as_deref())?;
            let old = old_scopes(&scopes);
            let body = json!({
                "name": name, "hubId": account, "description": description, "owner": owner, "dependents": dependent, "scopes": scopes,
                "weight": sharing.weight, "reserve": sharing.reserve, "maxWaitMs": max_wait_ms(&sharing)?,
                "translate": translate, "noLimits": no_limits, "unlisted": (!unlisted.is_empty()).then_some(unlisted),
                "allow": (!allow.is_empty()).then_some(allow),
                "approval": approval::rule(&rule, &Value::Null)?,
                "lifetimeMs": expires.as_deref().map(milliseconds).transpose()?,
            });
            let answer = call(connection, Method::POST, "/api/v1/apps", Some(body)).await?;
            warn_of_missing_scopes(connection, &answer["app"]).await;
            old.iter().for_each(|old| warn(old));
            if list(&answer["app"], "scopes").iter().all(|scope| scope == "oauth") {
                warn("the app has no scopes, so almost every call is refused. To see what there is: keyway scopes");
            }
            let url = if is_json() { None } else { start::data_url(connection).await };
            show(&answer, |answer| {
                let begun = url.map(|url| start::lines(&url, answer)).unwrap_or_default();
                format!("created app {} ({name})\n{}{begun}", text(&answer["app"]["id"]), token::shown_once(answer))
            })
        }
        App::List { account } => {
            let account = names::account_if_any(connection, account.as_deref()).await?;
            let path = format!("/api/v1/apps{}", query(&[("hubId", account.map(|id| id.to_string()))]));
            let answer = list_all(connection, &path, "apps").await?;
            show(&answer, apps)
        }
        App::Show { app } => {
            let app = names::app(connection, &app).await?;
            let mut answer = call(connection, Method::GET, &path(&app), None).await?;
            answer["scopes"] = scopes::used(connection, &app, None).await?;
            show(&answer, |answer| {
                let app = &answer["app"];
                format!("{}\n\n{}{}", describe(app), scopes::summary(&answer["scopes"]), unlisted(app, &answer["scopes"]))
            })
        }
        App::Tighten { app: None, back, only_unused, .. } => scopes::tighten_each(connection, back.days(), only_unused).await,
        App::Tighten { app: Some(app), back, apply, .. } => {
            let app = names::app(connection, &app).await?;
            scopes::tighten(connection, &app, back.days(), apply).await
        }
        App::Unused { back } => {
            let answer = list_all(connection, &format!("/api/v1/usage/unused-apps?days={}", back.days()), "apps").await?;
            show(&answer, scopes::unused)
        }
        App::Update { app, name, fields, add_scope, remove_scope } => {
            let AppFields { scopes, description, owner, dependent, translate, no_limits, unlisted, allow, approval: rule, sharing } =
                fields;
            let rule = new_rule(connection, &app, &rule).await?;
            let body = json!({
                "name": name, "description": description, "owner": owner,
                "dependents": (!dependent.is_empty()).then_some(dependent),
                "scopes": (!scopes.is_empty()).then(|| split(&scopes)),
                "addScopes": split(&add_scope), "removeScopes": split(&remove_scope),
                "weight": sharing.weight, "reserve": sharing.reserve, "maxWaitMs": max_wait_ms(&sharing)?,
                "translate": translate, "noLimits": no_limits, "unlisted": (!unlisted.is_empty()).then_some(unlisted),
                "allow": (!allow.is_empty()).then_some(allow),
                "approval": rule,
            });
            let answer = call(connection, Method::PATCH, &path(&names::app(connection, &app).await?), Some(body)).await?;
            warn_of_missing_scopes(connection, &answer["app"]).await;
            show(&answer, |answer| format!("updated app {}\n{}", text(&answer["app"]["name"]), describe(&answer["app"])))
        }
        App::Disable { app } => {
            let app = names::app(connection, &app).await?;
            change(connection, &app, json!({ "enabled": false }), "disabled").await
        }
        App::Enable { app } => {
            let app = names::app(connection, &app).await?;
            change(connection, &app, json!({ "enabled": true }), "enabled").await
        }
        App::Delete { app: typed, consent } => {
            let app = names::app(connection, &typed).await?;
            confirm::deletion(consent, async || {
                let answer = call(connection, Method::GET, &path(&app), None).await?;
                let app = &answer["app"];
                let dependents = list(app, "dependents").iter().map(|one| format!("breaks without it: {}", text(one)));
                let goes = tokens_of(app).into_iter().chain(dependents).chain(["its audit records stay".to_owned()]).collect();
                let name = text(&app["name"]);
                Ok(Deletion { what: format!("the app \"{name}\" ({}) of account {}", text(&app["id"]), text(&app["hubId"])), name, goes })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &path(&app), None).await?;
            show(&answer, |_| format!("deleted app {typed} and its tokens"))
        }
    }
}

/// The rule for approvals that the options ask for: what they leave out stays as it is.
async fn new_rule(connection: &Connection, app: &str, asked: &Rule) -> anyhow::Result<Option<Value>> {
    if approval::rule(asked, &Value::Null)?.is_none() {
        return Ok(None);
    }
    let answer = call(connection, Method::GET, &path(app), None).await?;
    approval::rule(asked, &answer["app"]["approval"])
}

/// Warns where the credential of the app's account lacks scopes that the app has: HubSpot refuses calls that need one.
pub(super) async fn warn_of_missing_scopes(connection: &Connection, app: &Value) {
    // The app is made: where its account can't be read, there is nothing to warn of.
    let Ok(answer) = call(connection, Method::GET, &format!("/api/v1/accounts/{}", text(&app["hubId"])), None).await else { return };
    let missing = list(&answer["account"]["connection"], "missingScopes");
    let missing: Vec<String> = list(app, "scopes").iter().filter(|scope| missing.contains(scope)).map(text).collect();
    if !missing.is_empty() {
        let hub_id = text(&app["hubId"]);
        warn(&format!(
            "the credential of account {hub_id} lacks scopes that this app has: {}. HubSpot refuses calls that need one. Add the scopes to the credential at HubSpot, then run: keyway account check {hub_id}",
            missing.join(", ")
        ));
    }
}

/// An app in a list of what goes.
pub(super) fn named(app: &Value) -> String {
    lines_of(app, |app: &AppWithTokens| format!("the app \"{}\" ({}), {}", app.name, app.id, working_tokens(app).join("; ")))
}

/// The tokens of an app that work, in words.
pub(super) fn tokens_of(app: &Value) -> Vec<String> {
    typed(app).map_or_else(|error| vec![format!("{error:#}")], |app| working_tokens(&app))
}

pub(super) fn working_tokens(app: &AppWithTokens) -> Vec<String> {
    let works = |token: &&view::Token| matches!(token.state.as_str(), "active" | "expiring");
    let described = |token: &view::Token| match &token.last_used_at {
        Some(at) => format!("token {}, last used {at}", token.hint),
        None => format!("token {}, never used", token.hint),
    };
    let tokens: Vec<String> = app.tokens.iter().filter(works).map(described).collect();
    if tokens.is_empty() { vec!["no token that works".into()] } else { tokens }
}

pub(super) async fn change(connection: &Connection, app: &str, body: Value, done: &str) -> anyhow::Result<Exit> {
    let answer = call(connection, Method::PATCH, &path(app), Some(body)).await?;
    show(&answer, |answer| format!("{done} app {}\n{}", text(&answer["app"]["name"]), describe(&answer["app"])))
}

/// The longest time that a call may queue.
const WAIT_MS_MAX: i64 = 60_000;

fn max_wait_ms(sharing: &Sharing) -> anyhow::Result<Option<i64>> {
    match sharing.max_wait.as_deref() {
        None => Ok(None),
        Some("0") => Ok(Some(0)),
        Some(time) => match milliseconds(time)? {
            ms if ms > WAIT_MS_MAX => bail!("--max-wait {} is too long. Write at most 60s", shown::line(time)),
            ms => Ok(Some(ms)),
        },
    }
}

/// The scopes that were typed, and those of a preset.
///
/// # Errors
/// There is no such preset.
pub(super) fn with_preset(mut scopes: Vec<String>, preset: Option<&str>) -> anyhow::Result<Vec<String>> {
    let Some(typed) = preset else { return Ok(scopes) };
    let Some(preset) = presets::named(&typed.to_lowercase()) else {
        let keys = presets::ALL.iter().map(|preset| preset.key);
        let near = nearest(typed, keys.clone());
        let meant = if near.is_empty() { keys.collect() } else { near };
        bail!("there is no preset {}; did you mean {}? To see them: keyway scopes", shown::line(typed), meant.join(" or "));
    };
    scopes.extend(preset.scopes.iter().map(ToString::to_string));
    Ok(scopes)
}

/// A warning for each scope that opens far more than its successors do.
fn old_scopes(scopes: &[String]) -> Vec<String> {
    let warning = |scope: &String| {
        let new = successors(scope);
        (!new.is_empty()).then(|| {
            format!(
                "{scope} is an old scope, which HubSpot has divided, and allows more than one app should. Use instead: {}. See: keyway scopes {scope}",
                new.join(", ")
            )
        })
    };
    scopes.iter().filter_map(warning).collect()
}

pub(super) fn path(app: &str) -> String {
    format!("/api/v1/apps/{}", encoded(app))
}

/// Scopes as people paste them: with commas, spaces or lines between.
pub(super) fn split(scopes: &[String]) -> Vec<String> {
    scopes.iter().flat_map(|scopes| scopes.split([',', ' ', '\n'])).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn apps(answer: &Value) -> String {
    let row = |app: &AppWithTokens| {
        let last_use = app.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max().unwrap_or("never");
        let state = if app.enabled { "enabled" } else { "disabled" };
        // Every app has `oauth`: it opens nothing by itself.
        let scopes = app.scopes.iter().filter(|scope| *scope != "oauth").count().to_string();
        let (id, hub_id) = (app.id.to_string(), app.hub_id.to_string());
        vec![id, hub_id, app.name.clone(), state.into(), scopes, app.owner.clone(), last_use.into()]
    };
    lines_of(answer, |Apps { apps, .. }| {
        let rows: Vec<Vec<String>> = apps.iter().map(row).collect();
        table(&["ID", "HUB ID", "NAME", "STATE", "SCOPES", "OWNER", "LAST USE"], &rows)
    })
}

fn limits(app: &view::App) -> String {
    if app.no_limits {
        return "none".to_owned();
    }
    let view::App { weight, reserve, max_wait_ms, .. } = app;
    let wait = if max_wait_ms % 1000 == 0 { format!("{} s", max_wait_ms / 1000) } else { format!("{max_wait_ms} ms") };
    // Whether the account is connected is the account's to say: on an embedded one the three have no effect.
    format!("on a connected account: weight {weight}, {reserve} calls in 10 seconds reserved, a call waits up to {wait}")
}

/// Refused calls of operations that the catalog does not list, and the command that would allow them.
fn unlisted(app: &Value, scopes: &Value) -> String {
    lines_of(app, |app: &view::App| lines_of(scopes, |scopes: &ScopesUsed| unlisted_of(app, &scopes.unlisted)))
}

fn unlisted_of(app: &view::App, called: &[UnlistedUse]) -> String {
    let refused: Vec<&UnlistedUse> = called.iter().filter(|one| !one.allowed).collect();
    if refused.is_empty() {
        return String::new();
    }
    let line = |one: &&UnlistedUse| format!("    {}  {}, last {}", one.operation, super::counted(one.calls, "call"), one.last);
    let kept = app.unlisted.iter().filter(|rule| *rule != "refuse");
    let rules: String = kept.chain(refused.iter().map(|one| &one.operation)).map(|rule| format!(" --unlisted '{rule}'")).collect();
    format!(
        "\n\n  refused calls of operations that the catalog does not list\n{}\n  To allow them: keyway app update {}{rules}",
        refused.iter().map(line).collect::<Vec<_>>().join("\n"),
        app.id,
    )
}

fn describe(app: &Value) -> String {
    let tokens = list(app, "tokens");
    let tokens = if tokens.is_empty() { String::new() } else { format!("\n\n{}", token::tokens(tokens)) };
    lines_of(app, described) + &tokens
}

/// A text that is not empty.
fn dashed(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn described(app: &view::App) -> String {
    format!(
        "  ID           {}\n  name         {}\n  account      {}\n  state        {}\n  description  {}\n  owner        {}\n  dependents   {}\n  limits       {}\n  translation  {}\n  unlisted     {}\n  classes      {}\n  approval     {}\n  scopes       {}",
        app.id,
        app.name,
        app.hub_id,
        if app.enabled { "enabled" } else { "disabled" },
        dashed(app.description.clone()),
        dashed(app.owner.clone()),
        dashed(app.dependents.join(", ")),
        limits(app),
        if app.translate { "numbered versions are rewritten to their successors" } else { "off" },
        app.unlisted.join(", "),
        app.allow.join(", "),
        approval::rule_words(&app.approval),
        app.scopes.join("\n               "),
    )
}
