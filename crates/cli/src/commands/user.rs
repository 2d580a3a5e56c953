//! `keyway user …`

use http::Method;
use serde_json::{Value, json};

use super::{account, encode, list, show, table, text};
use crate::Exit;
use crate::args::{Connection, User};
use crate::client::call;

pub async fn run(connection: &Connection, action: User) -> anyhow::Result<Exit> {
    match action {
        User::Create { email, password, json } => {
            let password = if password.is_given() { Some(account::read(&password).await?) } else { None };
            let answer = call(connection, Method::PUT, "/api/v1/users", Some(json!({ "email": email, "password": password }))).await?;
            show(&answer, json, |answer| {
                let made =
                    answer["password"].as_str().map(|password| format!("\n\n  password  {password}   shown once")).unwrap_or_default();
                format!("{} can sign in{made}", text(&answer["user"]["email"]))
            })
        }
        User::List { json } => {
            let answer = call(connection, Method::GET, "/api/v1/users", None).await?;
            show(&answer, json, |answer| {
                let row = |user: &Value| ["id", "email", "createdAt"].iter().map(|field| text(&user[*field])).collect();
                let rows: Vec<Vec<String>> = list(answer, "users").iter().map(row).collect();
                table(&["ID", "E-MAIL", "SINCE"], &rows)
            })
        }
        User::Delete { email, json } => {
            let answer = call(connection, Method::DELETE, &format!("/api/v1/users/{}", encode(&email)), None).await?;
            show(&answer, json, |_| format!("{email} can't sign in any more"))
        }
    }
}
