//! Every operation of the admin API: its name, its route, which role may perform it, and the types of its query, body
//! and answer.
//!
//! This is the only place where roles are decided. The server's guard asks it before a handler runs, the routes are
//! built from it, and the OpenAPI document describes it.

use keyway_core::strict::report::Report;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::body::*;
use crate::query::*;
use crate::view;
use crate::{RoleName, Versioned};

/// One operation.
pub struct Operation {
    /// Which one.
    pub id: OperationId,
    /// In capitals.
    pub method: &'static str,
    /// As it is routed.
    pub path: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Who may perform it.
    pub access: Access,
    /// What its query looks like; none where it has none.
    pub query: Option<Shape>,
    /// What its body looks like; none where it has none, or where it is not JSON.
    pub body: Option<Shape>,
    /// What its answer looks like; none where it is not JSON.
    pub answer: Option<Shape>,
}

/// Writes a type's schema.
pub type Shape = fn(&mut SchemaGenerator) -> Schema;

fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Operation {
    /// Whether it only reads, though perhaps by POST: what it reads from does not fit a URL.
    pub fn reads(&self) -> bool {
        self.method == "GET" || matches!(self.id, OperationId::Diagnose | OperationId::Plan)
    }

    const fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(shape::<T>);
        self
    }

    const fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(shape::<T>);
        self
    }

    const fn answer<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(shape::<Versioned<T>>);
        self
    }

    /// An answer that has a version of its own, or whose format is not Keyway's.
    const fn whole<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(shape::<T>);
        self
    }
}

/// Who may perform an operation. A super admin may perform all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Open,
    /// Whoever has a token or is signed in.
    Known,
    /// Whoever is a person, of their own sign-in; the handler refuses tokens.
    Own,
    /// Super admins alone.
    SuperAdmin,
    /// Auditors too.
    Auditor,
    /// Auditors too, and app managers as far as it concerns their apps.
    Reader,
    /// App managers too, as far as it concerns their apps.
    Manager,
    /// Tokens of the token service too.
    TokenService,
}

/// How far a role reaches in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// As far as it concerns the apps of the role.
    OwnApps,
    /// To the end.
    Everything,
}

impl Access {
    /// How far a role reaches.
    pub const fn reach(self, role: RoleName) -> Reach {
        match (self, role) {
            (Self::Open | Self::Known, _) | (_, RoleName::SuperAdmin) => Reach::Everything,
            // A token of the token service does not belong to a person.
            (Self::Own, RoleName::Auditor | RoleName::AppManager) => Reach::Everything,
            (Self::Auditor | Self::Reader, RoleName::Auditor) => Reach::Everything,
            (Self::Reader | Self::Manager, RoleName::AppManager) => Reach::OwnApps,
            (Self::TokenService, RoleName::TokenService) => Reach::Everything,
            _ => Reach::Nothing,
        }
    }
}

/// The operation that a request asks for, by its method and the route that it matched.
pub fn find(method: &str, path: &str) -> Option<&'static Operation> {
    // What answers GET answers HEAD too, without the body.
    let method = if method == "HEAD" { "GET" } else { method };
    OPERATIONS.iter().find(|one| one.method == method && one.path == path)
}

impl OperationId {
    /// The operation of this name.
    pub fn named(name: &str) -> Option<Self> {
        OPERATIONS.iter().map(|one| one.id).find(|id| id.as_str() == name)
    }

    /// What it is.
    pub fn operation(self) -> &'static Operation {
        &OPERATIONS[self as usize]
    }
}

/// Declares [`OperationId`] and [`OPERATIONS`], each row once: the id, its name in records of changes and in the OpenAPI
/// document, method, path, who may perform it, and what it does in one line.
macro_rules! operations {
    ($(op($id:ident, $name:literal, $method:literal, $path:literal, $access:ident, $summary:literal)$(.$part:ident::<$shape:ty>())*,)*) => {
        /// Which operation. A name that is none does not compile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum OperationId {
            $(#[doc = $summary] $id,)*
        }

        impl OperationId {
            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$id => $name,)* }
            }
        }

        /// All of them, in the order of [`OperationId`].
        pub static OPERATIONS: &[Operation] = &[$(Operation {
            id: OperationId::$id,
            method: $method,
            path: $path,
            summary: $summary,
            access: Access::$access,
            query: None,
            body: None,
            answer: None,
        }$(.$part::<$shape>())*,)*];
    };
}

