//! Thirty days of calls that never were, so that a demo shows what the pages look like in use.
//!
//! The same on every server of one day. They are records of the audit like any other, and say what they are: their
//! tool is `demo`, and they come from an address that is kept for documentation (RFC 5737).

use std::net::IpAddr;
use std::sync::Arc;

use keyway_core::catalog::Catalog;
use keyway_core::refusal::Refusal;
use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;
use keyway_core::token::uuid_text;
use keyway_core::touched::Named;
use keyway_gateway::audit::{Agent, AuditEntry};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The number of the first sample record of each type, and how many of each type there are at least.
const FIRST_RECORD: u64 = 101;
const RECORDS: u64 = 20;
/// From this number on there are none.
const MISSING_RECORD: u64 = 9_000;
/// The most calls of an app in one hour.
const HOURLY_MAX: u64 = 400;

/// An app and how it calls.
pub(super) struct Habit {
    pub name: &'static str,
    pub description: &'static str,
    pub owner: &'static str,
    pub dependents: &'static [&'static str],
    pub scopes: &'static [&'static str],
    /// How long ago it and its token were made.
    pub days_old: i64,
    /// When in the day it calls.
    rhythm: Rhythm,
    /// Calls of a working day.
    daily: u64,
    /// What it calls: operation, object type, weight, and the typical latency in milliseconds.
    calls: &'static [(&'static str, Option<&'static str>, u64, u64)],
    /// How its calls go wrong: of a thousand calls so many, with this status and word. A call for which it lacks a scope is
    /// refused anyway.
    errors: &'static [(u64, u16, &'static str)],
}

/// When in the day an app calls.
#[derive(Clone, Copy)]
enum Rhythm {
    /// In working hours, little at the weekend.
    Office,
    /// All day and night alike.
    Steady,
    /// Nearly all in one hour.
    Batch(i64),
    /// Not at all.
    Never,
}

const CONTACTS: &str = "GET /crm/v3/objects/contacts";
const CONTACT: &str = "GET /crm/v3/objects/contacts/{contactId}";
const COMPANIES: &str = "GET /crm/v3/objects/companies";
const SEARCH: &str = "POST /crm/v3/objects/contacts/search";
const CHANGE: &str = "PATCH /crm/v3/objects/{objectType}/{objectId}";
const MAKE: &str = "POST /crm/objects/2026-09/{objectType}";
const DATED: &str = "GET /crm/objects/2026-09/{objectType}";
const FIND: &str = "POST /crm/objects/2026-09/{objectType}/search";
const BATCH: &str = "POST /crm/v3/objects/{objectType}/batch/read";
const CONTACT_BATCH: &str = "POST /crm/v3/objects/contacts/batch/read";
const COMPANY_BATCH: &str = "POST /crm/v3/objects/companies/batch/read";
const OLD: &str = "GET /contacts/v1/lists/all/contacts/all";
const LISTS: &str = "GET /contacts/v1/lists";

