//! The only pass over every byte: it decides which texts are worth reading.
//!
//! A SIMD search for literals of four bytes and more (Teddy, in the aho-corasick crate), with a short check of the bytes
//! after each hit. Nothing else reads a text without a hit, so a scan costs about as much as reading the files.

use std::sync::LazyLock;

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};

use crate::shape;
use crate::stems;
use crate::text::follows_a_word;

/// The hits in a text.
#[derive(Debug, Default)]
pub struct Hits {
    /// Whether the text names HubSpot: by name, by host, or by `hapikey`.
    pub hubspot: bool,
    /// Whether the text has a path that only HubSpot has.
    pub hubspot_path: bool,
    /// Offsets of values whose form identifies them.
    pub values: Vec<usize>,
    /// Offsets inside of base64 that decodes to one of the above.
    pub encoded: Vec<usize>,
}

impl Hits {
    /// Whether there is nothing to examine.
    pub fn is_empty(&self) -> bool {
        !self.hubspot && !self.hubspot_path && self.values.is_empty() && self.encoded.is_empty()
    }
}

#[derive(Clone, Copy)]
enum Class {
    Name,
    Hapi,
    Path,
    Pat,
    PersonalAccessKey,
    Routed,
    /// The name of a field that holds an OAuth token; the token follows.
    AccessToken,
    Encoded,
}

const LITERALS: [(Class, &[&str]); 7] = [
    (
        Class::Name,
        &[
            "hubspot",
            "HubSpot",
            "HUBSPOT",
            "Hubspot",
            "hubSpot",
            "hubapi",
            "HUBAPI",
            "HubApi",
            "hubApi",
            "hub_spot",
            "HUB_SPOT",
            "hub-spot",
            "hsforms.com",
            "from hapi",
        ],
    ),
    (Class::Hapi, &["hapi", "HAPI", "Hapi"]),
    (
        Class::Path,
        &[
            // A version in a path, with slashes escaped or not. The path around it decides.
            "/v1/", "/v2/", "/v3/", "/v4/", "/202", "/v1\\", "/v2\\", "/v3\\", "/v4\\",
        ],
    ),
    (Class::Pat, &["pat-"]),
    // The fourth letter encodes the first letter of the region: na, eu, ap, ca.
    (Class::PersonalAccessKey, &["CiRu", "CiRl", "CiRh", "CiRj"]),
    (Class::Routed, &["na1-", "na2-", "na3-", "eu1-", "ap1-"]),
    (Class::AccessToken, &["ccess_token", "ccessToken", "CCESS_TOKEN", "Bearer C"]),
];

/// Texts whose base64 form shows that a run is worth decoding.
const ENCODED: [&str; 6] = ["pat-", "hapikey", "hubspot", "HUBSPOT", "HubSpot", "hubapi"];

struct Prefilter {
    classes: Vec<Class>,
    searcher: Searcher,
}

enum Searcher {
    Teddy(packed::Searcher),
    /// Used where the processor has no SIMD that Teddy supports.
    Automaton(AhoCorasick),
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| {
    let mut literals: Vec<(Class, String)> = Vec::new();
    for (class, texts) in LITERALS {
        literals.extend(texts.iter().map(|text| (class, (*text).to_owned())));
    }
    for text in ENCODED {
        literals.extend(base64_forms(text).map(|form| (Class::Encoded, form)));
    }
    let classes = literals.iter().map(|(class, _)| *class).collect();
    let texts: Vec<&String> = literals.iter().map(|(_, text)| text).collect();
    let teddy = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder().extend(&texts).build();
    let searcher = teddy.map_or_else(
        || {
            let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&texts);
            Searcher::Automaton(automaton.expect("a few dozen literals make a small automaton"))
        },
        Searcher::Teddy,
    );
    Prefilter { classes, searcher }
});

/// The base64 forms of `text`: one for each of the three offsets within a group of three bytes, without the letters at
/// each end that depend on the neighbours.
fn base64_forms(text: &str) -> impl Iterator<Item = String> {
    use base64::Engine;
    (0..3usize).map(move |shift| {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(text.as_bytes());
        let letters = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&bytes);
        let first = (shift * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        letters[first..last].to_owned()
    })
}

