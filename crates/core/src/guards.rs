//! Settings of a connected account for cases where HubSpot does not document which scopes a call needs.

/// Whether Keyway requires the scopes of the object types that a call names outside of its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BesidePath {
    /// Keyway refuses a call that names a type whose scope the app lacks.
    #[default]
    Refuse,
    /// Keyway forwards such a call, and HubSpot decides.
    Forward,
}

/// Whether Keyway requires the scopes of the sensitive properties that a call names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SensitiveProperties {
    /// Keyway refuses a call that names a property whose scope the app lacks.
    #[default]
    Refuse,
    /// Keyway forwards such a call; the app sees everything that the connection's credential may see.
    Forward,
}

/// The settings of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// For object types outside of the path.
    pub beside_path: BesidePath,
    /// For sensitive properties.
    pub sensitive: SensitiveProperties,
}

impl SensitiveProperties {
    /// The name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Forward => "forward",
        }
    }

    /// Parses the name in settings.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Refuse, Self::Forward].into_iter().find(|one| one.name() == name)
    }
}

impl BesidePath {
    /// The name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Forward => "forward",
        }
    }

    /// Parses the name in settings.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Refuse, Self::Forward].into_iter().find(|one| one.name() == name)
    }
}
