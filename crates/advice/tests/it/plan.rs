//! Two plans, whole, in every format: `KEYWAY_WRITE_SNAPSHOTS=1 cargo test -p keyway-advice plan` writes them anew.

use std::path::PathBuf;

use keyway_advice::plan::{FixNote, Grouping, Plan, Report, html, manifest, markdown, plan, sort, terminal};

const DAY: &str = "2026-11-29";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/plan")
}

fn planned(name: &str, manifests: &[(&str, &str)], owners: &[(&str, &str)], fix: Option<Vec<FixNote>>) -> Plan {
    let text = std::fs::read_to_string(folder().join(format!("{name}.report.json"))).unwrap();
    let report = Report { fix, ..serde_json::from_str(&text).unwrap() };
    let grouping = Grouping {
        repository: name.to_owned(),
        units: manifests.iter().filter_map(|(path, text)| manifest(path, text)).collect(),
        owners: owners.iter().map(|(pattern, owner)| ((*pattern).to_owned(), (*owner).to_owned())).collect(),
        ..Grouping::default()
    };
    plan(&sort(Some(&report), &[], &grouping), DAY, "report.json")
}

/// A table whose columns are as wide as their widest cell.
fn aligned(head: &[&str], rows: &[Vec<String>]) -> String {
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let wide = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let line = |row: &&Vec<String>| {
        let padded = row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = wide(column)));
        padded.collect::<Vec<_>>().join("  ")
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn matches(name: &str, plan: &Plan) {
    let formats = [
        ("md", markdown(plan)),
        ("html", html(plan)),
        ("txt", terminal(plan, aligned)),
        ("json", format!("{}\n", serde_json::to_string_pretty(plan).unwrap())),
    ];
    for (ending, text) in formats {
        let path = folder().join(format!("{name}.{ending}"));
        if std::env::var_os("KEYWAY_WRITE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text == expected, "{path:?} differs; read it, then write it with KEYWAY_WRITE_SNAPSHOTS=1");
    }
}

#[test]
fn a_plan_of_workspaces_is_as_it_was_read_and_approved() {
    let manifests = [
        ("package.json", r#"{"name":"root","workspaces":["apps/*","packages/*"]}"#),
        ("apps/web/package.json", r#"{"name":"web","scripts":{"start":"x"},"dependencies":{"@acme/crm":"*"}}"#),
        ("apps/worker/package.json", r#"{"name":"worker","dependencies":{"@acme/crm":"*"}}"#),
        ("apps/worker/Dockerfile", "FROM node"),
        ("packages/crm/package.json", r#"{"name":"@acme/crm"}"#),
    ];
    let note = |path: &str, line, what: &str, by_hand| FixNote { path: path.to_owned(), line, what: what.to_owned(), by_hand };
    let fix = vec![
        note("apps/web/server.js", 1, "/crm/v3/owners becomes /crm/owners/2026-09", false),
        note("packages/crm/index.js", 1, "/crm/v3/objects/contacts/search becomes /crm/objects/2026-09/contacts/search", false),
        note(
            "apps/worker/index.js",
            1,
            "/crm/v3/objects/notes moves to /crm/objects/2026-09/notes, and stays: another place of this project names it in a way that can't be moved with it. Move both by hand",
            true,
        ),
    ];
    matches("workspaces", &planned("workspaces", &manifests, &[("apps/web", "@acme/web")], Some(fix)));
}

#[test]
fn a_plan_of_old_calls_is_as_it_was_read_and_approved() {
    matches("old-calls", &planned("old-calls", &[("pyproject.toml", "[project]\nname = \"sync\"")], &[], None));
}
