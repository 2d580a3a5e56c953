//! Reads JSON in pieces of any size, and rewrites the links in it.

use std::borrow::Cow;

use memchr::memchr2;

use super::Links;

/// The greatest depth of objects and arrays at which links are found. HubSpot's links are at most five deep.
const DEPTH_MAX: usize = 64;
/// The longest key that is compared, in bytes.
const KEY_BYTES_MAX: usize = 24;
/// The most bytes of a string that are held back until it is known whether the string is a link of HubSpot's API.
const HELD_BYTES_MAX: usize = 1024;

/// Members whose values the account itself wrote.
const WRITTEN_BY_THE_ACCOUNT: [&[u8]; 14] = [
    b"properties",
    b"propertiesWithHistory",
    b"values",
    b"metadata",
    b"tokens",
    b"extraData",
    b"inputFields",
    b"outputFields",
    b"actions",
    b"widgets",
    b"widgetContainers",
    b"layoutSections",
    b"content",
    b"body",
];

/// The meaning of an object's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// No special meaning.
    Plain,
    /// `paging`.
    Paging,
    /// `next` or `prev` of `paging`, whose `link` is a link.
    Page,
    /// `links`, whose members are all links.
    Links,
    /// Written by the account, at any depth.
    Account,
}

/// An open object or array.
#[derive(Clone, Copy, Debug)]
struct Frame {
    place: Place,
    array: bool,
}

/// The kind of text that the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Text between strings.
    Between,
    Key,
    /// A string that is skipped, and the byte after a backslash in it.
    Text,
    TextEscape,
    /// A string that may be a link of HubSpot's API.
    Link,
}

/// The beginning of a string that may be a link.
#[derive(Debug, Default)]
struct Held {
    /// The bytes as received.
    raw: Vec<u8>,
    /// The decoded text.
    text: String,
    /// The offset in `raw` of an escape that is not yet complete.
    escape: Option<usize>,
    /// Whether a slash was written as `\/`.
    escaped_slash: bool,
}

/// The decision about a held string after a byte, and the next state.
enum Decision {
    Undecided,
    /// The string is not a link of HubSpot's API.
    Other(State),
    /// It is a link; its origin ends before this byte of `raw`.
    Link(usize, State),
}

/// Rewrites the links of one answer while it is forwarded.
#[derive(Debug)]
pub struct Rewriter {
    links: Links,
    frames: Vec<Frame>,
    /// The number of open objects and arrays below the greatest depth that is read.
    deeper: usize,
    expects_key: bool,
    state: State,
    /// The latest key; empty where the key is too long to be a known one.
    key: Vec<u8>,
    held: Held,
    changed: u64,
}

impl Rewriter {
    pub(super) fn new(links: Links) -> Self {
        Self {
            links,
            frames: Vec::new(),
            deeper: 0,
            expects_key: false,
            state: State::Between,
            key: Vec::new(),
            held: Held::default(),
            changed: 0,
        }
    }

