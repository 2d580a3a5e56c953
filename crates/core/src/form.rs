//! Checks the form of an import (`multipart/form-data`, RFC 7578) while it is forwarded. Its first part, `importRequest`, names
//! the object types that it writes. Every later part must be one of `files`, so that none can replace the first.
//!
//! Keyway refuses every form that two parsers could understand differently: another order of the parts, escapes in names,
//! folded lines, line ends of one byte, transfer encodings, text after the last part.

use memchr::memmem;

/// The most bytes of `importRequest`. Five files with a thousand columns each need about 500 KB; most imports need a few KB.
pub const REQUEST_BYTES_MAX: usize = 192 << 10;
/// The most bytes in the head of a part.
const HEAD_BYTES_MAX: usize = 4 << 10;
/// The most characters of a boundary (RFC 2046, section 5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

/// Why Keyway refuses a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The content type is not one of a form with a plain boundary.
    #[error("the body must be multipart/form-data, with a boundary in its Content-Type")]
    ContentType,
    /// The first part is not `importRequest`, or is too long.
    #[error(
        "the first part of the form must be importRequest, with {REQUEST_BYTES_MAX} bytes at most: Keyway reads which object types the import names, before it sends anything on"
    )]
    First,
    /// A later part is not a file.
    #[error("after importRequest the form must hold parts named \"files\" only, each with a plain head")]
    Later,
    /// The form is cut off, or is not a form.
    #[error("the form is not as RFC 7578 has it, or breaks off")]
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Head,
    Content,
    End,
}

/// A form that is read piece by piece.
#[derive(Debug)]
pub struct ImportForm {
    /// Two dashes and the boundary.
    delimiter: Vec<u8>,
    state: State,
    /// Bytes that arrived but are not yet checked.
    kept: Vec<u8>,
    request: Vec<u8>,
    /// The number of parts whose head was read.
    parts: usize,
}

impl ImportForm {
    /// Starts a form with this content type.
    ///
    /// # Errors
    /// The content type names no boundary, or quotes it with escapes.
    pub fn new(content_type: &str) -> Result<Self, FormError> {
        let (essence, parameters) = content_type.split_once(';').ok_or(FormError::ContentType)?;
        let parameters = parameters_of(parameters).ok_or(FormError::ContentType)?;
        let mut boundaries = parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case("boundary"));
        match (boundaries.next(), boundaries.next()) {
            (Some((_, boundary)), None)
                if essence.trim().eq_ignore_ascii_case("multipart/form-data")
                    && !boundary.is_empty()
                    && boundary.len() <= BOUNDARY_CHARS_MAX
                    && boundary.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                let delimiter = [b"--", boundary.as_bytes()].concat();
                Ok(Self { delimiter, state: State::Start, kept: Vec::new(), request: Vec::new(), parts: 0 })
            }
            _ => Err(FormError::ContentType),
        }
    }

    /// Reads the next piece.
    ///
    /// # Errors
    /// The form is invalid.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), FormError> {
        self.kept.extend_from_slice(piece);
        while self.step()? {}
        Ok(())
    }

    /// The bytes of `importRequest`, once the part is complete.
    pub fn request(&self) -> Option<&[u8]> {
        let whole = self.parts > 1 || (self.parts == 1 && self.state != State::Content);
        whole.then_some(&*self.request)
    }

    /// Ends the form.
    ///
    /// # Errors
    /// The form is incomplete.
    pub fn end(&self) -> Result<(), FormError> {
        if self.state == State::End { Ok(()) } else { Err(FormError::Broken) }
    }

    /// Processes a part of the kept bytes. False where nothing more can be processed without further bytes.
    fn step(&mut self) -> Result<bool, FormError> {
        match self.state {
            State::Start => {
                let begin = [&*self.delimiter, b"\r\n"].concat();
                if self.kept.len() < begin.len() {
                    return Ok(false);
                }
                if !self.kept.starts_with(&begin) {
                    return Err(FormError::Broken);
                }
                self.go_on(begin.len(), State::Head);
                Ok(true)
            }
            State::Head => {
                let Some(end) = memmem::find(&self.kept, b"\r\n\r\n") else {
                    return if self.kept.len() > HEAD_BYTES_MAX { Err(self.refused()) } else { Ok(false) };
                };
                let wanted = if self.parts == 0 { "importRequest" } else { "files" };
                if end > HEAD_BYTES_MAX || !is_head_of(&self.kept[..end], wanted) {
                    return Err(self.refused());
                }
                self.parts += 1;
                self.go_on(end + 4, State::Content);
                Ok(true)
            }
            State::Content => self.content(),
            State::End if self.kept.iter().all(|byte| matches!(byte, b'\r' | b'\n')) => {
                self.kept.clear();
                Ok(false)
            }
            State::End => Err(FormError::Broken),
        }
    }

    fn content(&mut self) -> Result<bool, FormError> {
        let Some(at) = memmem::find(&self.kept, &self.delimiter) else {
            // The last bytes may be the beginning of a delimiter, with the line end before it.
            let done = self.kept.len().saturating_sub(self.delimiter.len() + 2);
            self.take_content(done)?;
            self.kept.drain(..done);
            return Ok(false);
        };
        let after = at + self.delimiter.len();
        let Some(next) = self.kept.get(after..after + 2) else { return Ok(false) };
        let state = match next {
            b"\r\n" => State::Head,
            b"--" => State::End,
            _ => return Err(FormError::Broken),
        };
        // Parsers disagree on a boundary that is not at the beginning of a line.
        if !self.kept[..at].ends_with(b"\r\n") {
            return Err(FormError::Broken);
        }
        self.take_content(at - 2)?;
        self.go_on(after + 2, state);
        Ok(true)
    }

    fn take_content(&mut self, bytes: usize) -> Result<(), FormError> {
        if self.parts == 1 {
            if self.request.len() + bytes > REQUEST_BYTES_MAX {
                return Err(FormError::First);
            }
            self.request.extend_from_slice(&self.kept[..bytes]);
        }
        Ok(())
    }

    fn go_on(&mut self, at: usize, state: State) {
        self.kept.drain(..at);
        self.state = state;
    }

    const fn refused(&self) -> FormError {
        if self.parts == 0 { FormError::First } else { FormError::Later }
    }
}

