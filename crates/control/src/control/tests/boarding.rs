//! What the board keeps of reports; on PostgreSQL also with two instances.

use keyway_advice::plan::{Found, Integration, Leak, Use};

use super::*;

const OLD: &str = "GET /crm/v3/objects/contacts";
const DATED: &str = "GET /crm/objects/2026-09/contacts";

fn part(folder: &str, operation: &str, leaks: &[&str]) -> Integration {
    let leak = |end: &&str| Leak {
        kind: "private_app_token".into(),
        place: format!("{folder}/.env:1"),
        masked: format!("pat-na1-…{end}"),
        ..Leak::default()
    };
    Integration {
        name: folder.into(),
        folder: Some(folder.into()),
        uses: vec![Use { operation: operation.into(), auth: "bearer".into(), place: format!("{folder}/main.py:2"), ..Use::default() }],
        leaks: leaks.iter().map(leak).collect(),
        ..Integration::default()
    }
}

fn report(integrations: Vec<Integration>) -> Found {
    Found { integrations, ..Found::default() }
}

#[tokio::test]
async fn a_newer_report_takes_the_place_of_the_last_one_of_its_repository_and_keeps_what_that_had_before() {
    let control = with_account().await;
    let first = control.take_report("shop", report(vec![part("orders", OLD, &["1234"]), part("bills", OLD, &[])])).await.unwrap();
    assert_eq!((first.new, first.gone, first.report.before_at), (2, 0, None));
    control.take_report("site", report(vec![part("forms", OLD, &[])])).await.unwrap();
    let second = control.take_report(" shop ", report(vec![part("orders", DATED, &[]), part("mail", OLD, &[])])).await.unwrap();
    assert_eq!((second.new, second.gone, second.report.before_at), (1, 1, Some(first.report.received_at)));
    let board = control.board().await.unwrap();
    let names: Vec<&str> = board.reports.iter().map(|report| report.repository.as_str()).collect();
    assert_eq!(names, ["shop", "site"]);
    let of = |name: &str| board.integrations.iter().find(|one| one.kept.name == name).unwrap();
    assert_eq!((of("orders").first_at, of("orders").kept.earlier.credentials.len()), (first.report.received_at, 1));
    assert_eq!(of("orders").kept.earlier.operations, [OLD]);
    assert!(of("bills").kept.found.is_none() && of("forms").kept.found.is_some());
}

#[tokio::test]
async fn a_link_names_an_app_that_is_there_and_outlives_reports() {
    let control = with_account().await;
    let (made, _) = control.create_app(app("Sync", &["tickets"])).await.unwrap();
    control.take_report("shop", report(vec![part("orders", OLD, &[])])).await.unwrap();
    let id = control.board().await.unwrap().integrations[0].id;
    assert!(control.link_integration(id, Some("nobody")).await.is_err());
    assert!(control.link_integration(id + 1, Some("Sync")).await.unwrap_err().to_string().contains("keyway migration list"));
    control.link_integration(id, Some("Sync")).await.unwrap();
    control.take_report("shop", report(vec![part("orders", DATED, &[])])).await.unwrap();
    assert_eq!(control.board().await.unwrap().integrations[0].app_id, Some(made.id));
    control.link_integration(id, None).await.unwrap();
    assert_eq!(control.board().await.unwrap().integrations[0].app_id, None);
}

#[tokio::test]
async fn a_row_is_removed_once_no_report_has_it_and_a_repository_at_any_time() {
    let control = with_account().await;
    control.take_report("shop", report(vec![part("orders", OLD, &[]), part("bills", OLD, &[])])).await.unwrap();
    let id = |board: &Board, name: &str| board.integrations.iter().find(|one| one.kept.name == name).unwrap().id;
    let bills = id(&control.board().await.unwrap(), "bills");
    assert!(control.forget_integration(bills).await.unwrap_err().to_string().contains("the next one would bring it back"));
    let taken = control.take_report("shop", report(vec![part("orders", OLD, &[])])).await.unwrap();
    control.forget_integration(bills).await.unwrap();
    assert_eq!(control.board().await.unwrap().integrations.len(), 1);
    control.forget_report(taken.report.id).await.unwrap();
    let board = control.board().await.unwrap();
    assert!(board.reports.is_empty() && board.integrations.is_empty());
    assert!(control.forget_report(taken.report.id).await.is_err());
}

#[tokio::test]
async fn the_board_takes_no_more_than_it_keeps() {
    let control = with_account().await;
    for at in 0..200 {
        control.take_report(&format!("r{at:03}"), report(vec![part("orders", OLD, &[])])).await.unwrap();
    }
    let refused = control.take_report("one more", report(vec![part("orders", OLD, &[])])).await.unwrap_err().to_string();
    assert!(refused.contains("keyway migration forget"), "{refused}");
    control.take_report("r007", report(vec![part("orders", DATED, &[])])).await.unwrap();
    // Reports that replace each integration by another one do not grow without end.
    let many = |from: usize| report((from..from + 500).map(|at| part(&format!("f{at}"), OLD, &[])).collect());
    control.take_report("r000", many(0)).await.unwrap();
    let refused = control.take_report("r000", many(500)).await.unwrap_err().to_string();
    assert!(refused.contains("more than 1000"), "{refused}");
    // Long texts are cut before they are kept, so it takes many calls to reach the size.
    let long = |at: usize| Use { operation: format!("GET /{at}/{}", "x".repeat(390)), place: "y".repeat(400), ..Use::default() };
    let large = Integration { uses: (0..5_000).map(long).collect(), ..part("orders", OLD, &[]) };
    let refused = control.take_report("r001", report(vec![large])).await.unwrap_err().to_string();
    assert!(refused.contains("4 MiB"), "{refused}");
}

#[tokio::test]
async fn of_two_instances_each_shows_the_reports_that_the_other_took() {
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(url) = crate::testing::database(None).await else { return };
    let (one, other) = (notifying::instance(folders.0.path(), &url).await, notifying::instance(folders.1.path(), &url).await);
    let (first, second) = tokio::join!(
        one.take_report("shop", report(vec![part("orders", OLD, &["1234"])])),
        other.take_report("shop", report(vec![part("orders", DATED, &[])]))
    );
    // One came behind the other, whichever it was.
    let before = [first.unwrap(), second.unwrap()].iter().filter(|taken| taken.report.before_at.is_some()).count();
    assert_eq!(before, 1);
    for instance in [&one, &other] {
        let board = instance.board().await.unwrap();
        assert_eq!((board.reports.len(), board.integrations.len()), (1, 1));
    }
}
