//! Talks to a running server: over the socket in its data folder, or over TCP with a token.

use std::io::{Error, ErrorKind};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_gateway::control::ADMIN_TOKEN_PREFIX;
use keyway_gateway::tls;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::args::Connection;

/// The admin API refused a call.
#[derive(Debug)]
pub struct Refused {
    /// The status of its answer.
    pub status: StatusCode,
    detail: String,
    /// The parameter that is wrong, and what it must be.
    parameter: Option<String>,
    expected: Option<String>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for Refused {}

/// No server takes the connection. An error without this may come from a server.
#[derive(Debug)]
pub struct NoServer(String);

impl std::fmt::Display for NoServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for NoServer {}

/// Calls the admin API and reads its JSON answer.
///
/// # Errors
/// The server does not answer, or the error is [`Refused`].
pub async fn call(connection: &Connection, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
    let fields = typed_fields(body.as_ref());
    let answer = read(send(connection, method, path, json(body)).await?).await;
    answer.map_err(|error| match error.downcast::<Refused>() {
        Ok(refused) => as_typed(refused, path, &fields).into(),
        Err(error) => error,
    })
}

/// Fields of the admin API that a user types, with what is typed before the value. None of them holds a secret.
const TYPED: [(&str, &str); 12] = [
    ("limit", "--limit "),
    ("days", "--days "),
    ("expect", "--expect "),
    ("body", "--body "),
    ("status", "--status "),
    ("probability", "--probability "),
    ("operation", "--operation "),
    ("weight", "--weight "),
    ("addons", "--addons "),
    ("targetUrl", "--to "),
    ("email", ""),
    ("set", ""),
];

/// The fields of a body that an error may name.
fn typed_fields(body: Option<&Value>) -> Vec<(&'static str, String)> {
    let value = |name: &str| match body?.get(name)? {
        Value::String(text) => Some(text.clone()),
        value @ Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    TYPED.iter().filter_map(|(name, _)| Some((*name, value(name)?))).collect()
}

/// An error of the admin API about a parameter, by the option that the user typed: `--limit 5000: write X`.
fn as_typed(refused: Refused, path: &str, fields: &[(&str, String)]) -> Refused {
    let Some((name, before)) = TYPED.iter().find(|(field, _)| refused.parameter.as_deref() == Some(*field)) else { return refused };
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let of_query = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let of_body = || fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let Some(value) = of_query.or_else(of_body) else { return refused };
    let why = refused.expected.as_ref().map_or_else(|| refused.detail.clone(), |expected| format!("write {expected}"));
    Refused { detail: format!("{before}{}: {why}", shown::line(&value)), ..refused }
}

/// Calls the admin API with a body of bytes, and reads the JSON answer.
///
/// # Errors
/// The server does not answer, or the error is [`Refused`].
pub async fn call_with(connection: &Connection, method: Method, path: &str, body: Vec<u8>) -> anyhow::Result<Value> {
    read(send(connection, method, path, Bytes::from(body)).await?).await
}

fn json(body: Option<Value>) -> Bytes {
    Bytes::from(body.map(|body| body.to_string()).unwrap_or_default())
}

async fn read(response: Response<Incoming>) -> anyhow::Result<Value> {
    let status = response.status();
    let bytes = response.into_body().collect().await.context("the server's answer was cut")?.to_bytes();
    let Ok(answer) = serde_json::from_slice::<Value>(&bytes) else { bail!("{}", not_json(status, &bytes)) };
    if status.is_success() {
        return Ok(answer);
    }
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    Err(Refused { status, detail: refusal(&answer).to_owned(), parameter: text("parameter"), expected: text("expected") }.into())
}

/// The error for an answer that is not JSON. It quotes the first line of the answer, unless that is HTML.
fn not_json(status: StatusCode, bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('<'));
    match line {
        Some(line) => format!("the server answered {status}: {}", shown::line(&line.chars().take(200).collect::<String>())),
        None => format!(
            "the server answered {status} without JSON, so this may not be the admin address of a Keyway server. Its first screen shows the address"
        ),
    }
}

/// Calls a list of the admin API, page after page, and answers as if it were one; `path` has no query
/// of its own, or one without `after` and `limit`.
pub async fn list_all(connection: &Connection, path: &str, name: &str) -> anyhow::Result<Value> {
    let joined = if path.contains('?') { '&' } else { '?' };
    let mut whole = call(connection, Method::GET, &format!("{path}{joined}limit=1000"), None).await?;
    while let Some(after) = whole["after"].as_str().map(str::to_owned) {
        let mut page = call(connection, Method::GET, &format!("{path}{joined}limit=1000&after={after}"), None).await?;
        let entries = page[name].as_array_mut().map(std::mem::take).unwrap_or_default();
        whole["after"] = page["after"].take();
        whole[name].as_array_mut().context("the server's answer is not a list")?.extend(entries);
    }
    Ok(whole)
}

/// What the problem details of an answer say (RFC 9457).
fn refusal(answer: &Value) -> &str {
    // HubSpot's envelope comes from the data listener alone.
    let of_data = answer["status"] == "error" && answer["category"].is_string();
    let unsaid = if of_data {
        "this is the data listener, where integrations send their calls. Name the admin address: the first screen of keyway serve has it, http://127.0.0.1:8485 unless --admin says another"
    } else {
        "the server refused"
    };
    answer["detail"].as_str().unwrap_or(unsaid)
}

/// Sends a file as it is, and reads the JSON answer.
pub async fn upload(connection: &Connection, path: &str, file: Vec<u8>) -> anyhow::Result<Value> {
    call_with(connection, Method::PUT, path, file).await
}

/// Calls the admin API and passes its answer to a function as it comes.
pub async fn stream(connection: &Connection, path: &str, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> anyhow::Result<()> {
    let response = send(connection, Method::GET, path, Bytes::new()).await?;
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let answer: Value = serde_json::from_slice(&body.collect().await?.to_bytes()).unwrap_or_default();
        bail!("{}", refusal(&answer));
    }
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame.context("the server cut its answer: it is not whole")?.data_ref() {
            take(data)?;
        }
    }
    Ok(())
}

