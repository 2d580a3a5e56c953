//! A gateway on port 0 with two apps, and a client that sends bytes as they are.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use keyway_core::error_body::ErrorBody;
use keyway_core::quota::Tier;
use keyway_core::sunset::AsOf;
use keyway_core::time::Timestamp;
use keyway_core::token::{PlainToken, TokenKey};
use keyway_gateway::audit::chain::ChainKey;
use keyway_gateway::audit::{AuditFilter, AuditLog, AuditRecord, Place};
use keyway_gateway::backend::{Backend, BackendCall, BackendReply, BoxFuture};
use keyway_gateway::clock::{self, Clock};
use keyway_gateway::model::{Account, App, Token};
use keyway_gateway::pipeline::Gateway;
use keyway_gateway::registry::Registry;
use keyway_gateway::server::{self, ServerHandle};
use keyway_gateway::upstream::Upstream;
use keyway_portal::{AccountSettings, Call, Portal, Storage};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

pub const HUB: u64 = 7_001;
/// May do everything with contacts.
pub const FULL: u64 = 1;
/// May only read contacts.
pub const READER: u64 = 2;

pub struct Server {
    pub address: SocketAddr,
    pub audit: Arc<AuditLog>,
    pub registry: Arc<Registry>,
    pub gateway: Arc<Gateway>,
    pub accounts: Vec<Account>,
    pub apps: Vec<App>,
    pub tokens: Vec<Token>,
    plain: Vec<PlainToken>,
    stop: watch::Sender<bool>,
    handle: ServerHandle,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

struct PortalBackend(Portal);

impl Backend for PortalBackend {
    fn call(&self, call: BackendCall) -> BoxFuture<'_, Result<BackendReply, ErrorBody>> {
        Box::pin(async move {
            let BackendCall { hub_id, app_id, method, path, query, body, now, by } = call;
            let reply = self
                .0
                .handle(Call {
                    hub_id,
                    app_id,
                    user_id: hub_id,
                    method,
                    path,
                    query,
                    body,
                    now,
                    by: Some(by),
                    base: "http://127.0.0.1".into(),
                })
                .await?;
            Ok(BackendReply { status: reply.status, body: reply.body })
        })
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::start_as_of(None).await
    }

    pub async fn start_as_of(as_of: Option<AsOf>) -> Self {
        Self::start_by(Clock::default(), as_of).await
    }

    /// With limits at HubSpot kept by a clock of the test's.
    pub async fn start_by(clock: Clock, as_of: Option<AsOf>) -> Self {
        Self::start_of(clock, |gateway| gateway.with_as_of(as_of)).await
    }

    /// With a gateway that is changed before it serves.
    pub async fn start_with(change: impl FnOnce(Gateway) -> Gateway) -> Self {
        Self::start_of(Clock::default(), change).await
    }

    async fn start_of(clock: Clock, change: impl FnOnce(Gateway) -> Gateway) -> Self {
        let created_at = Timestamp::from_ms(1_790_000_000_000);
        let account = Account {
            hub_id: HUB,
            name: "Test".into(),
            tier: Tier::Free,
            addons: 0,
            time_zone: "UTC".into(),
            currency: "EUR".into(),
            region: "na1".into(),
            created_at,
            guards: Default::default(),
            connection: None,
        };
        let app = |id, name: &str, scopes: &[&str]| App {
            id,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            ..App::new(HUB, name.into(), created_at)
        };
        let apps = vec![
            app(FULL, "Full", &["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"]),
            app(READER, "Reader", &["oauth", "crm.objects.contacts.read"]),
        ];
        let registry = Arc::new(Registry::new(TokenKey::new([1; 32]), false, None).with_clock(clock));
        let plain: Vec<PlainToken> = (1..=2).map(|number| PlainToken::generate("na1", [number; 16])).collect();
        let tokens: Vec<Token> = plain
            .iter()
            .zip(&apps)
            .map(|(plain, app)| {
                let hash = registry.token_key().hash(plain.expose());
                Token { id: app.id * 10, ..Token::new(app.id, hash, plain.hint(), created_at) }
            })
            .collect();
        let portal = Portal::open(Storage::Ephemeral).await.unwrap();
        let settings =
            AccountSettings { time_zone: "UTC".into(), currency: "EUR".into(), tier: "free".into(), created_at, name: "Test".into() };
        portal.create_account(HUB, settings).await.unwrap();
        let audit = Arc::new(AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), None).await.unwrap());
        let gateway = Gateway::new(registry.clone(), audit.clone(), Arc::new(PortalBackend(portal)), Arc::new(Upstream::new()));
        let gateway = Arc::new(change(gateway));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let handle = server::serve(listener, server::Transport::default(), gateway.clone(), 2, stopped).unwrap();
        let server = Self { address, audit, registry, gateway, accounts: vec![account], apps, tokens, plain, stop, handle };
        server.publish();
        server
    }

    /// Makes changes to accounts, apps and tokens effective.
    pub fn publish(&self) {
        self.registry.replace(&shared(&self.accounts), &shared(&self.apps), &shared(&self.tokens), &[]);
    }

    pub fn token(&self, app_id: u64) -> &str {
        self.plain[app_id as usize - 1].expose()
    }

    /// Sends a request with a token and, perhaps, a JSON body.
    pub async fn send(&self, token: &str, method: &str, target: &str, body: Option<&str>) -> Answer {
        let content = body.map(|body| format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())).unwrap_or_default();
        let head = format!("{method} {target} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n{content}connection: close\r\n\r\n");
        self.raw(&[head.as_bytes(), body.unwrap_or_default().as_bytes()].concat()).await
    }

    /// Sends bytes and reads until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer to {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)])));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub async fn records(&self) -> Vec<AuditRecord> {
        self.audit.list(&AuditFilter { limit: 1_000, ..AuditFilter::default() }).await.unwrap()
    }

    pub async fn stop(mut self) {
        self.stop.send(true).unwrap();
        self.handle.join().await;
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// An error as HubSpot sends it: status, category, and a correlation id that is in the header too.
    pub fn check_error(&self, status: u16, category: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status, body["status"].as_str()), (status, Some("error")), "{}", self.body);
        assert_eq!(body["category"].as_str().or(body["errorType"].as_str()), Some(category), "{}", self.body);
        assert_eq!(self.header("x-hubspot-correlation-id"), body["correlationId"].as_str());
        body
    }
}

/// The present, for tests about expiry.
pub fn now() -> Timestamp {
    clock::now()
}

/// As the registry takes them.
pub fn shared<T: Clone>(things: &[T]) -> Vec<Arc<T>> {
    things.iter().cloned().map(Arc::new).collect()
}
