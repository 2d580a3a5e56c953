//! Asks about a token that a Keyway issued: the Keyway at an address, or the running server.
//!
//! HubSpot does not know such a token, so it never gets one.

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use keyway_core::hosts::ApiHost;
use keyway_core::path::{ME, READY};
use keyway_core::refusal::Refusal;
use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_core::token::PlainToken;
use keyway_gateway::upstream::Base;
use serde_json::{Value, json};

use super::{list, text};
use crate::args::Connection;
use crate::client::{call, call_data, call_data_openly, list_all};

/// Most that is read of an answer, in bytes.
const ANSWER_MAX: usize = 1 << 20;

/// What is known of a token.
pub enum Standing {
    /// It works.
    Alive(Owner),
    /// Keyway refuses it, by the name of the refusal.
    Refused(String),
    /// No Keyway could be asked, and why.
    Unverified(String),
}

/// Whether a Keyway refuses a token that may be good elsewhere: at another Keyway, or at the listener of agents.
pub fn may_be_good_elsewhere(rule: &str) -> bool {
    [Refusal::TokenUnknown, Refusal::TokenAudience].iter().any(|refusal| refusal.name() == rule)
}

/// Whose a token is.
pub struct Owner {
    pub hub_id: Option<u64>,
    pub app: String,
    pub token_id: Option<u64>,
    pub scopes: Vec<String>,
}

/// Asks about a token: the Keyway at an address, or where that is HubSpot's, the running server. `option` is the one
/// that names another address.
///
/// # Errors
/// What answers at the address is not a Keyway, or can't say.
pub async fn ask(connection: &Connection, at: &str, option: &str, token: &Secret<String>) -> anyhow::Result<Standing> {
    if !is_hubspot(at) {
        return at_address(at, token).await;
    }
    let why = match of_server(connection, token).await {
        Ok(Some(standing)) => return Ok(standing),
        Ok(None) => "No app of the running Keyway has it: it is of a session or of another Keyway".to_owned(),
        Err(error) => format!("The running Keyway could not be asked: {error:#}"),
    };
    Ok(Standing::Unverified(format!(
        "a Keyway issued this token, and HubSpot does not know it, so it was not sent there. {why}. To ask a Keyway, name its data address with {option}"
    )))
}

/// Whether an address is HubSpot's own.
fn is_hubspot(at: &str) -> bool {
    at.parse::<http::Uri>().ok().and_then(|uri| uri.host().and_then(ApiHost::parse)).is_some()
}

async fn at_address(at: &str, token: &Secret<String>) -> anyhow::Result<Standing> {
    // Refuses plain HTTP to other machines.
    Base::parse(at)?;
    // Before the token goes there: whether it is a Keyway.
    let ready = body(call_data_openly(at, READY).await?).await;
    if !ready.is_some_and(|ready| ready["ready"].is_boolean()) {
        bail!("{} is not the data address of a Keyway, so the token was not sent there", shown::line(at));
    }
    let answer = call_data(at, token, Method::GET, ME, Bytes::new()).await?;
    let (status, rule) = (answer.status(), answer.headers().get("keyway-rule").and_then(|rule| rule.to_str().ok()).map(str::to_owned));
    if status.is_success() {
        let me = body(answer).await.context("the answer was cut")?;
        return Ok(Standing::Alive(Owner {
            hub_id: me["account"]["hubId"].as_u64(),
            app: text(&me["app"]["name"]),
            token_id: me["token"]["id"].as_u64(),
            scopes: words(&me["scopes"]),
        }));
    }
    match rule {
        Some(rule) if status == 401 => Ok(Standing::Refused(rule)),
        _ => bail!("the Keyway at {} can't say now (it answered {status})", shown::line(at)),
    }
}

async fn body(answer: Response<Incoming>) -> Option<Value> {
    let bytes = Limited::new(answer.into_body(), ANSWER_MAX).collect().await.ok()?.to_bytes();
    serde_json::from_slice(&bytes).ok()
}

/// What the running server knows of a token of an app; none where no app has it. The server gets the token only where
/// its last characters are those of one of its own.
async fn of_server(connection: &Connection, token: &Secret<String>) -> anyhow::Result<Option<Standing>> {
    let Some(hint) = PlainToken::given(token.expose()).map(|token| token.hint()) else { return Ok(None) };
    let apps = list_all(connection, "/api/v1/apps", "apps").await?;
    for app in list(&apps, "apps") {
        for one in list(app, "tokens").iter().filter(|one| one["hint"] == hint.as_str()) {
            let path = format!("/api/v1/tokens/{}/match", text(&one["id"]));
            let asked = json!({ "credential": token.expose() });
            if call(connection, Method::POST, &path, Some(asked)).await?["matches"] == true {
                return Ok(Some(standing(app, one)));
            }
        }
    }
    Ok(None)
}

fn standing(app: &Value, token: &Value) -> Standing {
    let refused = |refusal: Refusal| Standing::Refused(refusal.name().to_owned());
    match token["state"].as_str() {
        Some("revoked") => refused(Refusal::TokenRevoked),
        Some("expired") => refused(Refusal::TokenExpired),
        _ if app["enabled"] == false => refused(Refusal::AppDisabled),
        _ => Standing::Alive(Owner {
            hub_id: app["hubId"].as_u64(),
            app: text(&app["name"]),
            token_id: token["id"].as_u64(),
            scopes: words(&app["scopes"]),
        }),
    }
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
