//! What is shown of what is stored: the way from `model` to the types of `view`.

use keyway_core::quota::Limits;
use keyway_core::safety::Classes;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value};

use super::{
    Account, AccountLimits, AdminToken, App, AppWithTokens, Budget, CallRecord, Change, ClientSecret, Connection, FormerCredential,
    Install, MadeToken, Moment, OAuthClient, PublicApp, Session, Token, User,
};
use crate::attention::{Thresholds, credential_days, missing_scopes, token_days};
use crate::audit::AuditRecord;
use crate::control::NewToken;
use crate::model;
use crate::principal::Role;
use crate::registry::Standing;
use crate::upstream::health::State;

/// By what an answer judges what it shows.
#[derive(Clone, Copy)]
pub(in crate::admin) struct Seen {
    /// From when on something needs a person.
    pub thresholds: Thresholds,
    /// The time by which states are told.
    pub now: Timestamp,
}

/// The connection of an account: what it is, how it is, and which scopes of the account's apps it lacks.
pub(in crate::admin) fn connection(
    connection: &model::Connection,
    health: (State, Option<Timestamp>),
    seen: Option<String>,
    apps: &[(model::App, Vec<model::Token>)],
    seen_at: Seen,
) -> Connection {
    let missing = missing_scopes(connection, apps.iter().map(|(app, _)| app));
    Connection {
        base_url: connection.base.to_string(),
        hint: connection.hint.clone(),
        oauth: connection.oauth_client.is_some(),
        scopes: connection.scopes.clone(),
        state: health.0.as_str().to_owned(),
        state_since: moment(health.1),
        state_seen: seen,
        missing_scopes: missing.into_iter().map(str::to_owned).collect(),
        since: connection.since.into(),
        checked_at: connection.checked_at.into(),
        rotation_due: credential_days(connection, seen_at.now).is_some_and(|days| seen_at.thresholds.is_rotation_due(days)),
        former: connection.former.as_ref().map(|former| FormerCredential { hint: former.hint.clone(), until: former.until.into() }),
    }
}

pub(in crate::admin) fn account(account: &model::Account, standing: Option<Standing>, connection: Option<Connection>) -> Account {
    let limits = standing.map_or_else(|| Limits::for_tier(account.tier, account.addons), |standing| standing.limits);
    Account {
        hub_id: account.hub_id,
        name: account.name.clone(),
        beside_path: connection.is_some().then(|| account.guards.beside_path.name().to_owned()),
        sensitive_properties: connection.is_some().then(|| account.guards.sensitive.name().to_owned()),
        backend: if connection.is_some() { "hubspot" } else { "embedded" }.to_owned(),
        connection,
        tier: account.tier.to_string(),
        addons: account.addons,
        time_zone: account.time_zone.clone(),
        currency: account.currency.clone(),
        region: account.region.clone(),
        created_at: account.created_at.into(),
        limits: AccountLimits {
            burst: limits.burst,
            associations_burst: limits.associations_burst,
            daily: limits.daily,
            search: limits.search,
        },
        used_today: standing.map_or(0, |standing| standing.used_today),
        waiting: standing.map_or(0, |standing| standing.waiting as u64),
        resets_at: standing.map(|standing| standing.resets_at.into()),
        day_over_since: moment(standing.and_then(|standing| standing.day_over_since)),
        used_today_by_app: None,
        records: None,
    }
}

pub(in crate::admin) fn app(app: &model::App) -> App {
    App {
        id: app.id,
        hub_id: app.hub_id,
        name: app.name.clone(),
        description: app.description.clone(),
        owner: app.owner.clone(),
        dependents: app.dependents.clone(),
        scopes: app.scopes.clone(),
        enabled: app.enabled,
        weight: app.sharing.weight,
        reserve: app.sharing.reserve,
        max_wait_ms: app.sharing.max_wait_ms,
        translate: app.translate,
        no_limits: app.no_limits,
        approval: super::rule(&app.approve),
        unlisted: app.unlisted.to_texts(),
        allow: words(app.allow),
        created_at: app.created_at.into(),
        updated_at: app.updated_at.into(),
    }
}

