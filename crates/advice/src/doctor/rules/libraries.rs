//! Errors that a client library makes by itself.

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use super::{Facts, Found, Say};
use crate::doctor::Certainty::Likely;

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "client-method-missing",
        title: "the client library has no such method",
        source: Source::Thread("HubSpot/hubspot-api-python#447"),
        page: pages::MIGRATION,
        of_library: true,
        says: &[
            "object has no attribute&hubspot",
            "'client' object has no attribute",
            "uninitialized constant hubspot",
            "undefined method&hubspot",
            "call to undefined method hubspot",
            "undefined method `&hubspot",
            "hubspotclient.&is not a function",
            "cannot load such file -- hubspot",
            "module 'hubspot' has no attribute",
            "cannot import name&hubspot",
            "class \"hubspot\\client&not found",
            "class 'hubspot\\client&not found",
            "argument of type&hubspot",
            "of undefined&hubspotclient.",
            "was null or undefined when calling&hubspot",
            "'basepath' of undefined&hubspot",
            "getheaders is not a function&hubspot",
            "error ts2554&hubspot",
            "attempted to call function&hubspot",
            "declaration of sevenshores",
            "'discovery' object has no attribute",
            "associationtypes is not defined",
            "unable to discover&client",
            "got an unexpected keyword argument&hubspot.",
            "cannot load such file&hubspot-api-client",
            "required positional argument&api_client.crm",
            "required positional argument&api_client.\n",
            "positional argument&were given&api_client.crm",
            "positional argument&were given&api_client.marketing",
            "positional argument&were given&api_client.cms",
        ],
        judge: Some(method_of_undefined),
        certainty: Likely,
        because: "the program was written for another version of the client library, or for another library of a similar name: no call was sent",
        remedy: &[
            "compare the installed version with the one that the example is for: names of methods change between major versions",
            "use the client's generic call (apiRequest, api_request) for endpoints that it does not have",
        ],
        ..ROW
    },
    Said {
        cause: "client-missing",
        title: "the client library is not installed",
        source: Source::Program("npm, pip, Composer and RubyGems"),
        page: pages::AUTH,
        says: &[
            "cannot find module '@hubspot",
            "cannot find package '@hubspot",
            "no module named 'hubspot'",
            "no module named 'hubspot.",
            "no module named 'hubspot3",
            "could not find package hubspot",
            "no module named hubspot\n",
            "no module named hubspot.",
            "could not find 'hubspot-api-client'",
            "class \"hubspot\\factory\" not found",
            "class 'hubspot\\factory' not found",
        ],
        because: "the library is not where the program looks for it: no call was sent",
        remedy: &[
            "install it where the program runs: npm install @hubspot/api-client, pip install hubspot-api-client, composer require hubspot/api-client, gem install hubspot-api-client",
        ],
        ..ROW
    },
    Said {
        cause: "client-not-configured",
        title: "the client library has not been given its settings",
        source: Source::Thread("HubspotCommunity/hubspot-ruby#17"),
        page: pages::AUTH,
        says: &[
            "hubspot::configurationerror",
            "you must provide either an access_token or an hapikey",
            "you must provide a hubspot api key",
            "'portal_id' not configured",
        ],
        because: "the library stops before any call, because the setting that the message names was not given to it",
        remedy: &[
            "give the setting where the program starts (for Ruby in Hubspot.configure), in each process that calls HubSpot: workers and tests too",
            "look whether the environment variable from which it comes is set there",
        ],
        ..ROW
    },
    Said {
        cause: "client-answer-unread",
        title: "the client library could not read HubSpot's answer",
        source: Source::Thread("HubSpot/hubspot-api-php#294"),
        page: pages::VERSIONS,
        of_library: true,
        says: &[
            "invalid value for `&must not be `none`",
            "must not be none",
            "http-code: 200&an error occurred",
            "http-code: 201&an error occurred",
            "http-code: 204&an error occurred",
            "validation error for&hubspot",
            "cannot be null&hubspot",
            "invalid enum value&hubspot",
            "invalid value&must be one of",
        ],
        certainty: Likely,
        because: "HubSpot answered, and the library expects another form: it is older than the API's answer",
        remedy: &["update the library", "call the endpoint without the model (apiRequest, api_request), and read the JSON yourself"],
        ..ROW
    },
];

/// A method or a part of the client library that is not there: the name that could not be read is a part of an `…Api`, or
/// is called on one.
fn method_of_undefined(facts: &Facts<'_>) -> Option<Found> {
    let answer = facts.answer()?;
    let small = answer.message.to_ascii_lowercase();
    let name = ["cannot read properties of undefined (reading '", "cannot read property '"]
        .iter()
        .find_map(|before| small.split_once(before)?.1.split_once('\''))
        .map(|(name, _)| name)?;
    (name.ends_with("api") || small.contains(&format!("api.{name}("))).then_some(())?;
    Found::likely("the program was written for another version of the client library, in which this part has another name: no call was sent")
        .so("compare the installed version with the one that the example is for: associations, for instance, are not a part of each object type any more (crm.associations.v4.basicApi)")
        .so("use the client's generic call (apiRequest, api_request) for endpoints that it does not have")
}
