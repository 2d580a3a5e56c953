//! When something ends: operations by their path, ways of authentication, kinds of app.
//!
//! The dates are `data/sunsets.tsv`; where several apply, the earliest counts, as HubSpot's own
//! notices have it for v4 (hubspot facts, section 2).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::Method;
use crate::catalog::tables::{PreV3Row, SuccessorRow, SunsetRow, pre_v3, successors, sunsets};

/// The earliest end that a path falls under. Templates and real paths are both fine.
pub fn of_path(path: &str) -> Option<&'static SunsetRow> {
    // A pattern that ends in a slash also means a path that ends there.
    let path = format!("{}/", path.trim_end_matches('/'));
    let applies = |row: &&SunsetRow| row.matches.split(' ').any(|pattern| pattern.starts_with('/') && holds(&path, pattern));
    sunsets().iter().filter(applies).min_by_key(|row| row.date)
}

/// What HubSpot says of the successor of a numbered-version operation, by its template.
pub fn successor(method: Method, template: &str) -> Option<&'static SuccessorRow> {
    static ROWS: LazyLock<HashMap<(Method, &'static str), &'static SuccessorRow>> =
        LazyLock::new(|| successors().iter().map(|row| ((row.method, row.path.trim_end_matches('/')), row)).collect());
    ROWS.get(&(method, template)).copied()
}

/// The end of a way of authentication, such as `hapikey`.
pub fn of_auth(name: &str) -> Option<&'static SunsetRow> {
    sunsets().iter().find(|row| row.matches.strip_prefix("auth:") == Some(name))
}

/// The family older than v3 that a path belongs to: the one with the longest prefix.
pub fn family(path: &str) -> Option<&'static PreV3Row> {
    let path = format!("{}/", path.trim_end_matches('/'));
    let begins = |row: &&PreV3Row| path.strip_prefix(row.prefix).is_some_and(|rest| rest.starts_with('/'));
    pre_v3().iter().filter(begins).max_by_key(|row| row.prefix.len())
}

/// Whether a pattern is in a path at a boundary of segments.
fn holds(path: &str, pattern: &str) -> bool {
    path.match_indices(pattern).any(|(at, _)| pattern.ends_with('/') || path[at + pattern.len()..].starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_end_of_a_path_counts() {
        let date = |path| of_path(path).map(|row| row.date);
        assert_eq!(date("/crm/v3/objects/contacts"), Some("2027-09-30"));
        assert_eq!(date("/crm/v4/objects/{t}/{id}/associations/{to}"), Some("2027-03-30"));
        assert_eq!(date("/oauth/v1/token"), Some("2027-02-16"));
        assert_eq!(date("/contacts/v1/lists/all/contacts/all"), Some("2026-04-30"));
        assert_eq!(date("/contacts/v1/listserver"), Some("2027-09-30"));
        assert_eq!(date("/crm/objects/2026-09/contacts"), Some("2028-03-31"));
        assert_eq!(date("/integrations/none"), None);
    }

    #[test]
    fn a_family_older_than_v3_is_known_by_its_longest_prefix() {
        assert_eq!(family("/contacts/v1/contact/vid/1/profile").map(|row| row.prefix), Some("/contacts/v1/contact"));
        assert_eq!(family("/deals/v1/pipelines").map(|row| row.prefix), Some("/deals/v1/pipelines"));
        assert!(family("/contacts/v1/contacting").is_none());
    }

    #[test]
    fn a_numbered_operation_has_a_dated_successor() {
        let row = successor(Method::Get, "/crm/v3/objects/contacts").unwrap();
        assert_eq!((row.successor, row.stage), (Some("/crm/objects/2026-09/contacts"), "2026-09"));
        assert!(successor(Method::Get, "/crm/objects/2026-09/contacts").is_none());
    }

    #[test]
    fn the_account_wide_key_has_ended() {
        assert_eq!(of_auth("hapikey").map(|row| row.date), Some("2022-11-30"));
    }
}
