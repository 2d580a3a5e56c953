//! The answer to a refused call of an operation that the catalog does not list.

use super::Caller;
use super::refused::class_not_allowed;
use crate::catalog::{Catalog, Method};
use crate::error_body::{ErrorBody, ErrorDetail};
use crate::path::NormalPath;
use crate::refusal::Refusal;
use crate::unlisted::{UnlistedDenial, masked};

impl UnlistedDenial {
    /// The answer: what is refused, why, and the command that allows it.
    pub fn to_error(&self, caller: &Caller<'_>, method: &str, path: &NormalPath) -> ErrorBody {
        let Caller { app_name, app_id, .. } = caller;
        let shown = masked(path);
        let refused = |refusal: Refusal, why: String| refusal.error(format!("Keyway did not forward {method} {shown}: {why}"));
        match self {
            Self::NotAllowed => {
                let remedy = format!("keyway app update {app_id} --unlisted '{method} {shown}'");
                refused(Refusal::UnlistedOperation, format!(
                    "its catalog of HubSpot operations does not list this path, and the app \"{app_name}\" may not call unlisted operations. To allow it: {remedy}"
                ))
                .detail(
                    ErrorDetail::new("The app may not call operations that the catalog does not list.")
                        .context("app", vec![format!("{app_name} ({app_id})")])
                        .context("operation", vec![format!("{method} {shown}")])
                        .context("remedy", vec![remedy]),
                )
            }
            Self::Never(part) => {
                refused(Refusal::NeverForwarded, format!("paths below /{part} issue or read credentials, and Keyway never forwards them."))
            }
            Self::Spelling(path) => {
                refused(Refusal::PathSpelling, format!("HubSpot spells this path {path}. Call it as HubSpot spells it."))
            }
            Self::Class => {
                let operation = Catalog::get().unlisted(Method::parse(method).unwrap_or(Method::Post));
                class_not_allowed(operation.safety, caller, operation, &format!("{method} {shown}, which Keyway's catalog does not list,"))
            }
            Self::Method => refused(Refusal::MethodUnknown, "HubSpot publishes no operation with this method.".to_owned()),
        }
    }
}
