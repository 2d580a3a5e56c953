//! Pipelines and their stages: read, create, change, replace, delete; and the history of changes.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Answer, kind, no_content, reply};
use crate::invalid;
use crate::kind::Kind;
use crate::pipelines::{self, AUDIT_MAX, Audit, Pipeline, Stage};
use crate::request::{Request, bad_field, integer, missing_field, text};
use crate::state::State;
use crate::tx::Tx;

/// Pipelines of an object type (the same for every tier here).
pub const PIPELINES_MAX: usize = 100;
/// Stages of a pipeline (hubspot facts, section 7).
const STAGES_MAX: usize = 100;
const FEW_STAGES_MAX: usize = 30;
const FEW_STAGES: [&str; 6] = ["appointments", "courses", "listings", "leads", "orders", "services"];
/// The first id given to a pipeline or a stage that brings none.
const FIRST_ID: u64 = 700_001;
/// Longest label and id, in characters.
const TEXT_CHARS_MAX: usize = 250;
/// Records named in a refusal.
const NAMED_MAX: usize = 100;

/// `…/pipelines/{type}/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (segment, rest) = tail.split_first()?;
    let kind = kind(tx.state, segment);
    Some(match (method.as_str(), rest) {
        ("GET", []) => kind.map(|kind| {
            let found: Vec<Value> = tx.state.space(kind).live_pipelines().map(pipeline_body).collect();
            reply(200, json!({ "results": found }))
        }),
        ("POST", []) => kind.and_then(|kind| create(request, kind, tx)),
        ("GET", [id]) => kind.and_then(|kind| find(tx.state, kind, id).map(|found| reply(200, pipeline_body(found)))),
        ("PATCH", [id]) => kind.and_then(|kind| update(request, kind, id, tx)),
        ("PUT", [id]) => kind.and_then(|kind| replace(request, kind, id, tx)),
        ("DELETE", [id]) => kind.and_then(|kind| delete(request, kind, id, tx)),
        ("GET", [id, "audit"]) => kind.and_then(|kind| audit(tx.state, kind, id, id)),
        ("GET", [id, "stages"]) => kind.and_then(|kind| {
            let stages: Vec<Value> = find(tx.state, kind, id)?.live_stages().map(stage_body).collect();
            Ok(reply(200, json!({ "results": stages })))
        }),
        ("POST", [id, "stages"]) => kind.and_then(|kind| create_stage(request, kind, id, tx)),
        ("GET", [id, "stages", stage]) => kind.and_then(|kind| {
            let found = find(tx.state, kind, id)?;
            found.stage(stage).map(|stage| reply(200, stage_body(stage))).ok_or_else(|| no_stage(stage))
        }),
        ("PATCH", [id, "stages", stage]) => kind.and_then(|kind| change_stage(request, kind, id, stage, tx, false)),
        ("PUT", [id, "stages", stage]) => kind.and_then(|kind| change_stage(request, kind, id, stage, tx, true)),
        ("DELETE", [id, "stages", stage]) => kind.and_then(|kind| delete_stage(request, kind, id, stage, tx)),
        ("GET", [id, "stages", stage, "audit"]) => kind.and_then(|kind| audit(tx.state, kind, id, stage)),
        _ => return None,
    })
}

fn no_pipeline(id: &str) -> ErrorBody {
    invalid::pipeline_missing(id)
}

fn no_stage(id: &str) -> ErrorBody {
    invalid::stage_missing(id)
}

fn find<'a>(state: &'a State, kind: Kind, id: &str) -> Result<&'a Pipeline, ErrorBody> {
    state.space(kind).pipeline(id).ok_or_else(|| no_pipeline(id))
}

fn label(given: &Map<String, Value>) -> Result<Option<&str>, ErrorBody> {
    let label = text(given, "label")?;
    if label.is_some_and(|label| label.trim().is_empty() || label.chars().count() > TEXT_CHARS_MAX) {
        return Err(bad_field("label", &format!("must have 1 to {TEXT_CHARS_MAX} characters")));
    }
    Ok(label)
}

fn required<T>(value: Option<T>, field: &str) -> Result<T, ErrorBody> {
    value.ok_or_else(|| missing_field(field))
}

