//! Sensitive properties: the scopes that their values need, and which of them a call names.
//!
//! HubSpot requires `….sensitive.*` and `….highly_sensitive.*` scopes "to access the property values" and to create or edit
//! such properties (its guide to Sensitive Data). Only the account knows which properties are sensitive; the caller passes
//! them in as [`Guarded`].

mod read;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::beside::Access;
use crate::catalog::Operation;
use crate::object_type::ObjectType;
use crate::path::NormalPath;
use crate::scope::{ScopeId, ScopeSet};

pub use read::{Subject, defined_levels, may_be_asked_for, subjects};

/// The sensitivity of a property's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Sensitive Data.
    Sensitive,
    /// Highly Sensitive Data.
    HighlySensitive,
}

impl Sensitivity {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sensitive, Self::HighlySensitive];

    /// The value of `dataSensitivity` in a definition.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sensitive => "sensitive",
            Self::HighlySensitive => "highly_sensitive",
        }
    }

    /// Parses the `dataSensitivity` of a definition; none where the property is not sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// The scopes, each of which opens the values of a type's sensitive properties. Empty where HubSpot publishes none: then no app
/// can get one.
pub fn scopes(row: &ObjectType, level: Sensitivity, access: Access) -> ScopeSet {
    type Levels = [[ScopeSet; 2]; 2];
    static TABLE: LazyLock<Vec<Levels>> = LazyLock::new(|| {
        let rows = ObjectType::all().iter().chain([ObjectType::custom()]);
        let of = |row: &ObjectType| {
            Sensitivity::ALL.map(|level| {
                [Access::Read, Access::Write].map(|access| {
                    let (name, level, verb) = (row.scope_name(), level.name(), access.verb());
                    // The second version of a scope replaces the first. Tickets have scopes for both accesses.
                    let names = [
                        format!("crm.objects.{name}.{level}.{verb}"),
                        format!("crm.objects.{name}.{level}.{verb}.v2"),
                        format!("{name}.{level}"),
                        format!("{name}.{level}.v2"),
                    ];
                    ScopeSet::of_known(names.iter().map(String::as_str))
                })
            })
        };
        rows.map(of).collect()
    });
    let levels = TABLE.get(row.index).copied().unwrap_or_default();
    levels[usize::from(level == Sensitivity::HighlySensitive)][usize::from(access == Access::Write)]
}

/// Whether these scopes open sensitive properties of any type. Most apps have none of them, and then there is nothing to guard.
pub fn opens_any(held: &ScopeSet) -> bool {
    static ALL: LazyLock<ScopeSet> = LazyLock::new(|| {
        let rows = ObjectType::all().iter().chain([ObjectType::custom()]);
        let levels = rows.flat_map(|row| Sensitivity::ALL.map(|level| (row, level)));
        let sets = levels.flat_map(|(row, level)| [Access::Read, Access::Write].map(|access| scopes(row, level, access)));
        let mut all = ScopeSet::EMPTY;
        sets.for_each(|set| set.iter().for_each(|scope| all.insert(scope)));
        all
    });
    ALL.intersects(held)
}

/// The properties of an account that a caller may not read, or not write.
#[derive(Clone, Debug, Default)]
pub struct Guarded(HashMap<Box<str>, Vec<Guard>>);

#[derive(Clone, Copy, Debug)]
struct Guard {
    row: &'static ObjectType,
    level: Sensitivity,
}

/// A property that a call names, but whose scope its caller lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The internal name of the property.
    pub property: String,
    /// The type whose property it is.
    pub row: &'static ObjectType,
    /// How sensitive it is.
    pub level: Sensitivity,
    /// How the call uses it.
    pub access: Access,
}

/// How a call uses a property that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It requests the value.
    Shown,
    /// The answer depends on the value: a filter, a sort order, a record that the value names.
    Asked,
    /// It writes the value, or changes the definition.
    Written,
}

impl Guarded {
    /// Adds a sensitive property, unless the caller may both read and write it.
    pub fn add(&mut self, granted: &ScopeSet, row: &'static ObjectType, name: &str, level: Sensitivity) {
        let may = |access| scopes(row, level, access).intersects(granted);
        if !(may(Access::Read) && may(Access::Write)) {
            self.0.entry(name.to_ascii_lowercase().into()).or_default().push(Guard { row, level });
        }
    }

    /// Whether there is nothing to guard.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the properties that a call names. Returns the requested properties without a scope, which can be left out of the
    /// answer. Another check, or the backend, refuses a body that can't be parsed as JSON.
    ///
    /// # Errors
    /// The call writes a value, or searches records by one, without the scope.
    pub fn check(
        &self,
        granted: &ScopeSet,
        operation: &Operation,
        path: &NormalPath,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Vec<Lacking>, Lacking> {
        let (mut shown, mut refused) = (Vec::new(), None);
        read::names(operation, path, query, body, &mut |name, used| {
            let access = if used == Use::Written { Access::Write } else { Access::Read };
            let Some(lacking) = self.lacking(granted, name, access) else { return };
            match used {
                Use::Shown => shown.push(lacking),
                Use::Asked | Use::Written => {
                    refused.get_or_insert(lacking);
                }
            }
        });
        refused.map_or(Ok(shown), Err)
    }

    fn lacking(&self, granted: &ScopeSet, name: &str, access: Access) -> Option<Lacking> {
        let name = name.trim().to_ascii_lowercase();
        let guards = self.0.get(name.as_str())?;
        let lacks = |guard: &&Guard| !scopes(guard.row, guard.level, access).intersects(granted);
        guards.iter().find(lacks).map(|guard| Lacking { property: name.clone(), row: guard.row, level: guard.level, access })
    }
}

/// Whether a caller with these scopes may do everything with a type's sensitive properties that `holder` may. Then there is
/// nothing to guard.
pub fn holds_as_much(granted: &ScopeSet, holder: &ScopeSet, row: &ObjectType) -> bool {
    Sensitivity::ALL.into_iter().all(|level| {
        [Access::Read, Access::Write].into_iter().all(|access| {
            let needed = scopes(row, level, access);
            !needed.intersects(holder) || needed.intersects(granted)
        })
    })
}

impl Lacking {
    /// The scopes, each of which is enough, sorted.
    pub fn scopes(&self) -> Vec<&'static str> {
        scopes(self.row, self.level, self.access).iter().map(ScopeId::name).collect()
    }
}

#[cfg(test)]
mod tests;
