//! The hosts that a text names, and whose they are.

use keyway_core::catalog::{Catalog, Resolution};
use keyway_core::hublet::Hublet;
use keyway_core::path::NormalPath;
use keyway_core::sunset;

/// The API host that serves accounts of every data centre (hubspot facts, section 1).
pub(super) const API_HOST: &str = "api.hubapi.com";

/// HubSpot's hosts for forms, scripts and files.
const OURS_TOO: [&str; 7] =
    ["hsforms.com", "hsforms.net", "hs-scripts.com", "hs-analytics.net", "hsappstatic.net", "hubspotusercontent.com", "hubspot.net"];

/// Hosts of pages that programs name in their own errors.
pub(super) const EXPLAINING: [&str; 9] =
    ["curl.haxx.se", "curl.se", "github.com", "stackoverflow.com", "docs.", "developer.", "developers.", "support.", "help."];

/// The most addresses of one line that are read.
const ADDRESSES_MAX: usize = 20;

/// Words before an address to which the line's call did not go: the page of a browser, and where a person returns to.
const NOT_CALLED: [&str; 9] =
    ["origin", "referer:", "referrer:", "redirect url", "redirect uri", "redirect_uri", "redirect_url", "redirecturi", "initiator"];

/// Whether the API is at this host: the one for all data centres, or that of one data centre.
pub(super) fn is_api_host(host: &str) -> bool {
    host == API_HOST || Hublet::of_host(host).is_some()
}

pub(super) fn is_hubspots(host: &str) -> bool {
    ["hubapi.com", "hubspot.com"].iter().any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether HubSpot serves anything from this host: its API, its pages, its forms or its scripts.
pub(super) fn is_ours(host: &str) -> bool {
    is_hubspots(host) || OURS_TOO.iter().any(|ours| host.ends_with(ours))
}

/// Whether a host name is reserved for examples (RFC 2606).
fn is_for_tests(host: &str) -> bool {
    [".example.com", ".example.net", ".example.org", ".test", ".invalid", ".localhost", ".internal", ".local"]
        .iter()
        .any(|end| host.ends_with(end))
}

/// Whether a host is neither HubSpot's, nor a misspelt `hubapi`, nor a number, nor a name without a dot, nor
/// reserved for examples.
pub(super) fn is_foreign(host: &str) -> bool {
    let is_number = host.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':'));
    !is_number && host.contains('.') && !is_for_tests(host) && !is_ours(host) && !host.contains("hubapi")
}

