//! The default pipelines and their stages, from `data/pipelines.tsv`.
//!
//! Read only: making and changing pipelines is not served yet.

use std::sync::LazyLock;

use crate::kind::Kind;

/// A pipeline with its stages in display order.
#[derive(Debug)]
pub struct Pipeline {
    /// The type whose records move through it.
    pub kind: Kind,
    /// The property that names the pipeline.
    pub property: &'static str,
    /// The property that names the stage.
    pub stage_property: &'static str,
    /// Its id.
    pub id: &'static str,
    /// What people read.
    pub label: &'static str,
    /// Its stages.
    pub stages: Vec<Stage>,
}

/// A stage of a pipeline.
#[derive(Debug)]
pub struct Stage {
    /// Its id.
    pub id: &'static str,
    /// What people read.
    pub label: &'static str,
    /// One fact about it: a deal's probability, a ticket's state.
    pub metadata: (&'static str, &'static str),
}

/// The pipelines of a type; most types have none.
pub fn of(kind: Kind) -> impl Iterator<Item = &'static Pipeline> {
    PIPELINES.iter().filter(move |pipeline| pipeline.kind == kind)
}

static PIPELINES: LazyLock<Vec<Pipeline>> = LazyLock::new(|| {
    let mut pipelines: Vec<Pipeline> = Vec::new();
    for line in include_str!("../data/pipelines.tsv").lines().skip(1) {
        let cells: Vec<&'static str> = line.split('\t').collect();
        let [kind, property, stage_property, id, label, _order, stage_id, stage_label, key, value] = cells[..] else {
            panic!("a row of pipelines.tsv has ten cells");
        };
        let kind = Kind::of(kind).expect("a row of pipelines.tsv names a known object type");
        let stage = Stage { id: stage_id, label: stage_label, metadata: (key, value) };
        match pipelines.last_mut().filter(|last| last.kind == kind && last.id == id) {
            Some(last) => last.stages.push(stage),
            None => pipelines.push(Pipeline { kind, property, stage_property, id, label, stages: vec![stage] }),
        }
    }
    pipelines
});