/// Whether the server says that it is alive.
///
/// # Errors
/// It does not answer, or says that it is not; the text says which.
pub async fn alive(connection: &Connection) -> anyhow::Result<()> {
    let response = send(connection, Method::GET, "/healthz", Bytes::new()).await?;
    if response.status().is_success() {
        return Ok(());
    }
    let answer = serde_json::from_slice(&response.into_body().collect().await?.to_bytes()).unwrap_or_default();
    bail!("{}", refusal(&answer))
}

/// Why the server answers no calls now; none where it does.
///
/// # Errors
/// It does not answer.
pub async fn not_ready(connection: &Connection) -> anyhow::Result<Option<String>> {
    let response = send(connection, Method::GET, "/readyz", Bytes::new()).await?;
    if response.status().is_success() {
        return Ok(None);
    }
    let answer: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes()).unwrap_or_default();
    Ok(Some(refusal(&answer).to_owned()))
}

/// The server's clock, by the Date of an answer (RFC 9110, section 6.6.1); none where it sends none.
pub async fn date(connection: &Connection) -> anyhow::Result<Option<Timestamp>> {
    let response = send(connection, Method::GET, "/healthz", Bytes::new()).await?;
    let date = response.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
    Ok(date.and_then(Timestamp::parse_http))
}

