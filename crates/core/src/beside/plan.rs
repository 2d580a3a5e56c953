//! Where each operation names object types that its own scopes do not cover. Computed once from the catalog's templates.

use std::sync::LazyLock;

use super::Access;
use crate::catalog::{Catalog, Method, Operation};
use crate::object_type;

/// Query parameters that name object types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// None.
    None,
    /// `associations`, with commas between names.
    Associations,
    /// `objectType`, `objectTypeId` and the like.
    ObjectType,
    /// `includeAssociations=true` for deals before v3: contacts and companies.
    IncludeAssociations,
}

/// Where a body names object types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Nowhere.
    None,
    /// In `associations`, at any depth, and in texts such as `associations.deal`. Names of types have this access; the targets
    /// of new associations have write access.
    Records(Access),
    /// In every field named after an object type.
    Types(Access),
    /// In `associations`, as ids in a field for each type (before v3).
    Ids,
    /// In `definitionId` (associations v1): both ends of the association.
    Definitions,
    /// In `eventType`, before the dot, and in `objectTypeId`.
    Events,
}

/// Where an operation names object types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Segments of the path.
    pub path: Vec<(usize, Access)>,
    /// Types that the operation always reads and writes: bits as in [`super::Beside`].
    pub always: (u64, u64),
    /// The segment with the id of a list whose members the operation shows or changes.
    pub list: Option<usize>,
    /// The segment with the id of an association type whose ends the operation reads (associations v1).
    pub definition: Option<usize>,
    pub query: Query,
    pub body: Body,
}

static PLANS: LazyLock<Vec<Option<Plan>>> = LazyLock::new(|| Catalog::get().operations().iter().map(plan).collect());

/// The plan of an operation; none where its scopes cover everything that it reaches.
pub(super) fn of(operation: &Operation) -> Option<&'static Plan> {
    PLANS.get(usize::from(operation.id.0))?.as_ref()
}

/// Whether an operation's body names types and must be JSON: another content type would hide them from Keyway. Imports are
/// forms.
pub fn takes_json_only(operation: &Operation) -> bool {
    of(operation).is_some_and(|plan| plan.body != Body::None) && operation.api != IMPORTS
}

/// Whether an operation takes a form whose first part names types, as imports do.
pub fn takes_form(operation: &Operation) -> bool {
    operation.api == IMPORTS && of(operation).is_some_and(|plan| plan.body != Body::None)
}

/// HubSpot's name for the imports API.
const IMPORTS: &str = "CRM/Imports";

impl Plan {
    const NOTHING: Self = Self { path: Vec::new(), always: (0, 0), list: None, definition: None, query: Query::None, body: Body::None };
}

fn plan(operation: &Operation) -> Option<Plan> {
    let segments: Vec<&'static str> = operation.template[1..].split('/').collect();
    let has = |name: &str| segments.contains(&name);
    let plan = match segments[0] {
        "crm" | "crm-objects" if has("lists") => lists(operation, &segments),
        "crm" if has("imports") => types_in_body(operation, Access::Write),
        "crm" if has("exports") => types_in_body(operation, Access::Read),
        "crm" | "crm-objects" if has("objects") => records(operation, &segments),
        "contacts" if has("lists") => contact_lists(operation, &segments),
        "companies" => companies(operation, &segments),
        "deals" => deals(operation, &segments),
        "engagements" => engagements(operation, &segments),
        "crm-associations" => {
            let definition = segments.iter().position(|segment| *segment == "{definition}");
            Plan { body: body_of(operation, Body::Definitions), definition, ..Plan::NOTHING }
        }
        "events" => Plan { query: Query::ObjectType, ..Plan::NOTHING },
        "webhooks" | "app-webhooks" => Plan { body: body_of(operation, Body::Events), ..Plan::NOTHING },
        "webhooks-journal" => types_in_body(operation, Access::Read),
        _ => return None,
    };
    (plan != Plan::NOTHING).then_some(plan)
}

fn access_of(operation: &Operation) -> Access {
    if operation.read_only { Access::Read } else { Access::Write }
}

/// Where the body names types, for methods that have a body.
fn body_of(operation: &Operation, body: Body) -> Body {
    if matches!(operation.method, Method::Get) { Body::None } else { body }
}

fn types_in_body(operation: &Operation, access: Access) -> Plan {
    Plan { body: body_of(operation, Body::Types(access)), ..Plan::NOTHING }
}

/// Records. The operation's scopes cover the types in the path.
fn records(operation: &Operation, segments: &[&'static str]) -> Plan {
    // The body has only ids of association types; the path has the object types.
    let body = if segments.contains(&"associations") { Body::None } else { body_of(operation, Body::Records(access_of(operation))) };
    Plan { query: Query::Associations, body, ..Plan::NOTHING }
}

/// Lists. Their members and filters reveal data of the records of the list's type.
fn lists(operation: &Operation, segments: &[&'static str]) -> Plan {
    let path = segments.iter().enumerate().filter(|(_, segment)| is_type_parameter(segment)).map(|(at, _)| (at, Access::Read)).collect();
    let of_members = segments.contains(&"memberships") || segments.contains(&"update-list-filters");
    let list = segments.iter().position(|segment| *segment == "{listId}").filter(|_| of_members);
    Plan { path, list, query: Query::ObjectType, ..types_in_body(operation, Access::Read) }
}

/// Lists before v3 contain contacts. An operation that only names such a list shows no contact.
fn contact_lists(operation: &Operation, segments: &[&'static str]) -> Plan {
    let of_contacts = segments.get(4) == Some(&"contacts") || operation.method == Method::Post;
    if of_contacts { Plan { always: (bits(&["contacts"]), 0), ..Plan::NOTHING } } else { Plan::NOTHING }
}

fn companies(operation: &Operation, segments: &[&'static str]) -> Plan {
    let of_contacts = matches!(segments.get(4), Some(&("contacts" | "vids")));
    match (of_contacts, access_of(operation)) {
        (false, _) => Plan::NOTHING,
        (true, Access::Read) => Plan { always: (bits(&["contacts"]), 0), ..Plan::NOTHING },
        (true, Access::Write) => Plan { always: (0, bits(&["contacts"])), ..Plan::NOTHING },
    }
}

fn deals(operation: &Operation, segments: &[&'static str]) -> Plan {
    let path = types_of(operation, segments);
    let query = if operation.method == Method::Get { Query::IncludeAssociations } else { Query::None };
    Plan { path, query, body: body_of(operation, Body::Ids), ..Plan::NOTHING }
}

fn engagements(operation: &Operation, segments: &[&'static str]) -> Plan {
    Plan { path: types_of(operation, segments), body: body_of(operation, Body::Ids), ..Plan::NOTHING }
}

fn types_of(operation: &Operation, segments: &[&'static str]) -> Vec<(usize, Access)> {
    let access = access_of(operation);
    segments.iter().enumerate().filter(|(_, segment)| is_type_parameter(segment)).map(|(at, _)| (at, access)).collect()
}

fn is_type_parameter(segment: &str) -> bool {
    matches!(segment, "{objectType}" | "{objectTypeId}")
}

fn bits(names: &[&str]) -> u64 {
    names.iter().filter_map(|name| object_type::row_of(name)).fold(0, |bits, row| bits | 1 << (row.index % 64))
}
