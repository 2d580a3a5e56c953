//! Errors between a program and HubSpot: browsers, host names, connections, certificates, gateways
//! (hubspot facts, section 4).

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use super::{Facts, Found, Say};
use crate::doctor::Certainty::Likely;

/// Steps that help with any broken connection.
const SEND_AGAIN: &str =
    "send reads again, a little later each time; a write may have arrived, so read the record before you send it again";

/// Many sites have Cloudflare in front, so its pages say nothing about whose site it is.
pub(super) const CLOUDFLARE: Source = Source::Program("Cloudflare's error pages");

/// Words about the connection to a proxy. What broke then is not the connection to HubSpot.
const OF_A_PROXY: &[&str] = &[
    "tunneling socket",
    "tunnel connection failed",
    "connect tunnel failed",
    "tunnel through proxy",
    "proxy tunnel request",
    "proxyconnect",
    "proxyerror",
    "proxy connect aborted",
    "http tunneling",
    "cannot connect to proxy",
    "unable to connect to proxy",
    "resolve proxy",
    "err_proxy_connection_failed",
    "err_tunnel_connection_failed",
];

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "cors",
        title: "a browser may not call HubSpot's API",
        source: Source::Program("browsers"),
        names_hubspot: true,
        page: pages::AUTH,
        says: &[
            "cors policy",
            "access-control-allow-origin",
            "cross-origin request blocked",
            "cors header",
            "preflight",
            "not allowed by access-control",
            "cors request did not succeed",
            "origin&is not allowed by",
            "xmlhttprequest at&blocked",
            "due to access control checks",
        ],
        judge: Some(refused_to_a_page),
        because: "HubSpot's API answers servers, and sends no CORS headers; a page that could call it would also show the token to everyone who opens the page",
        remedy: &[
            "call HubSpot from a server or a serverless function, and let the page call that",
            "send forms from a page to api.hsforms.com/submissions/v3/integration/submit/…, the one endpoint that takes calls from pages without a token (its /secure/ form does not)",
            "in a UI extension use hubspot.fetch, which calls your own backend",
            "rotate the token if it was in a page",
        ],
        ..ROW
    },
    Said {
        cause: "browser-extension-blocks",
        title: "an extension of the browser blocks HubSpot",
        source: Source::Program("browsers"),
        names_hubspot: true,
        page: pages::FORMS,
        says: &["err_blocked_by_client"],
        because: "the browser did not send the call, because an ad blocker or another extension forbids HubSpot's host",
        remedy: &[
            "try a window without extensions: the call then works",
            "for visitors with such extensions send the form from your own server to api.hsforms.com",
        ],
        ..ROW
    },
    Said {
        cause: "fetch-url-not-permitted",
        title: "the app may not fetch this URL",
        source: Source::Page(pages::FETCHING),
        names_hubspot: true,
        page: pages::FETCHING,
        says: &["permittedurls"],
        guesses: &["allowedurls", "hubspot.fetch&not permitted"],
        certainty: Likely,
        because: "hubspot.fetch sends only to https URLs that the app's settings list under permittedUrls.fetch, and never to localhost",
        remedy: &[
            "add the URL to permittedUrls.fetch in the app's hsmeta file, and upload the project again",
            "send calls to your own machine through the proxy of `hs project dev`",
        ],
        ..ROW
    },
    Said {
        cause: "csp-blocks",
        title: "the page's own security policy blocks HubSpot",
        source: Source::Program("browsers"),
        names_hubspot: true,
        page: pages::FORMS,
        says: &["content security policy", "content-security-policy"],
        because: "the site sends a Content-Security-Policy that does not list HubSpot's host, so the browser sends nothing to it",
        remedy: &[
            "add the host that the browser names to the directive that it names (connect-src, script-src, frame-src or img-src)",
            "HubSpot's forms need forms.hsforms.com, js.hsforms.net and hubspot.com; the API itself must not be called from a page",
        ],
        ..ROW
    },
    Said {
        cause: "dns-failure",
        title: "the name of the host can't be resolved",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "enotfound ",
            "'enotfound'",
            "\"enotfound\"",
            "eai_again",
            "getaddrinfo",
            "could not resolve host",
            "name or service not known",
            "unknownhostexception",
            "nodename nor servname",
            "name resolution",
            "no such host",
            "curl error 6:",
            "curl error 6 ",
            "curl error (6)",
            "couldn't resolve host",
            "nameresolutionerror",
        ],
        unless: OF_A_PROXY,
        without_answer: true,
        because: "the program's machine does not find the address of the host, so no call was sent",
        remedy: &[
            "check the spelling of the host: api.hubapi.com",
            "look at the machine's DNS, and at the network of its container",
            SEND_AGAIN,
        ],
        ..ROW
    },
    Said {
        cause: "connection-refused",
        title: "nothing listens where the program connects",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "econnrefused",
            "connection refused",
            "java.net.connectexception",
            "curl error 7:",
            "curl error 7 ",
            "failed to connect to&port ",
            "actively refused",
        ],
        unless: OF_A_PROXY,
        without_answer: true,
        because: "the connection was refused: the address is of another machine, of a proxy that is down, or of a server that has not started",
        remedy: &[
            "look at the host and port in the message: HubSpot's is api.hubapi.com on 443",
            "check the base URL, HTTPS_PROXY, and whether the Keyway or the proxy in between runs",
        ],
        ..ROW
    },
    Said {
        cause: "connection-timeout",
        title: "no answer came in time",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "etimedout",
            "esockettimedout",
            "econnaborted",
            "read timed out",
            "readtimeout",
            "connecttimeout",
            "connection timed out",
            "curl error 28",
            "operation timed out",
            "request timeout has expired",
            "timeout of&exceeded",
            "sockettimeoutexception",
            "und_err_connect_timeout",
            "und_err_headers_timeout",
            "request timed out",
            "taskcanceledexception",
            "httpclient.timeout",
            "context deadline exceeded",
            "net::readtimeout",
            "net::opentimeout",
            "deadline exceeded",
            "timeouterror",
            "read operation timed out",
            "network timeout at",
            "request-timeout",
        ],
        unless: OF_A_PROXY,
        without_answer: true,
        because: "the program stopped waiting before HubSpot answered; HubSpot itself ends a call after 100 seconds",
        remedy: &[
            "set the client's timeout to more than 100 seconds for searches and batches, and ask for less at once",
            SEND_AGAIN,
            "look whether a firewall drops what goes to api.hubapi.com on 443",
        ],
        ..ROW
    },
    Said {
        cause: "connection-reset",
        title: "the connection broke off",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "econnreset",
            "connection reset",
            "socket hang up",
            "remotedisconnected",
            "remote end closed",
            "broken pipe",
            "epipe",
            "connection aborted",
            "connection was closed",
            "premature close",
            "unexpected eof",
            "und_err_socket",
            "curl error 52",
            "curl error 56",
            "empty reply from server",
            "reason: connection error",
            "connection broken",
            "fetch failed",
            "incompleteread",
        ],
        unless: OF_A_PROXY,
        without_answer: true,
        because: "the connection ended before an answer came, so nobody knows whether HubSpot performed the call",
        remedy: &[
            SEND_AGAIN,
            "do not keep idle connections for longer than a minute: HubSpot's entrance closes them, and the next call meets the closed one",
            "look at https://status.hubspot.com, and at proxies in between",
        ],
        ..ROW
    },
    Said {
        cause: "tls-untrusted",
        title: "the certificate can't be verified",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "ssl peer certificate or ssh remote key was not ok",
            "certificate verify failed",
            "unable_to_verify_leaf_signature",
            "unable to verify the first certificate",
            "unable to get local issuer",
            "self signed certificate",
            "self-signed certificate",
            "curl error 60",
            "ssl certificate problem",
            "pkix path building failed",
            "certificate has expired",
            "cert_has_expired",
            "sslcertverificationerror",
            "depth_zero_self_signed",
            "x509: certificate",
            "trust relationship for the ssl",
            "remote certificate is invalid",
        ],
        without_answer: true,
        because: "the program does not trust the certificate that it was shown: its list of authorities is old, or a company's proxy replaced HubSpot's certificate with its own",
        remedy: &[
            "update the authorities that the program trusts (ca-certificates, certifi, the JVM's cacerts)",
            "add the company's root to that list where a proxy inspects traffic",
            "do not switch verification off: anyone on the way could then read the token",
        ],
        ..ROW
    },
    Said {
        cause: "tls-handshake",
        title: "no encrypted connection could be agreed on",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "sslv3_alert",
            "handshake failure",
            "handshake_failure",
            "wrong version number",
            "unsupported protocol&ssl",
            "tlsv1 alert",
            "curl error 35",
            "ssl_error_syscall",
            "eproto",
            "ssl routines",
        ],
        without_answer: true,
        because: "the two sides have no common version of TLS, or the other side does not speak TLS at all",
        remedy: &[
            "use TLS 1.2 or 1.3: old runtimes and operating systems speak only earlier versions",
            "check for http:// in place of https://, and for a proxy's port",
        ],
        ..ROW
    },
    Said {
        cause: "proxy-refused",
        title: "a proxy refused the connection",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        alone: &[407],
        says: &[
            "tunnel connection failed",
            "tunneling socket could not be established",
            "connect tunnel failed",
            "unable to tunnel through proxy",
            "proxy tunnel request",
            "err_tunnel_connection_failed",
            "err_proxy_connection_failed",
            "proxyconnect tcp",
            "proxy connect aborted",
            "proxy connection ended before receiving connect",
            "proxy response&!== 200 when http tunneling",
            "could not resolve proxy",
            "couldn't resolve proxy",
            "proxy authentication required",
            "proxyerror",
            "cannot connect to proxy",
            "received http code&from proxy",
            "unable to connect to proxy",
            "curl error 5:",
            "curl: (5)",
        ],
        because: "the call ended at a proxy between the program and HubSpot: it wants a sign-in, does not let the call through, or can't be reached; HubSpot has not seen it",
        remedy: &[
            "set the proxy's user and password, or let api.hubapi.com through on the proxy",
            "look at HTTPS_PROXY and NO_PROXY where the program runs",
        ],
        ..ROW
    },
    Said {
        cause: "cloudflare-rate",
        title: "Cloudflare limits the address that calls",
        source: CLOUDFLARE,
        says: &["error 1015", "error code: 1015", "you are being rate limited"],
        because: "HubSpot's entrance has blocked the address for a time because of too many calls, before they were counted as API calls",
        remedy: &[
            "stop for some minutes, then call more slowly",
            "do not send calls without a good credential in a loop: refused calls count here as well",
        ],
        ..ROW
    },
    Said {
        cause: "cloudflare-block",
        title: "HubSpot's firewall blocks the caller",
        source: CLOUDFLARE,
        says: &[
            "sorry, you have been blocked",
            "attention required! | cloudflare",
            "error code: 1020",
            "error 1020",
            "error 1010",
            "error code: 1010",
            "error 1006",
            "checking your browser",
            "just a moment...",
            "cf-chl",
            "challenge-platform",
        ],
        because: "the page is Cloudflare's, which is in front of HubSpot's API; it says nothing about the token, its scopes or the path",
        remedy: &[
            "send a User-Agent that names the program: the firewall refuses empty ones and those of some libraries",
            "look for text in the body that looks like an attack (SQL, script tags), and for an address that is known for abuse, such as a VPN",
            "call from another network; if it stays, send the Ray ID to HubSpot's support",
            "do not rotate or delete the credential because of this answer",
        ],
        ..ROW
    },
    Said {
        cause: "html-as-json",
        title: "the program read a page as JSON",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "unexpected token < in json",
            "unexpected token '<'",
            "is not valid json&<!doctype",
            "expecting value: line 1 column 1",
            "unexpected token h in json",
            "invalid json response body",
            "unexpected character ('<'",
            "syntaxerror: unexpected token <",
            "unexpected character encountered while parsing value: <",
            "invalid character '<'",
            "mediatype text/html is not supported",
        ],
        certainty: Likely,
        because: "the answer was not JSON: HubSpot answers unknown paths, wrong methods and firewalls' refusals with an HTML page, and some calls with an empty body",
        remedy: &[
            "print the status, the content type and the first line of the body before reading it as JSON",
            "check the path and the host: a page with status 404 means that the path does not exist",
            "do not read a body after 204",
        ],
        ..ROW
    },
    Said {
        cause: "too-many-redirects",
        title: "the call is redirected in a circle",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "too many redirects",
            "maximum redirects",
            "toomanyredirects",
            "redirect loop",
            "err_too_many_redirects",
            "max_redirects",
            "stopped after 10 redirects",
        ],
        because: "each answer sends the program to another address: HubSpot's API does not redirect calls, pages and proxies do",
        remedy: &["call https://api.hubapi.com itself, without www or app, and over https"],
        ..ROW
    },
    Said {
        cause: "header-invalid",
        title: "a header has a character that it can't have",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "invalid character in header content",
            "invalid header value",
            "illegal character&header",
            "err_invalid_char",
            "header&contains newline",
            "invalid http header",
            "net/http: invalid header field",
        ],
        because: "the Authorization header holds a line break or another character that no header may have: a token was read from a file or a variable with its line end",
        remedy: &["trim the token when it is read", "store the bare value, without quotes and without the word Bearer"],
        ..ROW
    },
    Said {
        cause: "url-invalid",
        title: "the URL can't be read",
        source: Source::Program("Node.js, Python, Java, Ruby, Go, .NET and curl"),
        says: &[
            "err_invalid_url",
            "invalid url",
            "unsupported protocol scheme",
            "no scheme supplied",
            "missingschema",
            "relative url without a base",
            "invalid uri",
            "uri must be absolute",
            "only absolute urls",
            "an invalid request uri",
            "no host supplied",
        ],
        judge: Some(super::path::no_question_mark),
        certainty: Likely,
        because: "the program put together something that is not a URL: the base is empty or lacks https://, or a variable in it is not set",
        remedy: &[
            "print the URL before the call, with the query removed",
            "set the base to https://api.hubapi.com, or to the data address of your Keyway",
        ],
        ..ROW
    },
    Said {
        cause: "headers-too-large",
        title: "the headers are too large",
        source: Source::Program("HTTP (RFC 6585)"),
        alone: &[431],
        says: &["request header fields too large", "header or cookie too large", "headers overflow", "hpe_header_overflow"],
        because: "the headers are longer than a server takes: mostly cookies, or a token that was appended again at each try",
        remedy: &[
            "send no cookies, and set the Authorization header in place of adding to it",
            "raise the client's own limit where it refuses the answer's headers (HPE_HEADER_OVERFLOW)",
        ],
        ..ROW
    },
    Said {
        cause: "record-locked",
        title: "the record is locked by another change",
        source: Source::Page(pages::ERRORS),
        alone: &[423],
        says: &["423 locked"],
        guesses: &["resource is locked", "is currently locked"],
        because: "another change holds the lock of the record or of its definition, for about two seconds",
        remedy: &[
            "wait two seconds or longer, and send the call again",
            "write a record from one place, one call after the other: parallel writes and association batches of one record lock each other out",
        ],
        ..ROW
    },
    Said {
        cause: "account-migrating",
        title: "HubSpot is moving the account to another data centre",
        source: Source::Page(pages::ERRORS),
        page: pages::ERRORS,
        alone: &[477],
        says: &["migration in progress"],
        guesses: &["is being migrated"],
        because: "HubSpot moves the account, and takes no calls for it while it does; other accounts are not touched",
        remedy: &[
            "wait for the seconds in Retry-After, which can be up to 24 hours",
            "keep what is to be written, and send it afterwards; do not treat the token as dead",
        ],
        ..ROW
    },
    Said {
        cause: "origin-timeout",
        title: "the call took longer than 100 seconds",
        source: Source::Page(pages::ERRORS),
        alone: &[524],
        says: &["origin time-out", "error code 524"],
        guesses: &["a timeout occurred"],
        because: "HubSpot's entrance gives up after 100 seconds; the call may have been performed all the same",
        remedy: &["ask for less at once: smaller pages, fewer properties, fewer associations, smaller batches", SEND_AGAIN],
        ..ROW
    },
    Said {
        cause: "gateway-overloaded",
        title: "HubSpot is overloaded, or is being updated",
        source: Source::Page(pages::ERRORS),
        alone: &[502, 503, 504],
        says: &["bad gateway", "service unavailable", "gateway time-out", "gateway timeout", "service temporarily unavailable"],
        because: "HubSpot's entrance reached no server that could answer, which lasts seconds as a rule; a 504 may also mean that the call takes too long",
        remedy: &[
            "pause for some seconds and send the call again, a little longer each time",
            "ask for less at once where it is always the same call",
            "look at https://status.hubspot.com if it stays",
        ],
        ..ROW
    },
    Said {
        cause: "origin-down",
        title: "HubSpot's servers do not answer its entrance",
        source: Source::Page(pages::ERRORS),
        alone: &[521, 523, 530],
        says: &["web server is down", "origin is unreachable", "error code 521", "error code 523"],
        because: "Cloudflare, HubSpot's entrance, reached no server behind it",
        remedy: &["pause for some seconds and send the call again", "look at https://status.hubspot.com if it stays"],
        ..ROW
    },
    Said {
        cause: "origin-connection",
        title: "the connection behind HubSpot's entrance broke",
        source: Source::Page(pages::ERRORS),
        alone: &[520, 522],
        says: &["error code 520", "error code 522", "web server is returning an unknown error"],
        because: "Cloudflare, HubSpot's entrance, got no answer, or none that it understood, from the server behind it",
        remedy: &[
            "send the call again; if a 522 stays, ask HubSpot's support with the Ray ID",
            "look at the size of the request's headers: very large ones lead to 520",
        ],
        ..ROW
    },
    Said {
        cause: "origin-tls",
        title: "the encrypted connection behind HubSpot's entrance failed",
        source: Source::Page(pages::ERRORS),
        alone: &[525, 526],
        says: &["error code 525", "error code 526", "invalid ssl certificate&cloudflare", "ssl handshake failed&cloudflare"],
        because: "Cloudflare, HubSpot's entrance, could not agree with the server behind it; a domain of your own that points to HubSpot in a wrong way shows it as well",
        remedy: &[
            "for api.hubapi.com send the call again, and ask HubSpot's support if it stays",
            "for a domain of your own check its DNS record and its connection in HubSpot",
        ],
        ..ROW
    },
];

