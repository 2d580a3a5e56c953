//! Faults on demand: rules that say which calls of an embedded account fail, how, and how often.
//!
//! Decides only; making it happen is `pipeline/faults.rs`'s work. What is random is random by a seed,
//! so that a run can be repeated.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

pub use keyway_api::body::{Cut, FaultRule as Rule};
use keyway_core::late_search::LateSearch;

use crate::repeat::Seed;
use crate::sync::locked;

/// Rules of one account.
const RULES_MAX: usize = 200;
/// Longest that a call can be made to wait, in milliseconds.
const LATENCY_MS_MAX: u64 = 60_000;
/// Longest time that searches can be behind, in milliseconds: an hour.
const SEARCH_LAG_MS_MAX: u64 = 3_600_000;
/// A migrating account asks for up to a day (hubspot facts, section 4).
const RETRY_AFTER_S_MAX: u32 = 86_400;

/// What a call runs into.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hit {
    /// How long it waits, in milliseconds.
    pub latency_ms: u64,
    /// The rule that decides what comes of it.
    pub rule: Option<Rule>,
    /// How it is behind, if it is a search.
    pub late_search: Option<LateSearch>,
}

/// What a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The HTTP method, in capitals.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// Method and path template of the operation.
    pub operation: &'a str,
    /// The app's id.
    pub app_id: u64,
    /// The app's name.
    pub app_name: &'a str,
}

/// The rules of one account.
#[derive(Default)]
pub struct Faults {
    /// Spares the lock where there are none, which is nearly always.
    any: AtomicBool,
    rules: Mutex<Rules>,
    /// The server's.
    seed: Option<Seed>,
}

#[derive(Default)]
struct Rules {
    last_id: u64,
    rules: Vec<Counted>,
}

struct Counted {
    rule: Rule,
    /// Calls it fitted.
    seen: u64,
    /// Calls it made fail.
    hit: u64,
    random: u64,
    /// Where its chance began.
    seed: u64,
}

impl Faults {
    /// None yet. Chance begins at the seed, if there is one.
    pub(super) fn new(seed: Option<Seed>) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a rule, and gives it its id.
    ///
    /// # Errors
    /// It makes no sense; says why.
    pub fn add(&self, mut rule: Rule) -> Result<Rule, WrongRule> {
        check(&rule)?;
        let mut rules = self.lock();
        if rules.rules.len() >= RULES_MAX {
            return Err(WrongRule::Other(format!("an account has {RULES_MAX} rules at most; remove some")));
        }
        rules.last_id += 1;
        rule.id = rules.last_id;
        let chance = self.seed.filter(|_| rule.seed == 0).map(|seed| u64::from_le_bytes(seed.bytes("fault rule", rule.id)));
        let seed = chance.unwrap_or(rule.seed);
        rules.rules.push(Counted { rule: rule.clone(), seen: 0, hit: 0, random: seed, seed });
        self.any.store(true, Ordering::Release);
        Ok(rule)
    }

    /// Every rule, with the calls it fitted and those it made fail.
    pub fn list(&self) -> Vec<(Rule, u64, u64)> {
        self.lock().rules.iter().map(|counted| (counted.rule.clone(), counted.seen, counted.hit)).collect()
    }

    /// Removes one rule; whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let mut rules = self.lock();
        let before = rules.rules.len();
        rules.rules.retain(|counted| counted.rule.id != id);
        self.any.store(!rules.rules.is_empty(), Ordering::Release);
        rules.rules.len() < before
    }

    /// Removes all.
    pub fn clear(&self) {
        self.lock().rules.clear();
        self.any.store(false, Ordering::Release);
    }

    /// What a call runs into: the waits of all rules that hit it, the first that decides more, and the first about searches.
    pub fn look(&self, seen: Seen<'_>) -> Hit {
        let mut hit = Hit::default();
        if !self.any.load(Ordering::Acquire) {
            return hit;
        }
        for counted in &mut self.lock().rules {
            let decides = decides(&counted.rule);
            if (decides && hit.rule.is_some()) || !fits(&counted.rule, seen) || !counted.fires() {
                continue;
            }
            hit.latency_ms = hit.latency_ms.saturating_add(counted.rule.latency_ms).min(LATENCY_MS_MAX);
            if decides {
                hit.rule = Some(counted.rule.clone());
            }
            hit.late_search = hit.late_search.or_else(|| counted.late_search());
        }
        hit
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        locked(&self.rules)
    }
}

fn decides(rule: &Rule) -> bool {
    rule.status.is_some() || rule.cut.is_some() || !rule.inputs.is_empty()
}

/// Whether a rule is about searches.
fn is_about_searches(rule: &Rule) -> bool {
    rule.search_lag_ms.is_some() || rule.search_shuffled
}

/// Whether an operation searches records of one type.
fn searches(operation: &str) -> bool {
    operation.starts_with("POST ") && operation.contains("/objects/") && operation.ends_with("/search")
}

