//! Decides whether a caller may perform an operation.
//!
//! Pure: the input is the caller, the operation and the path; the output is a permit or a denial. The pipeline's
//! `authenticate` reads tokens, and its `respond` answers over HTTP.

mod denied;
mod refused;

use std::fmt;
use std::sync::Arc;

use crate::beside::{Access, Beside};
use crate::catalog::{Catalog, Operation, OperationId, Resolution};
use crate::error_body::ErrorBody;
use crate::late_search::LateSearch;
use crate::object_type::ObjectType;
use crate::path::NormalPath;
use crate::requirement::{self, Requirement, UnknownObjectType};
use crate::safety::{Classes, Safety};
use crate::scope::ScopeSet;
use crate::sensitive::{self, Guarded, Lacking, Sensitivity};
use crate::unlisted::{self, Unlisted, UnlistedDenial};

/// The caller of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The app's id.
    pub app_id: u64,
    /// The app's name, for messages.
    pub app_name: &'a str,
    /// The account the app belongs to.
    pub hub_id: u64,
    /// The token that it presented.
    pub token_id: u64,
    /// The scopes it was granted.
    pub granted: &'a ScopeSet,
    /// The classes of operations that it is limited to.
    pub classes: Classes,
    /// Whether it presented a session's token, whose scopes and classes are narrower than the app's.
    pub session: bool,
    /// The public app of which it is an install, with scopes that a person granted; none for a private app.
    pub public_app: Option<u64>,
    /// The unlisted operations that it may call.
    pub unlisted: &'a Unlisted,
    /// Whether it presented a key in the query to an embedded account, where it counts as the developer account's key.
    pub developer_key: bool,
    /// Whether its account is embedded, where only Keyway answers.
    pub embedded: bool,
}

impl<'a> Caller<'a> {
    /// An app that presents its own token and is not limited to classes.
    pub const fn of_app(app_id: u64, app_name: &'a str, hub_id: u64, granted: &'a ScopeSet, unlisted: &'a Unlisted) -> Self {
        Self {
            app_id,
            app_name,
            hub_id,
            token_id: 1,
            granted,
            classes: Classes::ALL,
            session: false,
            public_app: None,
            unlisted,
            developer_key: false,
            embedded: false,
        }
    }
}

/// Proof that a caller may perform an operation on a path. Only [`authorize`] makes one, and forwarding takes it by value.
/// So Keyway can't forward a call without a decision, nor use a decision twice.
#[derive(Debug)]
pub struct Permit {
    operation: OperationId,
    app_id: u64,
    hub_id: u64,
    path: NormalPath,
    /// The checked types that the call reaches outside of its path; none where there are none. Boxed, since a permit is passed
    /// by value and most calls reach no such types.
    beside: Option<Box<Beside>>,
}

impl Permit {
    /// The permitted operation.
    pub fn operation(&self) -> &'static Operation {
        Catalog::get().operation(self.operation)
    }

    /// The app that holds the permit.
    pub const fn app_id(&self) -> u64 {
        self.app_id
    }

    /// The account of the permit.
    pub const fn hub_id(&self) -> u64 {
        self.hub_id
    }

    /// The path that was checked.
    pub const fn path(&self) -> &NormalPath {
        &self.path
    }

    /// The same permit for a call that also reaches object types outside of its path.
    ///
    /// # Errors
    /// The caller lacks their scopes, or the scopes are unknown.
    pub fn reaching(self, caller: &Caller<'_>, beside: Beside) -> Result<Self, Denial> {
        decide_beside(caller, self.operation(), &self.path, &beside)?;
        Ok(Self { beside: (!beside.is_empty()).then(|| Box::new(beside)), ..self })
    }

    /// Removes the types that the call reaches outside of its path, for a new decision about them.
    pub fn take_beside(&mut self) -> Beside {
        self.beside.take().map(|beside| *beside).unwrap_or_default()
    }

    /// The checked path, which is the only one to forward.
    pub fn into_path(self) -> NormalPath {
        self.path
    }
}

/// The owner of a [`Caller`]'s data, for longer than one decision.
pub trait Holder: Send + Sync {
    /// The caller, with the scopes and classes that hold at this moment.
    fn caller(&self) -> Caller<'_>;
}

