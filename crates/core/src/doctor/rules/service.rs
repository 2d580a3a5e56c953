//! HubSpot's own faults, and what lies between (hubspot facts, section 4).

use super::{Facts, Found, Say};

pub(super) fn fault(facts: &Facts<'_>) -> Option<Found> {
    let own = ["UPSTREAM_UNAVAILABLE", "SERVICE_UNAVAILABLE", "CONNECTION_CREDENTIAL", "NOT_IMPLEMENTED"];
    (!own.iter().any(|category| facts.is_category(category))).then_some(())?;
    let (because, remedy) = match facts.status()? {
        423 => (
            "the records are locked by another change, for about two seconds",
            "wait two seconds or longer and send it again; write a record from one place",
        ),
        477 => (
            "HubSpot moves the account to another data centre",
            "wait for the seconds in Retry-After, up to a day; other accounts are not touched",
        ),
        500 => {
            ("HubSpot failed to handle the call", "send it again once or twice; if it stays, ask HubSpot's support with the correlation id")
        }
        502 | 503 | 504 | 521 | 523 => {
            ("HubSpot is overloaded, or being updated", "pause for some seconds and send it again, a little longer each time")
        }
        524 => ("the call took longer than 100 seconds", "ask for less at once: smaller pages, fewer properties, fewer associations"),
        522 | 525 | 526 => ("the way to HubSpot is broken behind its entrance", "send it again later; if it stays, ask HubSpot's support"),
        _ => return None,
    };
    Found::certain(because).so(remedy)
}
