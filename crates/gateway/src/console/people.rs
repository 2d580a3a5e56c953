//! The people who may sign in, with their roles. What they may do is decided by the API alone.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Refused, with_part};
use super::apps::App;
use super::page;
use super::shell::{Shell, sentence};
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::filters;

pub(super) const SECTION: &str = "/people";

/// A person, as the API has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: u64,
    email: String,
    role: String,
    apps: Vec<u64>,
    created_at: String,
}

#[derive(Deserialize)]
struct Shown {
    user: Person,
    /// Their password when it was just made, this once.
    password: Option<String>,
}

/// A role in plain words.
pub(super) fn role_words(role: &str) -> &'static str {
    match role {
        "super-admin" => "Super admin",
        "app-manager" => "App manager",
        "token-service" => "Token service",
        _ => "Auditor",
    }
}

/// Every app that a manager can be given, by name.
pub(super) async fn apps(api: &Api) -> Result<Vec<App>, Refused> {
    let mut apps = super::apps::all(api, "").await?;
    apps.sort_by_cached_key(|app| (app.name.to_lowercase(), app.id));
    Ok(apps)
}

/// The names of these apps; one that is gone by its number.
pub(super) fn names(known: &HashMap<u64, &str>, apps: &[u64]) -> String {
    let name = |id: &u64| known.get(id).map_or_else(|| format!("app {id}"), |name| (*name).to_owned());
    apps.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage<'a> {
    shell: Shell<'a>,
    people: Vec<Person>,
    apps: Vec<App>,
}

impl PeoplePage<'_> {
    fn words(&self, person: &Person) -> &'static str {
        role_words(&person.role)
    }

    fn apps_of(&self, person: &Person) -> String {
        names(&self.apps.iter().map(|app| (app.id, app.name.as_str())).collect(), &person.apps)
    }
}

/// The list.
pub(super) async fn list(visitor: Visitor) -> Page {
    let refused = |refused: Refused| visitor.refused(SECTION, &refused);
    let mut people: Vec<Person> = visitor.api.all("/api/v1/users", &[]).await.map_err(refused)?;
    people.sort_by_cached_key(|person| person.email.to_lowercase());
    let apps = apps(&visitor.api).await.map_err(refused)?;
    Ok(page::render(&PeoplePage { shell: visitor.shell(SECTION), people, apps }))
}

#[derive(Template)]
#[template(path = "person_form.html")]
struct Form<'a> {
    shell: Shell<'a>,
    /// None where somebody is added.
    person: Option<&'a Person>,
    email: &'a str,
    role: &'a str,
    chosen: Vec<u64>,
    apps: Vec<App>,
    wrong: Option<String>,
}

impl Form<'_> {
    fn is_chosen(&self, id: &u64) -> bool {
        self.chosen.contains(id)
    }

    fn roles(&self) -> [(&'static str, &'static str, &'static str); 3] {
        ROLES
    }
}

/// The roles that a person can have: name, in plain words, what it opens.
const ROLES: [(&str, &str, &str); 3] = [
    ("auditor", "Auditor", "sees everything, changes nothing"),
    ("app-manager", "App manager", "looks after the apps that you choose, and sees no others"),
    ("super-admin", "Super admin", "everything, people included"),
];

async fn form(visitor: &Visitor, person: Option<&Person>, fields: &Fields, wrong: Option<String>) -> Page {
    let apps = apps(&visitor.api).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let chosen = match person {
        Some(person) if wrong.is_none() => person.apps.clone(),
        _ => fields.all("app").iter().filter_map(|id| id.parse().ok()).collect(),
    };
    let role = match (fields.get("role"), person) {
        ("", Some(person)) => person.role.as_str(),
        ("", None) => "auditor",
        (role, _) => role,
    };
    let email = person.map_or(fields.get("email"), |person| person.email.as_str());
    Ok(page::render(&Form { shell: visitor.shell(SECTION), person, email, role, chosen, apps, wrong }))
}

/// The form for somebody new.
pub(super) async fn ask(visitor: Visitor, fields: Fields) -> Page {
    form(&visitor, None, &fields, None).await
}

/// What is asked of the API: a role, with apps where it is one for chosen apps.
fn body(email: &str, fields: &Fields) -> Value {
    let role = fields.get("role");
    let apps = if role == "app-manager" { fields.all("app") } else { Vec::new() };
    json!({ "email": email, "role": role, "apps": apps })
}

