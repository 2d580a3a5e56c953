//! The record of changes: filters, pages that go back as far as it does, and what each change made of what.

use askama::Template;
use keyway_api::OPERATIONS;
use keyway_api::view::{Change, Changes};

use super::api::{with_part, with_query};
use super::difference::{self, Thing};
use super::page;
use super::roles;
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::{self, filters};

const SECTION: &str = "/changes";
/// Records on a page.
const ROWS: &str = "50";

/// What is on record beside the operations of the API: signing in and what goes with it.
const OF_SIGN_IN: [&str; 4] = ["addUser", "linkProvider", "setUp", "signIn"];

/// What pages say of a change.
trait ChangeWords {
    fn words(&self) -> String;
    fn role_words(&self) -> &str;
    /// The page of what was changed, where it has one.
    fn address(&self) -> Option<String>;
    fn things(&self) -> Vec<Thing>;
    /// Whether a thing has to be named beside what the change was done to.
    fn names(&self, thing: &Thing) -> bool;
}

impl ChangeWords for Change {
    fn words(&self) -> String {
        words::operation(&self.operation)
    }

    fn role_words(&self) -> &str {
        roles::words(&self.role)
    }

    fn address(&self) -> Option<String> {
        let (kind, name) = self.target.rsplit_once(' ')?;
        Some(match kind {
            "app" => format!("/apps/{name}"),
            "account" => format!("/accounts/{name}"),
            "public app" => format!("/public-apps/{name}"),
            "user" => with_part("/people/", name),
            _ => return None,
        })
    }

    fn things(&self) -> Vec<Thing> {
        difference::things(&self.before, &self.after)
    }

    fn names(&self, thing: &Thing) -> bool {
        thing.name != self.target
    }
}

/// What is filtered by, here and at the API.
const FILTERS: [&str; 5] = ["who", "operation", "target", "from", "to"];

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage<'a> {
    shell: Shell<'a>,
    fields: &'a Fields,
    operations: Vec<(&'static str, String)>,
    changes: Vec<Change>,
    older: Option<String>,
    wrong: Option<String>,
}

/// What can be filtered by, in the order of its words.
fn operations() -> Vec<(&'static str, String)> {
    let of_api = OPERATIONS.iter().filter(|one| !one.reads()).map(|one| one.id.as_str());
    let mut all: Vec<_> = of_api.chain(OF_SIGN_IN).map(|id| (id, words::operation(id))).collect();
    all.sort_by(|(_, one), (_, other)| one.cmp(other));
    all
}

/// The record.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let filtered: Vec<(&str, &str)> = FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    let moments = ["from", "to"].map(|name| words::of_browser(fields.get(name)));
    let asked = [&filtered[..3], &[("from", &moments[0]), ("to", &moments[1]), ("limit", ROWS), ("before", fields.get("before"))]].concat();
    let (changes, before, wrong) = match visitor.api.get::<Changes>(&with_query("/api/v1/changes", &asked)).await {
        Ok(page) => (page.changes, page.before, None),
        // What can't be filtered by is said beside the filters.
        Err(refused) if refused.status == 400 => (Vec::new(), None, Some(super::shell::sentence(&refused.detail))),
        Err(refused) => return Err(visitor.refused(SECTION, &refused)),
    };
    let older = before.map(|before| with_query(SECTION, &[filtered.as_slice(), &[("before", &before.to_string())]].concat()));
    Ok(page::render(&ChangesPage { shell: visitor.shell(SECTION), fields: &fields, operations: operations(), changes, older, wrong }))
}

#[cfg(test)]
mod tests {
    use super::operations;

    #[test]
    fn what_can_be_filtered_by_changes_something_and_has_words() {
        let all = operations();
        assert!(all.contains(&("updateApp", "Update app".to_owned())) && all.contains(&("signIn", "Sign in".to_owned())), "{all:?}");
        assert!(!all.iter().any(|(id, _)| id.starts_with("list") || id.starts_with("show")), "{all:?}");
    }
}
