//! What a request carries, read by axum; what can't be read is answered in the API's own form.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use keyway_core::time::Timestamp;
use serde::de::DeserializeOwned;

use super::body::ApiError;

/// A JSON body.
pub(super) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Json::<T>::from_request(request, state).await.map(|Json(body)| Self(body)).map_err(|error: JsonRejection| {
            match error.status().as_u16() {
                413 => ApiError::new(413, "too_large", "the body is larger than an account, app or token can be"),
                _ => ApiError::invalid(of_body(&error.body_text())),
            }
        })
    }
}

/// A JSON body that may be left out.
pub(super) struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| ApiError::new(error.status().as_u16(), "invalid", error.body_text()))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| ApiError::invalid(error.to_string()))
    }
}

/// The query.
pub(super) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(query)| Self(query)).map_err(|error| ApiError::invalid(of_query(&error.body_text())))
    }
}

/// A moment, as a query or body writes it.
pub(super) fn moment(text: &str) -> Result<Timestamp, ApiError> {
    let wrong = || ApiError::invalid(format!("{text} is not a time; use ISO 8601, such as 2026-11-30T08:00:00Z"));
    Timestamp::parse_iso(text).ok_or_else(wrong)
}

/// The words with which axum begins its messages.
const OF_QUERY: &str = "Failed to deserialize query string: ";
const OF_BODY: [&str; 2] = ["Failed to deserialize the JSON body into the target type: ", "Failed to parse the request body as JSON: "];

/// The words of the command line for parameters that have another name here.
const OTHER_NAMES: [(&str, &str); 4] = [("since", "from"), ("until", "to"), ("account", "hubId"), ("token", "tokenId")];

/// The message for a query that Keyway can't read: the name of the parameter, and the values that it accepts.
fn of_query(said: &str) -> String {
    let why = said.strip_prefix(OF_QUERY).unwrap_or(said);
    if let Some((_, rest)) = why.split_once("unknown field `") {
        let mut words = rest.split('`');
        let unknown = words.next().unwrap_or_default();
        let known: Vec<&str> = words.skip(1).step_by(2).collect();
        let named = OTHER_NAMES.iter().find(|(other, name)| *other == unknown && known.contains(name));
        let meant = named.map(|(_, name)| format!(" Use {name}.")).unwrap_or_default();
        let takes = if known.is_empty() { "no parameter".to_owned() } else { known.join(", ") };
        return format!("the query has the unknown parameter {unknown}.{meant} This request takes {takes}");
    }
    if let Some((_, rest)) = why.split_once("duplicate field `") {
        return format!("the query has the parameter {} more than once", rest.split('`').next().unwrap_or_default());
    }
    let (name, why) = why.split_once(": ").unwrap_or(("query", why));
    let must = match why {
        _ if why.contains("invalid digit") || why.contains("empty string") => "must be a whole number",
        _ if why.contains("too large") => "is too large a number",
        _ if why.contains("`true` or `false`") => "must be true or false",
        _ => return format!("the parameter {name} can't be read: {why}"),
    };
    format!("the parameter {name} {must}")
}

/// The message for a body that Keyway can't read, without the words of axum.
fn of_body(said: &str) -> String {
    match OF_BODY.iter().find_map(|before| said.strip_prefix(before)) {
        Some(why) => format!("the body can't be read: {why}"),
        None => said.to_owned(),
    }
}

/// What varies of the path. One that can't be read names nothing that is there.
pub(super) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(path)| Self(path)).map_err(|error| ApiError::new(404, "not_found", error.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;
    use keyway_api::query::{AuditQuery, ReportQuery};

    use super::*;

    fn said<T: DeserializeOwned>(query: &str) -> String {
        let uri: Uri = format!("http://keyway/api?{query}").parse().unwrap();
        match axum::extract::Query::<T>::try_from_uri(&uri) {
            Ok(_) => String::new(),
            Err(error) => of_query(&error.body_text()),
        }
    }

    #[test]
    fn a_query_that_cant_be_read_names_the_parameter_and_what_it_may_be() {
        let since = said::<AuditQuery>("since=24h");
        assert!(
            since.starts_with("the query has the unknown parameter since. Use from. This request takes app, hubId, operation, "),
            "{since}"
        );
        assert!(since.ends_with("before, limit, format"), "{since}");
        assert!(said::<AuditQuery>("colour=red").starts_with("the query has the unknown parameter colour. This request takes app"));
        assert_eq!(said::<AuditQuery>("limit=some"), "the parameter limit must be a whole number");
        assert_eq!(said::<AuditQuery>("limit="), "the parameter limit must be a whole number");
        assert_eq!(said::<AuditQuery>("limit=99999999999"), "the parameter limit is too large a number");
        assert_eq!(said::<AuditQuery>("changes=yes"), "the parameter changes must be true or false");
        assert_eq!(said::<AuditQuery>("app=1&app=2"), "the query has the parameter app more than once");
        assert!(said::<ReportQuery>("since=24h").ends_with("takes endsBy, rules, current"));
    }
}
