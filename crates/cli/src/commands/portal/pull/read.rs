//! The steps of a pull, in their order. Each keeps only what a seed needs, masked, so that no other value is
//! written.

mod records;

use std::collections::BTreeMap;

use anyhow::bail;
use http::Method;
use serde_json::{Map, Value, json};

use super::clean::{by_name, clean_list, clean_pipeline, clean_schema, fields, id_of, is_sensitive, kept_property, labels};
use super::known::Known;
use super::progress::Progress;
use super::source::{Got, Source};
use crate::args::portal::pull::Pull;
use keyway_core::path::encoded;

/// Object types of HubSpot that a pull reads.
pub const TYPES: [&str; 13] = [
    "contacts",
    "companies",
    "deals",
    "tickets",
    "products",
    "line_items",
    "quotes",
    "leads",
    "calls",
    "emails",
    "meetings",
    "notes",
    "tasks",
];
/// Of these, the ones with pipelines.
const STAGED: [&str; 3] = ["deals", "tickets", "leads"];
/// Of these, the ones whose association labels are read.
const LABELLED: [&str; 4] = ["contacts", "companies", "deals", "tickets"];
/// Definitions of a kind and type at most.
const DEFINITIONS_MAX: usize = 10_000;
/// Owners at most.
const OWNERS_MAX: usize = 10_000;
/// Lists at most, and lists of one call.
const LISTS_MAX: u64 = 1_500;
const LISTS_OF_CALL: usize = 20;

/// What a pull has read.
#[derive(Default)]
pub struct Pulled {
    /// Custom object types.
    pub schemas: Vec<Value>,
    /// By object type.
    pub groups: Map<String, Value>,
    /// By object type.
    pub properties: Map<String, Value>,
    /// By object type.
    pub pipelines: Map<String, Value>,
    /// Association labels.
    pub labels: Vec<Value>,
    /// Owners.
    pub owners: Vec<Value>,
    /// Lists.
    pub lists: Vec<Value>,
    /// By object type.
    pub records: Map<String, Value>,
    /// What could not be read, and why.
    pub left_out: Vec<String>,
}

struct Reading<'a, 'b> {
    source: &'a mut Source<'b>,
    progress: &'a mut Progress,
    known: Known,
    asked: &'a Pull,
    hub_id: String,
    pulled: Pulled,
}

/// An object type.
pub struct Type {
    /// Its name in the seed.
    pub name: String,
    /// Its name in paths.
    pub path: String,
    /// Its IDs.
    pub ids: Vec<String>,
    /// Whether the account made it.
    pub is_own: bool,
}

/// Reads everything that is not read yet.
///
/// # Errors
/// The account can't be reached; what was read is kept.
pub async fn everything(source: &mut Source<'_>, progress: &mut Progress, asked: &Pull) -> anyhow::Result<Pulled> {
    let hub_id = asked.hub_id.to_string();
    let mut reading = Reading { source, progress, known: Known::new().await?, asked, hub_id, pulled: Pulled::default() };
    let types = reading.types().await?;
    reading.owners().await?;
    let mut definitions = BTreeMap::new();
    for own in &types {
        reading.groups(own).await?;
        definitions.insert(own.name.clone(), reading.properties(own).await?);
        reading.pipelines(own).await?;
    }
    let labelled: Vec<&Type> = types.iter().filter(|own| own.is_own || LABELLED.contains(&own.name.as_str())).collect();
    for (at, from) in labelled.iter().enumerate() {
        for to in &labelled[at..] {
            reading.labels(from, to).await?;
        }
    }
    reading.lists(&types, &definitions).await?;
    for (at, own) in types.iter().enumerate().filter(|_| asked.records > 0) {
        reading.records(own, &types[at..], &definitions[&own.name]).await?;
    }
    Ok(reading.pulled)
}

impl Reading<'_, '_> {
    /// A step's value: of an interrupted pull, or read now and kept.
    async fn step(
        &mut self,
        step: &str,
        read: impl AsyncFnOnce(&mut Self) -> anyhow::Result<Result<Value, String>>,
    ) -> anyhow::Result<Value> {
        if let Some(value) = self.progress.done(step) {
            return self.seen(step, value);
        }
        let value = match read(self).await? {
            Ok(value) => value,
            Err(why) => json!({ "leftOut": why }),
        };
        self.progress.keep(step, &value)?;
        self.seen(step, value)
    }

