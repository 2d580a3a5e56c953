//! The header of the PROXY protocol, version 2 ("The PROXY protocol", HAProxy, section 2.2): bytes in which a proxy names the
//! client of a forwarded connection, before the client's first byte.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The bytes at the beginning, which announce the rest.
pub const START_BYTES: usize = 16;
/// The most bytes of the rest: the addresses, and the additions of clouds and TLS.
pub const REST_BYTES_MAX: usize = 4 << 10;

/// The first bytes. No other protocol begins with them.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The beginning of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    local: bool,
    family: u8,
    /// The number of bytes that follow.
    pub rest: usize,
}

/// Why the first bytes of a connection are not a valid header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAHeader {
    /// The client is not a proxy, or it uses version 1.
    #[error("the connection does not begin with a header of the PROXY protocol, version 2")]
    Signature,
    /// Section 2.2: the receiver must drop a connection with an unknown version or command.
    #[error("the header has a version or a command that is not in the specification")]
    Command,
    /// The header is longer than any header in use.
    #[error("the header is longer than {REST_BYTES_MAX} bytes")]
    TooLong,
    /// The header is shorter than its addresses.
    #[error("the header is shorter than its addresses")]
    TooShort,
}

impl Start {
    /// Parses the first bytes of a connection.
    ///
    /// # Errors
    /// They do not begin a header, or begin one that is too long.
    pub fn read(bytes: &[u8; START_BYTES]) -> Result<Self, NotAHeader> {
        let [.., command, family, high, low] = *bytes;
        if bytes[..SIGNATURE.len()] != SIGNATURE {
            return Err(NotAHeader::Signature);
        }
        let local = match command {
            0x20 => true,
            0x21 => false,
            _ => return Err(NotAHeader::Command),
        };
        let rest = usize::from(u16::from_be_bytes([high, low]));
        if rest > REST_BYTES_MAX {
            return Err(NotAHeader::TooLong);
        }
        Ok(Self { local, family, rest })
    }

    /// The client's address; none where the connection is the proxy's own (a health check), or its address family has no IP
    /// address.
    ///
    /// # Errors
    /// The addresses are cut off.
    pub fn client(&self, rest: &[u8]) -> Result<Option<IpAddr>, NotAHeader> {
        /// Two addresses and two ports.
        const V4_BYTES: usize = 12;
        const V6_BYTES: usize = 36;
        let source = match (self.local, self.family) {
            (false, 0x11) if rest.len() >= V4_BYTES => rest.first_chunk::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets))),
            (false, 0x21) if rest.len() >= V6_BYTES => rest.first_chunk::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets))),
            (false, 0x11 | 0x21) => return Err(NotAHeader::TooShort),
            _ => None,
        };
        Ok(source.map(|address| address.to_canonical()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(command: u8, family: u8, rest: &[u8]) -> Result<Option<String>, NotAHeader> {
        let mut start = [0; START_BYTES];
        start[..12].copy_from_slice(&SIGNATURE);
        start[12..14].copy_from_slice(&[command, family]);
        start[14..].copy_from_slice(&(rest.len() as u16).to_be_bytes());
        let start = Start::read(&start)?;
        assert_eq!(start.rest, rest.len());
        Ok(start.client(rest)?.map(|address| address.to_string()))
    }

    const V4: [u8; 12] = [198, 51, 100, 7, 10, 0, 0, 1, 0x12, 0x67, 0x20, 0xfb];

    #[test]
    fn a_header_names_the_client() {
        assert_eq!(read(0x21, 0x11, &V4), Ok(Some("198.51.100.7".into())));
        // With the additions of clouds.
        assert_eq!(read(0x21, 0x11, &[&V4[..], &[0xea, 0, 1, 1]].concat()), Ok(Some("198.51.100.7".into())));
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
        v6[15] = 1;
        assert_eq!(read(0x21, 0x21, &v6), Ok(Some("2001:db8::1".into())));
        let mut mapped = [0; 36];
        mapped[10..16].copy_from_slice(&[0xff, 0xff, 198, 51, 100, 7]);
        assert_eq!(read(0x21, 0x21, &mapped), Ok(Some("198.51.100.7".into())));
    }

    #[test]
    fn a_proxys_own_connection_and_other_families_name_nobody() {
        for (command, family, rest) in [(0x20, 0, &[][..]), (0x20, 0x11, &V4), (0x21, 0, &[]), (0x21, 0x31, &[0; 216]), (0x21, 0x12, &V4)] {
            assert_eq!(read(command, family, rest), Ok(None), "{command:x} {family:x}");
        }
    }

    #[test]
    fn what_is_not_a_whole_header_is_refused() {
        assert_eq!(read(0x21, 0x11, &V4[..11]), Err(NotAHeader::TooShort));
        assert_eq!(read(0x21, 0x21, &[0; 35]), Err(NotAHeader::TooShort));
        for command in [0x11, 0x22, 0x00, 0x31] {
            assert_eq!(read(command, 0x11, &V4), Err(NotAHeader::Command), "{command:x}");
        }
        assert_eq!(Start::read(b"PROXY TCP4 198.5"), Err(NotAHeader::Signature));
        assert_eq!(Start::read(b"GET / HTTP/1.1\r\n"), Err(NotAHeader::Signature));
        let mut long = [0; START_BYTES];
        long[..12].copy_from_slice(&SIGNATURE);
        long[12..].copy_from_slice(&[0x21, 0x11, 0x10, 0x01]);
        assert_eq!(Start::read(&long), Err(NotAHeader::TooLong));
    }
}
