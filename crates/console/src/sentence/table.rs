//! What each operation that changes something is called in a menu, and how a sentence tells of it.

/// Operations that belong together in a menu: its name, and of each operation its id, its label, and its phrase
/// with `{}` in the place of what it was done to.
pub(in super::super) type Group = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// All of them.
pub(in super::super) static GROUPS: [Group; 8] = [
    (
        "Apps and tokens",
        &[
            ("createApp", "Create app", "created the app {}"),
            ("updateApp", "Update app", "changed the app {}"),
            ("deleteApp", "Delete app", "deleted the app {}"),
            ("createToken", "Create token", "made another token for {}"),
            ("rotateToken", "Rotate token", "rotated the token of {}"),
            ("revokeToken", "Revoke token", "revoked {}"),
            ("admitLegacyKey", "Accept legacy key", "let {} send a legacy key"),
            ("createSession", "Create session", "began a session of {}"),
            ("approveAgent", "Approve agent", "let an agent work as {}"),
            ("endSession", "End session", "ended the session {}"),
            ("takeOver", "Delivery: end the old tokens", "ended the tokens before {}"),
            ("matchToken", "Delivery: compare a token", "compared what a target holds with {}"),
            ("handBack", "Delivery: undo", "took back the rotation to {}"),
            ("approveCall", "Approve call", "approved the call of {}"),
            ("rejectCall", "Reject call", "rejected the call of {}"),
        ],
    ),
    (
        "Accounts",
        &[
            ("createAccount", "Create account", "created the embedded account {}"),
            ("connectAccount", "Connect account by credential", "connected the account {}"),
            ("connectAccountByOAuth", "Connect account by OAuth", "connected the account {} by OAuth"),
            ("beginAuthorization", "Begin to connect by OAuth", "began to connect an account by OAuth"),
            ("importAccounts", "Import accounts", "imported accounts"),
            ("updateAccount", "Update account", "changed the account {}"),
            ("deleteAccount", "Delete account", "deleted the account {}"),
            ("replaceCredential", "Replace credential", "replaced the credential of {}"),
            ("rollBackCredential", "Restore credential", "restored the former credential of {}"),
            ("checkConnection", "Check connection", "checked the connection of {}"),
            ("issueAccessToken", "Give out access token", "was given an access token of {}"),
            ("putOAuthClient", "Save OAuth client", "saved the OAuth client {}"),
        ],
    ),
    (
        "Public apps",
        &[
            ("createPublicApp", "Create public app", "created the public app {}"),
            ("updatePublicApp", "Update public app", "changed the public app {}"),
            ("deletePublicApp", "Delete public app", "deleted the public app {}"),
            ("rotateClientSecret", "Rotate client secret", "rotated the client secret of {}"),
            ("approveInstall", "Approve install", "approved the install {}"),
            ("endInstall", "End install", "ended the install {}"),
        ],
    ),
    (
        "People and sign-in",
        &[
            ("signIn", "Sign in", "signed in"),
            ("setUp", "Set up", "set the server up"),
            ("addUser", "Add person at first sign-in", "was added at the first sign-in"),
            ("linkProvider", "Link identity provider", "was linked to the identity provider"),
            ("putUser", "Save person", "saved the person {}"),
            ("deleteUser", "Remove person", "removed the person {}"),
            ("endSessions", "Sign person out", "signed {} out everywhere"),
            ("removeSecondFactor", "Remove second factor", "removed the second factor of {}"),
            ("unlinkProvider", "Unlink identity provider", "unlinked {} from the identity provider"),
            ("changePassword", "Change own password", "changed their own password"),
            ("endOwnSessions", "Sign out everywhere", "signed out everywhere"),
            ("beginSecondFactor", "Begin own second factor", "began to add a second factor"),
            ("addSecondFactor", "Add own second factor", "added a second factor"),
            ("removeOwnSecondFactor", "Remove own second factor", "removed their own second factor"),
            ("createAdminToken", "Create admin token", "created the admin token {}"),
            ("revokeAdminToken", "Revoke admin token", "revoked the admin token {}"),
        ],
    ),
    (
        "Notifications",
        &[
            ("addNotificationChannel", "Add channel", "added the channel {}"),
            ("removeNotificationChannel", "Remove channel", "removed the channel {}"),
            ("testNotificationChannel", "Test channel", "sent a test message to the channel {}"),
            ("resumeNotifications", "Resume notifications", "let held notifications go out"),
        ],
    ),
    (
        "Migration",
        &[
            ("sendReport", "Send report", "sent a scan report of {}"),
            ("linkIntegration", "Link integration", "linked {} to an app"),
            ("forgetIntegration", "Remove integration", "removed {} from the migration board"),
            ("forgetReport", "Remove repository", "removed {} from the migration board"),
        ],
    ),
    (
        "Test double",
        &[
            ("resetPortal", "Reset account", "emptied the embedded {}"),
            ("seedPortal", "Seed account", "added records to the embedded {}"),
            ("diffPortal", "Compare account", "compared the embedded {} with a snapshot"),
            ("putAnswers", "Put recorded answers", "put recorded answers into {}"),
            ("clearAnswers", "Clear recorded answers", "cleared the recorded answers of {}"),
            ("takeSnapshot", "Take snapshot", "took a snapshot of {}"),
            ("putSnapshot", "Put snapshot", "put a snapshot beside {}"),
            ("deleteSnapshot", "Delete snapshot", "deleted a snapshot of {}"),
            ("restoreSnapshot", "Restore snapshot", "restored a snapshot of {}"),
            ("forgetRequests", "Forget requests", "cleared the requests of {}"),
            ("addFault", "Add fault rule", "added a fault rule to {}"),
            ("removeFault", "Remove fault rule", "removed a fault rule of {}"),
            ("clearFaults", "Clear fault rules", "cleared the fault rules of {}"),
            ("setClock", "Set clock", "set the clock of {}"),
            ("putWebhook", "Put webhook", "set the webhooks of {}"),
            ("deleteWebhook", "Delete webhook", "deleted the webhooks of {}"),
            ("forgetDeliveries", "Forget deliveries", "cleared the deliveries of {}"),
        ],
    ),
    (
        "Server",
        &[
            ("rotateMasterKey", "Rotate master key", "rotated the master key"),
            ("renewProxyAuthority", "Renew proxy authority", "renewed the authority of the forward proxy"),
        ],
    ),
];

