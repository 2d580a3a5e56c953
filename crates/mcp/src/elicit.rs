//! Sends the person to the page where a call is approved, through a client that can open pages (elicitation, URL mode).
//!
//! Only the page counts. What a client answers is its own word, so an answer to a question (form mode) would be an
//! approval that an agent gives itself; nothing is asked in that form. The page wants a person who is signed in.
//!
//! Nothing is kept between two requests. With 2026-07-28 the result says that input is required, and the client sends
//! the call again with the state that it was given: the approval's id, which the model may name anyway. With 2025-11-25
//! the call ends with an error that has the page.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolResult, ClientCapabilities, ElicitRequest, ElicitRequestParams, ErrorCode, ErrorData, InputRequest, InputRequiredResult,
    InputResponses, ProtocolVersion,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

/// How long a call that was sent again waits for the person, step by step. Each step asks the gateway.
pub const WAITS: [Duration; 5] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8), Duration::from_secs(15)];
/// How often Keyway asks a client to repeat the call before it tells the model that nobody has decided: four minutes.
const ROUNDS_MAX: u32 = 8;
/// The error with a page, of protocol 2025-11-25.
const URL_ELICITATION_REQUIRED: ErrorCode = ErrorCode(-32042);
/// The name of the one request for input.
const INPUT: &str = "approval";

/// How a client is sent to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The result says that input is required.
    Result,
    /// An error has the page.
    Error,
}

impl Way {
    /// That of the client of a request; none where it opens no pages.
    pub fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        let is_modern = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        let said = context.client_capabilities().as_ref().is_some_and(opens_pages);
        // A client of 2025-11-25 says it once, in `initialize`.
        let noted = || context.extensions.get::<http::request::Parts>().is_some_and(|head| head.extensions.get::<OpensPages>().is_some());
        match (is_modern, said) {
            (true, said) => said.then_some(Self::Result),
            (false, said) => (said || noted()).then_some(Self::Error),
        }
    }
}

/// The client of a request has said that it can open pages.
#[derive(Clone, Copy, Debug)]
pub struct OpensPages;

/// Whether a client can open pages.
pub fn opens_pages(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|elicitation| elicitation.url.is_some())
}

/// A call that was sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The approval that it waits for.
    pub approval: String,
    number: u32,
}

impl Round {
    /// That of a request; none where it is the first of its call.
    ///
    /// # Errors
    /// The person did not want to see the page. What the model reads then.
    pub fn of(state: Option<&str>, responses: Option<&InputResponses>) -> Result<Option<Self>, String> {
        let Some(round) = state.and_then(Self::read) else { return Ok(None) };
        match responses.and_then(|responses| responses.get(INPUT)).map(|response| response["action"].as_str()) {
            None | Some(Some("accept")) => Ok(Some(round)),
            Some(_) => Err(format!(
                "The user did not open the page on which a person approves this call. Nothing was changed. The approval {} still waits: do not call again unless the user says so.",
                round.approval
            )),
        }
    }

    fn read(state: &str) -> Option<Self> {
        let (approval, number) = state.split_once(' ')?;
        let is_word =
            (1..=64).contains(&approval.len()) && approval.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        Some(Self { approval: approval.to_owned(), number: number.parse().ok()? }).filter(|_| is_word)
    }

    fn text(approval: &str, number: u32) -> String {
        format!("{approval} {number}")
    }
}

/// A call that waits for a person, and where the person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    approval: String,
    page: String,
    /// What the model reads where nobody opens the page.
    words: String,
}

impl Pending {
    /// That of a tool's result; none where nobody is waited for.
    pub fn of(result: &CallToolResult) -> Option<Self> {
        let said = result.structured_content.as_ref().filter(|said| said["rule"] == crate::refused::APPROVAL_REQUIRED)?;
        let approval = said["approval"].as_str()?.to_owned();
        let page = said["refusal"]["link"][0].as_str().filter(|page| is_page(page))?.to_owned();
        Some(Self { approval, page, words: said["keyway"].as_str().unwrap_or_default().to_owned() })
    }

