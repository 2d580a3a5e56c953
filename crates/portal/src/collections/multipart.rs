//! Reads the parts of a `multipart/form-data` body (RFC 7578), the form of a file upload.

/// A part: its name, its file's name, and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub bytes: &'a [u8],
}

/// Parts of a body at most.
const PARTS_MAX: usize = 32;

/// Reads a body. The boundary is its first line: a body without a preamble begins with it, and no
/// client sends one with a preamble.
pub fn parts(body: &[u8]) -> Option<Vec<Part<'_>>> {
    let end = find(body, b"\r\n")?;
    let boundary = &body[..end];
    if !boundary.starts_with(b"--") || boundary.len() < 3 || boundary.len() > 200 {
        return None;
    }
    let delimiter = [b"\r\n", boundary].concat();
    let mut rest = &body[end + 2..];
    let mut parts = Vec::new();
    loop {
        let head_end = find(rest, b"\r\n\r\n")?;
        let (head, content) = (std::str::from_utf8(&rest[..head_end]).ok()?, &rest[head_end + 4..]);
        let length = find(content, &delimiter)?;
        parts.push(part(head, &content[..length])?);
        rest = &content[length + delimiter.len()..];
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        if parts.len() == PARTS_MAX {
            return None;
        }
    }
}

fn part<'a>(head: &str, bytes: &'a [u8]) -> Option<Part<'a>> {
    let header =
        |wanted: &str| head.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    let (_, disposition) = header("content-disposition")?;
    let value = |wanted: &str| {
        let mut pairs = disposition.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let content_type = header("content-type").map(|(_, value)| value.trim().to_owned());
    Some(Part { name: value("name")?, file_name: value("filename"), content_type, bytes })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_a_name_and_bytes_of_any_kind() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n--x\r\n--b\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{}\r\n--b--\r\n";
        let parts = parts(body).unwrap();
        assert_eq!((parts[0].bytes, parts[0].file_name.as_deref()), (&b"\x00\r\n--x"[..], Some("a.png")));
        assert_eq!((parts[1].name.as_str(), parts[1].bytes), ("options", &b"{}"[..]));
    }

    #[test]
    fn what_is_cut_or_no_multipart_is_refused() {
        for body in
            [&b""[..], b"{}", b"--b\r\n", b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", b"--b\r\n\r\n\r\nx\r\n--b--"]
        {
            assert_eq!(parts(body), None, "{}", String::from_utf8_lossy(body));
        }
    }
}
