//! 403 for scopes: which of them is enough, can't be chosen, or has a wrong name (hubspot facts, section 4).

use super::{Certainty, Facts, Found, Say};
use keyway_core::refusal::Refusal;
use keyway_core::requirement::Requirement;
use keyway_core::scope::{ScopeId, ScopeSet};

/// Names that HubSpot asks for but does not offer on its own pages, each with a name that works.
const NOT_SELECTABLE: [(&str, &str); 1] = [("crm.objects.emails.read", "sales-email-read")];

fn refused(facts: &Facts<'_>) -> bool {
    facts.is_category("MISSING_SCOPES")
        || facts.answer().is_some_and(|answer| answer.category.is_none() && !named(facts).is_empty())
        || facts.says("hasn't been granted all required scopes")
        || facts.says("doesn't have the scopes needed")
        // So HubSpot spells it.
        || facts.says("doesn't the have scopes needed")
        || facts.says("missing scopes")
        || facts.says("required scopes")
        || facts.says(SECOND_WORDING)
}

/// HubSpot's wording where one of the scopes is not enough.
const ALL: &str = "all of the following scopes are required";

/// The wording of some HubSpot services for OAuth tokens (hubspot facts, section 4; third parties
/// observed it): "… does not have proper permissions! (requires any of [a, b])".
const SECOND_WORDING: &str = "does not have proper permissions";

/// The scopes in the brackets of the second wording, which also stand there without its first half.
fn in_brackets(message: &str) -> Vec<&str> {
    let after = ["requires any of [", "requires all of ["].iter().find_map(|words| message.split_once(words));
    let Some((inside, _)) = after.and_then(|(_, list)| list.split_once(']')) else { return Vec::new() };
    let is_scope = |name: &&str| {
        !name.is_empty() && name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    inside.split(',').map(str::trim).filter(is_scope).take(100).collect()
}

/// The scopes that HubSpot's answer asks for.
fn named<'f>(facts: &Facts<'f>) -> Vec<&'f str> {
    let Some(answer) = facts.answer() else { return Vec::new() };
    let listed: Vec<&str> = ["requiredGranularScopes", "missingScopes"].iter().flat_map(|name| answer.named(name)).collect();
    if !listed.is_empty() {
        return listed;
    }
    // The older list also has granular names, where an operation has no others.
    let older = answer.named("requiredScopes");
    if !older.is_empty() && older.iter().all(|name| *name != OLD && ScopeId::of(name).is_some()) {
        return older;
    }
    let second = in_brackets(&answer.message);
    if second.is_empty() { in_list(&answer.message) } else { second }
}

/// The scopes of a list that a text quotes without the rest of the answer.
fn in_list(message: &str) -> Vec<&str> {
    let after = [LIST, "requiredScopes"].iter().find_map(|name| message.split_once(name)).and_then(|(_, after)| after.split_once('['));
    let Some((inside, _)) = after.filter(|(before, _)| before.len() <= 6).and_then(|(_, list)| list.split_once(']')) else {
        return Vec::new();
    };
    inside.split(',').map(|name| name.trim().trim_matches(['"', '\'', '\\'])).filter(|name| ScopeId::of(name).is_some()).take(100).collect()
}

/// HubSpot's name for the list of scopes.
pub(in crate::doctor) const LIST: &str = "requiredGranularScopes";

/// The scope of contacts before there were granular ones. Answers name it where a granular scope is meant.
const OLD: &str = "contacts";

fn selectable(name: &str) -> bool {
    ScopeId::of(name).is_some() && NOT_SELECTABLE.iter().all(|(known, _)| *known != name)
}

/// Sets that are enough, fewest scopes first: those of the catalog where the operation is known, else those that HubSpot
/// names, each of which is enough.
fn enough(facts: &Facts<'_>) -> Vec<String> {
    let granted = facts.holder().and_then(|holder| holder.granted).unwrap_or(ScopeSet::EMPTY);
    let mut sets = facts.requirement.map(|requirement| requirement.alternatives()).unwrap_or_default();
    sets.retain(|set| set.iter().all(|scope| selectable(scope.name())));
    // The set that lacks the fewest scopes is the one to grant.
    let lacking = |set: &ScopeSet| {
        set.iter().filter(|scope| !granted.contains(*scope)).map(|scope| if scope.name().ends_with(".read") { 2 } else { 3 }).sum::<u32>()
    };
    let told = facts.scopes_in_words();
    let untold = |set: &ScopeSet| set.iter().filter(|scope| !told.contains(*scope)).count();
    sets.sort_by_key(|set| (lacking(set), untold(set)));
    if sets.is_empty() {
        // The second wording lists names from the configuration of apps, some of which no reference has.
        let known = |name: &&str| facts.says(SECOND_WORDING) || selectable(name);
        let names: Vec<String> = named(facts).into_iter().filter(known).map(str::to_owned).collect();
        return if facts.says(ALL) && !names.is_empty() { vec![names.join("+")] } else { names };
    }
    sets.iter().map(|set| set.names().join("+")).collect()
}

