//! The records of a pull: read in pages, and masked.

use std::collections::BTreeMap;

use http::Method;
use keyway_core::path::encoded;
use serde_json::{Map, Value, json};

use super::{Reading, Type};
use crate::commands::portal::pull::clean::id_of;
use crate::commands::portal::pull::mask::{self, Pseudonym};
use crate::commands::portal::pull::source::Got;

/// Records of one call.
const BATCH: usize = 100;

impl Reading<'_, '_> {
    /// The first records by ID, so that the next pull finds the same ones.
    pub(super) async fn records(&mut self, own: &Type, others: &[Type], definitions: &[Value]) -> anyhow::Result<()> {
        let most = self.asked.records as usize;
        let names: Vec<&str> = definitions.iter().filter(|one| one["isSet"] == true).filter_map(|one| one["name"].as_str()).collect();
        let partners: Vec<String> = others.iter().map(|other| encoded(&other.path)).collect();
        let path = encoded(&own.path);
        let mut rows = Vec::new();
        let mut after = String::new();
        while rows.len() < most {
            let (limit, page_after) = (BATCH.min(most - rows.len()), after.clone());
            let (path, names, partners, own_name) = (&path, &names, &partners, &own.name);
            let page = self
                .step(&format!("records of {} from {}", own.name, rows.len() + 1), async move |reading| {
                    let query = if page_after.is_empty() { String::new() } else { format!("&after={}", encoded(&page_after)) };
                    let target = format!("/crm/objects/2026-09/{path}?limit={limit}{query}");
                    let with_partners = format!("{target}&associations={}", partners.join(","));
                    // HubSpot refuses the call where the credential may not see one of the other types.
                    let listed = match reading.source.get(&with_partners).await? {
                        Got::Value(listed) => Got::Value(listed),
                        Got::Nothing(_) => reading.source.get(&target).await?,
                    };
                    let listed = match listed {
                        Got::Value(listed) => listed,
                        Got::Nothing(why) => return Ok(Err(why)),
                    };
                    let found = listed["results"].as_array().cloned().unwrap_or_default();
                    let inputs: Vec<Value> = found.iter().map(|record| json!({ "id": record["id"] })).collect();
                    let mut values = BTreeMap::new();
                    if !inputs.is_empty() {
                        let body = json!({ "properties": names, "inputs": inputs });
                        match reading.source.call(Method::POST, &format!("/crm/objects/2026-09/{path}/batch/read"), Some(&body)).await? {
                            Got::Value(read) => {
                                for record in read["results"].as_array().into_iter().flatten() {
                                    values.insert(id_of(&record["id"]), record["properties"].clone());
                                }
                            }
                            Got::Nothing(why) => return Ok(Err(why)),
                        }
                    }
                    let rows: Vec<Value> = found.iter().map(|record| reading.row(own_name, others, definitions, record, &values)).collect();
                    Ok(Ok(json!({ "rows": rows, "after": id_of(&listed["paging"]["next"]["after"]) })))
                })
                .await?;
            let found = page["rows"].as_array().cloned().unwrap_or_default();
            let is_empty = found.is_empty();
            rows.extend(found);
            after = page["after"].as_str().unwrap_or_default().to_owned();
            if after.is_empty() || is_empty {
                break;
            }
        }
        if !rows.is_empty() {
            self.pulled.records.insert(own.name.clone(), rows.into());
        }
        Ok(())
    }

    fn key(&self, own: &str, id: &str) -> String {
        Pseudonym::of(&[&self.hub_id, own, id]).text()
    }

    fn row(&self, own: &str, others: &[Type], definitions: &[Value], record: &Value, values: &BTreeMap<String, Value>) -> Value {
        let id = id_of(&record["id"]);
        let mut properties = Map::new();
        for definition in definitions.iter().filter(|one| one["isSet"] == true) {
            let Some(name) = definition["name"].as_str() else { continue };
            let value = values.get(&id).and_then(|values| values[name].as_str()).filter(|value| !value.is_empty());
            let Some(value) = value else { continue };
            let masked =
                if self.asked.unmasked { Some(value.to_owned()) } else { mask::value(definition, &[&self.hub_id, own, &id], value) };
            if let Some(masked) = masked {
                properties.insert(name.to_owned(), masked.into());
            }
        }
        let mut associations = Vec::new();
        for (name, found) in record["associations"].as_object().into_iter().flatten() {
            let fits = |other: &&Type| {
                other.name == *name
                    || other.ids.contains(name)
                    || name.ends_with(&other.name.replacen("p_", "_", 1)) && other.is_own
                    || name.replace(' ', "_") == other.name
            };
            let Some(other) = others.iter().find(fits) else { continue };
            for one in found["results"].as_array().into_iter().flatten() {
                let other_id = id_of(&one["id"]);
                // Records of one type name each other, and one of them is enough.
                if other.name != own || id.parse::<u64>().ok() < other_id.parse().ok() {
                    associations.push(format!("{}/{}", other.name, self.key(&other.name, &other_id)));
                }
            }
        }
        associations.sort();
        associations.dedup();
        json!({ "key": self.key(own, &id), "properties": properties, "associations": associations })
    }
}
