//! Who looks at a page, and what they send: a session for every page, a form token for every form.

use axum::extract::{FromRequest, FromRequestParts, RawQuery, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use keyway_gateway::admin::Admin;

use super::api::{Api, Refused};
use super::doors::Door;
use super::page;
use super::shell::Shell;
use super::sign_in::Session;

/// A page, or what is answered in its place.
pub(super) type Page = Result<Response, Response>;

/// Somebody who is signed in.
pub(super) struct Visitor {
    pub api: Api,
    email: String,
    form_token: String,
    /// What was just done, as the address says it.
    done: String,
}

impl Visitor {
    fn of(admin: &Admin, session: Session, query: Option<&str>) -> Self {
        let done = Fields::parse(query.unwrap_or_default().as_bytes()).get("done").to_owned();
        Self { api: Api::new(admin, session.principal), email: session.person.email, form_token: session.form_token, done }
    }

    /// The frame of a page of this section.
    pub fn shell(&self, section: &'static str) -> Shell<'_> {
        Shell { api: &self.api, person: &self.email, form_token: &self.form_token, section, done: super::shell::done(&self.done) }
    }

    /// Who it is.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// What the API refused, as a page.
    pub fn refused(&self, section: &'static str, refused: &Refused) -> Response {
        super::shell::refused(self.shell(section), refused)
    }
}

impl FromRequestParts<Admin> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Response> {
        let session = <Session as FromRequestParts<Admin>>::from_request_parts(parts, admin).await?;
        let visitor = Self::of(admin, session, parts.uri.query());
        // A page without an operation is open to nobody.
        match parts.extensions.get::<Door>() {
            Some(Door(operation)) if visitor.api.may(*operation) => Ok(visitor),
            Some(Door(operation)) => Err(super::shell::closed(visitor.shell("/"), *operation)),
            None => Err(page::message(403, "Not open", "Nobody may open this page.")),
        }
    }
}

/// A form that was sent, from a page that was made for this session.
pub(super) struct Sent {
    pub visitor: Visitor,
    pub fields: Fields,
}

impl FromRequest<Admin> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, admin).await?;
        let body = Bytes::from_request(Request::from_parts(parts, body), admin).await.map_err(IntoResponse::into_response)?;
        let fields = Fields::parse(&body);
        if fields.get("form_token") != visitor.form_token {
            return Err(page::message(403, "Not from here", "This form was not made for you."));
        }
        Ok(Self { visitor, fields })
    }
}

/// Names and values of a query or a form; a name may stand more than once.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

/// More fields than any form has: every scope has one.
const FIELDS_MAX: usize = 1_000;

impl Fields {
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).take(FIELDS_MAX).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first value, trimmed; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    /// As a query, without some of the names.
    pub fn query_without(&self, names: &[&str]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, value)| !names.contains(&name.as_str()) && !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.finish()
    }

    /// The lines of a field, without empty ones.
    pub fn lines(&self, name: &str) -> Vec<String> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Fields {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self::parse(query.unwrap_or_default().as_bytes()))
    }
}
