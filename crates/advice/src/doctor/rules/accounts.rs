//! Limits of an account, its subscription, its people and HubSpot's calendar (hubspot facts, sections 1, 2 and 4).

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use super::{Facts, Found, Say};
use crate::doctor::Certainty::Likely;

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "creator-left",
        title: "the user who created the private app has lost their permissions",
        source: Source::Page(pages::PRIVATE_APPS),
        page: pages::PRIVATE_APPS,
        words: &["USER_DOES_NOT_HAVE_PERMISSIONS"],
        says: &["user_does_not_have_permissions"],
        because: "HubSpot answers USER_DOES_NOT_HAVE_PERMISSIONS where the user who created a legacy private app was removed or lost permissions",
        remedy: &[
            "rotate the app's token as a super admin, or add the user again",
            "move to a service key: it survives the user who created it",
        ],
        ..ROW
    },
    Said {
        cause: "person-lacks-permission",
        title: "the person that the token acts for may not do this",
        page: pages::AUTH,
        statuses: &[400, 403],
        in_answer: true,
        guesses: &[
            "user does not have permission",
            "user doesn't have permission",
            "you do not have permissions",
            "you don't have permission",
            "does not have access to this object",
            "user is not allowed",
        ],
        because: "a scope opens an operation for the app; the person behind the token also needs the permission in HubSpot's settings",
        remedy: &[
            "give the person the permission under Settings > Users & Teams, or connect as a super admin",
            "use a service key for work that is nobody's own",
        ],
        ..ROW
    },
    Said {
        cause: "project-account-kind",
        title: "the project has a part that this kind of account can't have",
        source: Source::Thread("HubSpot/hubspot-local-dev-lib#169"),
        page: pages::VERSIONS,
        says: &[
            "only supported by developer accounts",
            "only supported by production accounts",
            "only public apps created in a developer account can be converted",
            "static auth apps can't be installed into the app developer account",
            "sandboxes must be created from a production account",
            "is not a standard account, developer test account, or app developer account",
            "does not have access to development sandboxes",
        ],
        because: "`hs project upload` sends to the default account, and public apps go to developer accounts while private apps go to standard accounts and sandboxes",
        remedy: &["choose another default account with `hs account use`, or name one with --account"],
        ..ROW
    },
    Said {
        cause: "salesforce-sync-refused",
        title: "Salesforce refuses what HubSpot's sync writes",
        source: Source::Page(pages::SALESFORCE),
        page: pages::SALESFORCE,
        judge: Some(salesforce),
        because: "",
        ..ROW
    },
    Said {
        cause: "app-not-yours",
        title: "the credential does not manage this app",
        source: Source::Thread("HubSpot/hubspot-php#119"),
        page: pages::DEVELOPER_KEY,
        statuses: &[401, 403, 404],
        says: &["have access to this application"],
        because: "the path names an app, and the key or token belongs to another developer account, or to another app",
        remedy: &[
            "compare the app ID in the path with the one on the app's page, and use the developer API key of the account that owns it",
            "for events of an app use a token that the app itself was given when it was installed",
        ],
        ..ROW
    },
    Said {
        cause: "key-of-other-account",
        title: "the key is not of the account that the program names",
        source: Source::Thread("HubSpot/hubspot-cms-deploy-action#25"),
        page: pages::PERSONAL_KEY,
        says: &["account id provided&isn't valid"],
        guesses: &["account id provided&is not valid", "portal id provided&isn't valid"],
        because: "HubSpot reads the account from the key; the account ID that came with it is another, so for this key it is as if nothing were installed there",
        remedy: &[
            "look at both settings of the place that fails: the account ID and the personal access key must be a pair (in a pipeline they are two secrets)",
            "make a key while the account is open in HubSpot: `hs auth` names it",
        ],
        ..ROW
    },
    Said {
        cause: "mcp-no-registration",
        title: "HubSpot's MCP server registers no clients",
        source: Source::Thread("preset-io/agor#1957"),
        page: pages::OAUTH,
        says: &["mcp.hubspot.com/register", "dynamic client registration&mcp.hubspot.com", "dynamic client registration&hubspot"],
        because: "the program asks for OAuth's dynamic client registration (RFC 7591), which mcp.hubspot.com does not offer",
        remedy: &[
            "create an MCP auth app in HubSpot (Development > MCP Auth Apps) with the program's redirect URL",
            "give its client ID and client secret to the program, in place of a registration",
        ],
        ..ROW
    },
    Said {
        cause: "token-not-oauth",
        title: "the endpoint describes OAuth tokens only",
        source: Source::Thread("HubSpot/hubspot-api-nodejs#530"),
        page: pages::OAUTH_TOKENS,
        says: &["access token must have the correct format"],
        because: "this endpoint reads access tokens of OAuth apps; a private-app token, a service key or a part of a token has another form",
        remedy: &[
            "ask what a pat-… token is with `keyway doctor --credential-env NAME`, or POST /oauth/v2/private-apps/get/access-token-info",
            "check that the value is whole, and that no word such as Bearer is in the path",
        ],
        ..ROW
    },
    Said {
        cause: "template-exists",
        title: "another template is at this path",
        source: Source::Thread("HubSpot/hubspot-cli#216"),
        page: pages::ERRORS,
        says: &["template with id&already exists"],
        because: "the design manager has a template of another kind, or a read-only one, at the path of the upload",
        remedy: &[
            "choose another path, or delete or rename the template that has the path; a coded file can't replace a drag-and-drop one",
        ],
        ..ROW
    },
    Said {
        cause: "app-blocked",
        title: "the account does not let the app in",
        page: pages::AUTH,
        statuses: &[401, 403],
        guesses: &["app is not allowed to access this portal"],
        because: "HubSpot refuses the app itself, whatever scopes it has: the account or HubSpot has blocked it",
        remedy: &[
            "ask a super admin of the account whether the app is blocked (Settings > Integrations > Connected apps)",
            "add no scopes because of this answer: they do not change it",
        ],
        ..ROW
    },
    Said {
        cause: "subscription-too-small",
        title: "the account's subscription does not include this",
        source: Source::Thread("HubSpot/ui-extensions-examples#19"),
        page: pages::TIERS,
        statuses: &[400, 402, 403],
        alone: &[402],
        says: &[
            // The command line says so where the account has no serverless functions.
            "folder name cannot end with .functions",
            "does not have access to this feature",
            "enterprise is required to use",
            "professional is required to use",
        ],
        guesses: &[
            "doesn't have access to this feature",
            "account&doesn't have access to",
            "requires&enterprise",
            "requires&professional",
            "upgrade your",
            "isn't allowed to create custom objects",
            "not available for your subscription",
            "not entitled",
            "portal does not have access",
            "payment required",
            "requires a paid",
            "paid tier",
            "paid plan",
            "your account doesn't have access",
        ],
        certainty: Likely,
        because: "the operation belongs to a hub or a tier that the account does not have; no scope opens it",
        remedy: &["look at HubSpot's table of APIs by tier", "test in a developer test account, which has all hubs for a time"],
        ..ROW
    },
    Said {
        cause: "account-limit-reached",
        title: "the account has as many of these as it may have",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        page: pages::TRACKED_LIMITS,
        statuses: &[400, 403, 409],
        words: &["PORTAL_WIDE_CUSTOM_OBJECT_LIMIT_EXCEEDED"],
        says: &["reached the limit of&sandboxes", "reached the limit of&developer test accounts"],
        guesses: &[
            "has reached its limit of",
            "limit of custom",
            "maximum number of custom",
            "maximum number of properties",
            "already has the maximum",
            "portal&reached&limit of",
            "limit&unique properties",
            "exceeded the limit of",
        ],
        because: "the account's limit of properties, unique properties (ten of a type), object types, pipelines, lists or records is reached",
        remedy: &["read the limits and their use under GET /crm/limits/2026-09/…", "delete what is not used, or raise the subscription"],
        ..ROW
    },
    Said {
        cause: "account-inactive",
        title: "the account is closed or suspended",
        source: Source::Client("@hubspot/api-client, EmailSendStatusView"),
        page: pages::ACCOUNT,
        words: &["PORTAL_SUSPENDED", "PORTAL_EXPIRED"],
        guesses: &[
            "portal is not active",
            "account is not active",
            "account has been suspended",
            "portal has been deactivated",
            "account has expired",
            "hub&is inactive",
            "portal&is inactive",
            "account has been deactivated",
        ],
        because: "HubSpot takes no calls for this account: it was closed, is suspended, or a test account that nobody used for 90 days has ended",
        remedy: &[
            "sign in to the account, and read HubSpot's mails to its super admins",
            "create a new test account, and a new credential in it",
        ],
        ..ROW
    },
    Said {
        cause: "app-uninstalled",
        title: "the account has uninstalled the app",
        page: pages::OAUTH,
        guesses: &["app&has been uninstalled", "app is not installed", "app&was uninstalled"],
        because: "the token's install is over, so neither it nor its refresh token works",
        remedy: &["stop calling for this account, and have a person install the app again"],
        ..ROW
    },
    Said {
        cause: "token-deactivated",
        title: "HubSpot deactivated the token",
        page: pages::PRIVATE_APPS,
        guesses: &[
            "token has been deactivated",
            "token&deactivated",
            "found in a public repository",
            "exposed token",
            "token has been revoked",
            "token was revoked",
        ],
        because: "the token was rotated, its app was deleted, or HubSpot found it in a public repository and deactivated it",
        remedy: &[
            "rotate the token on its page, and put the new one into the environment",
            "`keyway scan --history` finds the places of the old one",
        ],
        ..ROW
    },
    Said {
        cause: "hapikey-removed",
        title: "API keys are not accepted any more",
        source: Source::Thread("hubspot-net/HubSpot.NET#131"),
        page: pages::HAPIKEY_END,
        says: &["hapikey doesn't exist", "api key provided is invalid. view or manage your api key"],
        // HubSpot's note on the pages of its old reference.
        unless: &["november 30, 2022&instead"],
        guesses: &[
            "hapikey provided is invalid",
            "api key&invalid&hapikey",
            "api keys are no longer",
            "api key&no longer supported",
            "hapikey&no longer",
            "api key is invalid",
            "this api key is not valid",
            "hapikey&deprecated",
        ],
        certainty: Likely,
        judge: Some(super::credentials::hapikey),
        because: "HubSpot says that the API key does not exist: account-wide keys (hapikey) were removed on 2022-11-30, and a token in their place is not accepted either",
        remedy: &[
            "create a service key with the scopes that the integration needs (HubSpot: Development > Keys > Service keys)",
            "send it as Authorization: Bearer TOKEN in place of ?hapikey=; `keyway fix` changes this in code, and `keyway plan` names the scopes",
            "give a caller that can't be changed a key of Keyway's: `keyway token legacy-key`",
        ],
        ..ROW
    },
    Said {
        cause: "private-app-creation-ended",
        title: "legacy private apps can't be created any more",
        page: pages::PRIVATE_APP_END,
        guesses: &[
            "private app&can no longer be created",
            "creating private apps&no longer",
            "create&private app&no longer",
            "legacy private app&creation",
            "private apps&can't be created",
            "private app&creation is disabled",
            "unable to create&private app",
        ],
        because: "HubSpot closed the creation of legacy private apps, on 2026-09-28 for new accounts and on 2026-10-26 for older ones; existing tokens work on",
        remedy: &[
            "create a service key for calls of the API",
            "create a project app with static auth where webhooks or UI extensions are needed: hs project create --distribution private --auth static",
        ],
        ..ROW
    },
    Said {
        cause: "public-app-creation-ended",
        title: "legacy public apps can't be created any more",
        page: pages::PUBLIC_APP_END,
        guesses: &[
            "public app&can no longer be created",
            "create&public app&no longer",
            "legacy public app&creation",
            "legacy apps&can't be created",
            "public app creation&disabled",
        ],
        because: "HubSpot closed the creation of legacy public apps in 2026; apps are projects of the developer platform now",
        remedy: &["create a project app with OAuth: hs project create", "move an existing app with HubSpot's migration of legacy apps"],
        ..ROW
    },
    Said {
        cause: "crm-card-ended",
        title: "classic CRM cards have ended",
        page: pages::CARDS,
        guesses: &["crm card&no longer", "classic crm card", "legacy crm card", "crm cards&sunset", "extensions/cards&no longer"],
        certainty: Likely,
        because: "classic CRM cards stopped on 2026-10-31",
        remedy: &["build an app card in a project of the developer platform"],
        ..ROW
    },
    Said {
        cause: "version-unsupported",
        title: "the API's version or the platform's version is not supported",
        source: Source::Client("@hubspot/cli, PLATFORM_VERSION_ERROR_TYPES"),
        page: pages::VERSIONS,
        says: &["platform_version_retired", "platform_version_specified_does_not_exist", "platform_version_not_specified"],
        guesses: &[
            "unsupported api version",
            "api version&not supported",
            "api version&no longer supported",
            "platformversion&not supported",
            "platform version&no longer",
            "version&has been sunset",
            "endpoint has been sunset",
            "this api has been deprecated",
            "api has been sunset",
        ],
        because: "HubSpot supports a dated version for 18 months, and projects on an ended platform version can't be built",
        remedy: &[
            "move to the newest version: `keyway scan` finds the calls, and `keyway fix` moves those whose shapes agree",
            "set platformVersion in hsproject.json to a supported one",
        ],
        ..ROW
    },
    Said {
        cause: "gone",
        title: "HubSpot has removed the endpoint",
        source: Source::Thread("jpetrucciani/hubspot3#138"),
        page: pages::MIGRATION,
        alone: &[410],
        says: &["410 gone", "endpoint because it is deprecated"],
        guesses: &["endpoint is no longer available", "resource is no longer available", "has been removed&endpoint"],
        because: "HubSpot says that the endpoint does not come back",
        remedy: &["look for its successor in HubSpot's migration guide; `keyway scan` names it for calls that it knows"],
        ..ROW
    },
    Said {
        cause: "email-send-refused",
        title: "the e-mail is not sent to this person",
        source: Source::Client("@hubspot/api-client, EmailSendStatusView"),
        statuses: &[400, 403, 409],
        words: &[
            "PREVIOUSLY_BOUNCED",
            "PREVIOUS_SPAM",
            "EMAIL_UNCONFIRMED",
            "NON_MARKETABLE_CONTACT",
            "INVALID_TO_ADDRESS",
            "BLOCKED_ADDRESS",
            "QUARANTINED_ADDRESS",
            "BLOCKED_DOMAIN",
            "ADDRESS_OPTED_OUT",
            "PREVIOUSLY_UNSUBSCRIBED_PORTAL",
            "PREVIOUSLY_UNSUBSCRIBED_MESSAGE",
            "GRAYMAIL_SUPPRESSED",
            "RECIPIENT_FATIGUE_SUPPRESSED",
        ],
        guesses: &["is not a marketing contact", "previously bounced"],
        because: "the person has opted out, an earlier e-mail bounced, or the contact is not a marketing contact",
        remedy: &[
            "treat the contact as not reachable by e-mail; an opt-out can't be taken back through the API",
            "set the contact as marketing contact where that is the reason",
        ],
        ..ROW
    },
];

