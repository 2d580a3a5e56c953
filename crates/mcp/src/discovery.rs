//! What the listener says of itself without a token: `llms.txt` for agents that find the address, and a skill file
//! that tells a model how to use the tools. Fixed texts: nothing of an account, an app or a request is in them.

use axum::Router;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};

/// What is here, and where to read on.
const LLMS: &str = include_str!("../../../web/agents/llms.txt");
/// How to use the tools.
const SKILL: &str = include_str!("../../../web/agents/skill.md");

/// The two texts.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/llms.txt", get(|| async { (headers("text/plain; charset=utf-8"), LLMS) }))
        .route("/skill.md", get(|| async { (headers("text/markdown; charset=utf-8"), SKILL) }))
}

fn headers(kind: &'static str) -> [(HeaderName, &'static str); 3] {
    [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=3600"), (X_CONTENT_TYPE_OPTIONS, "nosniff")]
}
