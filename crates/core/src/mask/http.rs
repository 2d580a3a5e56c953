//! Masks the parts of a call outside of its body: path, query, URL, headers, media type.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Masker;
use super::rules::{Action, Place};
use crate::catalog::{Catalog, Resolution};
use crate::hosts::ApiHost;
use crate::path::{NormalPath, encode_component};

/// The longest header value that stays, in bytes.
const HEADER_BYTES_MAX: usize = 20;

/// The literal segments of all paths that HubSpot publishes.
static LITERALS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let segments = Catalog::get().operations().iter().flat_map(|operation| operation.template.split('/'));
    segments.filter(|segment| !segment.is_empty() && !segment.starts_with('{')).collect()
});

impl Masker {
    /// A path. The literal segments of HubSpot's templates stay, and all others are masked.
    pub fn path(&self, method: &str, path: &str) -> String {
        let Ok(path) = NormalPath::parse(path) else { return format!("/{}", self.keyed.word(path)) };
        let mut masked = String::new();
        let mut push = |segment: &str| {
            masked.push('/');
            encode_component(segment, &mut masked);
        };
        match Catalog::get().resolve(method, &path) {
            Resolution::Found(operation) => {
                let spelled = operation.spell(&path);
                for (named, given) in operation.template[1..].split('/').zip(spelled.segments()) {
                    match named.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                        None => push(named),
                        Some(name) => push(&self.text(self.path_action(name), given)),
                    }
                }
            }
            Resolution::MethodNotAllowed(_) | Resolution::Unknown => {
                for segment in path.segments() {
                    let stays = LITERALS.contains(segment) || super::text::is_object_type(segment);
                    push(&if stays { segment.to_owned() } else { self.shape(segment) });
                }
            }
        }
        if masked.is_empty() { "/".to_owned() } else { masked }
    }

    fn path_action(&self, name: &str) -> Action {
        let action = self.rules.action(Place::Path, name).or_else(|| self.rules.action(Place::Path, "*"));
        action.unwrap_or(Action::Shape)
    }

    /// The names and values of a query or of a form, decoded.
    pub fn query(&self, query: &str) -> Vec<(String, String)> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .filter_map(|(name, value)| match self.rules.action(Place::Query, &name) {
                Some(Action::Drop) => None,
                Some(action) => Some((name.clone().into_owned(), self.text(action, &value))),
                None => Some((self.keyed.name(&name), self.shape(&value))),
            })
            .collect()
    }

    /// A URL. HubSpot's hosts stay; path and query are masked like those of a call.
    pub fn url(&self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")) else {
            return self.keyed.text(url);
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let host = if ApiHost::parse(&host).is_some() || self.rules.lists(Place::Host, &host) { host } else { self.keyed.domain(&host) };
        let path = if path.len() > 1 { self.path("GET", path) } else { path.to_owned() };
        let mut masked = format!("{scheme}://{host}{path}");
        if let Some(query) = query {
            let pairs = self.query(query);
            masked.push('?');
            masked.push_str(&form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
        }
        masked
    }

    /// The value of a header in an answer; none where the header is dropped. Only numbers stay.
    pub fn header(&self, name: &str, value: &str) -> Option<String> {
        let is_number = (1..=HEADER_BYTES_MAX).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        (is_number && self.rules.lists(Place::Header, name)).then(|| value.to_owned())
    }

    /// A media type without its parameters; `other` where it is not a known one.
    pub fn media_type(&self, value: &str) -> String {
        let value = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if self.rules.lists(Place::Media, &value) { value } else { "other".to_owned() }
    }
}