/// Whether a head belongs to a part with this name, and contains nothing else.
fn is_head_of(head: &[u8], wanted: &str) -> bool {
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let mut dispositions = 0;
    for line in head.split("\r\n") {
        // A folded line, or a line end of one byte inside of a line.
        if line.starts_with([' ', '\t']) || line.contains(['\r', '\n', '\0']) {
            return false;
        }
        let Some((name, value)) = line.split_once(':') else { return false };
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if is_named(value, wanted) => dispositions += 1,
            "content-disposition" => return false,
            "content-transfer-encoding" if !["7bit", "8bit", "binary"].contains(&value.trim().to_ascii_lowercase().as_str()) => {
                return false;
            }
            "content-type" if wanted == "importRequest" && !is_utf8(value) => return false,
            _ if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => return false,
            _ => {}
        }
    }
    dispositions == 1
}

fn is_named(disposition: &str, wanted: &str) -> bool {
    let Some((kind, parameters)) = disposition.split_once(';') else { return false };
    let Some(parameters) = parameters_of(parameters) else { return false };
    let mut names =
        parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case("name") || name.to_ascii_lowercase().starts_with("name*"));
    let is_one = matches!((names.next(), names.next()), (Some((key, value)), None) if key.eq_ignore_ascii_case("name") && *value == wanted);
    kind.trim().eq_ignore_ascii_case("form-data") && is_one
}

fn is_utf8(content_type: &str) -> bool {
    let Some((_, parameters)) = content_type.split_once(';') else { return true };
    let charset = |(name, value): &(&str, &str)| !name.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8");
    parameters_of(parameters).is_some_and(|parameters| parameters.iter().all(charset))
}