fn chosen_id(given: &Map<String, Value>, field: &str) -> Result<Option<String>, ErrorBody> {
    let id = text(given, field)?.filter(|id| !id.is_empty());
    if id.is_some_and(|id| id.chars().count() > TEXT_CHARS_MAX || id.contains(['/', '?', '#', '%'])) {
        return Err(bad_field(field, &format!("must have at most {TEXT_CHARS_MAX} characters, and none that a path can't hold")));
    }
    Ok(id.map(str::to_owned))
}

/// An id that no pipeline or stage of the type ever had.
fn fresh_id(state: &State, kind: Kind, also: &[Stage]) -> String {
    let pipelines = state.space(kind).pipelines.iter();
    let ids = pipelines.flat_map(|pipeline| std::iter::once(&pipeline.id).chain(pipeline.stages.iter().map(|stage| &stage.id)));
    let taken = ids.chain(also.iter().map(|stage| &stage.id)).filter_map(|id| id.parse::<u64>().ok()).max().unwrap_or(0);
    taken.max(FIRST_ID - 1).saturating_add(1).to_string()
}

fn create(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let space = tx.state.space(kind);
    if pipelines::properties_of(kind).is_none() {
        return Err(invalid::no_pipelines(&space.name));
    }
    if space.live_pipelines().count() >= PIPELINES_MAX {
        return Err(invalid::pipelines_too_many(PIPELINES_MAX));
    }
    let label = required(label(&given)?, "label")?;
    refuse_label(tx.state, kind, label, None)?;
    let chosen = chosen_id(&given, "pipelineId")?;
    if chosen.as_ref().is_some_and(|id| space.pipelines.iter().any(|own| own.id == *id)) {
        return Err(bad_field("pipelineId", "is the id of another pipeline"));
    }
    let stages = stages(request, tx.state, kind, &given, None)?;
    let pipeline = Pipeline {
        id: chosen.unwrap_or_else(|| fresh_id(tx.state, kind, &stages)),
        label: label.to_owned(),
        display_order: required(integer(&given, "displayOrder")?, "displayOrder")?,
        stages,
        created_at: request.now,
        updated_at: request.now,
        archived_at: None,
        audit: Vec::new(),
    };
    Ok(put(request, kind, tx, pipeline, "CREATE", 201))
}

fn refuse_label(state: &State, kind: Kind, label: &str, own: Option<&str>) -> Result<(), ErrorBody> {
    let other = state.space(kind).live_pipelines().find(|other| other.label.eq_ignore_ascii_case(label) && Some(other.id.as_str()) != own);
    match other {
        None => Ok(()),
        Some(other) => Err(invalid::pipeline_label_exists(label, &other.id)),
    }
}

/// Writes a changed pipeline down, and what was done.
fn put(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>, mut pipeline: Pipeline, action: &str, status: u16) -> crate::call::Reply {
    pipeline.stages.sort_by(|one, other| (one.display_order, &one.label).cmp(&(other.display_order, &other.label)));
    let body = pipeline_body(&pipeline);
    let id = pipeline.id.clone();
    note(request, &mut pipeline, id, action, body.clone());
    tx.put_pipeline(kind, pipeline);
    if status == 204 { no_content() } else { reply(status, body) }
}

fn note(request: &Request<'_>, pipeline: &mut Pipeline, id: String, action: &str, after: Value) {
    pipeline.audit.push(Audit { id, action: action.to_owned(), at: request.now, app_id: request.app_id, after });
    let excess = pipeline.audit.len().saturating_sub(AUDIT_MAX);
    pipeline.audit.drain(..excess);
}

/// The `stages` of a body. Ids that `before` has are those of its stages.
fn stages(
    request: &Request<'_>,
    state: &State,
    kind: Kind,
    given: &Map<String, Value>,
    before: Option<&Pipeline>,
) -> Result<Vec<Stage>, ErrorBody> {
    let list = given.get("stages").and_then(Value::as_array).ok_or_else(|| bad_field("stages", "must be a list"))?;
    if list.is_empty() {
        return Err(bad_field("stages", "must not be empty"));
    }
    let mut made: Vec<Stage> = Vec::new();
    for one in list {
        let one = one.as_object().ok_or_else(|| bad_field("stages", "must be a list of objects"))?;
        let stage = new_stage(request, state, kind, one, before, &made)?;
        made.push(stage);
    }
    refuse_many_stages(kind, made.len())?;
    Ok(made)
}

