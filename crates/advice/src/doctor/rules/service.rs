//! Answers that HubSpot did not write (hubspot facts, section 4).

use super::{Facts, Found, Say};
use keyway_core::refusal::Refusal;

/// Statuses that other services often send in HubSpot's place, and that HubSpot never sends as a page. An HTML 404 or 405
/// is HubSpot's own answer to an unknown path or method.
const BETWEEN: [u16; 4] = [401, 403, 407, 511];

/// Whether something other than HubSpot wrote the answer.
pub(super) fn is_between(facts: &Facts<'_>) -> bool {
    let keyway = facts.refused(Refusal::NotHubSpot);
    let page = facts.answer().is_some_and(|answer| answer.html) && facts.status().is_some_and(|status| BETWEEN.contains(&status));
    // A call to HubSpot's host that another program answered.
    let other = facts.to_hubspot() && facts.other_server().is_some() && facts.status().is_some_and(|status| status >= 400);
    keyway || page || other
}

pub(super) fn between(facts: &Facts<'_>) -> Option<Found> {
    is_between(facts).then_some(())?;
    Found::certain("the answer is not one of HubSpot's API: HubSpot refuses calls in JSON with a correlationId. A firewall (HubSpot's own too), a proxy or a network's sign-in page answered, and that says nothing about the token, its scopes or the path")
        .so("send a User-Agent that names the program: firewalls refuse empty ones and those of some libraries")
        .so("look what is between the program and HubSpot: HTTPS_PROXY and the company's proxy; and look whether the address that the call comes from is blocked: the same call from another network shows it")
        .so("do not rotate or delete the credential because of this answer")
}
