//! `keyway portal coverage`: what an embedded account answers of HubSpot's API.

use std::collections::BTreeMap;

use http::Method;
use keyway_api::view::Coverage;

use super::super::table;
use crate::Exit;
use crate::args::Connection;
use crate::client::call;
use crate::typed::show_typed;

pub async fn run(connection: &Connection, markdown: bool, json: bool) -> anyhow::Result<Exit> {
    let answer = call(connection, Method::GET, "/api/v1/coverage", None).await?;
    show_typed(&answer, json, if markdown { page } else { summary })
}

/// Counts of one API.
#[derive(Default)]
struct Counts {
    all: usize,
    served: usize,
    tested: usize,
}

fn by_api(answer: &Coverage) -> BTreeMap<String, Counts> {
    let mut apis: BTreeMap<String, Counts> = BTreeMap::new();
    for row in &answer.operations {
        let counts = apis.entry(row.api.clone()).or_default();
        counts.all += 1;
        counts.served += usize::from(row.served);
        counts.tested += usize::from(row.tested);
    }
    apis
}

fn summary(answer: &Coverage) -> String {
    let rows: Vec<Vec<String>> = by_api(answer)
        .into_iter()
        .map(|(api, Counts { all, served, tested })| vec![api, all.to_string(), served.to_string(), tested.to_string()])
        .collect();
    let total = format!("{} operations, {} served, {} tested", answer.count, answer.served, answer.tested);
    format!("{}\n\n{total}", table(&["API", "OPERATIONS", "SERVED", "TESTED"], &rows))
}

/// One line for each method and path, with the versions it has.
fn page(answer: &Coverage) -> String {
    let mut page = format!(
        "# What an embedded account covers

Of HubSpot's {} operations it answers {}; the project's tests call {} of them.
What is not served answers 501. Where a version is in *italics*, it is served and no test calls it; where it is ~~struck~~, it is not served.

This page is made by `keyway portal coverage --markdown`, and a test keeps it as it is made.

| API | operations | served | tested |
| --- | --- | --- | --- |
",
        answer.count, answer.served, answer.tested
    );
    for (api, Counts { all, served, tested }) in by_api(answer) {
        page.push_str(&format!("| {api} | {all} | {served} | {tested} |\n"));
    }
    let mut apis: BTreeMap<String, BTreeMap<(String, String), Vec<String>>> = BTreeMap::new();
    for row in &answer.operations {
        let version = &row.version;
        // Versions of one path stand together; the version is a segment of it.
        let shape = row.path.split('/').map(|segment| if segment == version { "…" } else { segment }).collect::<Vec<_>>().join("/");
        let version = match (row.served, row.tested) {
            (true, true) => version.clone(),
            (true, false) => format!("*{version}*"),
            (false, _) => format!("~~{version}~~"),
        };
        apis.entry(row.api.clone()).or_default().entry((shape, row.method.clone())).or_default().push(version);
    }
    for (api, paths) in apis {
        page.push_str(&format!("\n## {api}\n\n"));
        for ((shape, method), versions) in paths {
            page.push_str(&format!("- `{method} {shape}` {}\n", versions.join(", ")));
        }
    }
    page
}
