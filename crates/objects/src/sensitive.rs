//! The sensitive properties of an account that a caller may not read or write.
//!
//! A call that filters by such a property, or writes it, is refused. A call that asks for its value gets the
//! record without it, as with a property that HubSpot does not know.

use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use keyway_core::object_type::ObjectType;
use keyway_core::policy::OnBehalf;
use keyway_core::sensitive::{Guarded, Subject, scopes, subjects};

use crate::call::Call;
use crate::kind::Kind;
use crate::property::{Name, Property};
use crate::schema::Schema;
use crate::state::State;

/// Decides about a call before it is performed: what it asks to be shown is left to [`is_hidden`].
///
/// # Errors
/// It writes a sensitive value, or asks for records by one, without the scope.
pub fn decide(state: &State, call: &Call) -> Result<(), ErrorBody> {
    let Some(by) = &call.by else { return Ok(()) };
    let sensitive = || state.spaces().filter(|space| !space.schema.sensitive.is_empty());
    if sensitive().next().is_none() {
        return Ok(());
    }
    let (mut guarded, granted, about) = (Guarded::default(), *by.caller().granted, about(state, call, by));
    for space in sensitive().filter(|space| about.as_ref().is_none_or(|kinds| kinds.contains(&space.kind))) {
        for (name, level) in &space.schema.sensitive {
            guarded.add(&granted, row_of(space.kind), name, *level);
        }
    }
    if guarded.is_empty() { Ok(()) } else { by.check(&guarded, &call.path, call.query.as_deref(), &call.body) }
}

/// Whether the value of a property must not be shown to a caller.
pub(crate) fn is_hidden(by: Option<&OnBehalf>, kind: Kind, schema: &Schema, name: &Name) -> bool {
    let level = schema.sensitive.iter().find(|(own, _)| own == name).map(|(_, level)| *level);
    by.zip(level).is_some_and(|(by, level)| !scopes(row_of(kind), level, Access::Read).intersects(by.caller().granted))
}

/// Whether a caller may read or write a property, which needs a scope of its own where it is sensitive.
///
/// # Errors
/// HubSpot's refusal, with the missing scope.
pub fn needs(by: Option<&OnBehalf>, state: &State, kind: Kind, name: &str, access: Access) -> Result<(), ErrorBody> {
    match (by, state.schema(kind).find(name).and_then(Property::sensitivity)) {
        (Some(by), Some(level)) => by.needs_value(row_of(kind), name, level, access),
        _ => Ok(()),
    }
}

/// The types whose properties a call may name; none where that may be any.
fn about(state: &State, call: &Call, by: &OnBehalf) -> Option<Vec<Kind>> {
    let kind = |subject| match subject {
        Subject::Type(name) => state.kind(&name),
        Subject::Named | Subject::Unknown => None,
    };
    subjects(by.operation(), &call.path).into_iter().map(kind).collect()
}

/// The row whose scopes count for a type.
pub(crate) fn row_of(kind: Kind) -> &'static ObjectType {
    kind.row().unwrap_or_else(|| ObjectType::custom())
}
