//! The query of a call for an account's activity: which page, which time and whose.

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_core::time::Timestamp;

use super::Kind;

/// Events on a page (hubspot facts, section 6: "others 10").
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;

/// Where a page begins: each record is read from the one before this number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) change: Option<u64>,
    pub(super) call: Option<u64>,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (change, call) = text.split_once('-')?;
        // Numbers are signed where they are stored.
        let read = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<i64>().ok()?.try_into().ok().map(Some) };
        Some(Self { change: read(change)?, call: read(call)? })
    }

    pub(super) fn text(self) -> String {
        let text = |id: Option<u64>| id.map(|id| id.to_string()).unwrap_or_default();
        format!("{}-{}", text(self.change), text(self.call))
    }
}

/// What was asked.
pub(super) struct Asked {
    pub(super) limit: usize,
    pub(super) after: Cursor,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) users: Vec<u64>,
    /// The query except for the page, for the link to the next.
    pub(super) others: String,
}

impl Asked {
    pub(super) fn read(kind: Kind, query: Option<&str>) -> Result<Self, ErrorBody> {
        let mut asked =
            Self { limit: PAGE_DEFAULT, after: Cursor::default(), from: None, to: None, users: Vec::new(), others: String::new() };
        let invalid = |name: &str, what: &str| Refusal::RequestNotValid.error(format!("{name} {what}"));
        let ms = |text: &str| text.parse::<i64>().ok().filter(|ms| *ms >= 0).map(Timestamp::from_ms);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if name != "limit" && name != "after" {
                asked.others.push_str(&form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish());
                asked.others.push('&');
            }
            match (&*name, kind) {
                ("limit", _) => {
                    let limit = value.parse::<usize>().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
                    asked.limit = limit.ok_or_else(|| invalid("limit", "is a number from 1 to 100"))?;
                }
                ("after", _) => asked.after = Cursor::parse(&value).ok_or_else(|| invalid("after", "is not one that a page named"))?,
                ("fromTimestamp", Kind::Security) => {
                    asked.from = Some(ms(&value).ok_or_else(|| invalid("fromTimestamp", "is milliseconds since 1970"))?);
                }
                ("toTimestamp", Kind::Security) => {
                    asked.to = Some(ms(&value).ok_or_else(|| invalid("toTimestamp", "is milliseconds since 1970"))?);
                }
                ("occurredAfter", Kind::AuditLogs) => {
                    asked.from = Some(Timestamp::parse_iso(&value).ok_or_else(|| invalid("occurredAfter", "is a time, ISO 8601"))?);
                }
                ("occurredBefore", Kind::AuditLogs) => {
                    asked.to = Some(Timestamp::parse_iso(&value).ok_or_else(|| invalid("occurredBefore", "is a time, ISO 8601"))?);
                }
                ("userId", Kind::Security | Kind::Login) | ("actingUserId", Kind::AuditLogs) => {
                    asked.users.push(value.parse().map_err(|_| invalid(&name, "is the ID of a user"))?);
                }
                ("sort", Kind::AuditLogs) => {
                    return Err(Refusal::NotServed.error("an embedded account lists its audit log newest first, and in no other order"));
                }
                _ => {}
            }
        }
        Ok(asked)
    }

    pub(super) fn is_of(&self, user: u64) -> bool {
        self.users.is_empty() || self.users.contains(&user)
    }
}
