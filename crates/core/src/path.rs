//! The path of a request, made unambiguous.
//!
//! A permit applies to the checked path. So the checked path and the forwarded path must be the same to every parser.
//! Percent-encoding and dot segments are resolved once (RFC 3986, sections 2.3 and 5.2.4). Keyway refuses a path that two
//! servers could read differently.

use std::borrow::Cow;

/// The longest path that is accepted, in bytes. HubSpot's longest template has 110; ids and property names fit easily, and
/// HubSpot itself answers 414 above a length that it does not publish.
pub const PATH_BYTES_MAX: usize = 4096;

/// The first segment of Keyway's own paths on the data listener. HubSpot publishes no such path, and Keyway never forwards
/// one.
const OWN_SEGMENT: &str = "__keyway";

/// The path where the data listener answers whether the server is ready.
pub const READY: &str = "/__keyway/ready";

/// The path where the data listener answers whose the presented token is, and what it permits.
pub const ME: &str = "/__keyway/me";

/// The path where an MCP server reports a call that it refused itself, so that the data listener records the call.
pub const REFUSED: &str = "/__keyway/refused";

/// The places where a segment may hold encoded slashes: below these, the whole rest is the path of a file. `*` is any segment.
/// No operation is deeper, so that a server that takes an encoded slash for a slash reads no other operation.
/// `/files/v3/folders/{folderPath}` is not among them: other operations are deeper there.
const FILE_PATHS: [&[&str]; 9] = [
    &["cms", "source-code", "*", "*", "content"],
    &["cms", "source-code", "*", "*", "metadata"],
    &["cms", "source-code", "*", "*", "validate"],
    &["cms", "v3", "source-code", "*", "content"],
    &["cms", "v3", "source-code", "*", "metadata"],
    &["cms", "v3", "source-code", "*", "validate"],
    &["files", "v3", "files", "stat"],
    &["files", "2026-03", "files", "stat"],
    &["files", "2026-09-beta", "files", "stat"],
];

/// An encoded slash, as it stays in a segment.
const SLASH: &str = "%2F";

/// A path of decoded segments. None of them is empty, `.` or `..`, and none contains a slash. An encoded slash in the path of a
/// file stays encoded: it is the only percent sign with two digits behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath {
    /// The path, encoded again in a unique way. Starts with `/`, no slash at the end.
    canonical: String,
    /// The decoded form, kept only where it differs.
    decoded: Option<String>,
    /// The text that the client sent, kept only where it differs.
    sent: Option<String>,
}

/// Why Keyway refuses a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Longer than [`PATH_BYTES_MAX`].
    #[error("the path is longer than {PATH_BYTES_MAX} bytes")]
    TooLong,
    /// Does not start with a slash.
    #[error("the path does not start with a slash")]
    NotAbsolute,
    /// Two slashes in a row: some parsers treat them as one.
    #[error("the path has an empty segment (two slashes in a row)")]
    EmptySegment,
    /// A percent sign without two hex digits, or bytes that are not UTF-8.
    #[error("the path has percent-encoding that does not decode to text")]
    BadEncoding,
    /// An encoded slash outside of the path of a file, an encoded backslash, dot segment or percent sign, a control character, or
    /// a `;`.
    #[error("the path has a character that servers read differently")]
    Ambiguous,
    /// More `..` than there are segments before them.
    #[error("the path leaves the root")]
    AboveRoot,
    /// Starts with the segment of Keyway's own paths.
    #[error("paths that start with /{OWN_SEGMENT} are Keyway's own, and only GET {READY}, GET {ME} and POST {REFUSED} are there")]
    Own,
}

impl NormalPath {
    /// Reads the path of a request target, without its query.
    pub fn parse(raw: &str) -> Result<Self, PathError> {
        if raw.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        let rest = raw.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        if is_plain(raw) {
            return Self { canonical: raw.to_owned(), decoded: None, sent: None }.unless_own();
        }
        let Segments { segments, dots } = resolve_segments(rest)?;
        let path = Self::of_segments(segments.iter().map(Cow::as_ref));
        // Every parser that decodes once reads the same segments, in whatever encoding. Only parsers that resolve dot segments
        // do so for those, so Keyway forwards a path without its dot segments.
        let sent = (!dots && path.canonical != raw).then(|| raw.to_owned());
        Self { sent, ..path }.unless_own()
    }

    fn unless_own(self) -> Result<Self, PathError> {
        if self.segments().next() == Some(OWN_SEGMENT) { Err(PathError::Own) } else { Ok(self) }
    }

