//! What somebody may do on the admin listener. What each role may do is in one table, `keyway_api::operations`.

use keyway_api::RoleName;

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    SuperAdmin,
    /// Looks after these apps, by id: their tokens, their description, fewer scopes; reads what was called.
    AppManager(Vec<u64>),
    /// Reads everything, and changes nothing.
    Auditor,
    /// Asks for access tokens of accounts connected by OAuth, and nothing else. Of tokens only.
    TokenService,
}

impl Role {
    /// The names of all roles.
    pub const NAMES: [&str; 4] = ["super-admin", "app-manager", "auditor", "token-service"];

    /// As it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SuperAdmin => Self::NAMES[0],
            Self::AppManager(_) => Self::NAMES[1],
            Self::Auditor => Self::NAMES[2],
            Self::TokenService => Self::NAMES[3],
        }
    }

    /// Reads a name; the apps are those of an app manager.
    pub fn parse(name: &str, apps: Vec<u64>) -> Option<Self> {
        match name {
            "super-admin" => Some(Self::SuperAdmin),
            "app-manager" => Some(Self::AppManager(apps)),
            "auditor" => Some(Self::Auditor),
            "token-service" => Some(Self::TokenService),
            _ => None,
        }
    }

    /// The apps that it is limited to; none where it is not.
    pub fn apps(&self) -> Option<&[u64]> {
        match self {
            Self::AppManager(apps) => Some(apps),
            _ => None,
        }
    }
}

impl From<&Role> for RoleName {
    fn from(role: &Role) -> Self {
        match role {
            Role::SuperAdmin => Self::SuperAdmin,
            Role::AppManager(_) => Self::AppManager,
            Role::Auditor => Self::Auditor,
            Role::TokenService => Self::TokenService,
        }
    }
}