/// Receives facts about a call that its answer does not contain.
pub trait Watcher: Send + Sync {
    /// The call names a property that the object type does not have.
    fn unknown_property(&self, object_type: &str, name: &str);
}

/// The caller of a permitted call, for checks that need the state of the account itself: the object type of a list, the other
/// end of an association label, the sensitive properties.
#[derive(Clone)]
pub struct OnBehalf {
    holder: Arc<dyn Holder>,
    operation: &'static Operation,
    watcher: Option<Arc<dyn Watcher>>,
    late_search: Option<LateSearch>,
}

impl fmt::Debug for OnBehalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on behalf of app {}", self.operation, self.caller().app_id)
    }
}

impl OnBehalf {
    /// A caller, and the operation that it is permitted to perform.
    pub fn new(holder: Arc<dyn Holder>, operation: &'static Operation) -> Self {
        Self { holder, operation, watcher: None, late_search: None }
    }

    /// The same, with a watcher.
    #[must_use]
    pub fn watched(self, watcher: Option<Arc<dyn Watcher>>) -> Self {
        Self { watcher, ..self }
    }

    /// The same, with searches that are behind.
    #[must_use]
    pub fn searching(self, late_search: Option<LateSearch>) -> Self {
        Self { late_search, ..self }
    }

    /// How its searches are behind, if a fault rule says so.
    pub const fn late_search(&self) -> Option<LateSearch> {
        self.late_search
    }

    /// Reports to the watcher that a property does not exist.
    pub fn unknown_property(&self, object_type: &str, name: &str) {
        if let Some(watcher) = &self.watcher {
            watcher.unknown_property(object_type, name);
        }
    }

    /// The caller, with the scopes and classes that hold at this moment.
    pub fn caller(&self) -> Caller<'_> {
        self.holder.caller()
    }

    /// The permitted operation.
    pub const fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Checks whether the caller may read or write a sensitive value, or change the definition of such a property.
    ///
    /// # Errors
    /// The refusal, as for a call that names the property.
    pub fn needs_value(&self, row: &'static ObjectType, property: &str, level: Sensitivity, access: Access) -> Result<(), ErrorBody> {
        if sensitive::scopes(row, level, access).intersects(self.caller().granted) {
            return Ok(());
        }
        let lacking = Lacking { property: property.to_owned(), row, level, access };
        Err(Denial::MissingSensitive(lacking).to_error(&self.caller(), self.operation))
    }

    /// Checks whether the caller may use the sensitive properties that a call names. Where the call only requests a value, the
    /// backend leaves the value out of the answer.
    ///
    /// # Errors
    /// The call writes a value, or searches records by one, without the scope.
    pub fn check(&self, guarded: &Guarded, path: &NormalPath, query: Option<&str>, body: &[u8]) -> Result<(), ErrorBody> {
        let checked = guarded.check(self.caller().granted, self.operation, path, query, body);
        checked.map(drop).map_err(|lacking| Denial::MissingSensitive(lacking).to_error(&self.caller(), self.operation))
    }

    /// Checks whether the caller may read or write the records of a type.
    ///
    /// # Errors
    /// The refusal, as for a call that names the type.
    pub fn needs(&self, row: &ObjectType, access: Access) -> Result<(), ErrorBody> {
        let mut beside = Beside::default();
        beside.add(row, access);
        let missing = beside.missing(self.caller().granted);
        if missing.is_empty() { Ok(()) } else { Err(Denial::MissingBeside(missing).to_error(&self.caller(), self.operation)) }
    }
}

