//! Sessions of agents as a specification: codes and refresh tokens that come at once, and what of an agent is kept.

use keyway_oauth::agent::Request;
use keyway_oauth::params::Params;
use keyway_oauth::pkce::Challenge;

use super::*;
use crate::model::Agent;
use keyway_core::secret::Secret;

const CLIENT: &str = "https://agent.example/client.json";
const CALLBACK: &str = "http://127.0.0.1:5000/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn approved(control: &Control) -> String {
    let agent = Agent { client: CLIENT.into(), name: "Agent".into(), resource: "http://127.0.0.1:8487/mcp".into() };
    let asked =
        Request { redirect_uri: CALLBACK.into(), scopes: Vec::new(), state: None, challenge: Challenge::of(VERIFIER), resource: None };
    let new = NewSession {
        person: "ada@example.com".into(),
        purpose: "A report".into(),
        created_by: "ada@example.com".into(),
        ..NewSession::default()
    };
    let (_, code) = control.approve_agent("Agent", new, agent, &asked).await.unwrap();
    code.expose().clone()
}

async fn exchange(control: &Control, code: &str) -> Issued {
    control.exchange_agent_code(CLIENT, code, Some(CALLBACK), Some(VERIFIER)).await.unwrap()
}

async fn refresh(control: &Control, token: &str) -> Issued {
    control.refresh_agent(CLIENT, token, &Params::from_form(b"").unwrap()).await.unwrap()
}

async fn with_app(control: Control) -> Arc<Control> {
    control.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    control.create_app(app("Agent", &["tickets"])).await.unwrap();
    Arc::new(control)
}

#[tokio::test]
async fn of_many_exchanges_of_a_code_at_once_one_succeeds_and_the_others_end_what_it_gave() {
    let control = with_app(control(None).await).await;
    let code = approved(&control).await;
    let one = |control: Arc<Control>, code: String| async move { exchange(&control, &code).await.ok() };
    let all: Vec<_> = (0..8).map(|_| tokio::spawn(one(control.clone(), code.clone()))).collect();
    let mut given = Vec::new();
    for exchanged in all {
        given.extend(exchanged.await.unwrap());
    }
    assert_eq!(given.len(), 1);
    assert!(refresh(&control, given[0].refresh.expose()).await.is_err(), "the code came again");
}

async fn person(control: &Control, email: &str, end: AccessEnd) {
    let new = NewPerson { email: email.into(), keep_password: !matches!(end, AccessEnd::Kept), end, ..NewPerson::default() };
    control.put_person(new).await.unwrap();
}

#[tokio::test]
async fn who_is_deleted_leaves_no_session_of_an_agent() {
    let control = with_app(control(None).await).await;
    person(&control, "root@example.com", AccessEnd::Kept).await;
    person(&control, "ada@example.com", AccessEnd::Kept).await;
    let given = exchange(&control, &approved(&control).await).await.unwrap();
    let waiting = approved(&control).await;
    control.delete_person("ada@example.com").await.unwrap();
    assert!(control.app_sessions(None).await.unwrap().iter().all(|(_, token, _)| token.revoked_at.is_some()));
    assert!(refresh(&control, given.refresh.expose()).await.is_err());
    assert!(exchange(&control, &waiting).await.is_err());
}

#[tokio::test]
async fn a_session_of_an_agent_ends_with_the_access_of_who_allowed_it() {
    let control = with_app(control(None).await).await;
    person(&control, "root@example.com", AccessEnd::Kept).await;
    person(&control, "ada@example.com", AccessEnd::Kept).await;
    approved(&control).await;
    let end = clock::now().plus_ms(60_000);
    person(&control, "ada@example.com", AccessEnd::At(end)).await;
    // One from before the end was set, and one from after it.
    approved(&control).await;
    let sessions = control.app_sessions(None).await.unwrap();
    assert_eq!(sessions.len(), 2);
    for (_, token, _) in sessions {
        assert!(token.expires_at.is_some_and(|at| at <= end.plus_ms(1_000)), "{:?}", token.expires_at);
    }
}

#[tokio::test]
async fn a_token_of_a_keyway_is_no_credential_of_hubspot() {
    use crate::upstream::Base;
    let control = with_app(control(None).await).await;
    let (_, new) = control
        .create_app_session("Agent", NewSession { person: "Ada".into(), purpose: "x".into(), ..NewSession::default() })
        .await
        .unwrap();
    let of = |base: &str| super::super::connections::credential(Secret::new(new.plain.expose().to_owned()), &Base::parse(base).unwrap());
    assert!(of("http://127.0.0.1:8484").is_ok());
    let refused = of(Base::HUBSPOT).unwrap_err().to_string();
    assert!(refused.contains("a Keyway issued"), "{refused}");
}

#[tokio::test]
async fn refreshes_at_once_get_the_same_next_token() {
    let control = with_app(control(None).await).await;
    let first = exchange(&control, &approved(&control).await).await.unwrap();
    let one = |control: Arc<Control>, token: String| async move { refresh(&control, &token).await.unwrap().refresh.expose().clone() };
    let all: Vec<_> = (0..8).map(|_| tokio::spawn(one(control.clone(), first.refresh.expose().clone()))).collect();
    let mut next = std::collections::HashSet::new();
    for refreshed in all {
        next.insert(refreshed.await.unwrap());
    }
    assert_eq!(next.len(), 1, "a lost answer is given again, and no second family begins");
}

#[tokio::test]
async fn an_agent_and_its_tokens_are_kept_over_a_restart_and_no_text_of_them_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = with_app(control(Some(folder.path())).await).await;
    let code = approved(&first).await;
    let given = exchange(&first, &code).await.unwrap();
    first.close().await;
    drop(first);
    let second = control(Some(folder.path())).await;
    let sessions = second.app_sessions(None).await.unwrap();
    let kept = sessions[0].1.session.as_ref().and_then(|session| session.agent.clone()).unwrap();
    assert_eq!((kept.client.as_str(), kept.name.as_str()), (CLIENT, "Agent"));
    assert!(second.registry.find_access(given.access.expose()).is_some());
    assert!(refresh(&second, given.refresh.expose()).await.is_ok());
    assert!(exchange(&second, &code).await.is_err());
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        for text in [code.as_bytes(), given.access.expose().as_bytes(), given.refresh.expose().as_bytes()] {
            assert!(!bytes.windows(text.len()).any(|part| part == text));
        }
    }
}
