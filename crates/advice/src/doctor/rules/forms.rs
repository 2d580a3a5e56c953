//! Submissions of forms, whose answers have a form of their own.

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use super::{Facts, Found, Say};

const BAD: &[u16] = &[400, 403, 404, 429];

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "form-recaptcha",
        title: "the form wants a captcha",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["FORM_HAS_RECAPTCHA_ENABLED"],
        says: &["can't receive api submissions as captcha"],
        guesses: &["captcha&form&enabled", "recaptcha&submission"],
        because: "the form has a captcha, which no call can solve",
        remedy: &["switch the captcha off in the form's settings, or create a form for the API without one"],
        ..ROW
    },
    Said {
        cause: "form-internal-address",
        title: "the request goes to an internal address of HubSpot's form script",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        judge: Some(internal),
        because: "",
        ..ROW
    },
    Said {
        cause: "form-not-loaded",
        title: "HubSpot does not give the page this form",
        source: Source::Files,
        page: pages::EMBED,
        judge: Some(not_loaded),
        because: "",
        ..ROW
    },
    Said {
        cause: "forms-script-missing",
        title: "HubSpot's script is not on the page when the page uses it",
        source: Source::Thread("mitodl/mitxpro#1826"),
        page: pages::FORMS,
        says: &[
            "hbspt is not defined",
            "can't find variable: hbspt",
            "hbspt is undefined",
            "hbspt.forms is undefined",
            "undefined&hbspt.forms.create",
            "hubspotconversations is not defined",
            "_hsq is not defined",
        ],
        because: "the page calls hbspt, _hsq or HubSpotConversations before HubSpot's script has made it: the script was not loaded yet, was blocked, or is another one (the script of calls to action has no forms)",
        remedy: &[
            "load https://js.hsforms.net/forms/embed/v2.js before the call, and call hbspt.forms.create in its onload",
            "in React, Vue and the like add the script in an effect, and wait until window.hbspt.forms is there",
            "do nothing for visitors whose ad blocker or consent tool holds the script back: send the form to api.hsforms.com from your own server",
        ],
        ..ROW
    },
    Said {
        cause: "form-email-blocked",
        title: "the form does not take this e-mail address",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["BLOCKED_EMAIL"],
        guesses: &["blocked email", "free email provider"],
        because: "the form's settings block the address or its domain, such as free providers",
        remedy: &["change \"Block free email providers\" or the list of blocked domains in the form's e-mail field"],
        ..ROW
    },
    Said {
        cause: "form-hutk-invalid",
        title: "the visitor's cookie in the submission is not valid",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["INVALID_HUTK"],
        says: &["is not a valid hutk"],
        guesses: &["invalid hutk", "hutk&not valid"],
        because: "context.hutk takes the value of the hubspotutk cookie of this account, and nothing else",
        remedy: &["read the cookie in the browser, or leave hutk out: an empty text is refused"],
        ..ROW
    },
    Said {
        cause: "form-too-many-values",
        title: "the submission has too many values",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED"],
        guesses: &["number of submitted values"],
        because: "a submission takes 1,000 fields",
        remedy: &["send fewer fields, or write properties through the CRM API"],
        ..ROW
    },
    Said {
        cause: "form-number-out-of-range",
        title: "a number of the submission is out of its range",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["NUMBER_OUT_OF_RANGE", "INPUT_TOO_LARGE"],
        guesses: &["number&out of range", "input too large"],
        because: "the field's settings give a smallest and a largest value, or a longest text",
        remedy: &["send a value within the field's range, or change the range in the form"],
        ..ROW
    },
    Said {
        cause: "form-metadata-invalid",
        title: "a field of the submission has the wrong form",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["INVALID_METADATA", "INVALID_GOTOWEBINAR_WEBINAR_KEY"],
        because: "fields takes a list of objects with objectTypeId, name and value, and names of the account's properties",
        remedy: &["send {\"fields\": [{\"objectTypeId\": \"0-1\", \"name\": \"email\", \"value\": \"…\"}]}; 0-1 is contact, 0-2 company"],
        ..ROW
    },
    Said {
        cause: "form-field-not-in-form",
        title: "the submission has a field that the form does not have",
        source: Source::Page(pages::FORMS_VALIDATION),
        page: pages::FORMS_VALIDATION,
        statuses: BAD,
        words: &["FIELD_NOT_IN_FORM_DEFINITION"],
        because: "HubSpot refuses the whole submission where one of its fields is not in the form (forms made since 2022-03-21)",
        remedy: &[
            "add the field that the message names to the form (a hidden field will do), or leave it out of the submission",
            "give each field its objectTypeId: 0-1 is contact, 0-2 company",
        ],
        ..ROW
    },
    Said {
        cause: "form-consent",
        title: "the submission's legal consent is not complete",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &[
            "INVALID_LEGAL_OPTION_FORMAT",
            "MISSING_PROCESSING_CONSENT",
            "MISSING_PROCESSING_CONSENT_TEXT",
            "MISSING_COMMUNICATION_CONSENT_TEXT",
            "MISSING_LEGITIMATE_INTEREST_TEXT",
            "DUPLICATE_SUBSCRIPTION_TYPE_ID",
        ],
        because: "legalConsentOptions lacks a part, or names a subscription type twice",
        remedy: &["send legalConsentOptions.consent with consentToProcess, text, and one communication for each subscription type"],
        ..ROW
    },
    Said {
        cause: "form-context-invalid",
        title: "the address of the page or of the visitor is not valid",
        source: Source::Page(pages::FORMS),
        page: pages::FORMS,
        statuses: BAD,
        words: &["INVALID_PAGE_URI", "INVALID_IP_ADDRESS"],
        because: "context.pageUri takes a whole URL, and context.ipAddress one address",
        remedy: &["send both as they are, or leave them out: an empty text is refused"],
        ..ROW
    },
    Said {
        cause: "form-field-missing",
        title: "a required field of the form is missing",
        source: Source::Thread("verbb/formie#2618"),
        page: pages::FORMS,
        statuses: BAD,
        says: &["required field '&missing", "required field&is missing"],
        because: "the form requires a field that the submission does not have; a custom object's field is written as objectTypeId/name",
        remedy: &[
            "send the field that the message names, with its objectTypeId",
            "use the /secure/ endpoint with a token where fields need not be in the form",
        ],
        ..ROW
    },
    Said {
        cause: "form-unknown",
        title: "there is no such form in this account",
        page: pages::FORMS,
        statuses: &[400, 404],
        guesses: &["no form with guid", "form guid", "form does not exist", "does not have a form"],
        because: "the account has no form with this GUID: account and form do not belong together, the form was deleted, or it is a pop-up form that the API does not take",
        remedy: &["read both from the form's embed code: portalId and formId, and mind the region (na1, eu1)"],
        ..ROW
    },
    Said {
        cause: "form-not-valid",
        title: "HubSpot does not take the submission",
        source: Source::Thread("HubSpot/hubspot-php#399"),
        page: pages::FORMS,
        says: &["the request is not valid"],
        certainty: crate::doctor::Certainty::Likely,
        because: "the answer's errors[] say why, and they are cut off here or not in the text",
        remedy: &[
            "print the whole body: Guzzle cuts it at 120 characters in getMessage(), so read (string) $e->getResponse()->getBody()",
            "check that each field of the submission is in the form, and that the e-mail address is valid",
        ],
        ..ROW
    },
];

