//! The scopes that an operation needs.
//!
//! HubSpot lists alternatives: each of them is enough, and all scopes of an alternative are needed. Generic CRM paths list the
//! scopes of every object type; there the type in the path decides (docs/decisions/0002-scopes-of-generic-paths.md). `policy`\ndecides
//! whether a caller has the scopes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::object_type::{self, Access, ObjectType};
use crate::path::NormalPath;
use crate::safety::is_read_only;
use crate::scope::{ScopeId, ScopeSet};
use crate::tables::{Auth, EndpointRow, ScopesFrom, scope_set_rows};

/// What a caller needs.
#[derive(Clone, Copy, Debug)]
pub enum Requirement {
    /// A valid token is enough: HubSpot lists no scope.
    Token,
    /// One of these alternatives.
    Scopes(&'static Alternatives),
    /// One alternative of each: an association touches two object types.
    Both(&'static Alternatives, &'static Alternatives),
    /// The developer account's key; no app's token opens the operation.
    DeveloperKey,
    /// Nothing opens it: HubSpot publishes no scope for it.
    Nothing,
    /// No source states its scopes.
    Unstated,
}

/// Alternatives, each of which is enough.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Alternatives {
    /// Scopes that are enough alone.
    single: ScopeSet,
    /// Sets of scopes that are enough together.
    joint: Vec<ScopeSet>,
}

/// A path with an object type that is neither standard nor custom.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unable to infer object type from: {0}")]
pub struct UnknownObjectType(pub String);

impl Alternatives {
    fn from_names<'a>(alternatives: impl IntoIterator<Item = Vec<&'a str>>) -> Self {
        let mut found = Self::default();
        for names in alternatives {
            let ids: Option<Vec<ScopeId>> = names.iter().map(|name| ScopeId::of(name)).collect();
            // A name outside of scopes.txt can't be granted, so its alternative is never met.
            match ids.as_deref() {
                None => {}
                Some([one]) => found.single.insert(*one),
                Some(several) => {
                    let mut set = ScopeSet::EMPTY;
                    several.iter().for_each(|scope| set.insert(*scope));
                    found.joint.push(set);
                }
            }
        }
        let single = found.single;
        found.joint.retain(|set| !set.intersects(&single));
        found
    }

    /// Whether the granted scopes contain an alternative.
    pub fn met_by(&self, granted: &ScopeSet) -> bool {
        self.single.intersects(granted) || self.joint.iter().any(|set| granted.contains_all(set))
    }

    /// The scope to grant: one that is enough alone, or the first of a set that is.
    pub fn first_name(&self) -> Option<&'static str> {
        self.sets().first().and_then(|set| set.iter().next()).map(ScopeId::name)
    }

    /// Each alternative as a set.
    pub fn sets(&self) -> Vec<ScopeSet> {
        let singles = self.single.iter().map(|scope| {
            let mut set = ScopeSet::EMPTY;
            set.insert(scope);
            set
        });
        singles.chain(self.joint.iter().copied()).collect()
    }

    fn is_empty(&self) -> bool {
        self.single.is_empty() && self.joint.is_empty()
    }
}

impl Requirement {
    /// Whether the granted scopes are enough.
    pub fn met_by(&self, granted: &ScopeSet) -> bool {
        match self {
            Self::Token => true,
            Self::Scopes(one) => one.met_by(granted),
            Self::Both(one, other) => one.met_by(granted) && other.met_by(granted),
            Self::DeveloperKey | Self::Nothing | Self::Unstated => false,
        }
    }

    /// Every set of scopes that is enough and has no unnecessary scope.
    pub fn alternatives(&self) -> Vec<ScopeSet> {
        match self {
            Self::Token | Self::DeveloperKey | Self::Nothing | Self::Unstated => Vec::new(),
            Self::Scopes(one) => one.sets(),
            Self::Both(one, other) => minimal(one, other),
        }
    }

