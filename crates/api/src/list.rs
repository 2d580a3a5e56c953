//! Lists that are answered page by page.

use crate::view::{
    Account, Accounts, AdminToken, AdminTokens, AppWithTokens, Apps, Install, Installs, Integration, Migration, OAuthClient, OAuthClients,
    PublicApp, PublicApps, Session, Sessions, Token, TokenUser, TokenUsers, Tokens, UnusedApp, UnusedApps, Usage, UsageAnswer, User, Users,
};

/// An answer that is a page of a list.
pub trait List {
    /// What the list is of.
    type Entry;

    /// The entries of the page, and `after` of the next one; none on the last.
    fn into_entries(self) -> (Vec<Self::Entry>, Option<String>);
}

macro_rules! lists {
    ($($page:ident.$field:ident: $entry:ident,)*) => { $(
        impl List for $page {
            type Entry = $entry;

            fn into_entries(self) -> (Vec<$entry>, Option<String>) {
                (self.$field, self.after)
            }
        }
    )* };
}

lists! {
    Accounts.accounts: Account,
    AdminTokens.admin_tokens: AdminToken,
    Apps.apps: AppWithTokens,
    Installs.installs: Install,
    Migration.integrations: Integration,
    OAuthClients.oauth_clients: OAuthClient,
    PublicApps.public_apps: PublicApp,
    Sessions.sessions: Session,
    TokenUsers.users: TokenUser,
    Tokens.tokens: Token,
    UnusedApps.apps: UnusedApp,
    UsageAnswer.usage: Usage,
    Users.users: User,
}
