//! End dates: of operations by their path, ways of authentication, and kinds of app.
//!
//! `data/sunsets.tsv` has the dates. Where several apply, the earliest counts, as in HubSpot's own notices for v4
//! (hubspot facts, section 2).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::tables::{PreV3Row, SuccessorRow, SunsetRow, pre_v3, successors, sunsets};
use crate::catalog::{Catalog, Method};
use crate::time::Timestamp;

/// The earliest end that applies to a path. The path may be a template.
pub fn of_path(path: &str) -> Option<&'static SunsetRow> {
    ends_of(path).min_by_key(|row| row.date)
}

/// Every end that applies to a path.
fn ends_of(path: &str) -> impl Iterator<Item = &'static SunsetRow> {
    // A pattern that ends in a slash also matches a path that ends there.
    let path = format!("{}/", path.trim_end_matches('/'));
    sunsets().iter().filter(move |row| {
        let mut patterns = row.matches.split(' ');
        patterns.clone().any(|pattern| pattern.starts_with('/') && holds(&path, pattern))
            && !patterns.any(|pattern| pattern.strip_prefix('!').is_some_and(|excepted| path.starts_with(&format!("{excepted}/"))))
    })
}

/// The day that a calendar assumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsOf {
    day: String,
    keeps_unsupported: bool,
}

impl AsOf {
    /// The calendar of this day (`2027-10-01`). With `keeps_unsupported`, only operations that HubSpot stops have ended, and not
    /// those that it only stops supporting. None where the text is not a day.
    pub fn new(day: &str, keeps_unsupported: bool) -> Option<Self> {
        let is_day = day.len() == 10 && Timestamp::parse_iso(day).is_some();
        is_day.then(|| Self { day: day.to_owned(), keeps_unsupported })
    }

    /// The day, such as `2027-12-31`.
    pub fn day(&self) -> &str {
        &self.day
    }

    /// The first end of a path that has passed on this day.
    pub fn end_of_path(&self, path: &str) -> Option<&'static SunsetRow> {
        ends_of(path).filter(|row| self.has_come(row)).min_by_key(|row| row.date)
    }

    /// The end of a way of authentication, if it has passed on this day.
    pub fn end_of_auth(&self, name: &str) -> Option<&'static SunsetRow> {
        of_auth(name).filter(|row| self.has_come(row))
    }

    /// ISO dates sort as text.
    fn has_come(&self, row: &SunsetRow) -> bool {
        row.date <= self.day.as_str() && !(self.keeps_unsupported && row.may_run_on())
    }
}

/// HubSpot's successor of an operation with a numbered version, by the operation's template.
pub fn successor(method: Method, template: &str) -> Option<&'static SuccessorRow> {
    static ROWS: LazyLock<HashMap<(Method, &'static str), &'static SuccessorRow>> =
        LazyLock::new(|| successors().iter().map(|row| ((row.method, row.path.trim_end_matches('/')), row)).collect());
    ROWS.get(&(method, template)).copied()
}

/// Where an operation moves to: HubSpot's successor of a numbered version, or of the family of a path older than v3.
pub fn moves_to(method: Method, template: &str) -> Option<&'static str> {
    successor(method, template).and_then(|row| row.successor).or_else(|| family(template).map(|family| family.move_to))
}

/// Whether an operation, or its successor, takes the developer API key and no token. Keyway refuses such calls, so the program
/// must send them to HubSpot itself.
pub fn leads_to_developer_key(method: Method, template: &str) -> bool {
    let takes = |path: &str| Catalog::get().takes_developer_key(method, path);
    takes(template) || successor(method, template).and_then(|row| row.successor).is_some_and(takes)
}

/// The end of a way of authentication, such as `hapikey`.
pub fn of_auth(name: &str) -> Option<&'static SunsetRow> {
    sunsets().iter().find(|row| row.matches.strip_prefix("auth:") == Some(name))
}

/// The end of a kind of app, such as `legacy-private`: the last one, since an earlier one closes its creation alone.
pub fn of_app(kind: &str) -> Option<&'static SunsetRow> {
    sunsets().iter().filter(|row| row.matches.strip_prefix("app:") == Some(kind)).max_by_key(|row| row.date)
}

/// The family older than v3 that a path belongs to: the one with the longest prefix.
pub fn family(path: &str) -> Option<&'static PreV3Row> {
    let path = format!("{}/", path.trim_end_matches('/'));
    let begins = |row: &&PreV3Row| path.strip_prefix(row.prefix).is_some_and(|rest| rest.starts_with('/'));
    pre_v3().iter().filter(begins).max_by_key(|row| row.prefix.len())
}

