//! HubSpot's command line (`hs`), and what it uploads: projects and templates.

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use super::{Facts, Found, Say};

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "cli-argument-unknown",
        title: "HubSpot's command line has no such command or option",
        source: Source::Thread("HubSpot/hubspot-cli#1631"),
        page: pages::CMS_COMMANDS,
        judge: Some(argument_unknown),
        because: "the installed version of the command line does not have the command or option",
        ..ROW
    },
    Said {
        cause: "cli-api-key",
        title: "HubSpot's command line does not take API keys",
        source: Source::Thread("HubSpot/hubspot-cli#324"),
        page: pages::PERSONAL_KEY,
        says: &["unsupported auth type: apikey"],
        judge: Some(api_key),
        because: API_KEY,
        remedy: &API_KEY_REMEDY,
        ..ROW
    },
    Said {
        cause: "cli-key-lacks-scope",
        title: "the personal access key may not do this",
        source: Source::Thread("HubSpot/hubspot-cli#314"),
        page: pages::PERSONAL_KEY,
        judge: Some(key_lacks_scope),
        because: "",
        ..ROW
    },
    Said {
        cause: "project-build-failed",
        title: "a file of the project is missing or not valid",
        source: Source::Thread("HubSpot/hubspot-cli#1550"),
        page: pages::PROJECT_COMMANDS,
        says: &[
            "errors building this component",
            "failed with the following error&[error]",
            "components failed to build&hubspot",
            "build #&failed&hsproject",
            "error while building the project",
            "match the associated scheme",
            "object name is not in the allowlist",
            "missing required field: 'uid'",
            "missing required field: 'type'",
            "missing required field: 'config'",
            "hsproject.json&is missing required field",
            "failed to parse&hsproject.json",
        ],
        // The packages of the project have a cause of their own.
        unless: &["npm ci", "npm install&failed", "module not found", "cannot find module", "could not resolve"],
        because: "HubSpot took the upload and could not build a part of it; the lines below the error name the file, and the field that is missing or has a value that HubSpot does not take",
        remedy: &[
            "correct the field that the line names ($.data.fetch is the field fetch in data), and upload again",
            "compare the file with HubSpot's example for the platformVersion in hsproject.json: the fields differ between versions",
            "for an object name that is not in the allowlist ask HubSpot to approve the name; until then no upload with it succeeds",
        ],
        ..ROW
    },
    Said {
        cause: "project-packages",
        title: "HubSpot's build can't install or find a package of the project",
        source: Source::Thread("HubSpot/hubspot-cli#1589"),
        page: pages::PROJECT_COMMANDS,
        judge: Some(packages),
        because: "",
        ..ROW
    },
    Said {
        cause: "package-file-missing",
        title: "a file is missing inside of a HubSpot package",
        source: Source::Thread("HubSpot/ui-extensions-examples#104"),
        page: pages::FETCHING,
        says: &[
            "cannot find module './&node_modules/@hubspot/",
            "cannot find module '../&node_modules/@hubspot/",
            "enoent&node_modules/@hubspot/",
        ],
        certainty: crate::doctor::Certainty::Likely,
        because: "the package is there, and a file that it loads is not: this version was published or installed in part, or it is meant for HubSpot's own build (UI extensions) and not for Node.js",
        remedy: &[
            "remove node_modules and the lock file's entry, and install the package again, or another version of it",
            "do not load packages of UI extensions in a program of your own, in server-side rendering or in plain tests: HubSpot's build supplies what they need",
        ],
        ..ROW
    },
    Said {
        cause: "cli-path-unknown",
        title: "the path of the command does not exist",
        source: Source::Client("@hubspot/cli"),
        page: pages::CMS_COMMANDS,
        says: &[
            "is not a path to a folder in the design manager",
            "is not a path to a file in the design manager",
            "is not a path to a file or folder&hs ",
            "is not a path to a folder&hs ",
            "is not a path to a file&hs ",
        ],
        guesses: &["design manager&does not exist", "design manager&not found", "no file or folder&design manager"],
        because: "the command names a file or folder by a path that is not there: not in the account's Design Manager, or not on this machine",
        remedy: &[
            "look at the path's spelling and capitals: `hs cms list` (older versions: `hs list`) shows what the account has",
            "look with `hs account list` whether the command works on the account that you mean",
        ],
        ..ROW
    },
    Said {
        cause: "project-locked",
        title: "somebody develops the project at this moment",
        source: Source::Client("@hubspot/cli"),
        page: pages::PROJECT_COMMANDS,
        says: &["your project is locked"],
        because: "another run of `hs project dev` or `hs project watch` holds the project, or ended without giving it back",
        remedy: &[
            "end the other run, or ask the person who started it",
            "if nobody works on the project, unlock it on its page in HubSpot (Development > Projects)",
        ],
        ..ROW
    },
    Said {
        cause: "cli-not-configured",
        title: "HubSpot's command line has no settings for the account",
        source: Source::Client("@hubspot/local-dev-lib"),
        page: pages::PERSONAL_KEY,
        says: &[
            "no account with name&exists in config",
            "no account with id&exists in config",
            "no default account was found in config",
            "but no account with that id exists in config",
            "hubspot.config.yml not found",
            "hubspot.config.yml does not exist",
            "hubspot.config.yml&no such file",
            "hubspot.config.yml could not be found",
            "hubspot.config.yml file not found",
            "hscli/config.yml&not found",
            "no hubspot.config.yml",
            "cannot find&hubspot.config.yml",
            "could not find&hubspot.config.yml",
            "no config file found at&hubspot",
            "no config file found at&hscli",
            "config file was not found&hs init",
            "config file not found&hs init",
            "unable to load config from environment variables: missing",
            "hubspot_account_id is required, but not currently set",
            "your hubspot config file is invalid",
            "configuration file could not be found at&hubspot",
            "is missing the personalaccesskey field",
        ],
        because: "the command line finds no settings file, or no account of this name or id in it",
        remedy: &[
            "run `hs account auth` (older versions: `hs init`, `hs auth`) in the folder or for the user that runs the command, and `hs account list` to see the accounts",
            "in a pipeline set HUBSPOT_ACCOUNT_ID (older versions: HUBSPOT_PORTAL_ID) and HUBSPOT_PERSONAL_ACCESS_KEY, and run the command with --use-env",
        ],
        ..ROW
    },
    Said {
        cause: "template-tag-missing",
        title: "the template lacks a tag that HubSpot requires",
        source: Source::Thread("HubSpot/hubspot-cli#606"),
        page: pages::CMS_COMMANDS,
        says: &["does not include the tag&standard_header_includes", "does not include the tag&standard_footer_includes"],
        guesses: &["missing&standard_header_includes", "missing&standard_footer_includes"],
        because: "each template of a page needs {{ standard_header_includes }} in its head and {{ standard_footer_includes }} before the end of its body; without them HubSpot's scripts and styles are not on the page",
        remedy: &[
            "add both tags to the template, or to the layout that it extends",
            "upload the layout before the templates that extend it: older versions of the command line check each file by itself",
        ],
        ..ROW
    },
];