    /// Reads the next piece. Returns the bytes to forward: the piece itself where nothing in it changed.
    pub fn feed<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        let mut out: Option<Vec<u8>> = None;
        // Bytes of the piece from here on are not in `out` yet.
        let mut from = 0;
        // The offset in this piece at which the held string began, if it began here.
        let mut began = None;
        let mut at = 0;
        while at < piece.len() {
            match self.state {
                State::Between => {
                    self.between(piece[at]);
                    at += 1;
                    if self.state == State::Link {
                        began = Some(at);
                    }
                }
                State::Key => at += self.key(&piece[at..]),
                State::Text => match memchr2(b'"', b'\\', &piece[at..]) {
                    Some(found) => {
                        at += found + 1;
                        self.state = if piece[at - 1] == b'"' { State::Between } else { State::TextEscape };
                    }
                    None => at = piece.len(),
                },
                State::TextEscape => {
                    self.state = State::Text;
                    at += 1;
                }
                State::Link => {
                    let decision = self.held.push(piece[at], &self.links);
                    at += 1;
                    match decision {
                        Decision::Undecided => continue,
                        Decision::Link(end, next) => {
                            let held = std::mem::take(&mut self.held);
                            let out = out.get_or_insert_with(Vec::new);
                            out.extend_from_slice(&piece[from..began.unwrap_or(from)]);
                            out.extend_from_slice(&self.called(held.escaped_slash));
                            out.extend_from_slice(&held.raw[end..]);
                            (from, self.state) = (at, next);
                            self.changed += 1;
                        }
                        Decision::Other(next) => {
                            let held = std::mem::take(&mut self.held);
                            // A held string that began in this piece is forwarded together with the bytes around it.
                            if began.is_none() {
                                out.get_or_insert_with(Vec::new).extend_from_slice(&held.raw);
                                from = at;
                            }
                            self.state = next;
                        }
                    }
                    began = None;
                }
            }
        }
        if self.state == State::Link {
            let out = out.get_or_insert_with(Vec::new);
            out.extend_from_slice(&piece[from..began.unwrap_or(from)]);
            return Cow::Owned(std::mem::take(out));
        }
        match out {
            None => Cow::Borrowed(piece),
            Some(mut out) => {
                out.extend_from_slice(&piece[from..]);
                Cow::Owned(out)
            }
        }
    }

    /// The remaining bytes at the end: the beginning of a string that was cut off.
    pub fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held).raw
    }

    /// The number of links changed so far.
    pub const fn changed(&self) -> u64 {
        self.changed
    }

    /// The new origin, with its slashes escaped as HubSpot wrote them.
    fn called(&self, escaped_slash: bool) -> Vec<u8> {
        let called = &self.links.called;
        if escaped_slash { called.replace('/', "\\/").into_bytes() } else { called.clone().into_bytes() }
    }

    /// Handles a byte between strings.
    fn between(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.open(byte == b'['),
            b'}' | b']' => {
                if self.deeper > 0 {
                    self.deeper -= 1;
                } else {
                    self.frames.pop();
                }
                self.expects_key = false;
            }
            b',' => self.expects_key = self.frames.last().is_some_and(|frame| !frame.array),
            b'"' => {
                self.state = if self.deeper > 0 {
                    State::Text
                } else if self.expects_key {
                    self.key.clear();
                    State::Key
                } else if self.is_link() {
                    State::Link
                } else {
                    State::Text
                };
            }
            _ => {}
        }
    }

    fn open(&mut self, array: bool) {
        if self.deeper > 0 || self.frames.len() == DEPTH_MAX {
            self.deeper += 1;
            return;
        }
        let place = match self.frames.last() {
            None => Place::Plain,
            Some(Frame { place: Place::Account, .. }) => Place::Account,
            Some(Frame { array: true, .. }) => Place::Plain,
            Some(_) if WRITTEN_BY_THE_ACCOUNT.contains(&self.key.as_slice()) => Place::Account,
            Some(_) if array => Place::Plain,
            Some(Frame { place, .. }) => match (place, self.key.as_slice()) {
                (Place::Paging, b"next" | b"prev" | b"previous") => Place::Page,
                (_, b"paging") => Place::Paging,
                (_, b"links") => Place::Links,
                _ => Place::Plain,
            },
        };
        self.frames.push(Frame { place, array });
        self.expects_key = !array;
    }

    /// Whether the string that begins here may be a link.
    fn is_link(&self) -> bool {
        self.frames.last().is_some_and(|frame| match frame.place {
            Place::Links => !frame.array,
            Place::Page => self.key == b"link",
            _ => false,
        })
    }

    /// Reads bytes of a key. Returns their number.
    fn key(&mut self, piece: &[u8]) -> usize {
        let end = memchr2(b'"', b'\\', piece);
        let part = &piece[..end.unwrap_or(piece.len())];
        if self.key.len() + part.len() <= KEY_BYTES_MAX {
            self.key.extend_from_slice(part);
        } else {
            self.key = vec![b'*'; KEY_BYTES_MAX];
        }
        let Some(end) = end else { return piece.len() };
        self.expects_key = false;
        if piece[end] == b'"' {
            self.state = State::Between;
        } else {
            // None of the known keys has an escape.
            self.key.clear();
            self.state = State::TextEscape;
        }
        end + 1
    }
}

impl Held {
    /// Adds a byte to the held string. The closing quote decides at the latest.
    fn push(&mut self, byte: u8, links: &Links) -> Decision {
        let at = self.raw.len();
        self.raw.push(byte);
        let next = match byte {
            _ if self.escape.is_some_and(|began| at == began + 1) => State::Text,
            b'"' => State::Between,
            b'\\' => State::TextEscape,
            _ => State::Text,
        };
        if at == HELD_BYTES_MAX {
            return Decision::Other(next);
        }
        let (char, began) = match self.escape {
            Some(began) => match self.raw[began + 1..] {
                [b'/'] => {
                    self.escaped_slash = true;
                    ('/', began)
                }
                [b'u'] => return Decision::Undecided,
                [b'u', ref digits @ ..] if byte.is_ascii_hexdigit() => match digits {
                    [_, _, _, _] => (hex(digits), began),
                    _ => return Decision::Undecided,
                },
                _ => return Decision::Other(next),
            },
            None if byte == b'\\' => {
                self.escape = Some(at);
                return Decision::Undecided;
            }
            None if byte == b'"' => {
                return if links.names_api(&self.text) { Decision::Link(at, next) } else { Decision::Other(next) };
            }
            None => (char::from(byte), at),
        };
        self.escape = None;
        let after_scheme = self.text.starts_with("https://") || self.text.starts_with("http://");
        if after_scheme && matches!(char, '/' | '?' | '#') {
            return if links.names_api(&self.text) { Decision::Link(began, next) } else { Decision::Other(next) };
        }
        self.text.push(char);
        let begins = |scheme: &str| scheme.starts_with(&self.text);
        let may_be = char.is_ascii_graphic() && (after_scheme || begins("https://") || begins("http://"));
        if may_be { Decision::Undecided } else { Decision::Other(next) }
    }
}

/// The character of four hexadecimal digits. Characters outside of ASCII never occur in an origin.
fn hex(digits: &[u8]) -> char {
    let code = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
    code.filter(u8::is_ascii).map_or(' ', char::from)
}

#[cfg(test)]
mod tests;