fn row(operation: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    GROUPS.iter().flat_map(|(_, rows)| rows.iter()).find(|(id, ..)| *id == operation)
}

/// The phrase of an operation, with `{}` in the place of what it was done to.
pub(super) fn phrase(operation: &str) -> &'static str {
    row(operation).map_or("performed another operation on {}", |(.., phrase)| phrase)
}

/// Fields whose names are not words.
const FIELDS: [(&str, &str); 24] = [
    ("hubId", "account"),
    ("appId", "app"),
    ("maxWaitMs", "longest wait (ms)"),
    ("noLimits", "exempt from limits"),
    ("weight", "weight in the limits"),
    ("reserve", "reserved calls in ten seconds"),
    ("translate", "rewrite old versions"),
    ("unlisted", "unlisted operations"),
    ("allow", "classes of operations"),
    ("publicAppId", "public app"),
    ("approval.classes", "classes that need an approval"),
    ("approval.operations", "operations that need an approval"),
    ("approval.above", "records above which an approval is needed"),
    ("hint", "token"),
    ("legacy", "legacy key"),
    ("expiresAt", "ends"),
    ("lifetimeEndsAt", "lifetime ends"),
    ("revokedAt", "revoked"),
    ("besidePath", "object types outside of the path"),
    ("sensitiveProperties", "sensitive properties"),
    ("addons", "limit increases"),
    ("tier", "subscription"),
    ("connection.baseUrl", "host"),
    ("connection.former", "former credential"),
];

/// A field's name as people read it: `timeZone` as "time zone".
pub(super) fn field(name: &str) -> String {
    if let Some((_, words)) = FIELDS.iter().find(|(known, _)| *known == name) {
        return (*words).to_owned();
    }
    let mut words = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        match letter {
            '.' => words.push(' '),
            letter if letter.is_uppercase() => {
                words.push(' ');
                words.extend(letter.to_lowercase());
            }
            letter => words.push(letter),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use keyway_api::OPERATIONS;

    use super::*;

    /// What is recorded beside the operations of the API: signing in and what goes with it.
    const OF_SIGN_IN: [&str; 4] = ["addUser", "linkProvider", "setUp", "signIn"];

    #[test]
    fn each_operation_that_changes_something_has_its_words_and_no_other() {
        let mut changing: Vec<&str> = OPERATIONS.iter().filter(|one| !one.reads()).map(|one| one.id.as_str()).chain(OF_SIGN_IN).collect();
        let mut told: Vec<&str> = GROUPS.iter().flat_map(|(_, rows)| rows.iter()).map(|(id, ..)| *id).collect();
        changing.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, changing, "each has a row in GROUPS");
    }

    #[test]
    fn a_field_without_words_is_told_by_its_name() {
        assert_eq!(
            [field("timeZone"), field("connection.credential"), field("maxWaitMs")],
            ["time zone", "connection credential", "longest wait (ms)"]
        );
    }
}
