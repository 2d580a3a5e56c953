//! The address of a client behind proxies: header lines, and the header of the PROXY protocol.

use std::net::IpAddr;

use keyway_core::client_address::{self, Form, Network};
use keyway_core::proxy_header::{START_BYTES, Start};

/// Whatever a client sends in the headers that name it, the address that the trusted proxy adds at the end is the one that
/// counts, on the same line and on one of its own. A header of the PROXY protocol that is taken names an address that is
/// in it.
pub fn client(bytes: &[u8]) {
    let proxy: IpAddr = [10, 0, 0, 1].into();
    let trusted: [Network; 1] = ["10.0.0.0/8".parse().expect("it is a network")];
    for (form, added) in [(Form::XForwardedFor, "198.51.100.7"), (Form::Forwarded, "for=198.51.100.7")] {
        let sent: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let named = |lines: &[&[u8]]| client_address::client(proxy, &trusted, form, lines.iter().copied());
        // Any answer will do here.
        let _ = named(&sent);
        let joined = [bytes, b", ", added.as_bytes()].concat();
        let same_line: Vec<&[u8]> = joined.split(|byte| *byte == b'\n').collect();
        let own_line = [&sent[..], &[added.as_bytes()]].concat();
        for lines in [&same_line, &own_line] {
            assert_eq!(named(lines).to_string(), "198.51.100.7", "{form:?}: a client chose its address");
        }
    }
    let Some((start, rest)) = bytes.split_first_chunk::<START_BYTES>() else { return };
    let Ok(start) = Start::read(start) else { return };
    let Some(rest) = rest.get(..start.rest) else { return };
    if let Ok(Some(address)) = start.client(rest) {
        let stands = |octets: &[u8]| rest.windows(octets.len()).any(|window| window == octets);
        assert!(
            match address {
                IpAddr::V4(address) => stands(&address.octets()),
                IpAddr::V6(address) => stands(&address.octets()),
            },
            "{address} is not in the header"
        );
    }
}