pub(super) const HABITS: [Habit; 8] = [
    Habit {
        name: "Webshop orders",
        description: "Writes orders of the shop to deals",
        owner: "shop-team@example.com",
        dependents: &["shop.example.com"],
        scopes: &["crm.objects.contacts.read", "crm.objects.deals.read", "crm.objects.deals.write"],
        days_old: 120,
        rhythm: Rhythm::Office,
        daily: 300,
        calls: &[(CONTACT, None, 30, 60), (DATED, Some("deals"), 25, 80), (MAKE, Some("deals"), 15, 140), (CHANGE, Some("deals"), 30, 120)],
        errors: &[(6, 404, "OBJECT_NOT_FOUND"), (4, 400, "VALIDATION_ERROR")],
    },
    Habit {
        name: "Newsletter audience",
        description: "Reads subscribers every morning",
        owner: "marketing@example.com",
        dependents: &["the weekly newsletter"],
        scopes: &["crm.objects.contacts.read", "crm.lists.read"],
        days_old: 90,
        rhythm: Rhythm::Batch(7),
        daily: 140,
        calls: &[(SEARCH, None, 40, 190), (CONTACTS, None, 60, 90)],
        errors: &[(3, 400, "VALIDATION_ERROR")],
    },
    Habit {
        name: "Help desk",
        description: "Shows tickets beside chats",
        owner: "support@example.com",
        dependents: &["chat.example.com"],
        scopes: &["crm.objects.contacts.read", "tickets"],
        days_old: 60,
        rhythm: Rhythm::Office,
        daily: 180,
        calls: &[(DATED, Some("tickets"), 50, 70), (CONTACT, None, 30, 55), (COMPANIES, None, 4, 60)],
        errors: &[(5, 404, "OBJECT_NOT_FOUND")],
    },
    Habit {
        name: "Warehouse export",
        description: "Copies the CRM to the data warehouse",
        owner: "data-team@example.com",
        dependents: &["the data warehouse", "monthly reports"],
        scopes: &["crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read"],
        days_old: 150,
        rhythm: Rhythm::Batch(2),
        daily: 260,
        calls: &[(CONTACT_BATCH, None, 50, 420), (COMPANY_BATCH, None, 30, 380), (BATCH, Some("deals"), 20, 410)],
        errors: &[(55, 429, Refusal::LimitReached.name())],
    },
    Habit {
        name: "Sales report script",
        description: "A script that nobody has touched for a year",
        owner: "jo@example.com",
        dependents: &["the sales report"],
        scopes: &["crm.objects.contacts.read", "crm.lists.read"],
        days_old: 390,
        rhythm: Rhythm::Steady,
        daily: 30,
        calls: &[(OLD, None, 70, 650), (LISTS, None, 30, 300)],
        errors: &[(20, 429, Refusal::LimitReached.name())],
    },
    Habit {
        name: "Invoice bridge",
        description: "Makes deals of paid invoices",
        owner: "finance@example.com",
        dependents: &["the accounting system"],
        scopes: &["crm.objects.deals.read", "crm.objects.deals.write"],
        days_old: 75,
        rhythm: Rhythm::Office,
        daily: 60,
        calls: &[(MAKE, Some("deals"), 60, 130), (DATED, Some("deals"), 40, 75)],
        errors: &[(5, 400, "VALIDATION_ERROR")],
    },
    Habit {
        name: "Event check-in",
        description: "Finds the guests of an event",
        owner: "events@example.com",
        dependents: &["the check-in tablets"],
        scopes: &["crm.objects.contacts.read"],
        days_old: 45,
        rhythm: Rhythm::Office,
        daily: 50,
        calls: &[(FIND, Some("contacts"), 70, 110), (DATED, Some("contacts"), 30, 65)],
        errors: &[],
    },
    Habit {
        name: "Chat bot trial",
        description: "An experiment",
        owner: "jo@example.com",
        dependents: &[],
        scopes: &["crm.objects.contacts.read", "conversations.read"],
        days_old: 210,
        rhythm: Rhythm::Never,
        daily: 0,
        calls: &[],
        errors: &[],
    },
];

/// An app as it was made: its habit, its id and its token's id.
pub(super) struct Caller<'a> {
    pub habit: &'a Habit,
    pub app_id: u64,
    pub token_id: u64,
}

/// Numbers that look random and are the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

impl Rhythm {
    /// Of a thousand calls of a day, those in an hour.
    fn share(self, hour: i64, weekend: bool) -> u64 {
        match self {
            Self::Never => 0,
            Self::Steady => 42,
            Self::Batch(at) if hour == at => 860,
            Self::Batch(_) => 6,
            Self::Office => {
                let share = match hour {
                    8..=11 => 95,
                    12 => 60,
                    13..=16 => 105,
                    17..=19 => 45,
                    _ => 3,
                };
                if weekend { share / 6 } else { share }
            }
        }
    }
}