fn refuse_many_stages(kind: Kind, count: usize) -> Result<(), ErrorBody> {
    let max = if kind.row().is_some_and(|row| FEW_STAGES.contains(&row.name)) { FEW_STAGES_MAX } else { STAGES_MAX };
    if count > max { Err(invalid::stages_too_many(max)) } else { Ok(()) }
}

fn new_stage(
    request: &Request<'_>,
    state: &State,
    kind: Kind,
    given: &Map<String, Value>,
    before: Option<&Pipeline>,
    beside: &[Stage],
) -> Result<Stage, ErrorBody> {
    let label = required(label(given)?, "stages.label")?;
    if beside.iter().any(|other| other.label.eq_ignore_ascii_case(label)) {
        return Err(invalid::stage_label_exists(label));
    }
    let chosen = chosen_id(given, "stageId")?;
    if let Some(id) = &chosen {
        if beside.iter().any(|other| other.id == *id) {
            return Err(bad_field("stageId", &format!("{id} is the id of another stage")));
        }
        let elsewhere = state.space(kind).pipelines.iter().filter(|own| before.is_none_or(|before| before.id != own.id));
        if elsewhere.flat_map(|own| &own.stages).any(|other| other.id == *id) {
            return Err(invalid::stage_id_elsewhere(id, vec![id.clone()]));
        }
    }
    let created_at =
        before.and_then(|before| before.stages.iter().find(|own| chosen.as_deref() == Some(&own.id))).map(|own| own.created_at);
    Ok(Stage {
        id: chosen.unwrap_or_else(|| fresh_id(state, kind, beside)),
        label: label.to_owned(),
        display_order: required(integer(given, "displayOrder")?, "stages.displayOrder")?,
        metadata: metadata(kind, required(given.get("metadata"), "stages.metadata")?, Map::new())?,
        created_at: created_at.unwrap_or(request.now),
        updated_at: request.now,
        archived_at: None,
    })
}

/// Checks the metadata of a stage: the probability that a deal is won, or whether a ticket is open.
fn metadata(kind: Kind, given: &Value, mut metadata: Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
    let given = given.as_object().ok_or_else(|| bad_field("metadata", "must be an object"))?;
    for (key, value) in given {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return Err(bad_field(&format!("metadata.{key}"), "must be a string")),
        };
        metadata.insert(key.clone(), text.into());
    }
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    match kind.row().map(|row| row.name) {
        Some("deals") => {
            let probability = text("probability").and_then(|text| text.parse::<f64>().ok()).filter(|chance| (0.0..=1.0).contains(chance));
            let probability = probability.ok_or_else(|| bad_field("metadata.probability", "must be a number from 0.0 to 1.0"))?;
            metadata.insert("isClosed".to_owned(), (probability == 0.0 || probability == 1.0).to_string().into());
        }
        Some("tickets") => match text("ticketState").as_deref() {
            None => {
                metadata.insert("ticketState".to_owned(), "OPEN".into());
            }
            Some("OPEN" | "CLOSED") => {}
            Some(_) => return Err(bad_field("metadata.ticketState", "must be OPEN or CLOSED")),
        },
        _ => {}
    }
    Ok(metadata)
}

/// `archived` is for bringing back what was archived, and for nothing else.
fn restores(given: &Map<String, Value>, archived_at: Option<Timestamp>) -> Result<bool, ErrorBody> {
    match (given.get("archived"), archived_at) {
        (None | Some(Value::Null), _) => Ok(false),
        (Some(Value::Bool(false)), Some(_)) => Ok(true),
        _ => Err(bad_field("archived", "can only be given as false, to restore what is archived")),
    }
}

fn update(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let found = tx.state.space(kind).pipelines.iter().find(|own| own.id == id).ok_or_else(|| no_pipeline(id))?;
    let mut pipeline = found.clone();
    if restores(&given, pipeline.archived_at)? {
        pipeline.archived_at = None;
    } else if pipeline.archived_at.is_some() {
        return Err(no_pipeline(id));
    }
    let label = label(&given)?.unwrap_or(&found.label).to_owned();
    refuse_label(tx.state, kind, &label, Some(id))?;
    pipeline.label = label;
    pipeline.display_order = integer(&given, "displayOrder")?.unwrap_or(pipeline.display_order);
    pipeline.updated_at = request.now;
    Ok(put(request, kind, tx, pipeline, "UPDATE", 200))
}

