//! 429: which limit, whose, and what to do (hubspot facts, section 5).

use super::{Certainty, Facts, Found, Say};
use keyway_core::catalog::LimitClass;
use keyway_core::quota::Policy;
use keyway_core::refusal::Refusal;

/// How Keyway treats a call over a limit.
const OF_KEYWAY: &str = "on a connected account a call waits for its turn first: `keyway app update APP --max-wait TIME` sets how long. On an embedded account no call waits, and `keyway app update APP --no-limits` exempts an app that tests use";

/// The same, where nothing shows who refused the call.
const BEHIND_KEYWAY: &str = "give each integration an app of its own; behind a Keyway the calls to a connected account wait for their turn, as long as the app's `--max-wait` permits";

/// The app id and the hub id in a group's name: `publicapi:private_app-api-calls-ten-secondly:<appId>:<hubId>`.
pub(in crate::doctor) fn bucket(facts: &Facts<'_>) -> Option<(u64, u64)> {
    let mut parts = facts.answer()?.group.as_deref()?.rsplit(':');
    let hub_id = parts.next()?.parse().ok()?;
    Some((parts.next()?.parse().ok()?, hub_id))
}

/// The limit by which Keyway refused the call: HubSpot's name of it.
fn of_refusal(facts: &Facts<'_>) -> Option<&'static str> {
    Policy::ALL.into_iter().find(|policy| facts.refused(policy.refusal())).map(Policy::name)
}

fn policy(facts: &Facts<'_>, name: &str, words: &str) -> bool {
    let Some(answer) = facts.answer() else { return false };
    match answer.policy.as_deref().or_else(|| of_refusal(facts)) {
        Some(named) => named == name,
        None => answer.words.iter().any(|word| word == name) || facts.says(words),
    }
}

/// What Keyway does about a limit that a call of an app exceeds.
fn of_keyway(facts: &Facts<'_>) -> &'static str {
    if of_refusal(facts).is_some() { OF_KEYWAY } else { BEHIND_KEYWAY }
}

fn is_associations(facts: &Facts<'_>) -> bool {
    facts.operation.is_some_and(|operation| operation.limit_class == LimitClass::Associations)
}

fn whose(facts: &Facts<'_>) -> String {
    let bucket = bucket(facts).map(|(app, hub_id)| format!(" The answer names app {app} on account {hub_id}.")).unwrap_or_default();
    let users: Vec<String> = facts.evidence.used_by.iter().take(5).map(|(app, calls)| format!("{app}: {calls}")).collect();
    let users = if users.is_empty() { String::new() } else { format!(" Calls by app: {}.", users.join(", ")) };
    format!("{bucket}{users}")
}

/// The number behind the name of a header in the text.
fn of_header(facts: &Facts<'_>, name: &str) -> Option<u64> {
    let text = &facts.answer()?.message;
    let small = text.to_ascii_lowercase();
    let (_, after) = small.split_once(name)?;
    let after = after.trim_start_matches(['"', '\'', ':', '=', '>', ' ', '[', '|', '`']);
    after[..after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len())].parse().ok()
}

/// Which limit the headers of a 429 show as used up.
fn of_headers(facts: &Facts<'_>) -> Option<&'static str> {
    (facts.status() == Some(429) && facts.answer()?.policy.is_none()).then_some(())?;
    let left = of_header(facts, "x-hubspot-ratelimit-remaining");
    let left_today = of_header(facts, "x-hubspot-ratelimit-daily-remaining");
    match (left, left_today) {
        (_, Some(0)) => Some("DAILY"),
        (Some(0), _) => Some("TEN_SECONDLY_ROLLING"),
        _ => None,
    }
}

pub(super) fn burst(facts: &Facts<'_>) -> Option<Found> {
    if of_headers(facts) == Some("TEN_SECONDLY_ROLLING") && !is_associations(facts) {
        return Found::likely("the headers of the answer show it: X-HubSpot-RateLimit-Remaining is 0, and calls of the day are left or not shown. In any ten seconds one app may make 100 calls (Free, Starter), 190 (Professional, Enterprise) or 250 (with an API limit increase); 110 for an OAuth app on each account that installed it")
            .so("wait the seconds in Retry-After, or ten, and go on; use batches (100 records a call) for reading and writing many")
            .so("count all processes and workers together: the limit belongs to the app, not to a process")
            .so(of_keyway(facts));
    }
    (policy(facts, "TEN_SECONDLY_ROLLING", "ten_secondly") && !is_associations(facts)).then_some(())?;
    Found::certain(format!(
        "in any ten seconds one app may make 100 calls (Free, Starter), 190 (Professional, Enterprise) or 250 (with an API limit increase); 110 for an OAuth app on each account that installed it.{}",
        whose(facts)
    ))
    .so("count all processes and workers together: the limit belongs to the app, not to a process, and a limiter in each of them lets too much through")
    .so("wait ten seconds and go on; use batches (100 records a call) for reading and writing many")
    .so(of_keyway(facts))
}

pub(super) fn associations(facts: &Facts<'_>) -> Option<Found> {
    (policy(facts, "TEN_SECONDLY_ROLLING", "ten_secondly") && is_associations(facts)).then_some(())?;
    Found::certain(format!("the associations APIs have a limit of their own: 100 calls in ten seconds (Free, Starter), 150 (Professional, Enterprise), 200 with an API limit increase.{}", whose(facts)))
        .so("use their batches: 1,000 records to read, 2,000 to create in one call")
        .so("ask for associations with the records themselves (?associations=companies,deals)")
}

pub(super) fn search(facts: &Facts<'_>) -> Option<Found> {
    policy(facts, "SECONDLY", "your secondly limit").then_some(())?;
    let limit = "an account may make five searches a second, all its apps and users together";
    let refused = facts.refused(Refusal::SearchLimitReached);
    let shown = refused || facts.operation.is_some_and(|operation| operation.limit_class == LimitClass::Search) || facts.says("search");
    let found = if shown {
        Found::certain(format!("{limit}; answers to searches carry no rate headers, so it can't be seen coming.{}", whose(facts)))
    } else {
        Found::likely(format!(
            "HubSpot counts searches by the second: {limit}. The text does not show a search, so it may also be a limit of all calls, as API keys had.{}",
            whose(facts)
        ))
    };
    let found = if refused { found.so(OF_KEYWAY) } else { found };
    found
        .so("wait a second and go on, with one limiter for all processes; ask for 200 records a page")
        .so("where all records are wanted, list them (GET, 100 a page) in place of searching")
        .so("search once for many values with the operator IN, and read known IDs with batch/read")
}

pub(super) fn daily(facts: &Facts<'_>) -> Option<Found> {
    let shown = of_headers(facts) == Some("DAILY");
    (shown || policy(facts, "DAILY", "your daily limit")).then_some(())?;
    let certainty = if shown { Certainty::Likely } else { Certainty::Certain };
    Found::new(certainty, format!(
        "the calls of a day are counted for the account, all its private apps and service keys together: 250,000 (Free, Starter), 625,000 (Professional), 1,000,000 (Enterprise); they begin again at midnight in the account's time zone.{}",
        whose(facts)
    ))
    .so("do not try again before midnight: a refused call helps nobody")
    .so("HubSpot's figure has no split by app; `keyway account usage HUB_ID` has, from the recorded calls")
    .so("read changes only (search or list by last modified date), read in batches, and keep definitions that hardly change")
    .so("an API limit increase adds 1,000,000 calls a day")
}

pub(super) fn other(facts: &Facts<'_>) -> Option<Found> {
    let known = ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"].iter().any(|name| policy(facts, name, "ly limit."));
    let in_words = facts.status().is_none() && facts.says("reached your rate limit");
    let limited = facts.status() == Some(429) || facts.is_category("RATE_LIMITS") || facts.is_category("RATE_LIMIT") || in_words;
    (limited && !known && of_headers(facts).is_none()).then_some(())?;
    Found::likely(format!(
        "HubSpot answers 429, and what is here does not say by which limit: that of ten seconds, of a second (search) or of the day.{}",
        whose(facts)
    ))
    .so("read policyName in the answer's body: TEN_SECONDLY_ROLLING, SECONDLY or DAILY")
    .so("wait ten seconds (a second for searches) and go on; stop where it is DAILY")
}
