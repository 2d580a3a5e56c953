//! The plan as a document: its content and order, for every format.
//!
//! In a text, backticks enclose code. Each format escapes text and code in its own way.

use super::{End, Leak, Placed, Plan, PlannedApp, Step, need, steps, summary};

/// A part of the document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading; level 2 begins a page.
    Heading(u8, String),
    /// A paragraph.
    Text(String),
    /// A list of points.
    List(Vec<String>),
    /// Numbered steps: the step, who does it, and the commands.
    Steps(Vec<(String, &'static str, Option<String>)>),
    /// A table.
    Table(Vec<&'static str>, Vec<Vec<String>>),
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Span<'a> {
    Text(&'a str),
    Code(&'a str),
}

/// Splits a text at its backticks. A backtick without a partner is text.
pub(super) fn spans(text: &str) -> Vec<Span<'_>> {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return vec![Span::Text(text)];
    }
    let span = |(at, part)| if at % 2 == 0 { Span::Text(part) } else { Span::Code(part) };
    parts.into_iter().enumerate().map(span).filter(|span| !matches!(span, Span::Text("") | Span::Code(""))).collect()
}

/// Its title.
pub(super) fn title(plan: &Plan) -> String {
    format!("HubSpot migration plan, {}", plan.today)
}

/// The whole document, below its title.
pub(super) fn blocks(plan: &Plan) -> Vec<Block> {
    let mut blocks = Vec::new();
    if plan.apps.is_empty() && plan.loose.is_empty() {
        blocks.push(Block::Text("No integration that calls HubSpot was found, and no credential. There is nothing to plan.".to_owned()));
        unread(plan, &mut blocks);
    } else {
        first_page(plan, &mut blocks);
        once("Before the first integration", plan, false, &mut blocks);
        plan.apps.iter().for_each(|app| page(app, &plan.ends, &mut blocks));
        once("After the last integration", plan, true, &mut blocks);
    }
    loose(plan, &mut blocks);
    ignored(plan, &mut blocks);
    blocks
}

fn first_page(plan: &Plan, blocks: &mut Vec<Block>) {
    let summary = &plan.summary;
    blocks.push(Block::Heading(3, "Summary".to_owned()));
    let calls = match summary.integrations {
        0 => "No integration calls HubSpot in these files.".to_owned(),
        1 => format!("1 integration calls HubSpot, at {}.", counted(summary.calls, "place in the code", "places in the code")),
        many => format!("{many} integrations call HubSpot, at {}.", counted(summary.calls, "place in the code", "places in the code")),
    };
    let urgent = match summary.urgent {
        0 => "No date is",
        1 => "1 date is",
        many => &format!("{many} dates are"),
    };
    let credentials = match summary.credentials {
        0 => "No credential is",
        1 => "1 credential is",
        many => &format!("{many} credentials are"),
    };
    let read = if plan.unread.is_empty() { "" } else { " in the files that were read" };
    let work = if summary.integrations == 0 {
        String::new()
    } else {
        let by_hand = match summary.work.by_hand {
            0 => "nothing is left".to_owned(),
            1 => "1 thing is left".to_owned(),
            many => format!("{many} things are left"),
        };
        format!(
            " The work is about {} to {} hours: `keyway fix` changes {}, and {by_hand} to do by hand in the code.",
            summary.work.hours_least,
            summary.work.hours_most,
            counted(summary.work.by_fix, "place", "places"),
        )
    };
    blocks.push(Block::Text(format!(
        "{calls} {urgent} urgent (ended, or ending within six months). {credentials} in plain text{read}.{work}"
    )));
    unread(plan, blocks);
    if !plan.apps.is_empty() {
        let rows = plan.apps.iter().map(|app| row(app, &plan.ends)).collect();
        blocks.push(Block::Table(vec!["Integration", "Folder", "Credential", "Calls", "First end", "Hours"], rows));
        blocks.push(Block::Text(summary::ESTIMATE.to_owned()));
    }
    if !plan.ends.is_empty() {
        blocks.push(Block::Heading(3, "What ends when".to_owned()));
        let rows = plan
            .ends
            .iter()
            .map(|end| vec![end.shown_date(), urgency(end).to_owned(), end.what.to_string(), end.effect.to_string(), end.apps.join(", ")]);
        blocks.push(Block::Table(vec!["Date", "Urgency", "What ends", "Effect", "Integrations"], rows.collect()));
    }
    if !summary.risks.is_empty() {
        blocks.push(Block::Heading(3, "Risks".to_owned()));
        blocks.push(Block::List(summary.risks.clone()));
    }
}

fn urgency(end: &End) -> &'static str {
    match &*end.when {
        "past" => "has ended",
        "soon" => "within six months",
        _ => "later",
    }
}

fn row(app: &PlannedApp, ends: &[End]) -> Vec<String> {
    let first = ends.iter().find(|end| end.apps.contains(&app.name)).map_or("-".to_owned(), |end| match &*end.when {
        "past" => format!("{} (ended)", end.date),
        _ => end.shown_date(),
    });
    vec![
        app.name.clone(),
        app.folder.as_deref().map_or("-".to_owned(), |folder| format!("`{folder}`")),
        app.credential.to_string(),
        app.operations.iter().map(|one| one.places.len()).sum::<usize>().to_string(),
        first,
        format!("{} to {}", app.work.hours_least, app.work.hours_most),
    ]
}

fn once(heading: &str, plan: &Plan, last: bool, blocks: &mut Vec<Block>) {
    let own: Vec<&Step> = plan.steps.iter().filter(|step| step.last == last).collect();
    if !own.is_empty() {
        blocks.push(Block::Heading(2, heading.to_owned()));
        blocks.push(Block::Steps(own.into_iter().map(step).collect()));
    }
}

fn step(step: &Step) -> (String, &'static str, Option<String>) {
    (step.what.clone(), step.who.words(), step.command.clone())
}

/// The page of one integration.
fn page(app: &PlannedApp, ends: &[End], blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, app.name.clone()));
    let mut facts = Vec::new();
    if let Some(folder) = &app.folder {
        let deployed = app.deployed.as_ref().map(|by| format!(", deployed by {by}")).unwrap_or_default();
        let folder = if folder == "." { "the top folder of the repository".to_owned() } else { format!("`{folder}`") };
        facts.push(format!("Code: {folder}{deployed}"));
    }
    if !app.copies.is_empty() {
        facts.push(format!("The same files are in {}; delete the copies or name them in keyway.toml", code_list(&app.copies)));
    }
    if app.built_only {
        facts.push("Only build output was found here. The source is elsewhere".to_owned());
    }
    facts.push(format!("Owner: {}", app.owner.as_deref().unwrap_or("to be found (step 1)")));
    facts.push(format!("Credential: {}, because {}", app.credential, app.credential_because));
    facts.push(format!(
        "Work: {} to {} hours; `keyway fix` changes {}, {} by hand",
        app.work.hours_least,
        app.work.hours_most,
        counted(app.work.by_fix, "place", "places"),
        counted(app.work.by_hand, "thing", "things")
    ));
    if app.writes_records {
        facts.push("It creates or changes CRM records: from 2026-09 on HubSpot enforces the account's rules for these, and answers 400 where a record breaks one".to_owned());
    }
    blocks.push(Block::List(facts));
    scopes(app, blocks);
    calls(app, ends, blocks);
    if !app.leaks.is_empty() {
        blocks.push(Block::Heading(3, "Credentials in its files".to_owned()));
        blocks.push(Block::List(app.leaks.iter().map(leak).collect()));
    }
    fix(app, blocks);
    blocks.push(Block::Heading(3, "Steps".to_owned()));
    blocks.push(Block::Steps(app.steps.iter().map(step).collect()));
}