async fn send(connection: &Connection, method: Method, path: &str, body: Bytes) -> anyhow::Result<Response<Incoming>> {
    let mut request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    let body = Full::new(body);
    let Some(address) = connection.address() else {
        // The paths of probes are open to everybody.
        if path.starts_with("/api/") {
            refuse_unused_token(connection)?;
        }
        let stream = open_socket(&connection.data).await?;
        return exchange(stream, request.header(HOST, "localhost").body(body)?).await;
    };
    // Before anything else is asked for.
    parsed(address)?;
    if path.starts_with("/api/") {
        let Ok(token) = std::env::var("KEYWAY_ADMIN_TOKEN") else {
            bail!(
                "KEYWAY_ADMIN_TOKEN is not set, and a server answers at its address only with an admin token. Set the variable to a token of \"keyway admin-token create\", or run the command on the server's machine with --data and without --addr"
            );
        };
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    over_tcp(address, request, body).await
}

/// Refuses to leave an admin token unused: the socket would do as a super admin what the token's role may not allow.
///
/// The server's own token is not refused. It is a super admin's too, and is set wherever the server's environment is.
fn refuse_unused_token(connection: &Connection) -> anyhow::Result<()> {
    let token = std::env::var("KEYWAY_ADMIN_TOKEN").unwrap_or_default();
    if !token.starts_with(ADMIN_TOKEN_PREFIX) {
        return Ok(());
    }
    let folder = shown::path(&connection.data);
    bail!(
        "KEYWAY_ADMIN_TOKEN is set, but no server's address is, so the command would use the socket in {folder} as a super admin and not the token. Name the server with --addr or KEYWAY_ADDR, or unset KEYWAY_ADMIN_TOKEN to use the socket"
    )
}

/// Calls HubSpot's API at a data listener, with the token of an app.
///
/// # Errors
/// No server answers there.
pub async fn call_data(
    address: &str,
    token: &Secret<String>,
    method: Method,
    path: &str,
    body: Bytes,
) -> anyhow::Result<Response<Incoming>> {
    let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    over_tcp(address, request.header(AUTHORIZATION, format!("Bearer {}", token.expose())), Full::new(body)).await
}

/// Reads a path of a data listener that needs no token.
///
/// # Errors
/// No server answers there.
pub async fn call_data_openly(address: &str, path: &str) -> anyhow::Result<Response<Incoming>> {
    over_tcp(address, Request::builder().method(Method::GET).uri(path), Full::new(Bytes::new())).await
}

async fn over_tcp(address: &str, request: http::request::Builder, body: Full<Bytes>) -> anyhow::Result<Response<Incoming>> {
    let (https, authority) = parsed(address)?;
    let request = request.header(HOST, authority.as_str());
    let port = authority.port_u16().unwrap_or(if https { 443 } else { 80 });
    let host = authority.host();
    let connecting = TcpStream::connect((host.trim_matches(['[', ']']), port));
    let stream = connecting.await.map_err(|error| no_server_at(address, error))?;
    if !https {
        return exchange(stream, request.body(body)?).await;
    }
    trust_authorities_of_environment()?;
    let stream = tls::connect(host, stream).await.map_err(|error| {
        let why = match tls::advice(&error) {
            Some(advice) => format!("Keyway does not trust the certificate of {address}: {advice}"),
            None => format!("the certificate of {address} is not trusted, or the server does not speak TLS. For a certificate, name the PEM file of its authority in KEYWAY_CA_FILE; for a server without TLS, write the address as http://{authority}"),
        };
        anyhow::Error::from(error).context(why)
    })?;
    exchange(stream, request.body(body)?).await
}

/// Whether an address is of HTTPS, and its host and port.
fn parsed(address: &str) -> anyhow::Result<(bool, Authority)> {
    let shown = shown::line(address);
    let Some((scheme, rest)) = address.split_once("://") else {
        bail!("{shown} needs http:// or https:// before it, such as http://{shown}");
    };
    let https = match scheme {
        "http" => Some(false),
        "https" => Some(true),
        _ => None,
    };
    let rest = rest.trim_end_matches('/');
    let authority = rest.parse::<Authority>().ok().filter(|one| !rest.contains('@') && !one.host().is_empty());
    match (https, authority) {
        (Some(https), Some(authority)) => Ok((https, authority)),
        _ => bail!("{shown} is not the address of a server. Write it as http://127.0.0.1:8485 or https://keyway.example.com"),
    }
}

/// OpenSSL's variable, for those who have set it. `KEYWAY_CA_FILE` comes before it, and was read at the start.
fn trust_authorities_of_environment() -> anyhow::Result<()> {
    match std::env::var_os("SSL_CERT_FILE") {
        Some(file) if std::env::var_os("KEYWAY_CA_FILE").is_none() => Ok(tls::trust(Path::new(&file))?),
        _ => Ok(()),
    }
}

async fn open_socket(folder: &Path) -> anyhow::Result<UnixStream> {
    let path = folder.join("admin.sock");
    UnixStream::connect(&path).await.map_err(|error| no_socket(folder, &error))
}

/// Why the socket in a data folder does not open, and what to do.
fn no_socket(folder: &Path, error: &Error) -> anyhow::Error {
    let (shown, socket) = (shown::path(&folder), shown::path(&folder.join("admin.sock")));
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => NoServer(format!(
            "no Keyway server runs on the data folder {shown}. Start one with \"keyway serve --data {shown}\", or pass --data or --addr"
        ))
        .into(),
        ErrorKind::PermissionDenied => anyhow!(
            "the socket {socket} can't be opened: permission denied. Run the command as the user that runs the server (sudo -u USER keyway …), or pass --addr and set KEYWAY_ADMIN_TOKEN"
        ),
        _ => anyhow!(
            "the socket {socket} can't be opened: {}. Pass another folder with --data, or an address with --addr",
            shown::cause(error)
        ),
    }
}

