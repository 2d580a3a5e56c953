//! Webhooks of embedded accounts: where they go, what they are signed with, and what was sent. HubSpot's
//! own endpoints set targets and subscriptions too; this is for what HubSpot sets in its interface.

use std::time::Duration;

use axum::extract::State;
use keyway_api::body::{SubscriptionBody, WebhookBody};
use keyway_api::query::DeliveriesQuery;
use keyway_core::secret::Secret;
use serde_json::{Value, json};

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, Path, Query};
use super::portal::requests::{expected, wait_for};
use super::portal::{double, shaped};
use super::view::{self, Answer, answer};
use crate::double::RefillError;
use crate::double::deliveries::{Delivery, Filter};
use crate::model::App;

/// Deliveries answered at most, the newest.
const DELIVERIES_MAX: usize = 100;

pub(super) async fn list(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Webhooks> {
    double(&admin, hub_id).await?;
    answer(view::Webhooks { webhooks: shaped(Value::Array(admin.refill.webhooks(hub_id).await))? })
}

/// Puts a target and subscriptions in the place of those that the app had.
pub(super) async fn put(
    State(admin): State<Admin>,
    Path((hub_id, app)): Path<(u64, String)>,
    JsonBody(body): JsonBody<WebhookBody>,
) -> Answer<view::WebhookAnswer> {
    double(&admin, hub_id).await?;
    let app = app_of(&admin, hub_id, &app).await?;
    let path = path_of(&app);
    let mut calls = removals(&admin, hub_id, &path).await;
    let throttling = json!({ "maxConcurrentRequests": body.max_concurrent_requests.unwrap_or(10).clamp(1, 10) });
    let settings = json!({ "targetUrl": body.target_url, "throttling": throttling });
    calls.push(json!({ "method": "PUT", "path": format!("/webhooks/v3/{path}/settings"), "body": settings }));
    for SubscriptionBody { event_type, property_name, object_type_id } in body.subscriptions {
        let mut one = json!({ "eventType": event_type, "active": true });
        for (name, value) in [("propertyName", property_name), ("objectTypeId", object_type_id)] {
            if let Some(value) = value {
                one[name] = value.into();
            }
        }
        calls.push(json!({ "method": "POST", "path": format!("/webhooks/v3/{path}/subscriptions"), "body": one }));
    }
    make(&admin, hub_id, calls).await?;
    admin.webhooks.forget_app(hub_id, &path);
    let now = admin.refill.webhooks(hub_id).await.into_iter().find(|one| one["app"] == path.as_str());
    answer(view::WebhookAnswer { webhook: now.map(shaped).transpose()? })
}

pub(super) async fn remove(State(admin): State<Admin>, Path((hub_id, app)): Path<(u64, String)>) -> Answer<view::Deleted> {
    double(&admin, hub_id).await?;
    let app = app_of(&admin, hub_id, &app).await?;
    let path = path_of(&app);
    let calls = removals(&admin, hub_id, &path).await;
    if calls.is_empty() {
        return Err(ApiError::new(404, "not_found", format!("{} has no webhooks", app.name)));
    }
    make(&admin, hub_id, calls).await?;
    admin.webhooks.forget_app(hub_id, &path);
    answer(view::Deleted { deleted: app.id })
}

/// Under what an app's webhooks are kept: an install's under the id of its public app, as over HubSpot's own paths.
fn path_of(app: &App) -> String {
    app.public_app.map_or_else(|| format!("app-{}", app.id), |id| id.to_string())
}

/// The calls that remove what an app has.
async fn removals(admin: &Admin, hub_id: u64, path: &str) -> Vec<Value> {
    let Some(now) = admin.refill.webhooks(hub_id).await.into_iter().find(|one| one["app"] == path) else { return Vec::new() };
    let delete = |what: &str| json!({ "method": "DELETE", "path": format!("/webhooks/v3/{path}/{what}") });
    let ids = now["subscriptions"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
    let mut calls: Vec<Value> = ids.map(|id| delete(&format!("subscriptions/{id}"))).collect();
    if !now["targetUrl"].is_null() {
        calls.push(delete("settings"));
    }
    calls
}

pub(super) async fn show_secret(State(admin): State<Admin>, Path((hub_id, app)): Path<(u64, String)>) -> Answer<view::WebhookSecret> {
    double(&admin, hub_id).await?;
    let app = app_of(&admin, hub_id, &app).await?;
    if app.public_app.is_some() {
        let message = format!("what {} is told is signed with its client secret, which was shown when it was made", app.name);
        return Err(ApiError::new(409, "conflict", message));
    }
    let entry = admin.registry.webhook_app(hub_id, &path_of(&app));
    let entry = entry.ok_or_else(|| ApiError::new(404, "not_found", format!("there is no app {}", app.id)))?;
    let secret: Secret<String> = admin.control.signing_secret(&entry).map_err(|message| ApiError::new(409, "conflict", message))?;
    answer(view::WebhookSecret { secret: secret.expose().clone() })
}

/// Makes calls as if HubSpot's interface made them: no app, no scopes.
async fn make(admin: &Admin, hub_id: u64, calls: Vec<Value>) -> Result<(), ApiError> {
    match admin.refill.fill(hub_id, json!({ "calls": calls }), admin.registry.now_of(hub_id)).await {
        Ok(_) => Ok(()),
        // Which of the calls it was says nothing to whoever made none.
        Err(RefillError::Refused { what, field, .. }) => Err(ApiError::invalid(what).about(field)),
        Err(error) => Err(error.into()),
    }
}

async fn app_of(admin: &Admin, hub_id: u64, which: &str) -> Result<App, ApiError> {
    let (app, _) = admin.control.app(which).await?;
    if app.hub_id == hub_id {
        Ok(app)
    } else {
        Err(ApiError::new(404, "not_found", format!("{} is not an app of account {hub_id}", app.name)))
    }
}

pub(super) async fn list_deliveries(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    Query(asked): Query<DeliveriesQuery>,
) -> Answer<view::Deliveries> {
    let double = double(&admin, hub_id).await?;
    let DeliveriesQuery { app, event, taken, after, expect, wait_ms } = asked;
    let app_id = match app {
        Some(app) => Some(app_of(&admin, hub_id, &app).await?.id),
        None => None,
    };
    let filter = Filter { app_id, event, taken, after };
    let expected = expected(expect.as_deref(), wait_ms)?;
    let find = || double.deliveries.find(&filter);
    let found = wait_for(double.deliveries.last(), find, expected, Duration::from_millis(wait_ms.unwrap_or(0))).await;
    let newest = found.iter().skip(found.len().saturating_sub(DELIVERIES_MAX));
    let deliveries = newest.map(|one| described(one)).collect();
    let met = expected.map(|expected| expected.is_met(found.len() as u64));
    answer(view::Deliveries { count: found.len(), deliveries, met })
}

fn described(one: &Delivery) -> view::Delivery {
    view::Delivery {
        number: one.number,
        time: one.at.into(),
        app_id: one.app_id,
        target_url: one.target.clone(),
        attempt: one.attempt,
        status: one.status,
        error: one.error.clone(),
        took_ms: one.took_ms,
        events: one.events(),
    }
}

pub(super) async fn forget_deliveries(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Forgotten> {
    double(&admin, hub_id).await?.deliveries.clear();
    answer(view::Forgotten { forgotten: hub_id })
}