#[derive(Template)]
#[template(path = "person_made.html")]
struct Made<'a> {
    shell: Shell<'a>,
    email: &'a str,
    password: &'a str,
}

/// Lets somebody in; the password that is made is shown this once.
pub(super) async fn add(Sent { visitor, fields }: Sent) -> Page {
    let known: Vec<Person> = visitor.api.all("/api/v1/users", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    // The API would give somebody who is there a new password.
    if known.iter().any(|person| person.email.eq_ignore_ascii_case(fields.get("email"))) {
        return form(&visitor, None, &fields, Some("This address can sign in already.".into())).await;
    }
    match visitor.api.put::<Shown>("/api/v1/users", &body(fields.get("email"), &fields)).await {
        Ok(Shown { user, password }) => {
            Ok(page::render(&Made { shell: visitor.shell(SECTION), email: &user.email, password: password.as_deref().unwrap_or_default() }))
        }
        Err(refused) if matches!(refused.status, 400 | 409 | 422) => form(&visitor, None, &fields, Some(sentence(&refused.detail))).await,
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage<'a> {
    shell: Shell<'a>,
    person: &'a Person,
    role: &'static str,
    apps: String,
    is_self: bool,
}

async fn get(visitor: &Visitor, id: u64) -> Result<Person, Response> {
    let people: Vec<Person> = visitor.api.all("/api/v1/users", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let found = people.into_iter().find(|person| person.id == id);
    found.ok_or_else(|| visitor.refused(SECTION, &Refused { status: 404, detail: "there is nobody of this number".into() }))
}

/// A person's page.
pub(super) async fn show(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let person = get(&visitor, id).await?;
    let known = apps(&visitor.api).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let apps = names(&known.iter().map(|app| (app.id, app.name.as_str())).collect(), &person.apps);
    let (role, is_self) = (role_words(&person.role), person.email == visitor.email());
    Ok(page::render(&PersonPage { shell: visitor.shell(SECTION), person: &person, role, apps, is_self }))
}

/// The form of their role.
pub(super) async fn edit(visitor: Visitor, Path(id): Path<u64>, fields: Fields) -> Page {
    let person = get(&visitor, id).await?;
    form(&visitor, Some(&person), &fields, None).await
}

/// Takes that form; the password stays.
pub(super) async fn change(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let person = get(&visitor, id).await?;
    let mut asked = body(&person.email, &fields);
    asked["keepPassword"] = true.into();
    match visitor.api.put::<Shown>("/api/v1/users", &asked).await {
        Ok(_) => Ok(see_other(&format!("/people/{id}?done=changed"))),
        Err(refused) if matches!(refused.status, 400 | 409 | 422) => {
            form(&visitor, Some(&person), &fields, Some(sentence(&refused.detail))).await
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

/// Gives them a new password, shown this once; their sessions end.
pub(super) async fn new_password(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    let person = get(&visitor, id).await?;
    let made: Shown =
        visitor.api.put("/api/v1/users", &json!({ "email": person.email })).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let password = made.password.as_deref().unwrap_or_default();
    Ok(page::render(&Made { shell: visitor.shell(SECTION), email: &person.email, password }))
}

/// Ends their sessions.
pub(super) async fn end_sessions(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    take_away(&visitor, id, "/sessions", "signed-out").await
}

/// Takes their second factor away, should it be lost.
pub(super) async fn remove_second_factor(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    take_away(&visitor, id, "/second-factor", "second-factor-removed").await
}

async fn take_away(visitor: &Visitor, id: u64, what: &str, done: &str) -> Page {
    let person = get(visitor, id).await?;
    let path = with_part("/api/v1/users/", &person.email) + what;
    visitor.api.delete(&path).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other(&format!("/people/{id}?done={done}")))
}

#[derive(Template)]
#[template(path = "person_delete.html")]
struct Delete<'a> {
    shell: Shell<'a>,
    person: &'a Person,
}

/// Asks before somebody's sign-in is taken away.
pub(super) async fn ask_deletion(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let person = get(&visitor, id).await?;
    Ok(page::render(&Delete { shell: visitor.shell(SECTION), person: &person }))
}

/// Takes it away, if their address was typed.
pub(super) async fn delete(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let person = get(&visitor, id).await?;
    if fields.get("confirm") != person.email {
        return Err(visitor.refused(SECTION, &Refused { status: 400, detail: "type the address to take the sign-in away".into() }));
    }
    visitor.api.delete(&with_part("/api/v1/users/", &person.email)).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/people?done=deleted"))
}
