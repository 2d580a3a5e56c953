//! Sends what a cassette holds to an embedded account: what the account held at the start, and the recorded requests.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keyway_core::mask::Masker;
use keyway_core::path::{encode_component, encoded};
use keyway_core::secret::Secret;
use keyway_upstream::tls;
use serde_json::{Map, Value, json};

use super::compare::{Difference, compare, looks_masked};
use super::entry::{Content, Entry};
use super::ids::{Ids, kinds_of};
use super::start::Start;

/// Longest wait for one answer, and its largest size in bytes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// The group of properties that are made here.
const GROUP: &str = "cassette";
/// Statuses that depend on tokens, limits and the moment, and not on the account.
const OF_THE_MOMENT: [u16; 6] = [401, 403, 423, 429, 477, 499];

/// An embedded account, reached as a client reaches it.
pub struct Session<'a> {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    token: Secret<String>,
    masker: &'a Masker,
    ids: Ids,
}

/// The records and definitions that the import created.
#[derive(Default)]
pub struct Made {
    /// How many of each kind.
    pub counts: BTreeMap<String, u64>,
    /// What the account refused, and why.
    pub refused: Vec<String>,
}

/// What a replay found.
#[derive(Default)]
pub struct Replayed {
    /// Calls whose answers were compared.
    pub compared: u64,
    /// Calls that can't be compared, by the reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The lines of the calls that differ.
    pub lines: HashSet<usize>,
}

impl<'a> Session<'a> {
    /// Begins with no id learnt. `url` is the data listener, and the token is one that no scope and no limit holds back.
    pub fn new(url: &str, token: Secret<String>, masker: &'a Masker) -> Self {
        let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(https);
        Self { client, url: url.trim_end_matches('/').to_owned(), token, masker, ids: Ids::default() }
    }

    /// The ids that were learnt.
    pub fn into_ids(self) -> Ids {
        self.ids
    }

