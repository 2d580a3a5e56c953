//! The migration board of a demo: two reports of one repository, three weeks and three days old, that never were. With
//! the past's apps and calls they show an integration in each state.

use keyway_advice::plan::{Found, Integration, Leak, Loose, Use};
use keyway_core::time::Timestamp;
use keyway_gateway::control::Control;

const REPOSITORY: &str = "acme/integrations (demo)";
const DAY_MS: i64 = 86_400_000;

/// What a report has of an integration: name, folder, owner, calls, and the last letters of a token.
type Part = (&'static str, &'static str, Option<&'static str>, &'static [(&'static str, &'static str)], Option<&'static str>);

const LISTS: &str = "GET /contacts/v1/lists/all/contacts/all";
const CONTACTS: &str = "GET /crm/v3/objects/contacts";
const SEARCH: &str = "POST /crm/v3/objects/contacts/search";
const DEALS: &str = "POST /crm/v3/objects/deals";
const DATED_SEARCH: &str = "POST /crm/objects/2026-09/contacts/search";
const DATED_CONTACTS: &str = "GET /crm/objects/2026-09/contacts";
const DATED_DEALS: &str = "POST /crm/objects/2026-09/deals";

/// The calls with the API key are those of the first one.
const BEFORE: [Part; 5] = [
    ("Loyalty points", "loyalty", Some("shop-team@example.com"), &[(CONTACTS, "loyalty/points.php:31")], None),
    ("Sales report script", "reports", None, &[(LISTS, "reports/weekly.py:14")], Some("77c1")),
    (
        "Newsletter audience",
        "newsletter",
        None,
        &[(SEARCH, "newsletter/audience.js:22"), (CONTACTS, "newsletter/audience.js:58")],
        Some("0b9d"),
    ),
    ("Invoice bridge", "invoices", None, &[(DEALS, "invoices/bridge.go:76")], Some("4e5a")),
    ("Event check-in", "events", None, &[(SEARCH, "events/checkin.rb:12"), (CONTACTS, "events/checkin.rb:40")], Some("d318")),
];
const NEWEST: [Part; 5] = [
    BEFORE[0],
    BEFORE[1],
    (
        "Newsletter audience",
        "newsletter",
        None,
        &[(DATED_SEARCH, "newsletter/audience.js:22"), (DATED_CONTACTS, "newsletter/audience.js:58")],
        None,
    ),
    ("Invoice bridge", "invoices", None, &[(DATED_DEALS, "invoices/bridge.go:71")], None),
    ("Event check-in", "events", None, &[(DATED_SEARCH, "events/checkin.rb:9"), (DATED_CONTACTS, "events/checkin.rb:37")], None),
];

/// Sends both reports.
pub(super) async fn fill(control: &Control, now: Timestamp) -> anyhow::Result<()> {
    control.take_report(REPOSITORY, found(&BEFORE, None)).await?;
    // The bridge's token is out of its code, and still in a file that deploys it.
    let left = leak("4e5a", "deploy/values.yaml:19");
    let report = control.take_report(REPOSITORY, found(&NEWEST, Some(left))).await?.report;
    Ok(control.backdate_report(report.id, now.plus_ms(-21 * DAY_MS), now.plus_ms(-3 * DAY_MS)).await?)
}

fn found(parts: &[Part], left: Option<Leak>) -> Found {
    let loose = left.map(|leak| Loose { leak, because: "its folder has no call of HubSpot".into() });
    Found {
        integrations: parts.iter().map(integration).collect(),
        loose: loose.into_iter().collect(),
        ignored: Vec::new(),
        unread: Vec::new(),
    }
}

fn integration((name, folder, owner, calls, token): &Part) -> Integration {
    let auth = if *folder == "loyalty" { "hapikey" } else { "bearer" };
    let call = |(operation, place): &(&str, &str)| Use {
        operation: (*operation).to_owned(),
        place: (*place).to_owned(),
        auth: auth.to_owned(),
        ..Use::default()
    };
    Integration {
        name: (*name).to_owned(),
        folder: Some((*folder).to_owned()),
        owner: owner.map(str::to_owned),
        uses: calls.iter().map(call).collect(),
        leaks: token.iter().map(|end| leak(end, &format!("{folder}/.env:3"))).collect(),
        ..Integration::default()
    }
}

fn leak(end: &str, place: &str) -> Leak {
    Leak { kind: "private_app_token".to_owned(), place: place.to_owned(), masked: format!("pat-na1-…{end}"), ..Leak::default() }
}

#[cfg(test)]
mod tests {
    use keyway_core::catalog::{Catalog, Method, Resolution};
    use keyway_core::path::NormalPath;

    use super::*;

    #[test]
    fn each_call_of_the_reports_is_an_operation() {
        for (call, _) in BEFORE.iter().chain(&NEWEST).flat_map(|(.., calls, _)| calls.iter()) {
            let (method, path) = call.split_once(' ').unwrap();
            assert!(Method::parse(method).is_some());
            let found = Catalog::get().resolve(method, &NormalPath::parse(path).unwrap());
            assert!(matches!(found, Resolution::Found(_)), "{call}");
        }
    }
}
