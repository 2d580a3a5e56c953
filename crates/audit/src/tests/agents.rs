//! Calls of sessions, in files and in PostgreSQL.

use super::*;

fn agent(session: u64, person: &str) -> Agent {
    Agent {
        session: Some(session),
        person: person.into(),
        purpose: "Find double companies".into(),
        tool: "search_records".into(),
        approval: Some(7),
    }
}

fn of_session(at: i64, session: u64, person: &str) -> AuditEntry {
    AuditEntry { token_id: Some(session), agent: Some(Box::new(agent(session, person))), ..entry(1, at, 200) }
}

fn of(session: u64) -> AuditFilter {
    AuditFilter { session: Some(session), ..AuditFilter::default() }
}

#[tokio::test]
async fn calls_are_found_by_session_and_by_person_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    log.record(entry(1, 10, 200), false).await.unwrap();
    log.record(of_session(20, 8, "ada@example.com"), false).await.unwrap();
    log.record(of_session(30, 9, "bob@example.com"), false).await.unwrap();
    log.record(of_session(40, 8, "ada@example.com"), false).await.unwrap();
    log.begin(of_session(50, 9, "bob@example.com")).await.unwrap();
    // A call with an app's own token has no session, so session 11 finds nothing although the token's number
    // is 11.
    log.record(AuditEntry { token_id: Some(11), ..entry(1, 60, 200) }, false).await.unwrap();
    assert_eq!(times(&log, of(8)).await, [40, 20]);
    assert_eq!(times(&log, of(11)).await, [0; 0]);
    assert_eq!(times(&log, AuditFilter { token_id: Some(11), ..AuditFilter::default() }).await, [60]);
    let elsewhere = std::net::IpAddr::from([192, 0, 2, 7]);
    log.record(AuditEntry { source: elsewhere, ..entry(1, 70, 200) }, false).await.unwrap();
    let from = |source: &str| AuditFilter { source: Some(source.into()), ..AuditFilter::default() };
    assert_eq!(times(&log, from("192.0.2.7")).await, [70]);
    assert_eq!(times(&log, AuditFilter { token_id: Some(11), ..from("192.0.2.7") }).await, [0; 0]);
    log.close().await;
    let log = open(Some(folder.path())).await;
    assert_eq!(times(&log, of(8)).await, [40, 20]);
    let by = |person: &str| AuditFilter { person: Some(person.into()), ..AuditFilter::default() };
    assert_eq!(times(&log, AuditFilter { to: Some(Timestamp::from_ms(45)), ..by("bob@example.com") }).await, [30]);
    assert_eq!(times(&log, by("bob")).await, [0; 0]);
    let with = |tool: &str| AuditFilter { tool: Some(tool.into()), to: Some(Timestamp::from_ms(45)), ..AuditFilter::default() };
    assert_eq!(times(&log, with("search_records")).await, [40, 30, 20]);
    assert_eq!(times(&log, with("search")).await, [0; 0]);
    let found = log.list(&AuditFilter { limit: 1, ..of(8) }).await.unwrap().remove(0);
    assert_eq!(
        (found.session, found.on_behalf_of.as_deref(), found.purpose.as_deref(), found.tool.as_deref(), found.approval, &*found.decision),
        (Some(8), Some("ada@example.com"), Some("Find double companies"), Some("search_records"), Some(7), "allowed")
    );
    let plain = log.list(&AuditFilter { to: Some(Timestamp::from_ms(11)), limit: 1, ..AuditFilter::default() }).await.unwrap().remove(0);
    assert_eq!((plain.session, plain.on_behalf_of, plain.tool, plain.approval), (None, None, None, None));
    assert_eq!(log.verify(&nothing_kept()).await.unwrap().fault, None);
}

#[tokio::test]
async fn a_call_of_a_session_whose_outcome_is_unknown_names_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let key = || ChainKey::new(&[7; 32]);
    let log = AuditLog::open(Place::Folder(folder.path()), key(), None).await.unwrap();
    log.begin(of_session(10, 8, "ada@example.com")).await.unwrap();
    log.close().await;
    let log = AuditLog::open(Place::Folder(folder.path()), key(), None).await.unwrap();
    let found = log.list(&AuditFilter { limit: 9, ..of(8) }).await.unwrap();
    let found: Vec<_> = found.iter().map(|record| (record.on_behalf_of.as_deref(), &*record.decision)).collect();
    assert_eq!(found, [(Some("ada@example.com"), "unknown")]);
}

#[test]
fn a_change_of_who_stands_behind_a_call_shows_in_its_seal() {
    let (plain, of_agent) = (entry(1, 10, 200), of_session(10, 8, "ada@example.com"));
    let seal = |entry: &AuditEntry| {
        let mut link = ChainKey::new(&[7; 32]).after(&[0; 32]);
        link.add(&row::Row::of(entry, 1, "127.0.0.1"));
        link.seal()
    };
    let other = AuditEntry { agent: Some(Box::new(Agent { person: "bob@example.com".into(), ..agent(8, "") })), ..of_session(10, 8, "") };
    assert_ne!(seal(&of_agent), seal(&other), "a change of the person shows");
    assert_ne!(seal(&of_agent), seal(&AuditEntry { token_id: Some(8), ..plain }));
}
