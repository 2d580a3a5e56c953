//! A role as forms and lists have it: its words, and the apps of an app manager.

use std::collections::HashMap;

use serde_json::Value;

use super::api::{Api, Refused};
use super::app_words::{self, App};
use super::visitor::Fields;

/// A role: its name at the API, how people call it, and what it opens.
type Words = (&'static str, &'static str, &'static str);

const ROLES: [Words; 4] = [
    ("auditor", "Auditor", "Reads everything and changes nothing."),
    ("app-manager", "App manager", "Looks after chosen apps: their tokens, their description, fewer scopes."),
    ("super-admin", "Super admin", "Does everything."),
    ("token-service", "Token service", "Asks for access tokens of accounts connected by OAuth, and nothing else."),
];

/// The apps named in a list beside a role; of more it says how many.
const APPS_NAMED_MAX: usize = 5;

/// How people call a role.
pub(super) fn words(role: &str) -> &str {
    ROLES.iter().find(|(name, ..)| *name == role).map_or(role, |(_, words, _)| *words)
}

/// An app that may be looked after.
pub(super) struct AppChoice {
    pub id: u64,
    pub name: String,
    pub hub_id: u64,
    pub chosen: bool,
}

/// The fields of a form in which a role is chosen: `role_fields.html`.
pub(super) struct Choice {
    role: String,
    /// Whether a token gets the role: one role is for tokens alone.
    of_token: bool,
    pub apps: Vec<AppChoice>,
}

impl Choice {
    /// The fields, with a role and apps chosen.
    ///
    /// # Errors
    /// The API does not list apps.
    pub async fn of(api: &Api, of_token: bool, role: &str, chosen: &[u64]) -> Result<Self, Refused> {
        let mut apps = app_words::all(api, "").await?;
        apps.sort_by_cached_key(|app| (app.name.to_lowercase(), app.id));
        let choice = |app: App| AppChoice { id: app.id, name: app.name.clone(), hub_id: app.hub_id, chosen: chosen.contains(&app.id) };
        let apps = apps.into_iter().map(choice).collect();
        let role = if role.is_empty() { ROLES[0].0 } else { role };
        Ok(Self { role: role.to_owned(), of_token, apps })
    }

    /// The same after a form was sent, with what was chosen in it.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub async fn sent(api: &Api, of_token: bool, fields: &Fields) -> Result<Self, Refused> {
        let chosen: Vec<u64> = fields.all("app").iter().filter_map(|id| id.parse().ok()).collect();
        Self::of(api, of_token, fields.get("role"), &chosen).await
    }

    pub fn roles(&self) -> &'static [Words] {
        if self.of_token { &ROLES } else { &ROLES[..3] }
    }

    pub fn is(&self, role: &&str) -> bool {
        self.role == *role
    }
}

/// The role that was chosen in a form, for the body of a request. Apps that are ticked beside another
/// role than that of app managers are not meant: the page hides them.
pub(super) fn chosen(fields: &Fields) -> (Value, Value) {
    let apps = if fields.get("role") == "app-manager" { fields.all("app") } else { Vec::new() };
    (fields.get("role").into(), apps.into())
}

/// The names of apps by their number, for lists of who looks after what.
pub(super) struct AppNames(HashMap<u64, String>);

impl AppNames {
    /// All of them; not asked for where nobody looks after apps.
    ///
    /// # Errors
    /// The API does not list apps.
    pub async fn of<'a>(api: &Api, mut apps: impl Iterator<Item = &'a Vec<u64>>) -> Result<Self, Refused> {
        if !apps.any(|apps| !apps.is_empty()) {
            return Ok(Self(HashMap::new()));
        }
        let all = app_words::all(api, "").await?;
        Ok(Self(all.into_iter().map(|app| (app.id, app.name.clone())).collect()))
    }

    /// The apps as a list says them.
    pub fn named(&self, apps: &[u64]) -> String {
        let name = |id: &u64| self.0.get(id).cloned().unwrap_or_else(|| format!("app {id} (deleted)"));
        let mut named: Vec<String> = apps.iter().take(APPS_NAMED_MAX).map(name).collect();
        if apps.len() > APPS_NAMED_MAX {
            named.push(format!("{} more", apps.len() - APPS_NAMED_MAX));
        }
        named.join(", ")
    }

    pub fn name(&self, id: &u64) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| format!("app {id} (deleted)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_are_those_of_an_app_manager_alone() {
        let of = |form: &[u8]| chosen(&Fields::parse(form));
        assert_eq!(of(b"role=app-manager&app=1&app=2"), ("app-manager".into(), serde_json::json!(["1", "2"])));
        assert_eq!(of(b"role=auditor&app=1"), ("auditor".into(), serde_json::json!([])));
    }

    #[test]
    fn a_list_names_some_apps_and_counts_the_others() {
        let names = AppNames((1..=7).map(|id| (id, format!("App {id}"))).collect());
        assert_eq!(names.named(&[1, 9]), "App 1, app 9 (deleted)");
        assert_eq!(names.named(&[1, 2, 3, 4, 5, 6, 7]), "App 1, App 2, App 3, App 4, App 5, 2 more");
    }
}
