//! Hosts, paths, methods and versions (hubspot facts, sections 1 and 2).

use super::{Facts, Found, Say};
use crate::doctor::Certainty;
use crate::doctor::hosts::{API_HOST, is_api_host, is_hubspots};
use keyway_core::catalog::{Catalog, Method, Resolution};
use keyway_core::hublet::{Hublet, WRONG_HUBLET};
use keyway_core::path::NormalPath;
use keyway_core::refusal::Refusal;
use keyway_core::sunset;
use keyway_core::translate::agrees;

/// Whether the path is that of a page for people, or one that browsers call without a token.
fn is_for_people(facts: &Facts<'_>) -> bool {
    let path = facts.raw_path();
    path.starts_with("/oauth/authorize") || path.ends_with("/authorize") && path.starts_with("/oauth/") || path.starts_with("/uploads/form")
}

/// The MCP server is not part of the API, and has its own answers.
const MCP_HOST: &str = "mcp.hubspot.com";

/// A HubSpot host that is not an API host.
fn strange_host<'f>(facts: &Facts<'f>) -> Option<&'f str> {
    let host = facts.call()?.host.as_deref().filter(|host| is_hubspots(host) && !is_api_host(host) && *host != MCP_HOST)?;
    let answered = facts.answer().is_some_and(|answer| answer.envelope);
    let redirected = facts.status().is_some_and(|status| (300..400).contains(&status));
    let succeeded = facts.status().is_some_and(|status| status < 300);
    let forms = host.starts_with("forms") && (facts.raw_path().contains("/submissions/") || facts.raw_path().starts_with("/uploads/"));
    // The MCP server has been at a path of this host.
    if facts.raw_path().starts_with("/mcp") {
        return None;
    }
    // A page for people redirects to the sign-in. This is a failure only for a path of the API.
    let of_the_api = facts.call()?.is_of_the_api();
    (!answered && !succeeded && !forms && !is_for_people(facts) && (!redirected || of_the_api)).then_some(host)
}

/// The data centre that the answer names.
fn hublet(facts: &Facts<'_>) -> Option<Hublet> {
    let answer = facts.answer()?;
    let in_words = || {
        let (_, after) = answer.message.split_once("appears to exist in Hublet ")?;
        Hublet::parse(after.split(|one: char| !one.is_ascii_alphanumeric()).next()?)
    };
    answer.hublet.clone().or_else(in_words)
}

pub(super) fn region(facts: &Facts<'_>) -> Option<Found> {
    (facts.status() == Some(WRONG_HUBLET) || facts.says("is unknown to this Hublet")).then_some(())?;
    let Some(hublet) = hublet(facts) else {
        if !facts.says("not appear to exist") {
            return Found::certain("HubSpot does not know the account in the data centre (hublet) that the call reached, and the text does not say which one has it: the host or the credential is of another one, or the account has moved")
                .so("look at the address of the account's pages: app-eu1.hubspot.com means the data centre eu1, whose API is at api-eu1.hubapi.com")
                .so("connect the account again in the program, or make the credential again: a new one carries its data centre")
                .so("do not send the call again to the same host: the answer stays the same");
        }
        return Found::certain("HubSpot finds the account of this credential in none of its data centres (hublets)")
            .so("look whether the account still exists, and make a new credential in it")
            .so("do not send the call again: the answer stays the same");
    };
    let host = hublet.host();
    let pages = if hublet.name() == "na1" { "app.hubspot.com".to_owned() } else { format!("app-{hublet}.hubspot.com") };
    if facts.raw_path().trim_end_matches('/').ends_with("/oauth/authorize") {
        return Found::certain(format!("the account is in the data centre {hublet}, and the install URL leads to another one"))
            .so(format!("open the install URL at https://{pages}, with the same parameters"))
            .so("do not open the same URL again: the answer stays the same");
    }
    Found::certain(format!(
        "the account is in the data centre {hublet}, and the call reached another one: the credential does not carry its data centre, or the account has moved since it was made"
    ))
    .so(format!("call https://{host}; on a Keyway connect the account with that address: `keyway account add --connect --base-url https://{host}`"))
    .so("or make the credential again in the account: a new one carries its data centre")
    .so("do not send the call again to the same host: the answer stays the same")
}

