//! The kinds of conditions. Each is provoked in `notify_kinds.rs` of the tests of `cli`.

/// Declares the kinds with their names, so that none is missing from [`Kind::ALL`].
macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $name:literal,)*) => {
        /// A kind of condition.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$meta])* $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// As notifications have it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The store can't be written.
    StoreNotWritten = "store-not-written",
    /// A record of a call can't be written.
    AuditNotWritten = "audit-not-written",
    /// A file of the audit log is not as Keyway wrote it.
    AuditDamage = "audit-damage",
    /// A call waits for a person's approval.
    ApprovalRequested = "approval-requested",
    /// HubSpot refuses the credential of an account.
    CredentialRefused = "credential-refused",
    /// HubSpot was not reached for an account for long.
    AccountUnreachable = "account-unreachable",
    /// A large part of an app's calls fails.
    FailedCalls = "failed-calls",
    /// The credential of an account lacks scopes that its apps have.
    CredentialScopes = "credential-scopes",
    /// An account has used most of its calls of the day.
    DailyLimit = "daily-limit",
    /// A token ends soon.
    TokenExpiring = "token-expiring",
    /// The access of a person or of an admin token ends soon.
    AccessExpiring = "access-expiring",
    /// An app calls what ends soon or has ended.
    Sunset = "sunset",
    /// The authority of the forward proxy ends soon.
    ProxyAuthority = "proxy-authority",
    /// The credential of an account is old.
    CredentialRotation = "credential-rotation",
    /// A token of an app is old.
    TokenRotation = "token-rotation",
}