fn replace(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let before = find(tx.state, kind, id)?.clone();
    let label = required(label(&given)?, "label")?;
    refuse_label(tx.state, kind, label, Some(id))?;
    let mut stages = stages(request, tx.state, kind, &given, Some(&before))?;
    let gone: Vec<Stage> = before.stages.iter().filter(|own| !stages.iter().any(|stage| stage.id == own.id)).cloned().collect();
    if validates(request)? {
        let ids: Vec<&str> = gone.iter().filter(|stage| stage.archived_at.is_none()).map(|stage| stage.id.as_str()).collect();
        refuse_in_use(tx.state, kind, &ids)?;
    }
    stages.extend(gone.into_iter().map(|stage| Stage { archived_at: stage.archived_at.or(Some(request.now)), ..stage }));
    let display_order = required(integer(&given, "displayOrder")?, "displayOrder")?;
    let pipeline = Pipeline { label: label.to_owned(), display_order, stages, updated_at: request.now, ..before };
    Ok(put(request, kind, tx, pipeline, "UPDATE", 200))
}

/// Whether stages that records are in may not go.
fn validates(request: &Request<'_>) -> Result<bool, ErrorBody> {
    Ok(request.query.flag("validateReferencesBeforeDelete")? || request.query.flag("validateDealStageUsagesBeforeDelete")?)
}

fn refuse_in_use(state: &State, kind: Kind, stages: &[&str]) -> Result<(), ErrorBody> {
    let Some((_, property)) = pipelines::properties_of(kind) else { return Ok(()) };
    let uses = |record: &&crate::record::Record| record.get(property).is_some_and(|stage| stages.contains(&stage));
    let records: Vec<String> = state.table(kind).range(0, false).filter(uses).take(NAMED_MAX).map(|record| record.id.to_string()).collect();
    if records.is_empty() {
        return Ok(());
    }
    let named = stages.iter().map(ToString::to_string).collect();
    Err(invalid::stage_in_use(stages.join(", "), records.join(", "), named, records))
}

fn delete(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let pipeline = find(tx.state, kind, id)?.clone();
    if tx.state.space(kind).live_pipelines().count() == 1 && kind.row().is_some() {
        return Err(invalid::last_pipeline());
    }
    if validates(request)? {
        let ids: Vec<&str> = pipeline.live_stages().map(|stage| stage.id.as_str()).collect();
        refuse_in_use(tx.state, kind, &ids)?;
    }
    let pipeline = Pipeline { archived_at: Some(request.now), updated_at: request.now, ..pipeline };
    Ok(put(request, kind, tx, pipeline, "DELETE", 204))
}

fn create_stage(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let mut pipeline = find(tx.state, kind, id)?.clone();
    let live: Vec<Stage> = pipeline.live_stages().cloned().collect();
    refuse_many_stages(kind, live.len() + 1)?;
    let chosen = chosen_id(&given, "stageId")?;
    if chosen.as_ref().is_some_and(|id| pipeline.stages.iter().any(|stage| stage.id == *id)) {
        return Err(bad_field("stageId", "is the id of another stage"));
    }
    let stage = new_stage(request, tx.state, kind, &given, Some(&pipeline), &live)?;
    pipeline.stages.push(stage.clone());
    Ok(put_stage(request, kind, tx, pipeline, &stage, "CREATE", 201))
}

fn put_stage(
    request: &Request<'_>,
    kind: Kind,
    tx: &mut Tx<'_>,
    mut pipeline: Pipeline,
    stage: &Stage,
    action: &str,
    status: u16,
) -> crate::call::Reply {
    pipeline.stages.sort_by(|one, other| (one.display_order, &one.label).cmp(&(other.display_order, &other.label)));
    pipeline.updated_at = request.now;
    let body = stage_body(stage);
    note(request, &mut pipeline, stage.id.clone(), action, body.clone());
    tx.put_pipeline(kind, pipeline);
    if status == 204 { no_content() } else { reply(status, body) }
}