/// A form that the script of an embedded form asks for, and does not get.
fn not_loaded(facts: &Facts<'_>) -> Option<Found> {
    const SAID: [&str; 8] = [
        "form not found&hubspot",
        "form not found&hsforms",
        "form not found&hbspt",
        "could not load form&hubspot",
        "failed to load form definition&hubspot",
        "the hubspot form could not be loaded",
        "error loading hubspot form",
        "form definition&not found&hubspot",
    ];
    let asked = facts.raw_path().starts_with("/embed/v3/form/") && facts.status().is_some_and(|status| matches!(status, 403 | 404 | 410));
    let told = facts.status().is_none() && facts.is_about_hubspot() && SAID.iter().any(|parts| facts.says_together(parts));
    (asked || told).then_some(())?;
    Found::likely("the embed code asks HubSpot for the form, and HubSpot has none that it may show there: the form was deleted or is not published, portalId and formId do not belong together, or region is another account's data centre. No credential and no scope plays a part")
        .so("copy the embed code from the form's page in HubSpot again: portalId, formId and region (na1, eu1) belong together")
        .so("open the form's own link: if it shows nothing either, the form is deleted, archived or not published")
}

/// A call to an address that the script of an embedded form uses.
fn internal(facts: &Facts<'_>) -> Option<Found> {
    let path = facts.raw_path();
    let is_internal = path.contains("/submit/formsnext") || path.contains("/submissions/v3/public/");
    let failed = facts.status().is_some_and(|status| status >= 400) || facts.status().is_none() && facts.answer().is_some();
    (is_internal && failed && facts.to_forms()).then_some(())?;
    Found::likely("the script of an embedded form sends to this address, with a captcha's answer and data of its own; HubSpot does not document it, and it takes no token")
        .so("send to https://api.hsforms.com/submissions/v3/integration/submit/PORTAL_ID/FORM_ID as JSON, without a token")
        .so("or send to its /secure/ form with a token, from a server")
}
