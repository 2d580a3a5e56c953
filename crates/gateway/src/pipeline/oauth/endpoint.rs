//! The OAuth endpoints by method and path.

use http::Method;
use keyway_core::catalog::{self, Operation};
use keyway_core::path::NormalPath;
use keyway_oauth::metadata;

/// What of OAuth is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) enum Endpoint {
    Token { v1: bool },
    Introspect,
    Revoke,
    AccessToken,
    RefreshToken,
    DeleteRefreshToken,
    Metadata,
}

impl Endpoint {
    pub(in crate::pipeline) fn of(method: &Method, path: &NormalPath) -> Option<Self> {
        if path.as_str() == metadata::PATH {
            return (method == Method::GET).then_some(Self::Metadata);
        }
        let rest = path.as_str().strip_prefix("/oauth/")?;
        let (version, rest) = rest.split_once('/')?;
        let v1 = version == "v1";
        if !v1 && !["v3", "2026-03", "2026-09"].contains(&version) {
            return None;
        }
        match (method.as_str(), rest) {
            ("POST", "token") => Some(Self::Token { v1 }),
            ("POST", "token/introspect") => Some(Self::Introspect),
            ("POST", "token/revoke") => Some(Self::Revoke),
            ("GET", rest) if v1 && is_one_below(rest, "access-tokens/") => Some(Self::AccessToken),
            ("GET", rest) if v1 && is_one_below(rest, "refresh-tokens/") => Some(Self::RefreshToken),
            ("DELETE", rest) if v1 && is_one_below(rest, "refresh-tokens/") => Some(Self::DeleteRefreshToken),
            _ => None,
        }
    }
}

fn is_one_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|last| !last.is_empty() && !last.contains('/'))
}

/// Whether an operation is one of these endpoints.
pub(in crate::pipeline) fn answers(operation: &Operation) -> bool {
    let method = operation.method.as_str().parse::<Method>();
    let path = NormalPath::parse(&operation.template.replace(['{', '}'], ""));
    method.is_ok_and(|method| path.is_ok_and(|path| Endpoint::of(&method, &path).is_some()))
}

/// Whether an operation ends the caller's own install.
pub(in crate::pipeline) fn is_uninstall(operation: &Operation) -> bool {
    operation.method == catalog::Method::Delete
        && operation.template.starts_with("/appinstalls/")
        && operation.template.ends_with("/external-install")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_endpoints_of_the_four_versions_are_answered() {
        let of = |method: Method, path: &str| Endpoint::of(&method, &NormalPath::parse(path).unwrap());
        assert_eq!(of(Method::POST, "/oauth/v1/token"), Some(Endpoint::Token { v1: true }));
        for version in ["v3", "2026-03", "2026-09"] {
            assert_eq!(of(Method::POST, &format!("/oauth/{version}/token")), Some(Endpoint::Token { v1: false }));
            assert_eq!(of(Method::GET, &format!("/oauth/{version}/access-tokens/x")), None);
        }
        assert_eq!(of(Method::POST, "/oauth/2025-09/token"), None);
        assert_eq!(of(Method::GET, "/oauth/v1/access-tokens/a/b"), None);
        assert_eq!(of(Method::GET, "/oauth/v1/access-tokens/x"), Some(Endpoint::AccessToken));
    }
}