    fn seen(&mut self, step: &str, value: Value) -> anyhow::Result<Value> {
        if let Some(why) = value["leftOut"].as_str() {
            self.pulled.left_out.push(format!("{step} ({why})"));
            return Ok(json!([]));
        }
        if !value.is_array() && !value.is_object() {
            bail!("the progress of {step} can't be read. Begin again with --restart");
        }
        Ok(value)
    }

    async fn list(
        &mut self,
        step: &str,
        path: &str,
        most: usize,
        keep: impl FnOnce(Vec<Value>, &Self) -> Vec<Value>,
    ) -> anyhow::Result<Vec<Value>> {
        let value = self
            .step(step, async move |reading| {
                let all = reading.source.pages(path, most).await?;
                Ok(all.map(|all| keep(all, reading).into()))
            })
            .await?;
        Ok(match value {
            Value::Array(all) => all,
            _ => Vec::new(),
        })
    }

    async fn types(&mut self) -> anyhow::Result<Vec<Type>> {
        let mut types: Vec<Type> =
            TYPES.iter().map(|name| Type { name: (*name).into(), path: (*name).into(), ids: Vec::new(), is_own: false }).collect();
        let schemas = self
            .list("custom object types", "/crm-object-schemas/2026-09/schemas", DEFINITIONS_MAX, |all, _| {
                let all = all.into_iter().filter(|schema| schema["archived"] != true);
                by_name(
                    all.map(|schema| json!({ "schema": clean_schema(&schema), "path": schema["objectTypeId"], "name": schema["name"] }))
                        .collect(),
                    "name",
                )
            })
            .await?;
        for kept in schemas {
            let name = format!("p_{}", kept["name"].as_str().unwrap_or_default());
            let path = id_of(&kept["path"]);
            types.push(Type { name, ids: vec![path.clone()], path, is_own: true });
            self.pulled.schemas.push(kept["schema"].clone());
        }
        for (name, id) in [("contacts", "0-1"), ("companies", "0-2"), ("deals", "0-3"), ("tickets", "0-5")] {
            types.iter_mut().filter(|own| own.name == name).for_each(|own| own.ids.push(id.into()));
        }
        Ok(types)
    }

    async fn owners(&mut self) -> anyhow::Result<()> {
        let unmasked = self.asked.unmasked;
        let owners = self
            .list("owners", "/crm/owners/2026-09?limit=100", OWNERS_MAX, |mut all, _| {
                all.sort_by_key(|owner| id_of(&owner["id"]).parse::<u64>().unwrap_or(u64::MAX));
                let kept = all.iter().filter_map(|owner| {
                    let id: u64 = id_of(&owner["id"]).parse().ok()?;
                    Some(if unmasked {
                        json!({ "id": id, "email": owner["email"], "firstName": owner["firstName"].as_str().unwrap_or_default(), "lastName": owner["lastName"].as_str().unwrap_or_default() })
                    } else {
                        json!({ "id": id, "email": format!("owner{id}@example.com"), "firstName": "Owner", "lastName": id.to_string() })
                    })
                });
                kept.collect()
            })
            .await?;
        self.pulled.owners = owners;
        Ok(())
    }

    async fn groups(&mut self, own: &Type) -> anyhow::Result<()> {
        let path = format!("/crm/properties/2026-09/{}/groups", encoded(&own.path));
        let known = if own.is_own { Vec::new() } else { self.known.results(&path).await? };
        let groups = self
            .list(&format!("groups of {}", own.name), &path, DEFINITIONS_MAX, |all, _| {
                let clean = |group: &Value| Value::from(fields(group, &["name", "label", "displayOrder"]));
                let known: Vec<Value> = known.iter().map(clean).collect();
                let all = all.iter().filter(|group| group["archived"] != true && group["name"] != "custom_information").map(clean);
                by_name(all.filter(|group| !known.contains(group)).collect(), "name")
            })
            .await?;
        if !groups.is_empty() {
            self.pulled.groups.insert(own.name.clone(), groups.into());
        }
        Ok(())
    }