pub(super) fn host(facts: &Facts<'_>) -> Option<Found> {
    let host = strange_host(facts).filter(|_| facts.may_blame_the_call())?;
    Found::certain(format!("the call goes to {host}, and the API is at {API_HOST}"))
        .so(format!("call https://{API_HOST}, or the host of one data centre, such as https://api-eu1.hubapi.com"))
}

fn is_gone(effect: &str) -> bool {
    !effect.starts_with("unsupported")
}

fn successor(facts: &Facts<'_>) -> Option<String> {
    // Operations older than v3 are in the catalog without a row of their own; the row of their family names the new path.
    match facts.operation.and_then(|operation| sunset::successor(operation.method, operation.template)) {
        Some(row) => row.successor.map(str::to_owned),
        None => sunset::family(facts.raw_path()).map(|family| family.move_to.to_owned()),
    }
}

/// The difference between an operation and its successor, in words.
fn difference(facts: &Facts<'_>) -> Option<&'static str> {
    let operation = facts.operation?;
    sunset::successor(operation.method, operation.template)
        .map(|row| row.difference)
        .filter(|difference| *difference != "-" && !agrees(difference))
}

pub(super) fn ended(facts: &Facts<'_>) -> Option<Found> {
    facts.may_blame_the_call().then_some(())?;
    let refused_for_it = facts.refused(Refusal::Ended) || facts.refused(Refusal::Gone);
    let row = sunset::of_path(facts.raw_path()).filter(|row| (row.date <= facts.today.as_str() && is_gone(row.effect)) || refused_for_it);
    // Older families without a row are gone too, where HubSpot answers that nothing is there.
    let family = sunset::family(facts.raw_path()).filter(|_| facts.operation.is_none());
    let html = facts.answer().is_some_and(|answer| answer.html) && facts.may_be(&[404, 410]);
    let (what, date) = match (row, family) {
        (Some(row), _) if refused_for_it || facts.may_be(&[404, 405, 410]) => (row.what, format!("{} ({})", row.date, row.effect)),
        (_, Some(family)) if matches!(facts.status(), Some(404 | 410)) || html => {
            (family.what, "a date that HubSpot does not give for this very path".to_owned())
        }
        _ => return None,
    };
    // An answer without a status may be about something else.
    let told = refused_for_it || facts.status().is_some() || facts.answer().is_none() || html;
    let found = Found::new(if told { Certainty::Certain } else { Certainty::Likely }, format!("{what} ended on {date}"));
    found_successor(facts, found)
}

fn found_successor(facts: &Facts<'_>, found: Option<Found>) -> Option<Found> {
    let found = match successor(facts) {
        Some(successor) => found.so(format!("move to {successor}")).moves_to(successor),
        None => found.so("HubSpot has published no successor that is generally available; look for a beta, or do without"),
    };
    let found = match difference(facts) {
        Some(difference) => found.so(format!("mind what differs: {difference}")),
        None => found,
    };
    if facts.raw_path().starts_with("/contacts/v1/lists") {
        return found.so("legacy list IDs are other than new ones: map them with /crm/lists/2026-09/idmapping");
    }
    found.so("`keyway scan` finds every such call, `keyway fix` moves those whose shapes agree")
}

pub(super) fn ends(facts: &Facts<'_>) -> Option<Found> {
    if facts.raw_path().starts_with("/mcp") {
        return None;
    }
    let row = sunset::of_path(facts.raw_path())?;
    if ended(facts).is_some() || (row.date <= facts.today.as_str() && is_gone(row.effect)) {
        return None;
    }
    // Where an operation ends in more than a year and has no successor yet, there is nothing to do.
    let far = row.date.get(..4).zip(facts.today.get(..4)).is_some_and(|(end, now)| {
        let year = |text: &str| text.parse::<i32>().unwrap_or_default();
        year(end) > year(now) + 1 || (year(end) == year(now) + 1 && row.date.get(4..) > facts.today.get(4..))
    });
    if far && successor(facts).is_none() {
        return None;
    }
    let date = if row.certainty == "published" { row.date.to_owned() } else { format!("{} ({})", row.date, row.certainty) };
    let found = Found::note(format!("{}: {} on {date}", row.what, row.effect));
    match successor(facts) {
        Some(successor) => found.so(format!("move to {successor}")).moves_to(successor),
        None => found.so(format!("move to {}", row.move_to)),
    }
}

fn is_version(segment: &str) -> bool {
    matches!(segment, "v1" | "v2" | "v3" | "v4") || (segment.starts_with("20") && segment.as_bytes().get(4) == Some(&b'-'))
}

/// The path with its version at the place where the catalog has it.
fn version_moved(facts: &Facts<'_>) -> Option<String> {
    let path = facts.path.as_ref()?.as_ref().ok()?;
    let segments: Vec<&str> = path.segments().collect();
    let at = segments.iter().position(|segment| is_version(segment))?;
    let method = facts.call()?.method.as_deref();
    let known = |path: &NormalPath| {
        let methods = Method::ALL.iter().map(|method| method.as_str());
        let mut methods = method.into_iter().chain(methods.filter(|_| method.is_none()));
        methods.any(|method| matches!(Catalog::get().resolve(method, path), Resolution::Found(_)))
    };
    (0..segments.len()).filter(|to| *to != at).find_map(|to| {
        let mut moved = segments.clone();
        let version = moved.remove(at);
        moved.insert(to, version);
        let path = NormalPath::parse(&format!("/{}", moved.join("/"))).ok()?;
        // The catalog accepts two spellings of a path; the proposal is HubSpot's own.
        let own = |path: &NormalPath| path.segments().position(is_version) == Some(to);
        (known(&path) && own(&path)).then(|| path.as_str().to_owned())
    })
}

pub(super) fn misplaced(facts: &Facts<'_>) -> Option<Found> {
    (facts.path.is_some() && facts.operation.is_none() && facts.other_methods.is_empty() && facts.may_be(&[404, 405])).then_some(())?;
    let moved = version_moved(facts)?;
    Found::certain(format!(
        "no path has its version there; {moved} is HubSpot's spelling: a dated version comes after the family, a numbered one before it"
    ))
    .so(format!("call {moved}"))
    .moves_to(moved)
}

pub(super) fn unreadable(facts: &Facts<'_>) -> Option<Found> {
    let error = facts.path.as_ref()?.as_ref().err()?;
    // A person shortened the path (`/submit/…`), or copied a template from HubSpot's reference.
    (facts.may_be(&[400, 404, 414]) && !facts.raw_path().contains(['…', '*', '{'])).then_some(())?;
    Found::certain(format!("{error}: servers read such a path differently, and Keyway refuses it"))
        .so("put the path together from segments, each percent-encoded by itself; an empty ID makes two slashes")
}

/// The parameters that the last segment of the path holds, because the URL has no question mark before them.
fn without_question_mark<'f>(facts: &Facts<'f>) -> Option<&'f str> {
    const NAMES: [&str; 12] = [
        "limit=",
        "count=",
        "after=",
        "offset=",
        "vidoffset=",
        "properties=",
        "associations=",
        "archived=",
        "idproperty=",
        "hapikey=",
        "email=",
        "portalid=",
    ];
    let path = facts.raw_path();
    let (_, last) = path.rsplit_once('/')?;
    let small = last.to_ascii_lowercase();
    let named = || NAMES.iter().filter_map(|name| small.find(name)).min();
    let at = match small.find("%3f") {
        Some(at) => at,
        None => [small.find('&'), named()].into_iter().flatten().min().filter(|_| small.contains('='))?,
    };
    (!facts.call()?.query.iter().any(|(name, _)| !name.is_empty()) && !small.contains('@')).then_some(&last[at..])
}

