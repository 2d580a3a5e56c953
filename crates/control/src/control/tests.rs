//! Changes as a specification.

mod agents;
mod approving;
mod boarding;
mod notifying;
mod rotating;
mod sessions;

use keyway_core::secret::Secret;

use super::*;
use crate::principal::Principal;
use crate::repeat::{Repeat, Seed};
use keyway_core::approval::Rule;
use keyway_core::quota::Limits;
use keyway_core::quota::Tier;
use keyway_core::safety::Classes;
use keyway_core::time::Timestamp;
use keyway_core::token::PlainToken;

struct NoBackend;

impl AccountHooks for NoBackend {
    fn embeds(&self) -> bool {
        true
    }
    fn created<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, std::result::Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn held(&self) -> Vec<u64> {
        Vec::new()
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

#[tokio::test]
async fn under_a_seed_the_text_of_a_token_is_found_to_be_its_own() {
    let store = Store::open(None, None).await.unwrap();
    let seed = Seed::new(7);
    let repeat = Repeat { seed: Some(seed), start: None };
    let registry = Arc::new(Registry::new(seed.token_key(), false, None).with_repeat(repeat));
    let control = Control::new(store, registry, Arc::new(NoBackend)).await.unwrap();
    control.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    let (_, made) = control.create_app(app("Sync", &["tickets"])).await.unwrap();
    let text_of = |text: &str| Secret::new(text.to_owned());
    assert!(control.is_token(made.token.id, &text_of(made.plain.expose())).await.unwrap());
    assert!(!control.is_token(made.token.id, &text_of("another")).await.unwrap());
}

async fn with_account() -> Control {
    let control = control(None).await;
    control.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    control
}

fn app(name: &str, scopes: &[&str]) -> NewApp {
    NewApp { hub_id: 7, name: name.into(), scopes: scopes.iter().map(ToString::to_string).collect(), ..NewApp::default() }
}

fn person(email: &str, password: Option<&str>) -> NewPerson {
    NewPerson { email: email.into(), password: password.map(|text| Secret::new(text.to_owned())), ..NewPerson::default() }
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
    let (_, second) = control.rotate_token("Sync", Rotation::Grace(7 * 86_400_000), None).await.unwrap();
    assert!(works(&control, &first.plain) && works(&control, &second.plain));
    let (_, third) = control.rotate_token("Sync", Rotation::Now, None).await.unwrap();
    assert!(!works(&control, &first.plain) && !works(&control, &second.plain) && works(&control, &third.plain));
    assert!(control.rotate_token("Sync", Rotation::Grace(40 * 86_400_000), None).await.is_err());
}

#[tokio::test]
async fn a_revoked_token_ends_and_its_sibling_does_not() {
    let control = with_account().await;
    let (_, first) = control.create_app(app("Sync", &[])).await.unwrap();
    let (_, second) = control.create_token("Sync", None).await.unwrap();
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
async fn the_last_uses_of_many_tokens_are_written_and_none_goes_back() {
    let control = with_account().await;
    let mut made = Vec::new();
    for number in 0..261 {
        made.push(control.create_app(app(&format!("Sync {number}"), &[])).await.unwrap().1);
    }
    let used = |plus: i64| made.iter().zip(1..).map(|(new, at)| (new.token.id, Timestamp::from_ms(at + plus))).collect::<Vec<_>>();
    let stored = async |used: &[(u64, Timestamp)]| {
        let (mut change, _state) = control.begin().await.unwrap();
        store::put_last_used(&mut change, used).await.unwrap();
        let mut stored = store::last_used(&mut change).await.unwrap();
        change.commit().await.unwrap();
        stored.sort_unstable();
        stored
    };
    // Eight parts of 32, and one of 5 that is filled up.
    assert_eq!(stored(&used(1_000)).await, used(1_000));
    assert_eq!(stored(&used(500)[..3]).await, used(1_000));
    assert_eq!(stored(&used(2_000)[..3]).await, [&used(2_000)[..3], &used(1_000)[3..]].concat());
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

mod oauth {
    //! Public apps, people and accounts connected by OAuth, on either store.

    use keyway_core::secret::Secret;
    use keyway_oauth::server::authorize::{self, Request};
    use keyway_oauth::server::refresh_token::Named;
    use keyway_oauth::{OAuthError, Params};

    use keyway_api::body::OAuthSettings;

    use super::super::oauth_accounts::{KnownGrant, NewOAuthClient, Standing};
    use super::super::{NewPublicApp, Rotated};
    use super::*;
    use crate::model::{Person, PublicApp};

    const CALLBACK: &str = "https://app.example/callback";

    async fn public_app(control: &Control, rotates: bool) -> (PublicApp, Secret<String>) {
        let new = NewPublicApp {
            name: "Sync".into(),
            redirect_uris: vec![CALLBACK.into()],
            scopes: vec!["tickets".into()],
            rotates,
            ..NewPublicApp::default()
        };
        let (app, secret) = control.create_public_app(new).await.unwrap();
        (app, secret.unwrap())
    }

    fn request(app: &PublicApp) -> Request {
        let query = format!("redirect_uri={CALLBACK}&scope=oauth+tickets");
        authorize::read(&Params::from_form(query.as_bytes()).unwrap(), &app.registered()).unwrap()
    }

    async fn code(control: &Control, app: &PublicApp) -> Secret<String> {
        control.consent(app, &request(app), 7, "ada@example.com", 3).await.unwrap()
    }

    #[tokio::test]
    async fn a_code_gives_an_install_once_and_ends_it_when_it_comes_again() {
        let control = with_account().await;
        let (app, _) = public_app(&control, false).await;
        let code = code(&control, &app).await;
        let given = control.exchange(&app, code.expose(), Some(CALLBACK), None).await.unwrap().unwrap();
        assert_eq!((given.install.public_app, given.install.hub_id), (Some(app.id), 7));
        let entry = control.registry.grant(given.token.id).unwrap();
        assert_eq!(entry.granted().names(), ["oauth", "tickets"]);
        assert_eq!(control.exchange(&app, code.expose(), Some(CALLBACK), None).await.unwrap().unwrap_err(), OAuthError::bad_code());
        assert!(control.registry.grant(given.token.id).unwrap().token.revoked_at.is_some());
        control.uninstall(given.install.id).await.unwrap();
        assert!(control.registry.grant(given.token.id).is_none());
    }

    #[tokio::test]
    async fn a_replaced_refresh_token_is_repeated_and_an_older_one_ends_the_grant() {
        let control = with_account().await;
        let (app, _) = public_app(&control, true).await;
        let code = code(&control, &app).await;
        let grant = control.exchange(&app, code.expose(), Some(CALLBACK), None).await.unwrap().unwrap().token.id;
        let present = |generation| control.rotate_refresh_token(Named { grant, generation });
        assert_eq!(present(0).await.unwrap(), Rotated::Generation(1));
        assert_eq!(present(0).await.unwrap(), Rotated::Generation(1));
        assert_eq!(present(1).await.unwrap(), Rotated::Generation(2));
        assert_eq!(present(0).await.unwrap(), Rotated::Stolen);
        assert_eq!(present(2).await.unwrap(), Rotated::Over);
    }

    #[tokio::test]
    async fn a_client_secret_ends_after_its_grace() {
        let control = with_account().await;
        let (app, old) = public_app(&control, false).await;
        let fits = |app: &PublicApp, secret: &Secret<String>, ms: i64| {
            app.has_secret(&control.registry.token_key().hash(secret.expose()), clock::now().plus_ms(ms))
        };
        assert!(fits(&app, &old, 0));
        let (app, new) = control.rotate_client_secret("Sync", Rotation::Grace(60_000)).await.unwrap();
        assert!(fits(&app, &old, 0) && fits(&app, &new, 0) && !fits(&app, &old, 61_000) && fits(&app, &new, 61_000));
    }

    #[tokio::test]
    async fn a_person_signs_in_with_the_last_password_only() {
        let control = with_account().await;
        let (_, first) = control.put_person(person("Ada@Example.com", None)).await.unwrap();
        let first = first.unwrap();
        let ada = control.known_by_password("ada@example.com", first.clone()).await.unwrap().unwrap();
        let cookie = control.begin_session(&ada, None, false).await.unwrap();
        assert_eq!(control.session(cookie.expose()).await.unwrap().unwrap().email, "ada@example.com");
        control.put_person(person("ada@example.com", Some("another long password"))).await.unwrap();
        assert!(control.session(cookie.expose()).await.unwrap().is_none());
        assert!(control.known_by_password("ada@example.com", first).await.unwrap().is_none());
        assert!(control.put_person(person("ada@example.com", Some("short"))).await.is_err());
        control.delete_person("ada@example.com").await.unwrap();
        assert!(control.known_by_password("ada@example.com", Secret::new("another long password".into())).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn from_the_end_of_their_access_on_a_person_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let control = control(Some(folder.path())).await;
        let until = |end| NewPerson { end, keep_password: true, ..person("eve@example.com", None) };
        // Sooner than the end of a sign-in that awaits its second factor.
        let soon = clock::now().plus_ms(60_000);
        control.put_person(person("ada@example.com", None)).await.unwrap();
        let new = NewPerson { end: AccessEnd::At(soon), ..person("eve@example.com", None) };
        let (eve, password) = control.put_person(new).await.unwrap();
        let cookie = control.begin_session(&eve, None, false).await.unwrap();
        let pending = control.begin_session(&eve, None, true).await.unwrap();
        assert_eq!(control.session(cookie.expose()).await.unwrap().unwrap().expires_at, Some(soon));

        clock::WRONG_BY_MS.set(60_000);
        let ended = |result: Result<Option<Person>>| match result {
            Err(ControlError::AccessEnded(why)) => assert!(why.contains("eve@example.com") && why.contains("user update"), "{why}"),
            other => panic!("{other:?}"),
        };
        ended(control.session(cookie.expose()).await);
        ended(control.pending_session(pending.expose()).await);
        let eve = control.known_by_password("eve@example.com", password.unwrap()).await.unwrap().unwrap();
        for pending in [false, true] {
            assert!(matches!(control.begin_session(&eve, None, pending).await, Err(ControlError::AccessEnded(_))));
        }
        // The end is in the store, so a restart leaves it as it is.
        drop(control);
        let control = self::control(Some(folder.path())).await;
        ended(control.session(cookie.expose()).await);

        let more = control.put_person(until(AccessEnd::At(soon.plus_ms(3_600_000)))).await.unwrap().0;
        assert_eq!(control.session(cookie.expose()).await.unwrap(), Some(more), "another end alone keeps sessions");
        assert!(control.put_person(until(AccessEnd::At(soon))).await.is_err(), "an end is to come");
        control.put_person(until(AccessEnd::Never)).await.unwrap();
        clock::WRONG_BY_MS.set(i64::from(u32::MAX));
        let ada = control.person("ada@example.com").await.unwrap();
        assert!(control.begin_session(&ada, None, false).await.is_ok());
        assert!(control.begin_session(&control.person("eve@example.com").await.unwrap(), None, false).await.is_ok());
        clock::WRONG_BY_MS.set(0);
    }

    #[tokio::test]
    async fn one_super_admin_keeps_access_for_good() {
        use crate::principal::Role;
        let control = with_account().await;
        let end = AccessEnd::At(clock::now().plus_ms(3_600_000));
        let first = NewPerson { end, ..person("ada@example.com", None) };
        assert!(matches!(control.put_person(first).await, Err(ControlError::Invalid(_))));
        control.put_person(person("ada@example.com", None)).await.unwrap();
        let until = |email, end| NewPerson { end, keep_password: true, ..person(email, None) };
        assert!(matches!(control.put_person(until("ada@example.com", end)).await, Err(ControlError::Conflict(_))));
        let admin = |email, end| NewPerson { end, role: Some(Role::SuperAdmin), ..person(email, None) };
        control.put_person(admin("bob@example.com", end)).await.unwrap();
        assert!(matches!(control.put_person(until("ada@example.com", end)).await, Err(ControlError::Conflict(_))), "bob's access ends");
        assert!(matches!(control.delete_person("ada@example.com").await, Err(ControlError::Conflict(_))));
        control.put_person(admin("carol@example.com", AccessEnd::Never)).await.unwrap();
        control.put_person(until("ada@example.com", end)).await.unwrap();
        assert!(matches!(control.delete_person("carol@example.com").await, Err(ControlError::Conflict(_))));
        control.delete_person("bob@example.com").await.unwrap();
    }

    #[tokio::test]
    async fn it_is_known_how_a_person_signs_in_and_when_they_last_did() {
        let control = with_account().await;
        let known = async || {
            let ada = control.person("ada@example.com").await.unwrap();
            (ada.password, ada.second_factor, ada.signed_in_at.is_some())
        };
        let (ada, _) = control.put_person(person("ada@example.com", None)).await.unwrap();
        assert_eq!(known().await, (true, false, false));
        control.begin_session(&ada, None, true).await.unwrap();
        assert_eq!(known().await, (true, false, false), "a password alone is no sign-in where more is awaited");
        control.begin_session(&ada, None, false).await.unwrap();
        let new = control.begin_second_factor(&ada).await.unwrap();
        assert_eq!(known().await, (true, false, true), "a factor without a first code does not count");
        let code = crate::totp::now(&crate::totp::read(new.key.expose()).unwrap(), clock::now());
        control.confirm_second_factor(&ada, &code).await.unwrap().unwrap();
        assert_eq!(known().await, (true, true, true));
        assert!(control.person("eve@example.com").await.is_err());
    }

    #[tokio::test]
    async fn somebody_who_must_be_new_is_left_as_they_are() {
        let control = with_account().await;
        let (_, password) = control.put_person(person("ada@example.com", None)).await.unwrap();
        let again = NewPerson { must_be_new: true, ..person("Ada@example.com", None) };
        assert!(matches!(control.put_person(again).await, Err(ControlError::Conflict(_))));
        assert!(control.known_by_password("ada@example.com", password.unwrap()).await.unwrap().is_some());
        let other = NewPerson { must_be_new: true, ..person("bob@example.com", None) };
        assert!(control.put_person(other).await.is_ok());
    }

    #[tokio::test]
    async fn a_provider_knows_a_person_by_its_own_name_for_them_from_the_first_sign_in_on() {
        use super::super::AtProvider;
        const ISSUER: &str = "https://id.example";
        let at = |subject| AtProvider { issuer: ISSUER, subject };
        let control = with_account().await;
        control.put_person(person("ada@example.com", None)).await.unwrap();
        assert!(control.known_by_provider(at("1")).await.unwrap().is_none());
        let ada = control.link_to_provider(at("1"), "Ada@example.com").await.unwrap().unwrap();
        assert_eq!(control.known_by_provider(at("1")).await.unwrap().unwrap(), ada);
        assert_eq!(ada.provider.as_deref(), Some(ISSUER));
        assert!(control.link_to_provider(at("2"), "nobody@example.com").await.unwrap().is_none());
        // The address passes on to somebody else there.
        assert!(matches!(control.link_to_provider(at("2"), "ada@example.com").await, Err(ControlError::Conflict(_))));
        let role = crate::principal::Role::Auditor;
        assert!(control.add_from_provider(at("2"), "ada@example.com", role.clone()).await.is_err());
        assert!(control.known_by_provider(at("2")).await.unwrap().is_none());
        // The same subject of another issuer is nobody here.
        let elsewhere = AtProvider { issuer: "https://other.example", subject: "1" };
        assert!(control.known_by_provider(elsewhere).await.unwrap().is_none());
        let bob = control.add_from_provider(at("3"), "bob@example.com", role).await.unwrap();
        assert_eq!((bob.password, control.known_by_provider(at("3")).await.unwrap()), (false, Some(bob.clone())));
        // A super admin says that it is the same person.
        let cookie = control.begin_session(&ada, None, false).await.unwrap();
        control.unlink_from_provider("ada@example.com").await.unwrap();
        assert!(control.session(cookie.expose()).await.unwrap().is_none());
        assert!(control.unlink_from_provider("ada@example.com").await.is_err());
        assert!(control.known_by_provider(at("1")).await.unwrap().is_none());
        control.link_to_provider(at("2"), "ada@example.com").await.unwrap().unwrap();
        assert_eq!(control.known_by_provider(at("2")).await.unwrap().unwrap().id, ada.id);
        // The server's provider is another one from now on.
        control.link_to_provider(elsewhere, "ada@example.com").await.unwrap().unwrap();
        assert_eq!(control.known_by_provider(elsewhere).await.unwrap().unwrap().id, ada.id);
        assert!(control.known_by_provider(at("2")).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_second_factor_counts_from_its_first_code_on_and_each_code_once() {
        let control = with_account().await;
        let (ada, _) = control.put_person(person("ada@example.com", None)).await.unwrap();
        let new = control.begin_second_factor(&ada).await.unwrap();
        assert!(!control.has_second_factor(ada.id).await.unwrap());
        let code = |ahead: i64| crate::totp::now(&crate::totp::read(new.key.expose()).unwrap(), clock::now().plus_ms(ahead * 30_000));
        assert!(control.confirm_second_factor(&ada, "000000x").await.unwrap().is_none());
        let recovery = control.confirm_second_factor(&ada, &code(0)).await.unwrap().unwrap();
        assert!(control.has_second_factor(ada.id).await.unwrap());
        let pending = control.begin_session(&ada, None, true).await.unwrap();
        assert!(control.session(pending.expose()).await.unwrap().is_none(), "a password alone opens nothing");
        assert_eq!(control.pending_session(pending.expose()).await.unwrap().unwrap().id, ada.id);
        assert!(control.sign_in_with_code(&ada, pending.expose(), &code(0)).await.unwrap().is_none(), "the code was used");
        let cookie = control.sign_in_with_code(&ada, pending.expose(), &code(1)).await.unwrap().unwrap();
        assert_eq!(control.session(cookie.expose()).await.unwrap().unwrap().id, ada.id);
        assert!(control.pending_session(pending.expose()).await.unwrap().is_none());
        let (one, other) = (recovery[0].expose().clone(), recovery[1].expose().clone());
        assert!(control.sign_in_with_code(&ada, "", &one).await.unwrap().is_some());
        assert!(control.sign_in_with_code(&ada, "", &one).await.unwrap().is_none(), "a recovery code is good once");
        control.remove_second_factor("ada@example.com").await.unwrap();
        assert!(control.session(cookie.expose()).await.unwrap().is_none());
        assert!(control.sign_in_with_code(&ada, "", &other).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_undone_rotation_leaves_the_tokens_as_they_were() {
        let control = with_account().await;
        let (app, first) = control.create_app(app("Billing", &[])).await.unwrap();
        let name = app.name.as_str();
        assert!(control.hand_back(first.token.id).await.is_err(), "there was no rotation");
        // A long grace period, then a shorter one: both old tokens now end at the same time.
        let (_, second) = control.rotate_token(name, Rotation::Grace(9_000_000), None).await.unwrap();
        let first_end = control.app(name).await.unwrap().1[0].expires_at;
        let (_, timed) = control.create_token(name, Some(99_000_000)).await.unwrap();
        let (_, third) = control.rotate_token(name, Rotation::Grace(1_000_000), None).await.unwrap();
        assert!(control.hand_back(second.token.id).await.is_err(), "nothing ends by the rotation to the second any more");
        let (_, kept) = control.hand_back(third.token.id).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|token| (token.id, token.expires_at)).collect();
        let before = [(first.token.id, first_end), (second.token.id, None), (timed.token.id, timed.token.expires_at)];
        assert_eq!(kept, before, "each ends as before: by the first rotation, never, with its lifetime");
        let (_, tokens) = control.app(name).await.unwrap();
        let third_now = tokens.iter().find(|token| token.id == third.token.id).unwrap();
        assert_eq!(third_now.expires_at, third.token.lifetime_ends_at, "the new token is as it was");
        assert!(control.hand_back(third.token.id).await.is_err(), "once is enough");
    }

    #[tokio::test]
    async fn a_token_with_a_lifetime_is_followed_by_one_that_lives_as_long() {
        let control = with_account().await;
        let new = NewApp { lifetime_ms: Some(90_000_000), ..app("Billing", &[]) };
        let (app, _) = control.create_app(new).await.unwrap();
        let lifetime = |made: &NewToken| made.token.lifetime_ends_at.map(|end| end.as_ms() - made.token.created_at.as_ms());
        let (_, second) = control.rotate_token(&app.name, Rotation::Now, None).await.unwrap();
        assert_eq!(lifetime(&second), Some(90_000_000));
        let (_, third) = control.rotate_token(&app.name, Rotation::Grace(1_000), Some(7_000_000)).await.unwrap();
        assert_eq!(lifetime(&third), Some(7_000_000), "a new lifetime replaces it");
        let (_, other) = control.create_token(&app.name, None).await.unwrap();
        assert_eq!(lifetime(&other), None, "a further token has the lifetime that is asked for");
        // What was delivered first and takes over then is the same rotation in two steps.
        control.revoke_token(other.token.id).await.unwrap();
        let (_, delivered) = control.create_token(&app.name, None).await.unwrap();
        let (_, heir) = control.take_over(delivered.token.id, Rotation::Now).await.unwrap();
        let ends = heir.created_at.plus_ms(7_000_000);
        assert_eq!((heir.expires_at, heir.lifetime_ends_at), (Some(ends), Some(ends)));
        let (_, tokens) = control.app(&app.name).await.unwrap();
        assert_eq!(tokens.iter().find(|token| token.id == heir.id).unwrap().expires_at, Some(ends));
        let (_, chosen) = control.create_token(&app.name, Some(60_000)).await.unwrap();
        let (_, heir) = control.take_over(chosen.token.id, Rotation::Now).await.unwrap();
        assert_eq!(heir.expires_at, Some(heir.created_at.plus_ms(60_000)), "a new lifetime replaces it");
    }

    #[tokio::test]
    async fn the_set_up_link_makes_one_super_admin_and_no_more() {
        let control = with_account().await;
        let (former, _) = control.begin_set_up().await.unwrap().unwrap();
        let (link, ends) = control.begin_set_up().await.unwrap().unwrap();
        assert_eq!(former.expose(), link.expose(), "another start gives the same link");
        assert!(ends > clock::now());
        let set_up = |token: &str, password: &str| {
            let (token, password) = (token.to_owned(), Secret::new(password.to_owned()));
            let control = &control;
            async move { control.set_up(&token, "ada@example.com", password).await }
        };
        assert!(set_up("", "a password that is long").await.is_err());
        assert!(set_up(link.expose(), "short").await.is_err());
        let ada = set_up(link.expose(), "a password that is long").await.unwrap();
        assert_eq!(ada.role, crate::principal::Role::SuperAdmin);
        assert!(set_up(link.expose(), "a password that is long").await.is_err(), "it was used");
        assert!(control.begin_set_up().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn one_instance_at_a_time_refreshes_an_account() {
        let control = with_account().await;
        let new = NewOAuthClient {
            name: "SaaS".into(),
            client_id: "id".into(),
            secret: Secret::new("secret".into()),
            base: Some("http://127.0.0.1:1".into()),
            authorize_url: None,
            scopes: vec!["tickets".into()],
            optional_scopes: Vec::new(),
        };
        control.put_oauth_client(new).await.unwrap();
        let (url, state) = control.begin_authorization("SaaS", OAuthSettings::default(), "http://localhost/oauth/callback").await.unwrap();
        assert!(url.starts_with("https://app.hubspot.com/oauth/authorize?client_id=id&"));
        assert_eq!(control.authorization(&state).await.unwrap(), Standing::Waiting);
        let grants = vec![KnownGrant { hub_id: 8, refresh_token: Secret::new("r1".into()), name: String::new() }];
        assert_eq!(control.import("SaaS", grants).await.unwrap(), 1);
        let leased = control.lease_tokens(8, 600_000).await.unwrap().unwrap();
        assert_eq!(leased.refresh.expose(), "r1");
        assert!(control.lease_tokens(8, 700_000).await.unwrap().is_none());
        assert_eq!(control.asked_within(300_000).await.unwrap().len(), 1);
        // A lease that ends later than a new one would was taken before the clock was set back.
        assert!(control.lease_tokens(8, 60_000).await.unwrap().is_some());
        control.not_refreshed(8, Some("BAD_HUB")).await.unwrap();
        assert_eq!(control.revoked().await.unwrap(), [8]);
        control.delete_account(8).await.unwrap();
        assert!(control.tokens(8).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_a_change_does_not_touch_stays_the_same_thing() {
    let control = with_account().await;
    control.create_account(NewAccount { hub_id: Some(8), name: "Other".into(), ..NewAccount::default() }).await.unwrap();
    let (_, one) = control.create_app(app("One", &["tickets"])).await.unwrap();
    let (_, two) = control.create_app(app("Two", &["tickets"])).await.unwrap();
    let (_, other) = control.create_app(NewApp { hub_id: 8, ..app("Other", &["tickets"]) }).await.unwrap();
    let entries = || [&one, &two, &other].map(|token| control.registry.find(token.plain.expose()).unwrap());
    let stays = |before: &[Arc<crate::registry::TokenEntry>; 3]| {
        let now = entries();
        [0, 1, 2].map(|at| Arc::ptr_eq(&before[at], &now[at]))
    };

    let before = entries();
    control.update_app("One", AppChange { description: Some("new".into()), ..AppChange::default() }).await.unwrap();
    assert_eq!(stays(&before), [false, true, true]);
    assert_eq!(entries()[0].app.app.description, "new");

    // An account's limits are its apps'.
    let before = entries();
    let paid = AccountChange { tier: Some(Tier::Professional), ..AccountChange::default() };
    control.update_account(7, paid).await.unwrap();
    assert_eq!(stays(&before), [false, false, true]);
    assert_eq!(entries()[1].app.account.limits.burst, Limits::for_tier(Tier::Professional, 0).burst);

    let before = entries();
    control.delete_account(8).await.unwrap();
    assert!(control.registry.find(other.plain.expose()).is_none());
    assert!(Arc::ptr_eq(&before[0], &control.registry.find(one.plain.expose()).unwrap()));
}

#[tokio::test]
async fn a_grace_period_that_is_over_stays_over_whatever_the_clock_shows() {
    let control = with_account().await;
    let (made, first) = control.create_app(app("Sync", &["tickets"])).await.unwrap();
    control.rotate_token(&made.name, Rotation::Grace(60_000), None).await.unwrap();
    let entry = control.registry.find(first.plain.expose()).unwrap();
    let now = clock::both();
    let later = |ms, step| keyway_core::time::Now { steady: now.steady.plus_ms(ms), wall: now.wall.plus_ms(ms + step) };
    for step in [0, 3_600_000, -3_600_000] {
        assert!(!entry.has_ended(later(0, step)), "{step}");
        assert!(entry.has_ended(later(60_000, step)), "{step}");
    }
}

#[test]
fn a_shared_registry_is_current_for_less_than_a_second_after_it_asked() {
    use keyway_core::time::Moment;
    let registry = Registry::new(keyway_core::token::TokenKey::new([1; 32]), true, None);
    let at = Moment::from_ms;
    assert!(!registry.is_current(at(1)), "it has not asked yet, and the machine has just started");
    registry.confirm(at(5_000));
    assert!(registry.is_current(at(5_899)));
    assert!(!registry.is_current(at(5_900)));
}
