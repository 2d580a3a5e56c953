//! `keyway proxy …`

use http::Method;
use keyway_api::body::RenewBody;
use keyway_api::view::{ProxyAuthorities, ProxyAuthority};
use serde_json::json;

use super::milliseconds;
use super::{say, show};
use crate::args::Connection;
use crate::args::proxy::Proxy;
use crate::client::call;
use crate::exit::Exit;
use crate::output::is_json;
use crate::typed::{line, typed};

/// Where the certificates are.
pub const PATH: &str = "/api/v1/proxy/authority";

/// How clients learn to trust the authority. Those of Node add a file to their list; the others read one in place of theirs.
const HOW: &str = r#"
Write the certificates to a file with "keyway proxy ca > keyway-proxy-ca.pem", and name it to clients:
  Node.js                   NODE_EXTRA_CA_CERTS=keyway-proxy-ca.pem
  Python's requests         REQUESTS_CA_BUNDLE=keyway-proxy-ca.pem
  Python, Ruby, Go, others  SSL_CERT_FILE=keyway-proxy-ca.pem
  curl                      --cacert keyway-proxy-ca.pem, or CURL_CA_BUNDLE
All but Node.js trust this file alone then: for clients that call other hosts too, append it to their list of authorities."#;

pub async fn run(connection: &Connection, action: Proxy) -> anyhow::Result<Exit> {
    let Proxy::Ca { renew, wait, now } = action;
    let answer = if renew {
        let wait_ms = if now { 0 } else { milliseconds(&wait)? };
        call(connection, Method::POST, &format!("{PATH}/renew"), Some(json!(RenewBody { wait_ms }))).await?
    } else {
        call(connection, Method::GET, PATH, None).await?
    };
    let authorities = typed::<ProxyAuthorities>(&answer)?.authorities;
    let exit = show(&answer, |_| pem(&authorities))?;
    if !is_json() {
        authorities.iter().for_each(|one| say(&told(one)));
        say(HOW);
    }
    Ok(exit)
}

/// The certificates, as a file for clients: each has lines of its own.
fn pem(authorities: &[ProxyAuthority]) -> String {
    authorities.iter().map(|one| one.certificate.as_str()).collect()
}

/// One authority, for a person.
fn told(authority: &ProxyAuthority) -> String {
    let signs = if authority.signs { "signs now".to_owned() } else { format!("signs from {} on", authority.signs_from) };
    format!("{}: {signs}, ends {}, SHA-256 {}", line(&authority.name), authority.expires_at, authority.sha256)
}

/// What is to be done about the authority; none where there is no proxy, or nothing to do.
pub fn trouble(ProxyAuthorities { authorities }: &ProxyAuthorities) -> Option<String> {
    let due = authorities.iter().find(|one| one.renewal_due)?;
    Some(format!("the proxy's authority {} ends {}: run \"keyway proxy ca --renew\"", line(&due.name), due.expires_at))
}
