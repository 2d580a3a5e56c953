//! The CRM object types: their names, type ids and the scopes that read and write them.
//!
//! A generic CRM path (`/crm/objects/2026-09/{objectType}`) lists the scopes of every type. The type in the path decides
//! which of them count.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A standard object type, a row of `data/object_types.tsv`.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// Its index in the table; the row for custom types is the last.
    pub index: usize,
    /// Plural name, as in paths: `contacts`.
    pub name: &'static str,
    /// Singular name: `contact`.
    pub singular: &'static str,
    /// The type id, such as `0-1`; a few types have none.
    pub type_id: Option<&'static str>,
    /// Any one of these scopes reads records.
    pub read: Vec<&'static str>,
    /// Any one of these scopes writes records; empty where the API cannot write them.
    pub write: Vec<&'static str>,
}

/// The object type that a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectTypeRef {
    /// A type that every account has.
    Standard(&'static ObjectType),
    /// A custom type, by type id (`2-123`) or by name (`p_boat`, `p42_boat`).
    Custom(String),
}

impl ObjectType {
    /// The standard types.
    pub fn all() -> &'static [Self] {
        &TABLE.0
    }

    /// The name in its scopes: `custom` for custom types, `goals` for goal targets.
    pub fn scope_name(&self) -> &'static str {
        let scope = self.read.first().or(self.write.first());
        let own = scope.and_then(|scope| scope.strip_prefix("crm.objects.")).and_then(|rest| rest.split('.').next());
        match own {
            // The contacts' scope reads activities, but activities have schema scopes of their own.
            Some("contacts") | None => self.name,
            Some(own) => own,
        }
    }

    /// The row of the table for all custom types: `crm.objects.custom.…`.
    pub fn custom() -> &'static Self {
        &TABLE.1
    }
}

impl ObjectTypeRef {
    /// Parses a path segment: a name, a singular or a type id, in any case; or a custom type. Anything else is not a type. If an
    /// unknown name passed as a custom object, a token with the scopes of custom objects would open types that this table does
    /// not know yet.
    pub fn parse(segment: &str) -> Option<Self> {
        if is_custom(segment) {
            return Some(Self::Custom(segment.to_owned()));
        }
        standard(segment).map(Self::Standard)
    }

    /// The row whose scopes count.
    pub fn row(&self) -> &'static ObjectType {
        match self {
            Self::Standard(row) => row,
            Self::Custom(_) => ObjectType::custom(),
        }
    }
}

/// The row that a segment names, custom types included. Allocates nothing.
pub fn row_of(segment: &str) -> Option<&'static ObjectType> {
    if is_custom(segment) { Some(ObjectType::custom()) } else { standard(segment) }
}

/// The longest name of a custom type that is kept, in bytes. HubSpot's own are shorter.
const CUSTOM_NAME_MAX: usize = 64;

/// The name of the type in a segment: a standard type's name, or a custom one as written.
pub fn name_of(segment: &str) -> Option<Cow<'static, str>> {
    if is_custom(segment) {
        return Some(segment.get(..CUSTOM_NAME_MAX).unwrap_or(segment).replace(',', "").into());
    }
    standard(segment).map(|row| row.name.into())
}

fn standard(segment: &str) -> Option<&'static ObjectType> {
    static EXACT: LazyLock<HashMap<&'static str, &'static ObjectType, foldhash::fast::FixedState>> = LazyLock::new(|| {
        ObjectType::all().iter().flat_map(|row| [Some(row.name), row.type_id].into_iter().flatten().map(move |key| (key, row))).collect()
    });
    EXACT.get(segment).copied().or_else(|| standard_in_any_case(segment))
}

fn standard_in_any_case(segment: &str) -> Option<&'static ObjectType> {
    ObjectType::all().iter().find(|row| {
        segment.eq_ignore_ascii_case(row.name)
            || segment.eq_ignore_ascii_case(row.singular)
            || row.type_id == Some(segment)
            || EXTRA_NAMES.iter().any(|(extra, name)| *name == row.name && segment.eq_ignore_ascii_case(extra))
    })
}

/// Names that clients and paths use in addition to those of the table.
const EXTRA_NAMES: [(&str, &str); 3] = [("meeting", "meetings"), ("payments", "commerce_payments"), ("goals", "goal_targets")];

fn is_custom(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = segment.strip_prefix("2-") {
        return digits(number);
    }
    let Some(rest) = segment.strip_prefix(['p', 'P']) else { return false };
    match rest.split_once('_') {
        Some((hub_id, name)) => (hub_id.is_empty() || digits(hub_id)) && !name.is_empty(),
        None => false,
    }
}

static TABLE: LazyLock<(Vec<ObjectType>, ObjectType)> = LazyLock::new(|| {
    let (custom, standard): (Vec<_>, Vec<_>) =
        include_str!("../../../data/object_types.tsv").lines().skip(1).partition(|line| line.starts_with("custom objects\t"));
    let rows: Vec<ObjectType> = standard.into_iter().enumerate().filter_map(|(index, line)| row(index, line)).collect();
    let custom = custom.first().and_then(|line| row(rows.len(), line)).expect("the table has a row for custom objects");
    (rows, custom)
});

fn row(index: usize, line: &'static str) -> Option<ObjectType> {
    let mut cells = line.split('\t');
    let any_of = |cell: &'static str| cell.split(" | ").filter(|scope| *scope != "-" && !scope.is_empty()).collect();
    Some(ObjectType {
        index,
        name: cells.next()?,
        singular: cells.next()?,
        type_id: cells.next().filter(|id| *id != "-"),
        read: any_of(cells.next()?),
        write: any_of(cells.next()?),
    })
}

/// The effect of a call on the records of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It shows them, or its answer depends on them.
    Read,
    /// It changes them, or their associations.
    Write,
}

impl Access {
    /// The access of this [verb](Self::verb).
    pub fn of_verb(verb: &str) -> Option<Self> {
        [Self::Read, Self::Write].into_iter().find(|access| access.verb() == verb)
    }

    /// `read` or `write`, as in the names of scopes.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(segment: &str, expected: Option<&str>) {
        let found = ObjectTypeRef::parse(segment).map(|found| found.row().name);
        assert_eq!(found, expected, "{segment}");
    }

    #[test]
    fn a_type_goes_by_name_singular_and_type_id() {
        for segment in ["contacts", "contact", "CONTACT", "0-1"] {
            check(segment, Some("contacts"));
        }
        check("0-970", Some("projects"));
        check("0-9999", None);
    }

    #[test]
    fn custom_types_go_by_type_id_and_prefixed_name() {
        for segment in ["2-1", "2-10234", "p_boat", "p42_boat"] {
            check(segment, Some("custom objects"));
        }
        for segment in ["2-", "2-x", "boat", "p_", "px_boat", "partner", "p42"] {
            check(segment, None);
        }
    }

    #[test]
    fn feedback_cannot_be_written() {
        assert!(row_of("feedback_submissions").unwrap().write.is_empty());
    }
}