    /// The names that HubSpot would list as `requiredGranularScopes`, sorted. Where two object types are needed, only those of the
    /// type without a scope.
    pub fn missing_names(&self, granted: &ScopeSet) -> Vec<&'static str> {
        let halves: Vec<&Alternatives> = match self {
            Self::Scopes(one) => vec![one],
            Self::Both(one, other) => vec![one, other],
            _ => return Vec::new(),
        };
        let mut all = ScopeSet::EMPTY;
        for half in halves.into_iter().filter(|half| !half.met_by(granted)) {
            half.sets().iter().for_each(|set| all.extend(set));
        }
        all.names()
    }
}

fn minimal(one: &Alternatives, other: &Alternatives) -> Vec<ScopeSet> {
    let mut joined: Vec<ScopeSet> = Vec::new();
    for mine in one.sets() {
        for theirs in other.sets() {
            let mut set = mine;
            set.extend(&theirs);
            joined.push(set);
        }
    }
    let all = joined.clone();
    joined.retain(|set| !all.iter().any(|smaller| smaller != set && set.contains_all(smaller)));
    joined.dedup();
    joined
}

/// The scopes that read or write the records of a type; none where the API can't.
pub fn of_records(row: &ObjectType, access: Access) -> Option<&'static Alternatives> {
    static RECORDS: LazyLock<[PerType; 2]> = LazyLock::new(|| {
        let nothing = keep(Alternatives::default());
        [per_type(Family::Records, false, nothing), per_type(Family::Records, true, nothing)]
    });
    RECORDS[usize::from(access == Access::Write)].0.get(row.index).copied().flatten()
}

/// Whether the granted scopes read or write every type whose records the API can. Then a call may reach any of them.
pub fn covers_every_type(granted: &ScopeSet, access: Access) -> bool {
    let rows = ObjectType::all().iter().chain([ObjectType::custom()]);
    rows.filter_map(|row| of_records(row, access)).all(|alternatives| alternatives.met_by(granted))
}

/// How to find the requirement of one operation.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Fixed(Requirement),
    /// By the object type in one segment of the path.
    ByType(&'static PerType, usize),
    /// By the object types in two segments.
    ByTypes(&'static PerType, usize, usize),
}

/// The requirement for every row of the object types; the last is for custom types.
#[derive(Debug)]
pub(crate) struct PerType(Vec<Option<&'static Alternatives>>);

impl PerType {
    fn of(&self, segment: &str) -> Result<Option<&'static Alternatives>, UnknownObjectType> {
        let row = object_type::row_of(segment).ok_or_else(|| UnknownObjectType(segment.to_owned()))?;
        Ok(self.0.get(row.index).copied().flatten())
    }
}

impl Rule {
    pub(crate) fn for_path(&self, path: &NormalPath) -> Result<Requirement, UnknownObjectType> {
        let segment = |at: usize| path.segments().nth(at).unwrap_or_default();
        match self {
            Self::Fixed(requirement) => Ok(*requirement),
            Self::ByType(per_type, at) => one(per_type, segment(*at)),
            Self::ByTypes(per_type, first, second) => two(per_type, segment(*first), segment(*second)),
        }
    }

    /// The same, for object types from [`Rule::types_in`].
    pub(crate) fn on_types(&self, types: &str) -> Option<Requirement> {
        match self {
            Self::Fixed(requirement) => Some(*requirement),
            Self::ByType(per_type, _) => one(per_type, types).ok(),
            Self::ByTypes(per_type, ..) => types.split_once(',').and_then(|(first, second)| two(per_type, first, second).ok()),
        }
    }

    /// The object types that count, by name.
    pub(crate) fn types_in(&self, path: &NormalPath) -> Option<Cow<'static, str>> {
        let name = |at: usize| object_type::name_of(path.segments().nth(at).unwrap_or_default());
        match self {
            Self::Fixed(_) => None,
            Self::ByType(_, at) => name(*at),
            Self::ByTypes(_, first, second) => Some(format!("{},{}", name(*first)?, name(*second)?).into()),
        }
    }
}