/// The most operations that are named beside one scope.
const BECAUSE_SHOWN: usize = 3;

fn scopes(app: &PlannedApp, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(3, "Scopes".to_owned()));
    if app.scopes.is_empty() {
        let why =
            if app.unknown.is_empty() && app.clues.is_empty() { "None: no call needs one." } else { "None that is known; see the steps." };
        return blocks.push(Block::Text(why.to_owned()));
    }
    let rows = app.scopes.iter().map(|reason| {
        let more = reason.because.len().saturating_sub(BECAUSE_SHOWN);
        let mut because = code_list(&reason.because[..reason.because.len().min(BECAUSE_SHOWN)])
            .replace("`asked for in keyway.toml`", "asked for in keyway.toml");
        if more > 0 {
            because.push_str(&format!(" and {more} more"));
        }
        vec![
            format!("`{}`", reason.scope),
            because,
            if reason.scope.ends_with(".read") { "reads" } else { opens(reason.writes, reason.reads) }.to_owned(),
        ]
    });
    blocks.push(Block::Table(vec!["Scope", "Needed by", "Access"], rows.collect()));
}

fn opens(writes: u32, reads: u32) -> &'static str {
    match (writes, reads) {
        (0, 0) => "-",
        (0, _) => "reads",
        (_, 0) => "writes",
        _ => "reads and writes",
    }
}

fn calls(app: &PlannedApp, ends: &[End], blocks: &mut Vec<Block>) {
    if !app.operations.is_empty() {
        blocks.push(Block::Heading(3, "Calls".to_owned()));
        let rows = app.operations.iter().map(|one| {
            let to = match &one.successor {
                Some(to) if one.beta => format!("`{to}` (beta)"),
                Some(to) => format!("`{to}`"),
                None if one.operation.contains("/20") || need::is_introspection(&one.operation) => "stays".to_owned(),
                None if one.ends.is_none() => "not known".to_owned(),
                None => "no successor".to_owned(),
            };
            let by = match (one.moves_by_itself(), one.by_client) {
                _ if one.successor.is_none() => "-",
                (true, _) => "keyway fix",
                (_, true) => "a newer client",
                _ => "by hand",
            };
            vec![
                format!("`{}`", one.operation),
                one.class.clone().unwrap_or_else(|| "-".to_owned()),
                short_places(&one.places),
                to,
                by.to_owned(),
                one.ends.as_deref().map_or_else(|| "-".to_owned(), |date| short_end(date, ends)),
            ]
        });
        blocks.push(Block::Table(vec!["Call", "Class", "Where", "Moves to", "Moved by", "Ends"], rows.collect()));
    }
    if !app.clues.is_empty() {
        blocks.push(Block::Heading(3, "Found without its calls".to_owned()));
        blocks.push(Block::List(app.clues.iter().map(|clue| format!("{}{}", clue.what, steps::places(&clue.places))).collect()));
    }
}

