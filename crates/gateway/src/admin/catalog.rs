//! What there is to grant: every scope in plain words, with the operations behind it, and sets of
//! scopes that integrations commonly need.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use keyway_core::catalog::{Catalog, Operation, OperationId};
use keyway_core::object_type::ObjectType;
use keyway_core::reach::without_version;
use keyway_core::requirement::{Alternatives, Requirement};
use keyway_core::scope::presets::{self, Preset};
use keyway_core::scope::{ScopeSet, all_names, in_plain_words};

use super::body::ApiError;
use super::extract::Path;
use super::view::{Answer, OperationBehind, Scope, ScopeBehind, ScopeTemplate, Scopes, answer};
use crate::control::BASE_SCOPE;

/// An operation, and which of the object types it is on where it is generic.
type Reading = (OperationId, Option<&'static str>);

/// The operations that each scope opens, by name of the scope. Their names are made when they are
/// asked for: there are some ten thousand, of which a page shows those of one scope.
static BEHIND: LazyLock<HashMap<&'static str, Vec<Reading>>> = LazyLock::new(|| {
    let catalog = Catalog::get();
    // Thousands of operations share some two hundred requirements: each is looked into once.
    let mut known: HashMap<(usize, usize), Vec<&str>> = HashMap::new();
    let mut behind: HashMap<&str, Vec<Reading>> = HashMap::new();
    for operation in catalog.operations() {
        for reading in readings(operation) {
            let Some(requirement) = catalog.requirement_on(operation, on_types(operation, reading).as_deref()) else { continue };
            let at = |alternatives: &'static Alternatives| std::ptr::from_ref(alternatives).addr();
            let place = match requirement {
                Requirement::Scopes(one) => (at(one), 0),
                Requirement::Both(one, other) => (at(one), at(other)),
                _ => continue,
            };
            let names = known.entry(place).or_insert_with(|| {
                let mut all = ScopeSet::EMPTY;
                requirement.alternatives().iter().for_each(|set| all.extend(set));
                all.names()
            });
            names.iter().for_each(|scope| behind.entry(scope).or_default().push((operation.id, reading)));
        }
    }
    behind
});

/// The parameters of a path that name an object type.
pub(super) const PARTS: [&str; 6] =
    ["{objectType}", "{objectTypeId}", "{fromObjectType}", "{fromObjectTypeId}", "{toObjectType}", "{toObjectTypeId}"];

fn kinds(operation: &Operation) -> usize {
    PARTS.iter().filter(|part| operation.template.contains(**part)).count()
}

/// An operation on a single kind of object is itself; a generic one is one for each kind.
fn readings(operation: &Operation) -> Vec<Option<&'static str>> {
    if kinds(operation) == 0 { vec![None] } else { ObjectType::all().iter().map(|one| Some(one.name)).collect() }
}

fn on_types(operation: &Operation, reading: Option<&str>) -> Option<String> {
    reading.map(|name| if kinds(operation) > 1 { format!("{name},{name}") } else { name.to_owned() })
}

/// As people read it, with the object type in its place.
fn name_of((id, reading): &Reading) -> (&'static str, String) {
    let operation = Catalog::get().operation(*id);
    let name = operation.to_string();
    let name = reading.map_or_else(|| name.clone(), |object| PARTS.iter().fold(name.clone(), |name, part| name.replace(part, object)));
    (operation.version, name)
}

/// What all versions of an operation have in common.
fn endpoint_of(reading: &Reading) -> String {
    without_version(&name_of(reading).1)
}

/// Every scope, and the sets.
pub(super) async fn scopes() -> Answer<Scopes> {
    static SCOPES: LazyLock<Scopes> = LazyLock::new(|| {
        let scope = |name: &&'static str| {
            let (group, object, part, access) = place(name);
            Scope {
                name: (*name).to_owned(),
                words: in_plain_words(name),
                group: group.to_owned(),
                object,
                part: part.to_owned(),
                access: access.to_owned(),
                operations: Effect::of(&[*name]).endpoints,
            }
        };
        let template = |preset: &Preset| ScopeTemplate {
            key: preset.key.to_owned(),
            name: preset.name.to_owned(),
            purpose: preset.purpose.to_owned(),
            scopes: preset.scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        Scopes {
            scopes: all_names().iter().filter(|name| **name != BASE_SCOPE).map(scope).collect(),
            templates: presets::ALL.iter().map(template).collect(),
        }
    });
    answer(SCOPES.clone())
}