fn one(per_type: &PerType, of: &str) -> Result<Requirement, UnknownObjectType> {
    Ok(per_type.of(of)?.map_or(Requirement::Nothing, Requirement::Scopes))
}

fn two(per_type: &PerType, first: &str, second: &str) -> Result<Requirement, UnknownObjectType> {
    Ok(match (per_type.of(first)?, per_type.of(second)?) {
        (Some(one), Some(other)) if std::ptr::eq(one, other) || one == other => Requirement::Scopes(one),
        (Some(one), Some(other)) => Requirement::Both(one, other),
        _ => Requirement::Nothing,
    })
}

/// The CRM families whose paths contain object types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Family {
    /// Records and their associations: the record scopes of the type.
    Records,
    /// Properties, pipelines and schemas: `crm.schemas.<type>` where it exists, and the record scopes where the operation lists
    /// them.
    Definitions,
}

/// Builds the rules, and shares equal ones.
#[derive(Default)]
pub(crate) struct Rules {
    /// By the name of the set. The flag is whether the set is the union of every type's scopes.
    listed: HashMap<&'static str, (&'static Alternatives, bool)>,
    per_type: HashMap<(Family, bool, &'static str), &'static PerType>,
}

impl Rules {
    pub(crate) fn rule(&mut self, row: &EndpointRow) -> Rule {
        if self.listed.is_empty() {
            let listed = scope_set_rows().map(|set| {
                let alternatives = Alternatives::from_names(set.alternatives);
                let union = is_union(&alternatives);
                (set.id, (keep(alternatives), union))
            });
            self.listed = listed.collect();
        }
        let Some(set) = row.scope_set else {
            return Rule::Fixed(scopeless(row));
        };
        let Some((listed, union)) = self.listed.get(set).map(|(listed, union)| (&**listed, *union)) else {
            return Rule::Fixed(Requirement::Nothing);
        };
        let positions = type_positions(row.template, union);
        let writes = !is_read_only(row.method, row.template);
        let Some((family, positions)) = family(row.template, writes).zip(positions) else {
            return Rule::Fixed(Requirement::Scopes(listed));
        };
        let per_type = *self.per_type.entry((family, writes, set)).or_insert_with(|| keep(per_type(family, writes, listed)));
        match positions {
            (first, None) => Rule::ByType(per_type, first),
            (first, Some(second)) => Rule::ByTypes(per_type, first, second),
        }
    }
}

/// For operations without a listed scope (docs/decisions/0003-operations-without-scopes.md). One that is public, or has its
/// own credentials, needs a token at most. Any other is refused: no app can get a scope for it, and it must not be open to
/// every token.
fn scopeless(row: &EndpointRow) -> Requirement {
    let payments = row.template.starts_with("/crm/v3/objects/payments");
    let open = matches!(row.api, "Auth/Oauth" | "Auth/Private apps" | "Meta/Origins" | "Account/Account Info")
        || row.template.ends_with("/sample-response");
    match row.auth {
        Auth::DeveloperKey => Requirement::DeveloperKey,
        _ if row.scopes_from == ScopesFrom::Unstated => Requirement::Unstated,
        // Forms are public: whoever submits one sends no credential.
        Auth::None if ["/uploads/form/", "/submissions/"].iter().any(|root| row.template.starts_with(root)) => Requirement::Token,
        _ if payments => Requirement::Scopes(keep(Alternatives::from_names([vec!["crm.objects.commercepayments.read"]]))),
        _ if open => Requirement::Token,
        _ => Requirement::Nothing,
    }
}

