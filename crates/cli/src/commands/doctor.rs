//! `keyway doctor`: the cause of a call that failed, what a credential is, and the state of an account.
//!
//! Reads the input and asks the server; `advice::doctor` draws the conclusions.

mod account;

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use http::Method;
use keyway_advice::doctor::{
    Answer, Call, Certainty, CredentialKind, Diagnosis, Evidence, Holder, Place, TEXT_BYTES_MAX, diagnose, kind_of, read, seen,
};
use keyway_api::view::{Diagnosed, DiagnosedCall};
use keyway_core::credential;
use keyway_core::refusal::Refusal;
use keyway_core::scope::ScopeSet;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_gateway::clock;
use keyway_gateway::upstream::{Base, CredentialError, Upstream};
use serde_json::{Value, json};

use super::issued::{self, Owner, Standing};
use super::show;
use crate::args::Connection;
use crate::args::doctor::Doctor;
use crate::client::call;
use crate::exit::Exit;
use crate::output::is_json;
use crate::typed::{line, typed};

/// What can be given, where nothing was.
const WAYS: &str = "nothing to look at. There are five ways:
  keyway doctor FILE                               a curl command with its answer, a log, a HAR file, HubSpot's error
  COMMAND | keyway doctor                          the same from standard input
  keyway doctor CORRELATION_ID                     a call that went through the running Keyway
  keyway doctor --credential-env HUBSPOT_TOKEN     what a token is, whose, and what it may do
  keyway doctor --account                          the accounts of the running Keyway";

/// Longest wait for HubSpot's answer about a credential.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Exits 1 when something is wrong, 0 when nothing is known to be.
pub async fn run(connection: &Connection, args: Doctor) -> anyhow::Result<Exit> {
    if let Some(typed) = args.account {
        let hub_id = super::names::account_if_any(connection, typed.as_deref()).await?;
        return account::check(connection, hub_id).await;
    }
    if args.credential.is_given() {
        return token(connection, &args).await;
    }
    let piped = || (!std::io::stdin().is_terminal()).then_some("-");
    let input = args.input.as_deref().or_else(piped).context(WAYS)?;
    if credential::is_uuid(input) {
        let body = json!({ "correlationId": input, "expectHubId": args.expect });
        let answer = call(connection, Method::POST, "/api/v1/doctor", Some(body)).await?;
        return say(&answer);
    }
    if is_credential(input) && !Path::new(input).exists() {
        bail!(
            "this looks like a token, and a token is never an argument: other users can read it in the process list. Use: keyway doctor --credential-env NAME"
        );
    }
    let text = text(input)?;
    if credential::is_uuid(text.trim()) {
        bail!("this is a correlation id: give it as an argument, so that the server is asked for the call");
    }
    let mut found = read(&text);
    found.iter_mut().for_each(|evidence| evidence.expected_hub_id = args.expect);
    if found.is_empty() {
        let source = if input == "-" { "standard input" } else { input };
        bail!(
            "{source} has no request and no error in it. Give the call as a curl command with its answer, HubSpot's JSON, the lines of a log, a HAR file, or the text of the page that a browser showed"
        );
    }
    say(&report(&found, clock::now()))
}

