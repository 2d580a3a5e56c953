//! Addresses to listen on.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

/// Reads an address: `127.0.0.1:8484`, a port alone on this machine (`8484`), or a host name with a port
/// (`localhost:8484`), which is looked up.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    const FORMS: &str = "write a port (8484), or an address with a port (127.0.0.1:8484, [::1]:8484, localhost:8484)";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(port) = text.parse() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    match text.rsplit_once(':') {
        Some(("", port)) if port.parse::<u16>().is_ok() => {
            Err(format!("name the host: 127.0.0.1:{port} is this machine alone, 0.0.0.0:{port} is every network"))
        }
        Some((host, port)) if !host.contains([':', '/']) && port.parse::<u16>().is_ok() => looked_up(text, host),
        _ if text.parse::<std::net::IpAddr>().is_ok() => Err(format!("it has no port; {FORMS}")),
        _ => Err(FORMS.to_owned()),
    }
}

/// The first address of a host, one of IPv4 where there are both.
fn looked_up(text: &str, host: &str) -> Result<SocketAddr, String> {
    let found: Vec<SocketAddr> = text.to_socket_addrs().map_err(|error| format!("the host {host} is not known: {error}"))?.collect();
    found.iter().find(|one| one.is_ipv4()).or(found.first()).copied().ok_or_else(|| format!("the host {host} has no address"))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_port_alone_is_of_this_machine_and_a_host_is_looked_up() {
        for (text, expected) in [
            ("127.0.0.1:8484", "127.0.0.1:8484"),
            ("[::1]:8484", "[::1]:8484"),
            ("8484", "127.0.0.1:8484"),
            ("0", "127.0.0.1:0"),
            ("localhost:8484", "127.0.0.1:8484"),
        ] {
            assert_eq!(address(text).map(|one| one.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_forms() {
        for text in ["", "nowhere", "127.0.0.1", "::1", "http://127.0.0.1:8484", "127.0.0.1:99999", "70000", "localhost:"] {
            assert!(address(text).unwrap_err().contains("127.0.0.1:8484"), "{text}");
        }
        assert!(address(":8484").unwrap_err().contains("0.0.0.0:8484"));
        assert!(address("no-such-host.invalid:1").unwrap_err().contains("is not known"));
    }
}
