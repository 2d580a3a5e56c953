//! Decides whether a caller may perform an operation.
//!
//! Pure: the input is the caller, the operation and the path; the output is a permit or a denial. The pipeline's
//! `authenticate` reads tokens, and its `respond` answers over HTTP.

mod denied;

use std::fmt;
use std::sync::Arc;

use crate::beside::{Access, Beside};
use crate::catalog::{Catalog, Operation, OperationId, Resolution};
use crate::error_body::{ErrorBody, ErrorDetail};
use crate::object_type::ObjectType;
use crate::path::NormalPath;
use crate::refusal::Refusal;
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
}

impl<'a> Caller<'a> {
    /// An app that presents its own token and is not limited to classes.
    pub const fn of_app(app_id: u64, app_name: &'a str, hub_id: u64, granted: &'a ScopeSet, unlisted: &'a Unlisted) -> Self {
        Self { app_id, app_name, hub_id, token_id: 1, granted, classes: Classes::ALL, session: false, public_app: None, unlisted }
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
    /// The caller.
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
}

impl fmt::Debug for OnBehalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on behalf of app {}", self.operation, self.caller().app_id)
    }
}

impl OnBehalf {
    /// A caller, and the operation that it is permitted to perform.
    pub fn new(holder: Arc<dyn Holder>, operation: &'static Operation) -> Self {
        Self { holder, operation, watcher: None }
    }

    /// The same, with a watcher.
    #[must_use]
    pub fn watched(self, watcher: Option<Arc<dyn Watcher>>) -> Self {
        Self { watcher, ..self }
    }

    /// Reports to the watcher that a property does not exist.
    pub fn unknown_property(&self, object_type: &str, name: &str) {
        if let Some(watcher) = &self.watcher {
            watcher.unknown_property(object_type, name);
        }
    }

    /// The caller.
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
    let chosen = matches!(requirement, Requirement::Nothing | Requirement::Unstated) && allowed();
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

impl Denial {
    /// HubSpot's answer (hubspot facts, section 4), with two additions: which app it was, and what to do.
    pub fn to_error(&self, caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
        match self {
            Self::MissingScopes(requirement) => missing_scopes(requirement, caller, operation),
            Self::DeveloperKeyOnly => Refusal::DeveloperKeyOnly.error(format!(
                "{operation} can't be called using an OAuth access token. It is called with the developer API key of the developer account."
            )),
            Self::NoScopeExists => Refusal::NoScopeExists.error(format!(
                "{operation}: HubSpot publishes no scope that opens this operation, so no app can be granted it. {}",
                choice(caller, operation)
            )),
            Self::ScopesUnstated => Refusal::ScopesUnstated.error(format!(
                "{operation} is older than HubSpot's scopes, and no source states which scope opens it. Keyway does not guess, so it refuses the call. {}",
                choice(caller, operation)
            )),
            Self::UnknownObjectType(unknown) => Refusal::ObjectTypeUnknown.error(unknown.to_string()).detail(
                ErrorDetail::new("Keyway's catalog does not list this object type.").context("remedy", vec![choice(caller, operation)]),
            ),
            Self::MissingSensitive(lacking) => missing_sensitive(lacking, caller, operation),
            Self::MissingBeside(missing) => missing_beside(missing, caller, operation),
            Self::UnknownAssociation(id) => Refusal::AssociationUnknown.error(
                format!(
                    "Keyway does not know to which object type the association type {id} leads, so it can't tell whether the app may use that type. Associate the records in a call whose path names both types ({ASSOCIATE}), or have the operator leave such calls to HubSpot: keyway account update {} --beside-path forward",
                    caller.hub_id
                ),
            ),
            Self::Class(safety) => class_not_allowed(*safety, caller, operation, &operation.to_string()),
            Self::UnreadableBody => Refusal::BodyNotReadable.error(format!(
                "{operation}: Keyway can't read the body as JSON in UTF-8, so it can't tell which object types the body names."
            )),
        }
    }
}

/// Names the class, the permitted classes, and who can permit another.
pub(crate) fn class_not_allowed(safety: Safety, caller: &Caller<'_>, operation: &Operation, called: &str) -> ErrorBody {
    let missing = caller.classes.missing(safety);
    let held = if caller.session { "This session" } else { "This app" };
    let remedy = if caller.session {
        format!("Create a session with more classes: keyway session create --app {} --classes {}", caller.app_id, with(caller, &missing))
    } else {
        format!("keyway app update {} --allow {}", caller.app_id, with(caller, &missing))
    };
    let bulk = if safety.bulk { ", and changes many records in one call" } else { "" };
    let message = format!(
        "{held} is held to the classes of operations {}. {called} has the class {}{bulk}: such operations {}.",
        caller.classes,
        safety.class,
        safety.class.meaning()
    );
    Refusal::ClassNotAllowed.error(message).detail(
        ErrorDetail::new("The call needs classes of operations that are not open.")
            .context("requiredClasses", missing.iter().map(|&word| word.to_owned()).collect())
            .context("allowedClasses", caller.classes.words().into_iter().map(str::to_owned).collect())
            .context("app", vec![format!("{} ({})", caller.app_name, caller.app_id)])
            .context("operation", vec![operation.to_string()])
            .context("remedy", vec![remedy]),
    )
}

/// The classes of a caller and these, in the form of the option.
fn with(caller: &Caller<'_>, missing: &[&'static str]) -> String {
    let words: Vec<&str> = caller.classes.words().into_iter().chain(missing.iter().copied()).collect();
    Classes::parse(&words).unwrap_or_default().to_string()
}