fn text(input: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let most = TEXT_BYTES_MAX as u64 + 1;
    if input == "-" {
        std::io::stdin().take(most).read_to_end(&mut bytes).context("standard input can't be read")?;
    } else {
        // The argument may be the call itself in place of a file. The error says to pipe it: other users can
        // read arguments in the process list.
        let file = std::fs::File::open(input).map_err(|error| {
            anyhow!(
                "{} can't be opened: {}. Pass a file with the call and its answer, or \"-\" for standard input. A call is never an argument",
                shown(input),
                keyway_core::shown::cause(&error)
            )
        })?;
        file.take(most).read_to_end(&mut bytes).with_context(|| format!("{input} can't be read"))?;
    }
    if bytes.len() > TEXT_BYTES_MAX {
        bail!("the text is longer than {} MiB; cut it to the call that failed", TEXT_BYTES_MAX >> 20);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether an argument is a credential in place of a file.
fn is_credential(input: &str) -> bool {
    use CredentialKind::{Access, Keyway, Pat, PersonalAccessKey, Routed};
    matches!(kind_of(input), Access | Keyway | Pat | PersonalAccessKey | Routed)
}

/// An argument that may be a command with a token in it.
fn shown(input: &str) -> String {
    if input.len() > 80 || input.contains(char::is_whitespace) { "the argument".to_owned() } else { input.to_owned() }
}

/// As the admin API answers it.
fn report(found: &[Evidence], now: Timestamp) -> Value {
    let call = |evidence: &Evidence| DiagnosedCall { seen: seen(evidence, now), causes: diagnose(evidence, now) };
    json!({ "version": 1, "calls": found.iter().map(call).collect::<Vec<_>>() })
}

fn say(answer: &Value) -> anyhow::Result<Exit> {
    let Diagnosed { calls } = typed(answer)?;
    show(answer, |_| calls.iter().map(lines).collect::<Vec<_>>().join("\n\n"))?;
    let wrong = calls.iter().flat_map(|call| &call.causes).any(|cause| cause.certainty != Certainty::Note);
    Ok(if wrong { Exit::Negative } else { Exit::Fine })
}

fn lines(DiagnosedCall { seen, causes }: &DiagnosedCall) -> String {
    let status = seen.status.map(|status| status.to_string());
    let facts = [(&seen.operation, ""), (&seen.host, "at "), (&status, "answered "), (&seen.category, ""), (&seen.app, "app ")];
    let mut facts: Vec<String> =
        facts.into_iter().filter_map(|(fact, before)| fact.as_ref().map(|fact| format!("{before}{}", line(fact)))).collect();
    facts.extend(seen.credentials.iter().map(|credential| line(credential)));
    facts.extend(seen.named.iter().map(|(kind, values)| format!("{kind}: {}", line(&values.join(", ")))));
    let mut lines =
        vec![if facts.is_empty() { "read: nothing of a call but its answer".to_owned() } else { format!("read: {}", facts.join(", ")) }];
    if causes.is_empty() {
        lines.push("nothing is known to be wrong".to_owned());
    }
    for cause in causes {
        let how = match cause.certainty {
            Certainty::Certain => "",
            Certainty::Likely => "likely: ",
            Certainty::Note => "note: ",
        };
        lines.push(format!("\n{how}{} ({})", cause.title, cause.cause));
        lines.push(format!("  {}", line(&cause.because)));
        if !cause.scopes.is_empty() {
            lines.push(format!("  enough: {}", line(&cause.scopes.join(", or ").replace('+', " and "))));
        }
        lines.extend(cause.remedy.iter().map(|remedy| format!("  - {}", line(remedy))));
        lines.push(format!("  {}", cause.page));
    }
    lines.join("\n")
}

/// What a credential is, whose, and what it may do.
async fn token(connection: &Connection, args: &Doctor) -> anyhow::Result<Exit> {
    let value = Secret::new(super::account::read(&args.credential).await?);
    let kind = kind_of(value.expose());
    if let Some(wrong) = not_a_token(&kind) {
        let said = format!(
            "this is not a HubSpot token: {wrong}. A token begins with pat-, an OAuth access token with C and a letter from I to P"
        );
        show(&json!({ "version": 1, "token": null, "calls": [], "notAToken": wrong }), |_| said.clone())?;
        return Ok(Exit::Negative);
    }
    let Known { holder, token_id, answer, note } = match kind {
        CredentialKind::Keyway => of_keyway(connection, &args.ask_at, &value).await?,
        CredentialKind::Pat | CredentialKind::Access => Known { holder: ask(&args.ask_at, &kind, &value).await?, ..Known::default() },
        // Of other kinds HubSpot has no harmless question; the form says enough.
        _ => Known::default(),
    };
    let operations = if args.operation.is_empty() { vec![String::new()] } else { args.operation.clone() };
    let now = clock::now();
    let mut calls = Vec::new();
    for operation in &operations {
        let mut call = Call::default();
        if let Some((method, path)) = operation.split_once(' ') {
            call.method = Some(method.to_ascii_uppercase());
            call.target(path.trim());
        } else if !operation.is_empty() {
            bail!("{operation} is not an operation such as \"GET /crm/objects/2026-09/contacts\"");
        }
        call.presents(Place::Bearer, value.expose());
        let evidence = Evidence {
            call: Some(call),
            answer: answer.clone(),
            holder: holder.clone(),
            expected_hub_id: args.expect,
            ..Evidence::default()
        };
        let causes: Vec<Diagnosis> =
            diagnose(&evidence, now).into_iter().filter(|cause| !operation.is_empty() || cause.certainty != Certainty::Note).collect();
        calls.push(DiagnosedCall { seen: seen(&evidence, now), causes });
    }
    if !is_json() {
        super::print(&match (&note, &answer) {
            (Some(note), _) => format!("not verified: {note}"),
            (None, Some(_)) => "not accepted".to_owned(),
            (None, None) => about(holder.as_ref(), token_id),
        })?;
    }
    let rule = answer.as_ref().and_then(|answer| answer.keyway_rule.as_deref());
    let token = match holder {
        Some(holder) => {
            json!({ "alive": holder.alive, "hubId": holder.hub_id, "scopes": holder.granted.map(|granted| granted.names()), "app": holder.app, "tokenId": token_id })
        }
        None if rule.is_some_and(issued::may_be_good_elsewhere) => json!({ "alive": null }),
        None if answer.is_some() => json!({ "alive": false }),
        None => note.map_or(Value::Null, |note| json!({ "alive": null, "note": note })),
    };
    let answer = json!({ "version": 1, "token": token, "calls": calls });
    say(&answer)
}

/// Why a value cannot be a HubSpot credential; none where it can be one.
fn not_a_token(kind: &CredentialKind) -> Option<&'static str> {
    match kind {
        CredentialKind::Other => Some("it has the form of none of HubSpot's credentials"),
        CredentialKind::Placeholder => Some("it is empty, or a word in place of a value"),
        CredentialKind::Variable(_) => Some("it is the name of a variable, which nothing filled in"),
        CredentialKind::Masked => Some("it is hidden"),
        _ => None,
    }
}

fn about(holder: Option<&Holder>, token_id: Option<u64>) -> String {
    match holder {
        Some(Holder { alive: true, hub_id, granted, app }) => {
            let mut account = hub_id.map_or("account unknown".to_owned(), |hub_id| format!("account {hub_id}"));
            app.iter().for_each(|app| account.push_str(&format!(", app {}", line(app))));
            token_id.iter().for_each(|id| account.push_str(&format!(", token {id}")));
            let scopes = granted.as_ref().map_or("unknown".to_owned(), |granted| granted.names().join(", "));
            format!("alive, {account}, scopes: {scopes}")
        }
        Some(_) => "not accepted".to_owned(),
        None => "not asked about: its form says what it is".to_owned(),
    }
}

/// What is known of a token.
#[derive(Default)]
struct Known {
    holder: Option<Holder>,
    token_id: Option<u64>,
    /// The refusal of the Keyway that was asked.
    answer: Option<Answer>,
    /// Why nobody was asked.
    note: Option<String>,
}

/// What a Keyway says of a token that a Keyway issued. HubSpot is not asked.
async fn of_keyway(connection: &Connection, at: &str, value: &Secret<String>) -> anyhow::Result<Known> {
    let asking = tokio::time::timeout(TIMEOUT, issued::ask(connection, at, "--ask-at", value));
    Ok(match asking.await.with_context(|| format!("{at} did not answer in time"))?? {
        Standing::Alive(Owner { hub_id, app, token_id, scopes }) => {
            let granted = Some(ScopeSet::of_known(scopes.iter().map(String::as_str)));
            Known { holder: Some(Holder { alive: true, hub_id, app: Some(app), granted }), token_id, ..Known::default() }
        }
        Standing::Refused(rule) => {
            let status = Refusal::named(&rule).and_then(Refusal::status);
            Known { answer: Some(Answer { status, keyway_rule: Some(rule), ..Answer::default() }), ..Known::default() }
        }
        Standing::Unverified(note) => Known { note: Some(note), ..Known::default() },
    })
}

/// Whose token it is; none where the answer says nothing of it.
async fn ask(at: &str, kind: &CredentialKind, value: &Secret<String>) -> anyhow::Result<Option<Holder>> {
    let (upstream, base) = (Upstream::new(), Base::parse(at)?);
    let holder = |hub_id, granted| Holder { alive: true, hub_id: Some(hub_id), app: None, granted };
    let asking = async {
        if *kind == CredentialKind::Access {
            return upstream.account_of(&base, value).await.map(|hub_id| holder(hub_id, None));
        }
        let info = upstream.credential_info(&base, value).await?;
        Ok(holder(info.hub_id, Some(ScopeSet::of_known(info.scopes.iter().map(String::as_str)))))
    };
    let answer = tokio::time::timeout(TIMEOUT, asking).await.with_context(|| format!("{at} did not answer in time"))?;
    match answer {
        Ok(holder) => Ok(Some(holder)),
        Err(CredentialError::Refused(_)) => Ok(Some(Holder { alive: false, hub_id: None, app: None, granted: None })),
        Err(CredentialError::Silent { hub_id }) => Ok(Some(Holder { alive: true, hub_id, app: None, granted: None })),
        Err(error) => Err(error).with_context(|| format!("{at} could not be asked about the credential")),
    }
}
