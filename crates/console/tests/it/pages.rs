//! The console is a client of the admin API: it has its types, and reaches past it only where nobody is signed in.

use std::fs::read_to_string;
use std::path::Path;

/// Pages before somebody is signed in: there is nobody in whose name the API could be called. `callback` is the way back
/// from HubSpot's consent page, which the state of its address authenticates. `approvals` asks one thing: whether this
/// server signed the link of a notification.
const PAST_THE_API: [&str; 5] = ["approvals.rs", "callback.rs", "oidc.rs", "set_up.rs", "sign_in.rs"];

/// Files that read a form, a part of an address or a cookie.
const WITH_FORMS: [&str; 6] = ["account.rs", "consent.rs", "oidc.rs", "people.rs", "set_up.rs", "sign_in.rs"];

/// What the API works on, and a page does not.
const BEHIND_THE_API: [&str; 9] = ["control", "registry", "upstream", "audit", "gateway", "refill", "webhooks", "tokens", "proxy"];

/// The files of the console with their code, tests left out.
fn files() -> Vec<(String, String)> {
    let code = |path: &Path| read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    let (mut files, mut folders) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => files.push((path.file_name().unwrap().to_string_lossy().into_owned(), code(&path))),
            }
        }
    }
    assert!(files.len() > 60);
    files
}

#[test]
fn pages_reach_past_the_admin_api_only_before_somebody_is_signed_in_and_for_signed_links() {
    let reaches = |code: &str| BEHIND_THE_API.iter().any(|part| code.contains(&format!("admin.{part}.")));
    let mut reaching: Vec<String> = files().into_iter().filter(|(_, code)| reaches(code)).map(|(name, _)| name).collect();
    reaching.sort_unstable();
    assert_eq!(reaching, PAST_THE_API);
}

#[test]
fn answers_of_the_api_are_read_in_its_own_types() {
    let derives = |code: &str| code.lines().any(|line| line.trim_start().starts_with("#[derive(") && line.contains("Deserialize"));
    let mut reading: Vec<String> = files().into_iter().filter(|(_, code)| derives(code)).map(|(name, _)| name).collect();
    reading.sort_unstable();
    assert_eq!(reading, WITH_FORMS, "a form may be added here; an answer of the API has its type in keyway_api");
}
