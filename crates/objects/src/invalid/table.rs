//! The rows. A function, its category, its words and its source are in one place; a new validation error is a new row.

use std::fmt::Display;

use keyway_core::error_body::{ErrorBody, ErrorDetail};

use super::Source::{self, Own, Page, Seen, Unconfirmed};
use super::{BadValue, DetailRow, Entry, Row, ValueRow};

macro_rules! optional {
    () => {
        ""
    };
    ($text:literal) => {
        $text
    };
}

macro_rules! given {
    () => {
        false
    };
    ($name:ident) => {
        true
    };
}

macro_rules! errors {
    ($($family:literal { $(
        $name:ident($($word:ident),* $(; $($list:ident),+)?): $status:literal $category:literal $(/ $sub:literal)?, $message:literal
        $(, context($($key:literal = $value:ident),+))?
        $(, entry($said:literal $(, code = $code:literal)? $(, in = $place:ident)? $(, $entry_key:literal = $entry_value:ident)*))*
        => $source:expr;
    )* })*) => {
        $($(
            #[doc = concat!("`", $message, "`")]
            #[allow(clippy::needless_pass_by_value, clippy::useless_format)]
            pub fn $name($($word: impl Display,)* $($($list: Vec<String>,)+)?) -> ErrorBody {
                let error = ErrorBody::new($status, $category, format!($message));
                $(let error = error.sub_category($sub);)?
                $($(let error = error.context($key, $value.clone());)+)?
                $(
                    let entry = ErrorDetail::new(format!($said));
                    $(let entry = entry.code($code);)?
                    $(let entry = entry.in_($place.to_string());)?
                    $(let entry = entry.context($entry_key, $entry_value.clone());)*
                    let error = error.detail(entry);
                )*
                error
            }
        )*)*

        /// Every validation error, in the order of the page.
        pub const ROWS: &[Row] = &[$($(Row {
            family: $family,
            name: stringify!($name),
            status: $status,
            category: $category,
            sub_category: optional!($($sub)?),
            message: $message,
            context: &[$($($key),+)?],
            entries: &[$(Entry {
                message: $said,
                code: optional!($($code)?),
                has_place: given!($($place)?),
                context: &[$($entry_key),*],
            }),*],
            source: $source,
        },)*)*];
    };
}

macro_rules! values {
    ($($name:ident($($word:ident),*): $code:literal, $message:literal => $source:expr;)*) => {
        $(
            #[doc = concat!("`", $message, "`")]
            pub(crate) fn $name($($word: impl Display),*) -> BadValue {
                BadValue { code: $code, message: format!($message) }
            }
        )*

        /// What may be wrong with the value of a property, in the order of the page.
        pub const VALUE_ROWS: &[ValueRow] =
            &[$(ValueRow { name: stringify!($name), code: $code, message: $message, source: $source },)*];
    };
}

macro_rules! details {
    ($($of:literal { $(
        $name:ident($($word:ident),* $(; $($list:ident),+)?): $(type $type:literal,)? $(sub $sub:literal,)? $message:literal
        $(, $key:literal = $value:ident)* => $source:expr;
    )* })*) => {
        $($(
            #[doc = concat!("`", $message, "`")]
            #[allow(clippy::too_many_arguments)]
            pub fn $name($($word: impl Display,)* $($($list: Vec<String>,)+)?) -> ErrorDetail {
                let detail = ErrorDetail::new(format!($message));
                $(let detail = detail.error_type($type);)?
                $(let detail = detail.sub_category($sub);)?
                $(let detail = detail.context($key, $value);)*
                detail
            }
        )*)*

        /// The entries of `errors` that a row has beside its own, one for each fault.
        pub const DETAIL_ROWS: &[DetailRow] = &[$($(DetailRow {
            of: $of,
            name: stringify!($name),
            error_type: optional!($($type)?),
            sub_category: optional!($($sub)?),
            message: $message,
            context: &[$($key),*],
            source: $source,
        },)*)*];
    };
}

