//! The safety class of an operation, and the classes that a token may use.

use std::fmt;

use keyway_core::catalog::{Method, Operation};

/// What an operation does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Changes nothing.
    Read,
    /// Makes something new.
    Create,
    /// Changes what is there.
    Update,
    /// Deletes what can be brought back.
    Delete,
    /// Can't be undone.
    Irreversible,
    /// Sends something to people.
    Send,
    /// Changes how the account works.
    Settings,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Read, Self::Create, Self::Update, Self::Delete, Self::Irreversible, Self::Send, Self::Settings];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Irreversible => "irreversible",
            Self::Send => "send",
            Self::Settings => "settings",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether an operation of this class may destroy something, for `destructiveHint`.
    pub const fn is_destructive(self) -> bool {
        !matches!(self, Self::Read | Self::Create)
    }

    /// The class of an operation.
    pub fn of(operation: &Operation) -> Self {
        match operation.method {
            _ if operation.is_unlisted() => Self::Irreversible,
            _ if operation.read_only => Self::Read,
            Method::Delete => Self::Delete,
            Method::Post => Self::Create,
            _ => Self::Update,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes(u8);

impl Classes {
    /// None.
    pub const NONE: Self = Self(0);
    /// Reading alone, which is what a token gets that nobody allowed more.
    pub const READ: Self = Self(1);
    /// All.
    pub const ALL: Self = Self(0x7f);

    /// Whether it has one.
    pub const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u8) != 0
    }

    /// Those that both have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it is reading alone, or nothing.
    pub const fn is_read_only(self) -> bool {
        self.0 & !1 == 0
    }

    /// Its classes.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.has(*class))
    }

    /// Their names, joined by commas.
    pub fn names(self) -> String {
        self.iter().map(Class::name).collect::<Vec<_>>().join(", ")
    }
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        Self(classes.into_iter().fold(0, |all, class| all | 1 << class as u8))
    }
}
