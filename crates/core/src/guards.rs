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

/// The choices for one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// For object types beside the path.
    pub beside_path: BesidePath,
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
