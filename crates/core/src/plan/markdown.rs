//! A plan as Markdown, to hand on or to put into an issue.

use std::fmt::Write;

use super::{Plan, Who};
use crate::shown::{Cell, Code};

/// Writes it.
pub fn markdown(plan: &Plan) -> String {
    let mut text = format!("# Plan of {}\n", plan.today);
    let line = |text: &mut String, line: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
    };
    for app in &plan.apps {
        line(&mut text, format!("\n## {}\n", escaped(&app.name)));
        line(&mut text, format!("Credential: **{}**, since {}.", app.credential, escaped(&app.credential_because)));
        if let Some(owner) = &app.owner {
            line(&mut text, format!("Owner: {}.", escaped(owner)));
        }
        if !app.scopes.is_empty() {
            line(&mut text, "\n| scope | needed by |\n| --- | --- |".to_owned());
            app.scopes.iter().for_each(|reason| {
                line(
                    &mut text,
                    format!(
                        "| `{}` | {} |",
                        reason.scope,
                        reason.because.iter().map(|one| format!("`{}`", Code(one))).collect::<Vec<_>>().join("<br>")
                    ),
                )
            });
        }
        if !app.least {
            line(&mut text, "\nA smaller set may be enough: the search was cut short.".to_owned());
        }
        line(&mut text, "\n| operation | where | moves to | ends |\n| --- | --- | --- | --- |".to_owned());
        for one in &app.operations {
            let difference = one.difference.map(|difference| format!(" (differs: {})", escaped(difference))).unwrap_or_default();
            line(
                &mut text,
                format!(
                    "| `{}` | {} | {}{difference} | {} |",
                    Code(&one.operation),
                    escaped(&one.places.join(", ")),
                    one.successor.as_deref().map_or("-".into(), |path| format!("`{}`", Code(path))),
                    one.ends.unwrap_or("-")
                ),
            );
        }
        app.unknown.iter().for_each(|unknown| line(&mut text, format!("- not known: {}", escaped(unknown))));
    }
    if !plan.ends.is_empty() {
        line(&mut text, "\n## What ends when\n\n| date | what | effect | apps |\n| --- | --- | --- | --- |".to_owned());
        for end in &plan.ends {
            let date = if end.certainty == "published" { end.date.to_owned() } else { format!("{} ({})", end.date, end.certainty) };
            line(&mut text, format!("| {date} | {} | {} | {} |", end.what, end.effect, escaped(&end.apps.join(", "))));
        }
    }
    line(&mut text, "\n## Steps\n\nThose in bold only a person can do: HubSpot has no API for them.\n".to_owned());
    for step in &plan.steps {
        let what = escaped(&step.what);
        let what = if step.who == Who::Person { format!("**{what}**") } else { what.to_string() };
        let command = step.command.as_ref().map(|command| format!(": `{}`", Code(command))).unwrap_or_default();
        line(&mut text, format!("{}. {what}{command}", step.number));
    }
    text
}

/// Names of folders and apps are anyone's: none may end a cell or begin a tag.
const fn escaped(text: &str) -> Cell<'_> {
    Cell(text)
}
