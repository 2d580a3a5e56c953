//! A HAR file (HTTP Archive 1.2), as browsers and proxies write it.

use serde_json::Value;

use super::answer_in;
use crate::doctor::facts::is_hubspots;
use crate::doctor::{Answer, Call, Evidence};

/// Calls that are told of; a session with more fails for one reason.
const CALLS_MAX: usize = 50;

/// The calls that failed: to HubSpot, or anywhere where HubSpot's error came back.
pub(super) fn read(har: &Value) -> Vec<Evidence> {
    let entries = har["log"]["entries"].as_array().map_or(&[][..], Vec::as_slice);
    entries.iter().filter_map(evidence).take(CALLS_MAX).collect()
}

fn evidence(entry: &Value) -> Option<Evidence> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok())?;
    (status >= 400 || status == 207).then_some(())?;
    let mut call = Call { method: request["method"].as_str().map(str::to_ascii_uppercase), headers_known: true, ..Call::default() };
    call.target(request["url"].as_str()?);
    for header in request["headers"].as_array().into_iter().flatten() {
        call.header(header["name"].as_str().unwrap_or_default(), header["value"].as_str().unwrap_or_default());
    }
    if let Some(text) = request["postData"]["text"].as_str() {
        call.body(text);
    }
    let text = response["content"]["text"].as_str().unwrap_or_default();
    let json = serde_json::from_str::<Value>(text).ok();
    let known = json.as_ref().and_then(answer_in);
    (call.host.as_deref().is_some_and(is_hubspots) || known.is_some()).then_some(())?;
    let mut answer = known.unwrap_or_else(|| Answer::of_text(text));
    answer.status = Some(status);
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
