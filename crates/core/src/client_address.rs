//! The address of a client behind proxies: that of the connection, or the one that a trusted proxy names.
//!
//! A proxy appends the address that sent it the request to `X-Forwarded-For`, or to `Forwarded` (RFC 7239). The entries on
//! the left came with the request, so the client may have invented them. So Keyway reads the list from the right, past the
//! trusted proxies: the first other address is the client.

use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

/// The most hops that are read. Nobody has a longer chain of proxies, so a longer list is not read to its end.
const HOPS_MAX: usize = 32;

/// A network, as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// The text is neither an address nor a network.
    #[error("write an address or a network, such as 192.0.2.7 or 10.0.0.0/8")]
    Form,
    /// Bits after the prefix are set: either the prefix or the address is wrong.
    #[error("the address has bits behind its prefix: is it the prefix, or the address, that is wrong?")]
    HostBits,
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Form)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| NotANetwork::Form)?,
            Some(_) => return Err(NotANetwork::Form),
            None => bits,
        };
        if prefix > bits {
            return Err(NotANetwork::Form);
        }
        // An IPv4 address in IPv6 form counts as IPv4.
        let (address, prefix) = match (address.to_canonical(), address) {
            (IpAddr::V4(one), IpAddr::V6(_)) => (IpAddr::V4(one), prefix.checked_sub(96).ok_or(NotANetwork::HostBits)?),
            _ => (address, prefix),
        };
        let network = Self { address, prefix };
        if network.masked(address) == Some(address) { Ok(network) } else { Err(NotANetwork::HostBits) }
    }
}

impl Network {
    /// Whether the network contains every address of its version.
    pub fn is_everybody(&self) -> bool {
        self.prefix == 0
    }

    /// Whether the network contains an address. An IPv4 address in IPv6 form counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.masked(address.to_canonical()) == Some(self.address)
    }

    /// The address with zeros after the prefix; none where the address has the other IP version.
    fn masked(&self, address: IpAddr) -> Option<IpAddr> {
        let prefix = u32::from(self.prefix);
        match (self.address, address) {
            (IpAddr::V4(_), IpAddr::V4(one)) => Some(IpAddr::V4((one.to_bits() & u32::MAX.checked_shl(32 - prefix).unwrap_or(0)).into())),
            (IpAddr::V6(_), IpAddr::V6(one)) => Some(IpAddr::V6((one.to_bits() & u128::MAX.checked_shl(128 - prefix).unwrap_or(0)).into())),
            _ => None,
        }
    }
}

/// The header in which proxies name the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `X-Forwarded-For`: addresses between commas.
    XForwardedFor,
    /// `Forwarded` (RFC 7239): `for=` in each element.
    Forwarded,
}

/// The client of a request that came through a trusted proxy, by the lines of the header, in their order.
///
/// An entry that can't be read ends the search, and so does `unknown` or a name in place of an address (RFC 7239, section
/// 6): the client is then the proxy that wrote the entry. Where all addresses are trusted, the client is the farthest one.
pub fn client<'a>(proxy: IpAddr, trusted: &[Network], form: Form, lines: impl DoubleEndedIterator<Item = &'a [u8]>) -> IpAddr {
    let mut client = proxy.to_canonical();
    let hops = lines.rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    for hop in hops.take(HOPS_MAX) {
        let hop = core::str::from_utf8(hop).unwrap_or_default().trim_matches([' ', '\t']);
        let named = match form {
            Form::XForwardedFor => node(hop),
            Form::Forwarded => forwarded_for(hop),
        };
        let Some(address) = named else { break };
        client = address;
        if !trusted.iter().any(|network| network.contains(address)) {
            break;
        }
    }
    client
}