    /// The path of these decoded segments, which come from another path or a template.
    pub(crate) fn of_segments<'a>(segments: impl Iterator<Item = &'a str>) -> Self {
        let (mut canonical, mut decoded) = (String::new(), String::new());
        for segment in segments {
            canonical.push('/');
            encode(segment, &mut canonical);
            decoded.push('/');
            decoded.push_str(segment);
        }
        if canonical.is_empty() {
            canonical.push('/');
        }
        let decoded = (decoded != canonical && !decoded.is_empty()).then_some(decoded);
        Self { canonical, decoded, sent: None }
    }

    /// The canonical path: every segment percent-encoded in a unique way, no slash at the end.
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    /// The path to forward: byte for byte as the client sent it, with a slash at the end where it had one. Only dot segments are
    /// resolved.
    pub fn as_sent(&self) -> &str {
        self.sent.as_deref().unwrap_or(&self.canonical)
    }

    /// The decoded segments, in order.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        let text = self.decoded.as_deref().unwrap_or(&self.canonical);
        text[1..].split('/').filter(|segment| !segment.is_empty())
    }
}

/// Most paths need no resolution; this check costs one pass and no list of segments.
fn is_plain(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let mut previous = 0;
    for &byte in bytes {
        let starts_oddly = previous == b'/' && matches!(byte, b'/' | b'.');
        if starts_oddly || !PLAIN[usize::from(byte)] {
            return false;
        }
        previous = byte;
    }
    bytes.len() > 1 && previous != b'/'
}

static PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_path_char(byte as u8) || byte == b'/' as usize;
        byte += 1;
    }
    table
};

/// RFC 3986 `pchar` without `%`, and without `;`, on whose meaning servers disagree.
const fn is_path_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@')
}

struct Segments<'a> {
    segments: Vec<Cow<'a, str>>,
    /// Whether a segment was `.` or `..`.
    dots: bool,
}

fn resolve_segments(rest: &str) -> Result<Segments<'_>, PathError> {
    let (mut segments, mut dots) = (Vec::new(), false);
    // HubSpot's clients call some collections with a slash at the end; it names the same resource.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return Ok(Segments { segments, dots });
    }
    let mut parts = rest.split('/').peekable();
    while let Some(raw) = parts.next() {
        match raw {
            "" => return Err(PathError::EmptySegment),
            "." => dots = true,
            ".." => {
                dots = true;
                segments.pop().ok_or(PathError::AboveRoot)?;
            }
            raw if parts.peek().is_none() && is_file_path(&segments) => segments.push(decode_file(raw)?),
            raw => segments.push(decode(raw)?),
        }
    }
    Ok(Segments { segments, dots })
}

/// Whether the segments lead to a place whose rest is the path of a file.
fn is_file_path(segments: &[Cow<'_, str>]) -> bool {
    let fits = |place: &&[&str]| place.iter().zip(segments).all(|(own, segment)| *own == "*" || *own == segment.as_ref());
    FILE_PATHS.iter().any(|place| place.len() == segments.len() && fits(place))
}

/// The path of a file: each name between its slashes is decoded, and the slashes stay encoded.
fn decode_file(raw: &str) -> Result<Cow<'_, str>, PathError> {
    if !raw.to_ascii_uppercase().contains(SLASH) {
        return decode(raw);
    }
    let mut path = String::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let end = rest.to_ascii_uppercase().find(SLASH);
        let name = decode(&rest[..end.unwrap_or(rest.len())])?;
        if matches!(name.as_ref(), "" | "." | "..") {
            return Err(PathError::Ambiguous);
        }
        path.push_str(&name);
        let Some(end) = end else { return Ok(Cow::Owned(path)) };
        path.push_str(SLASH);
        rest = &rest[end + SLASH.len()..];
    }
}

fn decode(raw: &str) -> Result<Cow<'_, str>, PathError> {
    if raw.bytes().any(|byte| byte != b'%' && !is_path_char(byte)) {
        return Err(PathError::Ambiguous);
    }
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let [high, low, tail @ ..] = tail else { return Err(PathError::BadEncoding) };
        bytes.push(hex(*high)? << 4 | hex(*low)?);
        rest = tail;
    }
    let text = String::from_utf8(bytes).map_err(|_| PathError::BadEncoding)?;
    refuse_ambiguous(&text)?;
    Ok(Cow::Owned(text))
}

