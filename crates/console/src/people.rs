//! People: who may sign in, with which role, how they sign in, and the changes to that.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyway_api::OperationId;
use keyway_api::view::{User as Person, UserAnswer, Users};
use keyway_core::time::Timestamp;
use keyway_gateway::admin::Admin;
use keyway_gateway::clock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Refused, with_part};
use super::columns::{Columns, LeftOut, Optional};
use super::page;
use super::path::Path;
use super::roles::{self, AppNames, Choice};
use super::several::{Bar, List};
use super::shell::Shell;
use super::shown_once::ShownOnce;
use super::sign_in::see_other;
use super::sorted::{Sorted, SortedPage};
use super::sorting::{Column, Head};
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{self, filters, sentence};

const SECTION: &str = "/people";

/// What pages say of somebody who may sign in.
trait PersonWords {
    fn role_words(&self) -> &'static str;
    /// How they sign in.
    fn way(&self) -> &'static str;
    fn has_ended(&self) -> bool;
}

impl PersonWords for Person {
    fn role_words(&self) -> &'static str {
        roles::words(self.role.as_str())
    }

    fn way(&self) -> &'static str {
        match (self.has_password, &self.provider) {
            (true, None) => "password",
            (true, Some(_)) => "password, identity provider",
            (false, _) => "identity provider",
        }
    }

    fn has_ended(&self) -> bool {
        self.expires_at.as_deref().and_then(Timestamp::parse_iso).is_some_and(|at| at <= clock::now())
    }
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    role: &'a str,
    people: Vec<Person>,
    names: AppNames,
    heads: Vec<Head>,
    bar: Bar,
    columns: Columns,
    sort: &'a str,
    found: usize,
    all: usize,
    earlier: Option<String>,
    later: Option<String>,
}

const COLUMNS: [Column; 2] =
    [Column { key: "", words: "Person", numbers: false }, Column { key: "last", words: "Last sign-in", numbers: false }];

/// Columns that may be left out.
pub(super) const OPTIONAL: [Optional; 4] =
    [("role", "Role"), ("way", "Signs in with"), ("factor", "Second factor"), ("last", "Last sign-in")];

impl PeoplePage<'_> {
    fn roles(&self) -> [(&'static str, &'static str); 4] {
        [("", "Any"), ("super-admin", "Super admin"), ("app-manager", "App manager"), ("auditor", "Auditor")]
    }
}

const LIST: Sorted<Person> = Sorted {
    section: SECTION,
    filters: &["role"],
    columns: &COLUMNS,
    text: |person| person.email.to_lowercase(),
    fits: |person, fields| ["", person.role.as_str()].contains(&fields.get("role")),
    first: |people| people.sort_by(|one, other| one.email.cmp(&other.email)),
    // ISO 8601 in UTC sorts as time does.
    orders: &[("last", |people| people.sort_by_key(|person| std::cmp::Reverse(person.last_sign_in_at.clone().map(|at| at.0))))],
};

/// The list.
pub(super) async fn list(visitor: Visitor, left_out: LeftOut, fields: Fields) -> Page {
    let people = visitor.api.all::<Users>("/api/v1/users", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let SortedPage { search, sort, things: people, found, all, heads, earlier, later } = LIST.page(people, &fields);
    let names = AppNames::of(&visitor.api, people.iter().map(|person| &person.apps)).await;
    Ok(page::render(&PeoplePage {
        shell: visitor.shell(SECTION),
        search,
        role: fields.get("role"),
        sort,
        bar: Bar::of(&visitor.api, List::People, &fields),
        columns: Columns::of(SECTION, &OPTIONAL, left_out, &fields),
        heads,
        names: names.map_err(|refused| visitor.refused(SECTION, &refused))?,
        people,
        later,
        earlier,
        found,
        all,
    }))
}

/// Where the API has them.
fn of_api(email: &str) -> String {
    with_part("/api/v1/users/", email)
}

async fn get(visitor: &Visitor, email: &str) -> Result<Person, Response> {
    let shown: Result<UserAnswer, Refused> = visitor.api.get(&of_api(email)).await;
    shown.map(|shown| shown.user).map_err(|refused| visitor.refused(SECTION, &refused))
}

fn to(email: &str, done: &str) -> Response {
    see_other(&format!("{}?done={done}", with_part("/people/", email)))
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage<'a> {
    shell: Shell<'a>,
    person: &'a Person,
    names: AppNames,
    is_visitor: bool,
}

/// Their page.
pub(super) async fn show(visitor: Visitor, Path(email): Path<String>) -> Page {
    let person = get(&visitor, &email).await?;
    let names = AppNames::of(&visitor.api, std::iter::once(&person.apps)).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let is_visitor = person.email == visitor.email();
    Ok(page::render(&PersonPage { shell: visitor.shell(SECTION), person: &person, names, is_visitor }))
}

#[derive(Template)]
#[template(path = "person_form.html")]
struct Form<'a> {
    shell: Shell<'a>,
    /// Whose role it is; none of somebody new.
    person: Option<&'a Person>,
    /// The address that was typed for somebody new.
    email: &'a str,
    /// When their access ends, as a browser's field has it; empty for never.
    until: &'a str,
    choice: Choice,
    wrong: Option<String>,
}