    /// Sends the client to the page, or lets it wait longer; none where Keyway tells the model instead.
    ///
    /// # Errors
    /// For the versions before 2026-07-28, which are sent there by an error.
    pub fn ask(&self, way: Way, round: Option<&Round>) -> Result<Option<InputRequiredResult>, ErrorData> {
        match (way, round) {
            (Way::Result, None) => {
                let ask = ElicitRequest::new(self.params(String::new()));
                let requests = [(INPUT.to_owned(), InputRequest::Elicitation(ask))].into();
                Ok(Some(InputRequiredResult::new(Some(requests), Some(Round::text(&self.approval, 1)))))
            }
            (Way::Result, Some(round)) if round.number < ROUNDS_MAX => {
                Ok(Some(InputRequiredResult::from_request_state(Round::text(&self.approval, round.number + 1))))
            }
            (Way::Result, Some(_)) => Ok(None),
            (Way::Error, _) => {
                let mut ask = serde_json::to_value(self.params(self.approval.clone())).unwrap_or(Value::Null);
                if let Some(fields) = ask.as_object_mut() {
                    fields.retain(|_, value| !value.is_null());
                }
                Err(ErrorData::new(URL_ELICITATION_REQUIRED, self.words.clone(), Some(json!({ "elicitations": [ask] }))))
            }
        }
    }

    fn params(&self, elicitation_id: String) -> ElicitRequestParams {
        let message =
            format!("Keyway shows what this call would change. Sign in there to approve or reject it (approval {}).", self.approval);
        ElicitRequestParams::UrlElicitationParams { meta: None, message, url: self.page.clone(), elicitation_id }
    }
}

fn is_page(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && text.len() <= 2_000 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use rmcp::model::ContentBlock;

    use super::*;

    fn waiting(link: &str) -> CallToolResult {
        let mut result = CallToolResult::error(vec![ContentBlock::text("x")]);
        let refusal = json!({ "approval": ["7"], "link": [link] });
        result.structured_content = Some(json!({ "rule": "approval-required", "approval": "7", "keyway": "wait", "refusal": refusal }));
        result
    }

    #[test]
    fn a_client_of_2026_07_28_opens_the_page_and_sends_the_call_again() {
        let pending = Pending::of(&waiting("https://keyway.example/approvals/7?signature=x")).unwrap();
        let asked = serde_json::to_value(pending.ask(Way::Result, None).unwrap().unwrap()).unwrap();
        assert_eq!(asked["inputRequests"]["approval"]["params"]["url"], "https://keyway.example/approvals/7?signature=x");
        assert_eq!(asked["inputRequests"]["approval"]["params"]["mode"], "url");
        let round = Round::of(asked["requestState"].as_str(), None).unwrap().unwrap();
        assert_eq!(round, Round { approval: "7".into(), number: 1 });
        // Nobody has decided yet: the client waits on, without the page, and not for ever.
        let again = pending.ask(Way::Result, Some(&round)).unwrap().unwrap();
        assert!(again.input_requests.is_none() && again.request_state.as_deref() == Some("7 2"));
        assert!(pending.ask(Way::Result, Some(&Round { approval: "7".into(), number: ROUNDS_MAX })).unwrap().is_none());
    }

    #[test]
    fn a_client_of_2025_11_25_gets_the_page_with_an_error() {
        let pending = Pending::of(&waiting("http://127.0.0.1:8485/approvals/7")).unwrap();
        let error = pending.ask(Way::Error, None).unwrap_err();
        assert_eq!((error.code.0, error.message.as_ref()), (-32042, "wait"));
        let asked = &error.data.unwrap()["elicitations"][0];
        assert_eq!(
            (&asked["mode"], &asked["elicitationId"], &asked["url"]),
            (&json!("url"), &json!("7"), &json!("http://127.0.0.1:8485/approvals/7"))
        );
    }

    #[test]
    fn a_person_who_does_not_open_the_page_is_not_asked_again() {
        let response = |action: &str| InputResponses::from([(INPUT.to_owned(), json!({ "action": action }))]);
        assert!(Round::of(Some("7 1"), Some(&response("accept"))).unwrap().is_some());
        for action in ["decline", "cancel", "approve"] {
            assert!(Round::of(Some("7 1"), Some(&response(action))).unwrap_err().contains("approval 7"), "{action}");
        }
        for state in ["", "7", "7 x", "7\nSystem 1", &format!("{} 1", "7".repeat(65))] {
            assert_eq!(Round::of(Some(state), Some(&response("accept"))), Ok(None), "{state}");
        }
    }

    #[test]
    fn no_other_refusal_and_no_other_link_leads_to_a_page() {
        for link in ["javascript:alert(1)", "https://a.example/ b", "", "file:///etc/passwd"] {
            assert_eq!(Pending::of(&waiting(link)), None, "{link}");
        }
        let mut other = waiting("https://keyway.example/approvals/7");
        other.structured_content.as_mut().unwrap()["rule"] = "missing-scopes".into();
        assert_eq!(Pending::of(&other), None);
    }
}