pub(super) fn no_question_mark(facts: &Facts<'_>) -> Option<Found> {
    let parameters = without_question_mark(facts).filter(|_| facts.may_be(&[400, 401, 404, 405, 414]))?;
    let names: Vec<&str> =
        parameters.split('&').filter_map(|pair| pair.trim_start_matches("%3F").trim_start_matches("%3f").split('=').next()).collect();
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).map(|name| name.chars().take(40).collect()).collect();
    Found::certain(format!(
        "the URL has no question mark before its parameters ({}), so HubSpot reads them as a part of the path, and finds no such path",
        names.join(", ")
    ))
    .so("write ? before the first parameter, and & between them; have the HTTP library put the query together (params= in Python, URLSearchParams in JavaScript)")
    .so("a question mark that was percent-encoded (%3F) is a part of the path as well")
}

pub(super) fn object_type(facts: &Facts<'_>) -> Option<Found> {
    let unknown = facts.unknown_type.as_deref().filter(|_| facts.may_be(&[400, 404]) && without_question_mark(facts).is_none())?;
    Found::certain(format!("{} is neither a standard object type nor a custom one", unknown.chars().take(60).collect::<String>()))
    .so("standard types go by name or ID (contacts, 0-1), custom ones by p_NAME, pHUBID_NAME or 2-NUMBER; /crm-object-schemas/2026-09/schemas lists the account's")
}

