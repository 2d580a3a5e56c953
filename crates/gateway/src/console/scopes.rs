//! Scopes as a person chooses them: by object, read beside write, with the operations behind each.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::response::Response;
use keyway_api::view::{Scope, ScopeBehind, ScopeTemplate, Scopes};
use keyway_core::catalog::{self, Method};

use super::api::with_part;
use super::page;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::filters;
use crate::admin::operations_of;

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
    /// What a search looks through.
    pub words: String,
    pub read: Option<Tick>,
    pub write: Option<Tick>,
    pub all: Option<Tick>,
    /// The query that asks for what is behind the boxes.
    pub behind: String,
    pub operations: usize,
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

    fn add(&mut self, scope: &Scope, ticked: bool) {
        let tick = Some(Tick { scope: scope.name.clone(), words: scope.words.clone(), ticked });
        match scope.access.as_str() {
            "read" => self.read = tick,
            "write" => self.write = tick,
            _ => self.all = tick,
        }
        self.words = format!("{} {} {}", self.words, scope.name, format!("{} {} {}", scope.words, self.object, self.part).to_lowercase());
        let mut query = form_urlencoded::Serializer::new(std::mem::take(&mut self.behind));
        query.append_pair("scope", &scope.name);
        self.behind = query.finish();
        self.operations += scope.operations;
    }
}

/// Scopes of one row.
const BEHIND_MAX: usize = 3;

/// What a set of scopes opens: distinct operations, and those of them that change something.
pub(super) struct Effect {
    pub operations: usize,
    pub writes: usize,
}

impl Effect {
    /// By the catalog; an operation that several of the scopes open counts once.
    pub fn of(scopes: &[String]) -> Self {
        let opened: BTreeSet<String> = scopes.iter().flat_map(|scope| operations_of(scope)).map(|(_, name)| name).collect();
        let reads = |name: &&String| {
            let (method, path) = name.split_once(' ').unwrap_or_default();
            let known = Method::parse(method).and_then(|method| catalog::Catalog::get().find(method, path));
            // A generic operation stands here with its object type, under which the catalog does not have it.
            known.map_or_else(|| method == "GET" || path.ends_with("/search") || path.ends_with("/batch/read"), |known| known.read_only)
        };
        let (reads, writes): (Vec<&String>, Vec<&String>) = opened.iter().partition(reads);
        Self { operations: reads.len() + writes.len(), writes: writes.len() }
    }
}

#[derive(Template)]
#[template(path = "scopes_effect.html")]
struct EffectPart {
    effect: Effect,
}

/// What the chosen scopes open together, as a part of the page on which they are chosen.
pub(super) async fn effect_part(_visitor: Visitor, fields: Fields) -> Page {
    Ok(page::render(&EffectPart { effect: Effect::of(&fields.all("scope")) }))
}

#[derive(Template)]
#[template(path = "scopes_behind.html")]
struct BehindPart {
    scopes: Vec<ScopeBehind>,
}

#[derive(Template)]
#[template(path = "scopes_behind_page.html")]
struct BehindPage<'a> {
    shell: Shell<'a>,
    part: BehindPart,
}

async fn behind(visitor: &Visitor, fields: &Fields) -> Result<BehindPart, Response> {
    let mut scopes = Vec::new();
    for name in fields.all("scope").iter().take(BEHIND_MAX) {
        let path = with_part("/api/v1/catalog/scopes/", name);
        scopes.push(visitor.api.get(&path).await.map_err(|refused| visitor.refused("/apps", &refused))?);
    }
    Ok(BehindPart { scopes })
}

/// The operations behind scopes, as a part of the page on which they are chosen.
pub(super) async fn show_part(visitor: Visitor, fields: Fields) -> Page {
    Ok(page::render(&behind(&visitor, &fields).await?))
}

/// The same as a page.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let part = behind(&visitor, &fields).await?;
    Ok(page::render(&BehindPage { shell: visitor.shell("/apps"), part }))
}

#[cfg(test)]
mod tests {
    use super::Effect;

    #[test]
    fn an_operation_that_two_scopes_open_counts_once() {
        let of = |scopes: &[&str]| Effect::of(&scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>());
        let (read, write, both) = (
            of(&["crm.objects.contacts.read"]),
            of(&["crm.objects.contacts.write"]),
            of(&["crm.objects.contacts.read", "crm.objects.contacts.write"]),
        );
        assert!(read.operations > 0 && read.writes < read.operations, "{} {}", read.operations, read.writes);
        assert!(write.writes > 0 && both.operations <= read.operations + write.operations);
        assert_eq!(of(&[]).operations, 0);
        assert_eq!(
            both.operations,
            of(&["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.contacts.read"]).operations
        );
    }
}
