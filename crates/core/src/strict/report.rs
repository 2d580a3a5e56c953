//! The conclusions from a run: the least scopes, end dates, and findings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rule;
use super::run::{Called, Counted, Finding, Run};
use crate::beside::Access;
use crate::catalog::tables::SunsetRow;
use crate::catalog::{Catalog, Method, Operation};
use crate::object_type;
use crate::requirement::{self, Requirement};
use crate::scope::{ScopeSet, all_names};
use crate::{cover, sunset};

/// The version of a report's JSON form.
pub const VERSION: u32 = 1;

/// What a run of tests called, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// Calls of all operations.
    pub calls: u64,
    /// What was called.
    pub operations: Vec<Used>,
    /// What the app of these calls needs.
    pub scopes: Scopes,
    /// What of it ends, by date.
    pub sunsets: Vec<Sunset>,
    /// The last day of `deprecated`: what ends on or before it is found.
    pub ends_by: Option<String>,
    /// What is wrong with the calls, each kind once.
    pub findings: Vec<Found>,
    /// Calls and findings that were not kept, because there were too many.
    pub left_out: u64,
}

/// An operation, and its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    /// What was called.
    #[serde(flatten)]
    pub called: Called,
    /// How often.
    #[serde(flatten)]
    pub counted: Counted,
    /// The day on which HubSpot ends it.
    pub ends: Option<String>,
}

/// The least set of scopes with which every call passes that was not refused for its scopes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scopes {
    /// By name, in alphabetical order.
    pub needed: Vec<String>,
    /// False where the search for a smaller set was cut short.
    pub least: bool,
}

/// Something that ends, and what was called of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sunset {
    /// The day on which it ends, ISO 8601.
    pub date: String,
    /// What ends.
    pub what: String,
    /// `published`, `month only` or `inferred`.
    pub certainty: String,
    /// What replaces it.
    pub move_to: String,
    /// Calls of it.
    pub calls: u64,
    /// The operations that were called of it: method and path template.
    pub operations: Vec<String>,
}

/// A finding, and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// How often.
    pub count: u64,
    /// Why the rule is there.
    #[serde(default)]
    pub reason: String,
}

impl Report {
    /// The report of a run. Operations that end on or before `ends_by` (`2027-12-31`) are findings.
    pub fn of(mut run: Run, ends_by: Option<&str>) -> Self {
        if let Some(day) = ends_by {
            let found: Vec<(Finding, u64)> = run.called.iter().flat_map(|(called, counted)| deprecated(called, counted, day)).collect();
            found.into_iter().for_each(|(finding, times)| run.find(finding, times));
        }
        let operations = run.called.iter().map(|(called, counted)| Used {
            called: called.clone(),
            counted: counted.clone(),
            ends: end_of(called).map(|row| row.date.to_owned()),
        });
        Self {
            version: VERSION,
            calls: run.called.values().map(|counted| counted.calls).fold(0, u64::saturating_add),
            operations: operations.collect(),
            scopes: needed(&run),
            sunsets: sunsets(&run),
            ends_by: ends_by.map(str::to_owned),
            findings: run
                .findings
                .into_iter()
                .map(|(finding, count)| Found { reason: finding.rule.because().to_owned(), finding, count })
                .collect(),
            left_out: run.left_out,
        }
    }

    /// The run of this report, to be added to others.
    pub fn into_run(self) -> Run {
        let mut run = Run { left_out: self.left_out, ..Run::default() };
        self.operations.into_iter().for_each(|used| run.count(used.called, &used.counted));
        // `deprecated` findings follow from the operations again.
        let findings = self.findings.into_iter().filter(|found| found.finding.rule != Rule::Deprecated);
        findings.for_each(|found| run.find(found.finding, found.count));
        run
    }

