//! Changes as a specification.

use super::*;

struct NoBackend;

impl AccountHooks for NoBackend {
    fn embeds(&self) -> bool {
        true
    }
    fn created<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, std::result::Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn deleted(&self, _: u64) -> BoxFuture<'_, std::result::Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

async fn control(folder: Option<&std::path::Path>) -> Control {
    let database = crate::testing::database(folder).await;
    let store = Store::open(folder, database.as_deref()).await.unwrap();
    let registry = Arc::new(Registry::new(store.token_key(), false, None));
    Control::new(store, registry, Arc::new(NoBackend)).await.unwrap()
}

async fn with_account() -> Control {
    let control = control(None).await;
    control.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    control
}

fn app(name: &str, scopes: &[&str]) -> NewApp {
    NewApp { hub_id: 7, name: name.into(), scopes: scopes.iter().map(ToString::to_string).collect(), ..NewApp::default() }
}

fn works(control: &Control, token: &PlainToken) -> bool {
    let now = clock::now();
    control
        .registry
        .find(token.expose())
        .is_some_and(|entry| entry.app.app.enabled && entry.token.revoked_at.is_none() && entry.token.expires_at.is_none_or(|at| at > now))
}

#[tokio::test]
async fn a_new_app_has_a_token_that_works_at_once() {
    let control = with_account().await;
    let (made, token) = control.create_app(app("Sync", &["tickets", "tickets"])).await.unwrap();
    assert_eq!(made.scopes, ["oauth", "tickets"]);
    assert!(works(&control, &token.plain));
    control.update_app("Sync", AppChange { enabled: Some(false), ..AppChange::default() }).await.unwrap();
    assert!(!works(&control, &token.plain));
}

#[tokio::test]
async fn scopes_change_and_the_token_stays() {
    let control = with_account().await;
    let (made, token) = control.create_app(app("Sync", &["tickets"])).await.unwrap();
    let change =
        AppChange { add_scopes: vec!["crm.objects.deals.read".into()], remove_scopes: vec!["tickets".into()], ..AppChange::default() };
    let changed = control.update_app(&made.id.to_string(), change).await.unwrap();
    assert_eq!(changed.scopes, ["crm.objects.deals.read", "oauth"]);
    let granted = control.registry.find(token.plain.expose()).unwrap().app.granted;
    assert_eq!(granted.names(), ["crm.objects.deals.read", "oauth"]);
}

#[tokio::test]
async fn rotation_with_grace_keeps_the_old_token_and_without_ends_it() {
    let control = with_account().await;
    let (_, first) = control.create_app(app("Sync", &[])).await.unwrap();
    let (_, second) = control.rotate_token("Sync", Rotation::Grace(7 * 86_400_000)).await.unwrap();
    assert!(works(&control, &first.plain) && works(&control, &second.plain));
    let (_, third) = control.rotate_token("Sync", Rotation::Now).await.unwrap();
    assert!(!works(&control, &first.plain) && !works(&control, &second.plain) && works(&control, &third.plain));
    assert!(control.rotate_token("Sync", Rotation::Grace(40 * 86_400_000)).await.is_err());
}

#[tokio::test]
async fn a_revoked_token_ends_and_its_sibling_does_not() {
    let control = with_account().await;
    let (_, first) = control.create_app(app("Sync", &[])).await.unwrap();
    let (_, second) = control.create_token("Sync").await.unwrap();
    control.revoke_token(first.token.id).await.unwrap();
    assert!(!works(&control, &first.plain) && works(&control, &second.plain));
    assert!(matches!(control.revoke_token(999).await, Err(ControlError::NotFound(_))));
}

#[tokio::test]
async fn what_is_not_valid_is_refused_with_a_hint() {
    let control = with_account().await;
    let refused = |result: Result<(App, NewToken)>| result.unwrap_err().to_string();
    assert!(refused(control.create_app(app("x", &["crm.objects.contact.read"])).await).contains("did you mean crm.objects.contacts.read"));
    assert!(refused(control.create_app(app(" ", &[])).await).contains("must not be empty"));
    control.create_app(app("Sync", &[])).await.unwrap();
    assert!(refused(control.create_app(app("Sync", &[])).await).contains("already"));
    let zone = NewAccount { name: "B".into(), time_zone: Some("Mars/Base".into()), ..NewAccount::default() };
    assert!(control.create_account(zone).await.unwrap_err().to_string().contains("time zone"));
    let addons = AccountChange { addons: Some(3), ..AccountChange::default() };
    assert!(control.update_account(7, addons).await.is_err());
}

#[tokio::test]
async fn a_restart_keeps_everything_and_no_file_holds_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let first = control(Some(folder.path())).await;
    first.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    let (made, token) = first.create_app(app("Sync", &["tickets"])).await.unwrap();
    first.registry.find(token.plain.expose()).unwrap().note_use(clock::now());
    first.close().await;
    drop(first);

    let second = control(Some(folder.path())).await;
    let (kept, tokens) = second.app("Sync").await.unwrap();
    assert_eq!((kept, tokens[0].last_used_at.is_some()), (made, true));
    assert!(works(&second, &token.plain));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = token.plain.expose().as_bytes();
        assert!(!bytes.windows(text.len()).any(|window| window == text));
    }
}

#[tokio::test]
async fn deleting_an_account_ends_its_tokens() {
    let control = with_account().await;
    let (_, token) = control.create_app(app("Sync", &[])).await.unwrap();
    control.delete_account(7).await.unwrap();
    assert!(!works(&control, &token.plain));
    assert!(control.apps(None).await.is_empty());
}

#[tokio::test]
async fn apps_that_nobody_uses_are_disabled_and_the_others_stay() {
    let control = with_account().await;
    let (_, idle) = control.create_app(app("Idle", &["tickets"])).await.unwrap();
    let (_, busy) = control.create_app(app("Busy", &["tickets"])).await.unwrap();
    let now = clock::now();
    control.registry.find(busy.plain.expose()).unwrap().note_use(now.plus_ms(20_000));
    assert!(control.disable_unused(now.plus_ms(-10_000)).await.unwrap().is_empty());
    let disabled = control.disable_unused(now.plus_ms(10_000)).await.unwrap();
    assert_eq!(disabled.iter().map(|app| app.name.as_str()).collect::<Vec<_>>(), ["Idle"]);
    assert!(!works(&control, &idle.plain) && works(&control, &busy.plain));
}