pub(in crate::admin) fn app_with_tokens(found: &model::App, tokens: &[model::Token], seen: Seen) -> AppWithTokens {
    AppWithTokens { app: app(found), tokens: tokens.iter().map(|one| token(one, seen)).collect(), day: None }
}

pub(in crate::admin) fn install(found: &model::App, tokens: &[model::Token], seen: Seen) -> Install {
    Install { app: app_with_tokens(found, tokens, seen), public_app_id: found.public_app }
}

pub(in crate::admin) fn token(token: &model::Token, Seen { thresholds, now }: Seen) -> Token {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "expired",
        _ if token.is_rotated() => "expiring",
        _ => "active",
    };
    let kind = match (token.legacy, token.grant.is_some()) {
        _ if token.session.is_some() => "session",
        (true, _) => "legacy_key",
        (_, true) => "refresh_token",
        _ => "token",
    };
    Token {
        id: token.id,
        app_id: token.app_id,
        kind: kind.to_owned(),
        hint: token.hint.clone(),
        state: state.to_owned(),
        created_at: token.created_at.into(),
        expires_at: moment(token.expires_at),
        revoked_at: moment(token.revoked_at),
        last_used_at: moment(token.last_used_at),
        rotation_due: token_days(token, now).is_some_and(|days| thresholds.is_rotation_due(days)),
        scopes: token.grant.as_ref().map(|grant| grant.scopes.clone()),
        granted_by: token.grant.as_ref().map(|grant| grant.user.clone()),
    }
}

pub(in crate::admin) fn session(app: &model::App, token: &model::Token, used: model::SessionUse, Seen { now, .. }: Seen) -> Session {
    let fallback = model::Session {
        scopes: Vec::new(),
        classes: Classes::READ,
        person: String::new(),
        purpose: String::new(),
        created_by: String::new(),
        budget: model::SessionBudget::default(),
        agent: None,
        approve: Default::default(),
    };
    let of = token.session.as_deref().unwrap_or(&fallback);
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "ended",
        (None, Some(at)) if at <= now => "expired",
        _ => "active",
    };
    let budget = |most: Option<u64>, used: u64| Budget { used, most, left: most.map(|most| most.saturating_sub(used)) };
    Session {
        id: token.id,
        app_id: app.id,
        app: app.name.clone(),
        hub_id: app.hub_id,
        hint: token.hint.clone(),
        state: state.to_owned(),
        on_behalf_of: of.person.clone(),
        purpose: of.purpose.clone(),
        created_by: of.created_by.clone(),
        created_at: token.created_at.into(),
        expires_at: moment(token.expires_at),
        ended_at: moment(token.revoked_at),
        last_used_at: moment(token.last_used_at),
        scopes: of.scopes.clone(),
        classes: words(of.classes),
        calls: budget(of.budget.calls, used.calls),
        records: budget(of.budget.records, used.records),
        calls_per_day: budget(of.budget.calls_per_day, used.day_calls),
        records_per_day: budget(of.budget.records_per_day, used.day_records),
        agent: of.agent.as_ref().map(|agent| keyway_api::view::Agent { client: agent.client.clone(), name: agent.name.clone() }),
        approval: super::rule(&app.approve.and(&of.approve)),
    }
}

fn words(classes: Classes) -> Vec<String> {
    classes.words().into_iter().map(str::to_owned).collect()
}

/// The one answer that holds a token's text.
pub(in crate::admin) fn made_token(made: &NewToken) -> MadeToken {
    MadeToken {
        id: made.token.id,
        value: made.plain.expose().to_owned(),
        created_at: made.token.created_at.into(),
        expires_at: moment(made.token.expires_at),
    }
}