/// The command that allows an operation without a known scope.
fn choice(caller: &Caller<'_>, operation: &Operation) -> String {
    let pattern: Vec<&str> = operation.template.split('/').map(|segment| if segment.starts_with('{') { "*" } else { segment }).collect();
    format!("To allow it: keyway app update {} --unlisted '{} {}'", caller.app_id, operation.method, pattern.join("/"))
}

/// The operation that associates records by a path that names both types.
const ASSOCIATE: &str = "PUT /crm/v4/objects/{type}/{id}/associations/{type}/{id}";

fn missing_scopes(requirement: &Requirement, caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
    let scopes: Vec<String> = requirement.missing_names(caller.granted).into_iter().map(str::to_owned).collect();
    let needed = scopes.iter().take(1).map(String::as_str).collect::<Vec<_>>();
    lacks(&needed, scopes.clone(), caller, operation)
}

/// The caller needs one scope of each type; the remedy names them all.
fn missing_beside(missing: &[(&'static ObjectType, Access)], caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
    let (mut needed, mut listed, mut reaches) = (Vec::new(), Vec::new(), Vec::new());
    for (row, access) in missing {
        let names = requirement::of_records(row, *access)
            .map_or_else(Vec::new, |alternatives| Requirement::Scopes(alternatives).missing_names(caller.granted));
        needed.extend(names.first());
        listed.extend(names.iter().map(|name| (*name).to_owned()));
        reaches.push(format!("{} {}", if *access == Access::Read { "reads" } else { "writes" }, row.name));
    }
    needed.dedup();
    listed.sort_unstable();
    listed.dedup();
    let body = lacks(&needed, listed, caller, operation);
    let why = ErrorDetail::new("The call names object types beside its path, and each needs its own scope.").context("reaches", reaches);
    body.detail(why)
}

fn missing_sensitive(lacking: &Lacking, caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
    let Lacking { property, row, level, access } = lacking;
    let scopes = lacking.scopes();
    let level = level.name().replace('_', " ");
    let Some(first) = scopes.first() else {
        let message = format!(
            "{property} of {} is {level}, and HubSpot publishes no scope that opens such a property, so no app can be granted it.",
            row.name
        );
        return Refusal::NoScopeExists.error(message);
    };
    let body = lacks(&[first], scopes.iter().map(|name| (*name).to_owned()).collect(), caller, operation);
    let what = if *access == Access::Read { "its value is read" } else { "it is written" };
    body.detail(
        ErrorDetail::new(format!("The property {property} of {} is {level}: {what} with a scope of its own.", row.name))
            .context("propertyName", vec![property.clone()]),
    )
}

/// HubSpot's refusal, with additions: the app, the operation, and the command that grants the `needed` scopes.
fn lacks(needed: &[&str], scopes: Vec<String>, caller: &Caller<'_>, operation: &Operation) -> ErrorBody {
    let remedy = if caller.public_app.is_some() {
        format!("add {} to the public app's scopes and have the account authorize it again", needed.join(" and "))
    } else {
        let added: String = needed.iter().map(|scope| format!(" --add-scope {scope}")).collect();
        let app = format!("keyway app update {}{added}", caller.app_id);
        if caller.session {
            let with = needed.join(" and ");
            format!(
                "Create a session with {with} among its scopes: keyway session create --app {} --scopes SCOPES. If the app lacks it too, first: {app}",
                caller.app_id
            )
        } else {
            app
        }
    };
    Refusal::MissingScopes.error(
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