/// An address, perhaps with a port: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn node(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse::<IpAddr>();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bare().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// The `for` of one element. The whole element must have the form of RFC 7239, section 4. Where a comma inside a quoted text
/// was read as the end of an element, the rest has an odd number of quotes, and is invalid.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let is_token =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let is_well_formed = is_token(name) && quoted.map_or_else(|| is_token(value), |text| !text.contains(['"', '\\']));
        if !is_well_formed {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && found.replace(node(quoted.unwrap_or(value))?).is_some() {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks() -> Vec<Network> {
        ["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"].map(|text| text.parse().unwrap()).to_vec()
    }

    fn by(form: Form, lines: &[&str]) -> String {
        client("10.0.0.1".parse().unwrap(), &networks(), form, lines.iter().map(|line| line.as_bytes())).to_string()
    }

    #[test]
    fn an_ipv4_network_written_as_ipv6_is_what_it_is() {
        let network: Network = "::ffff:10.0.0.0/104".parse().unwrap();
        assert_eq!(network, "10.0.0.0/8".parse().unwrap());
        assert!(network.contains("10.1.2.3".parse().unwrap()));
        assert_eq!("::ffff:10.0.0.0/8".parse::<Network>(), Err(NotANetwork::HostBits));
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let holds = |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.0/23", "10.1.3.255", "10.1.4.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7/32", "::ffff:192.0.2.7", "::c000:207"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "127.0.0.1"),
        ] {
            assert!(holds(network, inside), "{network} {inside}");
            assert!(!holds(network, outside), "{network} {outside}");
        }
    }

    #[test]
    fn a_network_that_may_not_be_what_was_meant_is_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "example.com", "10.0.0.0/8/8", " 10.0.0.1"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Form), "{text:?}");
        }
        for text in ["10.0.0.1/8", "2001:db8::1/64"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::HostBits), "{text:?}");
        }
    }

    #[test]
    fn the_client_is_the_last_address_that_is_not_a_proxy() {
        for (lines, client) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["198.51.100.7, 10.2.3.4"], "198.51.100.7"),
            (&["198.51.100.7", "10.2.3.4 ,\t192.0.2.7"], "198.51.100.7"),
            // The entries of the client itself are on the left.
            (&["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            (&["10.9.9.9, 198.51.100.7, 10.2.3.4"], "198.51.100.7"),
            (&["garbage, 198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7:4711"], "198.51.100.7"),
            (&["2001:db8:2::1"], "2001:db8:2::1"),
            (&["[2001:db8:2::1]:4711, 2001:db8:1::5"], "2001:db8:2::1"),
            (&["::ffff:198.51.100.7, ::ffff:10.1.1.1"], "198.51.100.7"),
            // All addresses are proxies.
            (&["10.2.3.4, 10.5.6.7"], "10.2.3.4"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(by(Form::XForwardedFor, lines), client, "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_search_at_the_proxy_that_wrote_it() {
        for lines in
            [&["198.51.100.7,"][..], &[""], &["198.51.100.7, unknown"], &["198.51.100.7, 10.1.1.1:99999"], &["1.2.3"], &["198.51.100.7;"]]
        {
            assert_eq!(by(Form::XForwardedFor, lines), "10.0.0.1", "{lines:?}");
        }
        assert_eq!(by(Form::XForwardedFor, &["198.51.100.7, _hidden, 10.2.3.4"]), "10.2.3.4");
        assert_eq!(
            client("10.0.0.1".parse().unwrap(), &networks(), Form::XForwardedFor, [&b"\xff"[..]].into_iter()).to_string(),
            "10.0.0.1"
        );
        let long = ["198.51.100.7"].into_iter().chain(core::iter::repeat_n("10.1.1.1", 40)).collect::<Vec<_>>().join(",");
        assert_eq!(by(Form::XForwardedFor, &[&long]), "10.1.1.1");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        for (lines, client) in [
            (&["for=198.51.100.7"][..], "198.51.100.7"),
            (&["For=198.51.100.7;proto=https;by=10.0.0.1;host=\"a.example:8443\""], "198.51.100.7"),
            (&["proto=https; for=\"198.51.100.7:4711\""], "198.51.100.7"),
            (&["for=\"[2001:db8:2::1]:4711\", for=10.2.3.4"], "2001:db8:2::1"),
            (&["for=203.0.113.9", "for=198.51.100.7"], "198.51.100.7"),
            (&["for=unknown, for=10.2.3.4"], "10.2.3.4"),
            (&["for=_secret"], "10.0.0.1"),
            (&["proto=https"], "10.0.0.1"),
            (&["198.51.100.7"], "10.0.0.1"),
            (&["for=198.51.100.7;for=203.0.113.9"], "10.0.0.1"),
            (&["for= 198.51.100.7"], "10.0.0.1"),
        ] {
            assert_eq!(by(Form::Forwarded, lines), client, "{lines:?}");
        }
    }

    #[test]
    fn quotes_that_a_client_left_open_hide_no_proxy_and_make_no_address_up() {
        for (lines, client) in [
            (&["for=\"203.0.113.9, for=198.51.100.7"][..], "198.51.100.7"),
            (&["for=203.0.113.9;host=\"", "for=198.51.100.7"], "198.51.100.7"),
            // The proxy repeats a host that the client chose.
            (&["for=198.51.100.7;host=\"a, for=203.0.113.9\""], "10.0.0.1"),
            (&["for=198.51.100.7;host=\"a, for=203.0.113.9;x=\\\"\""], "10.0.0.1"),
        ] {
            assert_eq!(by(Form::Forwarded, lines), client, "{lines:?}");
        }
    }
}
