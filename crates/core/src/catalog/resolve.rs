//! From a method and a path to the operation it means.
//!
//! A tree of segments. Among siblings a literal segment wins over a template, as HubSpot's own
//! table requires (`/objects/contacts` beside `/objects/{objectType}`); where the literal leads
//! nowhere, the template is tried. One tree for all methods, so that a path which exists under
//! another method is told apart (405) from one that does not (404).

use std::collections::HashMap;

use super::{Catalog, Method, Operation, OperationId};
use crate::path::NormalPath;

/// What a request means.
#[derive(Debug)]
pub enum Resolution<'a> {
    /// This operation.
    Found(&'a Operation),
    /// The path exists, under these methods.
    MethodNotAllowed(Vec<Method>),
    /// HubSpot publishes no such path.
    Unknown,
}

/// Deepest path of the catalog is 12 segments; a deeper one is unknown without a look.
const SEGMENTS_MAX: usize = 16;

#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    literals: HashMap<&'static str, u32, foldhash::fast::FixedState>,
    template: Option<u32>,
    operations: [Option<OperationId>; 5],
}

impl Tree {
    pub(super) fn insert(&mut self, method: Method, template: &'static str, id: OperationId) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for segment in template[1..].split('/') {
            at = self.child(at, segment);
        }
        self.nodes[at].operations[method as usize].get_or_insert(id);
    }

    fn child(&mut self, at: usize, segment: &'static str) -> usize {
        let new = u32::try_from(self.nodes.len()).expect("the tree is smaller than 4 billion nodes");
        let next = if segment.starts_with('{') {
            *self.nodes[at].template.get_or_insert(new)
        } else {
            *self.nodes[at].literals.entry(segment).or_insert(new)
        };
        if next == new {
            self.nodes.push(Node::default());
        }
        next as usize
    }

    /// The first node, literals before templates, that ends the path and satisfies `accept`.
    fn walk<T>(&self, at: usize, rest: &[&str], accept: &mut impl FnMut(&Node) -> Option<T>) -> Option<T> {
        let node = &self.nodes[at];
        let Some((segment, rest)) = rest.split_first() else { return accept(node) };
        let literal = node.literals.get(segment).and_then(|next| self.walk(*next as usize, rest, accept));
        literal.or_else(|| node.template.and_then(|next| self.walk(next as usize, rest, accept)))
    }
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
    match lookup(catalog, method, segments) {
        Resolution::Unknown if apply_alias(segments) => lookup(catalog, method, segments),
        resolution => resolution,
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

/// Rewrites a path to the spelling that the catalog has, where HubSpot answers to two: the version
/// before or after the CRM family (`/crm/v3/objects`, `/crm/objects/v3`; hubspot facts, section
/// 2a), and `/crm/v3/schemas` for `/crm-object-schemas/v3/schemas`. The number of segments stays.
fn apply_alias(segments: &mut [&str]) -> bool {
    let ["crm", second, third, ..] = segments else { return false };
    match (is_version(second), is_version(third)) {
        (true, false) | (false, true) => {}
        _ => return false,
    }
    if is_version(second) && *third == "schemas" {
        segments[0] = "crm-object-schemas";
        return true;
    }
    segments.swap(1, 2);
    true
}

fn is_version(segment: &str) -> bool {
    let numbered = matches!(segment, "v1" | "v2" | "v3" | "v4");
    let date = segment.strip_suffix("-beta").unwrap_or(segment).as_bytes();
    let dated = matches!(date, [b'2', b'0', a, b, b'-', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()));
    numbered || dated
}
