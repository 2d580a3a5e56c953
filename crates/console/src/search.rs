//! Search over everything that has a page: apps, accounts, tokens by their last characters, calls by correlation id, CRM
//! records, scopes, operations, people, settings of the server, and the pages themselves.

use askama::Template;
use keyway_api::OperationId;
use keyway_api::view::{Accounts, Records, Setting, Settings, Users};
use keyway_core::catalog::Catalog;
use keyway_core::touched::RecordRef;

use super::api::{with_part, with_query};
use super::app_words::{self, App, AppWords};
use super::page;
use super::record_words::RecordWords;
use super::scopes;
use super::shell::{Shell, pages};
use super::visitor::{Fields, Page, Visitor};

/// Hits of one kind.
const HITS_MAX: usize = 8;
/// The least of a token that is looked for, and of a correlation id.
const TOKEN_CHARS_MIN: usize = 4;
const CORRELATION_CHARS_MIN: usize = 8;

/// Something that was found.
struct Hit {
    name: String,
    about: String,
    address: String,
}

/// What was found of one kind.
struct Kind {
    name: &'static str,
    hits: Vec<Hit>,
    /// Where all of them are, where there are more.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search<'a> {
    shell: Shell<'a>,
    asked: &'a str,
    found: Vec<Kind>,
}

/// What is searched for: each word has to be there.
struct Words(Vec<String>);

impl Words {
    fn fit(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.0.iter().all(|word| text.contains(word.as_str()))
    }
}

/// The page of what was found.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let asked = fields.get("q");
    let shell = visitor.shell("/search");
    let words = Words(asked.to_lowercase().split_whitespace().map(str::to_owned).collect());
    let mut found = Vec::new();
    if !words.0.is_empty() {
        found.push(kind("Calls", calls(&visitor, asked).await, None));
        found.extend(apps_and_tokens(&visitor, asked, &words).await);
        found.push(kind("Accounts", accounts(&visitor, &words).await, Some(with_query("/accounts", &[("q", asked)]))));
        if visitor.api.may(OperationId::ListUsers) {
            found.push(kind("People", people(&visitor, &words).await, Some("/people".to_owned())));
        }
        let known = scopes::catalog(&visitor).await?;
        let scope = |(name, about): (&str, &str)| Hit {
            name: name.to_owned(),
            about: about.to_owned(),
            address: with_query("/apps/scopes", &[("scope", name)]),
        };
        let fitting = known.all().filter(|(name, about)| words.fit(&format!("{name} {about}")));
        found.push(kind("Scopes", fitting.map(scope).collect(), None));
        found.push(kind("Operations", operations(&words), None));
        if visitor.api.may(OperationId::ListSettings) {
            found.push(kind("Settings", settings(&visitor, &words).await, Some(super::settings::SECTION.to_owned())));
        }
        let page = |(address, name): (&'static str, &'static str)| Hit {
            name: name.to_owned(),
            about: String::new(),
            address: address.to_owned(),
        };
        found.push(kind("Pages", pages(shell).filter(|(_, name)| words.fit(name)).map(page).collect(), None));
    }
    found.retain(|kind| !kind.hits.is_empty());
    Ok(page::render(&Search { shell, asked, found }))
}

fn kind(name: &'static str, mut hits: Vec<Hit>, all: Option<String>) -> Kind {
    let more = all.filter(|_| hits.len() > HITS_MAX);
    hits.truncate(HITS_MAX);
    Kind { name, hits, more }
}

/// A call by its correlation id, and the calls of a CRM record.
async fn calls(visitor: &Visitor, asked: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let is_id = asked.len() >= CORRELATION_CHARS_MIN && asked.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_id {
        let path = with_query("/api/v1/audit", &[("correlationId", asked), ("limit", "1")]);
        let records = visitor.api.get::<Records>(&path).await.map(|found| found.records).unwrap_or_default();
        hits.extend(records.into_iter().map(|record| Hit {
            name: record.path(),
            about: format!("{}, answered with {}", super::words::second(&record.time), record.status_text()),
            address: with_query("/audit/record", &[("id", &record.correlation_id)]),
        }));
    }
    if RecordRef::parse(asked).is_ok() {
        hits.push(Hit {
            name: asked.to_owned(),
            about: "all calls of this record".to_owned(),
            address: with_query("/audit", &[("record", asked)]),
        });
    }
    hits
}

