//! The files of a HubSpot developer-platform project for an app: `hsproject.json` and
//! `src/app/app-hsmeta.json` (hubspot facts, section 1; their form is that of HubSpot's own parser).

use serde_json::{Value, json};

use super::{CredentialKind, PlannedApp};

/// The platform version of new projects.
const PLATFORM_VERSION: &str = "2026.03";
/// The longest uid and name that are written; HubSpot's parser accepts 64 characters.
const UID_MAX: usize = 64;

/// A file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    /// Relative, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The files of an app's project; none for an app that needs no project.
pub fn files(app: &PlannedApp) -> Vec<ProjectFile> {
    let oauth = match app.credential {
        CredentialKind::ProjectApp => false,
        CredentialKind::Oauth => true,
        CredentialKind::ServiceKey | CredentialKind::None => return Vec::new(),
    };
    let uid = uid(&app.name);
    let mut scopes: Vec<&str> = app.scopes.iter().map(|reason| &*reason.scope).collect();
    if oauth && !scopes.contains(&"oauth") {
        scopes.insert(0, "oauth");
    }
    let mut auth = json!({ "type": if oauth { "oauth" } else { "static" }, "requiredScopes": scopes, "optionalScopes": [], "conditionallyRequiredScopes": [] });
    if oauth {
        auth["redirectUrls"] = json!(["http://localhost:3000/oauth-callback"]);
    }
    let meta = json!({
        "uid": uid,
        "type": "app",
        "config": {
            "name": app.name,
            "description": format!("Planned by Keyway for {}", app.name),
            "distribution": if oauth { "marketplace" } else { "private" },
            "auth": auth,
            "permittedUrls": { "fetch": [], "iframe": [], "img": [] },
        },
    });
    let project = json!({ "name": uid, "srcDir": "src", "platformVersion": PLATFORM_VERSION });
    let file = |path: &str, value: &Value| ProjectFile { path: format!("{uid}/{path}"), text: format!("{value:#}\n") };
    vec![file("hsproject.json", &project), file("src/app/app-hsmeta.json", &meta)]
}

/// A name that HubSpot's parser accepts and that is a single folder.
fn uid(name: &str) -> String {
    let mut uid: String =
        name.chars().map(|one| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' }).take(UID_MAX).collect();
    while uid.contains("--") {
        uid = uid.replace("--", "-");
    }
    let uid = uid.trim_matches('-');
    if uid.is_empty() { "app".to_owned() } else { uid.to_owned() }
}