pub(super) fn missing(facts: &Facts<'_>) -> Option<Found> {
    let for_apps = facts.says("unscoped endpoint") && super::credentials::for_developers(facts);
    (!super::service::is_between(facts) && !for_apps).then_some(())?;
    let lacks = facts.holder().filter(|holder| holder.alive).and_then(|holder| holder.granted).zip(facts.requirement);
    let lacks = lacks.is_some_and(|(granted, requirement)| {
        !requirement.met_by(&granted) && matches!(requirement, Requirement::Scopes(_) | Requirement::Both(..))
    });
    if let Some(found) = told(facts) {
        return Some(found);
    }
    let scopes = enough(facts);
    ((refused(facts) && !scopes.is_empty()) || (lacks && facts.may_be(&[403]))).then_some(())?;
    let first = scopes.first().cloned().unwrap_or_default();
    let both = matches!(facts.requirement, Some(Requirement::Both(..)));
    let because = match facts.operation {
        Some(operation) if both => format!("{operation} touches two object types, and needs a scope of each"),
        Some(operation) if scopes.len() == 1 => format!("{operation} needs {}", first.replace('+', " and ")),
        Some(operation) => format!("HubSpot lists all scopes that open {operation} as required, and any one is enough"),
        None if facts.says(ALL) => "HubSpot lists scopes of which each is needed".to_owned(),
        None => "any one of the scopes that HubSpot lists is enough".to_owned(),
    };
    let app = facts.holder().and_then(|holder| holder.app.as_deref()).or_else(|| app_of_keyway(facts)).unwrap_or("APP");
    let adding = first.replace('+', ",");
    // Without the call, an older name in an answer may stand for a granular one.
    let is_older = facts.requirement.is_none() && scopes.iter().all(|name| !name.contains('.'));
    let certainty = if is_older { Certainty::Likely } else { Certainty::Certain };
    let mut found = Found::new(certainty, because)
        .enough(scopes)
        .so(format!("add {}. On Keyway: `keyway app update {} --add-scope {adding}`. For a service key or private app: on its page in HubSpot; the token stays the same", first.replace('+', " and "), quoted(app)))
        .so("for an OAuth app: authorize the account again, because a token keeps the scopes that it was issued with");
    if let Some((name, works)) = NOT_SELECTABLE.iter().find(|(name, _)| named(facts).contains(name)) {
        found = found.so(format!("{name} can't be chosen on HubSpot's pages, whatever the answer says; {works} is the one that works"));
    }
    found.so("if the call worked before: HubSpot silently drops scopes when the account's subscription becomes smaller")
}

/// A refusal without HubSpot's list, beside which a program's own sentence names the scope.
fn told(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(403) && facts.requirement.is_none() && named(facts).is_empty() && facts.says("scope")).then_some(())?;
    let told = facts.missing_in_words();
    let told: Vec<String> = told.iter().map(|scope| scope.name().to_owned()).filter(|name| selectable(name)).collect();
    (!told.is_empty() && told.len() <= TOLD_MAX).then_some(())?;
    let names = told.join(" or ");
    Found::likely(format!(
        "the text says that the call needs {names}; these are the program's words, and HubSpot's answer names the scope in errors[].context.requiredGranularScopes"
    ))
    .enough(told)
    .so(format!("add {names}. For a service key or private app: on its page in HubSpot; the token stays the same"))
    .so("for an OAuth app: authorize the account again, because a token keeps the scopes that it was issued with")
}

/// The id of the app that an answer of Keyway names: `Order sync (7)`.
fn app_of_keyway<'e>(facts: &Facts<'e>) -> Option<&'e str> {
    let named = facts.answer()?.named("app").into_iter().next()?;
    let (_, id) = named.strip_suffix(')')?.rsplit_once('(')?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

pub(super) fn not_selectable(facts: &Facts<'_>) -> Option<Found> {
    let names = named(facts);
    (refused(facts) && !facts.says(SECOND_WORDING) && !names.is_empty() && names.iter().all(|name| !selectable(name))).then_some(())?;
    let (name, works) = NOT_SELECTABLE.iter().find(|(known, _)| names.contains(known)).copied().unwrap_or((names.first().copied()?, ""));
    let found = Found::certain(format!("HubSpot asks for {name}, which its pages do not offer"));
    if works.is_empty() {
        return found
            .so("look in HubSpot's reference of the operation for another scope, and ask HubSpot's support with the correlation ID");
    }
    found.enough(vec![works.to_owned()]).so(format!("choose {works}, which opens the same"))
}

