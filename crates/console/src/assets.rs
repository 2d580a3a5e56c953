//! Style, script and sign of the pages, embedded. Their addresses carry a hash of what they hold, so
//! that a browser may keep them and still has the new ones after an upgrade.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("../../../web/assets/keyway.css");
const SCRIPT: &str = include_str!("../../../web/assets/keyway.js");
const SIGN: &str = include_str!("../../../web/assets/keyway.svg");

pub(super) fn style_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/keyway.css", STYLE));
    &ADDRESS
}

pub(super) fn script_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/keyway.js", SCRIPT));
    &ADDRESS
}

fn address(path: &str, text: &str) -> String {
    format!("{path}?v={}", &blake3::hash(text.as_bytes()).to_hex()[..12])
}

pub(super) async fn style() -> Response {
    kept("text/css; charset=utf-8", STYLE)
}

pub(super) async fn script() -> Response {
    kept("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn sign() -> Response {
    kept("image/svg+xml", SIGN)
}

fn kept(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], text).into_response()
}
