//! A store that is away, and every condition that needs no HubSpot.

use std::sync::Mutex;

use axum::Router;
use axum::routing::post;
use keyway_core::secret::Secret;

use super::*;
use crate::audit::Place;
use crate::boxed::BoxFuture;
use crate::control::{AccountHooks, NewChannel, NewTarget};
use crate::model::Account;
use crate::store::Store;
use crate::targets::Targets;

struct NoBackend;

impl AccountHooks for NoBackend {
    fn embeds(&self) -> bool {
        true
    }
    fn created<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn held(&self) -> Vec<u64> {
        Vec::new()
    }
    fn deleted(&self, _: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

/// Keeps the bodies that are posted to it.
async fn receiver() -> (String, Arc<Mutex<Vec<String>>>) {
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = got.clone();
    let take = async move |body: String| kept.lock().unwrap().push(body);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take))).await });
    (url, got)
}

async fn notifier() -> Notifier {
    let store = Store::open(None, None).await.unwrap();
    let audit = Arc::new(AuditLog::open(Place::Memory, store.audit_key(), None).await.unwrap());
    let registry = Arc::new(Registry::new(store.token_key(), false, None));
    Notifier {
        control: Arc::new(Control::new(store, registry.clone(), Arc::new(NoBackend)).await.unwrap()),
        registry,
        upstream: Arc::new(Upstream::new()),
        audit,
        ending: Arc::default(),
        sender: Arc::new(Sender::new(Targets::ThisMachine)),
        thresholds: Live::new(Thresholds::default()),
        schedule: Live::new(Schedule { every: Duration::from_secs(60), remind_ms: 86_400_000 }),
        server: "http://localhost".into(),
        has_proxy: false,
    }
}

#[tokio::test]
async fn a_store_that_stays_away_is_told_once_past_the_queue() {
    let (url, got) = receiver().await;
    let (notifier, mut outage) = (notifier().await, Outage::default());
    let new = NewChannel { name: "ops".into(), target: NewTarget::Webhook(Secret::new(url)), hub_id: None, owner: None };
    notifier.control.add_channel(&notifier.sender, new).await.unwrap();
    notifier.look(&mut outage).await.unwrap();
    notifier.control.close().await;
    for failed in 1..=4 {
        assert!(notifier.look(&mut outage).await.is_err());
        notifier.tell_of(&mut outage).await;
        assert_eq!(got.lock().unwrap().len(), usize::from(failed >= 3), "after {failed} looks");
    }
    assert!(got.lock().unwrap()[0].contains("store-not-written"));
}
