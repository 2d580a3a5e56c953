//! What the names of functions, options and settings reveal about a request's method.

use keyway_core::catalog::Method;

use crate::text::words;

/// Whether a text is a plain name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 80 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A method by its name, in any case.
pub(super) fn method(word: &str) -> Option<Method> {
    if word.len() > 6 {
        return None;
    }
    Method::parse(&word.to_ascii_uppercase())
}

/// A method by the name of its constant: `Post`, `MethodPost`, `METHOD_POST`, `HTTP_POST`.
pub(super) fn constant(name: &str) -> Option<Method> {
    let name = name.trim_start_matches(':');
    method(name).or_else(|| {
        let words = words(name.as_bytes());
        match words.as_slice() {
            [before, word] if matches!(before.as_str(), "method" | "http" | "verb" | "request" | "m") => verb(word),
            [before, second, word] if before == "http" && second == "method" => verb(word),
            _ => None,
        }
    })
}

fn verb(word: &str) -> Option<Method> {
    match word {
        "del" => Some(Method::Delete),
        _ => method(word),
    }
}

/// Words that may be beside a verb in the name of a function that sends a request.
const BESIDE: [&str; 24] = [
    "async", "json", "form", "as", "string", "ajax", "request", "http", "data", "to", "object", "entity", "for", "stream", "byte", "array",
    "body", "from", "bytes", "sync", "bang", "req", "raw", "response",
];
/// Words that may be before the verb in the name of a function that sends a request.
const BEFORE: [&str; 22] = [
    "http", "wp", "remote", "do", "send", "api", "safe", "hubspot", "hs", "rest", "crm", "auth", "authed", "client", "call", "make",
    "perform", "fetch", "request", "async", "simple", "curl",
];

/// The method that a function's name states beyond doubt: `post`, `PostAsync`, `wp_remote_post`.
pub(super) fn strong(name: &str) -> Option<Method> {
    let words = words(name.as_bytes());
    match words.as_slice() {
        [] => None,
        [one] => verb(one),
        [first, rest @ ..] if verb(first).is_some() && rest.iter().all(|word| BESIDE.contains(&word.as_str())) => {
            // `getRequest()` and `getResponse()` return an object and send nothing.
            let hands_out =
                first == "get" && rest.iter().all(|word| matches!(word.as_str(), "request" | "response" | "body" | "data" | "form"));
            verb(first).filter(|_| !hands_out)
        }
        [before @ .., last] if before.iter().all(|word| BEFORE.contains(&word.as_str())) => verb(last),
        [before @ .., word, last] if BESIDE.contains(&last.as_str()) && before.iter().all(|word| BEFORE.contains(&word.as_str())) => {
            verb(word)
        }
        _ => None,
    }
}

/// The method that a function's name suggests: `deleteContact`, `get_page`.
pub(super) fn weak(name: &str) -> Option<Method> {
    const OTHER: [&str; 12] =
        ["env", "url", "uri", "config", "property", "request", "setting", "path", "endpoint", "option", "options", "parameter"];
    let words = words(name.as_bytes());
    if words.len() > 4 || words.iter().any(|word| OTHER.contains(&word.as_str())) {
        return None;
    }
    words.first().and_then(|word| verb(word)).or_else(|| words.last().and_then(|word| verb(word)))
}

/// Whether an option, a setting or an argument of this name holds the method.
pub(super) fn names_method(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    matches!(plain.as_str(), "method" | "type" | "verb" | "httpmethod" | "requestmethod" | "httpverb" | "curloptcustomrequest")
}

/// Whether a call of this name sets the method: `setMethod`, `setRequestMethod`, `method`, `open`.
pub(super) fn sets_method(name: &str) -> bool {
    matches!(name, "open" | "request" | "Request" | "verb")
        || words(name.as_bytes()).iter().any(|word| matches!(word.as_str(), "method" | "verb"))
}

/// Whether an option or a setting of this name holds the URL.
pub(super) fn names_url(name: &str) -> bool {
    let words = words(name.as_bytes());
    words.last().is_some_and(|word| {
        matches!(word.as_str(), "url" | "uri" | "path" | "pathname" | "endpoint" | "href" | "resource" | "route" | "opt_url" | "baseurl")
    }) || name == "CURLOPT_URL"
}

/// Whether a function with this name returns its argument in another form.
pub(super) fn hands_back(name: &str) -> bool {
    const LAST: [&str; 33] = [
        "url", "uri", "path", "endpoint", "query", "format", "sprintf", "vsprintf", "join", "urljoin", "replace", "concat", "encode",
        "decode", "string", "str", "parse", "trim", "rtrim", "ltrim", "strip", "create", "escape", "quote", "append", "param", "params",
        "link", "arg", "address", "expand", "freeze", "resolve",
    ];
    let words = words(name.as_bytes());
    let loads = words.iter().any(|word| matches!(word.as_str(), "download" | "upload"));
    words.last().is_some_and(|word| LAST.contains(&word.as_str())) && strong(name).is_none() && !loads
}

/// Whether a function's documentation makes GET its default method.
pub(super) fn reads_by_default(name: &str) -> bool {
    const NAMES: [&str; 33] = [
        "axios",
        "got",
        "ky",
        "ajax",
        "getJSON",
        "urlopen",
        "urlretrieve",
        "file_get_contents",
        "fopen",
        "wp_remote_request",
        "curl_init",
        "openStream",
        "readfile",
        "apiRequest",
        "api_request",
        "superagent",
        "needle",
        "rp",
        "useSWR",
        "request",
        "Request",
        "RestRequest",
        "newBuilder",
        "HttpRequest",
        "Builder",
        "HttpRequestMessage",
        "curl_setopt",
        "curl_setopt_array",
        "openConnection",
        "uri",
        "url",
        "UriTemplate",
        "phin",
    ];
    let words = words(name.as_bytes());
    NAMES.contains(&name) || words.iter().any(|word| matches!(word.as_str(), "fetch" | "download"))
}

/// Whether a function with this name makes options from its arguments.
pub(super) fn makes_options(name: &str) -> bool {
    words(name.as_bytes()).iter().any(|word| {
        matches!(word.as_str(), "context" | "option" | "options" | "config" | "init" | "merge" | "assign" | "extend" | "defaults")
    })
}

/// Whether a call with this name makes a request that is sent later, or a connection.
pub(super) fn makes_request(name: &str) -> bool {
    matches!(
        name,
        "curl_init"
            | "Request"
            | "RestRequest"
            | "newBuilder"
            | "HttpRequestMessage"
            | "HttpRequest"
            | "openConnection"
            | "Create"
            | "CreateHttp"
            | "uri"
            | "url"
            | "Url"
            | "Uri"
            | "setUri"
            | "setURI"
            | "UnityWebRequest"
    )
}

/// Whether a function of this name sends something.
pub(super) fn sends(name: &str) -> bool {
    words(name.as_bytes()).iter().any(|word| {
        matches!(
            word.as_str(),
            "fetch" | "request" | "send" | "call" | "execute" | "exec" | "ajax" | "http" | "api" | "invoke" | "exchange" | "hubspot"
        )
    })
}
