//! `keyway serve --ephemeral --app … --token …`: apps that exist when the server is ready.

use std::ffi::OsStr;

use anyhow::{Context, bail};
use clap::ArgMatches;
use keyway_core::scope;
use keyway_core::shown;
use keyway_core::token::PlainToken;
use keyway_gateway::control::{Control, FirstToken, NewApp};

/// Longest name of an environment variable that `--token` takes, in bytes.
const VARIABLE_BYTES_MAX: usize = 256;

/// An app as `--app` names it: `NAME:SCOPES`, where `SCOPES` is a comma list or `all`.
#[derive(Clone)]
pub struct Wanted {
    name: String,
    scopes: Vec<String>,
}

/// An app with its token, if somebody chose one.
#[derive(Clone)]
pub struct WithToken {
    wanted: Wanted,
    /// Made at random when none.
    token: Option<PlainToken>,
    /// Whether no limit of the account refuses its calls.
    no_limits: bool,
    /// The classes of operations that it is held to; empty for none.
    allow: Vec<String>,
}

/// An app that exists, with its token.
pub struct Made {
    pub id: u64,
    pub name: String,
    pub scopes: usize,
    pub token: PlainToken,
}

/// Reads `NAME:SCOPES`.
pub fn wanted(text: &str) -> Result<Wanted, &'static str> {
    let (name, scopes) = text.rsplit_once(':').ok_or("write the app as NAME:SCOPES, such as Tests:all")?;
    let scopes: Vec<String> = match scopes.trim() {
        "all" => scope::all_names().iter().map(ToString::to_string).collect(),
        list => list.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
    };
    match (name.trim(), scopes.is_empty()) {
        ("", _) => Err("the app has no name: write it as NAME:SCOPES, such as Tests:all"),
        (_, true) => Err("the app has no scopes: list them with commas between, or write NAME:all"),
        (name, false) => Ok(Wanted { name: name.to_owned(), scopes }),
    }
}

/// The apps of a command line, each with the `--token` after it. No error shows the value of `--token` or of
/// its variable: it may be a secret.
///
/// # Errors
/// A `--token` belongs to no app, or is not a token.
pub fn of(serve: &ArgMatches) -> anyhow::Result<Vec<WithToken>> {
    let apps = serve.get_many::<Wanted>("app").into_iter().flatten();
    let places: Vec<usize> = serve.indices_of("app").into_iter().flatten().collect();
    let mut apps: Vec<WithToken> = apps.map(|wanted| WithToken::from(wanted.clone())).collect();
    let tokens = serve.get_many::<String>("token").into_iter().flatten();
    for (place, source) in serve.indices_of("token").into_iter().flatten().zip(tokens) {
        let before = places.iter().rposition(|app| *app < place);
        let app = before.map(|at| &mut apps[at]).context("--token is before the first --app. Put it after the --app whose token it is")?;
        if app.token.replace(token(source, "--token")?).is_some() {
            bail!("the app {} has several --token. Give each app one", shown::line(&app.wanted.name));
        }
    }
    Ok(apps)
}

/// Reads a token from the variable that `env:VARIABLE` names; `what` is the setting that names it.
///
/// # Errors
/// It names no variable, the variable is not set, or holds no token.
pub fn token(source: &str, what: &str) -> anyhow::Result<PlainToken> {
    let is_name = |name: &&str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (1..=VARIABLE_BYTES_MAX).contains(&name.len()) && letters
    };
    let name = source.strip_prefix("env:").filter(is_name);
    let name = name.with_context(|| {
        format!("{what} takes the name of an environment variable that holds the token, such as env:TEST_TOKEN, and not the token")
    })?;
    let value = std::env::var_os(name).with_context(|| format!("{what}: the environment variable {name} is not set"))?;
    chosen(&value).with_context(|| {
        format!("{what}: the environment variable {name} does not hold a token in HubSpot's form, pat-REGION-UUID. To make one: {name}=pat-na1-$(uuidgen)")
    })
}

fn chosen(value: &OsStr) -> Option<PlainToken> {
    PlainToken::given(value.to_str()?)
}

/// Whether a token is made that nobody chose.
pub fn makes_tokens(apps: &[WithToken]) -> bool {
    apps.iter().any(WithToken::makes_token)
}

/// Makes the apps on an embedded account.
///
/// # Errors
/// A scope or a name is not valid, or a name or token is taken.
pub async fn create(control: &Control, hub_id: u64, apps: &[WithToken]) -> anyhow::Result<Vec<Made>> {
    let mut made = Vec::new();
    for WithToken { wanted: Wanted { name, scopes }, token, no_limits, allow } in apps {
        let new = NewApp {
            hub_id,
            name: name.clone(),
            scopes: scopes.clone(),
            no_limits: *no_limits,
            allow: (!allow.is_empty()).then(|| allow.clone()),
            token: token.clone().map_or(FirstToken::Random, FirstToken::Chosen),
            ..NewApp::default()
        };
        let (app, token) = control.create_app(new).await.with_context(|| format!("the app {} of --app", shown::line(name)))?;
        made.push(Made { id: app.id, name: app.name, scopes: app.scopes.len(), token: token.plain });
    }
    Ok(made)
}

impl WithToken {
    /// An app with a token that somebody chose, or none.
    pub fn new(wanted: Wanted, token: Option<PlainToken>, no_limits: bool) -> Self {
        Self { wanted, token, no_limits, allow: Vec::new() }
    }

    /// The same, held to classes of operations.
    pub fn held_to(self, allow: Vec<String>) -> Self {
        Self { allow, ..self }
    }

    /// Whether the server makes its token.
    pub fn makes_token(&self) -> bool {
        self.token.is_none()
    }
}

impl From<Wanted> for WithToken {
    /// For tests: no limit refuses its calls.
    fn from(wanted: Wanted) -> Self {
        Self::new(wanted, None, true)
    }
}
