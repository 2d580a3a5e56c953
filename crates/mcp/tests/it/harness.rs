//! A gateway over an embedded account, whose backend notes what reaches it, and a door before it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use keyway_core::error_body::ErrorBody;
use keyway_core::quota::Tier;
use keyway_core::safety::Classes;
use keyway_core::scope;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::{PlainToken, TokenKey};
use keyway_gateway::audit::chain::ChainKey;
use keyway_gateway::audit::{AuditFilter, AuditLog, AuditRecord, Place};
use keyway_gateway::backend::{Backend, BackendCall, BackendReply};
use keyway_gateway::model::{Account, App, Session, SessionBudget, Token};
use keyway_gateway::pipeline::Gateway;
use keyway_gateway::registry::Registry;
use keyway_gateway::upstream::Upstream;
use keyway_mcp::http::{Callers, router};
use keyway_mcp::road::{Answer, BoxFuture, Call, Road, RoadError, Visitor};
use keyway_mcp::server::{Door, Entered, Settings};
use keyway_portal::{AccountSettings, Portal, Storage};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const HUB: u64 = 7_001;
/// Has every scope.
pub const FULL: usize = 0;
/// May read contacts alone.
pub const READER: usize = 1;
/// Has every scope, and is held to reading by the pipeline.
pub const HELD: usize = 2;

/// Belongs to an app with every scope, and is the token of a session that may read alone.
pub const SESSION: usize = 3;

/// What reached the backend: method and path.
pub type Reached = Arc<Mutex<Vec<(String, String)>>>;

pub struct Server {
    pub door: Arc<Door>,
    pub reached: Reached,
    audit: Arc<AuditLog>,
    tokens: Vec<PlainToken>,
}

struct Noting {
    portal: Portal,
    reached: Reached,
}

impl Backend for Noting {
    fn call(&self, call: BackendCall) -> keyway_gateway::backend::BoxFuture<'_, Result<BackendReply, ErrorBody>> {
        Box::pin(async move {
            let BackendCall { hub_id, app_id, method, path, query, body, now, by } = call;
            self.reached.lock().unwrap().push((method.to_string(), path.as_str().to_owned()));
            let base = "http://127.0.0.1".into();
            let call = keyway_portal::Call { hub_id, app_id, user_id: hub_id, method, path, query, body, now, by: Some(by), base };
            let reply = self.portal.handle(call).await?;
            Ok(BackendReply { status: reply.status, body: reply.body })
        })
    }
}

struct InProcess(Arc<Gateway>);

impl Road for InProcess {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, RoadError>> {
        Box::pin(async move {
            let (head, body, source) = call.into_request("127.0.0.1")?;
            let answer = self.0.handle_whole(&head, body, source).await.map_err(|cut| RoadError::Unreachable(cut.to_string()))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        })
    }
}

impl Server {
    pub async fn start(settings: Settings) -> Self {
        let created_at = Timestamp::from_ms(1_790_000_000_000);
        let account = Account {
            hub_id: HUB,
            name: "Test".into(),
            tier: Tier::Enterprise,
            addons: 0,
            time_zone: "UTC".into(),
            currency: "EUR".into(),
            region: "na1".into(),
            created_at,
            guards: Default::default(),
            connection: None,
        };
        let app = |id, name: &str, scopes: Vec<String>, allow| App {
            id,
            scopes,
            allow,
            no_limits: true,
            ..App::new(HUB, name.into(), created_at)
        };
        let every: Vec<String> = scope::all_names().iter().map(|name| (*name).to_owned()).collect();
        let apps = [
            app(1, "full", every.clone(), Classes::ALL),
            app(2, "reader", vec!["oauth".into(), "crm.objects.contacts.read".into()], Classes::ALL),
            app(3, "held", every, Classes::READ),
        ];
        let registry = Arc::new(Registry::new(TokenKey::new([1; 32]), false, None));
        let plain: Vec<PlainToken> = (1..=4).map(|number| PlainToken::generate("na1", [number; 16])).collect();
        let token = |id: u64, app_id, plain: &PlainToken| Token {
            id,
            ..Token::new(app_id, registry.token_key().hash(plain.expose()), plain.hint(), created_at)
        };
        let mut tokens: Vec<Token> = plain.iter().zip(&apps).map(|(plain, app)| token(app.id * 10, app.id, plain)).collect();
        let session = Session {
            scopes: vec!["oauth".into(), "crm.objects.contacts.read".into()],
            classes: Classes::READ,
            person: "ada@example.com".into(),
            purpose: "Find duplicates".into(),
            created_by: "socket".into(),
            budget: SessionBudget::default(),
            approve: Default::default(),
            agent: None,
        };
        let ends = Timestamp::from_ms(4_000_000_000_000);
        tokens.push(Token { session: Some(Arc::new(session)), expires_at: Some(ends), ..token(40, 1, &plain[SESSION]) });
        let portal = Portal::open(Storage::Ephemeral).await.unwrap();
        let known =
            AccountSettings { time_zone: "UTC".into(), currency: "EUR".into(), tier: "enterprise".into(), created_at, name: "Test".into() };
        portal.create_account(HUB, known).await.unwrap();
        let audit = Arc::new(AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), None).await.unwrap());
        let reached = Reached::default();
        let backend = Arc::new(Noting { portal, reached: reached.clone() });
        registry.replace(&[Arc::new(account)], &shared(&apps), &shared(&tokens), &[]);
        let gateway = Arc::new(Gateway::new(registry, audit.clone(), backend, Arc::new(Upstream::new())));
        Self { door: Door::new(Box::new(InProcess(gateway)), settings), reached, audit, tokens: plain }
    }

    /// What reached the backend beside the definitions of properties, which are read to know what is sensitive.
    pub fn reached_records(&self) -> Vec<(String, String)> {
        let is_definition = |path: &str| path.starts_with("/crm/properties/");
        self.reached.lock().unwrap().iter().filter(|(_, path)| !is_definition(path)).cloned().collect()
    }

    /// The newest record of the audit.
    pub async fn last_record(&self) -> AuditRecord {
        self.audit.list(&AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap().remove(0)
    }

    pub fn token(&self, app: usize) -> &str {
        self.tokens[app].expose()
    }

    /// Somebody with the token of an app.
    pub async fn enter(&self, app: usize) -> Entered {
        let visitor = Visitor { token: Secret::new(self.token(app).to_owned()), source: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let standing = Arc::new(self.door.standing(&visitor).await.unwrap());
        Entered { visitor, standing }
    }

    /// Uses a tool; the result as the protocol has it.
    pub async fn tool(&self, entered: &Entered, name: &str, given: Value) -> Value {
        let result = self.door.use_tool(entered, name, given.as_object().cloned().unwrap_or_default()).await;
        serde_json::to_value(result.unwrap_or_else(|| panic!("no tool {name}"))).unwrap()
    }

    pub fn router(&self) -> Router {
        router(self.door.clone(), Callers::default())
    }

    /// A request to the router: status, headers and JSON of the answer.
    pub async fn post(&self, headers: &[(&str, &str)], body: &Value) -> (u16, http::HeaderMap, Value) {
        let mut request = Request::post("/mcp").header("host", "127.0.0.1:8487").header("content-type", "application/json");
        request = request.header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.router().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body: Bytes = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))))
    }
}

/// What the tool says, as text.
pub fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

fn shared<T: Clone>(things: &[T]) -> Vec<Arc<T>> {
    things.iter().cloned().map(Arc::new).collect()
}