/// Shows the form again where what is wrong can be put right in it; the rest is a page of its own.
async fn again(visitor: &Visitor, person: Option<&Person>, fields: &Fields, refused: Refused) -> Page {
    if !matches!(refused.status, 400 | 404 | 409 | 422) {
        return Err(visitor.refused(SECTION, &refused));
    }
    let choice = Choice::sent(&visitor.api, false, fields).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let wrong = Some(sentence(&refused.detail));
    let form = Form { shell: visitor.shell(SECTION), person, email: fields.get("email"), until: fields.get("until"), choice, wrong };
    Ok((StatusCode::BAD_REQUEST, page::render(&form)).into_response())
}

/// Asks who is to sign in.
pub(super) async fn ask(visitor: Visitor, fields: Fields) -> Page {
    let choice = Choice::sent(&visitor.api, false, &fields).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&Form {
        shell: visitor.shell(SECTION),
        person: None,
        email: fields.get("email"),
        until: fields.get("until"),
        choice,
        wrong: None,
    }))
}

/// Lets somebody sign in, and shows the password that was made for them.
pub(super) async fn create(State(admin): State<Admin>, Sent { visitor, fields }: Sent) -> Page {
    let (role, apps) = roles::chosen(&fields);
    let body = json!({ "email": fields.get("email"), "role": role, "apps": apps, "mustBeNew": true, "expiresAt": until(&fields) });
    match visitor.api.put::<UserAnswer>("/api/v1/users", &body).await {
        Ok(made) => Ok(password_page(&admin, &visitor, &made, format!("{} can sign in", made.user.email))),
        Err(refused) => again(&visitor, None, &fields, refused).await,
    }
}

fn password_page(admin: &Admin, visitor: &Visitor, made: &UserAnswer, title: String) -> Response {
    let note =
        format!("They sign in at {}/sign-in, and put one of their own in its place on the page “Your sign-in”.", admin.addresses.admin);
    page::render(&ShownOnce {
        shell: visitor.shell(SECTION),
        title: &title,
        name: "Their password",
        value: made.password.as_deref().unwrap_or_default(),
        note: &note,
        back: &with_part("/people/", &made.user.email),
        back_words: "Go to their page",
    })
}

/// When access ends, as the admin API takes it.
fn until(fields: &Fields) -> String {
    match fields.get("until") {
        "" => "never".to_owned(),
        given => words::of_browser(given),
    }
}

/// The form of their role, and of when their access ends.
pub(super) async fn edit(visitor: Visitor, Path(email): Path<String>) -> Page {
    let person = get(&visitor, &email).await?;
    let choice =
        Choice::of(&visitor.api, false, person.role.as_str(), &person.apps).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    // Minutes of UTC, without a zone.
    let until = person.expires_at.as_deref().and_then(|at| at.get(..16)).unwrap_or_default();
    Ok(page::render(&Form { shell: visitor.shell(SECTION), person: Some(&person), email: &person.email, until, choice, wrong: None }))
}

