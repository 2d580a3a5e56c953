//! Records, object types, lists, files and other things that a request names (hubspot facts, section 7).

use super::pages;
use super::said::{ROW, Said};
use crate::doctor::Certainty::Likely;

const BAD: &[u16] = &[400, 207, 422];

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "record-id-not-a-number",
        title: "the id is not the number of a record",
        page: pages::OBJECTS,
        statuses: &[400, 404],
        words: &["INVALID_OBJECT_ID", "INVALID_RECORD_ID"],
        says: &[
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
            "add ?idProperty=email (or another unique property) where the value is no record id",
            "look whether the variable was empty: undefined, null, NaN and 0 are no ids",
        ],
        ..ROW
    },
    Said {
        cause: "record-archived",
        title: "the record is archived",
        page: pages::OBJECTS,
        statuses: &[400, 404, 409, 207],
        words: &["OBJECT_ARCHIVED", "OBJECT_DELETED", "ALREADY_ARCHIVED"],
        says: &["is archived", "has been archived", "has been deleted", "was deleted", "already archived", "is deleted"],
        certainty: Likely,
        because: "the record is in the recycle bin: it can't be changed, and no search returns it",
        remedy: &["read it with ?archived=true", "restore it in HubSpot within 90 days, or create the record again"],
        ..ROW
    },
    Said {
        cause: "merge-limit",
        title: "the record has too many identities to be merged",
        page: pages::ERRORS,
        says: &["more than 250 identities", "250 identities", "cannot have more than 250"],
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
        words: &["CANNOT_MERGE", "MERGE_CONFLICT"],
        says: &["cannot be merged", "can't be merged", "already been merged", "can not be merged", "forward reference"],
        because: "one of the two is merged already, is the same record, or is of a type that has no merge",
        remedy: &["read the records first and use the id of the one that remains; HubSpot names it in the answer"],
        ..ROW
    },
    Said {
        cause: "object-type-unknown",
        title: "the path names no object type",
        page: pages::SCHEMAS,
        statuses: &[400, 404],
        words: &["INVALID_OBJECT_TYPE", "OBJECT_TYPE_NOT_FOUND", "OBJECT_TYPE_DOES_NOT_EXIST", "UNKNOWN_OBJECT_TYPE"],
        says: &[
            "unable to infer object type",
            "object type&does not exist",
            "not a valid object type",
            "unknown object type",
            "no object type",
        ],
        judge: Some(super::path::object_type),
        because: "the path names neither a standard object type nor a custom one of this account",
        remedy: &[
            "write standard types by name or id (contacts, 0-1), custom types as p_NAME, pHUBID_NAME or 2-NUMBER",
            "list the account's custom types with GET /crm-object-schemas/2026-09/schemas; their numbers differ between accounts",
        ],
        ..ROW
    },
    Said {
        cause: "schema-exists",
        title: "an object type of this name exists",
        page: pages::SCHEMAS,
        statuses: &[400, 409],
        words: &["OBJECT_TYPE_ALREADY_EXISTS", "SCHEMA_ALREADY_EXISTS", "DUPLICATE_OBJECT_TYPE"],
        says: &["object type&already exists", "schema&already exists", "schema with name&exists"],
        because: "names of custom object types are unique in an account, and a deleted one keeps its name until it is purged",
        remedy: &["change the type that exists with PATCH, or delete it for good with ?archived=true, or choose another name"],
        ..ROW
    },
    Said {
        cause: "schema-has-records",
        title: "the object type has records",
        page: pages::SCHEMAS,
        statuses: &[400, 409],
        says: &[
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
        page: pages::LISTS,
        statuses: &[400, 403, 409],
        words: &["LIST_NOT_MANUAL", "INVALID_LIST_PROCESSING_TYPE"],
        says: &[
            "operate manually on a dynamic list",
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
        title: "the list does not exist, or the id is of the old API",
        page: pages::LISTS,
        statuses: &[400, 404],
        words: &["LIST_NOT_FOUND", "ListError.LIST_NOT_FOUND"],
        says: &["list does not exist", "list&not found", "no list with", "list with id&does not exist", "list id&does not exist"],
        because: "the account has no list with this id: lists of the ended v1 API have other ids",
        remedy: &[
            "map an old id with GET /crm/lists/2026-09/idmapping?legacyListId=…",
            "find a list by name with POST /crm/lists/2026-09/search",
        ],
        ..ROW
    },
    Said {
        cause: "file-access-invalid",
        title: "the upload lacks options, access or folder",
        statuses: BAD,
        words: &["INVALID_FILE_ACCESS", "MISSING_FOLDER"],
        says: &[
            "folderid or folderpath",
            "folder&must be",
            "options&access&required",
            "file access",
            "folder path or folder id",
            "must provide a folder",
            "access must",
        ],
        because: "a file upload is multipart/form-data with file, folderPath or folderId, and options such as {\"access\": \"PRIVATE\"}",
        remedy: &[
            "send options as a JSON text in a part of its own, and name the folder; leave Content-Type to the client, which adds the boundary",
        ],
        ..ROW
    },
    Said {
        cause: "payload-too-large",
        title: "the body is larger than is taken",
        statuses: &[400, 413],
        says: &["413 ", "payload too large", "request entity too large", "content too large", "file size&limit", "file is too large"],
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
        words: &["SUBSCRIPTION_ALREADY_EXISTS", "ALREADY_SUBSCRIBED", "ALREADY_UNSUBSCRIBED"],
        says: &["already subscribed", "already unsubscribed"],
        because: "the contact has this state for the subscription type, or has opted out, which an API call does not take back",
        remedy: &["treat it as done", "a person who opted out must opt in again through a form or the preference page"],
        ..ROW
    },
    Said {
        cause: "workflow-enrollment-refused",
        title: "the contact can't be enrolled",
        statuses: &[400, 404, 409],
        says: &["enroll&workflow", "workflow&not active", "cannot be enrolled", "sequence&enroll"],
        because: "the workflow or sequence is off, does not exist, or does not take this record",
        remedy: &[
            "turn the workflow on, look at its re-enrollment settings, and check that the id is of the new API and not of the page's URL",
        ],
        certainty: Likely,
        ..ROW
    },
    Said {
        cause: "timeline-template",
        title: "the event template does not take the event",
        page: pages::DEPRECATED,
        statuses: &[400, 404],
        words: &["INVALID_EVENT_TEMPLATE", "EVENT_TEMPLATE_NOT_FOUND", "TOKEN_NOT_FOUND_IN_TEMPLATE"],
        says: &["event template", "eventtemplateid", "timeline event&template", "event definition&not"],
        because: "the template is another app's, does not exist, or has no token of this name",
        remedy: &[
            "read the app's templates with the developer API key, and send tokens that the template names; legacy private apps can have no templates",
        ],
        ..ROW
    },
    Said {
        cause: "import-invalid",
        title: "the import's file or mapping is not valid",
        statuses: BAD,
        words: &[
            "FAILED_VALIDATION",
            "INVALID_IMPORT",
            "COULD_NOT_PARSE_FILE",
            "INVALID_SPREADSHEET",
            "UNKNOWN_COLUMN",
            "INVALID_COLUMN_MAPPING",
        ],
        says: &["(from column '", "import&column", "importrequest", "import request&invalid", "columnmappings"],
        because: "importRequest names a column, an object type or a file that the upload does not have",
        remedy: &[
            "give each column of the file a mapping with columnName, propertyName and columnObjectTypeId, in the order of the file",
            "read GET /crm/imports/2026-09/{importId}/errors for errors of single rows",
        ],
        ..ROW
    },
    Said {
        cause: "uri-too-long",
        title: "the URL is too long",
        alone: &[414],
        says: &["request-uri too", "uri too long", "uri is too long", "url is too long"],
        because: "HubSpot takes URLs of about 16,000 characters, and a long list of properties or ids makes them longer",
        remedy: &["name fewer properties, or read with POST …/batch/read, which takes properties and ids in the body"],
        ..ROW
    },
];