/// Whether a path contains a pattern, at a boundary of segments.
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
        assert_eq!(date("/contacts/v1/lists/7/contacts/all"), Some("2026-04-30"));
        assert_eq!(date("/contacts/v1/lists/all/contacts/all"), Some("2027-09-30"), "it outlives its list API (hubspot facts, section 2)");
        assert_eq!(date("/contacts/v1/lists/recently_updated/contacts/recent/"), Some("2027-09-30"));
        assert_eq!(date("/contacts/v1/listserver"), Some("2027-09-30"));
        assert_eq!(date("/crm/objects/2026-09/contacts"), Some("2028-03-31"));
        assert_eq!(date("/integrations/none"), None);
    }

    #[test]
    fn a_family_older_than_v3_is_known_by_its_longest_prefix() {
        assert_eq!(family("/contacts/v1/contact/vid/1/profile").map(|row| row.prefix), Some("/contacts/v1/contact"));
        assert_eq!(family("/deals/v1/pipelines").map(|row| row.prefix), Some("/deals/v1/pipelines"));
        assert!(family("/contacts/v1/contacting").is_none());
        let moved_to = |path| family(path).map(|row| row.move_to);
        assert_eq!(moved_to("/contacts/v1/lists/all/contacts/recent"), Some("/crm/objects/2026-09/contacts"));
        assert_eq!(moved_to("/contacts/v1/lists/7"), Some("/crm/lists/2026-09"));
        assert_eq!(moved_to("/contacts/v1/search/query"), Some("/crm/objects/2026-09/contacts/search"));
    }

    #[test]
    fn a_numbered_operation_has_a_dated_successor() {
        let row = successor(Method::Get, "/crm/v3/objects/contacts").unwrap();
        assert_eq!((row.successor, row.stage), (Some("/crm/objects/2026-09/contacts"), "2026-09"));
        assert!(successor(Method::Get, "/crm/objects/2026-09/contacts").is_none());
        assert_eq!(moves_to(Method::Get, "/crm/v3/objects/contacts"), Some("/crm/objects/2026-09/contacts"));
        assert_eq!(moves_to(Method::Get, "/contacts/v1/lists/all/contacts/all"), Some("/crm/objects/2026-09/contacts"));
        assert_eq!(moves_to(Method::Get, "/crm/objects/2026-09/contacts"), None);
    }

    #[test]
    fn a_kind_of_app_ends_when_its_tokens_lose_support_and_not_when_its_creation_closes() {
        assert_eq!(of_app("legacy-private").map(|row| row.date), Some("2027-09-30"));
        assert!(of_app("service-key").is_none());
    }

    #[test]
    fn on_a_day_what_has_ended_by_then_has_ended_and_nothing_else() {
        let end = |day, path| AsOf::new(day, false).unwrap().end_of_path(path).map(|row| row.what);
        let contacts = "/crm/v3/objects/contacts";
        assert_eq!((end("2027-09-29", contacts), end("2027-09-30", contacts)), (None, Some("All v1, v2 and v3 APIs")));
        assert_eq!((end("2026-12-03", "/crm-pipelines/v1/pipelines/deals"), end("2027-02-15", "/oauth/v1/token")), (None, None));
        assert_eq!(end("2026-12-04", "/crm-pipelines/v1/pipelines/deals"), Some("Pipelines v1"));
        assert_eq!(end("2027-03-30", "/crm/v4/objects/contacts/1/associations/deals"), Some("All v4 APIs"));
        assert_eq!(end("2027-10-01", "/crm/objects/2026-09/contacts"), None);
    }

    #[test]
    fn what_may_run_on_can_be_kept_and_what_stops_can_not() {
        let end = |path| AsOf::new("2027-10-01", true).unwrap().end_of_path(path).map(|row| row.what);
        assert_eq!((end("/crm/v3/objects/contacts"), end("/crm/v4/associations/1/2/labels")), (None, None));
        assert_eq!(end("/oauth/v1/token"), Some("OAuth v1 endpoints"));
        assert_eq!(end("/contacts/v1/lists/7"), Some("Contact Lists v1"));
        // The path is exempt from its own end, but not from the end of its version.
        assert_eq!(end("/contacts/v1/lists/all/contacts/all"), None);
        assert!(AsOf::new("2027-10-01", false).unwrap().end_of_path("/contacts/v1/lists/all/contacts/all").is_some());
    }

    #[test]
    fn a_day_is_a_date_of_the_calendar() {
        assert_eq!(AsOf::new("2028-02-29", false).unwrap().day(), "2028-02-29");
        for no_day in ["2027-02-29", "2027-9-30", "2027-09-30T00:00:00Z", "tomorrow", ""] {
            assert_eq!(AsOf::new(no_day, false), None, "{no_day}");
        }
        let key = |day| AsOf::new(day, true).unwrap().end_of_auth("hapikey").is_some();
        assert_eq!((key("2022-11-29"), key("2022-11-30")), (false, true));
    }

    #[test]
    fn the_account_wide_key_has_ended() {
        assert_eq!(of_auth("hapikey").map(|row| row.date), Some("2022-11-30"));
    }
}
