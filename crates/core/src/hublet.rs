//! A HubSpot data centre, which HubSpot calls a hublet, and its API host (hubspot facts, section 1).

use std::fmt;

use serde_json::Value;

use crate::token::is_region;

/// The name of a hublet, such as `eu1`: two letters and one or two digits, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hublet(String);

/// HubSpot's status where an account is in another hublet (hubspot facts, section 4; third parties observed it).
pub const WRONG_HUBLET: u16 = 488;

impl Hublet {
    /// Parses a name; none where it does not have the form of one. The name becomes part of a host to which Keyway sends a
    /// credential, so nothing else may pass.
    pub fn parse(name: &str) -> Option<Self> {
        is_region(name).then(|| Self(name.to_owned()))
    }

    /// The hublet in the body of a 488; none where HubSpot knows no hublet of the account.
    pub fn of_answer(body: &Value) -> Option<Self> {
        Self::parse(body.get("correctHublet")?.as_str()?)
    }

    /// The hublet of a host such as `api-eu1.hubapi.com`.
    pub fn of_host(host: &str) -> Option<Self> {
        Self::parse(host.strip_prefix("api-")?.strip_suffix(".hubapi.com")?)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The API host of the hublet.
    pub fn host(&self) -> String {
        format!("api-{}.hubapi.com", self.0)
    }
}

impl fmt::Display for Hublet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hublet_is_two_letters_and_one_or_two_digits_and_gives_one_host() {
        for (name, host) in [("eu1", "api-eu1.hubapi.com"), ("na2", "api-na2.hubapi.com"), ("ap12", "api-ap12.hubapi.com")] {
            let hublet = Hublet::parse(name).unwrap();
            assert_eq!(hublet.host(), host);
            assert_eq!(Hublet::of_host(host), Some(hublet));
        }
        for name in [
            "",
            "eu",
            "eu123",
            "EU1",
            "eu1.evil.example",
            "eu1/",
            "eu1@x",
            "eu1:80",
            "../eu1",
            "eu1\n",
            "e\u{fc}1",
            "1eu",
            "eu1-",
            "eu1 ",
            "eu1x",
        ] {
            assert_eq!(Hublet::parse(name), None, "{name:?}");
            assert_eq!(Hublet::of_answer(&json!({ "correctHublet": name })), None, "{name:?}");
        }
        for host in ["api.hubapi.com", "api-eu1.hubapi.com.evil.example", "evil-api-eu1.hubapi.com", "api-eu1.hubapi.com:443"] {
            assert_eq!(Hublet::of_host(host), None, "{host}");
        }
        assert_eq!(Hublet::of_answer(&json!({ "message": "unknown to this Hublet" })), None);
        assert_eq!(Hublet::of_answer(&json!({ "correctHublet": ["eu1"] })), None);
    }
}
