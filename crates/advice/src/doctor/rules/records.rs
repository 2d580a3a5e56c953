//! Records, object types, lists, files and other things in a request that HubSpot can't find (hubspot facts, section 7).

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use crate::doctor::Certainty::Likely;

const BAD: &[u16] = &[400, 207, 422];

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "record-id-not-a-number",
        title: "the ID is not the number of a record",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        page: pages::OBJECTS,
        statuses: &[400, 404],
        words: &["INVALID_OBJECT_ID", "INVALID_RECORD_ID"],
        judge: Some(super::data::id_not_a_number),
        guesses: &[
            "objectid is usually positive",
            "is not a valid object id",
            "numberformatexception",
            "for input string",
            "not a valid record id",
            "id must be a number",
            "unable to parse&as a long",
            "invalid object id",
        ],
        because: "the record's place in the path or the body takes the record's number; an e-mail address or another key does not belong there",
        remedy: &[
            "add ?idProperty=email (or another unique property) where the value is not a record ID",
            "look whether the variable was empty: undefined, null, NaN and 0 are not IDs",
        ],
        ..ROW
    },
    Said {
        cause: "record-archived",
        title: "the record is archived",
        page: pages::OBJECTS,
        statuses: &[400, 404, 409, 207],
        guesses: &["is archived", "has been archived", "has been deleted", "was deleted", "already archived", "is deleted"],
        certainty: Likely,
        because: "the record is in the recycle bin: it can't be changed, and no search returns it",
        remedy: &["read it with ?archived=true", "restore it in HubSpot within 90 days, or create the record again"],
        ..ROW
    },
    Said {
        cause: "archived-not-listed",
        title: "archived records of this type can't be listed",
        source: Source::Files,
        page: pages::OBJECTS,
        statuses: &[400],
        says: &["paging through deleted objects is not"],
        because: "?archived=true lists the archived records of some object types only, and this type is not one of them",
        remedy: &[
            "leave archived out, and remember which records were there at the last run: one that is gone was archived",
            "subscribe to the deletion of these records with a webhook",
        ],
        ..ROW
    },
    Said {
        cause: "merge-limit",
        title: "the record has too many identities to be merged",
        source: Source::Page(pages::ERRORS),
        page: pages::ERRORS,
        says: &["more than 250 identities"],
        guesses: &["250 identities", "cannot have more than 250"],
        judge: Some(super::data::merge),
        because: "a record that was merged from more than 250 others can't be merged again",
        remedy: &["merge into a fresh record, or leave these two as they are"],
        ..ROW
    },
    Said {
        cause: "merge-refused",
        title: "the two records can't be merged",
        page: pages::OBJECTS,
        statuses: &[400, 409],
        guesses: &["cannot be merged", "can't be merged", "already been merged", "can not be merged"],
        because: "one of the two is merged already, is the same record, or has a type that has no merge",
        remedy: &["read the records first and use the ID of the one that remains; HubSpot names it in the answer"],
        ..ROW
    },
    Said {
        cause: "object-type-unknown",
        title: "the call names no object type",
        source: Source::Probe,
        page: pages::SCHEMAS,
        statuses: &[400, 404],
        says: &["unable to infer object type", "object type&is not supported by this endpoint"],
        guesses: &["object type&does not exist", "not a valid object type", "unknown object type", "no object type"],
        judge: Some(super::path::object_type),
        because: "the path, or a parameter that takes object types (associations), names neither a standard object type nor a custom one of this account",
        remedy: &[
            "write standard types by name or ID (contacts, 0-1), custom types as p_NAME, pHUBID_NAME or 2-NUMBER",
            "list the account's custom types with GET /crm-object-schemas/2026-09/schemas; their numbers differ between accounts",
            "compare the order of the arguments of a client's call with its reference: a value in the place of associations is read as an object type",
        ],
        ..ROW
    },
    Said {
        cause: "schema-exists",
        title: "an object type of this name exists",
        page: pages::SCHEMAS,
        statuses: &[400, 409],
        guesses: &["object type&already exists", "schema&already exists", "schema with name&exists"],
        because: "names of custom object types are unique in an account, and a deleted one keeps its name until it is purged",
        remedy: &["change the type that exists with PATCH, or delete it permanently with ?archived=true, or choose another name"],
        ..ROW
    },
    Said {
        cause: "schema-has-records",
        title: "the object type has records",
        page: pages::SCHEMAS,
        statuses: &[400, 409],
        guesses: &[
            "object type&has records",
            "objects of this type exist",
            "cannot delete&schema",
            "schema&existing objects",
            "object schema&in use",
        ],
        because: "an object type can be deleted only when it has no records, associations and pipelines in use",
        remedy: &["delete all records of the type first"],
        ..ROW
    },
    Said {
        cause: "list-not-manual",
        title: "contacts can't be added to an active list",
        source: Source::Thread("HGData/mk-node-hubspot#308"),
        page: pages::LISTS,
        statuses: &[400, 403, 409],
        says: &["operate manually on a dynamic list"],
        guesses: &[
            "dynamic list",
            "list is not manual",
            "processing type&dynamic",
            "not a static list",
            "cannot be manually",
            "active list&manual",
        ],
        because: "the filters of an active (dynamic) list decide who is in it; members are added by hand to manual and snapshot lists only",
        remedy: &["use a list with processingType MANUAL or SNAPSHOT, or write the property that the list's filters look at"],
        ..ROW
    },
    Said {
        cause: "list-unknown",
        title: "the list does not exist, or the ID comes from the old API",
        page: pages::LISTS,
        statuses: &[400, 404],
        guesses: &[
            "list does not exist",
            "list not found",
            "no list with",
            "list with id&does not exist",
            "list with id&not found",
            "list id&does not exist",
        ],
        because: "the account has no list with this id: lists of the ended v1 API have other IDs",
        remedy: &[
            "map an old ID with GET /crm/lists/2026-09/idmapping?legacyListId=…",
            "find a list by name with POST /crm/lists/2026-09/search",
        ],
        ..ROW
    },
    Said {
        cause: "file-access-invalid",
        title: "the upload lacks options, access or folder",
        statuses: BAD,
        guesses: &[
            "folderid or folderpath",
            "folder&must be",
            "options&access&required",
            "file access",
            "folder path or folder id",
            "must provide a folder",
        ],
        because: "a file upload is multipart/form-data with file, folderPath or folderId, and options such as {\"access\": \"PRIVATE\"}",
        remedy: &[
            "send options as a JSON text in a part of its own, and name the folder; leave Content-Type to the client, which adds the boundary",
        ],
        ..ROW
    },
    Said {
        cause: "file-access-fixed",
        title: "the access of this file can't be changed",
        source: Source::Files,
        statuses: &[400, 403],
        says: &["file visibility cannot be changed"],
        guesses: &["file visibility can't be changed", "visibility of the file cannot be changed"],
        names_hubspot: true,
        because: "HubSpot keeps the access that some files were made with, private ones among them",
        remedy: &["upload the file again with the access that it shall have, use the new file, and delete the old one"],
        ..ROW
    },
    Said {
        cause: "payload-too-large",
        title: "the body is larger than is taken",
        source: Source::Program("HTTP (RFC 9110)"),
        statuses: &[400, 413],
        says: &["payload too large", "request entity too large", "content too large"],
        guesses: &["file size&limit", "file is too large"],
        because: "HubSpot, or a proxy before it, takes no body of this size",
        remedy: &[
            "send smaller batches, and upload large files with the files API from a URL (import-from-url)",
            "look whether a proxy of your own has the limit",
        ],
        ..ROW
    },
    Said {
        cause: "subscription-unchanged",
        title: "the subscription has this state already",
        statuses: &[400, 409],
        guesses: &["already subscribed", "already unsubscribed"],
        because: "the contact has this state for the subscription type, or has opted out, which an API call does not take back",
        remedy: &["treat it as done", "a person who opted out must opt in again through a form or the preference page"],
        ..ROW
    },
    Said {
        cause: "workflow-enrollment-refused",
        title: "the contact can't be enrolled",
        statuses: &[400, 404, 409],
        guesses: &["enroll&workflow", "workflow&not active", "cannot be enrolled", "sequence&enroll"],
        because: "the workflow or sequence is off, does not exist, or does not take this record",
        remedy: &[
            "turn the workflow on, look at its re-enrollment settings, and check that the ID comes from the new API and not from the page's URL",
        ],
        certainty: Likely,
        ..ROW
    },
    Said {
        cause: "event-unknown",
        title: "the account has no custom event of this name",
        page: pages::ERRORS,
        statuses: &[400, 404],
        guesses: &["event definition&not", "event definition&exist", "fully qualified name"],
        because: "custom events are sent by their full name, which begins with pe and the account's ID (pe62515_purchased), and the name is not one of this account's",
        remedy: &["copy the internal name from the event's page, or read GET /events/2026-09/event-definitions"],
        ..ROW
    },
    Said {
        cause: "timeline-template",
        title: "the event template does not take the event",
        page: pages::DEPRECATED,
        statuses: &[400, 404],
        guesses: &["event template", "eventtemplateid", "timeline event&template"],
        because: "the template is another app's, does not exist, or has no token of this name",
        remedy: &[
            "read the app's templates with the developer API key, and send tokens that the template names; legacy private apps can have no templates",
        ],
        ..ROW
    },
    Said {
        cause: "import-invalid",
        title: "the import's file or mapping is not valid",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        statuses: BAD,
        words: &[
            "FAILED_VALIDATION",
            "INVALID_SPREADSHEET",
            "COULD_NOT_PARSE_ROW",
            "INCORRECT_NUMBER_OF_COLUMNS",
            "INVALID_FILE_TYPE",
            "INVALID_SHEET_COUNT",
            "INVALID_COLUMN_CONFIGURATION",
            "COULD_NOT_PARSE_DATE",
            "COULD_NOT_PARSE_NUMBER",
            "AMBIGUOUS_ENUMERATION_OPTION",
        ],
        says: &["(from column '"],
        guesses: &["import&column", "importrequest", "import request&invalid", "columnmappings"],
        because: "importRequest names a column, an object type or a file that the upload does not have",
        remedy: &[
            "give each column of the file a mapping with columnName, propertyName and columnObjectTypeId, in the order of the file",
            "read GET /crm/imports/2026-09/{importId}/errors for errors of single rows",
        ],
        ..ROW
    },
    Said {
        cause: "export-not-permitted",
        title: "the export is not this app's",
        source: Source::Probe,
        statuses: &[403, 404],
        says: &["permission to get export file"],
        because: "an export is given to the app that made it, and to no other app or key",
        remedy: &["read the status with the same token that started the export, or start it again with this one"],
        ..ROW
    },
    Said {
        cause: "uri-too-long",
        title: "the URL is too long",
        source: Source::Page(pages::ERRORS),
        alone: &[414],
        names_hubspot: true,
        says: &["request-uri too", "uri too long", "uri is too long", "url is too long", "maximum allowed query length"],
        because: "HubSpot takes URLs of about 16,000 characters, and a long list of properties or IDs makes them longer",
        remedy: &["name fewer properties, or read with POST …/batch/read, which takes properties and IDs in the body"],
        ..ROW
    },
];