/// Causes of calls that a program makes with a credential of its own. The command line has its own credential, and its own
/// causes.
pub(super) const NOT_OF_THE_COMMAND_LINE: [&str; 11] = [
    "hapikey-removed",
    "missing-scopes",
    "scopes-unnamed",
    "scope-misnamed",
    "scope-not-selectable",
    "token-refused",
    "token-dead",
    "token-missing",
    "token-not-in-header",
    "undecodable-token",
    "access-token-expired",
];

const API_KEY: &str = "HubSpot removed the account's API keys on 2022-11-30, and the command line signs in with a personal access key, which belongs to a person and an account; a service key or a private app's token does not do";
const API_KEY_REMEDY: [&str; 2] = [
    "create a personal access key in HubSpot, run `hs account auth` (older versions: `hs init`, `hs auth personalaccesskey`) and paste it",
    "in a pipeline set HUBSPOT_PERSONAL_ACCESS_KEY in place of HUBSPOT_API_KEY, and remove apiKey and authType: apikey from hubspot.config.yml",
];

fn api_key(facts: &Facts<'_>) -> Option<Found> {
    (facts.is_of_the_command_line() && facts.says("hapikey doesn't exist")).then_some(())?;
    API_KEY_REMEDY.iter().fold(Found::certain(API_KEY), |found, step| found.so(*step))
}

