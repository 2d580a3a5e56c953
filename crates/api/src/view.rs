//! What the admin API answers. The server writes these types, its clients read them, and the OpenAPI document
//! describes them.

#![allow(missing_docs, reason = "a field without a comment is what its name says; comments become descriptions in docs/openapi.json")]

/// Declares structs of fields that are all sent, as JSON names them.
macro_rules! shown {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* })*) => { $(
        $(#[$meta])*
        #[derive(Clone, Deserialize, Serialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$field_meta])* pub $field: $kind,)* }
    )* };
}

mod approvals;
mod audit;
mod board;
mod calls;
mod catalog;
mod doctor;
mod notify;
mod overview;
mod plan;
mod portal;

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Moment, RoleName};

pub use approvals::{Approval, ApprovalAnswer, ApprovalRule, Approvals, CallChange, ChangedProperty, ChangedRecord, UnreadRecords};
pub use audit::{CallRecord, CountedApp, CountedTime, CountedWord, RecordCounts, Records};
pub use board::{Integration, IntegrationAnswer, LinkedApp, Migration, MigrationReport, ReportSent};
pub use calls::{CallCounts, CallGroup, CallLimits, CallTotals, Points};
pub use catalog::{OperationBehind, Scope, ScopeBehind, ScopeTemplate, Scopes};
pub use doctor::{Diagnosed, DiagnosedCall};
pub use notify::{AddedChannel, Channel, ChannelAnswer, ChannelTested, Channels, Condition, Message, Notice, Notifications};
pub use overview::{
    AccountLimit, AppPoints, BurnDown, BusyApp, Cause, Due, Overview, QuietApp, Rotations, Sunset, Sunsets, Top, Totals, Unused,
};
pub use plan::Planned;
pub use portal::*;