/// A code of Salesforce's beside HubSpot's sync.
fn salesforce(facts: &Facts<'_>) -> Option<Found> {
    const CODES: [&str; 12] = [
        "field_custom_validation_exception",
        "insufficient_access_or_readonly",
        "insufficient_access_on_cross_reference_entity",
        "required_field_missing",
        "duplicates_detected",
        "cannot_insert_update_activate_entity",
        "unable_to_lock_row",
        "field_filter_validation_exception",
        "invalid_or_null_for_restricted_picklist",
        "bad_value_for_restricted_picklist",
        "string_too_long",
        "invalid_cross_reference_key",
    ];
    let code = CODES.iter().find(|code| facts.says(code))?;
    let of_the_sync = [
        "hubspot sync",
        "hubspot-salesforce",
        "salesforce sync",
        "salesforce integration",
        "sync errors",
        "sync error",
        "hubspot integration user",
    ];
    (facts.says("hubspot") && of_the_sync.iter().any(|words| facts.says(words)) && facts.status().is_none() && !facts.to_hubspot())
        .then_some(())?;
    Found::likely(format!(
        "{} is Salesforce's code: the sync between HubSpot and Salesforce wrote a record, and a rule, a trigger, a permission or a required field of Salesforce refused it; HubSpot's API has no part in it",
        code.to_ascii_uppercase()
    ))
    .so("look in HubSpot under Settings > Integrations > Connected apps > Salesforce > Sync Health for the record and the field")
    .so("have the Salesforce administrator check the rule or the trigger, and the permissions of the integration user; then choose Resync")
}
