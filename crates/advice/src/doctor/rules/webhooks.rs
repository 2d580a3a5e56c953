//! Signatures of HubSpot's requests, and subscriptions (hubspot facts, section 1).

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use crate::doctor::Certainty::Likely;

const V3: &str = "v3: base64 of HMAC-SHA256 with the app's client secret over METHOD + full URL + body + X-HubSpot-Request-Timestamp";

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "webhook-target-taken",
        title: "the app sends its webhooks to another address already",
        source: Source::Client("n8n-nodes-base"),
        page: pages::WEBHOOKS,
        says: &["already has a target url"],
        because: "an app of HubSpot's has one address for all its webhooks, and another workflow or another installation of the tool has set it",
        remedy: &[
            "switch the other workflow off, or delete the address on the app's Webhooks page; then activate this one",
            "create an app of its own for each program that takes webhooks, or send them on from one place",
        ],
        ..ROW
    },
    Said {
        cause: "webhook-timestamp-old",
        title: "the webhook's timestamp is older than five minutes",
        source: Source::Client("@hubspot/api-client, Signature"),
        page: pages::SIGNATURES,
        says: &["timestamp is invalid, reject", "invalidsignaturetimestamp", "signature timestamp"],
        guesses: &[
            "timestamp&older than 5",
            "timestamp&older than five",
            "timestamp&too old",
            "request timestamp&expired",
            "timestamp&outside&tolerance",
            "timestamp&expired&signature",
            "stale&webhook",
            "replay&timestamp",
        ],
        because: "X-HubSpot-Request-Timestamp is more than five minutes from the receiver's clock: the request waited in a queue or was replayed, the clock is wrong, or milliseconds were compared with seconds",
        remedy: &[
            "compare milliseconds with milliseconds: Date.now(), time.time() * 1000",
            "verify the signature when the request arrives, and put it into the queue afterwards",
            "set the server's clock by NTP",
        ],
        ..ROW
    },
    Said {
        cause: "webhook-secret-wrong",
        title: "the signature is checked with another secret, or with none",
        source: Source::Thread("corsairdev/corsair#1050"),
        page: pages::SIGNATURES,
        names_hubspot: true,
        says: &[
            "webhook missing clientsecret",
            "webhook secret not configured",
            "missing webhook secret",
            "signature&private app token",
            "signature&access token as",
            "hmac&pat-",
            "signature&wrong secret",
            "client secret&signature&pat-",
            "signing&access token",
        ],
        because: "HubSpot signs with the client secret of the app that sends the webhook, not with an access token, an API key, or another app's secret",
        remedy: &["use the client secret on the Auth page of that very app (a UUID)", "look whether it was rotated"],
        certainty: Likely,
        ..ROW
    },
    Said {
        cause: "webhook-body-changed",
        title: "the body was read and written again before its signature was checked",
        page: pages::SIGNATURES,
        names_hubspot: true,
        guesses: &[
            "signature&json.stringify(req.body)",
            "createhmac&json.stringify(req.body)",
            "signature&parsed body",
            "signature&raw body",
            "signature&bodyparser",
            "rawbody&undefined",
            "webhook&raw body",
        ],
        because: "a signature covers the bytes that came; JSON that is parsed and printed again has other blanks, escapes or order",
        remedy: &["keep the raw bytes (express.raw, request.get_data(), php://input), check them, then parse them"],
        certainty: Likely,
        ..ROW
    },
    Said {
        cause: "webhook-url-changed",
        title: "the signed URL is not the one that the receiver sees",
        page: pages::SIGNATURES,
        names_hubspot: true,
        guesses: &[
            "signature&ngrok",
            "signature&load balancer",
            "signature&x-forwarded",
            "signature&behind a proxy",
            "signature&reverse proxy",
            "signature&http://",
            "hubspot&signature&path prefix",
            "signature&cloudfront",
            "signature&api gateway",
        ],
        because: "signatures v2 and v3 contain the URL that HubSpot called, with https, the public host and the query; behind a proxy the program sees another one",
        remedy: &[
            "put the public URL together from X-Forwarded-Proto and X-Forwarded-Host, or from the setting of the app",
            "decode these in the URL first: %3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B",
        ],
        certainty: Likely,
        ..ROW
    },
    Said {
        cause: "webhook-signature-missing",
        title: "the request has no signature header",
        source: Source::Thread("simstudioai/sim#4550"),
        page: pages::SIGNATURES,
        names_hubspot: true,
        says: &[
            "missing x-hubspot-signature",
            "missing hubspot signature",
            "timestamp is required&signature",
            "without x-hubspot-signature",
            "no x-hubspot-signature",
        ],
        certainty: Likely,
        because: "the receiver found no signature where it looks: the request is not HubSpot's, a proxy dropped the header, or the receiver reads a header of another version",
        remedy: &[
            "log the names of all headers that came: HubSpot sends X-HubSpot-Signature, X-HubSpot-Signature-Version, X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp",
            "refuse requests without a signature, as here: your own tests and health checks must sign what they send",
        ],
        ..ROW
    },
    Said {
        cause: "webhook-signature-version",
        title: "the signature is of another version than the one that is checked",
        source: Source::Thread("HubSpot/hubspot-api-php#225"),
        page: pages::SIGNATURES,
        names_hubspot: true,
        says: &[
            "x-hubspot-signature-version",
            "unsupported signature version",
            "signature version",
            "signature&v1&v2",
            "signature_version",
            "not supported signature version",
        ],
        certainty: Likely,
        because: "HubSpot sends several signatures: v1 is hex SHA-256 of secret + body, v2 hex SHA-256 of secret + METHOD + URL + body, v3 a base64 HMAC in a header of its own",
        remedy: &[
            V3,
            "read X-HubSpot-Signature-Version before checking X-HubSpot-Signature: webhooks have v1, cards and workflow actions v2",
        ],
        ..ROW
    },
    Said {
        cause: "webhook-signature-mismatch",
        title: "the webhook's signature does not match",
        source: Source::Thread("simstudioai/sim#4612"),
        page: pages::SIGNATURES,
        names_hubspot: true,
        says: &[
            "x-hubspot-signature",
            "invalid hubspot signature",
            "missing hubspot&signature",
            "hubspot&signature&invalid",
            "hubspot&signature&mismatch",
            "hubspot&signature&match",
            "hubspot&signature&failed",
            "error verifying hubspot webhook",
            "webhook&signature&invalid",
            "webhook&signature verification failed",
            "webhook&signature&mismatch",
            "signature&does not match&hubspot",
            "invalidsignatureversionexception",
            "signature.isvalid",
        ],
        certainty: Likely,
        because: "the receiver computed another signature than HubSpot: of the secret, the URL, the body's bytes and the version one is another",
        remedy: &[
            V3,
            "use the client secret of the app, the raw bytes of the body, and the public URL with https and the query",
            "compare in constant time, and log which of the three is shorter or longer than expected, never the secret",
        ],
        ..ROW
    },
    Said {
        cause: "webhook-target-failing",
        title: "the receiver of the webhook does not answer in time",
        page: pages::WEBHOOKS,
        guesses: &[
            "webhook&target url&timeout",
            "webhook&target url&failed",
            "webhook&did not respond",
            "webhook&within 5 seconds",
            "webhook&retries",
            "webhook&delivery failed",
            "webhook&response code",
        ],
        certainty: Likely,
        because: "HubSpot waits five seconds for an answer below 400 and tries again up to ten times in 24 hours",
        remedy: &[
            "answer 200 at once and do the work afterwards",
            "make the receiver reachable from the internet over https, with a certificate that browsers trust",
        ],
        ..ROW
    },
    Said {
        cause: "webhook-subscription-exists",
        title: "a subscription to this event exists",
        page: pages::WEBHOOKS,
        guesses: &["subscription already exists", "subscription&duplicate", "already subscribed to"],
        because: "an app has one subscription for each event and property",
        remedy: &["read the subscriptions with GET /app-webhooks/2026-09/{appId}/subscriptions, and change the one that exists"],
        ..ROW
    },
    Said {
        cause: "webhook-scope-missing",
        title: "the app lacks the scope of the subscribed event",
        page: pages::WEBHOOKS,
        guesses: &["to subscribe to these events", "subscription&requires&scope"],
        because: "a subscription needs the read scope of its object type among the app's required scopes",
        remedy: &["add the scope as a required scope of the app, and install the app again"],
        ..ROW
    },
    Said {
        cause: "webhook-private-app",
        title: "webhooks of a private app can't be set through the API",
        page: pages::PRIVATE_APPS,
        guesses: &[
            "webhook&private app&can't be",
            "webhooks&cannot be edited programmatically",
            "webhook&private app&not supported",
            "private apps&webhooks api",
        ],
        because: "subscriptions of a private app are set on its page, and a service key has none",
        remedy: &["set them on the app's Webhooks page, or use a project app with webhooks in its files (webhooks-hsmeta.json)"],
        ..ROW
    },
];