    async fn send(&self, method: &str, target: &str, media_type: &str, body: Option<String>) -> anyhow::Result<(u16, Option<Value>)> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.url))
            .header(AUTHORIZATION, format!("Bearer {}", self.token.expose()));
        if body.is_some() {
            request = request.header(CONTENT_TYPE, media_type);
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default()))).context("a request of the cassette can't be sent")?;
        let exchange = async {
            let answer =
                self.client.request(request).await.with_context(|| {
                    format!("no Keyway server answers at {}. Name the data listener of the server with --url", self.url)
                })?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("an answer was cut or is too long: {error}"))?.to_bytes();
            Ok((status, serde_json::from_slice(&body).ok()))
        };
        tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.context("the server did not answer in time")?
    }

    async fn json(&self, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<(u16, Value)> {
        let (status, answer) = self.send(method, path, "application/json", body.map(|body| body.to_string())).await?;
        Ok((status, answer.unwrap_or_default()))
    }

    /// Makes what the recorded account held at the start.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn make(&mut self, start: &Start) -> anyhow::Result<Made> {
        let mut made = Made::default();
        self.owners(start).await?;
        for schema in &start.schemas {
            self.schema(schema, &mut made).await?;
        }
        let masker = self.masker;
        let undefined = start.undefined(|name| masker.property_name(name) == name && !looks_masked(name));
        let defined = start.properties.iter().map(|((kind, _), definition)| (kind.clone(), definition.clone()));
        let mut groups = HashSet::new();
        for (kind, definition) in defined.chain(undefined) {
            let kind = self.ids.get(None, &kind).unwrap_or(&kind).to_owned();
            if groups.insert(kind.clone()) {
                let group = json!({ "name": GROUP, "label": "Cassette" });
                self.json("POST", &format!("/crm/properties/2026-09/{}/groups", encoded(&kind)), Some(group)).await?;
            }
            let mut body = json!({ "groupName": GROUP });
            for field in ["name", "label", "type", "fieldType", "options", "hasUniqueValue", "formField"] {
                if !definition[field].is_null() {
                    body[field] = definition[field].clone();
                }
            }
            let answer = self.json("POST", &format!("/crm/properties/2026-09/{}", encoded(&kind)), Some(body)).await?;
            made.note("properties", &answer);
        }
        for ((kind, id), pipeline) in &start.pipelines {
            if !self.masker.knows(id) && id.len() > 1 {
                self.pipeline(kind, pipeline, &mut made).await?;
            }
        }
        self.records(start, &mut made).await?;
        for ((from_kind, from), (to_kind, to)) in &start.associations {
            let (Some(from), Some(to)) = (self.ids.get(Some(from_kind), from), self.ids.get(Some(to_kind), to)) else { continue };
            let path = format!("/crm/objects/2026-09/{}/{from}/associations/default/{}/{to}", encoded(from_kind), encoded(to_kind));
            let answer = self.json("PUT", &path, None).await?;
            made.note("associations", &answer);
        }
        Ok(made)
    }

    /// Owners can't be made over HubSpot's API: each of the cassette is one of those that are here.
    async fn owners(&mut self, start: &Start) -> anyhow::Result<()> {
        let (_, answer) = self.json("GET", "/crm/v3/owners", None).await?;
        let here: Vec<&Value> = answer["results"].as_array().into_iter().flatten().collect();
        for (owner, one) in start.owners.iter().zip(here.iter().cycle()) {
            self.ids.learn(None, owner, one["id"].as_str().unwrap_or_default());
        }
        Ok(())
    }

    async fn schema(&mut self, schema: &Value, made: &mut Made) -> anyhow::Result<()> {
        let mut body = Map::new();
        for field in
            ["name", "labels", "primaryDisplayProperty", "requiredProperties", "searchableProperties", "secondaryDisplayProperties"]
        {
            body.extend(schema.get(field).filter(|value| !value.is_null()).map(|value| (field.to_owned(), value.clone())));
        }
        let own = schema["properties"].as_array().into_iter().flatten().filter(|one| one["hubspotDefined"] != true);
        let properties = own.map(|one| json!({ "name": one["name"], "label": one["label"], "type": one["type"], "fieldType": one["fieldType"], "options": one["options"] }));
        body.insert("properties".into(), properties.collect());
        let answer = self.json("POST", "/crm-object-schemas/2026-09/schemas", Some(Value::Object(body))).await?;
        made.note("schemas", &answer);
        for field in ["objectTypeId", "fullyQualifiedName"] {
            if let (Some(recorded), Some(here)) = (schema[field].as_str(), answer.1[field].as_str()) {
                self.ids.learn(None, recorded, here);
            }
        }
        Ok(())
    }

    async fn pipeline(&mut self, kind: &str, pipeline: &Value, made: &mut Made) -> anyhow::Result<()> {
        let fields = |one: &Value| json!({ "label": one["label"], "displayOrder": one["displayOrder"] });
        let mut body = fields(pipeline);
        let stages = pipeline["stages"].as_array().into_iter().flatten();
        body["stages"] = stages
            .clone()
            .map(|stage| {
                let mut one = fields(stage);
                one["metadata"] = stage["metadata"].clone();
                one
            })
            .collect();
        let answer = self.json("POST", &format!("/crm/pipelines/2026-09/{}", encoded(kind)), Some(body)).await?;
        made.note("pipelines", &answer);
        let here = answer.1["stages"].as_array().cloned().unwrap_or_default();
        let pairs = stages.zip(&here).chain([(pipeline, &answer.1)]);
        for (recorded, here) in pairs {
            if let (Some(recorded), Some(here)) = (recorded["id"].as_str(), here["id"].as_str()) {
                self.ids.learn(None, recorded, here);
            }
        }
        Ok(())
    }

    async fn records(&mut self, start: &Start, made: &mut Made) -> anyhow::Result<()> {
        let mut definitions: HashMap<String, HashMap<String, Value>> = HashMap::new();
        let mut records: Vec<_> = start.records.iter().collect();
        // In the order of their ids, as they were made.
        records.sort_by_key(|((kind, id), _)| (kind, id.len(), id));
        for ((kind, id), properties) in records {
            let kind_here = self.ids.get(None, kind).unwrap_or(kind).to_owned();
            if !definitions.contains_key(&kind_here) {
                let (_, answer) = self.json("GET", &format!("/crm/properties/2026-09/{}", encoded(&kind_here)), None).await?;
                let all = answer["results"].as_array().cloned().unwrap_or_default();
                let by_name = all.into_iter().map(|one| (one["name"].as_str().unwrap_or_default().to_owned(), one)).collect();
                definitions.insert(kind_here.clone(), by_name);
            }
            let known = &definitions[&kind_here];
            let wanted = properties.iter().filter_map(|(name, value)| {
                let value = self.ids.text(None, value.as_str()?);
                takes(known.get(name)?, &value).then(|| (name.clone(), Value::from(value)))
            });
            let mut wanted: Map<String, Value> = wanted.collect();
            if wanted.is_empty() {
                // A record has one value at least.
                let first = ["email", "name", "dealname", "subject", "hs_note_body"].into_iter().find(|name| known.contains_key(*name));
                let value = |name: &str| if name == "email" { format!("record-{id}@example.com") } else { format!("record {id}") };
                wanted.extend(first.map(|name| (name.to_owned(), value(name).into())));
            }
            let body = json!({ "properties": wanted });
            let answer = self.json("POST", &format!("/crm/objects/2026-09/{}", encoded(&kind_here)), Some(body)).await?;
            made.note(kind, &answer);
            if let Some(here) = answer.1["id"].as_str() {
                self.ids.learn(Some(kind), id, here);
            }
        }
        Ok(())
    }

    /// Sends the recorded requests and compares the answers; `which` says of each whether it is sent.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn replay(&mut self, entries: &[Entry], which: impl Fn(&Entry) -> bool) -> anyhow::Result<Replayed> {
        let mut replayed = Replayed::default();
        for entry in entries.iter().filter(|entry| which(entry)) {
            let reason = match &entry.request.body {
                _ if OF_THE_MOMENT.contains(&entry.response.status) => Some("the answer depends on the token, a limit or the moment"),
                _ if entry.response.status >= 500 => Some("HubSpot failed"),
                Some(Content::LeftOut { bytes }) if *bytes > 0 => Some("the body was not recorded"),
                _ if entry.request.path.starts_with("/oauth") => Some("the answer has tokens"),
                _ => None,
            };
            if let Some(reason) = reason {
                *replayed.skipped.entry(reason).or_default() += 1;
                continue;
            }
            let kinds = kinds_of(&entry.request.path);
            let (target, media_type, body) = self.request(entry, &kinds);
            let (status, answer) = self.send(&entry.request.method, &target, media_type, body).await?;
            replayed.compared += 1;
            let found = compare(self.masker, &mut self.ids, entry, &kinds, status, answer.as_ref());
            if !found.is_empty() {
                replayed.lines.insert(entry.line);
            }
            replayed.differences.extend(found);
        }
        Ok(replayed)
    }

    fn request(&self, entry: &Entry, kinds: &[String]) -> (String, &'static str, Option<String>) {
        let mut target = self.ids.path(&entry.request.path);
        for (at, (name, value)) in entry.request.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            encode_component(name, &mut target);
            target.push('=');
            encode_component(&self.ids.text(kinds.first().map(String::as_str), value), &mut target);
        }
        match &entry.request.body {
            Some(Content::Json { json }) => (target, "application/json", Some(self.ids.body(self.masker.rules(), json, kinds).to_string())),
            Some(Content::Form { form }) => {
                let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
                (target, "application/x-www-form-urlencoded", Some(pairs.join("&")))
            }
            Some(Content::LeftOut { .. }) | None => (target, "", None),
        }
    }
}

impl Made {
    fn note(&mut self, what: &str, (status, answer): &(u16, Value)) {
        if (200..300).contains(status) {
            *self.counts.entry(what.to_owned()).or_default() += 1;
        } else {
            self.refused.push(format!("{what}: {status} {}", answer["message"].as_str().unwrap_or_default()));
        }
    }
}

/// Whether a property takes a value from a caller.
fn takes(definition: &Value, value: &str) -> bool {
    if definition["modificationMetadata"]["readOnlyValue"] == true || definition["calculated"] == true || value.is_empty() {
        return false;
    }
    match definition["type"].as_str().unwrap_or_default() {
        "enumeration" => {
            let options = definition["options"].as_array().map_or(&[][..], Vec::as_slice);
            options.is_empty() || value.split(';').all(|part| options.iter().any(|option| option["value"] == part))
        }
        "bool" => matches!(value, "true" | "false"),
        "number" => value.parse::<f64>().is_ok(),
        _ => true,
    }
}