/// Refuses characters that decoding must not produce: a new slash, a dot segment, a control character, or a percent sign that
/// a second decoding would act on.
fn refuse_ambiguous(text: &str) -> Result<(), PathError> {
    let twice = text.as_bytes().windows(3).any(|three| three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit());
    let odd = text.chars().any(|c| matches!(c, '/' | '\\') || c.is_control());
    if twice || odd || matches!(text, "." | ".." | "") { Err(PathError::Ambiguous) } else { Ok(()) }
}

fn hex(digit: u8) -> Result<u8, PathError> {
    char::from(digit).to_digit(16).map(|value| value as u8).ok_or(PathError::BadEncoding)
}

fn encode(segment: &str, out: &mut String) {
    for (at, part) in segment.split(SLASH).enumerate() {
        if at > 0 {
            out.push_str(SLASH);
        }
        encode_except(part, is_path_char, out);
    }
}

/// Appends a text with every character percent-encoded except unreserved ones (RFC 3986, section 2.3): valid in any part of
/// a URL.
pub fn encode_component(text: &str, out: &mut String) {
    encode_except(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte), out);
}

/// A text as [`encode_component`] writes it.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    encode_component(text, &mut encoded);
    encoded
}

fn encode_except(text: &str, plain: impl Fn(u8) -> bool, out: &mut String) {
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyways_own_paths_are_refused_however_they_are_written() {
        for own in ["/__keyway", "/__keyway/", READY, "/__keyway/other", "/%5f%5Fkeyway/ready", "/crm/../__keyway/ready", "/./__keyway"] {
            assert_eq!(NormalPath::parse(own), Err(PathError::Own), "{own}");
        }
        for other in ["/__keyways", "/crm/__keyway/ready", "/_keyway"] {
            assert!(NormalPath::parse(other).is_ok(), "{other}");
        }
        let operations = crate::catalog::Catalog::get().operations();
        assert!(operations.iter().all(|operation| !operation.template.starts_with("/__") && !operation.template.starts_with("/{")));
    }
    use proptest::prelude::*;

    fn check(raw: &str, expected: Result<&str, PathError>) {
        let path = NormalPath::parse(raw);
        assert_eq!(path.as_ref().map(NormalPath::as_str).map_err(|error| *error), expected, "{raw}");
    }

    #[test]
    fn plain_paths_stay_as_they_are() {
        check("/crm/v3/objects/contacts", Ok("/crm/v3/objects/contacts"));
        check("/crm/v3/owners/", Ok("/crm/v3/owners"));
        check("/", Ok("/"));
    }

    #[test]
    fn encoding_is_resolved_once() {
        check("/crm/v3/objects/%63ontacts", Ok("/crm/v3/objects/contacts"));
        check("/a/user%40example.com", Ok("/a/user@example.com"));
        check("/a/100%25%20off", Ok("/a/100%25%20off"));
        check("/a/%2563", Err(PathError::Ambiguous));
        check("/a/%2", Err(PathError::BadEncoding));
        check("/a/%ff", Err(PathError::BadEncoding));
    }

    #[test]
    fn what_is_forwarded_is_what_was_sent_but_for_dot_segments() {
        for raw in
            ["/settings/v3/users/", "/a/ada%40example.com", "/a/%63ontacts/", "/a/100%25%20off", "/a/b", "/a/%c3%a9", "/a/1%2B1", "/a/1+1"]
        {
            assert_eq!(NormalPath::parse(raw).unwrap().as_sent(), raw);
        }
        assert_eq!(NormalPath::parse("/crm/v3/objects/contacts/../deals/").unwrap().as_sent(), "/crm/v3/objects/deals");
        assert_eq!(NormalPath::parse("/crm/./v3/%63").unwrap().as_sent(), "/crm/v3/c");
    }

    #[test]
    fn dot_segments_are_resolved_and_never_leave_the_root() {
        check("/crm/v3/objects/contacts/../deals", Ok("/crm/v3/objects/deals"));
        check("/crm/./v3", Ok("/crm/v3"));
        check("/..", Err(PathError::AboveRoot));
        check("/a/%2e%2e/b", Err(PathError::Ambiguous));
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for raw in ["/a%2Fb", "/a%5cb", "/a;v=1/b", "/..;/b", "/a\\b", "/a%00b", "/a b"] {
            check(raw, Err(PathError::Ambiguous));
        }
        check("//crm", Err(PathError::EmptySegment));
        check("crm", Err(PathError::NotAbsolute));
        check(&format!("/{}", "a".repeat(PATH_BYTES_MAX)), Err(PathError::TooLong));
    }

    #[test]
    fn the_path_of_a_file_may_have_encoded_slashes_and_nothing_else_may() {
        for (raw, expected) in [
            ("/cms/v3/source-code/draft/content/templates%2Fa%20page.html", "/cms/v3/source-code/draft/content/templates%2Fa%20page.html"),
            ("/cms/source-code/2026-09/draft/metadata/a%2fb%2Fc", "/cms/source-code/2026-09/draft/metadata/a%2Fb%2Fc"),
            ("/files/v3/files/stat/folder%2Fphoto.png/", "/files/v3/files/stat/folder%2Fphoto.png"),
        ] {
            check(raw, Ok(expected));
            assert_eq!(NormalPath::parse(raw).unwrap().as_sent(), raw);
        }
        let path = NormalPath::parse("/cms/v3/source-code/draft/content/a%2Fb").unwrap();
        assert_eq!(path.segments().next_back(), Some("a%2Fb"));
        let content = "/cms/v3/source-code/draft/content";
        for tail in
            ["%2Fa", "a%2F", "a%2F%2Fb", "a%2F..%2Fb", "a%2F.", "%2e%2e%2Fa", "a%2F%2e%2e", "a%5Cb", "a%2Fb%5Cc", "a%252Fb", "a%2Fb%252e"]
        {
            check(&format!("{content}/{tail}"), Err(PathError::Ambiguous));
        }
        for raw in [
            "/crm/v3/objects/contacts%2F1",
            "/cms/v3/source-code/draft%2Fcontent/a",
            "/cms/v3/source-code/draft/content/a%2Fb/c",
            "/cms/v3/source-code/draft/content/a%2Fb/..",
            "/cms/v3/hubdb/draft/content/a%2Fb",
            "/files/v3/folders/update%2Fasync%2Ftasks%2F1%2Fstatus",
        ] {
            check(raw, Err(PathError::Ambiguous));
        }
        check("/cms/v3/source-code/x/../draft/content/a%2Fb", Ok("/cms/v3/source-code/draft/content/a%2Fb"));
        check("/cms/v3/source-code/draft/metadata/../content/a%2Fb", Ok("/cms/v3/source-code/draft/content/a%2Fb"));
    }

    #[test]
    fn every_path_parameter_of_the_catalog_takes_encoded_slashes_and_no_operation_is_deeper() {
        use crate::catalog::{Catalog, Resolution};

        let catalog = Catalog::get();
        let operations = catalog.operations();
        let of_files: Vec<_> = operations.iter().filter(|operation| operation.template.ends_with("/{path}")).collect();
        assert!(of_files.len() > 20, "{}", of_files.len());
        for operation in of_files {
            let place = operation.template.strip_suffix("{path}").unwrap();
            let raw = format!("{}a%2Fb", place.replace("{environment}", "draft"));
            let path = NormalPath::parse(&raw).unwrap_or_else(|error| panic!("{raw}: {error}"));
            match catalog.resolve(&operation.method.to_string(), &path) {
                Resolution::Found(found) => assert_eq!(found.id, operation.id, "{raw}"),
                other => panic!("{raw}: {other:?}"),
            }
            let deeper = operations.iter().find(|other| other.template.starts_with(place) && other.template[place.len()..].contains('/'));
            assert!(deeper.is_none(), "{deeper:?}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(raw in "(/cms/v3/source-code/draft/content/)?(/?[a-z%2-5F.;é@ ]{0,6}){0,6}/?") {
            if let Ok(once) = NormalPath::parse(&raw) {
                let twice = NormalPath::parse(once.as_str()).expect("a canonical path is accepted");
                prop_assert_eq!(once.as_str(), twice.as_str());
                prop_assert!(once.segments().eq(twice.segments()));
                let forwarded = NormalPath::parse(once.as_sent()).expect("what is forwarded is accepted");
                prop_assert!(once.segments().eq(forwarded.segments()));
            }
        }

        #[test]
        fn no_segment_is_empty_a_dot_segment_or_holds_a_slash(raw in "/[ -~]{0,40}") {
            if let Ok(path) = NormalPath::parse(&raw) {
                prop_assert!(path.segments().all(|segment| !matches!(segment, "" | "." | "..") && !segment.contains(['/', '\\'])));
            }
        }

        #[test]
        fn any_text_survives_encoding_as_a_segment(text in "[^/\\\\\\pC%]{1,20}") {
            prop_assume!(text != "." && text != "..");
            let mut raw = String::from("/x/");
            encode(&text, &mut raw);
            let path = NormalPath::parse(&raw).unwrap();
            prop_assert_eq!(path.segments().nth(1), Some(text.as_str()));
        }
    }
}