pub(super) fn misnamed(facts: &Facts<'_>) -> Option<Found> {
    let mut old = facts.answer()?.named("requiredScopes");
    // Node prints `[Array]` in place of a deeply nested value.
    old.retain(|name| !matches!(name.trim_matches(['[', ']']), "Array" | "Object"));
    (refused(facts) && !old.is_empty() && named(facts).is_empty() && facts.requirement.is_none()).then_some(())?;
    Found::likely(format!(
        "the answer names {}, a scope of the kind before granular ones; it is not what must be chosen, and can be the wrong one",
        old.join(", ")
    ))
    .so("give the call with its method and path, and the scopes are looked up in HubSpot's catalog")
    .so("call the dated version of the operation, whose answers name granular scopes")
}

pub(super) fn not_public(facts: &Facts<'_>) -> Option<Found> {
    (facts.says("isn't available for public use") || facts.says("not available for public use")).then_some(())?;
    Found::certain("HubSpot keeps this scope to itself: no app, key or token can be granted it")
        .so("look for another operation; `keyway scan` names the successor of the one in the code")
}

pub(super) fn none_exists(facts: &Facts<'_>) -> Option<Found> {
    // By the name of the refusal; older answers and logs of programs have the words alone.
    let said = *facts.refusals() == [Refusal::NoScopeExists] || facts.says("publishes no scope that opens");
    let known = matches!(facts.requirement, Some(Requirement::Nothing)) && facts.status() == Some(403);
    (said || known).then_some(())?;
    Found::certain(format!("{}: HubSpot's reference lists no scope for it, so no app can be granted it", facts.named()))
        .so("look for an operation of the same family that lists scopes, on the newest version")
}

/// A name, quoted so that a shell reads it as one word.
fn quoted(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// The most scopes of a sentence that are taken for those that a call needs.
const TOLD_MAX: usize = 4;

/// The scope of the one object that the line with the status names, beside the word for what was done with it:
/// `403 creating a contact`, `createContact (403)`.
fn guessed(facts: &Facts<'_>) -> Vec<String> {
    const OBJECTS: [(&str, &str); 8] = [
        ("contact", "contacts"),
        ("compan", "companies"),
        ("deal", "deals"),
        ("ticket", "tickets"),
        ("line item", "line_items"),
        ("lineitem", "line_items"),
        ("quote", "quotes"),
        ("owner", "owners"),
    ];
    const WRITING: [&str; 10] = ["creat", "updat", "upsert", "writ", "delet", "patch", "post ", "erstell", "criar", "actualiz"];
    const READING: [&str; 8] = ["fetch", "list", "read", "get", "search", "load", "find", "query"];
    let Some(status) = facts.status().map(|status| status.to_string()) else { return Vec::new() };
    let Some(line) = facts.answer().and_then(|answer| answer.message.lines().find(|line| line.contains(&status))) else {
        return Vec::new();
    };
    let line = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    let schema = line.contains("propert") || line.contains("schema");
    let verb = match (has(&WRITING), has(&READING)) {
        (true, _) => "write",
        (false, true) => "read",
        _ => return Vec::new(),
    };
    let objects: Vec<&str> = OBJECTS.iter().filter(|(word, _)| line.contains(word)).map(|(_, object)| *object).collect();
    let names: Vec<String> = match (objects.as_slice(), schema) {
        ([], true) => ["contacts", "companies", "deals"].iter().map(|object| format!("crm.schemas.{object}.{verb}")).collect(),
        ([object], true) => vec![format!("crm.schemas.{object}.{verb}")],
        ([object], false) => vec![format!("crm.objects.{object}.{verb}")],
        _ => Vec::new(),
    };
    names.into_iter().filter(|name| ScopeId::of(name).is_some()).collect()
}

/// A 403 whose text names no reason.
pub(super) fn unnamed(facts: &Facts<'_>) -> Option<Found> {
    // What no credential opens is not refused for a scope.
    (!super::credentials::is_open(facts)).then_some(())?;
    let in_words = facts.status().is_none() && facts.says("not have permissions to access the url");
    let named_none = (refused(facts) || in_words) && facts.may_be(&[403]);
    // Many services have scopes.
    (!facts.says("missing scopes") || facts.is_about_hubspot() || facts.is_category("MISSING_SCOPES")).then_some(())?;
    ((facts.status() == Some(403) || named_none) && !super::service::is_between(facts)).then_some(())?;
    let scopes = if facts.requirement.is_some() { enough(facts) } else { guessed(facts) };
    let words = match (facts.requirement, scopes.as_slice()) {
        (None, [_, ..]) => format!("; by its words the call needs {}", scopes.join(" or ")),
        _ => String::new(),
    };
    let found = Found::likely(format!(
        "{} was refused: as a rule the credential lacks a scope, or the person or subscription behind it a permission{words}",
        facts.named()
    ));
    let found = found.enough(scopes).so("paste the answer's body: HubSpot names the scopes in errors[].context.requiredGranularScopes");
    found.so("paste the call with its method and path: the scopes are then taken from HubSpot's catalog")
}
