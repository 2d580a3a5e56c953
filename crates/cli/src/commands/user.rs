//! `keyway user …`

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::confirm::{self, Deletion};
use super::{account, encoded, list, names, role_name, role_of, show, table, text};
use crate::args::Connection;
use crate::args::moment::End;
use crate::args::user::User;
use crate::client::{Refused, call, list_all};
use crate::exit::Exit;

/// Whether a person has a password already, which a new one replaces.
async fn has_password(connection: &Connection, email: &str) -> anyhow::Result<bool> {
    match call(connection, Method::GET, &format!("/api/v1/users/{}", encoded(email)), None).await {
        Ok(answer) => Ok(answer["user"]["hasPassword"] == true),
        Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::NOT_FOUND) => Ok(false),
        Err(error) => Err(error),
    }
}

pub async fn run(connection: &Connection, action: User) -> anyhow::Result<Exit> {
    match action {
        User::Create { email, password, role, apps, until } => {
            let password = if password.is_given() { Some(account::read(&password).await?) } else { None };
            let had_password = has_password(connection, &email).await?;
            let body = json!({
                "email": email, "password": password, "role": role.map(role_name), "apps": names::apps(connection, &apps).await?,
                "expiresAt": until.map(End::to_api),
            });
            let answer = call(connection, Method::PUT, "/api/v1/users", Some(body)).await?;
            let known = names::of_apps(connection).await;
            show(&answer, |answer| {
                let made =
                    answer["password"].as_str().map(|password| format!("\n\n  password  {password}   shown once")).unwrap_or_default();
                let user = &answer["user"];
                let until = user["expiresAt"].as_str().map(|at| format!(" until {at}")).unwrap_or_default();
                let (email, role) = (text(&user["email"]), role_of(user, &known));
                if had_password {
                    format!(
                        "new password for {email} ({role}{until}); the earlier password no longer works, and their sessions ended{made}"
                    )
                } else {
                    format!("{email} can sign in as {role}{until}{made}")
                }
            })
        }
        User::Update { email, until } => {
            let email = names::user(connection, &email).await?;
            let body = json!({ "email": email, "keepPassword": true, "expiresAt": until.to_api() });
            let answer = call(connection, Method::PUT, "/api/v1/users", Some(body)).await?;
            show(&answer, |answer| match answer["user"]["expiresAt"].as_str() {
                Some(at) => format!("the access of {email} ends at {at}"),
                None => format!("the access of {email} has no end"),
            })
        }
        User::Role { email, role, apps } => {
            let email = names::user(connection, &email).await?;
            let body =
                json!({ "email": email, "keepPassword": true, "role": role_name(role), "apps": names::apps(connection, &apps).await? });
            let answer = call(connection, Method::PUT, "/api/v1/users", Some(body)).await?;
            let known = names::of_apps(connection).await;
            show(&answer, |answer| format!("{email} is {} now, and must sign in again", role_of(&answer["user"], &known)))
        }
        User::List => {
            let answer = list_all(connection, "/api/v1/users", "users").await?;
            let known = names::of_apps(connection).await;
            show(&answer, |answer| {
                let row = |user: &Value| {
                    let second_factor = if user["secondFactor"] == true { "on" } else { "off" }.to_owned();
                    let field = |name: &str| text(&user[name]);
                    vec![
                        field("id"),
                        field("email"),
                        role_of(user, &known),
                        second_factor,
                        field("createdAt"),
                        field("lastSignInAt"),
                        field("expiresAt"),
                    ]
                };
                let rows: Vec<Vec<String>> = list(answer, "users").iter().map(row).collect();
                table(&["ID", "E-MAIL", "ROLE", "SECOND FACTOR", "SINCE", "LAST SIGN-IN", "ENDS"], &rows)
            })
        }
        User::SignOut { email } => {
            let email = names::user(connection, &email).await?;
            let answer = call(connection, Method::DELETE, &format!("/api/v1/users/{}/sessions", encoded(&email)), None).await?;
            show(&answer, |_| format!("{email} is signed out everywhere"))
        }
        User::RemoveSecondFactor { email } => {
            let email = names::user(connection, &email).await?;
            let answer = call(connection, Method::DELETE, &format!("/api/v1/users/{}/second-factor", encoded(&email)), None).await?;
            show(&answer, |_| format!("{email} signs in with the password alone"))
        }
        User::UnlinkProvider { email } => {
            let email = names::user(connection, &email).await?;
            let answer = call(connection, Method::DELETE, &format!("/api/v1/users/{}/provider", encoded(&email)), None).await?;
            show(&answer, |_| format!("{email} is known by e-mail at the next sign-in at the identity provider"))
        }
        User::Delete { email, consent } => {
            let email = names::user(connection, &email).await?;
            confirm::deletion(consent, async || {
                let answer = call(connection, Method::GET, &format!("/api/v1/users/{}", encoded(&email)), None).await?;
                let role = format!("the role {}", text(&answer["user"]["role"]));
                Ok(Deletion {
                    what: format!("the sign-in of {email}"),
                    name: email.clone(),
                    goes: vec![role, "their sessions, password and second factor".into(), "the record of what they changed stays".into()],
                })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &format!("/api/v1/users/{}", encoded(&email)), None).await?;
            show(&answer, |_| format!("{email} can't sign in any more"))
        }
    }
}
