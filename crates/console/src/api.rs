//! The admin API, called in this process by a person's pages: what a page shows or changes, anybody
//! with the same rights can see or change over HTTP.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request};
use axum::response::Response;
use http_body_util::BodyExt;
use keyway_api::{List, OperationId, Problem};
use keyway_gateway::admin::{Admin, Environment};
use keyway_gateway::principal::Principal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The API under the rights of the person who is signed in.
pub(super) struct Api {
    admin: Admin,
    principal: Principal,
}

/// What the API refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub status: u16,
    pub detail: String,
}

/// Entries asked for at once, the most that the API gives.
const PAGE: &str = "1000";

type Result<T> = std::result::Result<T, Refused>;

impl Api {
    pub fn new(admin: &Admin, principal: Principal) -> Self {
        Self { admin: admin.clone(), principal }
    }

    /// Whether an operation of the API is open to the person: what is not is left out of a page.
    pub fn may(&self, operation: OperationId) -> bool {
        self.admin.may(&self.principal, operation)
    }

    /// The role of the person, by its name at the API.
    pub fn role(&self) -> &'static str {
        self.principal.role.name()
    }

    /// What this server is called.
    pub fn environment(&self) -> Option<&Environment> {
        self.admin.environment.as_ref()
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(self.ask(Method::GET, path, Body::empty()).await?).await
    }

    /// The whole of a list, page by page.
    pub async fn all<L: List + DeserializeOwned>(&self, path: &str, fields: &[(&str, &str)]) -> Result<Vec<L::Entry>> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let query = [fields, &[("limit", PAGE), ("after", after.as_str())]].concat();
            let (entries, next) = self.get::<L>(&with_query(path, &query)).await?.into_entries();
            all.extend(entries);
            match next {
                Some(last) => after = last,
                None => return Ok(all),
            }
        }
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(self.ask(Method::POST, path, written(body)?).await?).await
    }

    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(self.ask(Method::PUT, path, written(body)?).await?).await
    }

    pub async fn patch(&self, path: &str, body: &impl Serialize) -> Result<Value> {
        read(self.ask(Method::PATCH, path, written(body)?).await?).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value> {
        read(self.ask(Method::DELETE, path, Body::empty()).await?).await
    }

    /// An answer that is passed to the browser as it comes: an export.
    pub async fn handed_on(&self, path: &str) -> Result<Response> {
        let response = self.ask(Method::GET, path, Body::empty()).await?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    async fn ask(&self, method: Method, path: &str, body: Body) -> Result<Response> {
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
        let request = request.body(body).map_err(|error| Refused { status: 400, detail: error.to_string() })?;
        Ok(self.admin.call(self.principal.clone(), request).await)
    }
}

fn written(body: &impl Serialize) -> Result<Body> {
    serde_json::to_vec(body).map(Body::from).map_err(|error| broken(&error))
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let body = response.into_body().collect().await.map_err(|error| broken(&error))?.to_bytes();
    serde_json::from_slice(&body).map_err(|error| broken(&error))
}

async fn refusal(response: Response) -> Refused {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let problem = serde_json::from_slice::<Problem>(&body);
    Refused { status, detail: problem.map_or_else(|_| "the admin API gave no reason".to_owned(), |problem| problem.detail) }
}

fn broken(error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(%error, "an answer of the admin API can't be read");
    Refused { status: 500, detail: "an answer of the admin API can't be read; see the server's log".to_owned() }
}

/// A path with a query, from the fields that say something.
pub(super) fn with_query(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A path whose last part may hold anything.
pub(super) fn with_part(path: &str, part: &str) -> String {
    let mut whole = path.to_owned();
    keyway_core::path::encode_component(part, &mut whole);
    whole
}
