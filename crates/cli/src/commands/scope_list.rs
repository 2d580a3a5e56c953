//! `keyway scopes`: lists the scopes that an app can have. It needs no server: the catalog is part of the
//! program.

use keyway_core::scope::names::{OLD, meant_by, successors};
use keyway_core::scope::presets::{self, Preset};
use keyway_core::scope::{all_names, in_plain_words};
use keyway_gateway::admin::operations_of;
use serde_json::{Value, json};

use super::{note, show, table};
use crate::args::scopes::Scopes;
use crate::exit::Exit;
use crate::near::nearest;
use crate::output::is_json;

/// Operations that a person is shown of one scope; --json has all.
const OPERATIONS_SHOWN_MAX: usize = 25;

/// Exits 1 when nothing fits.
pub fn run(wanted: &Scopes) -> anyhow::Result<Exit> {
    let words: Vec<String> = wanted.words.iter().map(|word| word.to_lowercase()).collect();
    match &words[..] {
        [one] if all_names().contains(&one.as_str()) => scope(one),
        [one] if presets::named(one).is_some() => {
            let found: Vec<&Preset> = presets::named(one).into_iter().collect();
            listed(&[], &found)
        }
        words => {
            let scopes: Vec<&str> = all_names().iter().copied().filter(|name| *name != "oauth" && fits(name, words)).collect();
            let presets: Vec<&Preset> = presets::ALL.iter().filter(|preset| words.is_empty() || of_preset(preset, words)).collect();
            if scopes.is_empty() && presets.is_empty() {
                return none(&wanted.words.join(" "));
            }
            listed(&scopes, &presets)
        }
    }
}

/// Whether the name or the meaning of a scope has all words.
fn fits(name: &str, words: &[String]) -> bool {
    let meaning = in_plain_words(name).to_lowercase();
    words.iter().all(|word| name.to_lowercase().contains(word) || meaning.contains(word))
}

fn of_preset(preset: &Preset, words: &[String]) -> bool {
    let text = format!("{} {} {}", preset.key, preset.name, preset.purpose).to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// Nothing fits: what may have been meant.
fn none(typed: &str) -> anyhow::Result<Exit> {
    let mut meant = meant_by(typed);
    if meant.is_empty() {
        meant = nearest(typed, all_names().iter().copied());
    }
    show(&json!({ "version": 1, "scopes": [], "presets": [], "meant": meant }), |_| match &meant[..] {
        [] => format!("no scope fits {}", keyway_core::shown::line(typed)),
        meant => format!("no scope fits {}; did you mean {}?", keyway_core::shown::line(typed), meant.join(" or ")),
    })?;
    Ok(Exit::Negative)
}

/// Scopes in plain words, and presets.
fn listed(scopes: &[&str], presets: &[&Preset]) -> anyhow::Result<Exit> {
    let of_scope = |name: &&str| json!({ "name": name, "words": in_plain_words(name), "inPlaceOfIt": successors(name) });
    let of_preset =
        |preset: &&Preset| json!({ "key": preset.key, "name": preset.name, "purpose": preset.purpose, "scopes": preset.scopes });
    let answer = json!({
        "version": 1, "scopes": scopes.iter().map(of_scope).collect::<Vec<_>>(), "presets": presets.iter().map(of_preset).collect::<Vec<_>>(),
    });
    show(&answer, |_| text(scopes, presets))?;
    if !is_json() && scopes.len() > 1 {
        note("\nkeyway scopes WORD finds scopes by word; keyway scopes NAME shows what one opens");
    }
    Ok(Exit::Fine)
}

fn text(scopes: &[&str], presets: &[&Preset]) -> String {
    let mut parts = Vec::new();
    if !scopes.is_empty() {
        let rows: Vec<Vec<String>> = scopes.iter().map(|name| vec![(*name).to_owned(), meaning(name)]).collect();
        parts.push(table(&["SCOPE", "ALLOWS TO"], &rows));
    }
    if let [one] = presets
        && scopes.is_empty()
    {
        parts.push(format!("{} ({}): {}\n\n  {}", one.key, one.name, one.purpose, one.scopes.join("\n  ")));
    } else if !presets.is_empty() {
        let rows: Vec<Vec<String>> =
            presets.iter().map(|preset| vec![preset.key.to_owned(), preset.purpose.to_owned(), preset.scopes.len().to_string()]).collect();
        parts.push(table(&["PRESET", "FOR", "SCOPES"], &rows));
    }
    parts.join("\n\n")
}

/// What a scope allows; of an old one, that others took its place.
fn meaning(name: &str) -> String {
    let words = in_plain_words(name);
    if successors(name).is_empty() { words } else { format!("{words}, and more (old: see keyway scopes {name})") }
}

/// One scope with what it opens.
fn scope(name: &str) -> anyhow::Result<Exit> {
    let mut operations = operations_of(name);
    // HubSpot's dated versions take the place of numbered ones; the plainest operations have the shortest paths.
    let rank = |version: &str| (version.ends_with("beta"), version.starts_with('v'));
    operations.sort_by(|(one, a), (other, b)| rank(one).cmp(&rank(other)).then(other.cmp(one)).then(a.len().cmp(&b.len())).then(a.cmp(b)));
    let presets: Vec<&str> = presets::ALL.iter().filter(|preset| preset.scopes.contains(&name)).map(|preset| preset.key).collect();
    let old: Vec<&str> = OLD.iter().filter(|(_, new)| new.contains(&name)).map(|(old, _)| *old).collect();
    let listed: Vec<Value> = operations.iter().map(|(version, operation)| json!({ "version": version, "operation": operation })).collect();
    let answer = json!({
        "version": 1, "name": name, "words": in_plain_words(name), "inPlaceOfIt": successors(name), "oldNames": old, "presets": presets,
        "operations": listed,
    });
    show(&answer, |_| {
        let line = |what: &str, values: &[&str]| {
            if values.is_empty() { String::new() } else { format!("\n  {what:<14}{}", values.join("\n                ")) }
        };
        let shown: Vec<String> = operations.iter().take(OPERATIONS_SHOWN_MAX).map(|(_, operation)| format!("  {operation}")).collect();
        let more = operations.len().saturating_sub(OPERATIONS_SHOWN_MAX);
        let more = if more == 0 { String::new() } else { format!("\n  and {more} more (--json has all)") };
        format!(
            "{name}\n  {:<14}{}{}{}{}\n\nOpens {}:\n{}{more}",
            "allows to",
            in_plain_words(name),
            line("take instead", successors(name)),
            line("old name", &old),
            line("in presets", &presets),
            super::counted(operations.len() as u64, "operation"),
            shown.join("\n"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_in_names_and_meanings() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(fits("crm.objects.deals.read", &words("deals read")));
        assert!(fits("crm.schemas.deals.write", &words("fields deals")));
        assert!(!fits("crm.objects.deals.read", &words("deals write")));
        assert!(of_preset(&presets::ALL[3], &words("tickets")), "{:?}", presets::ALL[3]);
    }
}
