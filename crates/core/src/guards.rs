//! What an operator chooses for a connected account where HubSpot leaves open which scopes a call needs.

/// Whether Keyway asks for the scopes of the object types that a call names beside its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BesidePath {
    /// A call that names a type whose scope its app lacks is refused.
    #[default]
    Refuse,
    /// Such a call is forwarded, and HubSpot decides.
    Forward,
}

/// Whether Keyway asks for the scopes of the sensitive properties that a call names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SensitiveProperties {
    /// A call that names a property whose scope its app lacks is refused.
    #[default]
    Refuse,
    /// Such a call is forwarded, with all that the connection's credential may see.
    Forward,
}

/// The choices for one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// For object types beside the path.
    pub beside_path: BesidePath,
    /// For sensitive properties.
    pub sensitive: SensitiveProperties,
}

impl SensitiveProperties {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Forward => "forward",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Refuse, Self::Forward].into_iter().find(|one| one.name() == name)
    }
}

impl BesidePath {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Forward => "forward",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Refuse, Self::Forward].into_iter().find(|one| one.name() == name)
    }
}