async fn apps_and_tokens(visitor: &Visitor, asked: &str, words: &Words) -> [Kind; 2] {
    let all = app_words::all(&visitor.api, "").await.unwrap_or_default();
    let about = |app: &App| if app.owner.is_empty() { app.description.clone() } else { app.owner.clone() };
    let app = |app: &App| Hit { name: app.name.clone(), about: about(app), address: format!("/apps/{}", app.id) };
    let mut fitting: Vec<&App> = all.iter().filter(|one| one.matches(asked)).collect();
    // An app that is called so comes before one that only holds such a scope.
    fitting.sort_by_key(|app| !words.fit(&app.name));
    let tokens = all.iter().flat_map(|app| app.tokens.iter().map(move |token| (app, token)));
    let token = |(app, token): (&App, &keyway_api::view::Token)| Hit {
        name: token.hint.clone(),
        about: format!("{} token of {}", token.state, app.name),
        address: format!("/apps/{}#tokens", app.id),
    };
    let end = asked.to_lowercase();
    let hits = if asked.len() < TOKEN_CHARS_MIN {
        Vec::new()
    } else {
        tokens.filter(|(_, token)| token.hint.to_lowercase().ends_with(&end)).map(token).collect()
    };
    [kind("Apps", fitting.into_iter().map(app).collect(), Some(with_query("/apps", &[("q", asked)]))), kind("Tokens", hits, None)]
}

async fn accounts(visitor: &Visitor, words: &Words) -> Vec<Hit> {
    let all = visitor.api.all::<Accounts>("/api/v1/accounts", &[]).await.unwrap_or_default();
    let fitting = all.into_iter().filter(|account| words.fit(&format!("{} {}", account.name, account.hub_id)));
    let hit = |account: keyway_api::view::Account| Hit {
        about: account.hub_id.to_string(),
        address: format!("/accounts/{}", account.hub_id),
        name: account.name,
    };
    fitting.map(hit).collect()
}

async fn people(visitor: &Visitor, words: &Words) -> Vec<Hit> {
    let all = visitor.api.all::<Users>("/api/v1/users", &[]).await.unwrap_or_default();
    let hit = |email: String| Hit { address: with_part("/people/", &email), name: email, about: String::new() };
    all.into_iter().map(|user| user.email).filter(|email| words.fit(email)).map(hit).collect()
}

async fn settings(visitor: &Visitor, words: &Words) -> Vec<Hit> {
    let Settings { settings } = visitor.api.get("/api/v1/settings").await.unwrap_or_default();
    let hit = |setting: Setting| Hit {
        address: format!("{}#{}", super::settings::SECTION, setting.name),
        about: match setting.value.or(setting.default) {
            Some(value) => format!("{value}; {}", setting.about),
            None => setting.about,
        },
        name: setting.name,
    };
    let fits = |setting: &Setting| {
        let variable = setting.variable.as_deref().unwrap_or_default();
        words.fit(&format!("{} {} {variable}", setting.name.replace('-', " "), setting.about)) || words.fit(&setting.name)
    };
    settings.into_iter().filter(fits).map(hit).collect()
}

fn operations(words: &Words) -> Vec<Hit> {
    let all = Catalog::get().operations().iter().map(|operation| (operation.to_string(), operation.api));
    let fitting = all.filter(|(name, api)| words.fit(&format!("{name} {api}")));
    let hit = |(name, api): (String, &'static str)| Hit {
        address: with_query("/audit", &[("operation", &name)]),
        about: format!("{api}; its calls"),
        name,
    };
    fitting.take(HITS_MAX).map(hit).collect()
}
