//! The record of changes: filters, pages that go back as far as it does, and what each change made of what.

use askama::Template;
use keyway_api::view::{Change, Changes};

use super::api::with_query;
use super::difference::{self, Field, Thing};
use super::names::Names;
use super::page;
use super::roles;
use super::sentence::{self, Sentence};
use super::shell::Shell;
use super::visitor::{Fields, Page, Visitor};
use super::words::{self, filters};

const SECTION: &str = "/changes";
/// Records on a page.
const ROWS: &str = "50";

/// A change with what a page says of it.
struct Row {
    change: Change,
    sentence: Sentence,
    things: Vec<Thing>,
}

impl Row {
    fn of(change: Change, names: &Names) -> Self {
        let mut things = difference::things(&change.before, &change.after);
        let sentence = Sentence::of(&change, &things, names);
        for thing in &mut things {
            // What is made has every field; one with its default says that nothing was chosen.
            let is_made = !change.before.contains_key(&thing.name);
            thing.fields.retain(|field| !is_made || field.became.iter().any(|value| !is_default(&field.name, value)));
            for Field { name, was, became } in &mut thing.fields {
                was.iter_mut().chain(became).for_each(|value| name_in_place(name, value, names));
            }
        }
        Self { change, sentence, things }
    }

    fn who(&self) -> &str {
        words::who(&self.change.kind, &self.change.who)
    }

    fn role_words(&self) -> &str {
        roles::words(&self.change.role)
    }

    /// What is changed by its name, in place of its number.
    fn thing_name(&self, thing: &Thing) -> String {
        let named = |things: &serde_json::Map<String, serde_json::Value>| things.get(&thing.name)?.get("name")?.as_str().map(str::to_owned);
        named(&self.change.after)
            .or_else(|| named(&self.change.before))
            .map_or_else(|| thing.name.clone(), |name| format!("{} ({name})", thing.name))
    }

    fn field_name(&self, name: &str) -> String {
        sentence::field(name)
    }

    /// How many fields there are: few are shown at once.
    fn fields(&self) -> usize {
        self.things.iter().map(|thing| thing.fields.len()).sum()
    }

    /// Whether a thing has to be named beside what the change was done to.
    fn names(&self, thing: &Thing) -> bool {
        thing.name != self.change.target
    }
}

/// Whether something that is made has this value where nobody chose another.
fn is_default(field: &str, value: &str) -> bool {
    matches!((field, value), (_, "no" | "0") | ("weight", "1") | ("enabled", "yes") | ("maxWaitMs", "10000"))
}

/// Puts the name of an app or account in the place of its number, where it is known.
fn name_in_place(field: &str, value: &mut String, names: &Names) {
    let known = |id: u64| match field {
        "appId" => names.known_app(id),
        "hubId" => names.known_account(id),
        _ => None,
    };
    if let Some(name) = value.parse().ok().and_then(known) {
        *value = name.to_owned();
    }
}

/// Fields that are shown without a click.
const FIELDS_SHOWN: usize = 2;

/// What is filtered by, here and at the API.
/// The first two are shown, the others folded.
const FILTERS: [&str; 5] = ["who", "operation", "target", "from", "to"];

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage<'a> {
    shell: Shell<'a>,
    fields: &'a Fields,
    rows: Vec<Row>,
    older: Option<String>,
    wrong: Option<String>,
}

impl ChangesPage<'_> {
    /// What is filtered by in words, where a link filters by what the menu does not have.
    fn groups(&self) -> &'static [sentence::Group] {
        &sentence::GROUPS
    }

    fn is_filtered(&self) -> bool {
        FILTERS.iter().any(|name| !self.fields.get(name).is_empty())
    }

    /// Whether a filter is chosen that is folded otherwise.
    fn has_folded(&self) -> bool {
        FILTERS[2..].iter().any(|name| !self.fields.get(name).is_empty())
    }
}

/// The record.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let filtered: Vec<(&str, &str)> = FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    let moments = ["from", "to"].map(|name| words::of_browser(fields.get(name)));
    let asked = [&filtered[..3], &[("from", &moments[0]), ("to", &moments[1]), ("limit", ROWS), ("before", fields.get("before"))]].concat();
    let (changes, before, wrong) = match visitor.api.get::<Changes>(&with_query("/api/v1/changes", &asked)).await {
        Ok(page) => (page.changes, page.before, None),
        // A filter that the API refuses is explained beside the filters.
        Err(refused) if refused.status == 400 => (Vec::new(), None, Some(super::words::sentence(&refused.detail))),
        Err(refused) => return Err(visitor.refused(SECTION, &refused)),
    };
    let older = before.map(|before| with_query(SECTION, &[filtered.as_slice(), &[("before", &before.to_string())]].concat()));
    let names = Names::of(&visitor.api, changes.iter().flat_map(apps_in)).await;
    let rows = changes.into_iter().map(|change| Row::of(change, &names)).collect();
    Ok(page::render(&ChangesPage { shell: visitor.shell(SECTION), fields: &fields, rows, older, wrong }))
}

/// The apps that a change speaks of.
fn apps_in(change: &Change) -> Vec<u64> {
    let of_target = change.target.strip_prefix("app ").and_then(|id| id.parse().ok());
    let of_tokens = change.before.keys().chain(change.after.keys()).filter_map(|name| sentence::app_of_token(change, name));
    of_target.into_iter().chain(of_tokens).collect()
}