fn fits(rule: &Rule, seen: Seen<'_>) -> bool {
    let operation = rule.operation.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(seen.operation));
    let method = rule.method.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(seen.method));
    let path = rule.path.as_deref().is_none_or(|own| matches(own, seen.path));
    let app = rule.app.as_deref().is_none_or(|own| own == seen.app_name || own.parse() == Ok(seen.app_id));
    // A part of a batch is there to fail only in a batch.
    let batch = rule.inputs.is_empty() || is_partial(seen.operation);
    let search = !is_about_searches(rule) || searches(seen.operation);
    operation && method && path && app && batch && search
}

impl Counted {
    fn late_search(&self) -> Option<LateSearch> {
        let (lag_ms, shuffled) = (self.rule.search_lag_ms.unwrap_or(0), self.rule.search_shuffled);
        is_about_searches(&self.rule).then_some(LateSearch { lag_ms, shuffled, seed: self.seed })
    }

    /// Counts a call that fits, and says whether it fails.
    fn fires(&mut self) -> bool {
        self.seen += 1;
        let due = self.seen > self.rule.after && self.rule.times.is_none_or(|times| self.hit < times);
        let fires = due && self.rule.probability.is_none_or(|probability| chance(&mut self.random) < probability);
        self.hit += u64::from(fires);
        fires
    }
}

/// Batches that HubSpot answers in part (hubspot facts, section 7).
pub fn is_partial(operation: &str) -> bool {
    ["/batch/create", "/batch/read", "/batch/update", "/batch/upsert"].iter().any(|ending| operation.ends_with(ending))
}

/// Whether a text fits a pattern in which `*` matches anything.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, mut rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    while let Some((part, more)) = rest.split_once('*') {
        let Some(at) = text.find(part) else { return false };
        (text, rest) = (&text[at + part.len()..], more);
    }
    text.ends_with(rest)
}

/// The next number from 0 to 1 (splitmix64).
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // 53 bits are what a float holds exactly.
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Why a rule can't be added.
#[derive(Debug, thiserror::Error)]
pub enum WrongRule {
    /// A field of the rule is not valid.
    #[error("{name} must be {expected}")]
    Parameter {
        /// The name of the field.
        name: &'static str,
        /// What it must be.
        expected: String,
    },
    /// Something else; the text says what.
    #[error("{0}")]
    Other(String),
}

impl WrongRule {
    fn parameter(name: &'static str, expected: &str) -> Self {
        Self::Parameter { name, expected: expected.to_owned() }
    }
}

fn check(rule: &Rule) -> Result<(), WrongRule> {
    let effects =
        [rule.status.is_some(), rule.cut.is_some(), !rule.inputs.is_empty(), is_about_searches(rule)].iter().filter(|on| **on).count();
    if effects > 1 || (effects == 0 && rule.latency_ms == 0) {
        return Err(WrongRule::Other("a fault rule needs one way to fail: status, cut, inputs or a change of searches, with or without a latency; or a latency alone. On the command line: keyway portal fault add --status 429 --times 1".into()));
    }
    if rule.search_lag_ms.is_some_and(|lag| lag > SEARCH_LAG_MS_MAX) {
        return Err(WrongRule::Other(format!("a search is {} seconds behind at most", SEARCH_LAG_MS_MAX / 1_000)));
    }
    if rule.latency_ms > LATENCY_MS_MAX {
        return Err(WrongRule::Other(format!("a call waits {LATENCY_MS_MAX} milliseconds at most")));
    }
    if rule.status.is_some_and(|status| !(400..600).contains(&status)) {
        return Err(WrongRule::parameter("status", "an error status, 400 to 599"));
    }
    if rule.limit.is_some() && rule.status != Some(429) {
        return Err(WrongRule::Other("limit belongs to status 429".into()));
    }
    if rule.limit.as_deref().is_some_and(|limit| !["burst", "daily", "search"].contains(&limit)) {
        return Err(WrongRule::parameter("limit", "burst, daily or search"));
    }
    if rule.retry_after_s.is_some() && rule.status.is_none() {
        return Err(WrongRule::Other("retryAfterS belongs to a status".into()));
    }
    if rule.retry_after_s.is_some_and(|seconds| seconds > RETRY_AFTER_S_MAX) {
        return Err(WrongRule::Other("retryAfterS is a day at most".into()));
    }
    if rule.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
        return Err(WrongRule::parameter("probability", "a number from 0 to 1"));
    }
    if rule.operation.as_deref().is_some_and(|operation| !is_operation(operation)) {
        return Err(WrongRule::parameter(
            "operation",
            "a method and a path template of HubSpot, such as 'POST /crm/objects/2026-09/{objectType}'. To list them: keyway portal coverage --find TEXT",
        ));
    }
    Ok(())
}

