//! Scopes as a person chooses them: by object, read beside write, with the operations behind each.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use keyway_api::view::{OperationBehind, Scope, ScopeBehind, ScopeTemplate, Scopes};
use keyway_gateway::admin::Effect;
use keyway_gateway::control::BASE_SCOPE;

use super::api::with_part;
use super::page;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;

/// Every scope, and sets of them.
pub(super) struct Catalog {
    scopes: Vec<Scope>,
    pub templates: Vec<ScopeTemplate>,
}

/// Objects that belong together.
pub(super) struct Group {
    pub name: String,
    pub rows: Vec<Row>,
    /// Those for sensitive data, which few apps need.
    pub sensitive: Vec<Row>,
}

/// An object, with a box for each kind of access that there is.
#[derive(Default)]
pub(super) struct Row {
    pub object: String,
    pub part: String,
    pub read: Option<Tick>,
    pub write: Option<Tick>,
    pub all: Option<Tick>,
    /// What its boxes open together, and how many of it change something.
    pub effect: Option<Effect>,
}

/// A box to tick.
pub(super) struct Tick {
    pub scope: String,
    pub words: String,
    pub ticked: bool,
}

/// A scope with what it means.
pub(super) struct Named {
    pub name: String,
    pub words: String,
}

/// Asks for all there is to grant.
pub(super) async fn catalog(visitor: &Visitor) -> Result<Catalog, Response> {
    let Scopes { scopes, templates } =
        visitor.api.get("/api/v1/catalog/scopes").await.map_err(|refused| visitor.refused("/apps", &refused))?;
    Ok(Catalog { scopes, templates })
}

impl Catalog {
    /// Each scope with what it means.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.scopes.iter().map(|scope| (scope.name.as_str(), scope.words.as_str()))
    }

    /// The rows, with the boxes of these scopes ticked.
    pub fn groups(&self, ticked: &[String]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut places: BTreeMap<(&str, &str, &str, bool), (usize, usize)> = BTreeMap::new();
        // HubSpot's records first: nearly every app is about them.
        let (records, others): (Vec<_>, Vec<_>) = self.scopes.iter().partition(|scope| scope.group == "Records");
        for scope in records.into_iter().chain(others) {
            let key = (scope.group.as_str(), scope.object.as_str(), scope.part.as_str(), scope.access == "all");
            let (group, row) = *places.entry(key).or_insert_with(|| {
                let group = groups.iter().position(|group| group.name == scope.group).unwrap_or_else(|| {
                    groups.push(Group { name: scope.group.clone(), rows: Vec::new(), sensitive: Vec::new() });
                    groups.len() - 1
                });
                groups[group].rows.push(Row { object: scope.object.clone(), part: scope.part.clone(), ..Row::default() });
                (group, groups[group].rows.len() - 1)
            });
            groups[group].rows[row].add(scope, ticked.contains(&scope.name));
        }
        for group in &mut groups {
            group.rows.sort_by(|one, other| {
                (common(&one.object), &one.object, &one.part).cmp(&(common(&other.object), &other.object, &other.part))
            });
            for row in &mut group.rows {
                row.effect = Some(Effect::of(&row.ids()));
            }
            let all = std::mem::take(&mut group.rows);
            (group.sensitive, group.rows) = all.into_iter().partition(|row| row.part.contains("sensitive"));
        }
        groups
    }

    /// These scopes with their words; what is not known has none.
    pub fn named(&self, names: &[String]) -> Vec<Named> {
        let words = |name: &str| self.scopes.iter().find(|scope| scope.name == name).map_or("", |scope| &scope.words).to_owned();
        names.iter().map(|name| Named { name: name.clone(), words: words(name) }).collect()
    }
}

/// What most apps are about comes first.
fn common(object: &str) -> usize {
    const FIRST: [&str; 6] = ["Contacts", "Companies", "Deals", "Tickets", "Owners", "Line items"];
    FIRST.iter().position(|one| *one == object).unwrap_or(FIRST.len())
}

impl Group {
    /// Whether it is shown at once: the records, and wherever something is ticked.
    pub fn is_open(&self) -> bool {
        let ticked = |row: &Row| [&row.read, &row.write, &row.all].into_iter().flatten().any(|tick| tick.ticked);
        self.name == "Records" || self.rows.iter().any(ticked) || self.is_sensitive_open()
    }
}

