//! `keyway portal coverage`: what an embedded account answers of HubSpot's API.

use std::collections::BTreeMap;

use http::Method;
use keyway_api::view::{Coverage, CoveredOperation};

use super::super::table;
use crate::args::Connection;
use crate::client::call;
use crate::exit::Exit;
use crate::typed::show_typed;

pub async fn run(connection: &Connection, find: Option<&str>, markdown: bool) -> anyhow::Result<Exit> {
    let answer = call(connection, Method::GET, "/api/v1/coverage", None).await?;
    match find {
        Some(text) => show_typed(&answer, |answer: &Coverage| found(answer, text)),
        None => show_typed(&answer, if markdown { page } else { summary }),
    }
}

/// Counts of one API.
#[derive(Default)]
struct Counts {
    all: usize,
    behaviour: usize,
    documents: usize,
    tested: usize,
}

impl Counts {
    fn cells(&self) -> [usize; 5] {
        [self.all, self.behaviour, self.documents, self.all - self.behaviour - self.documents, self.tested]
    }
}

fn by_api(answer: &Coverage) -> BTreeMap<&str, Counts> {
    let mut apis: BTreeMap<&str, Counts> = BTreeMap::new();
    for row in &answer.operations {
        let counts = apis.entry(&row.api).or_default();
        counts.all += 1;
        counts.behaviour += usize::from(row.served && !row.documents);
        counts.documents += usize::from(row.documents);
        counts.tested += usize::from(row.tested);
    }
    apis
}

fn total(answer: &Coverage) -> String {
    let Coverage { count, served, documents, tested, .. } = answer;
    format!(
        "{count} operations: {} with behaviour, {documents} kept as documents, {} not served; {tested} tested",
        served - documents,
        count - served
    )
}

fn summary(answer: &Coverage) -> String {
    let row = |(api, counts): (&str, Counts)| [vec![api.to_owned()], counts.cells().map(|count| count.to_string()).to_vec()].concat();
    let rows: Vec<Vec<String>> = by_api(answer).into_iter().map(row).collect();
    let table = table(&["API", "OPERATIONS", "BEHAVIOUR", "DOCUMENTS", "NOT SERVED", "TESTED"], &rows);
    format!("{table}\n\n{}\n--find TEXT lists single operations.", total(answer))
}

/// What an account makes of an operation, in a word or two.
fn level(row: &CoveredOperation) -> &'static str {
    match (row.served, row.documents) {
        (false, _) => "not served",
        (true, true) => "documents",
        (true, false) => "behaviour",
    }
}

/// The operations whose API, method or path has a text, whatever its letter case.
fn found(answer: &Coverage, text: &str) -> String {
    let wanted = text.to_lowercase();
    let is_found = |row: &&CoveredOperation| format!("{} {} {}", row.api, row.method, row.path).to_lowercase().contains(&wanted);
    let cells = |row: &CoveredOperation| {
        let tested = if row.tested { "yes" } else { "no" };
        vec![row.method.clone(), row.path.clone(), row.api.clone(), level(row).to_owned(), tested.to_owned()]
    };
    let rows: Vec<Vec<String>> = answer.operations.iter().filter(is_found).map(cells).collect();
    if rows.is_empty() {
        return format!("no operation has {text} in its API, method or path");
    }
    table(&["METHOD", "PATH", "API", "EMBEDDED ACCOUNT", "TESTED"], &rows)
}

/// The table of docs/coverage.md.
fn page(answer: &Coverage) -> String {
    let mut page = format!(
        "# What an embedded account covers

HubSpot has {} operations. An embedded account answers {} of them: {} with behaviour, and {} whose objects it keeps as documents. The project's tests call {} of them. It answers every other operation with 501.

- **Behaviour**: one call changes what others answer, as at HubSpot: a form makes a contact, a page is published when its time has come.
- **Documents**: objects are created, read, changed, archived and listed in HubSpot's form, with required fields and types checked. Nothing follows from them.

`keyway portal coverage --find TEXT` lists single operations, and the documentation site has a page with all of them.
This page is made by `keyway portal coverage --markdown`, and a test keeps it as it is made.

| API | operations | behaviour | documents | not served | tested |
| --- | --- | --- | --- | --- | --- |
",
        answer.count,
        answer.served,
        answer.served - answer.documents,
        answer.documents,
        answer.tested
    );
    for (api, counts) in by_api(answer) {
        page.push_str(&format!("| {api} | {} |\n", counts.cells().map(|count| count.to_string()).join(" | ")));
    }
    page
}
