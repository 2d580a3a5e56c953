//! Pipelines and their stages: the default ones, from `data/pipelines.tsv`, and those that an account defines.
//!
//! `crm::pipelines` decides which changes are allowed.

use std::sync::{Arc, LazyLock};

use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kind::Kind;

/// A pipeline with its stages in display order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its id.
    pub id: String,
    /// What people read.
    pub label: String,
    /// Its place among the type's.
    pub display_order: i64,
    /// Its stages, archived ones included.
    pub stages: Vec<Stage>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// What was done to it, oldest first.
    pub audit: Vec<Audit>,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its id.
    pub id: String,
    /// What people read.
    pub label: String,
    /// Its place in the pipeline.
    pub display_order: i64,
    /// Facts about it: a deal's probability, a ticket's state.
    pub metadata: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
}

/// One change of a pipeline or a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The pipeline's or the stage's id.
    pub id: String,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub action: String,
    /// The time of the change.
    pub at: Timestamp,
    /// The app that did it.
    pub app_id: u64,
    /// What was there after it.
    pub after: Value,
}

/// Changes kept of a pipeline.
pub(crate) const AUDIT_MAX: usize = 100;

impl Pipeline {
    /// The stages in use, in display order.
    pub fn live_stages(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|stage| stage.archived_at.is_none())
    }

    /// A stage in use.
    pub(crate) fn stage(&self, id: &str) -> Option<&Stage> {
        self.live_stages().find(|stage| stage.id == id)
    }
}

/// The properties that name a record's pipeline and its stage; nothing for a type that has no
/// pipelines.
pub fn properties_of(kind: Kind) -> Option<(&'static str, &'static str)> {
    const STAGED: [&str; 10] =
        ["tickets", "leads", "orders", "services", "courses", "listings", "appointments", "projects", "contracts", "subscriptions"];
    match kind.row().map(|row| row.name) {
        Some("deals") => Some(("pipeline", "dealstage")),
        Some(name) if !STAGED.contains(&name) => None,
        _ => Some(("hs_pipeline", "hs_pipeline_stage")),
    }
}

/// The pipelines that every account begins with; most types have none.
pub(crate) fn defaults(kind: Kind) -> Arc<Vec<Pipeline>> {
    static NONE: LazyLock<Arc<Vec<Pipeline>>> = LazyLock::new(Arc::default);
    let found = DEFAULTS.iter().find(|(own, _)| *own == kind).map(|(_, pipelines)| pipelines);
    found.unwrap_or(&NONE).clone()
}

/// 2024-01-01: the default pipelines are as old as HubSpot says of none; a fixed day keeps answers equal.
const MADE_AT: Timestamp = Timestamp::from_ms(1_704_067_200_000);

static DEFAULTS: LazyLock<Vec<(Kind, Arc<Vec<Pipeline>>)>> = LazyLock::new(|| {
    let mut pipelines: Vec<(Kind, Vec<Pipeline>)> = Vec::new();
    for line in include_str!("../data/pipelines.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [kind, _, _, id, label, _, stage_id, stage_label, key, value] = cells[..] else {
            panic!("a row of pipelines.tsv has ten cells");
        };
        let kind = Kind::of(kind).expect("a row of pipelines.tsv names a known object type");
        if pipelines.last().is_none_or(|(own, _)| *own != kind) {
            pipelines.push((kind, Vec::new()));
        }
        let Some((_, own)) = pipelines.last_mut() else { continue };
        if own.last().is_none_or(|last| last.id != id) {
            own.push(Pipeline {
                id: id.to_owned(),
                label: label.to_owned(),
                display_order: own.len() as i64,
                stages: Vec::new(),
                created_at: MADE_AT,
                updated_at: MADE_AT,
                archived_at: None,
                audit: Vec::new(),
            });
        }
        let Some(pipeline) = own.last_mut() else { continue };
        pipeline.stages.push(Stage {
            id: stage_id.to_owned(),
            label: stage_label.to_owned(),
            display_order: pipeline.stages.len() as i64,
            metadata: std::iter::once((key.to_owned(), Value::from(value))).collect(),
            created_at: MADE_AT,
            updated_at: MADE_AT,
            archived_at: None,
        });
    }
    pipelines.into_iter().map(|(kind, own)| (kind, Arc::new(own))).collect()
});
