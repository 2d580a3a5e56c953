//! Who is behind a call: the session of its token, and the agent's tool, as the audit keeps them.

use http::HeaderMap;

use super::Call;
use crate::audit::Agent;

/// The header in which an agent's door names the tool that made a call. It never reaches HubSpot.
const TOOL: &str = "keyway-tool";
/// Longest name of a tool that is kept, in bytes.
const TOOL_BYTES_MAX: usize = 64;

/// The tool that a request names; none where it names none, or not as a tool is named.
pub(super) fn tool(headers: &HeaderMap) -> Option<Box<str>> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte);
    let name = headers.get(TOOL)?.to_str().ok()?;
    ((1..=TOOL_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)).then(|| name.into())
}

/// Who is behind a call; none where an app's own token called, without a tool, or nobody is known.
pub(super) fn of(call: &Call) -> Option<Box<Agent>> {
    let token = call.token.as_deref()?;
    let tool = call.tool.as_deref().unwrap_or_default();
    match &token.token.session {
        None if tool.is_empty() && call.approval.is_none() => None,
        None => Some(Box::new(Agent { tool: tool.to_owned(), approval: call.approval, ..Agent::default() })),
        Some(session) => Some(Box::new(Agent {
            session: Some(token.token.id),
            person: session.person.clone(),
            purpose: session.purpose.clone(),
            tool: tool.to_owned(),
            approval: call.approval,
        })),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_tool_is_a_short_plain_name() {
        let read = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(TOOL, HeaderValue::from_bytes(value).unwrap());
            tool(&headers).map(String::from)
        };
        assert_eq!(read(b"search_records").as_deref(), Some("search_records"));
        assert_eq!(read(b"crm.search/v1:read").as_deref(), Some("crm.search/v1:read"));
        let long = "a".repeat(TOOL_BYTES_MAX + 1);
        for odd in [&b""[..], b"two words", b"a\tb", b"caf\xc3\xa9", b"<b>", b"a\"b", long.as_bytes()] {
            assert_eq!(read(odd), None, "{odd:?}");
        }
        assert_eq!(tool(&HeaderMap::new()), None);
    }
}
