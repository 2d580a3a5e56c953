//! Decides whether a caller may perform an operation.
//!
//! Pure: the caller, the operation and the path come in, a permit or a denial comes out. Reading
//! tokens is the pipeline's `authenticate`; answering HTTP is its `respond`.

use crate::catalog::{Catalog, Operation, OperationId, Resolution};
use crate::error_body::{ErrorBody, ErrorDetail};
use crate::path::NormalPath;
use crate::requirement::{Requirement, UnknownObjectType};
use crate::scope::ScopeSet;
use crate::unlisted::{self, Unlisted, UnlistedDenial};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The app's id.
    pub app_id: u64,
    /// The app's name, for messages.
    pub app_name: &'a str,
    /// The account the app belongs to.
    pub hub_id: u64,
    /// The token it presented.
    pub token_id: u64,
    /// The scopes it was granted.
    pub granted: &'a ScopeSet,
    /// Whether it is an install of a public app, whose scopes a person granted.
    pub is_install: bool,
    /// Which operations it may call that the catalog does not list.
    pub unlisted: &'a Unlisted,
}

/// Proof that a caller may perform an operation on a path. Only [`authorize`] makes one, and
/// forwarding takes it by value: a call that was not decided on cannot be forwarded, nor one
/// decision be used twice.
#[derive(Debug)]
pub struct Permit {
    operation: OperationId,
    app_id: u64,
    hub_id: u64,
    path: NormalPath,
}

impl Permit {
    /// What may be done.
    pub fn operation(&self) -> &'static Operation {
        Catalog::get().operation(self.operation)
    }

    /// Who may do it.
    pub const fn app_id(&self) -> u64 {
        self.app_id
    }

    /// On which account.
    pub const fn hub_id(&self) -> u64 {
        self.hub_id
    }

    /// The path that was checked, and the only one to forward.
    pub fn into_path(self) -> NormalPath {
        self.path
    }
}

/// Why a caller may not.
#[derive(Clone, Debug)]
pub enum Denial {
    /// Its scopes are not enough.
    MissingScopes(Requirement),
    /// Only the developer account's key opens this operation.
    DeveloperKeyOnly,
    /// HubSpot publishes no scope for it, so nobody can be granted it.
    NoScopeExists,
    /// No source states its scopes, and Keyway does not guess them.
    ScopesUnstated,
    /// The path names no object type.
    UnknownObjectType(UnknownObjectType),
}

/// Decides. The path is the one `operation` was resolved from. An operation of which no scope is known is
/// the operator's choice, like one that the catalog does not list.
///
/// # Errors
/// The reason why not, to be answered by [`Denial::to_error`].
pub fn authorize(caller: &Caller<'_>, operation: &Operation, path: NormalPath) -> Result<Permit, Denial> {
    let allowed = || caller.unlisted.allows(operation.method, path.as_str());
    let requirement = match Catalog::get().requirement(operation, &path) {
        Ok(requirement) => requirement,
        // HubSpot may have types that the catalog does not list.
        Err(_) if allowed() => Requirement::Unstated,
        Err(unknown) => return Err(Denial::UnknownObjectType(unknown)),
    };
    let chosen = matches!(requirement, Requirement::Nothing | Requirement::Unstated) && allowed();
    match requirement {
        met if chosen || met.met_by(caller.granted) => {
            Ok(Permit { operation: operation.id, app_id: caller.app_id, hub_id: caller.hub_id, path })
        }
        Requirement::DeveloperKey => Err(Denial::DeveloperKeyOnly),
        Requirement::Nothing => Err(Denial::NoScopeExists),
        Requirement::Unstated => Err(Denial::ScopesUnstated),
        missing => Err(Denial::MissingScopes(missing)),
    }
}

/// Decides about a call that the catalog does not list: no scope is known that opens it, so the app's
/// setting decides. For connected accounts only.
///
/// # Errors
/// The reason why not, to be answered by [`UnlistedDenial::to_error`].
pub fn authorize_unlisted(caller: &Caller<'_>, method: &str, path: NormalPath) -> Result<Permit, UnlistedDenial> {
    let method = unlisted::decide(caller.unlisted, method, &path)?;
    let catalog = Catalog::get();
    // What the catalog lists is opened by scopes alone.
    if let Resolution::Found(_) = catalog.resolve(method.as_str(), &path) {
        return Err(UnlistedDenial::Spelling(path.as_str().to_owned()));
    }
    Ok(Permit { operation: catalog.unlisted(method).id, app_id: caller.app_id, hub_id: caller.hub_id, path })
}

impl Denial {
    /// HubSpot's answer (hubspot facts, section 4), with what HubSpot leaves out: which app it
    /// was, and what to do.
    pub fn to_error(&self, caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
        match self {
            Self::MissingScopes(requirement) => missing_scopes(requirement, caller, operation),
            Self::DeveloperKeyOnly => ErrorBody::new(
                403,
                "BANNED",
                format!(
                    "{operation} can't be called using an OAuth access token. It is called with the developer API key of the developer account."
                ),
            ),
            Self::NoScopeExists => ErrorBody::new(
                403,
                "MISSING_SCOPES",
                format!(
                    "{operation}: HubSpot publishes no scope that opens this operation, so no app can be granted it. {}",
                    choice(caller, operation)
                ),
            ),
            Self::ScopesUnstated => ErrorBody::new(
                403,
                "MISSING_SCOPES",
                format!(
                    "{operation} is older than HubSpot's scopes, and no source states which scope opens it. Keyway does not guess, so it refuses the call. {}",
                    choice(caller, operation)
                ),
            ),
            Self::UnknownObjectType(unknown) => ErrorBody::validation(unknown.to_string()).detail(
                ErrorDetail::new("Keyway's catalog does not list this object type.").context("remedy", vec![choice(caller, operation)]),
            ),
        }
    }
}

/// The command that allows an operation of which no scope is known.
fn choice(caller: &Caller<'_>, operation: &Operation) -> String {
    let pattern: Vec<&str> = operation.template.split('/').map(|segment| if segment.starts_with('{') { "*" } else { segment }).collect();
    format!("To allow it: keyway app update {} --unlisted '{} {}'", caller.app_id, operation.method, pattern.join("/"))
}

fn missing_scopes(requirement: &Requirement, caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
    let scopes: Vec<String> = requirement.missing_names(caller.granted).into_iter().map(str::to_owned).collect();
    let first = scopes.first().map_or("", String::as_str);
    let remedy = if caller.is_install {
        format!("add {first} to the public app's scopes and have the account authorize it again")
    } else {
        format!("keyway app update {} --add-scope {first}", caller.app_id)
    };
    ErrorBody::new(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
    )
    .link("scopes", "https://developers.hubspot.com/scopes")
    .detail(
        ErrorDetail::new("One or more of the following scopes are required.")
            .context("requiredGranularScopes", scopes)
            .context("app", vec![format!("{} ({})", caller.app_name, caller.app_id)])
            .context("operation", vec![operation.to_string()])
            .context("remedy", vec![remedy]),
    )
}