/// Keeps a value for the life of the process. The catalog is loaded once, and so are the values that it refers to.
fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn family(template: &str, writes: bool) -> Option<Family> {
    let mut segments = template[1..].split('/');
    let (first, second, third) = (segments.next()?, segments.next()?, segments.next().unwrap_or_default());
    let family = if first == "crm-object-schemas" {
        "schemas"
    } else if is_family(second) {
        second
    } else {
        third
    };
    match (first, family) {
        ("crm", "objects" | "associations") => Some(Family::Records),
        ("crm", "properties" | "property-validations" | "pipelines") | ("crm-object-schemas", _) => Some(Family::Definitions),
        // Older than v3. Here clients also read names that are not object types (`/properties/v2/form/properties`).
        ("properties" | "crm-pipelines", _) if writes => Some(Family::Definitions),
        _ => None,
    }
}

fn is_family(segment: &str) -> bool {
    matches!(segment, "objects" | "associations" | "properties" | "property-validations" | "pipelines")
}

/// The segments that name object types. A path with a literal type (`/crm/objects/2026-09-beta/notes`) counts only where its
/// set is the whole union; else its own set is already exact.
fn type_positions(template: &str, union: bool) -> Option<(usize, Option<usize>)> {
    let segments: Vec<&str> = template[1..].split('/').collect();
    let named: Vec<usize> = (0..segments.len()).filter(|at| TYPE_PARAMETERS.contains(&segments[*at])).collect();
    let literal = segments.get(3).filter(|segment| segments[0] == "crm" && object_type::row_of(segment).is_some()).map(|_| 3);
    match (literal.filter(|_| union), named.as_slice()) {
        (Some(literal), [second, ..]) => Some((literal, Some(*second))),
        (Some(literal), []) => Some((literal, None)),
        (None, [first]) if literal.is_none() => Some((*first, None)),
        (None, [first, second, ..]) => Some((*first, Some(*second))),
        _ => None,
    }
}

const TYPE_PARAMETERS: [&str; 6] =
    ["{objectType}", "{objectTypeId}", "{fromObjectType}", "{fromObjectTypeId}", "{toObjectType}", "{toObjectTypeId}"];

/// A set with the scopes of five object types or more is the union of all.
fn is_union(listed: &Alternatives) -> bool {
    let everything = listed.sets().into_iter().fold(ScopeSet::EMPTY, |mut all, set| {
        all.extend(&set);
        all
    });
    let spoken_of = ["appointments", "carts", "companies", "deals", "orders", "quotes", "leads"].iter().filter(|name| {
        ["read", "write"]
            .iter()
            .any(|verb| ScopeId::of(&format!("crm.objects.{name}.{verb}")).is_some_and(|scope| everything.contains(scope)))
    });
    spoken_of.count() >= 5
}

fn per_type(family: Family, writes: bool, listed: &Alternatives) -> PerType {
    let rows = ObjectType::all().iter().chain([ObjectType::custom()]);
    PerType(rows.map(|row| alternatives_of(row, family, writes, listed)).collect())
}

/// The alternatives of one type. Definitions keep the scopes that the operation lists. Where it lists none of the type's,
/// they need the record scopes, so that no type is open to everyone.
fn alternatives_of(row: &'static ObjectType, family: Family, writes: bool, listed: &Alternatives) -> Option<&'static Alternatives> {
    let records = if writes { &row.write } else { &row.read };
    let whole = |names: &[String]| Alternatives::from_names(names.iter().map(|name| name.split('+').collect()));
    let records: Vec<String> = records.iter().map(ToString::to_string).collect();
    let mut found = match family {
        Family::Records => whole(&records),
        Family::Definitions => {
            let verb = if writes { "write" } else { "read" };
            let name = row.scope_name();
            let mut names = vec![format!("crm.schemas.{name}.{verb}"), format!("crm.pipelines.{name}.{verb}")];
            names.extend(records.iter().cloned());
            let mut found = whole(&names);
            found.single = found.single.intersection(&listed.single);
            found.joint.clear();
            found
        }
    };
    if found.is_empty() {
        found = whole(&records);
    }
    (!found.is_empty()).then(|| keep(found))
}