shown! {
    /// What is wrong with the files of the audit log.
    struct AuditDamage {
        damage: Vec<DamagedPlace>,
    }
    /// How much room the audit log takes.
    struct LogSize {
        /// Bytes of the log with its indexes.
        bytes: u64,
        /// Free bytes of the disk that holds the data folder; none for a log in memory or in PostgreSQL.
        free_bytes: Option<u64>,
    }
    /// A place of the audit log that is not as it was written.
    struct DamagedPlace {
        /// The file's name in the folder of the log.
        file: String,
        /// Where it begins, in bytes from the file's beginning.
        offset: u64,
        what: String,
    }
    /// The master keys of this server, without the keys.
    struct MasterKeys {
        /// The one that seals first.
        keys: Vec<MasterKey>,
        /// Sealed values that none of these keys opens.
        unreadable: u64,
        /// The id of the key that seals from the next rotation on; none where that is the one that seals now.
        waiting: Option<String>,
        /// Whether the key that seals sealed every value.
        settled: bool,
        /// The instances on the same database that were heard of in the last 20 seconds; none in a data folder.
        instances: Vec<KeyHolder>,
    }
    /// A master key, without the key.
    struct MasterKey {
        /// Eight hexadecimal digits that are made of it.
        id: String,
        /// Whether it seals new values.
        seals: bool,
        /// Values that it sealed.
        values: u64,
    }
    /// An instance, and the ids of its keys.
    struct KeyHolder {
        /// Host and process.
        instance: String,
        keys: Vec<String>,
    }
    /// What clients of the forward proxy must trust.
    struct ProxyAuthorities {
        authorities: Vec<ProxyAuthority>,
    }
    /// A certificate authority of the forward proxy, without its key.
    struct ProxyAuthority {
        id: u64,
        name: String,
        /// Whether it signs now; one that does not is the next one.
        signs: bool,
        signs_from: Moment,
        expires_at: Moment,
        /// Whether it ends within 60 days and has no successor.
        renewal_due: bool,
        /// SHA-256 of the certificate.
        sha256: String,
        /// The certificate, PEM.
        certificate: String,
    }
    /// One HubSpot account.
    #[derive(Default)]
    struct Account {
        hub_id: u64,
        name: String,
        /// `embedded` or `hubspot`.
        backend: String,
        /// How its calls reach HubSpot; none where it is embedded.
        connection: Option<Connection>,
        tier: String,
        addons: u8,
        time_zone: String,
        currency: String,
        region: String,
        /// Of a connected account: `refuse` or `forward` calls that name an object type whose scope their app lacks.
        beside_path: Option<String>,
        /// Of a connected account: `refuse` or `forward` calls that name a sensitive property whose scope their app lacks.
        sensitive_properties: Option<String>,
        created_at: Moment,
        limits: AccountLimits,
        used_today: u64,
        /// Calls that wait for their turn.
        waiting: u64,
        /// When its day ends, and the count of calls starts again.
        resets_at: Option<Moment>,
        /// Since when HubSpot refuses calls because those of the day are used up.
        day_over_since: Option<Moment>,
        /// Calls of the day by app, most first; where one account is shown.
        used_today_by_app: Option<Vec<AppUse>>,
        /// CRM records of an embedded account that are not archived; where one account is shown.
        records: Option<u64>,
    }
    /// Calls of an app since the account's midnight.
    #[derive(Default)]
    struct AppUse {
        app_id: u64,
        /// Its name; none where it was deleted.
        app: Option<String>,
        calls: u64,
    }
    /// Calls that HubSpot allows: in ten seconds, of search in a second, and in a day.
    #[derive(Default)]
    struct AccountLimits {
        burst: u32,
        associations_burst: u32,
        daily: u64,
        search: u32,
    }
    /// How an account's calls reach HubSpot.
    #[derive(Default)]
    struct Connection {
        base_url: String,
        hint: String,
        /// Whether it was connected by OAuth.
        oauth: bool,
        scopes: Vec<String>,
        state: String,
        state_since: Option<Moment>,
        /// Where the state is `unknown`: what was seen of the answer.
        state_seen: Option<String>,
        /// Scopes of the account's apps that the credential lacks.
        missing_scopes: Vec<String>,
        since: Moment,
        checked_at: Moment,
        /// Whether the credential is so old that somebody should rotate it (`--rotation-days`).
        rotation_due: bool,
        former: Option<FormerCredential>,
    }
    /// A credential that was replaced and can be restored.
    #[derive(Default)]
    struct FormerCredential { hint: String, until: Moment, }
    /// One integration.
    #[derive(Default)]
    struct App {
        id: u64,
        hub_id: u64,
        name: String,
        description: String,
        owner: String,
        dependents: Vec<String>,
        scopes: Vec<String>,
        enabled: bool,
        weight: u32,
        reserve: u32,
        max_wait_ms: u32,
        translate: bool,
        no_limits: bool,
        /// Which of its calls need a person's approval.
        approval: ApprovalRule,
        /// Operations it may call that the catalog does not list: `refuse`, or any of `read`, `all` and patterns.
        unlisted: Vec<String>,
        /// Classes of operations it may call: `all`, or any of `read`, `create`, `update`, `delete`, `settings`, `send`, `irreversible` and `bulk`.
        allow: Vec<String>,
        created_at: Moment,
        updated_at: Moment,
    }
    /// An app with its tokens.
    #[derive(Default)]
    struct AppWithTokens {
        #[serde(flatten)]
        app: App,
        tokens: Vec<Token>,
        /// Calls of the last day; where apps are listed, and Keyway can read the counts.
        day: Option<CallsOfDay>,
    }
    /// Calls of an app in the last day.
    #[derive(Default)]
    struct CallsOfDay {
        calls: u64,
        failed: u64,
    }
    /// A token of an app, without its text.
    #[derive(Default)]
    struct Token {
        id: u64,
        app_id: u64,
        /// `token`, `legacy_key` or `refresh_token`.
        kind: String,
        hint: String,
        /// `active`, `expiring`, `expired` or `revoked`.
        state: String,
        created_at: Moment,
        expires_at: Option<Moment>,
        revoked_at: Option<Moment>,
        last_used_at: Option<Moment>,
        /// Whether it is so old that somebody should rotate it (`--rotation-days`).
        rotation_due: bool,
        /// Of a refresh token: what was granted.
        scopes: Option<Vec<String>>,
        /// Of a refresh token: by whom.
        granted_by: Option<String>,
    }
    /// A session of an app, without the text of its token.
    struct Session {
        id: u64,
        app_id: u64,
        /// The app's name.
        app: String,
        hub_id: u64,
        hint: String,
        /// `active`, `expired` or `ended`.
        state: String,
        on_behalf_of: String,
        purpose: String,
        created_by: String,
        created_at: Moment,
        expires_at: Option<Moment>,
        ended_at: Option<Moment>,
        last_used_at: Option<Moment>,
        /// What it was made with; what the app has lost since does not count.
        scopes: Vec<String>,
        /// What it was made with, as in an app's `allow`.
        classes: Vec<String>,
        /// Its budgets and what is used of them.
        calls: Budget,
        records: Budget,
        calls_per_day: Budget,
        records_per_day: Budget,
        /// Which of its calls need a person's approval: by the rule of its app and its own.
        approval: ApprovalRule,
        /// The agent that got the session over OAuth; none where a person gave the agent its token.
        agent: Option<Agent>,
    }
    /// An agent that came over OAuth.
    struct Agent {
        /// Its client: the URL of its document, or a digest of the id that it registered for.
        client: String,
        /// Its name, by its own word.
        name: String,
    }
    /// A budget of a session.
    struct Budget {
        used: u64,
        /// None where nothing bounds it.
        most: Option<u64>,
        left: Option<u64>,
    }
    /// A token that was just made.
    struct MadeToken {
        id: u64,
        /// Its text, this once.
        value: String,
        created_at: Moment,
        /// When its lifetime ends.
        expires_at: Option<Moment>,
    }
    /// An OAuth client that many accounts install.
    struct PublicApp {
        id: u64,
        name: String,
        description: String,
        owner: String,
        client_id: String,
        secrets: Vec<ClientSecret>,
        /// Whether it has no secret, and must use PKCE.
        public_client: bool,
        redirect_uris: Vec<String>,
        scopes: Vec<String>,
        conditional_scopes: Vec<String>,
        optional_scopes: Vec<String>,
        /// `private` or `marketplace`.
        distribution: String,
        rotate_refresh_tokens: bool,
        enabled: bool,
        /// In a list: how many accounts have installed it.
        installs: Option<usize>,
        created_at: Moment,
        updated_at: Moment,
        /// The text of a secret that was just made, this once.
        client_secret: Option<String>,
    }
    /// A client secret, without its text.
    struct ClientSecret { hint: String, created_at: Moment, expires_at: Option<Moment>, }
    /// An account's grant to a public app.
    struct Install {
        #[serde(flatten)]
        app: AppWithTokens,
        public_app_id: Option<u64>,
    }
    /// A HubSpot app with which accounts are connected.
    struct OAuthClient {
        id: u64,
        name: String,
        client_id: String,
        base_url: String,
        authorize_url: String,
        scopes: Vec<String>,
        optional_scopes: Vec<String>,
        created_at: Moment,
    }
    /// Somebody who may sign in.
    struct User {
        id: u64,
        email: String,
        role: RoleName,
        /// The apps of an app manager.
        apps: Vec<u64>,
        /// Whether they have a password; who came from an identity provider has none.
        has_password: bool,
        /// Whether a second factor is asked for with it.
        second_factor: bool,
        /// The identity provider at which they are known since they signed in there, by its issuer URL.
        provider: Option<String>,
        created_at: Moment,
        last_sign_in_at: Option<Moment>,
        /// When their access ends: every sign-in and session is refused from then on.
        expires_at: Option<Moment>,
    }
    /// A token of the admin API, without its text.
    struct AdminToken {
        id: u64,
        name: String,
        hint: String,
        role: RoleName,
        /// The apps of an app manager.
        apps: Vec<u64>,
        /// `active`, `expired` or `revoked`.
        state: String,
        created_at: Moment,
        created_by: String,
        expires_at: Option<Moment>,
        revoked_at: Option<Moment>,
        last_used_at: Option<Moment>,
        /// Its text when it was just made, this once.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    }
    /// Who changed what, and what it was before.
    struct Change {
        id: u64,
        at: Moment,
        /// `person`, `token`, `socket` or `server`.
        kind: String,
        who_id: Option<u64>,
        who: String,
        role: String,
        /// The operation's name in this document, or one of the console's own such as `signIn`.
        operation: String,
        /// What it was done to, or what it made.
        target: String,
        /// What was changed, as it was: each thing by its kind and number.
        before: Map<String, Value>,
        /// And as it was after.
        after: Map<String, Value>,
        /// From where: an IP address, or `uid 1000` on the socket.
        source: String,
        /// The account that it was of; none where it was of none, or of several.
        hub_id: Option<u64>,
    }
    /// Calls of one app, operation and day.
    #[derive(Default)]
    struct Usage {
        hub_id: u64,
        app_id: u64,
        /// None for an app that was deleted.
        app: Option<String>,
        operation: String,
        object: Option<String>,
        day: String,
        calls: u64,
        failed: u64,
        last: Moment,
        /// Whether the catalog does not list the operation.
        unlisted: bool,
        /// When the operation ends, and what of it.
        sunset: Option<String>,
        ends: Option<String>,
        certainty: Option<String>,
        /// What takes its place.
        successor: Option<String>,
        difference: Option<String>,
    }
    /// An app that made no call.
    struct UnusedApp {
        id: u64,
        name: String,
        hub_id: u64,
        owner: String,
        enabled: bool,
        created_at: Moment,
        last_used_at: Option<Moment>,
    }
    /// An address from which a token is used.
    struct TokenUser { source: String, calls: u64, last: Moment, }
    /// An app's name and where it is.
    struct AppName { id: u64, name: String, hub_id: u64, }
    /// Calls of one operation, and the scopes that open it.
    struct OperationUse { operation: String, object: Option<String>, calls: u64, last: Moment, scopes: Vec<String>, }
}

shown! {
    struct AccountAnswer { account: Account, }
    struct Accounts { accounts: Vec<Account>, after: Option<String>, }
    struct Imported { imported: usize, }
    struct Authorization { authorize_url: String, redirect_uri: String, authorization: String, }
    struct AuthorizationState {
        /// `waiting`, `connected` or `failed`.
        state: String,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<Account>,
    }
    struct AccessToken {
        hub_id: u64,
        access_token: String,
        /// In seconds.
        expires_in: i64,
        expires_at: Moment,
    }
    /// What is gone, by its number.
    struct Deleted { deleted: u64, }
    /// Who is gone, by their address.
    struct DeletedUser { deleted: String, }
    struct AppAnswer { app: AppWithTokens, }
    struct ChangedApp { app: App, }
    struct Apps { apps: Vec<AppWithTokens>, after: Option<String>, }
    struct AppAndMadeToken { app: App, token: MadeToken, }
    struct AppAndToken { app: App, token: Token, }
    struct AppAndSession { app: App, session: Session, token: MadeToken, }
    struct SessionAnswer { session: Session, }
    struct Sessions { sessions: Vec<Session>, after: Option<String>, }
    struct Tokens { app: App, tokens: Vec<Token>, after: Option<String>, }
    struct TokenAnswer { token: Token, }
    struct TokenMatch { matches: bool, }
    struct TokenUsers { token_id: u64, days: u32, users: Vec<TokenUser>, after: Option<String>, }
    struct PublicAppAnswer { public_app: PublicApp, }
    struct PublicApps { public_apps: Vec<PublicApp>, after: Option<String>, }
    struct InstallAnswer { install: Install, }
    struct Installs { installs: Vec<Install>, after: Option<String>, }
    struct Approved { redirect_to: String, code: String, }
    struct OAuthClientAnswer { oauth_client: OAuthClient, }
    struct OAuthClients { oauth_clients: Vec<OAuthClient>, after: Option<String>, }
    struct Me {
        /// `person`, `token` or `socket`.
        kind: String,
        id: Option<u64>,
        name: String,
        role: RoleName,
        apps: Vec<u64>,
        /// Where integrations send their calls, in place of `https://api.hubapi.com`.
        data_url: String,
        /// The operations that the role opens, if only for some apps.
        operations: Vec<String>,
    }
    struct Users { users: Vec<User>, after: Option<String>, }
    struct UserAnswer {
        user: User,
        /// A password that was made, this once.
        password: Option<String>,
    }
    struct NewFactor {
        /// The key in base32, for typing.
        key: String,
        /// The same as a link that authenticator apps open, and as their cameras read it.
        uri: String,
    }
    struct RecoveryCodes { recovery_codes: Vec<String>, }
    struct AdminTokenAnswer { admin_token: AdminToken, }
    struct AdminTokens { admin_tokens: Vec<AdminToken>, after: Option<String>, }
    struct Changes {
        changes: Vec<Change>,
        /// For the next page; none on the last.
        before: Option<u64>,
    }
    struct UsageAnswer { since: Moment, usage: Vec<Usage>, after: Option<String>, }
    struct UnusedApps { days: u32, since: Moment, apps: Vec<UnusedApp>, after: Option<String>, }
    struct ScopesUsed {
        app: AppName,
        days: u32,
        since: Moment,
        /// Whether the log reaches back so far.
        complete: bool,
        calls: u64,
        granted: Vec<String>,
        needed: Vec<String>,
        unused: Vec<String>,
        /// Whether `needed` is surely the least.
        least: bool,
        operations: Vec<OperationUse>,
        /// Object types that calls of the app ever reached beside their paths: in queries and bodies.
        beside: Vec<BesideUse>,
        /// Calls of operations that the catalog does not list, allowed or refused.
        unlisted: Vec<UnlistedUse>,
    }
    /// An object type that calls reached beside their paths.
    struct BesideUse {
        /// Its name.
        object: String,
        /// `read` or `write`.
        access: String,
    }
    /// Calls of one operation that the catalog does not list.
    struct UnlistedUse {
        /// Method and path, ids masked; also a pattern for the app's `unlisted`.
        operation: String,
        calls: u64,
        last: Moment,
        /// Whether the app may call it now.
        allowed: bool,
    }
    /// A setting of `keyway serve`.
    struct Setting {
        /// As an option (`--name`) and in the configuration file.
        name: String,
        about: String,
        /// Where it is not the default: without the name, password and query of a URL.
        value: Option<String>,
        default: Option<String>,
        /// Its variable of the environment.
        variable: Option<String>,
        /// `reload` or `restart`: when a change of the configuration file takes effect.
        effect: String,
    }
    #[derive(Default)]
    struct Settings { settings: Vec<Setting>, }
    struct Verified {
        records: u64,
        /// Files that end with an incomplete commit: a crash cut it off before any of its calls was answered.
        torn: u64,
        head: Option<String>,
        /// What is wrong with the log; none where nothing is.
        fault: Option<String>,
    }
}

impl Deref for AppWithTokens {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Deref for Install {
    type Target = AppWithTokens;

    fn deref(&self) -> &AppWithTokens {
        &self.app
    }
}
