//! Keyway's own refusals. Keyway names its refusal in the header `keyway-rule` or in the body, so no sentence is read. The
//! table of refusals ([`keyway_core::refusal`]) has cause and remedy.

use super::{Certainty, Facts, Found, Say, pages};
use keyway_core::refusal::Refusal;

/// The HubSpot page that fits a refusal best.
pub(super) fn page(refusal: Refusal) -> &'static str {
    match refusal.category() {
        "INVALID_AUTHENTICATION" | "EXPIRED_AUTHENTICATION" | "MISSING_SCOPES" | "BANNED" => pages::AUTH,
        "CONNECTION_CREDENTIAL" => pages::SERVICE_KEYS,
        "CONNECTION_REVOKED" => pages::OAUTH_TOKENS,
        "NOT_TRANSLATABLE" | "UNLISTED_OPERATION" => pages::MIGRATION,
        "RATE_LIMITS" => pages::LIMITS,
        _ => pages::ERRORS,
    }
}

/// Whether Keyway refused the call for this reason, and what to do. Where several refusals share a category, each of them
/// is likely.
pub(super) fn refused(facts: &Facts<'_>, refusal: Refusal) -> Option<Found> {
    facts.refused(refusal).then_some(())?;
    let (certainty, evidence) = match facts.refusals() {
        [_] => (Certainty::Certain, format!("Keyway names its refusal {}", refusal.name())),
        _ => (Certainty::Likely, format!("Keyway answers so with the category {}", refusal.category())),
    };
    let mut found = Found::new(certainty, evidence + &own_words(facts));
    // The remedy in the answer contains the ids of the call.
    for remedy in facts.answer().map(|answer| answer.named("remedy")).unwrap_or_default() {
        found = found.so(remedy);
    }
    for step in refusal.remedy() {
        found = found.so(*step);
    }
    let successor = facts.operation.filter(|_| refusal == Refusal::NotTranslatable);
    match successor.and_then(|operation| keyway_core::sunset::successor(operation.method, operation.template)).and_then(|row| row.successor)
    {
        Some(successor) => found.moves_to(successor),
        None => found,
    }
}

/// The longest message that is quoted, in characters.
const QUOTED_MAX: usize = 300;

/// The message of the answer about this call, as a quotation.
fn own_words(facts: &Facts<'_>) -> String {
    let Some(answer) = facts.answer() else { return String::new() };
    let detail = answer.details.iter().find_map(|detail| detail.message.strip_prefix("keyway: "));
    match detail.unwrap_or(&answer.message).trim() {
        "" => String::new(),
        said => format!(": {}", said.chars().take(QUOTED_MAX).collect::<String>()),
    }
}