operations! {
    op(IsAlive, "isAlive", "GET", "/healthz", Open, "Whether the process runs and its threads work"),
    op(IsReady, "isReady", "GET", "/readyz", Open, "Whether calls are answered: the store answers, the audit log can be written, and the server does not stop"),
    op(ReadMetrics, "readMetrics", "GET", "/metrics", Open, "Prometheus metrics"),
    op(DescribeApi, "describeApi", "GET", "/api/v1/openapi.json", Open, "This description"),
    op(WhoAmI, "whoAmI", "GET", "/api/v1/me", Known, "The caller, its role, and which operations that opens").answer::<view::Me>(),

    op(ListAccounts, "listAccounts", "GET", "/api/v1/accounts", Reader, "A page of accounts").query::<Page>().answer::<view::Accounts>(),
    op(CreateAccount, "createAccount", "POST", "/api/v1/accounts", SuperAdmin, "Create an account with an embedded CRM").body::<AccountBody>().answer::<view::AccountAnswer>(),
    op(ConnectAccount, "connectAccount", "POST", "/api/v1/accounts/connect", SuperAdmin, "Connect an account to HubSpot by a credential").body::<ConnectBody>().answer::<view::AccountAnswer>(),
    op(ShowAccount, "showAccount", "GET", "/api/v1/accounts/{hub_id}", Reader, "Show an account with its limits and today's use").answer::<view::AccountAnswer>(),
    op(UpdateAccount, "updateAccount", "PATCH", "/api/v1/accounts/{hub_id}", SuperAdmin, "Change an account's name, tier, add-ons or time zone").body::<AccountBody>().answer::<view::AccountAnswer>(),
    op(DeleteAccount, "deleteAccount", "DELETE", "/api/v1/accounts/{hub_id}", SuperAdmin, "Delete an account, its apps, tokens and records").answer::<view::Deleted>(),
    op(ReplaceCredential, "replaceCredential", "PUT", "/api/v1/accounts/{hub_id}/credential", SuperAdmin, "Put a new credential in the place of a connection's").body::<CredentialBody>().answer::<view::AccountAnswer>(),
    op(RollBackCredential, "rollBackCredential", "POST", "/api/v1/accounts/{hub_id}/credential/rollback", SuperAdmin, "Restore the credential that was in place before").answer::<view::AccountAnswer>(),
    op(CheckConnection, "checkConnection", "POST", "/api/v1/accounts/{hub_id}/check", SuperAdmin, "Ask HubSpot about a connection's credential again").answer::<view::AccountAnswer>(),
    op(BeginAuthorization, "beginAuthorization", "POST", "/api/v1/accounts/authorize", SuperAdmin, "Begin to connect an account by OAuth; answers where to send a person").body::<AuthorizeBody>().answer::<view::Authorization>(),
    op(ShowAuthorization, "showAuthorization", "GET", "/api/v1/accounts/authorize/{authorization}", SuperAdmin, "Show the state of an authorization").answer::<view::AuthorizationState>(),
    op(ConnectAccountByOAuth, "connectAccountByOAuth", "POST", "/api/v1/accounts/oauth", SuperAdmin, "Connect an account by its refresh token").body::<RefreshTokenBody>().answer::<view::AccountAnswer>(),
    op(ImportAccounts, "importAccounts", "POST", "/api/v1/accounts/import", SuperAdmin, "Take over up to 1,000 accounts with their refresh tokens").body::<ImportBody>().answer::<view::Imported>(),
    op(IssueAccessToken, "issueAccessToken", "POST", "/api/v1/accounts/{hub_id}/access-token", TokenService, "A short-lived access token of an account connected by OAuth").answer::<view::AccessToken>(),

    op(ListApps, "listApps", "GET", "/api/v1/apps", Reader, "A page of private apps with their tokens").query::<AppsQuery>().answer::<view::Apps>(),
    op(CreateApp, "createApp", "POST", "/api/v1/apps", SuperAdmin, "Create an app; answers its token once").body::<AppBody>().answer::<view::AppAndMadeToken>(),
    op(ShowApp, "showApp", "GET", "/api/v1/apps/{app}", Reader, "Show an app, by ID or unique name").answer::<view::AppAnswer>(),
    op(UpdateApp, "updateApp", "PATCH", "/api/v1/apps/{app}", Manager, "Change an app; managers may not give it scopes or a larger part of the limits").body::<AppBody>().answer::<view::ChangedApp>(),
    op(DeleteApp, "deleteApp", "DELETE", "/api/v1/apps/{app}", SuperAdmin, "Delete an app and its tokens").answer::<view::Deleted>(),
    op(ShowScopesUsed, "showScopesUsed", "GET", "/api/v1/apps/{app}/scopes", Reader, "The scopes an app was granted beside those its calls needed").query::<DaysQuery>().answer::<view::ScopesUsed>(),
    op(ListTokens, "listTokens", "GET", "/api/v1/apps/{app}/tokens", Reader, "A page of an app's tokens").query::<Page>().answer::<view::Tokens>(),
    op(CreateToken, "createToken", "POST", "/api/v1/apps/{app}/tokens", Manager, "Create another token, with lifetimeMs one that ends; answers it once").body::<TokenBody>().answer::<view::AppAndMadeToken>(),
    op(RotateToken, "rotateToken", "POST", "/api/v1/apps/{app}/tokens/rotate", Manager, "Create a new token, with lifetimeMs one that ends, and end the others, now or after graceMs").body::<RotateTokenBody>().answer::<view::AppAndMadeToken>(),
    op(AdmitLegacyKey, "admitLegacyKey", "POST", "/api/v1/apps/{app}/tokens/legacy", SuperAdmin, "Accept a key that a caller which can't be changed sends in ?hapikey=").body::<CredentialBody>().answer::<view::AppAndToken>(),
    op(CreateSession, "createSession", "POST", "/api/v1/apps/{app}/sessions", Manager, "Create a session of an app: a token that may do less, for one person and purpose, and ends by itself; answers it once").body::<SessionBody>().answer::<view::AppAndSession>(),
    op(ApproveAgent, "approveAgent", "POST", "/api/v1/apps/{app}/agents", Manager, "Approve the agent of an authorization URL to work as an app, in a session; answers where to send the person").body::<AgentBody>().answer::<view::Approved>(),
    op(ListSessionsOfApp, "listSessionsOfApp", "GET", "/api/v1/apps/{app}/sessions", Reader, "A page of the sessions of an app").query::<SessionsQuery>().answer::<view::Sessions>(),
    op(ListSessions, "listSessions", "GET", "/api/v1/sessions", Reader, "A page of the sessions of all apps").query::<SessionsQuery>().answer::<view::Sessions>(),
    op(ShowSession, "showSession", "GET", "/api/v1/sessions/{token_id}", Reader, "Show a session with what it has used of its budgets").answer::<view::SessionAnswer>(),
    op(EndSession, "endSession", "DELETE", "/api/v1/sessions/{token_id}", Manager, "End a session now").answer::<view::SessionAnswer>(),
    op(ListTokenUsers, "listTokenUsers", "GET", "/api/v1/tokens/{token_id}/users", Reader, "Where the calls with a token come from").query::<DaysAndPage>().answer::<view::TokenUsers>(),
    op(RevokeToken, "revokeToken", "POST", "/api/v1/tokens/{token_id}/revoke", Manager, "End a token now").answer::<view::TokenAnswer>(),
    op(TakeOver, "takeOver", "POST", "/api/v1/tokens/{token_id}/take-over", Manager, "End the other tokens of its app, now or after graceMs").body::<RotateBody>().answer::<view::AppAndToken>(),
    op(MatchToken, "matchToken", "POST", "/api/v1/tokens/{token_id}/match", Manager, "Whether a text is that of a token: before a delivery is undone, whether its target still holds it").body::<CredentialBody>().answer::<view::TokenMatch>(),
    op(HandBack, "handBack", "POST", "/api/v1/tokens/{token_id}/hand-back", Manager, "Undo the end that a rotation to this token gave the other tokens of its app").answer::<view::Tokens>(),

    op(ListPublicApps, "listPublicApps", "GET", "/api/v1/public-apps", Auditor, "A page of public apps with the number of their installs").query::<Page>().answer::<view::PublicApps>(),
    op(CreatePublicApp, "createPublicApp", "POST", "/api/v1/public-apps", SuperAdmin, "Create a public app; answers its secret once").body::<PublicAppBody>().answer::<view::PublicAppAnswer>(),
    op(ShowPublicApp, "showPublicApp", "GET", "/api/v1/public-apps/{public_app}", Auditor, "Show a public app, by ID, name or client ID").answer::<view::PublicAppAnswer>(),
    op(UpdatePublicApp, "updatePublicApp", "PATCH", "/api/v1/public-apps/{public_app}", SuperAdmin, "Change a public app; what its installs were granted stays").body::<PublicAppBody>().answer::<view::PublicAppAnswer>(),
    op(DeletePublicApp, "deletePublicApp", "DELETE", "/api/v1/public-apps/{public_app}", SuperAdmin, "Delete a public app and all its installs").answer::<view::Deleted>(),
    op(RotateClientSecret, "rotateClientSecret", "POST", "/api/v1/public-apps/{public_app}/secret/rotate", SuperAdmin, "Create a new client secret and end the other, now or after graceMs; answers it once").body::<RotateBody>().answer::<view::PublicAppAnswer>(),
    op(ListInstalls, "listInstalls", "GET", "/api/v1/installs", Auditor, "A page of installs").query::<InstallsQuery>().answer::<view::Installs>(),
    op(ApproveInstall, "approveInstall", "POST", "/api/v1/installs", SuperAdmin, "Approve an authorization URL as its consent page would; answers where it leads").body::<ApproveBody>().answer::<view::Approved>(),
    op(ShowInstall, "showInstall", "GET", "/api/v1/installs/{app_id}", Auditor, "Show an install with what it was granted").answer::<view::InstallAnswer>(),
    op(EndInstall, "endInstall", "DELETE", "/api/v1/installs/{app_id}", SuperAdmin, "End an install; its tokens end now").answer::<view::Deleted>(),
    op(ListOAuthClients, "listOAuthClients", "GET", "/api/v1/oauth-clients", Auditor, "A page of the HubSpot apps that connect accounts by OAuth").query::<Page>().answer::<view::OAuthClients>(),
    op(PutOAuthClient, "putOAuthClient", "PUT", "/api/v1/oauth-clients", SuperAdmin, "Add such an app, or change the one of that name").body::<ClientBody>().answer::<view::OAuthClientAnswer>(),

    op(ShowOwnSignIn, "showOwnSignIn", "GET", "/api/v1/me/sign-in", Own, "Show how the caller signs in").answer::<view::UserAnswer>(),
    op(ChangePassword, "changePassword", "PUT", "/api/v1/me/password", Own, "Put a new password in place of one's own; all of one's sessions end").body::<NewPasswordBody>().answer::<view::UserAnswer>(),
    op(EndOwnSessions, "endOwnSessions", "DELETE", "/api/v1/me/sessions", Own, "End every session of one's own").answer::<view::UserAnswer>(),
    op(BeginSecondFactor, "beginSecondFactor", "POST", "/api/v1/me/second-factor", Own, "Make a key for an authenticator app of one's own, answered once; it counts once a first code is right").body::<PasswordBody>().answer::<view::NewFactor>(),
    op(AddSecondFactor, "addSecondFactor", "POST", "/api/v1/me/second-factor/confirm", Own, "Take that first code; answers recovery codes once").body::<CodeBody>().answer::<view::RecoveryCodes>(),
    op(RemoveOwnSecondFactor, "removeOwnSecondFactor", "POST", "/api/v1/me/second-factor/remove", Own, "Take one's own second factor away; all of one's sessions end").body::<PasswordBody>().answer::<view::UserAnswer>(),

    op(ShowProxyAuthority, "showProxyAuthority", "GET", "/api/v1/proxy/authority", Known, "The certificates that clients of the forward proxy must trust").answer::<view::ProxyAuthorities>(),
    op(RenewProxyAuthority, "renewProxyAuthority", "POST", "/api/v1/proxy/authority/renew", SuperAdmin, "Make another authority that signs after waitMs; with 0 it signs at once, and the others are deleted").body::<RenewBody>().answer::<view::ProxyAuthorities>(),

    op(ShowMasterKeys, "showMasterKeys", "GET", "/api/v1/keys", Auditor, "The IDs of the master keys that this server has, and how many values each has sealed; never the keys").answer::<view::MasterKeys>(),
    op(RotateMasterKey, "rotateMasterKey", "POST", "/api/v1/keys/rotate", SuperAdmin, "Let the new master key seal, and seal every value again; continues a rotation that was interrupted").answer::<view::MasterKeys>(),

    op(ListUsers, "listUsers", "GET", "/api/v1/users", Auditor, "A page of the people who may sign in").query::<Page>().answer::<view::Users>(),
    op(PutUser, "putUser", "PUT", "/api/v1/users", SuperAdmin, "Let a person sign in, or give them a new password or role; a password that is made is answered once").body::<PersonBody>().answer::<view::UserAnswer>(),
    op(ShowUser, "showUser", "GET", "/api/v1/users/{email}", Auditor, "Show a person, how they sign in, and when they last did").answer::<view::UserAnswer>(),
    op(DeleteUser, "deleteUser", "DELETE", "/api/v1/users/{email}", SuperAdmin, "Take a person's sign-in away").answer::<view::DeletedUser>(),
    op(EndSessions, "endSessions", "DELETE", "/api/v1/users/{email}/sessions", SuperAdmin, "End every session of a person").answer::<view::UserAnswer>(),
    op(RemoveSecondFactor, "removeSecondFactor", "DELETE", "/api/v1/users/{email}/second-factor", SuperAdmin, "Take a person's second factor away, should it be lost; their sessions end").answer::<view::UserAnswer>(),
    op(UnlinkProvider, "unlinkProvider", "DELETE", "/api/v1/users/{email}/provider", SuperAdmin, "Forget who a person is at the identity provider: their next sign-in there is by e-mail again; their sessions end").answer::<view::UserAnswer>(),
    op(ListAdminTokens, "listAdminTokens", "GET", "/api/v1/admin-tokens", Auditor, "A page of the tokens of this API").query::<Page>().answer::<view::AdminTokens>(),
    op(CreateAdminToken, "createAdminToken", "POST", "/api/v1/admin-tokens", SuperAdmin, "Create a token of this API with a role; answers it once").body::<AdminTokenBody>().answer::<view::AdminTokenAnswer>(),
    op(RevokeAdminToken, "revokeAdminToken", "DELETE", "/api/v1/admin-tokens/{admin_token}", SuperAdmin, "End a token of this API now, by ID or name").answer::<view::AdminTokenAnswer>(),

    op(ListNotificationChannels, "listNotificationChannels", "GET", "/api/v1/notifications/channels", Auditor, "Where notifications go").answer::<view::Channels>(),
    op(AddNotificationChannel, "addNotificationChannel", "POST", "/api/v1/notifications/channels", SuperAdmin, "Add a channel: a signed webhook, a Slack-compatible webhook or mail; answers a webhook's secret once").body::<ChannelBody>().answer::<view::AddedChannel>(),
    op(RemoveNotificationChannel, "removeNotificationChannel", "DELETE", "/api/v1/notifications/channels/{channel}", SuperAdmin, "Remove a channel and what waits for it").answer::<view::ChannelAnswer>(),
    op(TestNotificationChannel, "testNotificationChannel", "POST", "/api/v1/notifications/channels/{channel}/test", SuperAdmin, "Send a test message to a channel now; answers what its receiver did").answer::<view::ChannelTested>(),
    op(ResumeNotifications, "resumeNotifications", "POST", "/api/v1/notifications/resume", SuperAdmin, "Let notifications go out that are held because this server was restored from a backup").answer::<view::Channels>(),
    op(ListNotifications, "listNotifications", "GET", "/api/v1/notifications", Auditor, "The conditions that last and were told, and the newest messages").query::<HistoryQuery>().answer::<view::Notifications>(),

    op(ResetPortal, "resetPortal", "POST", "/api/v1/portals/{hub_id}/reset", SuperAdmin, "Empty an embedded account: no records, faults, requests or use of limits; apps and tokens stay. The body may name the test that begins").body::<ResetBody>().answer::<view::PortalReset>(),
    op(SeedPortal, "seedPortal", "POST", "/api/v1/portals/{hub_id}/seed", SuperAdmin, "Add records, all or none, from a seed (JSON, or YAML with the content type application/yaml)").body::<Seed>().answer::<view::Seeded>(),
    op(DiffPortal, "diffPortal", "POST", "/api/v1/portals/{hub_id}/diff", SuperAdmin, "Compare a snapshot (from, or the body) with another one (to) or with the account; without from and body, with the account as it was made").query::<DiffQuery>().answer::<view::Differences>(),
    op(PutAnswers, "putAnswers", "PUT", "/api/v1/portals/{hub_id}/answers", SuperAdmin, "Put recorded answers in the place of all others: method, path, query, body, status, answer; an embedded account gives them before its own").body::<AnswersBody>().answer::<view::RecordedAnswers>(),
    op(ClearAnswers, "clearAnswers", "DELETE", "/api/v1/portals/{hub_id}/answers", SuperAdmin, "Forget the recorded answers").answer::<view::RecordedAnswers>(),
    op(ListSnapshots, "listSnapshots", "GET", "/api/v1/portals/{hub_id}/snapshots", Auditor, "List an embedded account's snapshots").answer::<view::Snapshots>(),
    op(ShowSnapshot, "showSnapshot", "GET", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", Auditor, "A snapshot, as lines of JSON"),
    op(TakeSnapshot, "takeSnapshot", "POST", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", SuperAdmin, "Take a snapshot of the account's records and definitions").answer::<view::SnapshotAnswer>(),
    op(PutSnapshot, "putSnapshot", "PUT", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", SuperAdmin, "Keep a snapshot that was taken elsewhere, as lines of JSON").answer::<view::SnapshotAnswer>(),
    op(DeleteSnapshot, "deleteSnapshot", "DELETE", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", SuperAdmin, "Delete a snapshot").answer::<view::DeletedSnapshot>(),
    op(RestoreSnapshot, "restoreSnapshot", "POST", "/api/v1/portals/{hub_id}/snapshots/{snapshot}/restore", SuperAdmin, "Put a snapshot in the place of what the account holds").answer::<view::Restored>(),
    op(ListRequests, "listRequests", "GET", "/api/v1/portals/{hub_id}/requests", Auditor, "The last requests an embedded account received; with expect and waitMs, waits for as many").query::<RequestsQuery>().answer::<view::Requests>(),
    op(ExportRequests, "exportRequests", "GET", "/api/v1/portals/{hub_id}/requests/har", Auditor, "The last requests an embedded account received, as an HTTP Archive (HAR 1.2)").query::<RequestsQuery>().whole::<view::HttpArchive>(),
    op(ForgetRequests, "forgetRequests", "DELETE", "/api/v1/portals/{hub_id}/requests", SuperAdmin, "Forget them").answer::<view::Forgotten>(),
    op(ShowReport, "showReport", "GET", "/api/v1/portals/{hub_id}/report", Auditor, "What the calls to an embedded account show: operations, the scopes that they need, what ends, findings").query::<ReportQuery>().whole::<Report>(),
    op(ShowWholeReport, "showWholeReport", "GET", "/api/v1/report", Auditor, "The same of all embedded accounts of the server, also those that were deleted").query::<WholeReportQuery>().whole::<Report>(),
    op(ListFaults, "listFaults", "GET", "/api/v1/portals/{hub_id}/faults", Auditor, "List fault rules, with the calls they fitted and hit").answer::<view::Faults>(),
    op(AddFault, "addFault", "POST", "/api/v1/portals/{hub_id}/faults", SuperAdmin, "Add a fault rule: operation, method, path, app, after, times, probability, seed, latencyMs, and status with limit and retryAfterS, or cut, or inputs").body::<FaultRule>().answer::<view::FaultAnswer>(),
    op(ClearFaults, "clearFaults", "DELETE", "/api/v1/portals/{hub_id}/faults", SuperAdmin, "Remove all fault rules").answer::<view::FaultsCleared>(),
    op(RemoveFault, "removeFault", "DELETE", "/api/v1/portals/{hub_id}/faults/{fault}", SuperAdmin, "Remove a fault rule").answer::<view::Deleted>(),
    op(ShowClock, "showClock", "GET", "/api/v1/portals/{hub_id}/clock", Auditor, "The time of an embedded account").answer::<view::ClockAnswer>(),
    op(SetClock, "setClock", "PUT", "/api/v1/portals/{hub_id}/clock", SuperAdmin, "Set it: set or advanceMs, frozen; neither is the time of the start: the real one, or that of --clock").body::<ClockBody>().answer::<view::ClockAnswer>(),
    op(ListWebhooks, "listWebhooks", "GET", "/api/v1/portals/{hub_id}/webhooks", Auditor, "Where the webhooks of an embedded account's apps go, and the events that fire them").answer::<view::Webhooks>(),
    op(PutWebhook, "putWebhook", "PUT", "/api/v1/portals/{hub_id}/webhooks/{app}", SuperAdmin, "Put a target and subscriptions in the place of those of an app").body::<WebhookBody>().answer::<view::WebhookAnswer>(),
    op(DeleteWebhook, "deleteWebhook", "DELETE", "/api/v1/portals/{hub_id}/webhooks/{app}", SuperAdmin, "Remove an app's target and subscriptions").answer::<view::Deleted>(),
    op(ShowWebhookSecret, "showWebhookSecret", "GET", "/api/v1/portals/{hub_id}/webhooks/{app}/secret", SuperAdmin, "What an app's webhooks are signed with; of an install it is the client secret, and is not shown").answer::<view::WebhookSecret>(),
    op(ListDeliveries, "listDeliveries", "GET", "/api/v1/portals/{hub_id}/deliveries", Auditor, "The last webhooks that were sent; with expect and waitMs, waits for as many").query::<DeliveriesQuery>().answer::<view::Deliveries>(),
    op(ForgetDeliveries, "forgetDeliveries", "DELETE", "/api/v1/portals/{hub_id}/deliveries", SuperAdmin, "Forget them").answer::<view::Forgotten>(),
    op(ShowCoverage, "showCoverage", "GET", "/api/v1/coverage", Known, "Every HubSpot operation, whether an embedded account answers it or only keeps documents of it, and whether a test of the project calls it").answer::<view::Coverage>(),
    op(Diagnose, "diagnose", "POST", "/api/v1/doctor", Auditor, "Name the cause of a call that failed: of a text (a curl command, a HAR file, a log, HubSpot's error), or of a recorded call").body::<DoctorBody>().answer::<view::Diagnosed>(),
    op(Plan, "plan", "POST", "/api/v1/plan", Auditor, "Plan one app for each integration, changing nothing: from a report of keyway scan, from the recorded calls, or from both").body::<PlanBody>().answer::<view::Planned>(),
    op(ListMigration, "listMigration", "GET", "/api/v1/migration", Reader, "The migration board: a page of integrations of the scan reports that were sent, each with how far it is; the first end first. App managers see the integrations of their apps").query::<MigrationQuery>().answer::<view::Migration>(),
    op(ShowIntegration, "showIntegration", "GET", "/api/v1/migration/integrations/{integration}", Reader, "Show an integration of the board: its plan, what remains, its calls of endpoints that end, and its old credentials").answer::<view::IntegrationAnswer>(),
    op(LinkIntegration, "linkIntegration", "PUT", "/api/v1/migration/integrations/{integration}/app", SuperAdmin, "Say which app an integration uses; without app, the one that has its name").body::<LinkBody>().answer::<view::IntegrationAnswer>(),
    op(ForgetIntegration, "forgetIntegration", "DELETE", "/api/v1/migration/integrations/{integration}", SuperAdmin, "Remove an integration that the newest report has nothing of").answer::<view::Deleted>(),
    op(SendReport, "sendReport", "POST", "/api/v1/migration/reports", SuperAdmin, "Send a report of keyway scan; it takes the place of the last one of the same repository").body::<ReportBody>().answer::<view::ReportSent>(),
    op(ForgetReport, "forgetReport", "DELETE", "/api/v1/migration/reports/{report}", SuperAdmin, "Remove a repository from the board, with its integrations").answer::<view::Deleted>(),
    op(ListChanges, "listChanges", "GET", "/api/v1/changes", Auditor, "A page of the record of changes, newest first: who changed what, when, from where, and what it was before").query::<ChangesQuery>().answer::<view::Changes>(),

    op(ListSettings, "listSettings", "GET", "/api/v1/settings", Auditor, "The settings of `keyway serve`: what each does, its value on this server without secrets, and when a change takes effect").answer::<view::Settings>(),
    op(ShowOverview, "showOverview", "GET", "/api/v1/overview", Reader, "What needs a person; calls, latency and errors of an hour, a day, a week or a month beside the one before; limits with a forecast, what is due, what ends, what is unused").query::<OverviewQuery>().answer::<view::Overview>(),
    op(ListScopes, "listScopes", "GET", "/api/v1/catalog/scopes", Known, "Every scope that can be granted, in plain words, and sets of them to begin with").answer::<view::Scopes>(),
    op(ShowScope, "showScope", "GET", "/api/v1/catalog/scopes/{scope}", Known, "The operations that a scope opens").answer::<view::ScopeBehind>(),

    op(ListApprovals, "listApprovals", "GET", "/api/v1/approvals", Reader, "The newest requests for a person's approval, those that wait first").query::<ApprovalsQuery>().answer::<view::Approvals>(),
    op(ShowApproval, "showApproval", "GET", "/api/v1/approvals/{approval}", Reader, "Show what a call would change, before and after").answer::<view::ApprovalAnswer>(),
    op(ApproveCall, "approveCall", "POST", "/api/v1/approvals/{approval}/approve", Manager, "Approve a call: the app may make it once, within an hour").body::<DecisionBody>().answer::<view::ApprovalAnswer>(),
    op(RejectCall, "rejectCall", "POST", "/api/v1/approvals/{approval}/reject", Manager, "Reject a call, with a reason that the app is told").body::<DecisionBody>().answer::<view::ApprovalAnswer>(),

    op(CountCalls, "countCalls", "GET", "/api/v1/calls", Reader, "How many calls there were: over time, and by app, account, class of operation, outcome or cause").query::<CallsQuery>().answer::<view::CallCounts>(),
    op(ListUsage, "listUsage", "GET", "/api/v1/usage", Reader, "Calls by app, operation and day, with the end and successor of each operation").query::<UsageQuery>().answer::<view::UsageAnswer>(),
    op(ListUnusedApps, "listUnusedApps", "GET", "/api/v1/usage/unused-apps", Reader, "Apps that made no call").query::<DaysAndPage>().answer::<view::UnusedApps>(),
    op(ListRecords, "listRecords", "GET", "/api/v1/audit", Reader, "A page of records of calls, newest first; app managers name one of their apps").query::<AuditQuery>().answer::<view::Records>(),
    op(CountRecords, "countRecords", "GET", "/api/v1/audit/counts", Reader, "How many of the newest 5,000 records that fit there are: over time, and by status, cause, app and operation").query::<AuditQuery>().answer::<view::RecordCounts>(),
    op(ExportRecords, "exportRecords", "GET", "/api/v1/audit/export", Reader, "All records that fit, as JSON lines or CSV; app managers name one of their apps").query::<AuditQuery>(),
    op(ListDamage, "listDamage", "GET", "/api/v1/audit/damage", Auditor, "What was noticed to be wrong with the files of the log").answer::<view::AuditDamage>(),
    op(ShowLogSize, "showLogSize", "GET", "/api/v1/audit/size", Auditor, "How much room the log takes, and how much is left where it is kept").answer::<view::LogSize>(),
    op(VerifyRecords, "verifyRecords", "GET", "/api/v1/audit/verify", Auditor, "Check every seal of the log").query::<VerifyQuery>().answer::<view::Verified>(),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_reach_as_far_as_their_names_say() {
        for one in OPERATIONS {
            let (reads, id) = (one.reads(), one.id);
            assert_eq!(one.access.reach(RoleName::SuperAdmin), Reach::Everything, "{id:?}");
            // An auditor never changes anything but their own sign-in.
            assert!(reads || one.access == Access::Own || one.access.reach(RoleName::Auditor) == Reach::Nothing, "{id:?}");
            // An app manager reaches no further than their apps.
            let is_of_all = matches!(one.access, Access::Open | Access::Known | Access::Own);
            assert!(is_of_all || one.access.reach(RoleName::AppManager) != Reach::Everything, "{id:?}");
            let service = one.access.reach(RoleName::TokenService) == Reach::Everything;
            let for_service = id == OperationId::IssueAccessToken || matches!(one.access, Access::Open | Access::Known);
            assert_eq!(service, for_service, "{id:?}");
        }
    }

    #[test]
    fn ids_and_routes_are_unique_and_named_alike() {
        for (at, one) in OPERATIONS.iter().enumerate() {
            assert!(!OPERATIONS[at + 1..].iter().any(|other| (other.method, other.path) == (one.method, one.path)), "{}", one.path);
            let variant = format!("{:?}", one.id);
            assert_eq!(one.id.as_str(), variant[..1].to_lowercase() + &variant[1..]);
            assert_eq!((OperationId::named(one.id.as_str()), one.id.operation().id), (Some(one.id), one.id));
        }
        assert_eq!(OperationId::named("updateApps"), None);
    }
}
