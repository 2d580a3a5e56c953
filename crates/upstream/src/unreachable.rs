//! Why there is no connection to a host, as far as the operating system and TLS say.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The name of the host has no address here.
    Name,
    /// The host refuses connections at the port.
    Refused,
    /// The host did not answer in time.
    Silent,
    /// No network leads to the host.
    NoRoute,
    /// TLS failed: a certificate that is not trusted here, or a host that does not speak TLS.
    Tls,
    /// Something else; the log has it at the level `debug`.
    Other,
}

impl Why {
    /// Of what connecting said.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self::found_in(error).unwrap_or(Self::Other)
    }

    fn found_in(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut below = Some(error);
        while let Some(error) = below {
            if let Some(why) = Self::of_one(error) {
                return Some(why);
            }
            below = error.source();
        }
        None
    }

    fn of_one(error: &(dyn Error + 'static)) -> Option<Self> {
        if error.is::<rustls::Error>() {
            return Some(Self::Tls);
        }
        if error.to_string().starts_with("dns error") {
            return Some(Self::Name);
        }
        let io = error.downcast_ref::<std::io::Error>()?;
        // An error of IO returns the source of what it holds, and not what it holds.
        if let Some(why) = io.get_ref().and_then(|held| Self::found_in(held)) {
            return Some(why);
        }
        match io.kind() {
            ErrorKind::ConnectionRefused => Some(Self::Refused),
            ErrorKind::TimedOut => Some(Self::Silent),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => Some(Self::NoRoute),
            _ => None,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name of its host does not resolve",
            Self::Refused => "its host refuses the connection",
            Self::Silent => "its host does not answer in time",
            Self::NoRoute => "no network leads to its host",
            Self::Tls => "TLS failed, as with a certificate that this server does not trust",
            Self::Other => "the connection failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_cause_is_found_below_what_wraps_it() {
        let tls = io::Error::new(ErrorKind::InvalidData, rustls::Error::General("no".into()));
        assert_eq!(Why::of(&io::Error::other(tls)), Why::Tls);
        assert_eq!(Why::of(&io::Error::other(io::Error::from(ErrorKind::ConnectionRefused))), Why::Refused);
        assert_eq!(Why::of(&io::Error::from(ErrorKind::TimedOut)), Why::Silent);
        assert_eq!(Why::of(&io::Error::other("dns error: no such host")), Why::Name);
        assert_eq!(Why::of(&io::Error::other("anything")), Why::Other);
    }
}
