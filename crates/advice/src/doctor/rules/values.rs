//! Values that HubSpot does not accept, by the code or the message in its answer (hubspot facts, sections 4 and 7).

use super::pages;
use super::said::{ROW, Said};
use super::source::Source;
use crate::doctor::Certainty::Likely;

const BAD: &[u16] = &[400, 207, 409, 422];

pub(super) static ROWS: &[Said] = &[
    Said {
        cause: "property-unknown",
        title: "the property does not exist",
        source: Source::Facts("4"),
        page: pages::PROPERTIES,
        statuses: &[400, 207, 404, 422],
        words: &["PROPERTY_DOESNT_EXIST"],
        says: &["property \"&does not exist", "property '&does not exist", "property `&does not exist", "property \\\"&does not exist"],
        guesses: &["property does not exist", "no property named", "unknown property"],
        because: "the object type has no property of this name",
        remedy: &[
            "use the internal name, not the label: GET /crm/properties/2026-09/{objectType} lists the names",
            "check that the property belongs to this object type and to this account: a sandbox has properties of its own",
            "create the property first, or restore it: creating an archived property's name restores it",
        ],
        ..ROW
    },
    Said {
        cause: "option-not-allowed",
        title: "the value is not an option of the property",
        source: Source::Facts("4"),
        page: pages::PROPERTIES,
        statuses: BAD,
        words: &["INVALID_OPTION", "INVALID_ENUMERATION_OPTION", "VALUE_NOT_IN_FIELD_DEFINITION"],
        says: &["was not one of the allowed options"],
        guesses: &["is not one of the allowed options", "not a valid option"],
        unless: &["argument '&passed to"],
        because: "the property takes only the values of its options",
        remedy: &[
            "send the option's internal value with the same capitals, not its label: GET /crm/properties/2026-09/{objectType}/{property} lists both",
            "join several values of a multiple checkbox with a semicolon",
            "add the option to the property before you write it",
        ],
        ..ROW
    },
    Said {
        cause: "property-read-only",
        title: "the property is read-only",
        source: Source::Facts("4"),
        page: pages::PROPERTIES,
        statuses: BAD,
        words: &["READ_ONLY_VALUE"],
        says: &["is a calculated property; its value"],
        guesses: &["property is read-only", "is read-only in", "is a read only property", "read-only property", "read only property"],
        because: "HubSpot sets this property itself, or its definition makes it read-only",
        remedy: &["leave the property out of the write: calculated properties and most properties that begin with hs_ are read-only"],
        ..ROW
    },
    Said {
        cause: "email-invalid",
        title: "the e-mail address is not valid",
        source: Source::Facts("4"),
        page: pages::PROPERTIES,
        statuses: BAD,
        words: &["INVALID_EMAIL"],
        says: &["email address&is invalid", "invalid email: "],
        guesses: &["is not a valid email", "invalid email address"],
        because: "HubSpot refuses the e-mail address: its form or its top-level domain is not valid",
        remedy: &[
            "trim blanks, and check the domain's ending: HubSpot knows the list of top-level domains",
            "remove the address from the write when it can't be corrected; the other properties are taken without it",
        ],
        ..ROW
    },
    Said {
        cause: "date-invalid",
        title: "the date is not valid, or is not midnight UTC",
        source: Source::Facts("4"),
        page: pages::PROPERTIES,
        statuses: BAD,
        words: &["INVALID_DATE"],
        says: &["utc, not midnight"],
        guesses: &[
            "is not at midnight",
            "isn't at midnight",
            "not midnight utc",
            "was not a valid date",
            "is not a valid date",
            "not a valid timestamp",
        ],
        judge: Some(super::data::date_as_long),
        because: "a date property takes midnight UTC, and HubSpot read another time or no date",
        remedy: &[
            "send YYYY-MM-DD, or the milliseconds of midnight UTC: a local midnight is another time",
            "send a time of the day only to a property of the type datetime, as ISO 8601 or as milliseconds (not seconds)",
        ],
        ..ROW
    },
    Said {
        cause: "number-invalid",
        names_hubspot: true,
        title: "the value is not a number",
        source: Source::Facts("4"),
        page: pages::PROPERTIES,
        statuses: BAD,
        words: &["INVALID_INTEGER", "INVALID_NUMBER", "INVALID_LONG"],
        says: &["was not a valid long", "was not a valid number"],
        guesses: &["was not a valid integer", "is not a valid number"],
        unless: &["for owner id"],
        unless_judged: Some(super::data::is_date_as_long),
        because: "a number property takes digits, one decimal point and a sign",
        remedy: &["send the number without a currency sign, thousands separators and units; send \"\" to clear the property"],
        ..ROW
    },
    Said {
        cause: "boolean-invalid",
        title: "the value is neither true nor false",
        page: pages::PROPERTIES,
        statuses: BAD,
        guesses: &["was not a valid boolean", "is not a valid boolean"],
        because: "a bool property takes the texts \"true\" and \"false\"",
        remedy: &["send \"true\" or \"false\" in small letters, not 1, yes or on"],
        ..ROW
    },
    Said {
        cause: "owner-invalid",
        title: "the owner does not exist",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        page: pages::OWNERS,
        statuses: BAD,
        words: &["COULD_NOT_FIND_OWNER", "MULTIPLE_OWNERS_FOUND"],
        says: &["for owner id"],
        guesses: &["owner&does not exist", "not a valid owner", "invalid owner", "no owner with id", "owner id&invalid"],
        because: "HubSpot knows no owner with this id: owner properties take the owner's ID, which is neither the user's ID nor the e-mail address",
        remedy: &[
            "read the owners with GET /crm/owners/2026-09, and send the field `id`",
            "an owner whose user was removed is archived: ?archived=true lists them",
        ],
        ..ROW
    },
    Said {
        cause: "pipeline-stage-mismatch",
        title: "the stage is not of this pipeline",
        page: pages::PIPELINES,
        statuses: BAD,
        guesses: &[
            "stage&is not valid for pipeline",
            "stage&not valid for the pipeline",
            "stage&does not belong to",
            "invalid pipeline stage",
            "stage id&not valid",
            "not a valid pipeline stage",
            "stage&doesn't exist in pipeline",
        ],
        because: "a stage belongs to one pipeline, and the pair of pipeline and stage does not",
        remedy: &[
            "send both IDs together: pipeline and dealstage of deals, hs_pipeline and hs_pipeline_stage of tickets",
            "read the pairs with GET /crm/pipelines/2026-09/{objectType}; IDs differ between accounts, and names are not IDs",
        ],
        ..ROW
    },
    Said {
        cause: "pipeline-unknown",
        title: "the pipeline does not exist",
        page: pages::PIPELINES,
        statuses: &[400, 404],
        guesses: &["pipeline&does not exist", "pipeline&not found", "invalid pipeline id"],
        because: "the account has no pipeline with this ID for this object type",
        remedy: &[
            "read the pipelines with GET /crm/pipelines/2026-09/{objectType}: the first one of deals is \"default\", all later ones have IDs of their own",
        ],
        ..ROW
    },
    Said {
        cause: "lifecycle-backwards",
        title: "the lifecycle stage does not move backwards",
        page: pages::PROPERTIES,
        guesses: &[
            "lifecycle&backward",
            "lifecyclestage&backward",
            "lifecycle stage&previous stage",
            "lifecyclestage&cannot be moved",
            "lifecycle&earlier stage",
        ],
        certainty: Likely,
        because: "HubSpot moves lifecyclestage forward only; a write of an earlier stage is dropped",
        remedy: &["clear the property first (write \"\"), and write the earlier stage in a second call"],
        ..ROW
    },
    Said {
        cause: "unique-value-taken",
        title: "another record has this unique value",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        page: pages::PROPERTIES,
        statuses: &[400, 409, 207],
        words: &["UNIQUE_VALUE_CONFLICT", "DUPLICATE_UNIQUE_PROPERTY_VALUE"],
        says: &["already has that value", "propertyvaluecoordinates"],
        guesses: &["already exists for property", "unique property&already", "value already exists for unique"],
        because: "the property has unique values (hasUniqueValue), and the answer names the record that holds this one",
        remedy: &[
            "change the record that holds the value, or clear the value there first",
            "use batch/upsert with idProperty set to this property: it changes the record that has the value",
        ],
        ..ROW
    },
    Said {
        cause: "id-property-not-unique",
        title: "idProperty is not a unique property",
        source: Source::Thread("segmentio/action-destinations#3957"),
        page: pages::OBJECTS,
        statuses: BAD,
        says: &["non-unique&property"],
        guesses: &["not a unique property", "is not unique&idproperty", "idproperty&must be unique"],
        because: "idProperty takes a property whose definition has hasUniqueValue, and neither hs_object_id nor an ordinary property is one",
        remedy: &[
            "leave idProperty out where the ID is the record's own ID",
            "use batch/upsert for e-mail addresses: batch/update does not take idProperty=email",
            "create a property with hasUniqueValue: true; an existing property can't become unique",
        ],
        ..ROW
    },
    Said {
        cause: "property-too-long",
        title: "the value is longer than the property takes",
        page: pages::PROPERTIES,
        statuses: BAD,
        guesses: &["value is too long", "exceeds the maximum length", "longer than 65536", "must be at most 65536"],
        because: "a text property takes 65,536 characters",
        remedy: &["shorten the value, or store it as a note or as a file"],
        ..ROW
    },
    Said {
        cause: "phone-or-url-invalid",
        title: "the value has not the form that the property checks",
        source: Source::Client("@hubspot/api-client, PublicImportError"),
        page: pages::PROPERTIES,
        statuses: BAD,
        words: &["INVALID_DOMAIN", "INVALID_CUSTOM_PROPERTY_VALIDATION"],
        guesses: &[
            "is not a valid phone number",
            "property validation rule",
            "does not match the validation",
            "not a valid url",
            "not a valid domain",
        ],
        because: "the property has a rule for its values, such as a phone number, a URL or a pattern that an administrator set",
        remedy: &[
            "read the rules with GET /crm/property-validations/2026-09/{objectTypeId}/{propertyName}, and send a value that keeps them",
        ],
        ..ROW
    },
    Said {
        cause: "required-property-missing",
        title: "a required property is missing",
        source: Source::Thread("HubSpot/hubspot-api-nodejs#124"),
        page: pages::OBJECTS,
        statuses: &[400, 207, 422],
        words: &["MISSING_REQUIRED_PROPERTY"],
        says: &["required properties were not set", "cannot create object with type&required properties were missing"],
        guesses: &["required properties were missing", "required property", "required properties&missing"],
        // A program's own check of JSON says so as well.
        unless: &["must have required property", "should have required property", "is a required property"],
        because: "HubSpot does not create the record without this property",
        remedy: &[
            "set the properties that the type needs: deals dealname, pipeline and dealstage; tickets subject, hs_pipeline and hs_pipeline_stage; activities hs_timestamp; companies domain or name",
            "on version 2026-09 and later also set what the account's administrators require on the create form and by condition: look under the object's settings",
        ],
        ..ROW
    },
    Said {
        cause: "property-exists",
        title: "a property of this name exists",
        page: pages::PROPERTIES,
        statuses: &[400, 409],
        words: &["PROPERTY_EXISTS"],
        guesses: &["property named&already exists", "property already exists", "property with name&already exists"],
        judge: Some(super::data::property_exists),
        because: "names of properties are unique for an object type, archived ones included",
        remedy: &[
            "read the property with GET /crm/properties/2026-09/{objectType}/{property}, and change it with PATCH",
            "choose another name",
        ],
        ..ROW
    },
    Said {
        cause: "property-definition-invalid",
        title: "the definition of the property is not complete or not valid",
        source: Source::Thread("HubSpot/hubspot-php#295"),
        page: pages::PROPERTIES,
        statuses: BAD,
        says: &["property name must be lowercase"],
        guesses: &["property must have type", "invalid property name", "fieldtype&not valid", "property name&must"],
        because: "a property needs name, label, groupName, and a type with a fieldType that fits it; its name has small letters, digits and underscores",
        remedy: &["send all five fields, for example type enumeration with fieldType select and a list of options"],
        ..ROW
    },
    Said {
        cause: "property-group-unknown",
        title: "the property group does not exist",
        page: pages::PROPERTIES,
        statuses: &[400, 404],
        guesses: &["property group&does not exist", "group named&does not exist", "property group&not found"],
        because: "groupName takes the internal name of a group that exists for this object type",
        remedy: &["list the groups with GET /crm/properties/2026-09/{objectType}/groups, or create the group first"],
        ..ROW
    },
    Said {
        cause: "property-group-not-empty",
        title: "the property group has properties",
        source: Source::Files,
        page: pages::PROPERTIES,
        statuses: &[400, 409],
        words: &["GROUP_WITH_ACTIVE_PROPERTIES"],
        says: &["group with active properties"],
        because: "HubSpot deletes a group of properties only when no property is in it",
        remedy: &[
            "list the properties of the object type, and move those with this groupName to another group (PATCH with groupName), or archive them",
            "then delete the group",
        ],
        ..ROW
    },
    Said {
        cause: "property-in-use",
        title: "the property is in use",
        page: pages::PROPERTIES,
        statuses: &[400, 409],
        guesses: &["property&is used in", "property&in use", "cannot delete&property"],
        because: "lists, workflows, forms or calculations use the property, so HubSpot keeps it",
        remedy: &["open the property's page in HubSpot, look under \"Used in\", and remove those uses first"],
        ..ROW
    },
    Said {
        cause: "stage-in-use",
        title: "the stage has records",
        source: Source::Page(pages::PIPELINES),
        page: pages::PIPELINES,
        words: &["STAGE_ID_IN_USE", "PipelineError.STAGE_ID_IN_USE"],
        says: &["stage_id_in_use"],
        guesses: &["stages are being referenced", "stage&being referenced"],
        because: "a stage or a pipeline can't be deleted while it has records",
        remedy: &["move the records that context.objectIds names to another stage first"],
        ..ROW
    },
];

/// Tried where no other row gives the reason.
pub(super) static LAST: &[Said] = &[Said {
    cause: "property-value-invalid",
    title: "a value does not fit its property",
    source: Source::Page(pages::OBJECTS),
    page: pages::PROPERTIES,
    statuses: BAD,
    says: &["property values were not valid"],
    guesses: &["property value is not valid", "invalid_property_value"],
    certainty: Likely,
    because: "HubSpot does not take the value of a property",
    remedy: &[
        "read errors[]: code says what is wrong, and context.propertyName which property it is; the oldest APIs write both into the message",
        "paste the whole answer: the part behind \"Property values were not valid\" names the property",
    ],
    ..ROW
}];