const FACTS_4: Source = Seen("hubspot facts, section 4");
const LIVE_PROPERTIES: Source = Seen("scopiousdigital/kalup, docs/hubspot.md: live runs of 2026-09-29 and 2026-10-01");
const LIVE_WRITES: Source = Seen("Luigi08001/hubcli, docs/TESTING/PORTAL-147975758-WRITES.md: a live account, 2026-04-21");
const UNKNOWN_TYPE: Source =
    Page("changelog/breaking-change-removed-support-for-referencing-custom-objects-by-their-base-name, and public clients' tests");
const NO_ASSOCIATION: Source = Seen("two public notes of live answers to the batch read of associations");
const SUBMISSIONS: Source = Seen("verbb/formie#2618, and HubSpot's page of the endpoint for the types");
const SPLITS: Source = Seen("the form of the answer for records; the words for deal splits are unconfirmed");
const OWN_TYPE_EXISTS: Source = Seen("the form of the answer for properties; the words for object types are unconfirmed");

errors! {
    "Requests" {
        body_missing(): 400 "VALIDATION_ERROR", "Invalid JSON input: a request body was expected, but none found"
            => Seen("HubSpot/hubspot-api-ruby#187");
        body_invalid(line, column, reason): 400 "VALIDATION_ERROR", "Invalid input JSON on line {line}, column {column}: {reason}"
            => Seen("HubSpot/hubspot-api-php#227; HubSpot's reason names a Java class");
        body_of_another_type(wanted): 400 "VALIDATION_ERROR",
            "Invalid input JSON on line 1, column 1: Cannot deserialize value, {wanted} is expected"
            => Seen("HubSpot/hubspot-api-php#227; HubSpot's reason names a Java class");
        body_too_large(max): 400 "VALIDATION_ERROR", "Invalid input JSON: it has more than {max} values" => Own;
        field_missing(field): 400 "VALIDATION_ERROR", "Invalid input JSON on line 1, column 2. Some required fields were not set: [{field}]"
            => LIVE_WRITES;
        field_invalid(field, problem): 400 "VALIDATION_ERROR", "Invalid input JSON: {field} {problem}",
            entry("{field} {problem}", in = field) => Unconfirmed;
        parameter_invalid(name, problem): 400 "VALIDATION_ERROR", "Invalid value for parameter {name}: {problem}",
            entry("{problem}", in = name) => Unconfirmed;
        object_type_unknown(segment): 400 "VALIDATION_ERROR", "Unable to infer object type from: {segment}" => UNKNOWN_TYPE;
        account_missing(hub_id): 404 "OBJECT_NOT_FOUND", "there is no embedded account {hub_id}" => Own;
        object_type_not_writable(singular): 400 "VALIDATION_ERROR", "{singular} records can't be written through the API" => Unconfirmed;
    }
    "Records" {
        record_missing(): 404 "OBJECT_NOT_FOUND", "resource not found" => Seen("hubspot facts, section 4; some answers have no category");
        record_id_not_a_number(; ids): 404 "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.", context("id" = ids)
            => Seen("seven public captures; HubSpot says \"objectId is usually positive.\" for 0");
        values_invalid(list): 400 "VALIDATION_ERROR", "Property values were not valid: {list}" => FACTS_4;
        nothing_to_update(): 400 "VALIDATION_ERROR", "No properties found to update, please provide at least one." => LIVE_WRITES;
        required_properties_missing(type_name; names): 400 "VALIDATION_ERROR",
            "Error creating {type_name}. Some required properties were not set.", context("properties" = names),
            entry("Error: required properties were not set.", code = "REQUIRED_PROPERTIES_MISSING", "properties" = names)
            => Seen("Luigi08001/hubcli, docs/TESTING/PORTAL-147975758-WRITES.md, and public clients' tests for the context");
        required_associations_missing(type_name; types): 400 "VALIDATION_ERROR",
            "Error creating {type_name}. Some required associations were not set.", context("objectTypes" = types)
            => Page("api-reference/2026-03/crm/objects/leads/guide for the rule; the words are unconfirmed");
        contact_exists(singular, id): 409 "CONFLICT", "{singular} already exists. Existing ID: {id}" => FACTS_4;
        merged_with_itself(): 400 "VALIDATION_ERROR", "A record can't be merged with itself" => Unconfirmed;
        merged_too_often(max): 414 "VALIDATION_ERROR", "A record can't be merged from more than {max} others"
            => Page("api-reference/error-handling for the status; the words are unconfirmed");
    }
    "Batches" {
        batch_too_large(max, count): 400 "VALIDATION_ERROR",
            "The maximum number of inputs supported in a batch request is {max}, but {count} were provided"
            => Seen("two public clients: \"The maximum number of inputs supported in a batch request for property histories is 50\"");
        batch_ids_repeated(list; ids): 400 "VALIDATION_ERROR", "Duplicate IDs found in batch input: [{list}]. IDs must be unique",
            context("ids" = ids) => Seen("segmentio/action-destinations#3969");
        batch_not_unique(type_id, name, hub_id): 400 "VALIDATION_ERROR",
            "Unable to perform update/upsert by non-unique {type_id} property {name} in portal ID {hub_id}"
            => Seen("segmentio/action-destinations#3957");
        batch_records_missing(type_name; ids): 404 "OBJECT_NOT_FOUND",
            "Could not get some {type_name} objects, they may be deleted or not exist. Check that ids are valid.", context("ids" = ids)
            => FACTS_4;
        batch_some_missing(; ids): 400 "VALIDATION_ERROR", "Some of the records do not exist", context("ids" = ids) => Unconfirmed;
    }
    "Associations" {
        associations_invalid(; named, ids, types): 400 "VALIDATION_ERROR", "One or more associations are invalid",
            context("INVALID_OBJECT_IDS" = named, "objectId" = ids, "objectType" = types) => Seen("HubSpot/hubspot-api-nodejs#646");
        association_type_invalid(name, from, to; names, froms, tos): 400 "VALIDATION_ERROR" / "crm.associations.INVALID_ASSOCIATION_TYPE",
            "{name} is not a valid association type between {from} and {to}",
            context("type" = names, "fromObjectType" = froms, "toObjectType" = tos) => Seen("belong-inc/go-hubspot, deal_test.go");
        association_type_of_no_pair(id, from): 400 "VALIDATION_ERROR", "{id} is not a type of an association of a {from}" => Unconfirmed;
        association_id_invalid(id): 400 "VALIDATION_ERROR", "{id} is not the id of a record" => Unconfirmed;
        association_with_itself(singular, id): 400 "VALIDATION_ERROR", "{singular} {id} can't be associated with itself" => Unconfirmed;
        association_types_invalid(): 400 "VALIDATION_ERROR", "Invalid input JSON: a list of association types is expected"
            => Seen("HubSpot/hubspot-api-php#227; HubSpot's reason names a Java class");
        association_limit(singular, id, limit, type_id): 400 "VALIDATION_ERROR" / "crm.associations.LIMIT_EXCEEDED",
            "{singular} {id} can have at most {limit} associations of type {type_id}" => Unconfirmed;
        associations_none(to, from, id; ids, froms, tos): 404 "OBJECT_NOT_FOUND" / "crm.associations.NO_ASSOCIATIONS_FOUND",
            "No {to} is associated with {from} {id}.",
            context("fromObjectId" = ids, "fromObjectType" = froms, "toObjectType" = tos) => NO_ASSOCIATION;
        label_exists(label, name): 400 "VALIDATION_ERROR", "An association label {label} or with the name {name} already exists"
            => Unconfirmed;
        labels_too_many(max): 400 "VALIDATION_ERROR", "A pair of object types has at most {max} association labels" => Unconfirmed;
        label_missing(id): 404 "OBJECT_NOT_FOUND", "association type {id} does not exist" => Unconfirmed;
        label_of_hubspot(id): 400 "VALIDATION_ERROR", "association type {id} is defined by HubSpot and can't be changed" => Unconfirmed;
        usage_of_no_user(id): 404 "OBJECT_NOT_FOUND", "user {id} does not exist" => Unconfirmed;
        limit_without_type(): 400 "VALIDATION_ERROR", "toObjectTypeId needs fromObjectTypeId" => Unconfirmed;
    }
    "Search" {
        search_body_too_long(max): 400 "VALIDATION_ERROR", "The request body must have at most {max} characters."
            => Page("api-reference/latest/crm/search-the-crm for the limit; the words are unconfirmed");
        search_invalid(problem): 400 "VALIDATION_ERROR", "There was a problem with the request. {problem}", entry("{problem}")
            => Unconfirmed;
        search_property_unknown(name, type_name; names): 400 "VALIDATION_ERROR",
            "There was a problem with the request. Property {name} does not exist for {type_name}",
            entry("Property {name} does not exist for {type_name}"),
            entry("Property {name} does not exist for {type_name}", code = "PROPERTY_DOESNT_EXIST", "propertyName" = names)
            => Unconfirmed;
        search_filter_incomplete(fields): 400 "VALIDATION_ERROR",
            "Invalid input JSON on line 1, column 2: Cannot build Filter, some of required attributes are not set [{fields}]"
            => Seen("HubSpot/hubspot-api-nodejs#226");
    }
    "Properties" {
        property_missing(name): 404 "OBJECT_NOT_FOUND", "property {name} does not exist"
            => Seen("scopiousdigital/kalup: the status and the category; the words are unconfirmed");
        properties_missing(; names): 404 "OBJECT_NOT_FOUND", "Some properties do not exist", context("name" = names) => Unconfirmed;
        property_exists(name): 409 "OBJECT_ALREADY_EXISTS" / "Properties.PROPERTY_WITH_NAME_EXISTS",
            "A property named '{name}' already exists." => LIVE_PROPERTIES;
        properties_too_many(max): 400 "VALIDATION_ERROR", "An object type has at most {max} custom properties" => Unconfirmed;
        unique_properties_too_many(max): 400 "VALIDATION_ERROR", "An object type has at most {max} properties with unique values"
            => Unconfirmed;
        option_not_unique(label, value, field): 400 "VALIDATION_ERROR",
            "Property option label or value was not unique: {label}, {value}",
            entry("Property option label or value was not unique: {label}, {value}", code = "INVALID_OPTION", in = field)
            => Unconfirmed;
        property_of_hubspot(name): 400 "VALIDATION_ERROR",
            "{name} is defined by HubSpot; its label, description, options and place can be changed" => Unconfirmed;
        property_not_archivable(name): 400 "VALIDATION_ERROR", "{name} is defined by HubSpot and can't be archived" => Unconfirmed;
        property_required(name, type_name): 400 "VALIDATION_ERROR", "{name} is a required property of {type_name} and can't be archived"
            => Unconfirmed;
        property_in_use(name, type_id, count; names, types, counts): 400 "VALIDATION_ERROR" /
            "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            "Property: {name} of object type {type_id} is currently used in {count} places and cannot be deleted",
            context("property" = names, "objectTypeId" = types, "usageCount" = counts) => LIVE_PROPERTIES;
        rule_missing(name, rule): 404 "OBJECT_NOT_FOUND", "{name} has no validation rule {rule}" => Unconfirmed;
        group_missing(name): 404 "OBJECT_NOT_FOUND", "property group {name} does not exist" => Unconfirmed;
        group_exists(name): 409 "OBJECT_ALREADY_EXISTS", "A property group named '{name}' already exists." => Unconfirmed;
        group_of_hubspot(name): 400 "VALIDATION_ERROR", "property group {name} is defined by HubSpot and can't be archived" => Unconfirmed;
        group_in_use(): 400 "VALIDATION_ERROR" / "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
            "Can't delete or purge a group with active properties"
            => Seen("scopiousdigital/kalup, docs/hubspot.md; HubSpot writes this error as JSON into the message of another");
    }
    "Pipelines" {
        pipeline_missing(id): 404 "OBJECT_NOT_FOUND", "pipeline {id} does not exist" => Unconfirmed;
        stage_missing(id): 404 "OBJECT_NOT_FOUND", "stage {id} does not exist" => Unconfirmed;
        no_pipelines(type_name): 400 "VALIDATION_ERROR", "{type_name} have no pipelines" => Unconfirmed;
        pipelines_too_many(max): 400 "VALIDATION_ERROR", "An object type has at most {max} pipelines" => Unconfirmed;
        pipeline_label_exists(label, id): 400 "VALIDATION_ERROR", "A pipeline labelled {label} already exists: {id}" => Unconfirmed;
        stages_too_many(max): 400 "VALIDATION_ERROR", "A pipeline of this object type has at most {max} stages"
            => Page("api-reference/latest/crm/pipelines/guide for the limits; the words are unconfirmed");
        stage_label_exists(label): 400 "VALIDATION_ERROR", "A stage labelled {label} already exists in this pipeline" => Unconfirmed;
        stage_id_elsewhere(id; ids): 409 "CONFLICT" / "PipelineError.STAGE_ID_EXISTS_IN_ANOTHER_PIPELINE",
            "Stage ID {id} exists in another pipeline", context("stageIds" = ids)
            => Seen("scopiousdigital/kalup, docs/hubspot.md: the status and the code; the words are unconfirmed");
        stage_in_use(stages, records; stage_ids, object_ids): 400 "VALIDATION_ERROR" / "PipelineError.STAGE_ID_IN_USE",
            "Stage IDs: [{stages}] are being referenced by object IDs: [{records}]",
            context("stageIds" = stage_ids, "objectIds" = object_ids) => Page("api-reference/latest/crm/pipelines/guide");
        last_pipeline(): 400 "VALIDATION_ERROR", "The only pipeline of an object type can't be deleted" => Unconfirmed;
        last_stage(): 400 "VALIDATION_ERROR", "The only stage of a pipeline can't be deleted" => Unconfirmed;
    }
    "Object types" {
        schema_missing(name): 404 "OBJECT_NOT_FOUND", "object type {name} does not exist" => Unconfirmed;
        schemas_missing(; ids): 404 "OBJECT_NOT_FOUND", "Some object types do not exist", context("ids" = ids) => Unconfirmed;
        schema_of_hubspot(name): 400 "VALIDATION_ERROR", "{name} is defined by HubSpot and can't be changed" => Unconfirmed;
        schema_exists(name): 409 "OBJECT_ALREADY_EXISTS", "An object type named '{name}' already exists." => OWN_TYPE_EXISTS;
        schemas_too_many(max): 400 "VALIDATION_ERROR", "An account has at most {max} custom object types" => Unconfirmed;
        schemas_exhausted(): 400 "VALIDATION_ERROR", "The account has had too many custom object types" => Own;
        schema_in_use(type_name): 400 "VALIDATION_ERROR", "{type_name} still has records; archive them first"
            => Page("api-reference/latest/crm/objects/schemas/guide for the rule; the words are unconfirmed");
        schema_association_exists(name): 409 "OBJECT_ALREADY_EXISTS", "An association named '{name}' already exists." => OWN_TYPE_EXISTS;
        schema_association_of_hubspot(id): 400 "VALIDATION_ERROR", "association {id} is defined by HubSpot and can't be deleted"
            => Unconfirmed;
    }
    "Owners" {
        owner_missing(id): 404 "OBJECT_NOT_FOUND", "No owner with id {id} exists" => Unconfirmed;
    }
    "Lists" {
        list_missing(id): 404 "OBJECT_NOT_FOUND" / "ILS.LIST_DOES_NOT_EXIST", "List {id} does not exist" => Unconfirmed;
        list_exists(name): 400 "VALIDATION_ERROR" / "ILS.DUPLICATE_LIST_NAMES", "A list named {name} already exists"
            => Seen("two public clients branch on the subCategory; the words are unconfirmed");
        lists_too_many(max): 400 "VALIDATION_ERROR", "An account has at most {max} lists" => Own;
        list_not_filtered(): 400 "VALIDATION_ERROR", "Only a list that follows filters can be given other ones" => Unconfirmed;
        list_not_convertible(): 400 "VALIDATION_ERROR", "Only a list that follows filters can be converted" => Unconfirmed;
        conversion_missing(id): 404 "OBJECT_NOT_FOUND", "List {id} has no scheduled conversion" => Unconfirmed;
        list_not_fillable(): 400 "VALIDATION_ERROR" / "ILS.INVALID_LIST_PROCESSING_TYPE",
            "The members of a list that follows filters can't be added or removed" => Unconfirmed;
        lists_of_two_types(): 400 "VALIDATION_ERROR", "Both lists must be of one object type" => Unconfirmed;
        property_name_unknown(name; names): 400 "VALIDATION_ERROR", "Property \"{name}\" does not exist",
            entry("Property \"{name}\" does not exist", code = "PROPERTY_DOESNT_EXIST", "propertyName" = names) => Unconfirmed;
        folder_missing(id): 404 "OBJECT_NOT_FOUND", "Folder {id} does not exist" => Unconfirmed;
        folders_too_deep(max): 400 "VALIDATION_ERROR", "Folders go at most {max} deep" => Unconfirmed;
        folder_not_empty(id): 400 "VALIDATION_ERROR", "Folder {id} is not empty" => Unconfirmed;
        folder_in_itself(): 400 "VALIDATION_ERROR", "A folder can't be moved into itself" => Unconfirmed;
    }
    "Webhooks" {
        subscription_exists(event): 409 "CONFLICT", "the app is subscribed to {event} already" => Unconfirmed;
        subscriptions_too_many(max): 400 "VALIDATION_ERROR", "an app has {max} subscriptions at most" => Unconfirmed;
    }
    "Imports" {
        import_cells_too_many(max): 400 "VALIDATION_ERROR", "The files of an import have more than {max} cells; import them in parts"
            => Own;
        import_rows_too_many(max): 400 "VALIDATION_ERROR", "The file has more than {max} rows" => Own;
        import_columns_too_many(max): 400 "VALIDATION_ERROR", "The file has more than {max} columns" => Unconfirmed;
        form_missing(): 400 "VALIDATION_ERROR", "the body is not multipart/form-data" => Unconfirmed;
        import_not_cancelled(id, state): 400 "VALIDATION_ERROR", "Import {id} is {state} and can't be canceled" => Unconfirmed;
    }
    "First versions of the CRM" {
        old_contact_missing(): 404 "OBJECT_NOT_FOUND", "contact does not exist" => Unconfirmed;
        old_list_missing(): 404 "OBJECT_NOT_FOUND", "list does not exist" => Unconfirmed;
        old_deal_missing(): 404 "OBJECT_NOT_FOUND", "Deal does not exist" => Unconfirmed;
        old_engagement_missing(): 404 "OBJECT_NOT_FOUND", "Engagement does not exist" => Unconfirmed;
        old_pipeline_missing(): 404 "OBJECT_NOT_FOUND", "Pipeline does not exist" => Unconfirmed;
        old_property_missing(name): 404 "OBJECT_NOT_FOUND", "Property \"{name}\" does not exist" => Unconfirmed;
        old_group_missing(name): 404 "OBJECT_NOT_FOUND", "Property group \"{name}\" does not exist" => Unconfirmed;
        old_form_field_missing(name): 404 "OBJECT_NOT_FOUND", "the form has no field {name}" => Unconfirmed;
        old_associations_too_many(max): 400 "VALIDATION_ERROR", "At most {max} associations may be sent in one request" => Unconfirmed;
        old_workflow_with_actions(): 400 "VALIDATION_ERROR",
            "An embedded account takes the actions of a workflow by POST /automation/v4/flows" => Own;
    }
    "Beyond the CRM" {
        thing_missing(id): 404 "OBJECT_NOT_FOUND", "resource not found: {id}" => Unconfirmed;
        thing_exists(name): 409 "CONFLICT", "{name} already exists" => Unconfirmed;
        batch_things_missing(; ids): 404 "OBJECT_NOT_FOUND", "Some of the ids do not exist", context("ids" = ids) => Unconfirmed;
        team_has_teams(id): 400 "VALIDATION_ERROR", "Team {id} has teams below it" => Unconfirmed;
        flag_states_out_of_bounds(max, count): 400 "VALIDATION_ERROR",
            "A batch has between 1 and {max} accounts, but {count} were provided" => Unconfirmed;
        split_deals_missing(; ids): 404 "OBJECT_NOT_FOUND",
            "Could not get some deals, they may be deleted or not exist. Check that ids are valid.", context("ids" = ids) => SPLITS;
        journal_entries_missing(; offsets): 404 "OBJECT_NOT_FOUND",
            "Could not get some entries of the journal: they have ended, or there were none", context("offsets" = offsets) => Unconfirmed;
        template_invalid(id): 400 "VALIDATION_ERROR", "Invalid event template id: {id}" => Unconfirmed;
        cards_too_many(max): 400 "VALIDATION_ERROR", "An app has at most {max} cards" => Unconfirmed;
        function_not_text(): 400 "VALIDATION_ERROR", "the function is not UTF-8" => Unconfirmed;
        event_unknown(event, hub_id): 400 "VALIDATION_ERROR", "There is no event with the name {event} in account {hub_id}"
            => Unconfirmed;
        export_too_large(max): 400 "VALIDATION_ERROR", "The export is larger than {max} bytes; narrow its filters" => Own;
    }
    "Marketing and conversations" {
        submission_invalid(): 400 "VALIDATION_ERROR", "The request is not valid" => SUBMISSIONS;
        address_invalid(email): 400 "VALIDATION_ERROR", "{email} is not an e-mail address" => Unconfirmed;
        subscription_type_missing(id): 404 "OBJECT_NOT_FOUND", "there is no subscription {id}" => Unconfirmed;
        actors_missing(; ids): 404 "OBJECT_NOT_FOUND", "Some of the actors do not exist", context("ids" = ids) => Unconfirmed;
        message_not_outgoing(): 400 "VALIDATION_ERROR", "The status of an incoming message can't be changed" => Unconfirmed;
        channel_account_not_authorized(): 400 "VALIDATION_ERROR", "The channel account is not authorized" => Unconfirmed;
        thread_archived(): 400 "VALIDATION_ERROR", "The thread is archived; restore it with archived=false first" => Unconfirmed;
    }
    "Automation and meetings" {
        workflow_not_enabled(id): 400 "VALIDATION_ERROR", "Workflow {id} is not enabled" => Unconfirmed;
        flow_revision_old(revision, id, latest): 409 "CONFLICT",
            "{revision} is not the latest revision of flow {id}, which is {latest}" => Unconfirmed;
        sequence_in_use(id, count): 400 "VALIDATION_ERROR", "Sequence {id} has {count} active enrollments" => Unconfirmed;
        contact_without_address(id): 400 "VALIDATION_ERROR", "Contact {id} has no e-mail address" => Unconfirmed;
        contact_enrolled(id): 400 "VALIDATION_ERROR", "Contact {id} is already enrolled in a sequence" => Unconfirmed;
        time_taken(): 400 "VALIDATION_ERROR", "The requested time is not available" => Unconfirmed;
    }
    "CMS" {
        language_exists(primary, language): 400 "VALIDATION_ERROR", "The group of {primary} has a variation in {language} already"
            => Unconfirmed;
        table_exists(name): 409 "CONFLICT", "a table named {name} already exists" => Unconfirmed;
        table_rows_too_many(max): 400 "VALIDATION_ERROR", "A table has at most {max} rows" => Unconfirmed;
        source_invalid(path, fault): 400 "VALIDATION_ERROR", "{path}: {fault}" => Unconfirmed;
    }
}