/// Why a caller may not perform a call.
#[derive(Clone, Debug)]
pub enum Denial {
    /// Its scopes are not enough.
    MissingScopes(Requirement),
    /// Only the developer account's key opens this operation.
    DeveloperKeyOnly,
    /// HubSpot publishes no scope for it, so no app can get one.
    NoScopeExists,
    /// No source states its scopes, and Keyway does not guess them.
    ScopesUnstated,
    /// The path names no object type.
    UnknownObjectType(UnknownObjectType),
    /// Its scopes do not cover the object types that the call reaches outside of its path.
    MissingBeside(Vec<(&'static ObjectType, Access)>),
    /// Its scopes do not open a sensitive property.
    MissingSensitive(Lacking),
    /// An association type leads to an object type that is not known.
    UnknownAssociation(String),
    /// The body should name object types, but is not readable JSON.
    UnreadableBody,
    /// The caller is limited to classes, and the operation has this safety, of another class.
    Class(Safety),
}

/// Decides about a call. `operation` was resolved from `path`. Where no scope of an operation is known, the operator decides,
/// as for unlisted operations.
///
/// # Errors
/// The reason, which [`Denial::to_error`] turns into an answer.
pub fn authorize(caller: &Caller<'_>, operation: &Operation, path: NormalPath) -> Result<Permit, Denial> {
    let allowed = || caller.unlisted.allows(operation.method, path.as_str());
    let requirement = match Catalog::get().requirement(operation, &path) {
        Ok(requirement) => requirement,
        // HubSpot may have types that the catalog does not list.
        Err(_) if allowed() => Requirement::Unstated,
        Err(unknown) => return Err(Denial::UnknownObjectType(unknown)),
    };
    let chosen = match requirement {
        Requirement::Nothing | Requirement::Unstated => allowed(),
        Requirement::DeveloperKey => caller.developer_key,
        _ => false,
    };
    match requirement {
        met if chosen || met.met_by(caller.granted) => {
            check_class(caller, operation)?;
            Ok(Permit { operation: operation.id, app_id: caller.app_id, hub_id: caller.hub_id, path, beside: None })
        }
        Requirement::DeveloperKey => Err(Denial::DeveloperKeyOnly),
        Requirement::Nothing => Err(Denial::NoScopeExists),
        Requirement::Unstated => Err(Denial::ScopesUnstated),
        missing => Err(Denial::MissingScopes(missing)),
    }
}

/// Whether the caller's classes open an operation.
fn check_class(caller: &Caller<'_>, operation: &Operation) -> Result<(), Denial> {
    if caller.classes.open(operation.safety) { Ok(()) } else { Err(Denial::Class(operation.safety)) }
}

/// Decides about the object types that a call reaches outside of its path. For a type that the catalog does not list, the
/// operator decides, as for an unlisted path.
fn decide_beside(caller: &Caller<'_>, operation: &Operation, path: &NormalPath, beside: &Beside) -> Result<(), Denial> {
    if beside.is_empty() {
        return Ok(());
    }
    let missing = beside.missing(caller.granted);
    if !missing.is_empty() {
        return Err(Denial::MissingBeside(missing));
    }
    let allowed = || caller.unlisted.allows(operation.method, path.as_str());
    match (beside.unknown(), beside.unresolved()) {
        (Some(unknown), _) if !allowed() => Err(Denial::UnknownObjectType(UnknownObjectType(unknown.to_owned()))),
        (_, Some((id, access))) if !requirement::covers_every_type(caller.granted, access) => {
            Err(Denial::UnknownAssociation(id.to_owned()))
        }
        _ if beside.is_unreadable() => Err(Denial::UnreadableBody),
        _ => Ok(()),
    }
}

/// Decides about an unlisted call. Its scopes are unknown, so the app's setting decides. Its effect is unknown too, so it has
/// the most dangerous class. For connected accounts only.
///
/// # Errors
/// The reason, which [`UnlistedDenial::to_error`] turns into an answer.
pub fn authorize_unlisted(caller: &Caller<'_>, method: &str, path: NormalPath) -> Result<Permit, UnlistedDenial> {
    let method = unlisted::decide(caller.unlisted, method, &path)?;
    let catalog = Catalog::get();
    // For listed operations only scopes count.
    if let Resolution::Found(_) = catalog.resolve(method.as_str(), &path) {
        return Err(UnlistedDenial::Spelling(path.as_str().to_owned()));
    }
    let operation = catalog.unlisted(method);
    check_class(caller, operation).map_err(|_| UnlistedDenial::Class)?;
    Ok(Permit { operation: operation.id, app_id: caller.app_id, hub_id: caller.hub_id, path, beside: None })
}