fn is_operation(text: &str) -> bool {
    let Some((method, template)) = text.split_once(' ') else { return false };
    let method = keyway_core::catalog::Method::parse(&method.to_ascii_uppercase());
    method.is_some_and(|method| keyway_core::catalog::Catalog::get().find(method, template).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Seen<'_> =
        Seen { method: "POST", path: "/crm/v3/objects/contacts", operation: "POST /crm/v3/objects/contacts", app_id: 7, app_name: "Sync" };

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).unwrap()
    }

    /// The statuses that a number of calls of a kind get under one rule, 0 for none.
    fn run(json: &str, seen: Seen<'_>, calls: usize) -> Vec<u16> {
        let faults = Faults::default();
        faults.add(rule(json)).unwrap();
        (0..calls).map(|_| faults.look(seen).rule.and_then(|rule| rule.status).unwrap_or(0)).collect()
    }

    #[test]
    fn a_rule_begins_after_so_many_calls_and_ends_after_so_many_hits() {
        assert_eq!(run(r#"{"status":503,"after":1,"times":2}"#, CREATE, 5), [0, 503, 503, 0, 0]);
        assert_eq!(run(r#"{"status":503}"#, CREATE, 3), [503, 503, 503]);
    }

    #[test]
    fn a_rule_fits_by_operation_method_path_and_app() {
        let hits = |json: &str| run(json, CREATE, 1) == [500];
        assert!(hits(r#"{"status":500,"operation":"POST /crm/v3/objects/contacts"}"#));
        assert!(!hits(r#"{"status":500,"operation":"GET /crm/v3/objects/contacts"}"#));
        assert!(hits(r#"{"status":500,"method":"post","path":"/crm/*/contacts","app":"Sync"}"#));
        assert!(!hits(r#"{"status":500,"path":"/crm/*/deals"}"#));
        assert!(hits(r#"{"status":500,"app":"7"}"#));
        assert!(!hits(r#"{"status":500,"app":"8"}"#));
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let run = |seed: u64| run(&format!(r#"{{"status":500,"probability":0.3,"seed":{seed}}}"#), CREATE, 1_000);
        let hits = run(1).iter().filter(|status| **status == 500).count();
        assert!((200..400).contains(&hits), "{hits}");
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn waits_add_up_and_the_first_rule_decides() {
        let faults = Faults::default();
        for json in [r#"{"latencyMs":10}"#, r#"{"status":500,"latencyMs":5}"#, r#"{"status":503}"#] {
            faults.add(rule(json)).unwrap();
        }
        let hit = faults.look(CREATE);
        assert_eq!((hit.latency_ms, hit.rule.and_then(|rule| rule.status)), (15, Some(500)));
        assert!(faults.remove(2) && !faults.remove(2));
        assert_eq!(faults.look(CREATE).rule.and_then(|rule| rule.status), Some(503));
        faults.clear();
        assert_eq!(faults.look(CREATE), Hit::default());
    }

    #[test]
    fn a_part_of_a_batch_fails_in_batches_only() {
        let batch = Seen { operation: "POST /crm/v3/objects/contacts/batch/update", ..CREATE };
        let faults = Faults::default();
        faults.add(rule(r#"{"inputs":[0]}"#)).unwrap();
        assert_eq!((faults.look(CREATE).rule.is_some(), faults.look(batch).rule.is_some()), (false, true));
    }

    #[test]
    fn a_rule_about_searches_strikes_searches_of_records_only_and_decides_nothing_else() {
        let search = Seen { operation: "POST /crm/v3/objects/{objectType}/search", ..CREATE };
        let faults = Faults::default();
        faults.add(rule(r#"{"searchLagMs":10000,"seed":7}"#)).unwrap();
        faults.add(rule(r#"{"status":503,"after":1}"#)).unwrap();
        assert_eq!(faults.look(CREATE).late_search, None);
        let hit = faults.look(search);
        assert_eq!(hit.late_search, Some(LateSearch { lag_ms: 10_000, shuffled: false, seed: 7 }));
        assert_eq!(hit.rule.and_then(|rule| rule.status), Some(503), "another rule still decides");
        for other in ["POST /crm/v3/lists/search", "GET /crm/v3/objects/{objectType}", "POST /crm/v3/objects/{objectType}/batch/read"] {
            assert_eq!(faults.look(Seen { operation: other, ..CREATE }).late_search, None, "{other}");
        }
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        for json in [
            "{}",
            r#"{"status":200}"#,
            r#"{"status":500,"cut":"before"}"#,
            r#"{"status":500,"searchLagMs":1000}"#,
            r#"{"searchLagMs":3600001}"#,
            r#"{"status":500,"limit":"daily"}"#,
            r#"{"status":429,"limit":"hourly"}"#,
            r#"{"status":429,"retryAfterS":86401}"#,
            r#"{"latencyMs":1,"retryAfterS":1}"#,
            r#"{"status":500,"probability":1.5}"#,
            r#"{"status":500,"operation":"POST /crm/v3/objects/contact"}"#,
            r#"{"latencyMs":60001}"#,
        ] {
            assert!(Faults::default().add(rule(json)).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Rule>(r#"{"stats":500}"#).is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a/b/d", false),
            ("*", "", true),
            ("/a*", "/a", true),
            ("*/batch/*", "/x/batch/read", true),
            ("/a/b", "/a/b/c", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