/// The host name at the beginning of a text.
pub(super) fn name(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

/// Whether everything that a line of a text in lower case was sent to belongs to another service.
pub(super) fn is_of_another(line: &str) -> bool {
    // A browser may leave out the scheme: `tracker.example/t.js net::ERR_BLOCKED_BY_CLIENT`.
    let of_a_browser = || Some(name(line.split_once(" net::err_")?.0.rsplit(' ').next()?));
    let mut foreign = of_a_browser().is_some_and(|host| is_foreign(host) && !line.contains("://"));
    for (at, scheme) in line.match_indices("://").take(ADDRESSES_MAX) {
        let rest = &line[at + scheme.len()..];
        let host = name(rest);
        let before = line[..at].trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let before = before.trim_end_matches(['\'', '"', '`', '(', ' ', '<', '=', ':']);
        let path = rest[host.len()..].split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`')).next();
        if is_ours(host) || path.is_some_and(is_of_the_catalog) {
            return false;
        }
        let is_cut = rest[host.len()..].starts_with(['…', '.']);
        let explains = EXPLAINING.iter().any(|page| host.starts_with(page));
        foreign |= is_foreign(host) && !is_cut && !explains && !NOT_CALLED.iter().any(|word| before.ends_with(word));
    }
    foreign
}

/// Whether HubSpot's API has a path. A Keyway has a host name of its own, and serves these paths.
fn is_of_the_catalog(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches(['.', ',', ':', ')']);
    let known = |path: &NormalPath| !matches!(Catalog::get().resolve("GET", path), Resolution::Unknown);
    sunset::family(path).is_some() || NormalPath::parse(path).is_ok_and(|path| known(&path))
}

/// The host of the site whose error page a text in lower case shows: Cloudflare and others write it into the title.
pub(super) fn of_page(text: &str) -> Option<&str> {
    let titled = || {
        let (_, title) = text.split_once("<title>")?;
        title.split("</title>").next()?.split('|').map(str::trim).find(|part| is_name(part))
    };
    let told = || {
        let (_, after) = text.split_once("unable to access ")?;
        Some(name(after)).filter(|host| is_name(host))
    };
    // The title alone, as people copy it: `www.example.com | 522: Connection timed out`.
    let copied = || {
        let (before, after) = text.lines().find_map(|line| line.split_once(" | "))?;
        let numbered = after.split(':').next().is_some_and(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()));
        before.split_whitespace().next_back().filter(|host| numbered && is_name(host))
    };
    titled().or_else(told).or_else(copied)
}

/// The program that answered, where the text has the `server` header of an answer and names another entrance than HubSpot's.
pub(super) fn other_server(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let line = line.trim_start_matches(['<', '*', ' ', '\t', '\'', '"', '{', '[']);
        let value = line.strip_prefix("server")?.trim_start_matches(['\'', '"', ']']).trim_start().strip_prefix([':', '='])?;
        let value = value.trim_start_matches(['>', ' ', '\'', '"']);
        let program = &value[..value.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(value.len())];
        (program.starts_with(|letter: char| letter.is_ascii_alphabetic()) && program != "cloudflare" && !program.contains("hubspot"))
            .then_some(program)
    })
}

/// Whether a text is a host name with a dot, and nothing else.
fn is_name(text: &str) -> bool {
    text.contains('.') && !text.starts_with('.') && !text.contains(' ') && name(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_the_service_that_its_addresses_name() {
        for (line, is_anothers) in [
            ("get https://static.example-tracker.io/t.js net::err_blocked_by_client", true),
            ("linear: http 401 at https://mcp.linear.app/sse", true),
            ("get https://api.hubapi.com/crm/v3/owners 401", false),
            ("from https://www.acme.io: post https://api.hsforms.com/submissions/v3/x 400", false),
            ("access to fetch from origin 'https://www.acme.io' failed", false),
            ("redirect_uri=https://www.acme.io/callback: 400", false),
            ("see https://docs.acme.io/errors: 401", false),
            ("http://localhost:3000/x 500", false),
            ("https://keyway.acme.io/crm/v3/objects/contacts 401", false),
            ("invalid json response body at https://api.hu…on: unexpected token", false),
            ("401 unauthorized", false),
        ] {
            assert_eq!(is_of_another(line), is_anothers, "{line}");
        }
    }

    #[test]
    fn an_answer_names_the_program_that_sent_it() {
        for (text, program) in [
            ("http/1.1 403 forbidden\nserver: zscaler/6.2\n", Some("zscaler")),
            ("< server: nginx", Some("nginx")),
            ("'server': 'microsoft-iis/10.0',", Some("microsoft-iis")),
            ("< server: cloudflare", None),
            ("server: 8.8.8.8", None),
            ("the server: it failed", None),
        ] {
            assert_eq!(other_server(text), program, "{text}");
        }
    }

    #[test]
    fn an_error_page_names_its_site() {
        for (text, host) in [
            ("<html><title>shop.acme.io | 522: connection timed out</title>", Some("shop.acme.io")),
            ("<title>worker threw exception | lead.acme.dev | cloudflare</title>", Some("lead.acme.dev")),
            ("sorry, you have been blocked. you are unable to access shop.acme.io", Some("shop.acme.io")),
            ("our page says shop.acme.io | 521: web server is down", Some("shop.acme.io")),
            ("<title>attention required! | cloudflare</title>", None),
            ("| 401 | the token is missing |", None),
        ] {
            assert_eq!(of_page(text), host, "{text}");
        }
    }
}
