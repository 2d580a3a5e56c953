//! The object types that a call reaches in addition to those of its operation's scopes: in the query
//! (`associations=deals`), in the body (a search by `associations.deal`, a list of deals, an export), and in paths whose
//! scopes do not cover the type.
//!
//! `plan` determines where each operation names types; `read` finds them in JSON, and `query` in the query. `requirement`\nknows the
//! scopes of a type, and `policy` decides. The caller of this module resolves facts that only the account knows:
//! the object type of a list, the meaning of an association label.

mod plan;
mod query;
mod read;

use crate::catalog::Operation;
pub use crate::object_type::Access;
use crate::object_type::{self, ObjectType};
use crate::path::NormalPath;
use crate::scope::ScopeSet;
use crate::{association, requirement};

pub use plan::{takes_form, takes_json_only};

/// The object types that a call reaches outside of its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Rows of the object types, one bit each.
    read: u64,
    write: u64,
    /// The first name that is not an object type.
    unknown: Option<Box<str>>,
    /// The first association type that is not published (a label that the account created), and the access to it.
    unresolved: Option<(Box<str>, Access)>,
    /// The list whose members the call reads or changes, as in the path.
    list: Option<Box<str>>,
    /// The custom types among them, with the names in the call.
    custom: Vec<Box<str>>,
    /// Whether the body could not be read, so that HubSpot may find more in it.
    unreadable: bool,
}

impl Beside {
    /// The types that a call names. `body` is the whole body, or empty where there is none. An operation that names no further
    /// type costs no allocation.
    pub fn of(operation: &Operation, path: &NormalPath, query: Option<&str>, body: &[u8]) -> Self {
        let mut beside = Self::default();
        let Some(plan) = plan::of(operation) else { return beside };
        (beside.read, beside.write) = plan.always;
        for (at, access) in &plan.path {
            beside.add_named(path.segments().nth(*at).unwrap_or_default(), *access);
        }
        beside.list = plan.list.and_then(|at| path.segments().nth(at)).map(Into::into);
        if let Some(at) = plan.definition {
            let id = path.segments().nth(at).and_then(|text| text.parse().ok());
            beside.add_association(id, true, Access::Read, true);
        }
        if let Some(query) = query.filter(|_| plan.query != plan::Query::None) {
            query::read(&mut beside, plan.query, query);
        }
        if read::may_name_types(plan.body, body) {
            read::body(&mut beside, plan.body, body);
        }
        beside
    }

    /// Whether there is nothing to check.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a type by its row in the table.
    pub fn add(&mut self, row: &ObjectType, access: Access) {
        let bit = 1u64 << (row.index % 64);
        match access {
            Access::Read => self.read |= bit,
            Access::Write => self.write |= bit,
        }
    }

    /// Adds a type by any of its names.
    pub fn add_named(&mut self, name: &str, access: Access) {
        match object_type::row_of(name.trim()) {
            Some(row) => {
                self.add(row, access);
                if row.index == ObjectType::custom().index && self.custom.len() < CUSTOM_MAX {
                    self.custom.push(name.trim().into());
                }
            }
            None => {
                self.unknown.get_or_insert_with(|| name.chars().take(SHOWN_CHARS_MAX).collect());
            }
        }
    }

    /// Adds the type at the other end of an association, or the types at both ends.
    fn add_association(&mut self, id: Option<u64>, is_own: bool, access: Access, both_ends: bool) {
        let Some(row) = association::resolved(id, is_own) else {
            self.add_unresolved(id, access);
            return;
        };
        self.add(row.to, access);
        if both_ends {
            self.add(row.from, access);
        }
    }

    fn add_unresolved(&mut self, id: Option<u64>, access: Access) {
        self.unresolved.get_or_insert_with(|| (id.map_or_else(|| "none".to_owned(), |id| id.to_string()).into(), access));
    }

    /// The custom types among them, with the names in the call.
    pub fn custom_types(&self) -> impl Iterator<Item = &str> {
        self.custom.iter().map(|name| &**name)
    }

    /// The first name that is not an object type, where there is one.
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// The id of an association type that HubSpot does not publish, where there is one, and the access to it.
    pub fn unresolved(&self) -> Option<(&str, Access)> {
        self.unresolved.as_ref().map(|(id, access)| (&**id, *access))
    }

    /// Whether a JSON body was expected but could not be read.
    pub const fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// The id of the list whose object type decides, where there is one.
    pub fn list(&self) -> Option<&str> {
        self.list.as_deref()
    }

    /// Marks the list as resolved: its object type was added, or is not needed.
    pub fn list_is_known(&mut self) {
        self.list = None;
    }

    /// Leaves lists and the account's own labels to the account itself, which decides about them.
    pub fn leave_to_account(&mut self) {
        self.list = None;
        self.unresolved = None;
    }

    /// The types with their access, in the order of the table.
    pub fn types(&self) -> impl Iterator<Item = (&'static ObjectType, Access)> + '_ {
        let rows = || ObjectType::all().iter().chain([ObjectType::custom()]);
        let of = move |bits: u64, access| rows().filter(move |row| bits & (1 << (row.index % 64)) != 0).map(move |row| (row, access));
        of(self.read, Access::Read).chain(of(self.write, Access::Write))
    }

    /// The types as bits of the table's rows: read, written. They are valid only within one version of Keyway.
    pub const fn bits(&self) -> [u64; 2] {
        [self.read, self.write]
    }

    /// The types of these [bits](Self::bits).
    pub fn of_bits([read, write]: [u64; 2]) -> Self {
        Self { read, write, ..Self::default() }
    }

    /// The types whose scopes a caller lacks.
    pub fn missing(&self, granted: &ScopeSet) -> Vec<(&'static ObjectType, Access)> {
        if self.read | self.write == 0 {
            return Vec::new();
        }
        let lacks = |(row, access): &(&'static ObjectType, Access)| {
            requirement::of_records(row, *access).is_none_or(|alternatives| !alternatives.met_by(granted))
        };
        self.types().filter(lacks).collect()
    }
}

impl Beside {
    /// For each type whose scope a caller lacks, one scope that is enough.
    pub fn missing_scopes(&self, granted: &ScopeSet) -> Vec<&'static str> {
        self.missing(granted).into_iter().filter_map(|(row, access)| requirement::of_records(row, access)?.first_name()).collect()
    }
}

/// The most custom type names that are kept for one call.
const CUSTOM_MAX: usize = 50;
/// The longest part of a client's text that an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests;
