//! Account details.

use http::Method;
use serde_json::json;

use super::{Answer, reply};
use crate::request::Request;
use crate::state::State;

pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    match (method.as_str(), tail) {
        ("GET", ["details"]) => Some(Ok(details(request, state))),
        _ => None,
    }
}

fn details(request: &Request<'_>, state: &State) -> crate::call::Reply {
    let settings = &state.settings;
    let offset_s = offset_seconds(&settings.time_zone, request.now.as_ms());
    let sign = if offset_s < 0 { '-' } else { '+' };
    let minutes = offset_s.abs() / 60;
    reply(
        200,
        json!({
            "portalId": state.hub_id, "accountType": "STANDARD", "timeZone": settings.time_zone, "companyCurrency": settings.currency,
            "additionalCurrencies": [], "utcOffset": format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60), "utcOffsetMilliseconds": offset_s * 1_000,
            "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
        }),
    )
}

fn offset_seconds(zone: &str, now_ms: i64) -> i64 {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(now_ms).map_or(0, |now| i64::from(zone.to_offset(now).seconds()))
}