/// One scope with the operations that it opens.
pub(super) async fn scope(Path(name): Path<String>) -> Answer<ScopeBehind> {
    let scope = all_names().iter().find(|known| **known == name);
    let scope = *scope.ok_or_else(|| ApiError::new(404, "not_found", "HubSpot publishes no scope of that name"))?;
    let behind = |(version, operation): (&str, String)| OperationBehind { version: version.to_owned(), operation };
    let operations = operations_of(scope).into_iter().map(behind).collect();
    answer(ScopeBehind { scope: scope.to_owned(), words: in_plain_words(scope), operations })
}

/// The operations that a scope opens, each with its version, the newest first.
pub fn operations_of(scope: &str) -> Vec<(&'static str, String)> {
    // Sorted, and a generic operation that the catalog has by its own name too occurs once.
    let names: BTreeSet<(&str, String)> = BEHIND.get(scope).into_iter().flatten().map(name_of).collect();
    names.into_iter().rev().collect()
}

/// What scopes open together: endpoints, each a method and a path without its version, and those of them that change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// An endpoint counts once, also where several of the scopes open it, and where HubSpot publishes it in several versions.
    pub endpoints: usize,
    /// Of them.
    pub writes: usize,
}

/// The endpoints behind scopes by number, so that a page can count those of each of its rows.
struct Numbered {
    /// Whether the endpoint of a number changes something.
    writes: Vec<bool>,
    of_scope: HashMap<&'static str, BTreeSet<usize>>,
}

static NUMBERED: LazyLock<Numbered> = LazyLock::new(|| {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut all = Numbered { writes: Vec::new(), of_scope: HashMap::new() };
    for (scope, behind) in BEHIND.iter() {
        let numbered = behind.iter().map(|reading| {
            *numbers.entry(endpoint_of(reading)).or_insert_with(|| {
                all.writes.push(!Catalog::get().operation(reading.0).read_only);
                all.writes.len() - 1
            })
        });
        let numbered = numbered.collect();
        all.of_scope.insert(scope, numbered);
    }
    all
});

impl Effect {
    /// By the catalog.
    pub fn of<S: AsRef<str>>(scopes: &[S]) -> Self {
        let opened: BTreeSet<usize> = scopes.iter().filter_map(|scope| NUMBERED.of_scope.get(scope.as_ref())).flatten().copied().collect();
        let writes = opened.iter().filter(|number| NUMBERED.writes[**number]).count();
        Self { endpoints: opened.len(), writes }
    }
}