impl Group {
    /// Whether something of the sensitive ones is ticked.
    pub fn is_sensitive_open(&self) -> bool {
        self.sensitive.iter().any(|row| [&row.read, &row.write, &row.all].into_iter().flatten().any(|tick| tick.ticked))
    }
}

impl Row {
    /// The ids of its scopes.
    pub fn ids(&self) -> Vec<&str> {
        [&self.read, &self.write, &self.all].into_iter().flatten().map(|tick| tick.scope.as_str()).collect()
    }

    /// One of them, by which the page of what is behind the boxes finds the row.
    pub fn first(&self) -> &str {
        self.ids().first().copied().unwrap_or_default()
    }

    fn add(&mut self, scope: &Scope, ticked: bool) {
        let tick = Some(Tick { scope: scope.name.clone(), words: scope.words.clone(), ticked });
        match scope.access.as_str() {
            "read" => self.read = tick,
            "write" => self.write = tick,
            _ => self.all = tick,
        }
    }
}

/// Scopes of one row.
const BEHIND_MAX: usize = 3;
/// Operations that a page lists of all of them: a scope may open two thousand. What is opened in a row has all.
const OPERATIONS_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "scopes_effect.html")]
pub(super) struct EffectPart {
    effect: Effect,
}

impl EffectPart {
    /// Of scopes that are chosen; none where none is.
    pub fn of(scopes: &[String]) -> Option<Self> {
        (!scopes.is_empty()).then(|| Self::with_base(scopes))
    }

    /// Every app has the base scope too, which nobody chooses.
    fn with_base(scopes: &[String]) -> Self {
        let all: Vec<&str> = scopes.iter().map(String::as_str).chain([BASE_SCOPE]).collect();
        Self { effect: Effect::of(&all) }
    }
}

/// What the chosen scopes open together, as a part of the page on which they are chosen.
pub(super) async fn effect_part(_visitor: Visitor, fields: Fields) -> Page {
    Ok(page::render(&EffectPart::with_base(&fields.all("scope"))))
}

#[derive(Template)]
#[template(path = "scopes_behind.html")]
struct BehindPart {
    scopes: Vec<ScopeBehind>,
    /// Operations that are listed of all scopes together.
    most: usize,
}

impl BehindPart {
    /// Those of a scope that are listed: the newest versions come first.
    fn listed<'a>(&self, scope: &'a ScopeBehind) -> &'a [OperationBehind] {
        &scope.operations[..scope.operations.len().min(self.most / self.scopes.len().max(1))]
    }

    /// How many are not.
    fn more(&self, scope: &ScopeBehind) -> usize {
        scope.operations.len() - self.listed(scope).len()
    }
}

#[derive(Template)]
#[template(path = "scopes_behind_page.html")]
struct BehindPage<'a> {
    shell: Shell<'a>,
    part: BehindPart,
}

async fn behind(visitor: &Visitor, fields: &Fields, most: usize) -> Result<BehindPart, Response> {
    let mut wanted = fields.all("scope");
    if !fields.get("row").is_empty() {
        let groups = catalog(visitor).await?.groups(&[]);
        let mut rows = groups.iter().flat_map(|group| group.rows.iter().chain(&group.sensitive));
        let row = rows.find(|row| row.ids().contains(&fields.get("row")));
        wanted.extend(row.into_iter().flat_map(Row::ids).map(str::to_owned));
    }
    let mut scopes = Vec::new();
    for name in wanted.iter().take(BEHIND_MAX) {
        let path = with_part("/api/v1/catalog/scopes/", name);
        scopes.push(visitor.api.get(&path).await.map_err(|refused| visitor.refused("/apps", &refused))?);
    }
    Ok(BehindPart { scopes, most })
}

/// The operations behind scopes, as a part of the page on which they are chosen.
pub(super) async fn show_part(visitor: Visitor, fields: Fields) -> Page {
    Ok(page::render(&behind(&visitor, &fields, usize::MAX).await?))
}

/// The same as a page.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let part = behind(&visitor, &fields, OPERATIONS_MAX).await?;
    Ok(page::render(&BehindPage { shell: visitor.shell("/apps"), part }))
}