/// The calls of some days before a moment, the oldest first.
pub(super) fn calls(callers: &[Caller<'_>], hub_id: u64, days: u32, now: Timestamp) -> Vec<AuditEntry> {
    let today = now.as_ms().div_euclid(DAY_MS);
    let mut calls = Vec::new();
    for (place, caller) in callers.iter().enumerate() {
        for day in today + 1 - i64::from(days)..=today {
            // The first of January 1970 was a Thursday.
            let weekend = matches!((day + 3).rem_euclid(7), 5 | 6);
            let mut numbers = Numbers(u64::try_from(day).unwrap_or(0) << 8 | place as u64);
            // No day is quite like another.
            let of_day = caller.habit.daily * (80 + numbers.below(45)) / 100;
            for hour in 0..24 {
                let wanted = of_day * caller.habit.rhythm.share(hour, weekend) + numbers.below(1_000);
                for _ in 0..(wanted / 1_000).min(HOURLY_MAX) {
                    let at = Timestamp::from_ms(day * DAY_MS + hour * HOUR_MS + i64::try_from(numbers.below(3_600_000)).unwrap_or(0));
                    calls.push(call(caller, hub_id, at, &mut numbers));
                }
            }
        }
    }
    calls.retain(|call| call.at < now);
    calls.sort_by_key(|call| call.at);
    calls
}

/// One call.
fn call(caller: &Caller<'_>, hub_id: u64, at: Timestamp, numbers: &mut Numbers) -> AuditEntry {
    let habit = caller.habit;
    let weights: u64 = habit.calls.iter().map(|(.., weight, _)| weight).sum();
    let mut drawn = numbers.below(weights);
    let found = habit.calls.iter().find(|(.., weight, _)| {
        let is_it = drawn < *weight;
        drawn = drawn.saturating_sub(*weight);
        is_it
    });
    let (operation, object, _, typical_ms) = found.copied().unwrap_or((CONTACTS, None, 1, 50));
    let known = Catalog::get().named(operation);
    let granted = ScopeSet::of_known(habit.scopes.iter().copied());
    let requirement = known.and_then(|known| Catalog::get().requirement_on(known, object));
    let lacks_scope = requirement.is_some_and(|requirement| !requirement.met_by(&granted));
    let mut drawn = numbers.below(1_000);
    let error = habit.errors.iter().find(|(of_thousand, ..)| {
        let is_it = drawn < *of_thousand;
        drawn = drawn.saturating_sub(*of_thousand);
        is_it
    });
    let (status, word) = match error {
        _ if lacks_scope => (403, Some(Refusal::MissingScopes.name())),
        Some((_, status, word)) if *status != 404 || operation.contains("Id}") => (*status, Some(*word)),
        _ => (if operation == MAKE { 201 } else { 200 }, None),
    };
    // Refused calls are quick; one in fifty of the others is slow.
    let slow = if numbers.below(50) == 0 { 6 } else { 1 };
    let latency_us = match status {
        403 | 429 => 300 + numbers.below(900),
        _ => typical_ms * slow * (500 + numbers.below(1_200)),
    };
    let waited_us = if matches!(habit.rhythm, Rhythm::Batch(_)) && numbers.below(4) == 0 { numbers.below(400_000) } else { 0 };
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&at.as_ms().to_be_bytes()[2..]);
    bytes[6..14].copy_from_slice(&numbers.next().to_be_bytes());
    (bytes[6], bytes[8]) = (0x70 | bytes[6] & 0x0f, 0x80 | bytes[8] & 0x3f);
    AuditEntry {
        at,
        hub_id: Some(hub_id),
        app_id: Some(caller.app_id),
        token_id: Some(caller.token_id),
        operation: Arc::from(operation),
        object: object.map(Into::into),
        status,
        word,
        attempts: 0,
        waited_us,
        latency_us: latency_us + waited_us,
        bytes_in: if operation.starts_with("GET") { 0 } else { 180 + numbers.below(600) },
        bytes_out: 300 + numbers.below(4_000),
        correlation_id: uuid_text(&bytes),
        source: IpAddr::from([192, 0, 2, u8::try_from(10 + caller.app_id % 200).unwrap_or(10)]),
        named: named(operation, object, status, numbers).map(Box::new),
        agent: Some(Box::new(Agent { tool: "demo".to_owned(), ..Agent::default() })),
    }
}

/// The CRM records that a call names: sample records, but one that is not there where the answer says so.
fn named(operation: &str, object: Option<&str>, status: u16, numbers: &mut Numbers) -> Option<Named> {
    let kind = if operation.contains("/contacts/") { "contacts" } else { object.unwrap_or("companies") };
    let (many, properties) = match operation {
        CONTACT => (1, ""),
        CHANGE => (1, "amount dealstage"),
        // A deal that was not made has no id.
        MAKE => (u64::from(status == 201), "amount dealname dealstage pipeline"),
        CONTACT_BATCH | COMPANY_BATCH | BATCH => (5, ""),
        _ => return None,
    };
    let begin = if status == 404 { MISSING_RECORD } else { FIRST_RECORD };
    let first = begin + numbers.below(RECORDS - 5);
    let records: Vec<String> = (first..first + many).map(|id| format!("{kind}/{id}")).collect();
    let property_count = properties.split_whitespace().count() as u64;
    Some(Named { records: records.join(" "), record_count: many, incomplete: false, properties: properties.to_owned(), property_count })
}