/// The place of a scope in a list for people: its group, its object, the part of the object, and
/// whether it reads or writes. HubSpot's names are made of these parts, in several styles.
fn place(name: &str) -> (&'static str, String, &'static str, &'static str) {
    let (things, access) = match name.rsplit_once(['.', '-']) {
        Some((rest, "v2")) => rest.rsplit_once('.').unwrap_or((rest, "")),
        Some(parts) => parts,
        None => (name, ""),
    };
    let access = match access {
        "read" | "view" => "read",
        "write" | "edit" => "write",
        _ => "all",
    };
    let things = if access == "all" { name } else { things };
    let words = |text: &str| {
        let text = text.replace(['.', '_', '-'], " ");
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    if let Some(rest) = things.strip_prefix("crm.objects.") {
        let (object, part) = rest.split_once('.').unwrap_or((rest, ""));
        return ("Records", words(object), part_of(part, name), access);
    }
    if let Some(object) = things.strip_prefix("crm.schemas.") {
        return ("Records", words(object), "fields and settings", access);
    }
    if let Some(rest) = things.strip_prefix("tickets") {
        return ("Records", "Tickets".to_owned(), part_of(rest.trim_start_matches('.'), name), access);
    }
    let group = match name.split(['.', '-', '_']).next().unwrap_or_default() {
        "crm" | "contacts" | "pipeline" | "contracts" | "deal" | "inbounddb" | "timeline" => "CRM",
        "marketing" | "communication" | "behavioral" | "analytics" | "forms" | "transactional" | "mh" | "aeo" => "Marketing",
        "cms" | "content" | "files" | "hubdb" | "media" => "Content and files",
        "automation" | "sales" | "forecast" | "forecasting" | "scheduler" | "meetings" | "tasks" => "Sales and automation",
        "conversations" => "Conversations",
        "cpq" | "e" | "payment" | "price" | "revenue" | "tax" => "Commerce",
        _ => "Account and development",
    };
    (group, words(things.strip_prefix("crm.").unwrap_or(things)), "", access)
}

/// The second spelling of a sensitive scope is a scope of its own.
fn part_of(part: &str, name: &str) -> &'static str {
    match (part.trim_end_matches(".v2").trim_end_matches(".read").trim_end_matches(".write"), name.ends_with(".v2")) {
        ("sensitive", false) => "sensitive data",
        ("sensitive", true) => "sensitive data, version 2",
        ("highly_sensitive", false) => "highly sensitive data",
        ("highly_sensitive", true) => "highly sensitive data, version 2",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use keyway_core::catalog::Method;

    use super::*;

    #[test]
    fn a_scope_stands_with_its_object() {
        for (name, group, object, part, access) in [
            ("crm.objects.contacts.read", "Records", "Contacts", "", "read"),
            ("crm.objects.contacts.sensitive.write.v2", "Records", "Contacts", "sensitive data, version 2", "write"),
            ("crm.schemas.line_items.read", "Records", "Line items", "fields and settings", "read"),
            ("tickets", "Records", "Tickets", "", "all"),
            ("tickets.highly_sensitive", "Records", "Tickets", "highly sensitive data", "all"),
            ("hubdb.tables.publish", "Content and files", "Hubdb tables publish", "", "all"),
            ("mh-lead-scoring-view", "Marketing", "Mh lead scoring", "", "read"),
            ("communication_preferences.read_write", "Marketing", "Communication preferences read write", "", "all"),
        ] {
            assert_eq!(place(name), (group, object.to_owned(), part, access), "{name}");
        }
    }

    #[test]
    fn an_endpoint_that_two_scopes_open_counts_once() {
        let (read, write) = ("crm.objects.contacts.read", "crm.objects.contacts.write");
        let [of_read, of_write, of_both] = [Effect::of(&[read]), Effect::of(&[write]), Effect::of(&[read, write])];
        assert!(of_both.endpoints < of_read.endpoints + of_write.endpoints);
        assert_eq!(Effect::of(&[read, write, read]), of_both);
        assert_eq!(Effect::of::<&str>(&[]), Effect { endpoints: 0, writes: 0 });
    }

    #[test]
    fn the_versions_of_an_operation_count_once_and_another_method_or_path_counts_too() {
        let of = |method: &str, template: &str| {
            let operation = Catalog::get().find(Method::parse(method).unwrap(), template).unwrap();
            endpoint_of(&(operation.id, readings(operation).contains(&Some("contacts")).then_some("contacts")))
        };
        let generic = of("GET", "/crm/v3/objects/{objectType}/{objectId}");
        assert_eq!(generic, of("GET", "/crm/objects/2026-09/{objectType}/{objectId}"));
        assert_ne!(generic, of("PATCH", "/crm/v3/objects/{objectType}/{objectId}"));
        assert_ne!(generic, of("GET", "/crm/v3/objects/{objectType}"));
        let versions = operations_of("crm.objects.contacts.read").len();
        let effect = Effect::of(&["crm.objects.contacts.read"]);
        assert!(effect.endpoints < versions, "{effect:?} of {versions}");
    }

    #[test]
    fn what_reads_alone_is_not_counted_as_a_change() {
        let (read, write) = (Effect::of(&["crm.objects.contacts.read"]), Effect::of(&["crm.objects.contacts.write"]));
        assert!(read.writes < read.endpoints && write.writes > 0, "{read:?} {write:?}");
        assert_eq!(Effect::of(&["crm.objects.owners.read"]).writes, 0);
    }

    #[test]
    fn a_scope_opens_the_operations_of_its_object_and_not_those_of_another() {
        let contacts = &BEHIND["crm.objects.contacts.read"];
        let opens = |name: &str| contacts.iter().any(|reading| name_of(reading).1 == name);
        assert!(opens("GET /crm/v3/objects/contacts/{contactId}"));
        assert!(!opens("GET /crm/v3/objects/deals/{dealId}") && !opens("POST /crm/v3/objects/contacts"));
    }

    #[test]
    fn two_scopes_that_stand_in_one_place_are_told_apart() {
        let mut seen = HashMap::new();
        for name in all_names() {
            if let Some(other) = seen.insert(place(name), name) {
                panic!("{name} and {other} stand in the same place");
            }
        }
    }
}
