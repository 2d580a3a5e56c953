//! Object types and properties as the media bridge shows them: in a form of HubSpot's inner models (the models of hubspot-sdk),
//! whose fields that an embedded account does not have are empty.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::super::{crm, shape};
use super::Bridge;

/// The fields of a property that an embedded account does not have.
const PROPERTY: &str = r#"{"allowedObjectTypes":[],"canArchive":true,"canRestore":true,"createdUserId":0,"currencyPropertyName":"","dataSensitivity":"none","dateDisplayHint":"absolute","displayMode":"current_value","enforceMultivalueUniqueness":false,"externalOptionsReferenceType":"","favorited":false,"favoritedOrder":-1,"fromUserId":0,"isCustomizedDefault":false,"isMultiValued":false,"isPartial":false,"mutableDefinitionNotDeletable":false,"numberDisplayHint":"unformatted","optionSortStrategy":"DISPLAY_ORDER","optionsAreMutable":true,"readOnlyDefinition":false,"readOnlyValue":false,"referencedObjectType":"UNKNOWN","searchTextAnalysisMode":"NONE","searchableInGlobalSearch":false,"sensitiveDataCategories":[],"showCurrencySymbol":false,"textDisplayHint":"unformatted_single_line"}"#;
/// The fields of an object type that every media type has alike.
const OBJECT_TYPE: &str = r#"{"allowsSensitiveProperties":false,"createDatePropertyName":"hs_createdate","deleted":false,"hasCustomProperties":true,"hasDefaultProperties":true,"hasExternalObjectIds":true,"hasOwners":false,"hasPipelines":false,"indexedForFiltersAndReports":true,"lastModifiedPropertyName":"hs_lastmodifieddate","metaType":"INTEGRATION","metaTypeId":2,"permissioningType":"DO_NOT_CHECK_PERMISSIONS","pipelinePropertyName":"","pipelineStagePropertyName":"","restorable":true,"scopeMappings":[]}"#;

fn ms(value: &Value) -> i64 {
    value.as_str().and_then(Timestamp::parse_iso).map_or(0, Timestamp::as_ms)
}

/// A property of the CRM in the form of the bridge.
pub fn property(bridge: &Bridge<'_>, hub_id: u64, own: &Value) -> Value {
    let mut value: Value = serde_json::from_str(PROPERTY).expect("the fields are JSON; a test reads them");
    for name in ["name", "label", "type", "fieldType", "description", "groupName", "displayOrder"] {
        value[name] = own[name].clone();
    }
    for name in ["calculated", "externalOptions", "formField", "hasUniqueValue", "hidden", "hubspotDefined"] {
        value[name] = own[name].as_bool().unwrap_or(false).into();
    }
    let options = own["options"].as_array().into_iter().flatten().map(|option| {
        json!({
            "value": option["value"], "label": option["label"], "description": option["description"].as_str().unwrap_or_default(),
            "displayOrder": option["displayOrder"].as_i64().unwrap_or(-1), "hidden": option["hidden"].as_bool().unwrap_or(false),
            "doubleData": 0, "readOnly": false,
        })
    });
    value["options"] = options.collect();
    let own = [
        ("createdAt", ms(&own["createdAt"]).into()),
        ("updatedAt", ms(&own["updatedAt"]).into()),
        ("deleted", own["archived"].as_bool().unwrap_or(false).into()),
        ("owningAppId", bridge.app_id().into()),
        ("portalId", hub_id.into()),
    ];
    shape::set(&mut value, own);
    value
}

/// The properties and groups of an object type.
pub fn definition(bridge: &Bridge<'_>, tx: &mut Tx<'_>, id: &str) -> Result<Value, ErrorBody> {
    let hub_id = tx.state.hub_id;
    let listed = crm::read(bridge.asked, tx, &format!("/crm/properties/2026-09/{id}"))?;
    let of = |own: &Value| json!({ "objectTypeId": id, "property": property(bridge, hub_id, own) });
    let properties: Vec<Value> = listed["results"].as_array().into_iter().flatten().map(of).collect();
    let groups = crm::read(bridge.asked, tx, &format!("/crm/properties/2026-09/{id}/groups"))?;
    let of = |own: &Value| {
        json!({
            "name": own["name"], "displayName": own["label"], "displayOrder": own["displayOrder"].as_i64().unwrap_or(-1), "deleted": false,
            "hubspotDefined": false, "portalId": hub_id, "fulcrumPortalId": hub_id, "fulcrumTimestamp": 0,
        })
    };
    let groups: Vec<Value> = groups["results"].as_array().into_iter().flatten().map(of).collect();
    Ok(json!({ "objectTypeId": id, "properties": properties, "propertyGroups": groups }))
}

/// The object type itself.
pub fn object_type(bridge: &Bridge<'_>, tx: &mut Tx<'_>, id: &str) -> Result<Value, ErrorBody> {
    let schema = crm::schema(bridge.asked, tx, id)?;
    let mut value: Value = serde_json::from_str(OBJECT_TYPE).expect("the fields are JSON; a test reads them");
    let own = [
        ("id", id.split_once('-').and_then(|(_, number)| number.parse::<u64>().ok()).unwrap_or_default().into()),
        ("objectTypeId", id.into()),
        ("objectTypeIdString", id.into()),
        ("integrationAppId", bridge.app_id().into()),
        ("createdAt", ms(&schema["createdAt"]).into()),
        ("name", schema["name"].clone()),
        ("fullyQualifiedName", schema["fullyQualifiedName"].clone()),
        ("description", schema["description"].clone()),
        ("requiredProperties", schema["requiredProperties"].clone()),
        ("defaultSearchPropertyNames", schema["searchableProperties"].clone()),
        ("secondaryDisplayLabelPropertyNames", schema["secondaryDisplayProperties"].clone()),
    ];
    shape::set(&mut value, own);
    Ok(value)
}

/// What a call that makes an object type answers about it.
pub fn created(bridge: &Bridge<'_>, tx: &mut Tx<'_>, media: &str) -> Result<Value, ErrorBody> {
    let (id, _) = bridge.object_type(tx.state, media)?;
    let mut body = definition(bridge, tx, &id)?;
    body["objectType"] = object_type(bridge, tx, &id)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_objects() {
        for text in [PROPERTY, OBJECT_TYPE] {
            assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
        }
    }
}
