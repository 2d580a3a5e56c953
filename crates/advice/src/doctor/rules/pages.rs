//! HubSpot's own pages that causes link to (hubspot facts, section 10).

macro_rules! docs {
    ($($rest:literal)?) => { concat!("https://developers.hubspot.com/docs/", $($rest)?) };
}
macro_rules! changelog {
    ($rest:literal) => {
        concat!("https://developers.hubspot.com/changelog/", $rest)
    };
}

pub(super) const ERRORS: &str = docs!("api-reference/error-handling");
pub(super) const LIMITS: &str = docs!("developer-tooling/platform/usage-guidelines");
pub(super) const TIERS: &str = docs!("developer-tooling/platform/apis-by-tier");
pub(super) const VERSIONS: &str = docs!("developer-tooling/platform/versioning");
pub(super) const MIGRATION: &str = docs!("api-reference/legacy/migration-guide");
pub(super) const LEGACY_END: &str = changelog!("legacy-apis-and-legacy-apps-whats-going-unsupported-and-when");
pub(super) const AUTH: &str = docs!("apps/developer-platform/build-apps/authentication/overview");
pub(super) const SERVICE_KEYS: &str = docs!("apps/developer-platform/build-apps/authentication/account-service-keys");
pub(super) const PRIVATE_APPS: &str = docs!("apps/legacy-apps/private-apps/overview");
pub(super) const PRIVATE_APP_END: &str = changelog!("legacy-private-app-creation-sunset");
pub(super) const PUBLIC_APP_END: &str = changelog!("legacy-public-app-creation-sunset");
pub(super) const HAPIKEY_END: &str = changelog!("upcoming-api-key-sunset");
pub(super) const DEVELOPER_KEY: &str = docs!("faq/developer-api-keys");
pub(super) const PERSONAL_KEY: &str = docs!("developer-tooling/local-development/hubspot-cli/personal-access-key");
pub(super) const CODE_ACTIONS: &str = docs!("api-reference/automation-actions-v4-v4/custom-code-actions");
pub(super) const SALESFORCE: &str = "https://knowledge.hubspot.com/salesforce/resolve-salesforce-integration-sync-errors";
pub(super) const LIBRARIES: &str = docs!("developer-tooling/overview");
pub(super) const CLI_INSTALL: &str = docs!("developer-tooling/local-development/hubspot-cli/install-the-cli");
pub(super) const CMS_COMMANDS: &str = docs!("developer-tooling/local-development/hubspot-cli/commands/cms-commands");
pub(super) const PROJECT_COMMANDS: &str = docs!("developer-tooling/local-development/hubspot-cli/project-commands");
pub(super) const OAUTH: &str = docs!("apps/developer-platform/build-apps/authentication/oauth/working-with-oauth");
pub(super) const OAUTH_TOKENS: &str = docs!("api-reference/latest/authentication/manage-oauth-tokens");
pub(super) const OAUTH_ERRORS: &str = changelog!("new-oauth-v3-api-endpoints-and-standardized-error-responses");
pub(super) const OAUTH_V1_END: &str = changelog!("v1-oauth-api-deprecation");
pub(super) const INSTALL: &str = "https://knowledge.hubspot.com/integrations/resolve-a-request-for-integration-permissions-error";
pub(super) const CONNECTED_APPS: &str = "https://knowledge.hubspot.com/integrations/manage-your-connected-apps";
pub(super) const SCOPES: &str = docs!("apps/developer-platform/build-apps/authentication/scopes");
pub(super) const REDIRECTS: &str = changelog!("upcoming-public-apps-will-require-a-redirect-url-in-the-auth-settings");
pub(super) const SIGNATURES: &str = docs!("apps/developer-platform/build-apps/authentication/request-validation");
pub(super) const WEBHOOKS: &str = docs!("api/webhooks");
pub(super) const FETCHING: &str = docs!("apps/developer-platform/add-features/ui-extensibility/fetching-data");
pub(super) const SEARCH: &str = docs!("api-reference/latest/crm/search-the-crm");
pub(super) const OBJECTS: &str = docs!("api-reference/latest/crm/using-object-apis");
pub(super) const ASSOCIATIONS: &str = docs!("api-reference/latest/crm/associations/associate-records/guide");
pub(super) const PROPERTIES: &str = docs!("api-reference/latest/crm/properties/guide");
pub(super) const PIPELINES: &str = docs!("api-reference/latest/crm/pipelines/guide");
pub(super) const OWNERS: &str = docs!("api-reference/latest/crm/owners/guide");
pub(super) const SCHEMAS: &str = docs!("api-reference/latest/crm/objects/schemas/guide");
pub(super) const ACCOUNT: &str = docs!("api-reference/latest/account/account-information/guide");
pub(super) const TRACKED_LIMITS: &str = docs!("api-reference/crm-limits-tracking-v3/guide");
pub(super) const LISTS: &str = docs!("api-reference/legacy/crm/lists/v1-list-api-migration-guide");
pub(super) const FORMS: &str = "https://legacydocs.hubspot.com/docs/methods/forms/submit_form";
pub(super) const EMBED: &str = docs!("cms/start-building/features/forms/legacy-forms");
pub(super) const FORMS_VALIDATION: &str = changelog!("validation-change-to-the-forms-api-submission-endpoints");
pub(super) const VALIDATION: &str = changelog!("crm-api-write-validation-enforcement");
pub(super) const CARDS: &str = docs!("apps/developer-platform/build-apps/migrate-an-app/migrate-legacy-crm-cards-to-app-cards");
pub(super) const ROUTING: &str = "https://product.hubspot.com/blog/routing-api-traffic";
pub(super) const DEPRECATED: &str = docs!("api-reference/deprecated-apis");
