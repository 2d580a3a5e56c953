//! Asks the person before a command deletes something or changes much.

use std::io::{BufRead, IsTerminal, Read};

use anyhow::{Context, bail};
use keyway_core::shown;

use super::say;
use crate::args::consent::Consent;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// What a command is about to delete.
pub struct Deletion {
    /// As the sentence names it, such as `the app "Order sync"`.
    pub what: String,
    /// What a person types to confirm, such as the app's name.
    pub name: String,
    /// What is deleted with it, and what remains; a line each.
    pub goes: Vec<String>,
}

/// Continues if `--yes` was given. Otherwise shows what would be deleted: on a terminal a person types the
/// name, in a script the command is refused. Calls `found` for the list only if somebody reads it.
///
/// # Errors
/// Nobody confirmed, or `found` failed; nothing may be deleted.
pub async fn deletion(consent: Consent, found: impl AsyncFnOnce() -> anyhow::Result<Deletion>) -> anyhow::Result<()> {
    ask(("delete", "deletes", "deleted"), consent, found).await
}

/// The same before a token is revoked.
///
/// # Errors
/// Nobody confirmed, or `found` failed; nothing may be revoked.
pub async fn revocation(consent: Consent, found: impl AsyncFnOnce() -> anyhow::Result<Deletion>) -> anyhow::Result<()> {
    ask(("revoke", "revokes", "revoked"), consent, found).await
}

async fn ask(
    (verb, does, done): (&str, &str, &str),
    consent: Consent,
    found: impl AsyncFnOnce() -> anyhow::Result<Deletion>,
) -> anyhow::Result<()> {
    if consent.yes {
        return Ok(());
    }
    let Deletion { what, name, goes } = found().await?;
    let goes: String = goes.iter().map(|line| format!("\n  {}", shown::line(line))).collect();
    let (what, name) = (shown::line(&what), shown::line(&name));
    if !somebody_answers() {
        bail!("this {does} {what}:{goes}\nNobody can confirm it here, so nothing was {done}. To {verb} without a question, add --yes");
    }
    say(&format!("This {does} {what}:{goes}\n\nType {name} to {verb}, or anything else to stop:"));
    if answer().with_context(|| format!("nothing was {done}"))?.trim() != name.trim() {
        bail!("the answer is not {name}, so nothing was {done}");
    }
    Ok(())
}

/// Continues if `--yes` was given. Otherwise a person on a terminal, who has seen the plan, types a word; in a
/// script the command is refused. Returns whether a person was asked, and so whether time has passed.
///
/// # Errors
/// Nobody confirmed; nothing may be changed.
pub fn changes(consent: Consent, deleted: Option<&str>) -> anyhow::Result<bool> {
    if consent.yes {
        return Ok(false);
    }
    if !somebody_answers() {
        bail!(
            "nobody can confirm the plan here, so nothing was changed. To go on without a question, add --yes; to see the plan alone, add --dry-run"
        );
    }
    // A person who deletes types what is deleted.
    let wanted = deleted.map_or_else(|| "yes".to_owned(), |deleted| format!("delete {deleted}"));
    say(&format!("\nType {wanted} to go on, or anything else to stop:"));
    if answer().context("nothing was changed")?.trim() != wanted {
        bail!("the answer is not {wanted}, so nothing was changed");
    }
    Ok(true)
}

/// Whether a person is at the terminal, who can read a question and answer it.
pub(super) fn somebody_answers() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The line that they typed, with its end; empty at the end of input.
pub(super) fn answer() -> anyhow::Result<String> {
    let mut answer = String::new();
    std::io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer).context("the answer can't be read")?;
    Ok(answer)
}
