//! A plan for a terminal.

use keyway_core::plan::{Plan, PlannedApp, Who};

use crate::commands::table;

/// Places of an operation that are shown; the JSON has all.
const PLACES_SHOWN: usize = 3;

pub(super) fn write(plan: &Plan) -> String {
    if plan.apps.is_empty() {
        return "nothing was found that calls HubSpot, and no credential: there is nothing to plan".to_owned();
    }
    let mut parts: Vec<String> = plan.apps.iter().map(app).collect();
    if !plan.ends.is_empty() {
        let rows: Vec<Vec<String>> = plan
            .ends
            .iter()
            .map(|end| vec![end.date.to_owned(), end.what.to_owned(), end.effect.to_owned(), end.certainty.to_owned(), end.apps.join(", ")])
            .collect();
        parts.push(table(&["ENDS", "WHAT", "EFFECT", "CERTAINTY", "APPS"], &rows));
    }
    let steps: Vec<String> = plan
        .steps
        .iter()
        .map(|step| {
            let who = match step.who {
                Who::Person => "person   ",
                Who::Developer => "developer",
                Who::Command => "command  ",
            };
            let command = step.command.as_ref().map(|command| format!("\n                 {command}")).unwrap_or_default();
            format!("{:>3}  {who}  {}{command}", step.number, step.what)
        })
        .collect();
    parts.push(format!("STEPS\n{}", steps.join("\n")));
    parts.join("\n\n")
}

fn app(app: &PlannedApp) -> String {
    let mut lines = vec![app.name.clone(), format!("  credential   {} ({})", app.credential, app.credential_because)];
    lines.extend(app.owner.iter().map(|owner| format!("  owner        {owner}")));
    for (at, reason) in app.scopes.iter().enumerate() {
        lines.push(format!("  {:<11}  {:<36} {}", if at == 0 { "scopes" } else { "" }, reason.scope, reason.because.join(", ")));
    }
    if !app.least {
        lines.push("               a smaller set may be enough: the search was cut short".to_owned());
    }
    for (at, one) in app.operations.iter().enumerate() {
        let more = one.places.len().saturating_sub(PLACES_SHOWN);
        let mut places = one.places.iter().take(PLACES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if more > 0 {
            places.push_str(&format!(" and {more} more"));
        }
        lines.push(format!("  {:<11}  {} ({places})", if at == 0 { "calls" } else { "" }, one.operation));
        match (&one.successor, one.difference) {
            (Some(successor), Some(difference)) => lines.push(format!("                 moves to {successor}; differs: {difference}")),
            (Some(successor), None) => lines.push(format!("                 moves to {successor}")),
            (None, _) => {}
        }
    }
    lines.extend(app.unknown.iter().map(|unknown| format!("  not known    {unknown}")));
    lines.extend(app.leaks.iter().map(|leak| format!("  credential   {} {} in plain text at {}", leak.kind, leak.masked, leak.place)));
    lines.join("\n")
}