/// A 401 of the command line that names no reason.
pub(super) fn key_refused(facts: &Facts<'_>) -> Option<Found> {
    (facts.is_of_the_command_line() && facts.status() == Some(401)).then_some(())?;
    Found::likely("HubSpot refuses the personal access key with which the command line calls it: it was deactivated, was created again, or ended when its user left the account")
        .so("sign in to the account, create the key again, and run `hs account auth` (older versions: `hs auth personalaccesskey`)")
        .so("look whether the account id and HUBSPOT_PERSONAL_ACCESS_KEY are of one account, where the command runs with --use-env")
}

/// A build at HubSpot that fails for a package.
fn packages(facts: &Facts<'_>) -> Option<Found> {
    let builds = facts.shows_a_build();
    let install =
        ["npm ci", "npm install", "npm error", "npm err!", "eusage", "eresolve", "package-lock.json"].iter().any(|words| facts.says(words));
    let import = ["module not found", "cannot find module", "could not resolve", "can't resolve", "cannot resolve"]
        .iter()
        .any(|words| facts.says(words));
    (builds && (install || import)).then_some(())?;
    if install {
        return Found::certain("HubSpot's build installs the packages of each part of the project with npm, and npm failed: as a rule package-lock.json is missing or does not fit package.json, or a package wants another version of Node.js")
            .so("run npm install in the folder that has the package.json of this part, and upload with the package-lock.json that it writes")
            .so("if it stays, run npm ci in that folder: it shows the same error, and the lines above it say why");
    }
    Found::certain("a part of the project imports a module that HubSpot's build does not find: the name is misspelt, the package lacks this path, or package.json does not list it")
        .so("compare the import with what the package exports in the installed version, for instance @hubspot/ui-extensions")
        .so("add the package to the package.json of this very part of the project, and upload again")
}

fn key_lacks_scope(facts: &Facts<'_>) -> Option<Found> {
    let lacking =
        ["app function scope is missing", "scope is missing on accountid", "personal access key&does not have the required scope"];
    if lacking.iter().any(|parts| facts.says_together(parts)) {
        return Found::certain("the command line says that the personal access key of the account lacks a scope: a key has the permissions that were ticked when it was created")
            .so("create the personal access key again with the scope that the message names, and run `hs account auth` (older versions: `hs auth`)");
    }
    let refused = facts.status() == Some(403)
        || facts.is_category("MISSING_SCOPES")
        || ["hasn't been granted all required scopes", "was forbidden"].iter().any(|words| facts.says(words));
    (facts.is_of_the_command_line() && refused).then_some(())?;
    Found::likely("the command line calls HubSpot with a personal access key: it has the permissions that were ticked when it was created, and never more than its user has in this account")
        .so("look in the account whether the user may do this (Design Manager, developer tools, HubDB), and whether the subscription has it")
        .so("create the personal access key again with the permission ticked, and run `hs account auth`")
        .so("look with `hs account list` whether the command works on the account that you mean")
}

/// A command or an option that the command line does not have.
fn argument_unknown(facts: &Facts<'_>) -> Option<Found> {
    let said = ["unknown argument", "unknown command"].iter().any(|words| facts.says(words));
    (said && facts.shows_the_command_line()).then_some(())?;
    Found::certain("the installed version of the command line does not have the command or option: versions 7 and 8 renamed some (`hs upload` is `hs cms upload` now, and --mode is --cms-publish-mode)")
        .so("read `hs COMMAND --help` of the installed version")
        .so("compare `hs --version` with the version that the guide is for, and update with npm install -g @hubspot/cli@latest")
}