/// Why nothing answers at an address, and what to do.
fn no_server_at(address: &str, error: Error) -> anyhow::Error {
    let why = format!(
        "no server answers at {address} ({}). Start it with \"keyway serve --admin ADDRESS\", or correct --addr or KEYWAY_ADDR",
        shown::cause(&error)
    );
    // A name that does not resolve is not an error of the system: a server may run.
    if error.raw_os_error().is_some() { NoServer(why).into() } else { anyhow!(why) }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("the server does not speak HTTP")?;
    tokio::spawn(connection);
    sender.send_request(request).await.context("the server closed the connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a socket, and whether it says that no server runs.
    fn of(number: i32) -> (String, bool) {
        let error = no_socket(Path::new("w1"), &Error::from_raw_os_error(number));
        (error.to_string(), error.is::<NoServer>())
    }

    #[test]
    fn a_socket_that_a_user_may_not_open_is_not_a_server_that_does_not_run() {
        let (refused, none) = of(13);
        assert!(!none && refused.contains("w1/admin.sock can't be opened: permission denied") && refused.contains("sudo -u"), "{refused}");
        for number in [2, 111] {
            let (missing, none) = of(number);
            assert!(none && missing.contains("keyway serve --data w1"), "{missing}");
        }
        let (other, none) = of(20);
        assert!(!none && other.contains("a part of its path is a file"), "{other}");
    }

    #[test]
    fn an_error_of_the_api_names_the_option_and_its_value() {
        let of = |parameter: Option<&str>, expected: Option<&str>, detail: &str, path: &str, body: Value| {
            let [parameter, expected] = [parameter, expected].map(|text| text.map(str::to_owned));
            let refused = Refused { status: StatusCode::BAD_REQUEST, detail: detail.to_owned(), parameter, expected };
            as_typed(refused, path, &typed_fields(Some(&body))).detail
        };
        let said = |name: &str, expected: &str, path: &str, body: Value| of(Some(name), Some(expected), "as it says", path, body);
        let limit = "a number from 1 to 1000";
        assert_eq!(said("limit", limit, "/api/v1/audit?app=7&limit=5000", Value::Null), "--limit 5000: write a number from 1 to 1000");
        assert_eq!(said("weight", "1 to 100", "/api/v1/apps", serde_json::json!({ "weight": 0 })), "--weight 0: write 1 to 100");
        let email = serde_json::json!({ "email": "foo" });
        assert_eq!(said("email", "an e-mail address", "/api/v1/users", email), "foo: write an e-mail address");
        let to = serde_json::json!({ "targetUrl": "foo" });
        assert_eq!(of(Some("targetUrl"), None, "targetUrl must be a URL", "/x", to), "--to foo: targetUrl must be a URL");
        let secret = serde_json::json!({ "credential": "pat-x", "password": "short" });
        assert_eq!(said("password", "longer", "/api/v1/users", secret), "as it says", "no secret is repeated");
        // What the user did not type is left as the server says it.
        assert_eq!(said("limit", limit, "/api/v1/audit?app=7", Value::Null), "as it says");
        assert_eq!(of(None, None, "there is no app 7", "/api/v1/audit?limit=1", Value::Null), "there is no app 7");
    }
}
