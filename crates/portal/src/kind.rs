//! A standard object type as an index, so that a record table is one array lookup away.
//!
//! Names, singulars and type ids are `keyway_core::object_type`'s; this only numbers them.

use keyway_core::object_type::{ObjectType, ObjectTypeRef};

/// The position of a type in [`ObjectType::all`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u8);

impl Kind {
    /// Every type.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ObjectType::all().len() as u8).map(Self)
    }

    /// The type a path segment names, if it is one that every account has.
    pub fn parse(segment: &str) -> Option<Self> {
        match ObjectTypeRef::parse(segment)? {
            ObjectTypeRef::Standard(row) => Some(Self(row.index as u8)),
            ObjectTypeRef::Custom(_) => None,
        }
    }

    /// The type with this plural name.
    pub fn of(name: &str) -> Option<Self> {
        ObjectType::all().iter().find(|row| row.name == name).map(|row| Self(row.index as u8))
    }

    /// The row of the table of types.
    pub fn row(self) -> &'static ObjectType {
        &ObjectType::all()[self.index()]
    }

    /// Plural name, as in paths.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Singular name.
    pub fn singular(self) -> &'static str {
        self.row().singular
    }

    /// Type id on the wire. Types without a published one go by their name.
    pub fn type_id(self) -> &'static str {
        self.row().type_id.unwrap_or(self.row().name)
    }

    /// Whether the API can write records of this type.
    pub fn is_writable(self) -> bool {
        !self.row().write.is_empty()
    }

    /// Index into per-type arrays.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}
