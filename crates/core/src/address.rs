//! Addresses of the public internet: those that a caller may reach through another person's machine.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether packets to an address go to the public internet, so that anybody could reach it.
///
/// The following are not public: the addresses that IANA's registries of special-purpose addresses reserve (RFC 6890), among
/// them the metadata services of clouds (169.254.169.254), and IPv6 addresses that represent an IPv4 address which is not
/// public.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let set_aside = match (a, b, c) {
        // This network, private (RFC 1918), loopback, multicast and reserved.
        (0 | 10 | 127 | 224..=255, _, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Shared by carriers (RFC 6598), link-local (RFC 3927).
        (100, 64..=127, _) | (169, 254, _) => true,
        // Protocol assignments, documentation (RFC 5737), 6to4 relays, benchmarks (RFC 2544).
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !set_aside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match segments {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address that they contain.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarks, ORCHID and the other assignments (RFC 2928), documentation (RFC 3849, RFC 9637).
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Otherwise only global unicast is public (RFC 4291, section 2.4); the rest is loopback, mapped, local or multicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_machine_its_networks_and_its_cloud_are_not_public() {
        for text in "127.0.0.1 127.8.9.1 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 \
             100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 \
             224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 fe80::1 \
             fc00::1 fd00:ec2::254 ff02::1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: \
             2002:a9fe:a9fe::1 2001:db8::1 2001::1 3fff::1 100::1"
            .split_whitespace()
        {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn their_neighbours_are() {
        for text in "1.1.1.1 9.255.255.255 11.0.0.0 126.255.255.255 128.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255 \
             192.169.0.0 169.253.255.255 169.255.0.0 100.63.255.255 100.128.0.0 198.17.255.255 198.20.0.0 \
             223.255.255.255 2606:4700::1 2a00:1450::1 64:ff9b::808:808 2002:808:808::1 2001:200::1"
            .split_whitespace()
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
