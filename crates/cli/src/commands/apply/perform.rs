//! Makes the changes of a plan one after another over the admin API. Stops at the first failure.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use http::Method;
use keyway_api::view::AppAndMadeToken;
use keyway_core::shown;
use serde_json::{Map, Value, json};

use super::channels;
use super::plan::{Action, Change, Plan, Target};
use crate::args::Connection;
use crate::client::call;
use crate::typed::typed;

/// The result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was made; with the id of an app that it created.
    Done(Option<u64>),
    /// It was not made, or not as a whole.
    Failed,
    /// It was not tried.
    Pending,
}

impl State {
    /// As it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Failed => "failed",
            Self::Pending => "pending",
        }
    }
}

/// Where the tokens of new apps and the signing secrets of new channels are written.
pub struct TokensFile {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl TokensFile {
    /// Creates the file, for its owner alone.
    ///
    /// # Errors
    /// It exists, or can't be created.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::options().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("{} can't be created, so nothing was changed", shown::path(&path)))?;
        Ok(Self { path: path.to_owned(), file, lines: 0 })
    }

    /// Adds a line, durably: the token or secret is nowhere else.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn add(&mut self, line: &Value) -> anyhow::Result<()> {
        self.append(line).with_context(|| format!("{} can't be written", shown::path(&self.path)))
    }

    fn append(&mut self, line: &Value) -> std::io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())?;
        self.file.sync_all()?;
        self.lines += 1;
        Ok(())
    }

    /// Removes the file where it holds no token.
    pub fn finish(self) -> anyhow::Result<()> {
        if self.lines == 0 {
            std::fs::remove_file(&self.path).with_context(|| format!("the empty {} can't be removed", shown::path(&self.path)))?;
        }
        Ok(())
    }
}

/// Makes the changes. The states are as many as the changes; the error is that of the one that failed.
pub async fn perform(connection: &Connection, plan: &Plan, mut tokens: Option<&mut TokensFile>) -> (Vec<State>, Option<anyhow::Error>) {
    let mut states = vec![State::Pending; plan.changes.len()];
    for (change, state) in plan.changes.iter().zip(&mut states) {
        match make(connection, change, tokens.as_deref_mut()).await {
            Ok(id) => *state = State::Done(id),
            Err(error) => {
                *state = State::Failed;
                return (states, Some(error));
            }
        }
    }
    (states, None)
}

async fn make(connection: &Connection, change: &Change, tokens: Option<&mut TokensFile>) -> anyhow::Result<Option<u64>> {
    let hub_id = change.hub_id.unwrap_or_default();
    let fields: Map<String, Value> = change.fields.iter().map(|field| (field.name.clone(), field.after.clone())).collect();
    match (&change.target, change.action) {
        (Target::Account, Action::Create) => {
            let mut body = fields;
            body.insert("hubId".to_owned(), hub_id.into());
            call(connection, Method::POST, "/api/v1/accounts", Some(Value::Object(body))).await?;
        }
        (Target::Account, _) => {
            call(connection, Method::PATCH, &format!("/api/v1/accounts/{hub_id}"), Some(Value::Object(fields))).await?;
        }
        (Target::App(None), _) => return create(connection, change, fields, tokens).await.map(Some),
        (Target::App(Some(id)), Action::Delete) => {
            call(connection, Method::DELETE, &format!("/api/v1/apps/{id}"), None).await?;
        }
        (Target::App(Some(id)), _) => {
            call(connection, Method::PATCH, &format!("/api/v1/apps/{id}"), Some(Value::Object(fields))).await?;
        }
        (Target::Channel(new), _) => channels::make(connection, change, new.as_ref(), tokens).await?,
    }
    Ok(None)
}

/// Creates an app. Its first token goes to the file of tokens; without one it is revoked, so that no token works that
/// nobody has.
async fn create(
    connection: &Connection,
    change: &Change,
    fields: Map<String, Value>,
    tokens: Option<&mut TokensFile>,
) -> anyhow::Result<u64> {
    let mut body = fields;
    let disabled = body.remove("enabled") == Some(false.into());
    body.insert("hubId".to_owned(), change.hub_id.into());
    body.insert("name".to_owned(), change.name.clone().into());
    let answer = call(connection, Method::POST, "/api/v1/apps", Some(Value::Object(body))).await?;
    let AppAndMadeToken { app, token: made } = typed(&answer)?;
    let (id, token) = (app.id, made.id);
    let kept = tokens.map(|tokens| {
        let line = json!({ "account": change.hub_id, "app": change.name, "appId": id, "tokenId": token, "token": made.value });
        tokens.add(&line)
    });
    if !matches!(kept, Some(Ok(()))) {
        let revoked = call(connection, Method::POST, &format!("/api/v1/tokens/{token}/revoke"), None).await;
        revoked.with_context(|| {
            format!("app {id} was created with a token that nobody has; revoke it with \"keyway token revoke {token}\"")
        })?;
    }
    if let Some(Err(error)) = kept {
        return Err(error.context(format!(
            "app {id} was created, but its token is lost and revoked; create another with \"keyway token create {id}\""
        )));
    }
    if disabled {
        call(connection, Method::PATCH, &format!("/api/v1/apps/{id}"), Some(json!({ "enabled": false }))).await?;
    }
    Ok(id)
}
