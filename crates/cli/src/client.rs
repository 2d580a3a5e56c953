//! Talks to a running server: over the socket in its data folder, or over TCP with a token.

use std::path::Path;

use anyhow::{Context, bail};
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
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for Refused {}

/// Calls the admin API and reads its JSON answer.
///
/// # Errors
/// The server does not answer, or the error is [`Refused`].
pub async fn call(connection: &Connection, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
    read(send(connection, method, path, json(body)).await?).await
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
    Err(Refused { status, detail: refusal(&answer).to_owned() }.into())
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

/// Calls the admin API and hands its answer on as it comes.
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
    let stream = connecting.await.with_context(|| format!("no server answers at {address}"))?;
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
    UnixStream::connect(&path).await.with_context(|| {
        let shown = shown::path(&folder);
        format!("no server runs on the data folder {shown}; start one with `keyway serve --data {shown}`, or name its folder with --data, or its address with --addr")
    })
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("the server does not speak HTTP")?;
    tokio::spawn(connection);
    sender.send_request(request).await.context("the server closed the connection")
}
