//! A call of an account, as the caller has let it through, and the answer to it.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use keyway_core::path::NormalPath;
use keyway_core::policy::OnBehalf;
use keyway_core::time::Timestamp;

/// A call that was let through.
#[derive(Debug)]
pub struct Call {
    /// The hub id of the account.
    pub hub_id: u64,
    /// The app that calls; written into the history of properties.
    pub app_id: u64,
    /// The user it acts for.
    pub user_id: u64,
    /// The method.
    pub method: Method,
    /// The path that the permit is for.
    pub path: NormalPath,
    /// The query, unchanged.
    pub query: Option<String>,
    /// The bytes of the body; empty where the call has none.
    pub body: Bytes,
    /// The time of the call.
    pub now: Timestamp,
    /// In whose name it is performed; none of the operator's own calls, which may do anything.
    pub by: Option<OnBehalf>,
    /// Where the account is reached, such as `http://127.0.0.1:8484`: for links to files it keeps.
    pub base: Arc<str>,
}

/// An answer that is not an error.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Bytes,
}