/// Finds anything that a detector may need. Clears `hits` first.
pub fn search(text: &[u8], hits: &mut Hits) {
    hits.hubspot = false;
    hits.hubspot_path = false;
    hits.values.clear();
    hits.encoded.clear();
    let prefilter = &*PREFILTER;
    match &prefilter.searcher {
        Searcher::Teddy(searcher) => {
            searcher
                .find_iter(text)
                .for_each(|found| confirm(prefilter.classes[found.pattern().as_usize()], text, found.start(), found.end(), hits));
        }
        Searcher::Automaton(searcher) => {
            searcher
                .find_iter(text)
                .for_each(|found| confirm(prefilter.classes[found.pattern().as_usize()], text, found.start(), found.end(), hits));
        }
    }
}

fn confirm(class: Class, text: &[u8], start: usize, end: usize, hits: &mut Hits) {
    let after = &text[end..];
    match class {
        Class::Name => hits.hubspot = true,
        Class::Hapi => hits.hubspot |= is_key_word(after),
        Class::Path => {
            let version = start + 1;
            let length = if text[version] == b'v' {
                2
            } else {
                text[version..].iter().take(12).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count()
            };
            let letter =
                start.checked_sub(1).is_some_and(|at| text[at].is_ascii_lowercase() || text[at].is_ascii_digit() || text[at] == b'\\');
            hits.hubspot_path = hits.hubspot_path || letter && stems::is_distinct(text, version, version + length);
        }
        Class::Pat if follows_a_word(text, start) => {}
        // A region or a quote follows: the rest may be in the next piece of the text.
        Class::Pat
            if after.len() >= 3 && (after[0].is_ascii_lowercase() && after[2].is_ascii_digit() || matches!(after[0], b'"' | b'\'')) =>
        {
            hits.values.push(start);
        }
        Class::Pat => {}
        Class::PersonalAccessKey => {
            if !follows_a_word(text, start) && shape::personal_access_key(&text[start..]).is_some() {
                hits.values.push(start);
            }
        }
        Class::Routed => {
            // The cheapest test first: four hex digits and a dash.
            let grouped = after.len() > 4 && after[4] == b'-' && after[..4].iter().all(u8::is_ascii_hexdigit);
            if grouped && !follows_a_word(text, start) && shape::routed(&text[start..]).is_some() {
                hits.values.push(start);
            }
        }
        Class::AccessToken => {
            let near = start..text.len().min(end + 24);
            hits.values.extend(near.filter(|at| !follows_a_word(text, *at) && shape::oauth_access(&text[*at..]).is_some()));
        }
        Class::Encoded => {
            if hits.encoded.last().is_none_or(|last| start - last > 64) {
                hits.encoded.push(start);
            }
        }
    }
}

/// Whether the name continues as `key`, `_key`, `Key`, or as the client `hapipy`; hapi.js does not count.
fn is_key_word(after: &[u8]) -> bool {
    if after.starts_with(b"py") && !after.get(2).is_some_and(u8::is_ascii_alphanumeric) {
        return true;
    }
    let after = match after.first() {
        Some(b'_' | b'-' | b'.' | b' ') => &after[1..],
        _ => after,
    };
    after.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(b"key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str) -> Hits {
        let mut hits = Hits::default();
        search(text.as_bytes(), &mut hits);
        hits
    }

    #[test]
    fn ordinary_code_has_no_hits() {
        for text in ["", "import hapi from '@hapi/hapi'", "compat-na1-x pattern eu1-2024", "access_token = get()", "pat-", "CiRu"] {
            assert!(hits(text).is_empty(), "{text}: {:?}", hits(text));
        }
    }

    #[test]
    fn names_paths_and_values_are_hits() {
        assert!(hits("HUBSPOT_KEY").hubspot);
        assert!(hits("x.hapiKey = 1").hubspot);
        assert!(hits("get('/crm/v3/objects/contacts')").hubspot_path);
        assert_eq!(hits("x = 'pat-na1-'").values, [5]);
    }

    #[test]
    fn base64_of_a_name_is_a_hit_wherever_it_falls() {
        use base64::Engine;
        for pad in ["", "a", "ab", "abc"] {
            let text = base64::engine::general_purpose::STANDARD.encode(format!("{pad}HUBSPOT_KEY=1"));
            assert!(!hits(&text).encoded.is_empty(), "{pad}");
        }
    }

    #[test]
    fn the_literals_fit_the_fast_searcher() {
        let count = LITERALS.iter().map(|(_, texts)| texts.len()).sum::<usize>() + 3 * ENCODED.len();
        assert!(count <= 64, "Teddy takes 64 literals; there are {count}");
        assert!(LITERALS.iter().flat_map(|(_, texts)| texts.iter()).all(|text| text.len() >= 4), "shorter ones make every literal slower");
    }
}