/// Takes that form.
pub(super) async fn change(Path(email): Path<String>, Sent { visitor, fields }: Sent) -> Page {
    let person = get(&visitor, &email).await?;
    let (role, apps) = roles::chosen(&fields);
    let mut body = json!({ "email": email, "keepPassword": true });
    // A role ends sessions, so one that stays is left out; and the field has no seconds, so an end that stays is too.
    let is_same_role = role == person.role.as_str() && apps == json!(person.apps.iter().map(u64::to_string).collect::<Vec<_>>());
    if !is_same_role {
        (body["role"], body["apps"]) = (json!(role), json!(apps));
    }
    if person.expires_at.as_deref().and_then(|at| at.get(..16)).unwrap_or_default() != fields.get("until") {
        body["expiresAt"] = until(&fields).into();
    }
    match visitor.api.put::<UserAnswer>("/api/v1/users", &body).await {
        Ok(changed) => Ok(to(&changed.user.email, if is_same_role { "end" } else { "role" })),
        Err(refused) => again(&visitor, Some(&person), &fields, refused).await,
    }
}

/// What is done to somebody's sign-in, after a page that says what comes of it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Act {
    Password,
    SecondFactor,
    Provider,
    SignOut,
    Delete,
}

#[derive(Template)]
#[template(path = "person_ask.html")]
struct Ask<'a> {
    shell: Shell<'a>,
    person: &'a Person,
    title: String,
    /// What happens.
    text: &'a str,
    action: String,
    button: &'a str,
    /// Whether the person types the address to confirm.
    confirm: bool,
}

/// Asks whether it is meant.
pub(super) async fn ask_act(visitor: Visitor, Path((email, act)): Path<(String, Act)>) -> Page {
    let person = get(&visitor, &email).await?;
    let (title, text, end, button) = match act {
        Act::Password => (
            format!("A new password for {}?", person.email),
            "One is made and shown to you once. The old one ends, and so do their sessions.",
            "password",
            "Make a new password",
        ),
        Act::SecondFactor => (
            format!("Take the second factor of {} away?", person.email),
            "For an authenticator app that is lost with its recovery codes. Their password alone opens their sign-in until they add another one, and their sessions end.",
            "second-factor",
            "Take it away",
        ),
        Act::Provider => (
            format!("Forget who {} is at the identity provider?", person.email),
            "For somebody whose account there is a new one. Whoever signs in there next with this address, verified, is taken for them from then on. Their sessions end.",
            "provider",
            "Forget it",
        ),
        Act::SignOut => (
            format!("Sign {} out everywhere?", person.email),
            "Every session of theirs ends. They can sign in again.",
            "sign-out",
            "Sign them out",
        ),
        Act::Delete => (
            format!("Remove {}?", person.email),
            "They can't sign in any more, and their sessions end. The record of their changes stays; admin tokens that they made go on.",
            "delete",
            "Remove the person",
        ),
    };
    let action = format!("{}/{end}", with_part("/people/", &person.email));
    let confirm = matches!(act, Act::Delete);
    Ok(page::render(&Ask { shell: visitor.shell(SECTION), person: &person, title, text, action, button, confirm }))
}

/// Does it.
pub(super) async fn act(State(admin): State<Admin>, Path((email, act)): Path<(String, Act)>, Sent { visitor, fields }: Sent) -> Page {
    let done: Result<Response, Refused> = match act {
        Act::Password => {
            let made = visitor.api.put::<UserAnswer>("/api/v1/users", &json!({ "email": email })).await;
            made.map(|made| password_page(&admin, &visitor, &made, format!("A new password for {}", made.user.email)))
        }
        Act::SecondFactor => end(&visitor, &email, "second-factor").await.map(|_| to(&email, "factor")),
        Act::Provider => end(&visitor, &email, "provider").await.map(|_| to(&email, "provider")),
        Act::SignOut => end(&visitor, &email, "sessions").await.map(|_| to(&email, "signed-out")),
        Act::Delete if fields.get("confirm").to_lowercase() != email => {
            Err(Refused { status: 400, detail: "type the address to remove the person".into() })
        }
        Act::Delete => visitor.api.delete(&of_api(&email)).await.map(|_| see_other("/people?done=removed")),
    };
    done.map_err(|refused| visitor.refused(SECTION, &refused))
}

async fn end(visitor: &Visitor, email: &str, what: &str) -> Result<Value, Refused> {
    visitor.api.delete(&format!("{}/{what}", of_api(email))).await
}
