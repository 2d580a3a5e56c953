//! A new app in three steps: what it is, what it may do, a look at both. The steps keep nothing on
//! the server: earlier answers travel in the form.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keyway_api::view::{Account, AppAndMadeToken, AppAnswer, ScopeTemplate};
use keyway_core::agents;
use keyway_core::snippet::{self, Snippet};
use keyway_gateway::admin::Admin;
use serde_json::json;

use super::account_words::{self, AccountWords};
use super::api::with_part;
use super::first_call::FirstCall;
use super::page;
use super::scopes::{self, EffectPart, Group};
use super::shell::Shell;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

/// The answers about the app so far.
#[derive(Clone, Default)]
struct Draft {
    hub_id: String,
    name: String,
    description: String,
    owner: String,
    dependents: Vec<String>,
    scopes: Vec<String>,
}

impl Draft {
    fn of(fields: &Fields) -> Self {
        Self {
            hub_id: fields.get("hub_id").to_owned(),
            name: fields.get("name").to_owned(),
            description: fields.get("description").to_owned(),
            owner: fields.get("owner").to_owned(),
            dependents: fields.lines("dependents"),
            scopes: fields.all("scope"),
        }
    }

    fn dependents_text(&self) -> String {
        self.dependents.join("\n")
    }
}

#[derive(Template)]
#[template(path = "new_app_basics.html")]
struct Basics<'a> {
    shell: Shell<'a>,
    draft: &'a Draft,
    accounts: Vec<Account>,
    wrong: Option<String>,
    /// The app that has the name already.
    same: Option<u64>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'a> {
    shell: Shell<'a>,
    accounts: Vec<Account>,
}

#[derive(Template)]
#[template(path = "new_app_scopes.html")]
struct Scopes<'a> {
    shell: Shell<'a>,
    draft: &'a Draft,
    groups: Vec<Group>,
    templates: Vec<ScopeTemplate>,
    effect: Option<EffectPart>,
}

#[derive(Template)]
#[template(path = "new_app_review.html")]
struct Review<'a> {
    shell: Shell<'a>,
    draft: &'a Draft,
    account: String,
    granted: Vec<scopes::Named>,
    effect: Option<EffectPart>,
}

#[derive(Template)]
#[template(path = "token.html")]
struct Made<'a> {
    shell: Shell<'a>,
    title: String,
    note: &'a str,
    app_id: u64,
    value: &'a str,
    snippets: Vec<Snippet>,
    agents: Vec<agents::snippet::Snippet>,
    /// Waits for the first call with it.
    first: FirstCall,
}

/// The first page of a server that has no app yet: the first step, and nothing else.
pub(super) async fn welcome(visitor: &Visitor, accounts_known: usize) -> Page {
    let accounts = if accounts_known == 1 { account_words::few(&visitor.api).await.unwrap_or_default() } else { Vec::new() };
    Ok(page::render(&Welcome { shell: visitor.shell("/"), accounts }))
}

/// The first step.
pub(super) async fn basics(visitor: Visitor, fields: Fields) -> Page {
    let mut draft = Draft::of(&fields);
    if draft.owner.is_empty() {
        draft.owner = visitor.email().to_owned();
    }
    basics_of(&visitor, &draft, None).await
}

/// The first step again, with the earlier answers.
pub(super) async fn basics_again(Sent { visitor, fields }: Sent) -> Page {
    basics_of(&visitor, &Draft::of(&fields), None).await
}

async fn basics_of(visitor: &Visitor, draft: &Draft, wrong: Option<String>) -> Page {
    let accounts = account_words::few(&visitor.api).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    // Perhaps the page of its token was loaded again, which sends the form again.
    let same = match wrong {
        Some(_) if !draft.name.is_empty() => visitor.api.get::<AppAnswer>(&with_part("/api/v1/apps/", &draft.name)).await.ok(),
        _ => None,
    };
    let same = same.filter(|answer| answer.app.name == draft.name).map(|answer| answer.app.id);
    Ok(page::render(&Basics { shell: visitor.shell("/apps"), draft, accounts, wrong, same }))
}

/// The second step.
pub(super) async fn choose_scopes(Sent { visitor, fields }: Sent) -> Page {
    let draft = Draft::of(&fields);
    if draft.name.is_empty() {
        return basics_of(&visitor, &draft, Some("The app needs a name.".to_owned())).await;
    }
    let catalog = scopes::catalog(&visitor).await?;
    let groups = catalog.groups(&draft.scopes);
    let effect = EffectPart::of(&draft.scopes);
    Ok(page::render(&Scopes { shell: visitor.shell("/apps"), draft: &draft, groups, templates: catalog.templates, effect }))
}

/// The third step.
pub(super) async fn review(Sent { visitor, fields }: Sent) -> Page {
    let mut draft = Draft::of(&fields);
    let catalog = scopes::catalog(&visitor).await?;
    if let Some(template) = catalog.templates.iter().find(|template| template.key == fields.get("template")) {
        draft.scopes.clone_from(&template.scopes);
    }
    let known = account_words::few(&visitor.api).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    let account = known.iter().find(|account| account.is(&draft.hub_id)).map_or_else(
        || if draft.hub_id.is_empty() { "The only account".to_owned() } else { draft.hub_id.clone() },
        |account| format!("{} ({})", account.name, account.hub_id),
    );
    let granted = catalog.named(&draft.scopes);
    Ok(page::render(&Review { shell: visitor.shell("/apps"), draft: &draft, account, granted, effect: EffectPart::of(&draft.scopes) }))
}

/// The one page that shows a token that was just made.
pub(super) async fn token_page(admin: &Admin, visitor: &Visitor, made: &AppAndMadeToken, title: String, note: &str) -> Response {
    page::render(&Made {
        shell: visitor.shell("/apps"),
        title,
        note,
        app_id: made.app.id,
        value: &made.token.value,
        snippets: snippet::of(&admin.addresses.data, &made.token.value, &made.app.scopes),
        agents: for_agents(&admin.addresses.data),
        first: FirstCall::of(&visitor.api, made.app.id, made.token.id).await,
    })
}

/// What programs of agents are set up with that start `keyway mcp` themselves, which calls the data listener.
fn for_agents(gateway: &str) -> Vec<agents::snippet::Snippet> {
    let door = agents::snippet::Door { url: "", gateway };
    agents::snippet::clients()
        .filter_map(|(client, _)| agents::snippet::snippet(client, Some(agents::snippet::Over::Stdio), door))
        .collect()
}

/// Makes the app.
pub(super) async fn create(State(admin): State<Admin>, Sent { visitor, fields }: Sent) -> Page {
    let draft = Draft::of(&fields);
    let mut body = json!({
        "name": draft.name, "description": draft.description, "owner": draft.owner, "dependents": draft.dependents, "scopes": draft.scopes,
    });
    if !draft.hub_id.is_empty() {
        let Ok(hub_id) = draft.hub_id.parse::<u64>() else {
            return basics_of(&visitor, &draft, Some("A hub ID is a number.".to_owned())).await;
        };
        body["hubId"] = hub_id.into();
    }
    match visitor.api.post::<AppAndMadeToken>("/api/v1/apps", &body).await {
        Ok(made) => Ok(token_page(&admin, &visitor, &made, format!("{} is ready", made.app.name), "").await),
        // What the person can correct is asked for again, with the earlier answers.
        Err(refused) if matches!(refused.status, 400 | 409) => basics_of(&visitor, &draft, Some(sentence(&refused.detail))).await,
        Err(refused) => Err(visitor.refused("/apps", &refused)),
    }
}