/// The end date of a call for a cell: the month where HubSpot gives no day.
fn short_end(date: &str, ends: &[End]) -> String {
    match ends.iter().find(|end| end.date == date) {
        Some(end) if end.when == "past" => format!("{date} (ended)"),
        Some(end) if end.certainty == "month only" => date.get(..7).unwrap_or(date).to_owned(),
        _ => date.to_owned(),
    }
}

/// The places of a call for a cell.
fn short_places(places: &[String]) -> String {
    match places {
        [] => "-".to_owned(),
        [one] => format!("`{one}`"),
        [one, rest @ ..] => format!("`{one}` and {} more", rest.len()),
    }
}

fn fix(app: &PlannedApp, blocks: &mut Vec<Block>) {
    let Some(changes) = &app.fix_changes else { return };
    blocks.push(Block::Heading(3, "What keyway fix does".to_owned()));
    let line = |placed: &Placed| format!("{}{}", placed.what, steps::places(&placed.places));
    if changes.is_empty() {
        blocks.push(Block::Text("It changes nothing here.".to_owned()));
    } else {
        blocks.push(Block::List(changes.iter().map(line).collect()));
    }
    if !app.fix_leaves.is_empty() {
        blocks.push(Block::Text("It leaves these to a person:".to_owned()));
        blocks.push(Block::List(app.fix_leaves.iter().map(line).collect()));
    }
}

fn leak(leak: &Leak) -> String {
    let history = if leak.in_history { ", in git's history too" } else { "" };
    format!("{} `{}` at `{}`{history}", leak.kind.replace('_', " "), leak.masked, leak.place)
}

fn loose(plan: &Plan, blocks: &mut Vec<Block>) {
    if plan.loose.is_empty() {
        return;
    }
    blocks.push(Block::Heading(2, "Loose credentials".to_owned()));
    blocks.push(Block::Text("The scan found no integration for these credentials. Rotate or delete each of them.".to_owned()));
    let rows = plan.loose.iter().map(|loose| {
        let place = format!("`{}`{}", loose.leak.place, if loose.leak.in_history { ", in git's history too" } else { "" });
        vec![loose.leak.kind.replace('_', " "), format!("`{}`", loose.leak.masked), place, loose.because.clone().into_owned()]
    });
    blocks.push(Block::Table(vec!["Kind", "Credential", "Where", "Why it is in no integration"], rows.collect()));
}

/// The most ignored files that are named for one reason.
const IGNORED_SHOWN: usize = 8;

fn ignored(plan: &Plan, blocks: &mut Vec<Block>) {
    if plan.ignored.is_empty() {
        return;
    }
    blocks.push(Block::Heading(2, "Evidence that was left out".to_owned()));
    blocks.push(Block::Text(
        "These files name HubSpot calls but do not belong to an integration. The plan takes no scopes from them.".to_owned(),
    ));
    let mut reasons: Vec<_> = plan.ignored.iter().map(|one| one.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let rows = reasons.into_iter().map(|reason| {
        let files: Vec<&super::Ignored> = plan.ignored.iter().filter(|one| one.reason == reason).collect();
        let mut names = files.iter().take(IGNORED_SHOWN).map(|one| format!("`{}`", one.path)).collect::<Vec<_>>().join(", ");
        if files.len() > IGNORED_SHOWN {
            names.push_str(&format!(" and {} more", files.len() - IGNORED_SHOWN));
        }
        vec![reason.words().to_owned(), names, files.iter().map(|one| one.calls).sum::<usize>().to_string()]
    });
    blocks.push(Block::Table(vec!["Why", "Files", "Calls named"], rows.collect()));
}

/// The files that were not read, by their reason.
fn unread(plan: &Plan, blocks: &mut Vec<Block>) {
    let mut reasons: Vec<&str> = plan.unread.iter().map(|one| one.because.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let files: Vec<String> = plan.unread.iter().filter(|one| one.because == reason).map(|one| format!("`{}`", one.path)).collect();
        let mut names = files.iter().take(IGNORED_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        if files.len() > IGNORED_SHOWN {
            names.push_str(&format!(" and {} more", files.len() - IGNORED_SHOWN));
        }
        blocks.push(Block::Text(format!("Left out, not read: {names} ({reason}).")));
    }
}

fn code_list(all: &[String]) -> String {
    all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
