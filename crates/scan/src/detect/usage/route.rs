//! Paths in annotations and routes: those that a program serves, those that an interface calls, and mere parameters.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::line_near;

/// Whether this program serves the path, and does not call it.
pub(super) fn is_route(text: &[u8], url: &Range<usize>) -> bool {
    static DEFINES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?:\b(?:app|router|server|Route|mux|bp|blueprint|fastify)(?:\.|::)\w+\(|@\w*(?:Mapping|route|Path)\()\s*["'`]$"#)
            .expect("a constant")
    });
    static HANDLED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)^["'`](?:,\s*to:|\s*=>\s*["']\w+#)"#).expect("a constant"));
    let line = line_near(text, url.start);
    // Spring's annotations on a client interface describe calls.
    let client = || {
        memchr::memmem::find(text, b"FeignClient").is_some()
            || memchr::memmem::find(text, b"HttpExchange").is_some()
            || memchr::memmem::find(text, b"RegisterRestClient").is_some()
    };
    if [b"Mapping(".as_slice(), b"Path("].iter().any(|by| memchr::memmem::find(&text[line.start..url.start], by).is_some()) && client() {
        return false;
    }
    DEFINES.is_match(&text[line.start..url.start]) || HANDLED.is_match(&text[url.end.min(line.end)..line.end])
}

/// Whether a path is in an annotation: `@Path("/crm/v3/objects")`, `@RequestMapping(…)`.
pub(super) fn is_annotated(text: &[u8], start: usize) -> bool {
    static ANNOTATION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)@(?:Path|\w*Mapping|\w*Exchange)\((?:\w+\s*=\s*)?["']$"#).expect("a constant"));
    ANNOTATION.is_match(&text[line_near(text, start).start..start])
}

/// Whether a word names a parameter in an annotation: `@Path("id")`, `@PathParam("id")`; unlike Retrofit's `@GET("users")`.
pub(super) fn is_parameter(text: &[u8], start: usize) -> bool {
    static ANNOTATION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)@(?P<name>\w+)\(["']$"#).expect("a constant"));
    let named = ANNOTATION.captures(&text[line_near(text, start).start..start]).and_then(|captures| captures.name("name"));
    text[start] != b'/' && named.is_some_and(|name| !matches!(name.as_bytes(), b"GET" | b"POST" | b"PUT" | b"PATCH" | b"DELETE"))
}
