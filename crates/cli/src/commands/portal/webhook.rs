//! `keyway portal webhook …`

use std::collections::HashMap;

use anyhow::{anyhow, bail};
use http::Method;
use keyway_core::shown;
use serde_json::{Value, json};

use super::super::confirm::{self, Deletion};
use super::super::{list, names, show, table, text};
use super::Double;
use crate::args::portal::webhook::Webhook;
use crate::exit::Exit;

pub async fn run(double: &Double<'_>, action: Webhook) -> anyhow::Result<Exit> {
    match action {
        Webhook::Set { app, to, events } => {
            let subscriptions = events.iter().map(|event| subscription(event)).collect::<anyhow::Result<Vec<Value>>>()?;
            let body = json!({ "targetUrl": to, "subscriptions": subscriptions });
            let id = names::app(double.connection, &app).await?;
            let answer = double.call(Method::PUT, &format!("/webhooks/{id}"), Some(body)).await.map_err(|error| {
                if error.to_string().contains("eventType") {
                    let events = shown::line(&events.join(" ")).into_owned();
                    return anyhow!("{events}: write events such as contact.creation, contact.deletion or contact.propertyChange:email");
                }
                error
            })?;
            // A name that needs more than quotes is left to the ID.
            let typed = shown::argument(&app).unwrap_or(id);
            show(&answer, |_| {
                format!("{app} gets its events at {to}. To print the secret that signs them: keyway portal webhook secret {typed}")
            })
        }
        Webhook::List => {
            let answer = double.call(Method::GET, "/webhooks", None).await?;
            let apps = names::of_apps(double.connection).await;
            show(&answer, |answer| {
                let row = |app: &Value, one: &Value| {
                    let active = if one["active"] == true { "" } else { "not active" };
                    vec![names::shown(&apps, &app["appId"]), text(&app["targetUrl"]), event(one), active.to_owned()]
                };
                let rows: Vec<Vec<String>> = list(answer, "webhooks")
                    .iter()
                    .flat_map(|app| list(app, "subscriptions").iter().map(move |one| row(app, one)))
                    .collect();
                table(&["APP", "TARGET", "EVENT", ""], &rows)
            })
        }
        Webhook::Remove { app, consent } => {
            let id = names::app(double.connection, &app).await?;
            confirm::deletion(consent, async || {
                Ok(Deletion {
                    what: format!("the webhook settings of the app \"{app}\""),
                    name: app.clone(),
                    goes: vec!["its target and all its subscriptions".into()],
                })
            })
            .await?;
            let answer = double.call(Method::DELETE, &format!("/webhooks/{id}"), None).await?;
            show(&answer, |_| format!("{app} gets no more webhooks"))
        }
        Webhook::Secret { app } => {
            let answer =
                double.call(Method::GET, &format!("/webhooks/{}/secret", names::app(double.connection, &app).await?), None).await?;
            show(&answer, |answer| text(&answer["secret"]))
        }
        Webhook::Deliveries { app, event, taken, after, expectation } => {
            let filter = [
                ("app", names::app_if_any(double.connection, app).await?),
                ("event", event),
                ("taken", taken.map(|taken| taken.to_string())),
                ("after", after.map(|after| after.to_string())),
            ];
            let apps = names::of_apps(double.connection).await;
            double.listed("deliveries", &filter, expectation, |answer| deliveries(answer, &apps)).await
        }
    }
}

/// `contact.creation`, `contact.propertyChange:email`, `object.creation:0-1` or `object.propertyChange:0-1:email`.
fn subscription(text: &str) -> anyhow::Result<Value> {
    let mut parts = text.split(':');
    let mut one = json!({ "eventType": parts.next().unwrap_or_default() });
    if text.starts_with("object.") {
        one["objectTypeId"] = parts.next().into();
    }
    if one["eventType"].as_str().is_some_and(|name| name.ends_with(".propertyChange")) {
        one["propertyName"] = parts.next().into();
    }
    if parts.next().is_some() {
        bail!("{text} is not an event such as contact.creation or contact.propertyChange:email");
    }
    Ok(one)
}

fn event(one: &Value) -> String {
    let parts = ["eventType", "objectTypeId", "propertyName"].map(|name| one[name].as_str()).into_iter().flatten();
    parts.collect::<Vec<_>>().join(":")
}

fn deliveries(answer: &Value, apps: &HashMap<String, String>) -> String {
    let row = |one: &Value| {
        let kinds: Vec<String> = list(one, "events").iter().map(|event| text(&event["subscriptionType"])).collect();
        let outcome = if one["status"].is_null() { text(&one["error"]) } else { text(&one["status"]) };
        vec![
            text(&one["number"]),
            names::shown(apps, &one["appId"]),
            text(&one["targetUrl"]),
            text(&one["attempt"]),
            outcome,
            counted(&kinds),
        ]
    };
    table(&["NUMBER", "APP", "TARGET", "ATTEMPT", "ANSWER", "EVENTS"], &list(answer, "deliveries").iter().map(row).collect::<Vec<_>>())
}

/// `2 contact.creation, deal.deletion`
fn counted(kinds: &[String]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for kind in kinds {
        match counts.iter_mut().find(|(own, _)| own == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let said = |(kind, count): (&str, usize)| if count == 1 { kind.to_owned() } else { format!("{count} {kind}") };
    counts.into_iter().map(said).collect::<Vec<_>>().join(", ")
}
