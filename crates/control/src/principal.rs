//! Who calls over the admin API or in the console, and which role they have.
//!
//! What a role may do is in one table, `keyway_api::operations`. Who somebody is is found out by
//! `admin::guard` and `sign_in` of the console.

use crate::model::Person;
pub use crate::role::Role;

/// The caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Somebody who is signed in.
    Person {
        /// Their id.
        id: u64,
        /// Their address.
        email: String,
    },
    /// A program with an admin token.
    Token {
        /// The token's id; none for the tokens in the server's environment.
        id: Option<u64>,
        /// The token's name, or the environment variable's.
        name: String,
    },
    /// Whoever may open the socket in the data folder: the super admin of this machine.
    Socket,
    /// The server itself, by a setting of its operator's.
    Server,
}

impl Who {
    /// Which of these it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Token { .. } => "token",
            Self::Socket => "socket",
            Self::Server => "server",
        }
    }

    /// Their number among those of their kind.
    pub const fn id(&self) -> Option<u64> {
        match self {
            Self::Person { id, .. } => Some(*id),
            Self::Token { id, .. } => *id,
            Self::Socket | Self::Server => None,
        }
    }

    /// How people know them.
    pub fn name(&self) -> &str {
        match self {
            Self::Person { email, .. } => email,
            Self::Token { name, .. } => name,
            Self::Socket => "socket",
            Self::Server => "server",
        }
    }
}

/// Somebody with a role, as the guard puts it into a request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub who: Who,
    /// What they may do.
    pub role: Role,
    /// Where they ask from: an IP address, or `uid 1000` on the socket; empty where it is not known.
    pub source: String,
}

impl Principal {
    /// Somebody who is signed in.
    pub fn person(person: &Person, source: impl Into<String>) -> Self {
        Self { who: Who::Person { id: person.id, email: person.email.clone() }, role: person.role.clone(), source: source.into() }
    }

    /// Whoever may open the socket in the data folder.
    pub fn socket(source: impl Into<String>) -> Self {
        Self { who: Who::Socket, role: Role::SuperAdmin, source: source.into() }
    }

    /// The server itself, by a setting of its operator's.
    pub const fn server() -> Self {
        Self { who: Who::Server, role: Role::SuperAdmin, source: String::new() }
    }

    /// Whether what concerns an app may be shown to them.
    pub fn sees(&self, app_id: u64) -> bool {
        self.role.apps().is_none_or(|apps| apps.contains(&app_id))
    }
}