    /// One report from several. The last day of `deprecated` is the latest of theirs, unless another is given.
    pub fn merged(reports: Vec<Self>, ends_by: Option<&str>) -> Self {
        let last = reports.iter().filter_map(|report| report.ends_by.clone()).max();
        let mut run = Run::default();
        reports.into_iter().for_each(|report| run.add(report.into_run()));
        Self::of(run, ends_by.or(last.as_deref()))
    }

    /// The findings of these rules.
    pub fn of_rules<'a>(&'a self, rules: &'a [Rule]) -> impl Iterator<Item = &'a Found> {
        self.findings.iter().filter(|found| rules.contains(&found.finding.rule))
    }

    /// Whether strict mode fails.
    pub fn fails(&self, rules: &[Rule]) -> bool {
        self.of_rules(rules).next().is_some()
    }
}

/// The catalog's operation.
fn operation_of(called: &Called) -> Option<&'static Operation> {
    let (method, template) = called.operation.split_once(' ')?;
    Catalog::get().find(Method::parse(method)?, template)
}

fn end_of(called: &Called) -> Option<&'static SunsetRow> {
    called.operation.split_once(' ').and_then(|(_, template)| sunset::of_path(template))
}

fn deprecated(called: &Called, counted: &Counted, day: &str) -> Vec<(Finding, u64)> {
    let Some(end) = end_of(called).filter(|end| end.date <= day) else { return Vec::new() };
    let successor = operation_of(called).and_then(|operation| sunset::successor(operation.method, operation.template)?.successor);
    let move_to = successor.unwrap_or(end.move_to);
    let message = format!("HubSpot ends {} on {} ({}). Move to {move_to}", end.what, end.date, end.certainty);
    let finding = |test: Option<&String>| Finding {
        rule: Rule::Deprecated,
        test: test.cloned(),
        call: called.operation.clone(),
        message: message.clone(),
    };
    match counted.tests.is_empty() {
        true => vec![(finding(None), counted.calls)],
        // The number of calls of each test is not kept.
        false => counted.tests.iter().map(|test| (finding(Some(test)), 1)).collect(),
    }
}

fn needed(run: &Run) -> Scopes {
    let let_through = run.called.iter().filter(|(_, counted)| counted.calls > counted.denied);
    let needs: Vec<Vec<ScopeSet>> = let_through.flat_map(|(called, _)| needs(called)).collect();
    let every = ScopeSet::of_known(all_names().iter().copied());
    let cover = cover::least(&needs, &every);
    Scopes { needed: cover.scopes.names().into_iter().map(str::to_owned).collect(), least: cover.least }
}

/// The alternatives of each need of a call.
fn needs(called: &Called) -> Vec<Vec<ScopeSet>> {
    let requirement = operation_of(called).and_then(|operation| Catalog::get().requirement_on(operation, called.object_types.as_deref()));
    let mut needs = match requirement {
        Some(Requirement::Scopes(one)) => vec![one.sets()],
        Some(Requirement::Both(one, other)) => vec![one.sets(), other.sets()],
        _ => Vec::new(),
    };
    for (names, access) in [(&called.also_reads, Access::Read), (&called.also_writes, Access::Write)] {
        let rows = names.iter().filter_map(|name| object_type::row_of(name));
        needs.extend(rows.filter_map(|row| requirement::of_records(row, access)).map(requirement::Alternatives::sets));
    }
    needs
}

