//! A HAR file (HTTP Archive 1.2), as browsers and proxies write it.

use serde_json::Value;

use super::log;
use crate::doctor::answer::LAYERS_MAX;
use crate::doctor::hosts::is_hubspots;
use crate::doctor::{Answer, Call, Evidence};

/// The most calls that are diagnosed: more calls of one session fail for the same reason.
const CALLS_MAX: usize = 50;

/// Headers that only browsers send, for a page.
const OF_A_PAGE: [&str; 4] = ["origin", "sec-fetch-mode", "access-control-request-method", "access-control-request-headers"];

/// The calls that failed: calls to HubSpot, and others that got HubSpot's error.
pub(super) fn read(har: &Value) -> Vec<Evidence> {
    let entries = har["log"]["entries"].as_array().map_or(&[][..], Vec::as_slice);
    entries.iter().filter_map(evidence).take(CALLS_MAX).collect()
}

fn evidence(entry: &Value) -> Option<Evidence> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok())?;
    let blocked = response["_error"].as_str().filter(|error| !error.is_empty());
    (status >= 400 || status == 207 || status == 0 && blocked.is_some() || (300..400).contains(&status)).then_some(())?;
    let mut call = Call { method: request["method"].as_str().map(str::to_ascii_uppercase), headers_known: true, ..Call::default() };
    call.target(request["url"].as_str()?);
    for header in request["headers"].as_array().into_iter().flatten() {
        let name = header["name"].as_str().unwrap_or_default();
        call.by_a_page |= OF_A_PAGE.iter().any(|known| name.eq_ignore_ascii_case(known));
        call.header(name, header["value"].as_str().unwrap_or_default());
    }
    // Browsers leave credentials out of the files that they write.
    let by_a_browser = ["_initiator", "_resourceType", "_error"].iter().any(|field| !entry[field].is_null() || !response[field].is_null());
    call.headers_known = !by_a_browser || !call.credentials.is_empty();
    call.by_a_page |= by_a_browser && blocked.is_some();
    if let Some(text) = request["postData"]["text"].as_str() {
        call.body(text);
    }
    let text = response["content"]["text"].as_str().unwrap_or_default();
    let known = log::error_in(text, LAYERS_MAX);
    (call.host.as_deref().is_some_and(is_hubspots) || known.is_some()).then_some(())?;
    // A redirect is a failure only where a call got a redirect to a sign-in page.
    (!(300..400).contains(&status) || call.is_of_the_api()).then_some(())?;
    let mut answer = known.unwrap_or_else(|| Answer::of_text(text));
    answer.words = log::capitals(text);
    answer.status = Some(status).filter(|status| *status > 0);
    if let Some(error) = blocked {
        answer.message.push_str(error);
    }
    for header in response["headers"].as_array().into_iter().flatten() {
        let value = header["value"].as_str().map(str::to_owned);
        match header["name"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "x-hubspot-correlation-id" if answer.correlation_id.is_none() => answer.correlation_id = value,
            "keyway-rule" => answer.keyway_rule = value,
            _ => {}
        }
    }
    Some(Evidence { call: Some(call), answer: Some(answer), ..Evidence::default() })
}
