//! What all pages have in common: their headers, and where a form may come from.

use askama::Template;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use keyway_api::Problem;

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page that says one thing.
pub(super) fn message(status: u16, title: &str, text: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, render(&Message { title, text })).into_response()
}

/// A page for when the store does not answer.
pub(super) fn unavailable() -> Response {
    message(503, "Not available", "The server can't answer now. Try again in some seconds.")
}

pub(super) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What is refused before a page or behind it, as a page where a browser asks for one (RFC 9110, section 12.5.1).
pub(crate) async fn errors_in_html(request: Request, next: Next) -> Response {
    let accepted = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let is_browser = accepted.split(',').any(|kind| kind.trim_start().starts_with("text/html"));
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !is_browser || !(status.is_client_error() || status.is_server_error()) || kind.starts_with("text/html") {
        return response;
    }
    let body = axum::body::to_bytes(response.into_body(), PROBLEM_BYTES_MAX).await.unwrap_or_default();
    let said = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail);
    let (title, text) = match (status, said) {
        (StatusCode::NOT_FOUND, _) => ("Not found", "No page has this address. Check it, or begin at the overview.".to_owned()),
        (StatusCode::METHOD_NOT_ALLOWED, _) => ("Not a page", "A page of this address does not exist. Begin at the overview.".to_owned()),
        (_, Ok(detail)) => ("It did not work", super::words::sentence(&detail)),
        (_, Err(_)) => ("It did not work", format!("The server answered with {status}. Go back in your browser, and try again.")),
    };
    harden(message(status.as_u16(), title, &text)).await
}

/// The longest problem of the API: a sentence, with names in it.
const PROBLEM_BYTES_MAX: usize = 64 << 10;

/// No script, no frame around it, nothing from elsewhere, nothing told to where it leads, nothing
/// kept but the assets. `form-action` is left out: browsers hold it against where a consent
/// redirects to, which is the app's own address.
pub(super) async fn harden(response: Response) -> Response {
    with_policy(response, "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'")
}

/// The console's pages have a script, which is a file of this server; its forms lead nowhere else.
pub(super) async fn harden_console(response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    with_policy(response, policy)
}

fn with_policy(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Browsers say where a form comes from; one of another site is refused, signed in or not.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    if request.method() == Method::POST {
        let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let own = text(&HOST).unwrap_or_default();
        let origin = text(&ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        // Under `no-referrer` a browser may send the origin `null` from its own page; then its other word counts.
        let same = origin.is_some_and(|host| host.eq_ignore_ascii_case(own)) || text(&FETCH_SITE) == Some("same-origin");
        if !same {
            return message(403, "Not from here", "This form was not sent from a page of this server.");
        }
    }
    next.run(request).await
}