#[cfg(test)]
mod tests {
    use keyway_core::catalog::Method;
    use keyway_core::refusal::Word;

    use super::*;

    /// A Monday at noon.
    const NOW: Timestamp = Timestamp::from_ms(20_422 * DAY_MS + 12 * HOUR_MS);

    fn all(now: Timestamp) -> Vec<AuditEntry> {
        let caller = |(place, habit)| Caller { habit, app_id: 3 + place as u64, token_id: 5 + place as u64 };
        calls(&HABITS.iter().enumerate().map(caller).collect::<Vec<_>>(), 7, 30, now)
    }

    #[test]
    fn the_past_is_the_same_each_time_in_order_and_before_now() {
        let (one, other) = (all(NOW), all(NOW));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        assert!(one.is_sorted_by_key(|call| call.at) && one.last().is_some_and(|call| call.at < NOW));
        assert!((10_000..40_000).contains(&one.len()), "{}", one.len());
        // What has passed by noon has passed by the evening too.
        let evening = all(NOW.plus_ms(8 * HOUR_MS));
        assert!(evening.len() > one.len());
        let ids: std::collections::HashSet<&str> = one.iter().map(|call| call.correlation_id.as_str()).collect();
        assert_eq!(ids.len(), one.len());
    }

    #[test]
    fn every_operation_and_every_error_of_it_is_known() {
        for (operation, ..) in HABITS.iter().flat_map(|habit| habit.calls) {
            let (method, template) = operation.split_once(' ').unwrap();
            assert!(Catalog::get().find(Method::parse(method).unwrap(), template).is_some(), "{operation}");
        }
        for (_, status, word) in HABITS.iter().flat_map(|habit| habit.errors) {
            assert!(Word(word).refusal().is_none_or(|refusal| refusal.status().is_none_or(|known| known == *status)), "{word}");
        }
    }

    #[test]
    fn calls_name_the_records_that_they_read_and_change() {
        let calls = all(NOW);
        let readers = |record: &str| {
            let of = |call: &&AuditEntry| call.named.as_ref().is_some_and(|named| named.records.split(' ').any(|one| one == record));
            calls.iter().filter(of).map(|call| call.app_id).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(readers("contacts/105").len(), 3, "{:?}", readers("contacts/105"));
        for call in &calls {
            let by_id = ["{objectId}", "{contactId}", "/batch/read"].iter().any(|part| call.operation.contains(part));
            let named = call.named.as_ref();
            assert_eq!(named.is_some(), by_id || &*call.operation == MAKE, "{}", call.operation);
            assert!(named.is_none_or(|named| named.records.split_whitespace().count() as u64 == named.record_count));
            assert_eq!(call.status == 404, named.is_some_and(|named| named.records.contains("/9")), "{call:?}");
        }
    }

    #[test]
    fn each_app_has_habits_of_its_own() {
        let calls = all(NOW);
        let of = |name: &str| {
            let app_id = 3 + HABITS.iter().position(|habit| habit.name == name).unwrap() as u64;
            calls.iter().filter(|call| call.app_id == Some(app_id)).collect::<Vec<_>>()
        };
        assert!(of("Chat bot trial").is_empty());
        assert!(of("Warehouse export").iter().any(|call| call.status == 429 && call.word == Some(Refusal::LimitReached.name())));
        // Companies alone are beyond its scopes.
        let refused = |call: &&&AuditEntry| call.status == 403;
        let companies = of("Help desk").iter().filter(|call| &*call.operation == COMPANIES).count();
        assert!(companies > 0);
        assert!(
            of("Help desk").iter().filter(refused).count() == companies
                && calls.iter().filter(|call| call.status == 403).count() == companies
        );
        assert!(of("Sales report script").iter().all(|call| call.operation.contains("/v1/")));
        let at_night = of("Warehouse export").iter().filter(|call| call.at.as_ms().rem_euclid(DAY_MS) / HOUR_MS == 2).count();
        assert!(at_night * 10 > of("Warehouse export").len() * 7);
    }
}