values! {
    property_unknown(name): "PROPERTY_DOESNT_EXIST", "Property \"{name}\" does not exist" => LIVE_WRITES;
    read_only(name): "READ_ONLY_VALUE", "\"{name}\" is a read only property; its value cannot be set."
        => Page("api-reference/error-handling for the code; public notes for the words");
    number_invalid(value): "INVALID_INTEGER", "{value} was not a valid number."
        => Page("api-reference/error-handling for the code; the words are unconfirmed");
    date_invalid(value): "INVALID_DATE", "{value} was not a valid date." => Unconfirmed;
    date_not_midnight(value, time): "INVALID_DATE", "{value} is at {time}, not midnight UTC."
        => Page("api-reference/latest/crm/properties/guide for the rule; the words are unconfirmed");
    text_too_long(max): "INVALID_STRING", "The value is longer than {max} characters." => Unconfirmed;
    email_invalid(value): "INVALID_EMAIL", "Email address {value} is invalid" => Unconfirmed;
    email_blocked(value): "INVALID_EMAIL", "Email address {value} was deleted permanently and can't be used again."
        => Page("the description of the operation for the rule; the words are unconfirmed");
    option_invalid(value, options): "INVALID_OPTION", "{value} was not one of the allowed options: [{options}]"
        => Seen("gregorspan/csc-frodx#21");
    object_id_invalid(value, singular): "INVALID_OBJECT_ID", "{value} is not the id of another {singular}." => Unconfirmed;
    owner_invalid(value): "INVALID_OWNER_ID", "The owner {value} does not exist or is not active." => Unconfirmed;
    rule_broken(value, rule, arguments): "INVALID_VALUE", "{value} does not satisfy the validation rule {rule} [{arguments}]."
        => Page("changelog/crm-api-write-validation-enforcement for the rule; the words are unconfirmed");
    value_taken(property, value, id, holder): "CONFLICTING_UNIQUE_VALUE",
        "Cannot set {property} to {value} on {id}. {holder} already has that value."
        => Seen("public clients branch on the code");
}