/// What a browser asks before it calls HubSpot's API for a page, and what it then does not send.
fn refused_to_a_page(facts: &Facts<'_>) -> Option<Found> {
    let call = facts.call().filter(|_| facts.to_hubspot() && !facts.to_forms())?;
    let asked = call.method.as_deref() == Some("OPTIONS") && facts.may_have_failed();
    let named = facts.says("access-control-request-");
    let unsent = call.by_a_page && facts.status().is_none() && facts.says("err_failed");
    (asked && facts.answer().is_some() || unsent).then_some(())?;
    let found = if asked && (call.by_a_page || named) { Found::certain(TO_A_PAGE) } else { Found::likely(TO_A_PAGE) };
    OF_A_PAGE.iter().fold(found, |found, step| found.so(*step))
}

const TO_A_PAGE: &str = "a browser first asks with OPTIONS, and without the credential, whether a page may make the call; HubSpot's API answers servers, and does not let it. A page that could call it would also show the token to everyone who opens the page";
const OF_A_PAGE: [&str; 3] = [
    "call HubSpot from a server or a serverless function, and let the page call that",
    "the 401 of the OPTIONS says nothing about the token: it carries none",
    "rotate the token if it was in a page",
];

/// Tried where no other row gives the reason.
pub(super) static LAST: &[Said] = &[Said {
    cause: "hubspot-internal-error",
    title: "HubSpot failed to handle the call",
    source: Source::Thread("HubSpot/hubspot-api-php#241"),
    alone: &[500],
    says: &["internal error", "internal server error", "internal_error", "failed due to a server error&hubspot support"],
    because: "HubSpot met an error of its own; a body in a form that the operation does not expect can lead to it",
    remedy: &[
        "send the call again once or twice",
        "compare the body with HubSpot's reference: an empty value, null in place of a list, or an ID of another type",
        "ask HubSpot's support with the correlation ID if it stays",
    ],
    ..ROW
}];
