//! What a token is and may do, as the gateway says: what is listed is what would be let through.

use bytes::Bytes;
use http::Method;
use keyway_core::scope::ScopeSet;
use serde_json::{Map, Value, json};

use crate::road::{Answer, Call, Road, RoadError, Visitor};
use keyway_core::safety::{BULK, Classes, Safety};

/// Where the data listener says what a token is.
const ME: &str = "/__keyway/me";
/// HubSpot's own question, which a Keyway without [`ME`] answers.
const INTROSPECTION: &str = "/oauth/v2/private-apps/get/access-token-info";

/// What a token is and may do.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The hub id of the account.
    pub hub_id: u64,
    /// The id of the app.
    pub app_id: u64,
    /// The name of the app; none where the server does not say.
    pub app_name: Option<String>,
    /// The scopes of the token.
    pub scopes: ScopeSet,
    /// The classes that the gateway holds it to.
    pub held_to: Classes,
    /// The classes that it may use here: those, or of a token that nobody restricted what the operator of this door opens.
    pub classes: Classes,
    /// All that the server says.
    pub said: Value,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The token is not accepted, with the server's answer.
    #[error("Keyway does not accept the token")]
    Refused(Box<Answer>),
    /// The server did not answer.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// It answered with something else.
    #[error("the address answers, but not as a Keyway data listener does (status {0})")]
    NotKeyway(u16),
}

impl Standing {
    /// Asks the server. `allowed` are the classes that the operator of this door opens to tokens of which nobody said more.
    ///
    /// # Errors
    /// The token is not accepted, or the server does not answer.
    pub async fn ask(road: &dyn Road, visitor: &Visitor, allowed: Classes) -> Result<Self, StandingError> {
        let answer = road.call(call(visitor, Method::GET, ME, Bytes::new())).await?;
        match answer.status {
            200 => Self::read(&answer.body, allowed).ok_or(StandingError::NotKeyway(200)),
            401 => Err(StandingError::Refused(Box::new(answer))),
            _ => Self::introspect(road, visitor, allowed).await,
        }
    }

    async fn introspect(road: &dyn Road, visitor: &Visitor, allowed: Classes) -> Result<Self, StandingError> {
        let body = json!({ "tokenKey": visitor.token.expose() }).to_string();
        let answer = road.call(call(visitor, Method::POST, INTROSPECTION, body.into())).await?;
        match answer.status {
            200 => Self::read(&answer.body, allowed).ok_or(StandingError::NotKeyway(200)),
            400..=404 => Err(StandingError::Refused(Box::new(answer))),
            status => Err(StandingError::NotKeyway(status)),
        }
    }

    /// Reads either answer: that of `/__keyway/me`, or of the introspection.
    fn read(body: &[u8], allowed: Classes) -> Option<Self> {
        let said: Value = serde_json::from_slice(body).ok()?;
        let scopes = said["scopes"].as_array()?;
        let mut words: Vec<&str> = said["classes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        words.extend((said["bulk"] == true).then_some(BULK));
        // A Keyway that says nothing of classes holds no token to any.
        let held_to = if said["classes"].is_array() { Classes::parse(&words).ok()? } else { Classes::ALL };
        // A session's classes were chosen for it, and so were an app's where they are not all.
        let is_chosen = said["session"].is_object() || held_to != Classes::ALL;
        Some(Self {
            hub_id: said["account"]["hubId"].as_u64().or_else(|| said["hubId"].as_u64())?,
            app_id: said["app"]["id"].as_u64().or_else(|| said["appId"].as_u64())?,
            app_name: said["app"]["name"].as_str().map(str::to_owned),
            scopes: ScopeSet::of_known(scopes.iter().filter_map(Value::as_str)),
            held_to,
            classes: if is_chosen { held_to } else { allowed },
            said,
        })
    }

    /// Whether this door refuses operations of a class that the gateway would let through.
    pub fn is_stricter(&self, safety: Safety) -> bool {
        self.held_to.open(safety) && !self.classes.open(safety)
    }

    /// The session of the token; none where it is an app's own.
    pub fn session(&self) -> Option<&Value> {
        Some(&self.said["session"]).filter(|session| session.is_object())
    }

    /// The form that a model sees.
    pub fn shown(&self) -> Value {
        let mut shown = match &self.said {
            Value::Object(said) => said.clone(),
            _ => Map::new(),
        };
        shown.remove("userId");
        shown.remove("token");
        shown.insert("classes".into(), self.classes.words().into());
        shown.remove("bulk");
        Value::Object(shown)
    }
}

fn call(visitor: &Visitor, method: Method, target: &str, body: Bytes) -> Call {
    Call { visitor: visitor.clone(), method, target: target.to_owned(), body, tool: None, approval: None }
}