details! {
    "property_in_use" {
        property_used(name, type_id, parent, id; names, types, parents, shown, ids, links): sub "PropertyValidationError.PROPERTY_USAGE",
            "Property {name} of object type {type_id} in use by {parent} (display type {parent}) ID {id}: ",
            "property" = names, "objectTypeId" = types, "parentType" = parents, "parentDisplayType" = shown, "parentName" = ids, "link" = links
            => LIVE_PROPERTIES;
    }
    "submission_invalid" {
        submission_unknown_field(place): type "FIELD_NOT_IN_FORM_DEFINITION",
            "Error in '{place}'. The field is not part of the form definition" => SUBMISSIONS;
        submission_email(place): type "INVALID_EMAIL", "Error in '{place}'. Invalid email address" => SUBMISSIONS;
        submission_required(place, name): type "REQUIRED_FIELD", "Error in '{place}'. Required field '{name}' is missing" => SUBMISSIONS;
        submission_too_many(max): type "MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED",
            "Error in 'fields'. At most {max} values may be submitted" => SUBMISSIONS;
        submission_option(place, problem): type "VALUE_NOT_IN_FIELD_DEFINITION", "Error in '{place}'. {problem}" => SUBMISSIONS;
        submission_number(place, problem): type "INVALID_NUMBER", "Error in '{place}'. {problem}" => SUBMISSIONS;
        submission_too_long(place, problem): type "INPUT_TOO_LARGE", "Error in '{place}'. {problem}" => SUBMISSIONS;
        submission_value(place, problem): type "INVALID_METADATA", "Error in '{place}'. {problem}" => SUBMISSIONS;
        consent_without_type(place): type "INVALID_LEGAL_OPTION_FORMAT", "Error in '{place}'. subscriptionTypeId is missing" => SUBMISSIONS;
        consent_twice(place, id): type "DUPLICATE_SUBSCRIPTION_TYPE_ID", "Error in '{place}'. The subscription type {id} is there twice"
            => SUBMISSIONS;
        consent_without_text(place): type "MISSING_COMMUNICATION_CONSENT_TEXT", "Error in '{place}'. text is missing" => SUBMISSIONS;
    }
}
