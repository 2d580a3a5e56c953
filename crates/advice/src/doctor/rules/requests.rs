//! Requests without the form that HubSpot needs: bodies, filters, batches, associations, records
//! (hubspot facts, sections 4, 6 and 7).

use super::pages;
use super::said::{ROW, Said, named};
use super::source::Source;
use super::{Facts, Found, Say};
use crate::doctor::Certainty::Likely;

const BAD: &[u16] = &[400, 207, 422];

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "body-missing",
        title: "the request has no body",
        source: Source::Thread("HubSpot/hubspot-api-ruby#187"),
        statuses: BAD,
        says: &["a request body was expected", "body was expected, but none", "invalid input json: no content"],
        guesses: &["request body is missing", "no content to map", "missing request body"],
        because: "the operation takes a JSON body, and none arrived",
        remedy: &[
            "send a body with Content-Type: application/json; for a labelled association that is [{\"associationCategory\": \"HUBSPOT_DEFINED\", \"associationTypeId\": 279}]",
            "use /associations/default/ in the path for an association without a label: that call takes no body",
            "look whether the client drops bodies of PUT and DELETE, or whether a redirect lost it",
        ],
        ..ROW
    },
    Said {
        cause: "path-parameter-invalid",
        title: "an ID in the path or the query is not of the form that it must have",
        source: Source::Probe,
        page: pages::ERRORS,
        statuses: &[400, 404],
        says: &[
            "unable to parse value for path parameter",
            "unable to parse value for query parameter",
            "could not parse number from",
            "can't be converted to java.lang",
            "provided id could not be decoded",
            "id must be > 0",
            "id must be positive",
            "should be a positive long",
        ],
        because: "the operation expects a number in this place, and got a word, 0, or a placeholder that was never filled in",
        remedy: &[
            "look at the URL as it was sent: {id}, undefined, null and 0 are not IDs",
            "compare the path with HubSpot's reference: a word that is part of another path may stand where the ID goes",
            "a call of /contacts/v1/lists/… is answered so since that API has ended: move to /crm/lists/2026-09",
        ],
        ..ROW
    },
    Said {
        cause: "update-empty",
        title: "the update changes nothing",
        source: Source::Probe,
        page: pages::OBJECTS,
        statuses: BAD,
        says: &["no properties found to update"],
        because: "the body has no properties: they belong inside of a field `properties`, or all of them were empty",
        remedy: &["send {\"properties\": {\"name\": \"value\"}}, and make no call where nothing changed"],
        ..ROW
    },
    Said {
        cause: "batch-empty",
        title: "the batch has no inputs",
        source: Source::Probe,
        statuses: BAD,
        says: &["batch input provided should have at least one object"],
        guesses: &["inputs&must not be empty", "inputs&cannot be empty"],
        because: "the list inputs is empty or missing",
        remedy: &["make no call where there is nothing to send; write the list as {\"inputs\": […]}"],
        ..ROW
    },
    Said {
        cause: "table-row-unknown",
        title: "the HubDB table has no such row",
        source: Source::Probe,
        says: &["could not be found in table"],
        because: "the row's ID is not one of this table's draft",
        remedy: &["read the draft's rows with GET /cms/hubdb/2026-09/tables/{table}/rows/draft, and use their IDs"],
        ..ROW
    },
    Said {
        cause: "cms-content-incomplete",
        title: "the page, post or author lacks a part",
        source: Source::Probe,
        statuses: BAD,
        words: &["AUTHOR_FULL_NAME_MISSING", "PARENT_BLOG_DOES_NOT_EXIST"],
        because: "HubSpot does not make content without its blog, its author's name or its template: errorType says which is missing or unknown",
        remedy: &[
            "send contentGroupId with the ID of a blog of this account for a post, and fullName or displayName for an author",
            "read the blogs and authors of the account first: IDs of another account are unknown here",
        ],
        ..ROW
    },
    Said {
        cause: "flow-type-mismatch",
        title: "the workflow's type and object type do not belong together",
        source: Source::Thread("airbytehq/airbyte#83314"),
        says: &["expected an object type other than"],
        because: "the message blames objectTypeId, and the reason is `type`: CONTACT_FLOW belongs to contacts (0-1), PLATFORM_FLOW to all other types",
        remedy: &["send type CONTACT_FLOW with objectTypeId 0-1, and PLATFORM_FLOW with every other objectTypeId"],
        ..ROW
    },
    Said {
        cause: "table-locked",
        title: "the HubDB table is locked",
        source: Source::Probe,
        says: &["already locked for write operation"],
        because: "another write of the table is not over yet",
        remedy: &["send the writes of a table one after the other, and try again after some seconds"],
        ..ROW
    },
    Said {
        cause: "association-spec-missing",
        title: "the association's type is not in the form of this version",
        source: Source::Thread("HubSpot/hubspot-api-php#241"),
        page: pages::ASSOCIATIONS,
        statuses: BAD,
        says: &["associationspec", "were not set: [associationcategory", "were not set&associationtypeid"],
        because: "the association takes a list of objects with associationCategory and associationTypeId; names such as contact_to_company are of the oldest version",
        remedy: &[
            "send [{\"associationCategory\": \"HUBSPOT_DEFINED\", \"associationTypeId\": 279}] as a list; 279 is contact to company, 3 deal to contact, 16 ticket to contact",
            "read an account's own labels with GET /crm/associations/2026-09/{from}/{to}/labels",
        ],
        ..ROW
    },
    Said {
        cause: "association-record-invalid",
        title: "a record of the association does not exist for its type",
        source: Source::Thread("HubSpot/hubspot-api-nodejs#646"),
        page: pages::ASSOCIATIONS,
        statuses: &[400, 404, 207],
        words: &["INVALID_OBJECT_IDS"],
        says: &["one or more associations are invalid", "associations are invalid&is not valid"],
        because: "a record with this ID and this object type does not exist in the account; the type ID of an association decides which types its two sides are",
        remedy: &[
            "check that each ID has the type that associationTypeId expects: 3 is deal to contact, 5 deal to primary company, 341 deal to company",
            "look whether the record was merged or archived: the ID of the record that remains is the one to use",
        ],
        ..ROW
    },
    Said {
        cause: "association-none",
        title: "the record has no association of this kind",
        source: Source::Files,
        page: pages::ASSOCIATIONS,
        statuses: &[200, 207, 404],
        words: &["NO_ASSOCIATIONS_FOUND"],
        because: "HubSpot lists a record without associations of the asked kind as an error of the batch; nothing failed, and sending the call again changes nothing",
        remedy: &[
            "treat this subCategory as an empty list, and all others as failures",
            "check the direction of the two object types in the path where an association should be there",
        ],
        ..ROW
    },
    Said {
        cause: "association-type-invalid",
        title: "the association type does not fit the two object types",
        page: pages::ASSOCIATIONS,
        statuses: BAD,
        guesses: &[
            "invalid association type",
            "association type&is not valid",
            "no association type",
            "association type id&not valid",
            "is not a valid association",
            "association definition&does not exist",
            "invalid associationtypeid",
            "no default association exists",
        ],
        because: "associationTypeId has a direction and belongs to one pair of object types; the category tells HubSpot's own types from an account's labels",
        remedy: &[
            "read the types of this pair and direction with GET /crm/associations/2026-09/{from}/{to}/labels",
            "send HUBSPOT_DEFINED for HubSpot's types, and USER_DEFINED for an account's labels",
        ],
        ..ROW
    },
    Said {
        cause: "association-limit",
        title: "the record has as many associations as it may have",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        page: pages::TRACKED_LIMITS,
        statuses: &[400, 403, 207, 409],
        words: &["ASSOCIATION_LIMIT_EXCEEDED"],
        says: &["association configuration limits are exceeded"],
        guesses: &["association limit", "too many associations", "limit of associations", "maximum number of associations"],
        because: "a record has a limit of associations of each type or label",
        remedy: &[
            "remove associations that are not needed, or raise the limit of the label",
            "read the limits with GET /crm/limits/2026-09/associations/records/from",
        ],
        ..ROW
    },
    Said {
        cause: "filter-malformed",
        title: "a filter of the search is not complete",
        source: Source::Thread("HubSpot/hubspot-api-nodejs#226"),
        page: pages::SEARCH,
        statuses: BAD,
        says: &[
            "must be non-empty and non-blank",
            "mismatched quotation marks",
            "cannot build filter",
            "operator&requires a highvalue",
            "search.filter",
        ],
        guesses: &[
            "operator&requires values",
            "requires a value&operator",
            "invalid filter",
            "filter&propertyname, operator",
            "not a valid operator",
        ],
        because: "each filter needs propertyName and operator; BETWEEN needs value and highValue, IN and NOT_IN need the list values, HAS_PROPERTY takes no value",
        remedy: &[
            "write filterGroups: [{\"filters\": [{\"propertyName\": \"email\", \"operator\": \"EQ\", \"value\": \"…\"}]}] with these very names: a client of another language may drop property_name",
            "write sorts as a list of objects, not of JSON texts",
        ],
        ..ROW
    },
    Said {
        cause: "search-ceiling",
        title: "a search returns 10,000 records at most",
        source: Source::Page(pages::SEARCH),
        page: pages::SEARCH,
        statuses: BAD,
        guesses: &[
            "maximum number of results is 10",
            "search&10,000",
            "search&10000",
            "paging&10000",
            "paging&10,000",
            "hubspot limit at 10000",
            "10,000&search result",
            "after&10000&search",
        ],
        judge: Some(super::data::search_ceiling),
        because: "a search returns the first 10,000 records, however it is paged",
        remedy: &[
            "sort ascending by hs_object_id, and begin each further search with the filter hs_object_id GT the last ID, without after",
            "or search slices of time with BETWEEN on the last modified date (lastmodifieddate of contacts, hs_lastmodifieddate of all other types)",
            "list the records (GET with after) where all of them are wanted: lists have no such limit",
        ],
        ..ROW
    },
    Said {
        cause: "search-refused",
        title: "HubSpot can't run the search, and does not say why",
        source: Source::Thread("HubSpot/hubspot-api-nodejs#132"),
        page: pages::SEARCH,
        statuses: BAD,
        says: &["there was a problem with the request"],
        certainty: Likely,
        because: "HubSpot answers so to searches whose filters name an unknown property, or have a value that does not fit the property's type or operator",
        remedy: &[
            "check each propertyName with GET /crm/properties/2026-09/{objectType}: an unknown property has no message of its own here",
            "send dates as milliseconds, and lists as values with IN; remove filters one by one until the search runs",
        ],
        ..ROW
    },
    Said {
        cause: "search-too-complex",
        title: "the search has more filters than HubSpot takes",
        source: Source::Page(pages::SEARCH),
        page: pages::SEARCH,
        statuses: BAD,
        guesses: &["too many filters", "too many filtergroups", "filter groups&maximum", "filtergroups&at most", "number of filters"],
        judge: Some(super::data::search_filters),
        because: "a search takes 5 groups, 6 filters in a group and 18 filters in all",
        remedy: &[
            "use IN with a list of values in place of one group for each value",
            "send several searches, or read known IDs with batch/read",
        ],
        ..ROW
    },
    Said {
        cause: "cursor-invalid",
        title: "the cursor of the page is not valid",
        page: pages::OBJECTS,
        statuses: BAD,
        guesses: &[
            "invalid paging",
            "invalid cursor",
            "paging token&invalid",
            "after&is not valid",
            "after parameter",
            "invalid value for after",
        ],
        because: "after takes the value of paging.next.after of the page before, from the same call",
        remedy: &[
            "leave after out of the first call, and stop when paging.next is absent",
            "do not use a page's number, or a cursor of another object type or search",
        ],
        ..ROW
    },
    Said {
        cause: "page-too-large",
        title: "the page is larger than HubSpot allows",
        source: Source::Page(pages::OBJECTS),
        page: pages::OBJECTS,
        statuses: BAD,
        guesses: &[
            "limit must be",
            "limit&must be less than",
            "limit&greater than 100",
            "limit cannot exceed",
            "limit&cannot be greater",
            "maximum limit",
        ],
        judge: Some(super::data::page),
        because: "a page of a list has at most 100 records (50 with propertiesWithHistory), a page of a search 200",
        remedy: &["ask for the largest page that the operation allows, and follow paging.next.after until it is absent"],
        ..ROW
    },
    Said {
        cause: "batch-too-large",
        title: "the batch has more inputs than HubSpot takes",
        source: Source::Page(pages::OBJECTS),
        page: pages::OBJECTS,
        statuses: BAD,
        guesses: &["batch&maximum", "maximum batch size", "inputs&at most", "batch&no more than 100", "too many inputs"],
        judge: Some(super::data::batch),
        because: "a batch of records takes 100 inputs; a batch of associations 1,000 to read, 2,000 to create and 100 to archive",
        remedy: &["send the inputs in parts of 100, one part after the other"],
        ..ROW
    },
    Said {
        cause: "batch-duplicate-ids",
        title: "the batch names an ID twice",
        source: Source::Thread("segmentio/action-destinations#3969"),
        page: pages::OBJECTS,
        statuses: &[400, 207, 409],
        says: &["duplicate ids found in batch", "ids must be unique"],
        guesses: &["duplicate&in batch", "duplicate input", "duplicates found in batch"],
        because: "the inputs of a batch name different records, and two of these name the same one",
        remedy: &[
            "merge inputs of one ID before sending: compare IDs and e-mail addresses in small letters",
            "HubSpot refuses the whole batch, so nothing of it was written",
        ],
        ..ROW
    },
    Said {
        cause: "batch-trace-id",
        title: "the trace IDs of the batch are not unique",
        page: pages::ERRORS,
        statuses: BAD,
        guesses: &["objectwritetraceid&unique", "objectwritetraceid&duplicate", "objectwritetraceid&missing", "trace id&unique"],
        because: "a batch is answered input by input only where each input has an objectWriteTraceId of its own",
        remedy: &["give each input a different objectWriteTraceId, or none to any"],
        ..ROW
    },
    Said {
        cause: "schema-invalid",
        title: "the definition of the object type is not complete",
        page: pages::SCHEMAS,
        statuses: BAD,
        guesses: &[
            "cannot build objecttype",
            "cannot build objectschema",
            "primarydisplayproperty",
            "primary display property",
            "requiredproperties&not",
        ],
        because: "a custom object type needs name, labels, properties, and a primaryDisplayProperty and requiredProperties that stand among its properties",
        remedy: &["compare the body with HubSpot's guide on schemas; send objects, not a list around them"],
        ..ROW
    },
    Said {
        cause: "body-shape-wrong",
        title: "the body is JSON, and not in the form that the operation takes",
        source: Source::Thread("HubSpot/hubspot-api-python#71"),
        names_hubspot: true,
        statuses: BAD,
        says: &[
            "cannot deserialize",
            "cannot construct instance",
            "out of start_object",
            "out of start_array",
            "could not resolve subtype of",
            "expected a json object (record com.hubspot",
        ],
        guesses: &["mismatchedinput", "unrecognized field", "jsonmappingexception", "cannot coerce"],
        because: "HubSpot read JSON, and a value in it has another type than the operation takes: an object in place of a list, a text in place of an object",
        remedy: &[
            "look at the column that the message names: the value there begins wrongly",
            "HashSet and ArrayList mean a list in brackets, LinkedHashMap an object; properties take texts",
            "compare with HubSpot's reference of this very version: a client that is older or newer than the API may send another form",
        ],
        ..ROW
    },
    Said {
        cause: "tool-step-incomplete",
        title: "a step of the workflow tool lacks a value",
        source: Source::Client("n8n-nodes-base"),
        page: pages::OBJECTS,
        says: &[
            "at least one metadata field needs to set",
            "you can only have 3 filter groups",
            "you must define at least one event&hubspot",
            "bundle.inputdata&is required&hubspot",
            "missing value of required parameter&hubspot",
        ],
        because: "the tool checks the settings of its own step before it calls HubSpot, and one that it needs is empty, or there are more of them than HubSpot takes: no call was sent",
        remedy: &[
            "fill in the field that the message names; for an engagement of n8n (task, note, call, meeting, e-mail) open Metadata, and set at least one field, such as Body or Subject",
            "look whether an expression in the field is empty for this very item: run the step with the data of the item that failed",
        ],
        ..ROW
    },
    Said {
        cause: "field-required",
        title: "a required field of the request is missing",
        source: Source::Probe,
        statuses: BAD,
        words: &["REQUIRED_FIELD"],
        says: &[
            "can not be null or empty",
            "some required fields were not set",
            "some of required attributes are not set",
            "query param&may not be null",
            "parameters are required for",
            "must specify an eventtype or objecttype",
            "property cannot be missing or null",
            "properties cannot be null",
        ],
        judge: Some(field_is_null),
        guesses: &[
            "required attributes are not set",
            "required field",
            "is a required parameter",
            "parameter&is required",
            "missing required parameter",
            "query param&required",
        ],
        because: "the request lacks a field that the operation requires",
        remedy: &[
            "set the field that the message names; its name is written as in HubSpot's reference (associationTypeId, not association_type_id)",
        ],
        ..ROW
    },
    Said {
        cause: "upload-not-multipart",
        title: "the upload is not sent as a form with parts",
        source: Source::Thread("HubSpot/hubspot-api-nodejs#319"),
        statuses: &[415],
        judge: Some(super::data::not_multipart),
        because: "HubSpot takes uploads as multipart/form-data",
        ..ROW
    },
    Said {
        cause: "body-not-json",
        title: "the body is not JSON, or is not declared as JSON",
        source: Source::Program("HTTP (RFC 9110)"),
        statuses: &[400, 415],
        unless: &["oauth/&/token&415"],
        says: &["unsupported media type", "invalid input json&unexpected", "no content-type defined"],
        guesses: &["json parse error", "unexpected character (", "unexpected end-of-input", "malformed json"],
        judge: Some(super::data::not_json),
        because: "HubSpot can't read the body as JSON",
        remedy: &[
            "send Content-Type: application/json, and a body that a JSON library wrote: a text put together by hand breaks at the first quote or line break in a value",
        ],
        ..ROW
    },
];

/// A field that HubSpot's own answer calls null: `metadata cannot be null`.
fn field_is_null(facts: &Facts<'_>) -> Option<Found> {
    let answer = facts.answer().filter(|answer| answer.envelope && facts.may_be(BAD))?;
    let said =
        [" cannot be null", " can not be null", " must not be null", " may not be null"].iter().any(|words| answer.message.contains(words));
    (said && (facts.has_own_form() || facts.is_about_hubspot())).then_some(())?;
    Found::certain(format!(
        "the request lacks a field that the operation requires, or the field has another place or another spelling in it{}",
        named(facts)
    ))
    .so("set the field that the message names, at the place and with the capitals that HubSpot's reference gives it")
    .so("print the body that the library really sends: some leave out empty values, or nest a list without its name")
}
