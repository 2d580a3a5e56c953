//! Errors that a client library makes by itself.

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use super::{Facts, Found, Say};
use crate::doctor::Certainty::Likely;

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "client-dependency",
        title: "a package that the client library needs has another version",
        source: Source::Thread("HubSpot/hubspot-php#363"),
        page: pages::LIBRARIES,
        judge: Some(dependency),
        because: "",
        ..ROW
    },
    Said {
        cause: "client-fault",
        title: "the client library itself fails",
        source: Source::Thread("HubSpot/hubspot-api-ruby#28"),
        page: pages::LIBRARIES,
        judge: Some(fault),
        because: "",
        ..ROW
    },
    Said {
        cause: "client-arguments",
        title: "the arguments do not fit the client library's method",
        source: Source::Thread("HubSpot/hubspot-api-ruby#323"),
        page: pages::LIBRARIES,
        of_library: true,
        says: &[
            "was null or undefined when calling&hubspot",
            "missing the required parameter&when calling",
            "argument of type&hubspot",
            "got an unexpected keyword argument&hubspot.",
            "got an unexpected keyword argument&_api.",
            "unexpected keyword argument&api_client.",
            "__init__() got an unexpected keyword argument&hubspot",
            "cannot load such file&models/",
            "wrong number of arguments&hubspot",
            "missing keyword&hubspot",
            "unknown keyword&hubspot",
            "missing&required positional argument&client.",
            "missing&required positional argument&_api.",
            "positional argument&were given&client.",
            "positional argument&were given&_api.",
            "positional argument&were given&hubspot/",
            "must be of type&hubspot\\client",
            "must be an instance of&hubspot\\client",
            "too few arguments to function hubspot\\",
        ],
        certainty: Likely,
        because: "the method exists, and the call gives it other arguments than the installed version takes: one is missing or nil, has another name, or another place; no call was sent",
        remedy: &[
            "compare the call with the method in the installed version: names and order of arguments change between major versions, and some have become named ones",
            "look whether a variable that is passed is nil, null or undefined: the library then takes it for something else",
            "where Ruby can't load a file of the library (cannot load such file), try the newest release: some releases lack files",
        ],
        ..ROW
    },
    Said {
        cause: "client-method-missing",
        title: "the client library has no such method",
        source: Source::Thread("HubSpot/hubspot-api-python#447"),
        page: pages::MIGRATION,
        of_library: true,
        says: &[
            "object has no attribute&hubspot",
            "api' object has no attribute",
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
            "of undefined&hubspotclient.",
            "getheaders is not a function&hubspot",
            "error ts2554&hubspot",
            "attempted to call function&hubspot",
            "declaration of sevenshores",
            "'discovery' object has no attribute",
            "associationtypes is not defined",
            "unable to discover&client",
        ],
        unless_judged: Some(fails_inside),
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
            "you must include a hapi_key or access_token attribute",
            "either an access token or an api key must be&hubspot",
            "access token is required to create a hubspot client",
            "must provide an access token&hubspot.client",
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

/// Whether an error comes out of the library's own files: the line of the error, or the first place below it, is one of them.
fn fails_inside(facts: &Facts<'_>) -> bool {
    const OF_RUBY: [&str; 2] = ["gems/hubspot-api-client-", "gems/hubspot-ruby-"];
    let Some(answer) = facts.answer() else { return false };
    let small = answer.message.to_ascii_lowercase();
    let ruby = small.lines().any(|line| line.contains("uninitialized constant hubspot") && OF_RUBY.iter().any(|gem| line.contains(gem)))
        // The library read an answer, and has no class for it.
        || small.contains("uninitialized constant hubspot") && ["response_code=200", "response_code=201"].iter().any(|code| small.contains(code));
    let node = || {
        let (_, below) = small.split_once("of undefined")?;
        let first = below.lines().find(|line| line.trim_start().starts_with("at "))?;
        first.contains("node_modules/@hubspot/api-client/lib/").then_some(())
    };
    ruby || node().is_some()
}

fn fault(facts: &Facts<'_>) -> Option<Found> {
    fails_inside(facts).then_some(())?;
    Found::likely("the error comes out of the library's own code: this version lacks a class that it needs, or its method was called without its object (a method that is taken out of a variable loses it)")
        .so("update the library to the newest release of its major version, and look for the error in the library's public issues")
        .so("call the method on its object (client.crm.companies.basicApi.getPage()), and not as a function of its own")
        .so("call the endpoint without the model (apiRequest, api_request) until it is mended")
}

/// Another package that the library builds on, and whose version does not fit.
fn dependency(facts: &Facts<'_>) -> Option<Found> {
    const OF_PHP: [&str; 3] = ["guzzlehttp\\psr7", "guzzlehttp\\psr7\\build_query", "guzzlehttp\\psr7\\parse_query"];
    const LIBRARY: [&str; 9] = [
        "site-packages/hubspot/",
        "from hubspot import",
        "hubspot/api-client",
        "hubspot/hubspot-php",
        "sevenshores",
        "hubspot-api-client",
        "@hubspot/api-client",
        "hubspot-api-nodejs",
        "hubspot-ruby",
    ];
    let of_ours = LIBRARY.iter().any(|name| facts.says(name));
    let function = ["call to undefined function", "attempted to call function"].iter().any(|words| facts.says(words))
        && OF_PHP.iter().any(|name| facts.says(name));
    let unresolved = [
        "your requirements could not be resolved",
        "could not find compatible versions for gem",
        "could not find compatible versions",
        "resolutionimpossible",
        "conflicting dependencies",
        "unable to resolve dependency tree",
        "could not resolve dependency",
        "version solving failed",
        "requires a peer of",
    ]
    .iter()
    .any(|words| facts.says(words));
    let of_python = ["pkg_resources", "distutils", "six.moves", "urllib3", "'six'", "certifi"].iter().any(|name| facts.says(name));
    let import = ["cannot import name", "no module named"].iter().any(|words| facts.says(words)) && of_python;
    let types = ["esmoduleinterop", "skiplibcheck", "allowsyntheticdefaultimports"].iter().any(|flag| facts.says(flag));
    (of_ours && (function || unresolved || import || types)).then_some(())?;
    if types {
        return Found::likely("the types of the library, or of a package that it needs, want another setting of the TypeScript compiler: no call was sent")
            .so("set esModuleInterop (and, for types of packages, skipLibCheck) to true in tsconfig.json, or use a version of the library that does without");
    }
    Found::likely("the library and another package of the project need different versions of the same package (for PHP mostly Guzzle and its psr7): no call was sent")
        .so("update the library to a version that takes the installed package: hubspot/hubspot-php is not maintained any more, and hubspot/api-client takes its place")
        .so("or set the other package to a version that both take, and install again")
}

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