    /// Keeps the account's own definitions and HubSpot's properties with changed options. Returns the properties that a record may have.
    async fn properties(&mut self, own: &Type) -> anyhow::Result<Vec<Value>> {
        let path = format!("/crm/properties/2026-09/{}", encoded(&own.path));
        let known_path = if own.is_own { "/crm/properties/2026-09/contacts".to_owned() } else { path.clone() };
        let known = self.known.results(&known_path).await?;
        let is_own = own.is_own;
        let kept = self
            .list(&format!("properties of {}", own.name), &path, DEFINITIONS_MAX, |all, _| {
                let known: BTreeMap<&str, &Value> = known.iter().filter_map(|one| Some((one["name"].as_str()?, one))).collect();
                let all = all.into_iter().filter(|one| one["archived"] != true && !is_sensitive(one));
                by_name(all.filter_map(|one| kept_property(&one, &known, is_own)).collect(), "name")
            })
            .await?;
        let definitions: Vec<Value> = kept.iter().map(|one| one["seed"].clone()).filter(|seed| !seed.is_null()).collect();
        if !definitions.is_empty() {
            self.pulled.properties.insert(own.name.clone(), definitions.into());
        }
        Ok(kept)
    }

    async fn pipelines(&mut self, own: &Type) -> anyhow::Result<()> {
        if !own.is_own && !STAGED.contains(&own.name.as_str()) {
            return Ok(());
        }
        let path = format!("/crm/pipelines/2026-09/{}", encoded(&own.path));
        let known = if own.is_own { Vec::new() } else { self.known.results(&path).await? };
        let pipelines = self
            .list(&format!("pipelines of {}", own.name), &path, DEFINITIONS_MAX, |mut all, _| {
                all.sort_by_key(|one| (one["displayOrder"].as_i64(), id_of(&one["id"])));
                let known: Vec<Value> = known.iter().map(clean_pipeline).collect();
                all.iter().filter(|one| one["archived"] != true).map(clean_pipeline).filter(|one| !known.contains(one)).collect()
            })
            .await?;
        if !pipelines.is_empty() {
            self.pulled.pipelines.insert(own.name.clone(), pipelines.into());
        }
        Ok(())
    }

    async fn labels(&mut self, from: &Type, to: &Type) -> anyhow::Result<()> {
        let path = |from: &Type, to: &Type| format!("/crm/associations/2026-09/{}/{}/labels", encoded(&from.path), encoded(&to.path));
        let (there, back) = (path(from, to), (from.name != to.name).then(|| path(to, from)));
        let (from, to) = (from.name.clone(), to.name.clone());
        let labels = self
            .step(&format!("labels of {from} and {to}"), async move |reading| {
                let there = match reading.source.pages(&there, DEFINITIONS_MAX).await? {
                    Ok(there) => there,
                    Err(why) => return Ok(Err(why)),
                };
                let back = match &back {
                    Some(back) => reading.source.pages(back, DEFINITIONS_MAX).await?.unwrap_or_default(),
                    None => Vec::new(),
                };
                Ok(Ok(labels(&from, &to, &there, &back).into()))
            })
            .await?;
        self.pulled.labels.extend(labels.as_array().into_iter().flatten().cloned());
        Ok(())
    }

    async fn lists(&mut self, types: &[Type], definitions: &BTreeMap<String, Vec<Value>>) -> anyhow::Result<()> {
        let unmasked = self.asked.unmasked;
        let lists = self
            .step("lists", async |reading| {
                let mut ids = Vec::new();
                loop {
                    let search = json!({ "count": 100, "offset": ids.len(), "query": "" });
                    let found = match reading.source.call(Method::POST, "/crm/lists/2026-09/search", Some(&search)).await? {
                        Got::Value(found) => found,
                        Got::Nothing(why) => return Ok(Err(why)),
                    };
                    let page = found["lists"].as_array().map_or(&[][..], Vec::as_slice);
                    ids.extend(page.iter().map(|list| id_of(&list["listId"])));
                    if page.is_empty() || found["hasMore"] != true || ids.len() as u64 >= LISTS_MAX {
                        break;
                    }
                }
                let mut lists = Vec::new();
                for some in ids.chunks(LISTS_OF_CALL) {
                    let query: Vec<String> = some.iter().map(|id| format!("listIds={}", encoded(id))).collect();
                    match reading.source.get(&format!("/crm/lists/2026-09?includeFilters=true&{}", query.join("&"))).await? {
                        Got::Value(found) => lists.extend(
                            found["lists"]
                                .as_array()
                                .into_iter()
                                .flatten()
                                .filter_map(|list| clean_list(list, types, definitions, unmasked)),
                        ),
                        Got::Nothing(why) => return Ok(Err(why)),
                    }
                }
                lists.sort_by_key(|list| (id_of(&list["objectTypeId"]), id_of(&list["name"])));
                Ok(Ok(lists.into()))
            })
            .await?;
        self.pulled.lists = lists.as_array().cloned().unwrap_or_default();
        Ok(())
    }
}