pub(super) fn method(facts: &Facts<'_>) -> Option<Found> {
    // A browser chose it, and not the program.
    if facts.call().is_some_and(|call| call.method.as_deref() == Some("OPTIONS")) {
        return None;
    }
    let others = &facts.other_methods;
    if others.is_empty() && facts.status() == Some(405) && facts.operation.is_none() {
        return Found::likely("HubSpot answers 405: the path exists, and takes other methods than the one that was sent")
            .so("compare the method with HubSpot's reference of this path: records are changed with PATCH, made and searched with POST")
            .so("look for a redirect on the way: clients turn a redirected POST into GET");
    }
    let missed = facts.is_for_another_method();
    (!others.is_empty() && (facts.may_be(&[404, 405]) || missed && facts.may_be(&[400]))).then_some(())?;
    let list: Vec<&str> = others.iter().map(|method| method.as_str()).collect();
    // Without an answer, the last word of the path may be an id after all.
    let certainty = if missed && facts.status().is_none() { Certainty::Likely } else { Certainty::Certain };
    Found::new(
        certainty,
        format!("the path takes {}, and was called with {}", list.join(", "), facts.call()?.method.as_deref().unwrap_or("another method")),
    )
    .so(format!("call it with {}; records are changed with PATCH, made and searched with POST", list.join(" or ")))
}

pub(super) fn unknown(facts: &Facts<'_>) -> Option<Found> {
    let no_operation = facts.path.as_ref().is_some_and(Result::is_ok) && facts.operation.is_none() && facts.other_methods.is_empty();
    let page = facts.answer().is_some_and(|answer| answer.html);
    let not_found = facts.status() == Some(404) || facts.is_category("NOT_FOUND") || page && facts.says("page not found");
    let explained = [ended(facts), misplaced(facts), region(facts), host(facts)].iter().any(Option::is_some);
    let to_api = facts.to_hubspot() || not_found || page;
    (!explained && !is_for_people(facts) && ((no_operation && to_api && facts.may_be(&[404])) || (page && not_found))).then_some(())?;
    if facts.operation.is_some() {
        return Found::likely("HubSpot answers with an HTML page where it knows no such path. Its reference has this path, so the one that was sent differs: a name in braces or an ID that was not filled in, a slash too many, or a version that the account does not have yet")
            .so("look at the URL that was really sent, segment by segment")
            .so("try the same path in HubSpot's older version (v3)");
    }
    Found::likely("HubSpot's reference has no such path; HubSpot answers those with an HTML page, which clients can't read as an error")
        .so("compare the path with HubSpot's reference: family, version, plural names, and that every ID is filled in")
        .so("it may be a path that is newer than Keyway's catalog, or one that HubSpot never published")
}
