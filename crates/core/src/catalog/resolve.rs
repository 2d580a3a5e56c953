//! Resolves a method and a path to an operation.
//!
//! A tree of segments. Among siblings a literal segment wins over a template, as HubSpot's own table requires
//! (`/objects/contacts` beside `/objects/{objectType}`); where the literal leads nowhere, the template is tried. One tree
//! serves all methods, so that a path with another method (405) differs from an unknown path (404).

use std::collections::BTreeMap;

use super::{Catalog, Method, Operation, OperationId};
use crate::path::NormalPath;

/// The result for a request.
#[derive(Debug)]
pub enum Resolution<'a> {
    /// This operation.
    Found(&'a Operation),
    /// The path exists with these methods.
    MethodNotAllowed(Vec<Method>),
    /// No operation of the catalog has such a path.
    Unknown,
}

/// The deepest path of the catalog has 12 segments. A path with more segments than this is unknown without a search.
const SEGMENTS_MAX: usize = 16;

/// The tree in a flat layout. With about 4,000 operations, cache misses dominate the cost of a look-up, so nodes are small
/// and their edges are adjacent.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

struct Node {
    /// The literal of the edge to this node; empty for the root and for templates.
    label: &'static str,
    edges_start: u32,
    edges_end: u32,
    /// The child for any segment; [`NONE`] where there is none.
    template: u32,
    operations: [Option<OperationId>; 5],
}

/// A literal child: a cheap fingerprint finds it, and its label confirms it.
#[derive(Clone, Copy)]
struct Edge {
    fingerprint: u64,
    child: u32,
}

/// No node. The root has this index, and it is not a child of any node.
const NONE: u32 = 0;

/// A node during the construction of the tree.
#[derive(Default)]
struct Sapling {
    label: &'static str,
    literals: BTreeMap<&'static str, u32>,
    template: u32,
    operations: [Option<OperationId>; 5],
}

impl Tree {
    /// Builds the tree. Of rows with the same shape and method, the first one counts.
    pub(super) fn build(rows: impl Iterator<Item = (Method, &'static str, OperationId)>) -> Self {
        let mut saplings = vec![Sapling::default()];
        for (method, template, id) in rows {
            let mut at = 0;
            for segment in template[1..].split('/') {
                at = child(&mut saplings, at, segment);
            }
            saplings[at].operations[method as usize].get_or_insert(id);
        }
        let mut tree = Self::default();
        for sapling in saplings {
            let start = tree.edges.len();
            tree.edges.extend(sapling.literals.iter().map(|(label, child)| Edge { fingerprint: fingerprint(label), child: *child }));
            let (edges_start, edges_end) = (index(start), index(tree.edges.len()));
            tree.nodes.push(Node {
                label: sapling.label,
                edges_start,
                edges_end,
                template: sapling.template,
                operations: sapling.operations,
            });
        }
        tree
    }

    /// The first node, literals before templates, at the end of the path for which `accept` returns a value.
    fn walk<T>(&self, at: u32, rest: &[&str], accept: &mut impl FnMut(&Node) -> Option<T>) -> Option<T> {
        let node = &self.nodes[at as usize];
        let Some((segment, rest)) = rest.split_first() else { return accept(node) };
        let literal = self.literal(node, segment).and_then(|next| self.walk(next, rest, accept));
        literal.or_else(|| if node.template == NONE { None } else { self.walk(node.template, rest, accept) })
    }

    fn literal(&self, node: &Node, segment: &str) -> Option<u32> {
        let wanted = fingerprint(segment);
        let edges = &self.edges[node.edges_start as usize..node.edges_end as usize];
        let mut found = edges.iter().filter(|edge| edge.fingerprint == wanted).map(|edge| edge.child);
        found.find(|child| self.nodes[*child as usize].label == segment)
    }
}

fn child(saplings: &mut Vec<Sapling>, at: usize, segment: &'static str) -> usize {
    let new = index(saplings.len());
    let template = segment.starts_with('{');
    let parent = &mut saplings[at];
    let next = if template { &mut parent.template } else { parent.literals.entry(segment).or_insert(NONE) };
    if *next == NONE {
        *next = new;
        saplings.push(Sapling { label: if template { "" } else { segment }, ..Sapling::default() });
        return new as usize;
    }
    *next as usize
}

/// The length and the first and last bytes: they distinguish nearly all siblings.
fn fingerprint(segment: &str) -> u64 {
    let bytes = segment.as_bytes();
    let length = (bytes.len() as u64) << 56;
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29) ^ length,
        _ => bytes.iter().fold(length, |sum, byte| sum << 8 ^ u64::from(*byte) ^ sum >> 56),
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("the tree is smaller than 4 billion nodes")
}

pub(super) fn resolve<'a>(catalog: &'a Catalog, method: &str, path: &NormalPath) -> Resolution<'a> {
    let mut room = [""; SEGMENTS_MAX];
    let mut count = 0;
    for segment in path.segments() {
        if count == SEGMENTS_MAX {
            return Resolution::Unknown;
        }
        room[count] = segment;
        count += 1;
    }
    let segments = &mut room[..count];
    let method = Method::parse(method);
    let as_written = lookup(catalog, method, segments);
    if matches!(as_written, Resolution::Found(_)) || !respell(segments) {
        return as_written;
    }
    match (as_written, lookup(catalog, method, segments)) {
        (Resolution::MethodNotAllowed(mut allowed), Resolution::MethodNotAllowed(others)) => {
            allowed.extend(others);
            allowed.sort_unstable();
            allowed.dedup();
            Resolution::MethodNotAllowed(allowed)
        }
        (as_written, Resolution::Unknown) => as_written,
        (_, respelled) => respelled,
    }
}

fn lookup<'a>(catalog: &'a Catalog, method: Option<Method>, segments: &[&str]) -> Resolution<'a> {
    let wanted = method.and_then(|method| catalog.tree.walk(0, segments, &mut |node: &Node| node.operations[method as usize]));
    if let Some(id) = wanted {
        return Resolution::Found(catalog.operation(id));
    }
    let mut allowed = Vec::new();
    catalog.tree.walk(0, segments, &mut |node: &Node| {
        allowed.extend(Method::ALL.into_iter().filter(|method| node.operations[*method as usize].is_some()));
        None::<()>
    });
    allowed.sort_unstable();
    allowed.dedup();
    if allowed.is_empty() { Resolution::Unknown } else { Resolution::MethodNotAllowed(allowed) }
}

/// Changes a path to its other spelling. HubSpot accepts the version before and after the family (`/crm/v3/objects` and
/// `/crm/objects/v3`, `/settings/v3/users` and `/settings/users/v3`; hubspot facts, section 2a), and `/crm/v3/schemas` as
/// well as `/crm-object-schemas/v3/schemas`. Its own clients send both. For dated versions this is observed only in the
/// CRM. The number of segments stays the same.
fn respell(segments: &mut [&str]) -> bool {
    let [first, second, third, ..] = segments else { return false };
    let is_respelled = if *first == "crm" { is_version } else { is_numbered };
    if is_respelled(second) == is_respelled(third) {
        return false;
    }
    if *first == "crm" && is_version(second) && *third == "schemas" {
        *first = "crm-object-schemas";
    } else {
        std::mem::swap(second, third);
    }
    true
}

fn is_numbered(segment: &str) -> bool {
    matches!(segment, "v1" | "v2" | "v3" | "v4")
}

fn is_version(segment: &str) -> bool {
    let date = segment.strip_suffix("-beta").unwrap_or(segment).as_bytes();
    let dated = matches!(date, [b'2', b'0', a, b, b'-', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()));
    dated || is_numbered(segment)
}
