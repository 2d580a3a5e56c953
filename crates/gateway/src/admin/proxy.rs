//! The certificate authorities of the forward proxy.

use std::sync::Arc;

use axum::extract::State;
use keyway_api::body::RenewBody;

use super::Admin;
use super::body::ApiError;
use super::extract::JsonBody;
use super::view::{self, Answer, answer};
use crate::attention::renewal_due;
use crate::authority::{fingerprint, signing, to_trust};
use crate::clock;
use crate::model::ProxyAuthority;

pub(super) async fn show(State(admin): State<Admin>) -> Answer<view::ProxyAuthorities> {
    let trusted = to_trust(&admin.control.proxy_authorities().load(), clock::now());
    if trusted.is_empty() {
        let how = "this server has no authority of the forward proxy. Start it with \"keyway serve --proxy 127.0.0.1:8486\"";
        return Err(ApiError::new(404, "not_found", how));
    }
    shown(&trusted)
}

pub(super) async fn renew(State(admin): State<Admin>, JsonBody(asked): JsonBody<RenewBody>) -> Answer<view::ProxyAuthorities> {
    shown(&admin.control.renew_proxy_authority(asked.wait_ms).await?)
}

fn shown(trusted: &[Arc<ProxyAuthority>]) -> Answer<view::ProxyAuthorities> {
    let now = clock::now();
    let signs = signing(trusted, now).map(|one| one.id);
    let mut authorities = Vec::new();
    for one in trusted {
        authorities.push(view::ProxyAuthority {
            id: one.id,
            name: one.name.clone(),
            signs: Some(one.id) == signs,
            signs_from: one.signs_from.into(),
            expires_at: one.expires_at.into(),
            // One that has a successor is renewed.
            renewal_due: renewal_due(trusted, one, now),
            sha256: fingerprint(one).map_err(|error| ApiError::new(500, "internal", error.to_string()))?,
            certificate: one.certificate.clone(),
        });
    }
    answer(view::ProxyAuthorities { authorities })
}
