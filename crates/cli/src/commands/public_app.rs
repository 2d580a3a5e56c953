//! `keyway public-app …`

use http::Method;
use keyway_api::view::{self, PublicApps};
use serde_json::{Value, json};

use super::app::split;
use super::confirm::{self, Deletion};
use super::{counted, encoded, milliseconds, names, show, table, text};
use crate::args::Connection;
use crate::args::public_app::{PublicApp, PublicAppFields};
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::typed::{lines_of, or_dash};

const PATH: &str = "/api/v1/public-apps";

pub async fn run(connection: &Connection, action: PublicApp) -> anyhow::Result<Exit> {
    match action {
        PublicApp::Create { name, public_client, fields } => {
            let mut body = body(fields);
            body["name"] = name.clone().into();
            body["publicClient"] = public_client.into();
            let answer = call(connection, Method::POST, PATH, Some(body)).await?;
            show(&answer, |answer| {
                format!("created public app {name}\n{}\n{}", describe(&answer["publicApp"]), secret(&answer["publicApp"]))
            })
        }
        PublicApp::List => {
            let answer = list_all(connection, PATH, "publicApps").await?;
            show(&answer, apps)
        }
        PublicApp::Show { app } => {
            let answer = call(connection, Method::GET, &path(&names::public_app(connection, &app).await?), None).await?;
            show(&answer, |answer| describe(&answer["publicApp"]))
        }
        PublicApp::Update { app: typed, name, enabled, fields } => {
            let app = names::public_app(connection, &typed).await?;
            let mut body = body(fields);
            body["name"] = name.into();
            body["enabled"] = enabled.into();
            let answer = call(connection, Method::PATCH, &path(&app), Some(body)).await?;
            show(&answer, |answer| format!("updated public app {typed}\n{}", describe(&answer["publicApp"])))
        }
        PublicApp::RotateSecret { app: typed, grace, now } => {
            let app = names::public_app(connection, &typed).await?;
            let grace_ms = if now { None } else { Some(milliseconds(&grace)?) };
            let answer =
                call(connection, Method::POST, &format!("{}/secret/rotate", path(&app)), Some(json!({ "graceMs": grace_ms }))).await?;
            let until = if now { "has ended".to_owned() } else { format!("ends in {grace}") };
            show(&answer, |answer| format!("the secret that was there {until}\n{}", secret(&answer["publicApp"])))
        }
        PublicApp::Delete { app: typed, consent } => {
            let app = names::public_app(connection, &typed).await?;
            confirm::deletion(consent, async || {
                let answer = call(connection, Method::GET, &path(&app), None).await?;
                let found = &answer["publicApp"];
                let installs = counted(found["installs"].as_u64().unwrap_or_default(), "install");
                let name = text(&found["name"]);
                Ok(Deletion {
                    what: format!("the public app \"{name}\""),
                    name,
                    goes: vec!["its client ID and secret".into(), format!("{installs} with their tokens"), "audit records stay".into()],
                })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &path(&app), None).await?;
            show(&answer, |_| format!("deleted public app {typed} and its installs"))
        }
    }
}

fn path(app: &str) -> String {
    format!("{PATH}/{}", encoded(app))
}

fn body(fields: PublicAppFields) -> Value {
    let given = |scopes: &[String]| (!scopes.is_empty()).then(|| split(scopes));
    json!({
        "description": fields.description, "owner": fields.owner,
        "redirectUris": (!fields.redirect_uri.is_empty()).then_some(&fields.redirect_uri),
        "scopes": given(&fields.scopes), "conditionalScopes": given(&fields.conditional_scopes), "optionalScopes": given(&fields.optional_scopes),
        "distribution": fields.distribution, "rotateRefreshTokens": fields.rotate_refresh_tokens,
    })
}

fn secret(app: &Value) -> String {
    lines_of(app, |app: &view::PublicApp| match &app.client_secret {
        Some(secret) => format!("\n  client secret  {secret}   shown once"),
        None => "\n  no client secret: it proves itself with PKCE".to_owned(),
    })
}

fn apps(answer: &Value) -> String {
    let row = |app: &view::PublicApp| {
        let view::PublicApp { id, name, client_id, distribution, installs, enabled, .. } = app;
        vec![id.to_string(), name.clone(), client_id.clone(), distribution.clone(), or_dash(*installs), enabled.to_string()]
    };
    lines_of(answer, |PublicApps { public_apps, .. }| {
        let rows: Vec<Vec<String>> = public_apps.iter().map(row).collect();
        table(&["ID", "NAME", "CLIENT ID", "DISTRIBUTION", "INSTALLS", "ENABLED"], &rows)
    })
}

fn describe(app: &Value) -> String {
    lines_of(app, described)
}

fn described(app: &view::PublicApp) -> String {
    let shown = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join("\n                 ") };
    let secret = |secret: &view::ClientSecret| match &secret.expires_at {
        Some(until) => format!("{} until {until}", secret.hint),
        None => secret.hint.clone(),
    };
    let secrets: Vec<String> = app.secrets.iter().map(secret).collect();
    format!(
        "  ID             {}\n  name           {}\n  client ID      {}\n  secrets        {}\n  state          {}\n  description    {}\n  owner          {}\n  distribution   {}\n  refresh tokens {}\n  redirect URIs  {}\n  scopes         {}\n  conditional    {}\n  optional       {}",
        app.id,
        app.name,
        app.client_id,
        if secrets.is_empty() { "none (PKCE)".to_owned() } else { secrets.join(", ") },
        if app.enabled { "enabled" } else { "disabled" },
        app.description,
        app.owner,
        app.distribution,
        if app.rotate_refresh_tokens { "replaced at each use" } else { "stay as they are" },
        shown(&app.redirect_uris),
        shown(&app.scopes),
        shown(&app.conditional_scopes),
        shown(&app.optional_scopes),
    )
}
