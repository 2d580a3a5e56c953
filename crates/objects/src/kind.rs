//! An object type as a number, so that its record table is found with one lookup.
//!
//! `keyway_core::object_type` has the names and type ids of the standard types; this module only numbers them.
//! `space` has what one account knows of a type, custom types included.

use std::fmt;

use serde::{Deserialize, Serialize};

use keyway_core::object_type::{ObjectType, ObjectTypeRef};

/// The number in the type id of an account's first custom type. HubSpot's are in the millions.
const FIRST_CUSTOM: u32 = 1_000_001;

/// The position of a standard type in [`ObjectType::all`], or the number of a custom type's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Kind(u32);

impl Kind {
    /// Custom types that an account can ever have had: their ids are not given twice.
    pub(crate) const CUSTOM_MAX: u32 = 500;

    /// Every type that all accounts have.
    pub(crate) fn standard() -> impl Iterator<Item = Self> {
        (0..ObjectType::all().len() as u32).map(Self)
    }

    /// The standard type that a path segment names.
    pub(crate) fn parse(segment: &str) -> Option<Self> {
        match ObjectTypeRef::parse(segment)? {
            ObjectTypeRef::Standard(row) => Some(Self(row.index as u32)),
            ObjectTypeRef::Custom(_) => None,
        }
    }

    /// The standard type with this plural name.
    pub fn of(name: &str) -> Option<Self> {
        ObjectType::all().iter().find(|row| row.name == name).map(|row| Self(row.index as u32))
    }

    /// The account's custom type number `ordinal`, from 0.
    pub(crate) fn custom(ordinal: u32) -> Option<Self> {
        (ordinal < Self::CUSTOM_MAX).then_some(Self(FIRST_CUSTOM + ordinal))
    }

    /// The row of the table of types; nothing for a custom type.
    pub(crate) fn row(self) -> Option<&'static ObjectType> {
        ObjectType::all().get(self.0 as usize)
    }

    /// A small number of its own: standard types first, custom ones from 500.
    pub(crate) fn index(self) -> usize {
        if self.0 >= FIRST_CUSTOM { 500 + (self.0 - FIRST_CUSTOM) as usize } else { self.0 as usize }
    }

    /// How many custom types came before this one; nothing for a standard type.
    pub(crate) fn ordinal(self) -> Option<u32> {
        self.0.checked_sub(FIRST_CUSTOM)
    }

    /// Reads the name under which the store knows the type.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        match key.strip_prefix("2-") {
            Some(number) => number.parse::<u32>().ok()?.checked_sub(FIRST_CUSTOM).and_then(Self::custom),
            None => Self::of(key),
        }
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.to_string()
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        Self::from_key(&key).ok_or_else(|| format!("{key} is not an object type"))
    }
}

/// The name under which the store knows the type: a plural name, or a custom type's id.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some(row) => f.write_str(row.name),
            None => write!(f, "2-{}", self.0),
        }
    }
}
