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
        cause: "cli-permission",
        title: "the person or the account may not do this with the command line",
        source: Source::Client("@hubspot/cli"),
        page: pages::PERSONAL_KEY,
        says: &[
            "your account has been removed from&or your permission set",
            "you don't have access to this action. ask an account admin",
            "your account does not have access to this action",
            "couldn't run the sync because you are not a super admin",
            "does not have access to hubspot projects",
            "you must opt in to theme migration beta",
            "must be enrolled in the beta to use platform version",
        ],
        because: "the personal access key is accepted, and its user, or the account, is not allowed what the command does",
        remedy: &[
            "have a super admin of the account give the user the permission, or run the command with the key of a user who has it",
            "look with `hs account list` whether the command works on the account that you mean: betas and features belong to an account",
        ],
        ..ROW
    },
    Said {
        cause: "cli-missing",
        title: "HubSpot's command line is not installed, or not on the PATH",
        source: Source::Files,
        page: pages::CLI_INSTALL,
        judge: Some(missing),
        because: "",
        ..ROW
    },
    Said {
        cause: "cli-outdated",
        title: "the installed command line does not fit the project or Node.js",
        source: Source::Client("@hubspot/cli"),
        page: pages::CLI_INSTALL,
        says: &[
            "is not officially supported by this version of the cli",
            "minimum node version is not met",
            "update your cli to the latest version with",
            "the hubspot cli requires node",
            "is not supported for platform version&instead to develop locally",
        ],
        judge: Some(outdated),
        because: "the command line, the project's platformVersion and Node.js each support a range of the others, and one of them is too old or too new here",
        remedy: &[
            "update the command line: npm install -g @hubspot/cli@latest; compare `node --version` with the version of Node.js that it asks for",
            "compare platformVersion in hsproject.json with the versions that HubSpot supports",
        ],
        ..ROW
    },
    Said {
        cause: "cli-fault",
        title: "the command line itself fails",
        source: Source::Thread("HubSpot/hubspot-cli#622"),
        page: pages::CLI_INSTALL,
        judge: Some(fault),
        because: "",
        ..ROW
    },
    Said {
        cause: "cli-upload-limit",
        title: "the command line sends more than HubSpot takes in a minute",
        source: Source::Thread("HubSpot/hubspot-cli#1036"),
        page: pages::CMS_COMMANDS,
        says: &["rate limit exceeded for creating files", "surpassed the rate limit. retry in"],
        because: "HubSpot counts the files that a person uploads in a minute, and the command line reached that limit",
        remedy: &[
            "wait a minute and run the command again; upload the folders one after the other, or only what changed",
            "put what need not be uploaded into .hsignore (node_modules, sources, pictures that are already there)",
        ],
        ..ROW
    },
    Said {
        cause: "cli-timeout",
        title: "a call of HubSpot's command line took too long",
        source: Source::Client("@hubspot/cli"),
        page: pages::CLI_INSTALL,
        says: &[
            "exceeded the default http timeout of",
            "this error occurred because an http request timed out",
            "hubspot assets are unavailable at the moment",
        ],
        because: "the command line stopped waiting for HubSpot's answer; the timeout is a setting of its own",
        remedy: &[
            "run the command again, for less at once: one folder, a smaller table",
            "raise the timeout: `hs config set --http-timeout 60000` (milliseconds)",
        ],
        ..ROW
    },
    Said {
        cause: "cli-config-exists",
        title: "the command line has settings already",
        source: Source::Thread("HubSpot/hubspot-cli#310"),
        page: pages::PERSONAL_KEY,
        says: &[
            "the config file&hubspot.config.yml&already exists",
            "unable to create config file, because there is an existing one",
            "you are using our new global configuration for account management",
            "an account override file already exists at",
        ],
        because: "the command makes new settings, and there are settings in this folder, in a folder above it, or for the whole user",
        remedy: &[
            "add an account to the settings that are there: `hs account auth` (older versions: `hs auth`)",
            "delete or rename the file that the message names where a new one is wanted",
        ],
        ..ROW
    },
    Said {
        cause: "cli-config-invalid",
        title: "the settings of the command line can't be read",
        source: Source::Client("@hubspot/local-dev-lib"),
        page: pages::PERSONAL_KEY,
        says: &[
            "your hubspot config file is invalid",
            "confirm that your config file&is valid yaml",
            "insufficient permissions to access config file at",
            "config file could not be read:",
            "account&has no authtype",
            "at least one account in config is missing",
            "is missing the personalaccesskey field",
            "multiple accounts with accountid",
            "use_environment_hubspot_config and hubspot_config_path cannot both be set",
            "auth type is invalid. use hubspot_client_id",
            "hubspot.config.yml&yamlexception",
        ],
        because: "the file or the environment variables are there, and something in them is missing, is there twice, or is not valid YAML",
        remedy: &[
            "correct the entry that the message names, or write it again with `hs account auth`",
            "compare the file with the one that a fresh `hs account auth` writes: indentation counts in YAML",
        ],
        ..ROW
    },
    Said {
        cause: "project-not-found",
        title: "the command finds no project where it looks",
        source: Source::Client("@hubspot/cli"),
        page: pages::PROJECT_COMMANDS,
        says: &[
            "unable to locate a project configuration file",
            "could not find project configuration for upload",
            "this command must be run from within a project directory",
            "all project commands must be run from within a project directory",
            "project source directory&could not be found in",
            "your project&could not be found in",
            "does not exist in the target account",
            "but has no deployed build",
            "no builds for this project were found",
            "no successful builds for this project were found",
            "there aren't any functions in this project&hs ",
        ],
        certainty: crate::doctor::Certainty::Likely,
        because: "project commands work in the folder that has hsproject.json, and on the project of that name in the account that is set; one of the two is not there, or has no build that was deployed",
        remedy: &[
            "change to the folder with hsproject.json, or give the project's name as that file has it",
            "look with `hs account list` which account the command works on, and with `hs project list` which projects it has; upload and deploy the project once",
        ],
        ..ROW
    },
    Said {
        cause: "cli-port-in-use",
        title: "another program has the port that local development needs",
        source: Source::Client("@hubspot/local-dev-lib"),
        page: pages::PROJECT_COMMANDS,
        says: &[
            "failed to start portmanagerserver",
            "an instance of portmanagerserver is already running",
            "eaddrinuse&hs project dev",
            "eaddrinuse&@hubspot/",
        ],
        because: "`hs project dev` runs a server on this machine, and an earlier run or another program holds its port",
        remedy: &[
            "end the earlier run of `hs project dev`, in other windows too; the message names the port",
            "find the program that holds the port, and end it or give it another port",
        ],
        ..ROW
    },
    Said {
        cause: "fields-js-failed",
        title: "the file that makes the fields of a module or theme fails",
        source: Source::Client("@hubspot/local-dev-lib"),
        page: pages::CMS_COMMANDS,
        says: &[
            "there was an error loading js file&expected type",
            "there was an error converting&fields.js",
            "there was an error converting js file",
            ".mjs files are only supported when using node",
        ],
        because: "the command line runs fields.js on this machine, and it threw an error, or does not export a function that returns a list",
        remedy: &[
            "export a function as the module's default, and return a list of fields from it",
            "run the file with Node.js by itself: it shows the error in full",
        ],
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
        cause: "ui-extension-api",
        title: "the UI extension has no such function in its place",
        source: Source::Thread("HubSpot/ui-extensions-examples#110"),
        page: pages::FETCHING,
        says: &[
            "hubspot.fetch is not a function",
            "hubspot.serverless is not a function",
            "runserverlessfunction is not a function",
            "hubspot.fetch&not available",
            "hubspot.fetch&is undefined",
        ],
        certainty: crate::doctor::Certainty::Likely,
        because: "which functions a UI extension has depends on platformVersion, on the app's distribution, and on where the function comes from: hubspot.fetch is imported from @hubspot/ui-extensions, and is not among the extension's properties",
        remedy: &[
            "write import { hubspot } from \"@hubspot/ui-extensions\", update the package, and upload the project again",
            "an app for the marketplace calls its own backend with hubspot.fetch; functions of the project (hubspot.serverless) are for apps of one account",
        ],
        ..ROW
    },
    Said {
        cause: "function-limit",
        title: "the function that HubSpot runs needed too much time or memory",
        source: Source::Page(pages::CODE_ACTIONS),
        page: pages::CODE_ACTIONS,
        judge: Some(function_limit),
        because: "",
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
            "the request for&in account&was not found",
            "the delete of&in account&was not found",
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
            "portalid&is missing authentication configuration",
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
            "unable to load config from environment variables",
            "attempted to get config file path, but no config file was found",
            "a hubspot config file is required to run this command",
            "no accounts configured in the cli",
            "target account is not configured in the cli",
            "the specified account could not be found in the config file",
            "but that account was not found in config",
            "was not found in your config. run",
            "is missing in your config file",
            "no account config found for",
            "no test account config file exists at",
            "cli configuration not found",
            "(reading 'tokeninfo')",
            "cannot read property 'tokeninfo'",
            "hubspot_account_id is required, but not currently set",
            "configuration file could not be found at&hubspot",
        ],
        judge: Some(not_configured),
        because: "the command line finds no settings file, or no account of this name or ID in it",
        remedy: &[
            "run `hs account auth` (older versions: `hs init`, `hs auth`) in the folder or for the user that runs the command, and `hs account list` to see the accounts",
            "in a pipeline set HUBSPOT_ACCOUNT_ID (older versions: HUBSPOT_PORTAL_ID) and HUBSPOT_PERSONAL_ACCESS_KEY, and run the command with --use-env",
        ],
        ..ROW
    },
    Said {
        cause: "template-not-valid",
        title: "HubSpot does not take the template's HubL",
        source: Source::Thread("HubSpot/cms-elevate-theme-public#4"),
        page: pages::CMS_COMMANDS,
        judge: Some(template),
        because: "",
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
pub(super) const NOT_OF_THE_COMMAND_LINE: [&str; 13] = [
    "wrong-method",
    "path-unknown",
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

/// What the command line prints where it finds no settings, in words that other programs have too.
fn not_configured(facts: &Facts<'_>) -> Option<Found> {
    const BARE: [&str; 3] = ["no config file found", "no config file was found", "no accounts found"];
    (facts.shows_the_command_line() && BARE.iter().any(|words| facts.says(words))).then_some(())?;
    Found::certain("the command line finds no settings file in this folder or for this user, or no account in it")
        .so("run `hs account auth` (older versions: `hs init`, `hs auth`) in the folder or for the user that runs the command, and `hs account list` to see the accounts")
        .so("in a pipeline set HUBSPOT_ACCOUNT_ID (older versions: HUBSPOT_PORTAL_ID) and HUBSPOT_PERSONAL_ACCESS_KEY, and run the command with --use-env")
}

/// A shell that does not know the word `hs`.
fn missing(facts: &Facts<'_>) -> Option<Found> {
    const SHELLS: [&str; 9] = [
        "hs: command not found",
        "command not found: hs\n",
        "hs: not found",
        "'hs' is not recognized",
        "\"hs\" is not recognized",
        "the term 'hs' is not recognized",
        "hs : the term 'hs'",
        "unknown command: hs\n",
        "spawn hs enoent",
    ];
    let said = SHELLS.iter().any(|words| facts.says(words)) || facts.ends_with("command not found: hs");
    (said && (facts.shows_the_command_line() || facts.is_about_hubspot() || facts.says("hs: command not found") && facts.says("@hubspot")))
        .then_some(())?;
    Found::certain("the shell finds no program of the name hs: the command line is not installed for this user, or npm's folder of global programs is not on the PATH")
        .so("install it: npm install -g @hubspot/cli; then open a new shell, and run `hs --version`")
        .so("put the folder that `npm prefix -g` names (its bin on Linux and macOS) on the PATH; in a pipeline run it as npx --package=@hubspot/cli hs …")
}

/// An error that comes out of the command line's own files.
fn fault(facts: &Facts<'_>) -> Option<Found> {
    const OF_NODE: [&str; 4] = ["typeerror", "referenceerror", "rangeerror", "err_invalid_arg_type"];
    let own = ["node_modules/@hubspot/cli", "node_modules/@hubspot/local-dev-lib", "node_modules\\@hubspot\\cli"]
        .iter()
        .any(|path| facts.says(path));
    (own && OF_NODE.iter().any(|name| facts.says(name)) && facts.status().is_none()).then_some(())?;
    Found::likely("the error comes out of the command line's own code, and not from HubSpot's answer: a fault of this version, or a file or setting that it does not expect")
        .so("update it: npm install -g @hubspot/cli@latest, and run the command again with --debug")
        .so("look for the error among the issues of HubSpot/hubspot-cli, and try the version before the one that fails")
}

/// A function in HubSpot's account that HubSpot ended.
fn function_limit(facts: &Facts<'_>) -> Option<Found> {
    let place = ["custom code", "custom coded", "serverless function", "app function", "/_hcms/api/"].iter().any(|words| facts.says(words));
    let ended = [
        "timed out after",
        "task timed out",
        "function timed out",
        "memory limit",
        "out of memory",
        "signal: killed",
        "exceeded memory",
        "maximum execution time",
    ]
    .iter()
    .any(|words| facts.says(words));
    (place && ended && facts.is_about_hubspot()).then_some(())?;
    Found::likely("HubSpot ends a function of its own account that runs too long or needs too much: a custom code action has 20 seconds and 128 MB, a serverless function of the CMS 10 seconds and 128 MB")
        .so("do less in one run: call HubSpot in batches, wait for nothing that need not be awaited, and send long work to a server of your own")
        .so("set a timeout for each call that the function makes, so that one slow answer does not use up the time")
}

/// An error of HubL, HubSpot's language of templates.
fn template(facts: &Facts<'_>) -> Option<Found> {
    const SAID: [&str; 6] = [
        "unknowntagexception",
        "unknown tag&hs ",
        "unknown tag&[error]",
        "error(s) in template `",
        "syntax error in '{%",
        "templatesyntaxexception",
    ];
    let said = SAID.iter().any(|parts| facts.says_together(parts));
    (said && (facts.is_of_the_command_line() || facts.is_about_hubspot())).then_some(())?;
    Found::likely("HubSpot checks a template when it is uploaded, and one of its lines is not valid: a tag that HubL does not have, a tag that is not closed, or the path of a file that is not in the account")
        .so("look at the file and the line that the message names; of several errors the first one may cause the others")
        .so("for a path that does not exist upload that file first, or build it (dist/…) before the upload")
}

/// A method that HubSpot does not take from the command line: the program chose it, and not its user.
fn outdated(facts: &Facts<'_>) -> Option<Found> {
    const OF_NODE: [&str; 5] =
        ["err_require_esm", "err_unknown_builtin_module", "ebadengine", "unsupported engine", "does not provide an export named"];
    let syntax = facts.says("unexpected token") && !facts.says("json");
    if facts.says("@hubspot/cli") && (syntax || OF_NODE.iter().any(|words| facts.says(words))) {
        return Found::likely("the installed Node.js is too old for this version of the command line, or another program loads it in a way that it does not support")
            .so("compare `node --version` with the version that @hubspot/cli asks for, and update Node.js")
            .so("or install an older version of the command line: npm install -g @hubspot/cli@VERSION");
    }
    (facts.is_of_the_command_line() && facts.status() == Some(405)).then_some(())?;
    Found::likely("HubSpot does not take the call that the command line made: the installed version calls an address that HubSpot has changed, or the project's platformVersion is not for this account")
        .so("update the command line (npm install -g @hubspot/cli@latest), and run the command again with --debug: it shows the call")
        .so("compare platformVersion in hsproject.json with the versions that HubSpot supports")
}

fn api_key(facts: &Facts<'_>) -> Option<Found> {
    (facts.is_of_the_command_line() && facts.says("hapikey doesn't exist")).then_some(())?;
    API_KEY_REMEDY.iter().fold(Found::certain(API_KEY), |found, step| found.so(*step))
}

/// A 401 of the command line that names no reason.
pub(super) fn key_refused(facts: &Facts<'_>) -> Option<Found> {
    (facts.is_of_the_command_line() && facts.status() == Some(401)).then_some(())?;
    Found::likely("HubSpot refuses the personal access key with which the command line calls it: it was deactivated, was created again, or ended when its user left the account")
        .so("sign in to the account, create the key again, and run `hs account auth` (older versions: `hs auth personalaccesskey`)")
        .so("look whether the account ID and HUBSPOT_PERSONAL_ACCESS_KEY are of one account, where the command runs with --use-env")
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
    let lacking = [
        "app function scope is missing",
        "scope is missing on accountid",
        "personal access key&does not have the required scope",
        "the access key for&is missing required scopes",
        "your access key does not allow this action",
        "there are scopes missing in your production account",
    ];
    if lacking.iter().any(|parts| facts.says_together(parts)) {
        return Found::certain("the command line says that the personal access key of the account lacks a scope: a key has the permissions that were ticked when it was created")
            .so("create the personal access key again with the scope that the message names, and run `hs account auth` (older versions: `hs auth`)");
    }
    let refused = facts.status() == Some(403)
        || facts.is_category("MISSING_SCOPES")
        || ["hasn't been granted all required scopes", "was forbidden", "does not have proper permissions"]
            .iter()
            .any(|words| facts.says(words));
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
