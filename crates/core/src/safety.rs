//! The effect of a call on an account: the class of each operation, and the classes that a caller is limited to.
//!
//! `data/safety.tsv` has the classes, by method and path. [`crate::policy`] decides whether a caller may perform an operation;
//! this file knows no caller.

mod rules;

use std::fmt;

use crate::tables::Method;

pub use rules::{Row, rows};

/// The most dangerous effect of an operation, from the least dangerous to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// It changes nothing: GET, search, batch read.
    Read,
    /// It creates something new.
    Create,
    /// It changes what exists, or creates it where it does not.
    Update,
    /// It deletes what can be restored, or created again by another call.
    Delete,
    /// It changes how the account works: definitions, pipelines, workflows, users, webhooks, credentials.
    Settings,
    /// It reaches people: e-mails, messages, enrolments, publishing.
    Send,
    /// It can't be undone: merge, GDPR delete, purge.
    Irreversible,
}

impl Class {
    /// Every class, from the least dangerous to the most.
    pub const ALL: [Self; 7] = [Self::Read, Self::Create, Self::Update, Self::Delete, Self::Settings, Self::Send, Self::Irreversible];

    /// The name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Settings => "settings",
            Self::Send => "send",
            Self::Irreversible => "irreversible",
        }
    }

    /// The effect of the class, as a predicate.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Read => "change nothing",
            Self::Create => "make something new",
            Self::Update => "change what is there",
            Self::Delete => "delete what can be brought back",
            Self::Settings => "change how the account works",
            Self::Send => "reach people",
            Self::Irreversible => "cannot be undone",
        }
    }

    /// The class with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How dangerous an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Safety {
    /// The most dangerous effect of the operation.
    pub class: Class,
    /// Whether one call affects many things: batches, imports, exports.
    pub bulk: bool,
}

impl Safety {
    /// The safety of an unknown operation.
    pub const UNKNOWN: Self = Self { class: Class::Irreversible, bulk: true };
}

impl fmt::Display for Safety {
    /// Writes `update`, or `update, bulk`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class.name())?;
        if self.bulk { f.write_str(", bulk") } else { Ok(()) }
    }
}

/// The word that permits bulk changes. Bulk reads need only `read`.
pub const BULK: &str = "bulk";
/// The word for every class and for bulk.
pub const EVERYTHING: &str = "all";

/// The classes that a caller is limited to, and whether it may change many things in one call.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Classes(u8);

/// Why words do not name classes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClassesError {
    /// A word that is not a class.
    #[error(
        "{0:?} is not a class of operations. The classes are read, create, update, delete, settings, send and irreversible; bulk opens changes of many records in one call, and all is everything"
    )]
    Unknown(String),
    /// No class at all.
    #[error(
        "no class of operations is named, so no call would pass. Name at least one of read, create, update, delete, settings, send and irreversible, or all"
    )]
    Nothing,
}

impl Classes {
    const BULK_BIT: u8 = 1 << 7;
    /// Every class, and bulk: the classes of an unrestricted app.
    pub const ALL: Self = Self(u8::MAX);
    /// Only reads.
    pub const READ: Self = Self(Class::Read.bit());

    /// Parses the words of a setting: `all`, or any of the classes and `bulk`.
    ///
    /// # Errors
    /// A word is none of these, or there is no class.
    pub fn parse<T: AsRef<str>>(words: &[T]) -> Result<Self, ClassesError> {
        let mut bits = 0;
        for word in words.iter().map(|word| word.as_ref().trim()) {
            bits |= match word {
                EVERYTHING => Self::ALL.0,
                BULK => Self::BULK_BIT,
                name => Class::parse(name).ok_or_else(|| ClassesError::Unknown(name.chars().take(40).collect()))?.bit(),
            };
        }
        if bits & !Self::BULK_BIT == 0 { Err(ClassesError::Nothing) } else { Ok(Self(bits)) }
    }

    /// The words of the setting: `all` alone, or the classes from the least dangerous to the most, then `bulk`.
    pub fn words(self) -> Vec<&'static str> {
        if self == Self::ALL {
            return vec![EVERYTHING];
        }
        let classes = Class::ALL.into_iter().filter(|class| self.has(*class)).map(Class::name);
        classes.chain((self.0 & Self::BULK_BIT != 0).then_some(BULK)).collect()
    }

    /// Whether a class is among them.
    pub const fn has(self, class: Class) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether bulk changes are permitted.
    pub const fn has_bulk(self) -> bool {
        self.0 & Self::BULK_BIT != 0
    }

    /// Whether the classes permit an operation.
    pub fn open(self, safety: Safety) -> bool {
        self.has(safety.class) && (!safety.bulk || safety.class == Class::Read || self.has_bulk())
    }

    /// The classes that both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `other` has all of these classes.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The words that an operation needs and that are missing.
    pub fn missing(self, safety: Safety) -> Vec<&'static str> {
        let class = (!self.has(safety.class)).then_some(safety.class.name());
        let bulk = (safety.bulk && safety.class != Class::Read && !self.has_bulk()).then_some(BULK);
        class.into_iter().chain(bulk).collect()
    }
}

impl Default for Classes {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for Classes {
    /// The words, joined by commas, as `--allow` takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(","))
    }
}

impl fmt::Debug for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Classes({self})")
    }
}

/// The safety of the operation with this method and path template; none where no row of the table matches.
pub(crate) fn of(method: Method, template: &str) -> Option<Safety> {
    rules::find(method, template).map(|row| row.safety)
}

/// Whether an operation changes nothing.
pub(crate) fn is_read_only(method: Method, template: &str) -> bool {
    of(method, template).is_some_and(|safety| safety.class == Class::Read)
}

#[cfg(test)]
mod tests;
