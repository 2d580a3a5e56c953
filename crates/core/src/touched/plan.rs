//! Where each operation has the ids of the records that it touches. Computed once from the catalog's templates.

use std::sync::LazyLock;

use crate::catalog::{Catalog, Method, Operation};
use crate::object_type;

/// An object type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None.
    None,
    /// This object type.
    Named(&'static str),
    /// The type in this segment of the path.
    At(usize),
}

/// The part of a body that names records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing that names records.
    None,
    /// Properties of one record, and its associations.
    Record,
    /// The same, in the form of the APIs before v3.
    Legacy,
    /// `inputs`, each a record.
    Inputs,
    /// A list of records, in the form of the APIs before v3.
    LegacyList,
    /// `inputs`, each with the two ends of an association.
    Links,
    /// The ids of two records that are merged.
    Merge,
    /// The id of a record whose data are erased.
    Erase,
}

/// Whether the answer names records that the call does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Never.
    None,
    /// Where the call names records by a property that is not their id.
    ByProperty,
    /// Always: the new records.
    Always,
}

/// Where an operation has ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The type of the records of the path and of the body.
    pub first: Kind,
    /// The type of the other end.
    pub second: Kind,
    /// For each id in the path: which of the two types it has, and its segment.
    pub path: Vec<(usize, usize)>,
    /// A parameter of the query that contains ids, and which of the two types they have.
    pub query: Option<(&'static str, usize)>,
    /// Whether the path names a record by something that is not its id.
    pub by_property: bool,
    pub body: Body,
    pub answer: Answer,
}

impl Plan {
    /// Whether the answer is one record, and not a list of them.
    pub fn is_one(&self) -> bool {
        !matches!(self.body, Body::Inputs | Body::LegacyList)
    }
}

static PLANS: LazyLock<Vec<Option<Plan>>> = LazyLock::new(|| Catalog::get().operations().iter().map(plan).collect());

/// The plan of an operation; none where it touches no single records.
pub(crate) fn of(operation: &Operation) -> Option<&'static Plan> {
    PLANS.get(usize::from(operation.id.0))?.as_ref()
}

fn plan(operation: &Operation) -> Option<Plan> {
    let segments: Vec<&'static str> = operation.template[1..].split('/').collect();
    match segments[0] {
        "crm" | "crm-objects" if segments.contains(&"objects") => records(operation, &segments),
        "crm" if segments.contains(&"associations") => links(&segments),
        "crm" if segments.contains(&"lists") => records(operation, &segments),
        "contacts" | "companies" | "deals" | "engagements" => legacy(operation, &segments),
        _ => None,
    }
}

