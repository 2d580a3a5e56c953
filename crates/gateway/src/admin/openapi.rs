//! The description of the admin API (OpenAPI 3.1), made from one table of routes.

use serde_json::{Map, Value, json};

/// Method, path and what it does.
pub(super) const ROUTES: [(&str, &str, &str); 70] = [
    ("get", "/healthz", "Whether the process runs"),
    ("get", "/readyz", "Whether the store answers"),
    ("get", "/metrics", "Prometheus metrics"),
    ("get", "/api/v1/openapi.json", "This description"),
    ("get", "/api/v1/accounts", "List accounts; query after, limit"),
    ("post", "/api/v1/accounts", "Create an embedded account: name, hubId, tier, addons, timeZone, currency, region"),
    ("post", "/api/v1/accounts/connect", "Connect an account to HubSpot: credential, baseUrl, name, tier, addons, timeZone"),
    ("put", "/api/v1/accounts/{hub_id}/credential", "Put a new credential in the place of a connection's: credential"),
    ("post", "/api/v1/accounts/{hub_id}/credential/rollback", "Put the credential back that was in place before"),
    ("post", "/api/v1/accounts/{hub_id}/check", "Ask HubSpot about a connection's credential again"),
    ("get", "/api/v1/accounts/{hub_id}", "Show an account with its limits and today's use"),
    ("patch", "/api/v1/accounts/{hub_id}", "Change name, tier, addons or timeZone"),
    ("delete", "/api/v1/accounts/{hub_id}", "Delete an account, its apps, tokens and records"),
    ("get", "/api/v1/apps", "List apps with their tokens; query hubId"),
    (
        "post",
        "/api/v1/apps",
        "Create an app: hubId, name, description, owner, dependents, scopes, translate, noLimits; answers its token once",
    ),
    ("get", "/api/v1/apps/{app}", "Show an app, by id or unique name"),
    (
        "patch",
        "/api/v1/apps/{app}",
        "Change an app: name, description, owner, dependents, scopes, addScopes, removeScopes, enabled, translate, noLimits, weight, reserve, maxWaitMs",
    ),
    ("delete", "/api/v1/apps/{app}", "Delete an app and its tokens"),
    ("get", "/api/v1/apps/{app}/scopes", "The scopes an app was granted beside those its calls needed; query days (90)"),
    ("get", "/api/v1/apps/{app}/tokens", "List an app's tokens"),
    ("post", "/api/v1/apps/{app}/tokens", "Create another token; answers it once"),
    ("post", "/api/v1/apps/{app}/tokens/rotate", "Create a new token and end the others, now or after graceMs"),
    ("post", "/api/v1/apps/{app}/tokens/legacy", "Let in a key that a caller which can't be changed sends in ?hapikey=: credential"),
    ("get", "/api/v1/tokens/{token_id}/users", "Where the calls with a token come from; query days (90)"),
    ("post", "/api/v1/tokens/{token_id}/revoke", "End a token now"),
    ("post", "/api/v1/tokens/{token_id}/take-over", "End the other tokens of its app, now or after graceMs"),
    ("get", "/api/v1/public-apps", "List public apps with the number of their installs"),
    (
        "post",
        "/api/v1/public-apps",
        "Create a public app: name, description, owner, redirectUris, scopes, conditionalScopes, optionalScopes, distribution, publicClient, rotateRefreshTokens; answers its secret once",
    ),
    ("get", "/api/v1/public-apps/{public_app}", "Show a public app, by id, name or client id"),
    ("patch", "/api/v1/public-apps/{public_app}", "Change a public app; what its installs were granted stays"),
    ("delete", "/api/v1/public-apps/{public_app}", "Delete a public app and all its installs"),
    (
        "post",
        "/api/v1/public-apps/{public_app}/secret/rotate",
        "Create a new client secret and end the other, now or after graceMs; answers it once",
    ),
    ("get", "/api/v1/installs", "A page of installs; query publicApp, hubId, after, limit"),
    (
        "post",
        "/api/v1/installs",
        "Say yes to an authorization URL as its consent page would: authorizeUrl, hubId, user; answers where it leads",
    ),
    ("get", "/api/v1/installs/{app_id}", "Show an install with what it was granted"),
    ("delete", "/api/v1/installs/{app_id}", "End an install; its tokens end now"),
    ("get", "/api/v1/users", "List the people who may sign in"),
    ("put", "/api/v1/users", "Let a person sign in, or give them a new password: email, password; one that is made is answered once"),
    ("delete", "/api/v1/users/{email}", "Take a person's sign-in away"),
    ("get", "/api/v1/oauth-clients", "List the apps of HubSpot's with which accounts are connected by OAuth"),
    (
        "put",
        "/api/v1/oauth-clients",
        "Add such an app, or change the one of that name: name, clientId, clientSecret, baseUrl, authorizeUrl, scopes, optionalScopes",
    ),
    (
        "post",
        "/api/v1/accounts/authorize",
        "Begin to connect an account by OAuth: client, name, tier, addons, timeZone; answers where to send a person",
    ),
    ("get", "/api/v1/accounts/authorize/{authorization}", "How that stands"),
    ("post", "/api/v1/accounts/oauth", "Connect an account by its refresh token: client, refreshToken, name, tier, addons, timeZone"),
    ("post", "/api/v1/accounts/import", "Take over up to 1,000 accounts: client, accounts with hubId, refreshToken, name"),
    (
        "post",
        "/api/v1/accounts/{hub_id}/access-token",
        "A short-lived access token of an account connected by OAuth; KEYWAY_TOKEN_SERVICE_TOKEN opens this alone",
    ),
    (
        "post",
        "/api/v1/portals/{hub_id}/reset",
        "Make an embedded account as new: no records, faults, requests or use of limits; apps and tokens stay",
    ),
    ("post", "/api/v1/portals/{hub_id}/seed", "Add records, all or none: set, schemas, properties, records, calls"),
    ("get", "/api/v1/portals/{hub_id}/snapshots", "List an embedded account's snapshots"),
    ("get", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", "A snapshot, as lines of JSON"),
    ("post", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", "Take a snapshot of the account's records and definitions"),
    ("put", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", "Keep a snapshot that was taken elsewhere, as lines of JSON"),
    ("delete", "/api/v1/portals/{hub_id}/snapshots/{snapshot}", "Delete a snapshot"),
    ("post", "/api/v1/portals/{hub_id}/snapshots/{snapshot}/restore", "Put a snapshot in the place of what the account holds"),
    (
        "get",
        "/api/v1/portals/{hub_id}/requests",
        "The last requests an embedded account received; query method, path, operation, app, status, body, query, after, and expect with waitMs",
    ),
    ("delete", "/api/v1/portals/{hub_id}/requests", "Forget them"),
    ("get", "/api/v1/portals/{hub_id}/faults", "List fault rules, with the calls they fitted and hit"),
    (
        "post",
        "/api/v1/portals/{hub_id}/faults",
        "Add a fault rule: operation, method, path, app, after, times, probability, seed, latencyMs, and status with limit and retryAfterS, or cut, or inputs",
    ),
    ("delete", "/api/v1/portals/{hub_id}/faults", "Remove all fault rules"),
    ("delete", "/api/v1/portals/{hub_id}/faults/{fault}", "Remove a fault rule"),
    ("get", "/api/v1/portals/{hub_id}/clock", "The time of an embedded account"),
    ("put", "/api/v1/portals/{hub_id}/clock", "Set it: set or advanceMs, frozen; neither is the real time again"),
    (
        "get",
        "/api/v1/coverage",
        "Every operation of HubSpot's, whether an embedded account answers it and whether a test of the project calls it",
    ),
    (
        "post",
        "/api/v1/doctor",
        "Name the cause of a call that failed: text (a curl command, a HAR file, a log, HubSpot's error) or correlationId, expectHubId",
    ),
    (
        "post",
        "/api/v1/plan",
        "Plan one app for each integration, changing nothing: report (of keyway scan --json), recorded (true for the calls on record), days (90), hubId, by, repository",
    ),
    ("get", "/api/v1/usage", "Calls by app, operation and day, with the end and successor of each operation; query hubId, days (30)"),
    ("get", "/api/v1/usage/unused-apps", "Apps that made no call; query days (90)"),
    (
        "get",
        "/api/v1/audit",
        "A page of records, newest first; query app, hubId, operation, status, category, correlationId, from, to, before, limit",
    ),
    ("get", "/api/v1/audit/export", "All records that fit the same query, as format=jsonl or csv"),
    ("get", "/api/v1/audit/verify", "Check every seal of the log; query head, which must still be in it"),
];

pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for (method, path, summary) in ROUTES.iter() {
        let parameters: Vec<Value> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        let security =
            if path.starts_with("/api/v1/") && !path.ends_with("openapi.json") { json!([{ "adminToken": [] }]) } else { json!([]) };
        let operation = json!({
            "summary": summary, "parameters": parameters, "security": security,
            "responses": { "200": { "description": "done" }, "default": { "description": "an error: {error: {code, message}}" } },
        });
        paths.entry(*path).or_insert_with(|| json!({}))[*method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Keyway admin API", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0" } },
        "paths": paths,
        "components": { "securitySchemes": { "adminToken": { "type": "http", "scheme": "bearer" } } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_no_other() {
        let source = include_str!("routes.rs");
        // Each route from its opening to the next one's, however many lines it takes.
        let routes: Vec<&str> = source.split(".route(").skip(1).collect();
        let path_of = |route: &&str| route.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next().map(str::to_owned));
        for path in routes.iter().filter_map(path_of) {
            assert!(ROUTES.iter().any(|(_, described, _)| *described == path), "{path} is not described");
        }
        for (method, path, _) in ROUTES {
            let route =
                routes.iter().find(|route| path_of(route).as_deref() == Some(path)).unwrap_or_else(|| panic!("{path} is not routed"));
            assert!(route.contains(&format!("{method}(")), "{method} {path} is not routed");
        }
    }
}