fn change_stage(request: &Request<'_>, kind: Kind, id: &str, stage_id: &str, tx: &mut Tx<'_>, whole: bool) -> Answer {
    let given = request.json()?;
    let mut pipeline = find(tx.state, kind, id)?.clone();
    let at = pipeline.stages.iter().position(|stage| stage.id == stage_id).ok_or_else(|| no_stage(stage_id))?;
    let mut stage = pipeline.stages[at].clone();
    if restores(&given, stage.archived_at)? {
        stage.archived_at = None;
    } else if stage.archived_at.is_some() {
        return Err(no_stage(stage_id));
    }
    let (label, order) = (label(&given)?, integer(&given, "displayOrder")?);
    if whole {
        required(label, "label")?;
        required(order, "displayOrder")?;
    }
    if let Some(label) = label {
        if pipeline.live_stages().any(|other| other.id != stage_id && other.label.eq_ignore_ascii_case(label)) {
            return Err(invalid::stage_label_exists(label));
        }
        label.clone_into(&mut stage.label);
    }
    stage.display_order = order.unwrap_or(stage.display_order);
    let given_metadata = given.get("metadata").filter(|metadata| !metadata.is_null());
    if whole || given_metadata.is_some() {
        let before = if whole { Map::new() } else { stage.metadata.clone() };
        stage.metadata = metadata(kind, required(given_metadata, "metadata")?, before)?;
    }
    stage.updated_at = request.now;
    pipeline.stages[at] = stage.clone();
    Ok(put_stage(request, kind, tx, pipeline, &stage, "UPDATE", 200))
}

fn delete_stage(request: &Request<'_>, kind: Kind, id: &str, stage_id: &str, tx: &mut Tx<'_>) -> Answer {
    let mut pipeline = find(tx.state, kind, id)?.clone();
    if pipeline.stage(stage_id).is_none() {
        return Err(no_stage(stage_id));
    }
    if pipeline.live_stages().count() == 1 {
        return Err(invalid::last_stage());
    }
    // A stage with records can't be deleted, even if the caller asked for no check: the records would have no
    // stage.
    refuse_in_use(tx.state, kind, &[stage_id])?;
    let at = pipeline.stages.iter().position(|stage| stage.id == stage_id).ok_or_else(|| no_stage(stage_id))?;
    pipeline.stages[at].archived_at = Some(request.now);
    let stage = pipeline.stages[at].clone();
    Ok(put_stage(request, kind, tx, pipeline, &stage, "DELETE", 204))
}

/// Newest first.
fn audit(state: &State, kind: Kind, pipeline: &str, id: &str) -> Answer {
    let found = state.space(kind).pipelines.iter().find(|own| own.id == pipeline).ok_or_else(|| no_pipeline(pipeline))?;
    if pipeline != id && !found.stages.iter().any(|stage| stage.id == id) {
        return Err(no_stage(id));
    }
    let entries = found.audit.iter().rev().filter(|entry| entry.id == id);
    let results: Vec<Value> = entries
        .map(|entry| {
            json!({
                "identifier": entry.id, "action": entry.action, "portalId": state.hub_id, "timestamp": entry.at.to_iso(),
                "fromUserId": entry.app_id, "message": format!("{} by app {}", entry.action, entry.app_id), "rawObject": entry.after,
            })
        })
        .collect();
    Ok(reply(200, json!({ "results": results })))
}

fn moments(body: &mut Value, archived_at: Option<Timestamp>) {
    body["archived"] = archived_at.is_some().into();
    if let Some(at) = archived_at {
        body["archivedAt"] = at.to_iso().into();
    }
}

fn pipeline_body(pipeline: &Pipeline) -> Value {
    let mut body = json!({
        "id": pipeline.id, "label": pipeline.label, "displayOrder": pipeline.display_order,
        "stages": pipeline.live_stages().map(stage_body).collect::<Vec<_>>(),
        "createdAt": pipeline.created_at.to_iso(), "updatedAt": pipeline.updated_at.to_iso(),
    });
    moments(&mut body, pipeline.archived_at);
    body
}

fn stage_body(stage: &Stage) -> Value {
    let mut body = json!({
        "id": stage.id, "label": stage.label, "displayOrder": stage.display_order, "metadata": stage.metadata,
        "createdAt": stage.created_at.to_iso(), "updatedAt": stage.updated_at.to_iso(), "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    });
    moments(&mut body, stage.archived_at);
    body
}