/// Operations on records: a type, then an id or an action on many records.
fn records(operation: &Operation, segments: &[&'static str]) -> Option<Plan> {
    let types: Vec<usize> = (0..segments.len()).filter(|at| is_type(segments[*at]) && *at > 1).collect();
    let kind = |at: Option<&usize>| at.map_or(Kind::None, |at| of_segment(segments[*at], *at));
    let path: Vec<(usize, usize)> =
        (0..).zip(&types).filter(|(_, at)| segments.get(*at + 1).is_some_and(is_id)).map(|(side, at)| (side, at + 1)).collect();
    let path: Vec<(usize, usize)> = path.into_iter().filter(|(side, _)| *side < 2).collect();
    let last = *segments.last()?;
    let is_batch = segments.len() > 1 && segments[segments.len() - 2] == "batch";
    let (body, answer) = match last {
        "create" if is_batch => (Body::Inputs, Answer::Always),
        "upsert" if is_batch => (Body::Inputs, Answer::Always),
        "update" if is_batch => (Body::Inputs, Answer::ByProperty),
        // The answer to a read of many records is large, so it is not parsed, and records that a property names are only counted.
        "read" | "archive" if is_batch => (Body::Inputs, Answer::None),
        "merge" => (Body::Merge, Answer::Always),
        "gdpr-delete" => (Body::Erase, Answer::None),
        _ if path.len() == 1 && is_id(&last) => match operation.method {
            Method::Get => (Body::None, Answer::ByProperty),
            Method::Delete => (Body::None, Answer::None),
            _ => (Body::Record, Answer::ByProperty),
        },
        _ if is_type(last) && operation.method == Method::Post => (Body::Record, Answer::Always),
        _ => (Body::None, Answer::None),
    };
    let first = kind(types.first());
    (first != Kind::None && (!path.is_empty() || body != Body::None)).then(|| Plan {
        first,
        second: kind(types.get(1)),
        path,
        query: None,
        by_property: false,
        body,
        answer,
    })
}

/// Batches of associations: two types in the path, the ids in the body.
fn links(segments: &[&'static str]) -> Option<Plan> {
    let of_records = segments.contains(&"batch") && !segments.contains(&"definitions");
    let types: Vec<usize> = (0..segments.len()).filter(|at| is_type_parameter(segments[*at])).collect();
    let [first, second] = types[..] else { return None };
    of_records.then_some(Plan {
        first: Kind::At(first),
        second: Kind::At(second),
        path: Vec::new(),
        query: None,
        by_property: false,
        body: Body::Links,
        answer: Answer::None,
    })
}

/// The APIs before v3, in which the name of the id's parameter shows the type.
fn legacy(operation: &Operation, segments: &[&'static str]) -> Option<Plan> {
    const OWN: [(&str, &str); 4] =
        [("{vid}", "contacts"), ("{companyId}", "companies"), ("{dealId}", "deals"), ("{engagementId}", "engagements")];
    let mut kinds: Vec<(Kind, usize)> = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        if let Some((_, name)) = OWN.iter().find(|(parameter, _)| parameter == segment) {
            kinds.push((Kind::Named(name), at));
        } else if is_type_parameter(segment) && segments.get(at + 1).is_some_and(is_id) {
            kinds.push((Kind::At(at), at + 1));
        }
    }
    let base = match *segments.first()? {
        "contacts" => "contacts",
        "companies" => "companies",
        "deals" => "deals",
        _ => "engagements",
    };
    let tail = segments.get(2..)?;
    let by_property = tail.contains(&"contact") && kinds.is_empty() && tail.iter().any(|part| matches!(*part, "{email}" | "{utk}"));
    let is_write = !operation.read_only;
    let (body, answer) = match tail {
        ["contact"] | ["companies"] | ["deal"] | ["engagements"] if operation.method == Method::Post => (Body::Legacy, Answer::Always),
        ["contact", "createOrUpdate", ..] => (Body::Legacy, Answer::Always),
        ["contact", "batch"] | [.., "batch-async", "update"] => (Body::LegacyList, Answer::None),
        ["contact", "merge-vids", _] => (Body::Merge, Answer::None),
        ["contact", "email" | "utk", ..] if !is_write => (Body::None, Answer::ByProperty),
        [.., "profile"] | ["companies" | "deal" | "engagements", _] if is_write && operation.method != Method::Delete => {
            (Body::Legacy, Answer::None)
        }
        _ => (Body::None, Answer::None),
    };
    let query = match tail {
        ["contact", "vids", "batch"] => Some(("vid", 0)),
        ["deal", "{dealId}", "associations", _] => Some(("id", 1)),
        _ => None,
    };
    let path: Vec<(usize, usize)> = (0..).zip(&kinds).map(|(side, (_, at))| (side, *at)).filter(|(side, _)| *side < 2).collect();
    let touches = !path.is_empty() || body != Body::None || by_property || query.is_some();
    let mut second = kinds.get(1).map_or(Kind::None, |(kind, _)| *kind);
    if query == Some(("id", 1)) {
        second = Kind::At(segments.len() - 1);
    }
    touches.then(|| Plan {
        first: kinds.first().map_or(Kind::Named(base), |(kind, _)| *kind),
        second,
        path,
        query,
        by_property,
        body,
        answer,
    })
}

fn of_segment(segment: &'static str, at: usize) -> Kind {
    if is_type_parameter(segment) {
        return Kind::At(at);
    }
    object_type::row_of(segment).map_or(Kind::None, |row| Kind::Named(row.name))
}

fn is_type(segment: &str) -> bool {
    is_type_parameter(segment) || object_type::row_of(segment).is_some()
}

fn is_type_parameter(segment: &str) -> bool {
    segment.starts_with('{')
        && (segment.ends_with("ObjectType}") || segment.ends_with("ObjectTypeId}") || segment.starts_with("{objectType"))
}

fn is_id(segment: &&'static str) -> bool {
    segment.starts_with('{') && segment.ends_with("Id}") && !is_type_parameter(segment)
}