/// The end dates that HubSpot has announced, and those of numbered versions. The end of a dated version is only inferred, and far
/// away.
fn sunsets(run: &Run) -> Vec<Sunset> {
    let mut by_row: BTreeMap<(&str, &str), Sunset> = BTreeMap::new();
    for (called, counted) in &run.called {
        let Some(end) = end_of(called) else { continue };
        if end.certainty == "inferred" && !operation_of(called).is_some_and(Operation::is_numbered) {
            continue;
        }
        let one = by_row.entry((end.date, end.what)).or_insert_with(|| Sunset {
            date: end.date.to_owned(),
            what: end.what.to_owned(),
            certainty: end.certainty.to_owned(),
            move_to: end.move_to.to_owned(),
            calls: 0,
            operations: Vec::new(),
        });
        one.calls = one.calls.saturating_add(counted.calls);
        if !one.operations.contains(&called.operation) {
            one.operations.push(called.operation.clone());
        }
    }
    by_row.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(operation: &str, object_types: &str) -> Called {
        let object_types = (!object_types.is_empty()).then(|| object_types.to_owned());
        Called { operation: operation.into(), object_types, also_reads: Vec::new(), also_writes: Vec::new() }
    }

    fn run(calls: &[(Called, u64)]) -> Run {
        let mut run = Run::default();
        calls.iter().for_each(|(called, calls)| run.count(called.clone(), &Counted { calls: *calls, ..Counted::default() }));
        run
    }

    const LIST: &str = "GET /crm/objects/2026-09/{objectType}";
    const CREATE: &str = "POST /crm/objects/2026-09/{objectType}";

    #[test]
    fn the_least_scopes_open_every_call_and_what_it_reaches_beside_its_path() {
        let with_deals = Called { also_reads: vec!["deals".into()], ..called(LIST, "contacts") };
        let report = Report::of(run(&[(called(CREATE, "contacts"), 1), (with_deals, 2)]), None);
        assert_eq!(report.scopes.needed, ["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.deals.read"]);
        assert!(report.scopes.least);
        assert_eq!(report.calls, 3);
    }

    #[test]
    fn a_call_that_was_refused_for_its_scopes_needs_none() {
        let mut run = run(&[(called(LIST, "contacts"), 1)]);
        run.count(called(CREATE, "deals"), &Counted { calls: 2, failed: 2, denied: 2, ..Counted::default() });
        assert_eq!(Report::of(run, None).scopes.needed, ["crm.objects.contacts.read"]);
    }

    #[test]
    fn what_ends_by_the_chosen_day_is_found_for_each_test() {
        let old = called("GET /crm/v3/objects/{objectType}", "contacts");
        let mut run = run(&[(called(LIST, "contacts"), 1)]);
        let tests = ["test_a".to_owned(), "test_b".to_owned()].into();
        run.count(old, &Counted { calls: 3, tests, ..Counted::default() });
        assert!(Report::of(run.clone(), None).findings.is_empty());
        assert!(Report::of(run.clone(), Some("2027-09-29")).findings.is_empty());
        let report = Report::of(run, Some("2027-09-30"));
        let tests: Vec<_> = report.findings.iter().map(|found| found.finding.test.as_deref()).collect();
        assert_eq!(tests, [Some("test_a"), Some("test_b")]);
        assert_eq!((report.sunsets.len(), report.sunsets[0].date.as_str(), report.sunsets[0].calls), (1, "2027-09-30", 3));
        assert!(report.fails(&[Rule::Deprecated]) && !report.fails(&[Rule::Ended]));
    }

    #[test]
    fn reports_of_several_servers_are_one_report() {
        let finding = Finding { rule: Rule::UnreadPages, test: None, call: "GET /x".into(), message: "m".into() };
        let part = |what: Called| {
            let mut run = run(&[(what, 1)]);
            run.find(finding.clone(), 1);
            Report::of(run, Some("2027-09-30"))
        };
        let parts = [part(called(LIST, "contacts")), part(called(CREATE, "contacts")), part(called("GET /crm/v3/owners", ""))];
        let read = parts.map(|part| serde_json::from_str::<Report>(&serde_json::to_string(&part).unwrap()).unwrap());
        let merged = Report::merged(read.to_vec(), None);
        assert_eq!(merged.scopes.needed, ["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.owners.read"]);
        let counts: Vec<_> = merged.findings.iter().map(|found| (found.finding.rule, found.count)).collect();
        assert_eq!(counts, [(Rule::Deprecated, 1), (Rule::UnreadPages, 3)]);
    }
}
