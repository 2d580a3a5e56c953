//! Object types in a query. Keyway reads names as leniently as a server might: a parameter in any letter case, with or
//! without brackets, percent-encoded, repeated, and with several names in one value.

use super::plan::Query;
use super::{Access, Beside};
use crate::object_type;
use crate::touched::decoded;

/// Reads the query of a call.
pub(super) fn read(beside: &mut Beside, form: Query, query: &str) {
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !may_name_types(form, key) {
            continue;
        }
        let (key, value) = (decoded(key), decoded(value));
        let key = key.split('[').next().unwrap_or_default();
        match form {
            Query::None => {}
            Query::Associations if key.eq_ignore_ascii_case("associations") => names(beside, &value),
            Query::ObjectType if TYPE_PARAMETERS.iter().any(|name| key.eq_ignore_ascii_case(name)) => names(beside, &value),
            Query::IncludeAssociations if key.eq_ignore_ascii_case("includeAssociations") && !value.eq_ignore_ascii_case("false") => {
                ["contacts", "companies"].iter().filter_map(|name| object_type::row_of(name)).for_each(|row| beside.add(row, Access::Read));
            }
            _ => {}
        }
    }
}

/// Parameters whose values are object types.
const TYPE_PARAMETERS: [&str; 3] = ["objectType", "objectTypeId", "objectTypeIds"];

/// Whether a parameter's name may be one of those that name types. A name without a percent sign needs no decoding, so most
/// queries end here without a copy.
fn may_name_types(form: Query, key: &str) -> bool {
    let starts = |with: &str| key.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let named = match form {
        Query::None => false,
        Query::Associations => starts("associations"),
        Query::ObjectType => starts("objectType"),
        Query::IncludeAssociations => starts("includeAssociations"),
    };
    named || key.contains(['%', '+'])
}

fn names(beside: &mut Beside, value: &str) {
    // A plus in a query means a space, but not every server decodes it.
    let names = value.split([',', ';', '+']).map(str::trim).filter(|name| !name.is_empty());
    names.for_each(|name| beside.add_named(name, Access::Read));
}