/// Parses `name=value; name="value"`. None where the text has another form. The escapes of a quoted value stay.
fn parameters_of(text: &str) -> Option<Vec<(&str, &str)>> {
    let (mut rest, mut found) = (text.trim(), Vec::new());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut escaped = false;
                let end = quoted.char_indices().find(|(_, c)| {
                    let is_end = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    is_end
                });
                let (end, _) = end?;
                (&quoted[..end], quoted[end + 1..].trim_start())
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim_end(), &after[end..])
            }
        };
        if name.trim().is_empty() || name.contains(['"', ';']) {
            return None;
        }
        found.push((name.trim(), value));
        rest = match after.strip_prefix(';') {
            Some(rest) => rest.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=b";

    fn part(head: &str, content: &str) -> String {
        format!("--b\r\n{head}\r\n\r\n{content}\r\n")
    }

    fn named(name: &str, content: &str) -> String {
        part(&format!("Content-Disposition: form-data; name=\"{name}\""), content)
    }

    /// Reads a form in pieces of this size. Returns its `importRequest`.
    fn read(form: &str, piece: usize) -> Result<Vec<u8>, FormError> {
        let mut reading = ImportForm::new(TYPE)?;
        for piece in form.as_bytes().chunks(piece) {
            reading.feed(piece)?;
        }
        reading.end()?;
        Ok(reading.request().unwrap().to_vec())
    }

    #[test]
    fn the_request_is_found_however_the_form_is_cut() {
        let file = part(
            "Content-Disposition: form-data; name=\"files\"; filename=\"a;name=b \\\" c.csv\"\r\nContent-Type: text/csv",
            "a\r\n-\r\n--\r\n--x",
        );
        let form = format!("{}{file}{file}--b--\r\n", named("importRequest", "{\"name\":\"x\"}"));
        for piece in 1..form.len() {
            assert_eq!(read(&form, piece), Ok(b"{\"name\":\"x\"}".to_vec()), "{piece}");
        }
    }

    #[test]
    fn no_later_part_takes_the_place_of_the_request() {
        let first = named("importRequest", "{}");
        for later in [
            named("importRequest", "{}"),
            named("import\\Request", "{}"),
            named("other", "{}"),
            part("Content-Disposition: form-data; name=\"files\"; name=\"importRequest\"", "{}"),
            part("Content-Disposition: form-data; name=\"files\"; name*=utf-8''importRequest", "{}"),
            part("Content-Disposition: form-data; name=\"files\"\r\nContent-Disposition: form-data; name=\"importRequest\"", "{}"),
            part("Content-Disposition: form-data; name=\"files\";\r\n name=\"importRequest\"", "{}"),
            part("Content-Disposition: form-data; name=\"files\"\nContent-Disposition: form-data; name=\"importRequest\"", "{}"),
            part("Content-Disposition: form-data; name=\"files\"\r\nContent-Transfer-Encoding: base64", "e30="),
            part("Content-Disposition: attachment; name=\"files\"", "{}"),
        ] {
            assert_eq!(read(&format!("{first}{later}--b--\r\n"), 7), Err(FormError::Later), "{later}");
        }
    }

    #[test]
    fn the_request_comes_first_and_is_bounded() {
        for first in [
            named("files", "a"),
            part("Content-Disposition: form-data; name=\"importRequest\"\r\nContent-Type: application/json; charset=utf-16", "{}"),
            part("Content-Disposition: form-data; name=\"importRequest\"\r\nContent-Transfer-Encoding: base64", "e30="),
            named("importRequest", &"x".repeat(REQUEST_BYTES_MAX + 1)),
        ] {
            assert_eq!(read(&format!("{first}--b--\r\n"), 1_000), Err(FormError::First));
        }
        assert!(read(&format!("{}--b--\r\n", named("importRequest", &"x".repeat(REQUEST_BYTES_MAX))), 1_000).is_ok());
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        let request = named("importRequest", "{}");
        for form in [
            format!("preamble\r\n{request}--b--\r\n"),
            format!("{request}--b--\r\n{request}--b--\r\n"),
            format!("{request}--bb\r\n\r\n--b--\r\n"),
            request.replace("\r\n--b", "\n--b"),
            format!("{request}{}--b--\r\n", named("files", "x--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{}")),
            request.clone(),
        ] {
            assert_eq!(read(&form, 5), Err(FormError::Broken), "{form}");
        }
    }

    #[test]
    fn a_boundary_is_plain() {
        for refused in [
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=b",
            "multipart/form-data; boundary=a; boundary=b",
            "multipart/form-data; boundary=\"a b\"",
        ] {
            assert_eq!(ImportForm::new(refused).unwrap_err(), FormError::ContentType, "{refused}");
        }
        assert!(ImportForm::new("Multipart/Form-Data; charset=utf-8; boundary=\"----x\"").is_ok());
    }
}