pub(in crate::admin) fn public_app(app: &model::PublicApp, installs: Option<usize>, secret: Option<String>) -> PublicApp {
    let kept = |secret: &model::ClientSecret| ClientSecret {
        hint: secret.hint.clone(),
        created_at: secret.created_at.into(),
        expires_at: moment(secret.expires_at),
    };
    PublicApp {
        id: app.id,
        name: app.name.clone(),
        description: app.description.clone(),
        owner: app.owner.clone(),
        client_id: app.client_id.clone(),
        secrets: app.secrets.iter().map(kept).collect(),
        public_client: app.is_public,
        redirect_uris: app.redirect_uris.clone(),
        scopes: app.scopes.clone(),
        conditional_scopes: app.conditional_scopes.clone(),
        optional_scopes: app.optional_scopes.clone(),
        distribution: app.distribution.name().to_owned(),
        rotate_refresh_tokens: app.rotates,
        enabled: app.enabled,
        installs,
        created_at: app.created_at.into(),
        updated_at: app.updated_at.into(),
        client_secret: secret,
    }
}

pub(in crate::admin) fn oauth_client(client: &model::OAuthClient) -> OAuthClient {
    OAuthClient {
        id: client.id,
        name: client.name.clone(),
        client_id: client.client.id.clone(),
        base_url: client.base.to_string(),
        authorize_url: client.authorize_url.clone(),
        scopes: client.scopes.clone(),
        optional_scopes: client.optional_scopes.clone(),
        created_at: client.created_at.into(),
    }
}

pub(in crate::admin) fn user(person: &model::Person) -> User {
    User {
        id: person.id,
        email: person.email.clone(),
        role: (&person.role).into(),
        apps: apps(&person.role),
        has_password: person.password,
        second_factor: person.second_factor,
        provider: person.provider.clone(),
        created_at: person.created_at.into(),
        last_sign_in_at: moment(person.signed_in_at),
        expires_at: moment(person.expires_at),
    }
}

pub(in crate::admin) fn admin_token(token: &model::AdminToken, now: Timestamp, value: Option<String>) -> AdminToken {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "expired",
        _ => "active",
    };
    AdminToken {
        id: token.id,
        name: token.name.clone(),
        hint: token.hint.clone(),
        role: (&token.role).into(),
        apps: apps(&token.role),
        state: state.to_owned(),
        created_at: token.created_at.into(),
        created_by: token.created_by.clone(),
        expires_at: moment(token.expires_at),
        revoked_at: moment(token.revoked_at),
        last_used_at: moment(token.last_used_at),
        value,
    }
}

pub(in crate::admin) fn change(record: model::ChangeRecord) -> Change {
    let things = |value| if let Value::Object(things) = value { things } else { Map::new() };
    Change {
        id: record.id,
        at: record.at.into(),
        kind: record.kind,
        who_id: record.who_id,
        who: record.who,
        role: record.role,
        operation: record.operation,
        target: record.target,
        before: things(record.was),
        after: things(record.became),
        source: record.source,
        hub_id: record.hub_id,
    }
}

/// The apps that a role is limited to.
pub(in crate::admin) fn apps(role: &Role) -> Vec<u64> {
    role.apps().unwrap_or_default().to_vec()
}

pub(super) fn moment(at: Option<Timestamp>) -> Option<Moment> {
    at.map(Moment::from)
}

/// A record of a call as it is sent, field by field.
pub(in crate::admin) fn record(record: AuditRecord) -> CallRecord {
    CallRecord {
        id: record.id,
        time: Moment(record.time),
        hub_id: record.hub_id,
        app_id: record.app_id,
        token_id: record.token_id,
        operation: record.operation,
        object: record.object,
        status: record.status,
        category: record.category,
        rule: record.rule,
        attempts: record.attempts,
        waited_us: record.waited_us,
        latency_us: record.latency_us,
        bytes_in: record.bytes_in,
        bytes_out: record.bytes_out,
        correlation_id: record.correlation_id,
        source: record.source,
        record_ids: record.record_ids,
        record_count: record.record_count,
        records_incomplete: record.records_incomplete,
        properties: record.properties,
        property_count: record.property_count,
        calls: record.calls,
        session: record.session,
        on_behalf_of: record.on_behalf_of,
        purpose: record.purpose,
        tool: record.tool,
        decision: record.decision.into_owned(),
        approval: record.approval,
    }
}
