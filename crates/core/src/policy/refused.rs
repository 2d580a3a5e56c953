//! The answer to a refused call of an operation that the catalog lists.

use super::{Caller, Denial};
use crate::beside::Access;
use crate::catalog::Operation;
use crate::error_body::{ErrorBody, ErrorDetail};
use crate::object_type::ObjectType;
use crate::refusal::Refusal;
use crate::requirement::{self, Requirement};
use crate::safety::{Classes, Safety};
use crate::sensitive::Lacking;

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
                ErrorDetail::new("Keyway's catalog does not list this object type.").context("remedy", vec![other_type(caller, operation)]),
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
pub(super) fn class_not_allowed(safety: Safety, caller: &Caller<'_>, operation: &Operation, called: &str) -> ErrorBody {
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

/// What to do about an object type that the catalog does not list. On an embedded account no setting opens it.
fn other_type(caller: &Caller<'_>, operation: &Operation) -> String {
    if caller.embedded {
        "Check the spelling of the object type. Call a custom object type as p_NAME, and create its schema first: keyway portal seed FILE"
            .to_owned()
    } else {
        choice(caller, operation)
    }
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
