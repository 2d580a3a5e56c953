//! `keyway proxy …`

use http::Method;
use serde_json::{Value, json};

use super::token::milliseconds;
use super::{list, say, show, text};
use crate::Exit;
use crate::args::{Connection, Proxy};
use crate::client::call;

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
    let Proxy::Ca { renew, wait, now, json } = action;
    let answer = if renew {
        let wait_ms = if now { 0 } else { milliseconds(&wait)? };
        call(connection, Method::POST, &format!("{PATH}/renew"), Some(json!({ "waitMs": wait_ms }))).await?
    } else {
        call(connection, Method::GET, PATH, None).await?
    };
    let exit = show(&answer, json, pem)?;
    if !json {
        list(&answer, "authorities").iter().for_each(|one| say(&line(one)));
        say(HOW);
    }
    Ok(exit)
}

/// The certificates, as a file for clients: each has lines of its own.
fn pem(answer: &Value) -> String {
    list(answer, "authorities").iter().filter_map(|one| one["certificate"].as_str()).collect()
}

/// One authority, for a person.
fn line(authority: &Value) -> String {
    let signs = match authority["signs"].as_bool() {
        Some(true) => "signs now".to_owned(),
        _ => format!("signs from {} on", text(&authority["signsFrom"])),
    };
    format!("{}: {signs}, ends {}, SHA-256 {}", text(&authority["name"]), text(&authority["expiresAt"]), text(&authority["sha256"]))
}

/// What is to be done about the authority; none where there is no proxy, or nothing to do.
pub fn trouble(answer: &Value) -> Option<String> {
    let due = list(answer, "authorities").iter().find(|one| one["renewalDue"] == true)?;
    Some(format!("the proxy's authority {} ends {}: run \"keyway proxy ca --renew\"", text(&due["name"]), text(&due["expiresAt"])))
}
