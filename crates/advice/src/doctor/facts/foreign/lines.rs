//! Whose a single line is.

use super::marks::{ANSWERING, FOREIGN_ALWAYS, LOADERS, OF_A_STATUS, OF_ANY_PROGRAM, OF_CODE, SYSTEMS};
use super::own::OUR_APIS;
use super::services::OTHERS;
use crate::doctor::hosts;

/// Whether the line of an error names who failed, and it is not HubSpot: a loader, another program or service, or a program's
/// own code.
pub(in crate::doctor::facts) fn is_of_a_program(line: &str) -> bool {
    let ours = line.contains("hubspot") && !line.contains("hubspot-to-") || line.contains("hubapi") || line.contains("hsforms");
    let line = line.trim_start();
    let words = || line.split(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_')));
    let in_code = || words().any(|word| OF_CODE.contains(&word.rsplit('.').next().unwrap_or(word)));
    names_a_loader(line)
        || names_a_system(line)
        || hosts::is_of_another(line)
        || FOREIGN_ALWAYS.iter().any(|mark| line.contains(mark))
        || !ours && (in_code() || OTHERS.iter().any(|name| line.contains(name)))
}

/// Whether a line names the part of a pipeline that writes what was read elsewhere.
pub(super) fn names_a_loader(line: &str) -> bool {
    LOADERS.iter().any(|mark| line.contains(mark))
}

/// Whether a line names a database, a queue or a mail server.
pub(in crate::doctor::facts) fn names_a_system(line: &str) -> bool {
    SYSTEMS.iter().any(|system| line.contains(system))
}

/// Whether a line names an API by a name that HubSpot's APIs do not have: `Acme API request failed`, `l'API Acme`.
pub(super) fn names_another_api(line: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric();
    let named_after = line.match_indices("api ").any(|(at, api)| {
        let before = line[..at].trim_end();
        let article =
            ["l'", " la", " da", " dell'", " dall'", " della", " dalla", " del", " de la"].iter().any(|word| before.ends_with(word));
        let small = ["de", "du", "di", "do", "da", "des", "del", "rest", "key", "http"];
        let name = line[at + api.len()..]
            .split(|letter: char| !is_letter(letter))
            .find(|word| !word.is_empty() && !small.contains(word))
            .unwrap_or_default();
        article
            && name.len() > 2
            && name != "hubspot"
            && !OUR_APIS.contains(&name)
            && !OF_ANY_PROGRAM.contains(&name)
            && !OF_A_STATUS.contains(&name)
    });
    named_after
        || line.match_indices(" api ").any(|(at, _)| {
            // `HubSpot Timeline API`
            let words: Vec<&str> = line[..at].rsplit(|letter: char| !is_letter(letter)).filter(|word| !word.is_empty()).take(3).collect();
            let joins = ["to", "into", "from", "and", "vers", "nach", "para", "in", "via", "with"];
            if words
                .iter()
                .position(|word| word.starts_with("hubspot"))
                .is_some_and(|at| !words[..at].iter().any(|word| joins.contains(word)))
            {
                return false;
            }
            let name = line[..at].rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
            let is_ours = OUR_APIS.contains(&name) || OF_ANY_PROGRAM.contains(&name) || OF_A_STATUS.contains(&name);
            name.len() > 2 && !is_ours
        })
}

/// Whether the clause that has the status is HubSpot's: it names HubSpot, or nobody: `HubSpot lead sent; the mail provider
/// answered 401` tells of somebody else's.
pub(super) fn is_of_hubspots_clause(line: &str, status: &str) -> bool {
    const BETWEEN: [&str; 10] = [";", " | ", " > ", " -> ", " => ", "→", " — ", " – ", " - ", ". "];
    let Some(at) = line.find(status) else { return true };
    let from = BETWEEN.iter().filter_map(|sign| Some(line[..at].rfind(sign)? + sign.len())).max().unwrap_or(0);
    let to = BETWEEN.iter().filter_map(|sign| line[at..].find(sign)).min().map_or(line.len(), |end| at + end);
    let is_plain = |word: &&str| OF_A_STATUS.contains(word) || OF_ANY_PROGRAM.contains(word) || OUR_APIS.contains(word);
    let mut others = line[from..at].split(|letter: char| !letter.is_alphabetic()).filter(|word| word.len() >= 4 && !is_plain(word));
    let clause = &line[from..to];
    !names_our_own(clause) && !is_from_another(&line[at..to]) && (clause.contains("hubspot") || others.next().is_none())
}

/// What people call a server or program of their own, after `our`.
const OUR_OWN: [&str; 10] = ["api", "own ", "erp", "server", "backend", "service", "endpoint", "handler", "iflow", "proxy"];

/// Whether a clause is about a server or program of the person's own: `our API answered`, `from our ERP`.
fn names_our_own(clause: &str) -> bool {
    clause.match_indices("our ").any(|(at, our)| {
        let begins = clause[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        // `our HubSpot sync` and `our token` are none.
        begins && OUR_OWN.iter().any(|name| clause[at + our.len()..].starts_with(name))
    })
}

/// Whether a status came from another service: `403 Forbidden from Graph: …`.
fn is_from_another(after: &str) -> bool {
    let Some((_, rest)) = after.split_once(" from ") else { return false };
    let name = rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    let plain = ["our", "the", "your", "this", "that", "its", "all", "any", "target", "remote", "upstream", "url", "server"];
    name.len() >= 3
        && name.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !name.contains("hub")
        && !plain.contains(&name)
        && !OUR_APIS.contains(&name)
        && !OF_ANY_PROGRAM.contains(&name)
        && !OF_A_STATUS.contains(&name)
}

/// Whether a line has the name of somebody else than HubSpot as a label before the status: `acme: 403 Forbidden`.
pub(super) fn is_labelled(line: &str, status: &str) -> bool {
    let Some((before, _)) = line.split_once(status) else { return false };
    let Some(before) = before.trim_end().strip_suffix(':') else { return false };
    let name = before.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_kind = ["error", "exception", "status", "code"].iter().any(|end| name.ends_with(end));
    name.len() >= 4 && !is_kind && !OUR_APIS.contains(&name) && !OF_ANY_PROGRAM.contains(&name) && !OF_A_STATUS.contains(&name)
}

/// Whether a line names who answered with the status, and it is not HubSpot: `billing responded 401`, `Mailgun: 401 for the
/// HubSpot report`.
pub(super) fn is_answered_by_another(line: &str, status: &str) -> bool {
    let Some((before, _)) = line.split_once(status) else { return false };
    if before.contains("hubspot") || before.contains(['/', '{', '=']) {
        return false;
    }
    let mut words = before.rsplit(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let is_told = words.peek().is_some_and(|word| ANSWERING.contains(word));
    let name = words.find(|word| !ANSWERING.contains(word)).unwrap_or_default();
    let is_name = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let begins = words.next().is_none();
    is_name
        && (is_told || begins && line.contains("hubspot"))
        && !OUR_APIS.contains(&name)
        && !OF_ANY_PROGRAM.contains(&name)
        && !OF_A_STATUS.contains(&name)
}

/// Whether a text begins with this word, and not with a longer one.
pub(super) fn ends_a_word(text: &str, word: &str) -> bool {
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '/' | '.' | '@'));
    text.strip_prefix(word).is_some_and(|after| after.chars().next().is_none_or(ends))
}

/// Whether a text ends in this word, and not in a longer one.
pub(super) fn ends_in_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| before.chars().next_back().is_none_or(|letter| !letter.is_ascii_alphanumeric()))
}

/// Whether a line is a place in a program's code.
pub(in crate::doctor::facts) fn is_of_a_stack(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("at ") || line.starts_with("file \"") || line.starts_with("from ") || line.starts_with('#')
}
