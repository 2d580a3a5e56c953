//! HubSpot's operations, as tables, and the resolution of a request to one of them.
//!
//! Loaded once from `data/`. `requirement` has the scopes that an operation needs; `policy` decides whether a caller may
//! perform it.

mod resolve;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

pub use resolve::Resolution;

pub use crate::tables::{self, Auth, Method};

use crate::path::NormalPath;
use crate::requirement::{self, Requirement, UnknownObjectType};
use crate::safety::{self, Safety};

/// The index of an operation in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub u16);

/// The HubSpot limits that a call counts against (hubspot facts, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitClass {
    /// The app's ten-secondly burst and the account's daily limit.
    Standard,
    /// The account's five searches a second, and the daily limit. The answers have no rate headers.
    Search,
    /// The app's ten-secondly burst for associations, and the daily limit.
    Associations,
    /// No limit: HubSpot exempts a few sending operations.
    Exempt,
}

/// A method and a path template of HubSpot's API.
#[derive(Debug)]
pub struct Operation {
    /// Its index in the catalog.
    pub id: OperationId,
    /// The HTTP method.
    pub method: Method,
    /// The path, with `{names}` for its variables; no slash at the end.
    pub template: &'static str,
    /// `v3`, `2026-09`, `2026-09-beta` and so on.
    pub version: &'static str,
    /// HubSpot's name for the API: `CRM/Contacts`.
    pub api: &'static str,
    /// The authentication that it accepts.
    pub auth: Auth,
    /// Whether it changes nothing: its class is [`Class::Read`], or it is an unlisted GET.
    pub read_only: bool,
    /// The most dangerous effect that it can have on an account.
    pub safety: Safety,
    /// The limits that it counts against.
    pub limit_class: LimitClass,
    /// The source of its scopes.
    pub scopes_from: tables::ScopesFrom,
    /// The source of the operation: the clients that send it, or a page. Empty for HubSpot's specification.
    pub source: &'static str,
    requirement: requirement::Rule,
}

/// The template of operations that the catalog does not list.
const UNLISTED: &str = "(unlisted)";

impl Operation {
    /// Whether it represents all calls to paths that the catalog does not list.
    pub fn is_unlisted(&self) -> bool {
        self.template == UNLISTED
    }

    /// Whether it belongs to an API older than v3, whose specification HubSpot no longer publishes.
    pub fn is_pre_v3(&self) -> bool {
        self.api.starts_with("Legacy/")
    }

    /// Whether its version is a number (`v1` to `v4`) and not a date.
    pub fn is_numbered(&self) -> bool {
        self.version.strip_prefix('v').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The path that this operation was resolved from, in the catalog's spelling. HubSpot accepts two spellings
    /// (`/settings/v3/users` and `/settings/users/v3`), and an embedded account knows one.
    #[must_use]
    pub fn spell<'a>(&self, path: &'a NormalPath) -> Cow<'a, NormalPath> {
        let is_variable = |segment: &str| segment.starts_with('{');
        let segments = self.template[1..].split('/').zip(path.segments());
        if segments.clone().all(|(named, given)| is_variable(named) || named == given) {
            return Cow::Borrowed(path);
        }
        Cow::Owned(NormalPath::of_segments(segments.map(|(named, given)| if is_variable(named) { given } else { named })))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

/// The whole catalog.
pub struct Catalog {
    operations: Vec<Operation>,
    by_name: HashMap<(Method, &'static str), OperationId, foldhash::fast::FixedState>,
    tree: resolve::Tree,
    /// One entry for each method, for calls to unlisted paths.
    unlisted: Vec<Operation>,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::load);

impl Catalog {
    /// The catalog. The first call reads the embedded tables, which takes some milliseconds.
    pub fn get() -> &'static Self {
        &CATALOG
    }

    /// Every operation.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// One operation.
    pub fn operation(&self, id: OperationId) -> &Operation {
        let place = usize::from(id.0);
        self.operations.get(place).unwrap_or_else(|| &self.unlisted[place - self.operations.len()])
    }

    /// The operation that represents all calls of a method to unlisted paths. It is not one of
    /// [`Catalog::operations`].
    pub fn unlisted(&self, method: Method) -> &Operation {
        &self.unlisted[method as usize]
    }

    /// The operation with exactly this template.
    pub fn find(&self, method: Method, template: &str) -> Option<&Operation> {
        let template = template.strip_suffix('/').unwrap_or(template);
        self.by_name.get(&(method, template)).map(|id| self.operation(*id))
    }

    /// The operation of a name such as `GET /crm/v3/objects/contacts/{contactId}`, as it is written in reports.
    pub fn named(&self, name: &str) -> Option<&Operation> {
        let (method, template) = name.split_once(' ')?;
        self.find(Method::parse(method)?, template)
    }

    /// The operation of a request. A literal segment wins over a template.
    pub fn resolve(&self, method: &str, path: &NormalPath) -> Resolution<'_> {
        resolve::resolve(self, method, path)
    }

    /// The scopes that an operation needs on this path.
    ///
    /// # Errors
    /// The path names an object type that is neither standard nor custom.
    pub fn requirement(&self, operation: &Operation, path: &NormalPath) -> Result<Requirement, UnknownObjectType> {
        operation.requirement.for_path(path)
    }

    /// The object types in a path of a generic operation, as the audit log has them: standard types by their name, custom ones
    /// as written, with a comma between two. None where the operation has only one type.
    pub fn object_types(&self, operation: &Operation, path: &NormalPath) -> Option<Cow<'static, str>> {
        operation.requirement.types_in(path)
    }

    /// Whether the operation with a method and a template takes the developer API key and no token.
    pub fn takes_developer_key(&self, method: Method, template: &str) -> bool {
        let requirement = self.find(method, template).and_then(|operation| self.requirement_on(operation, None));
        matches!(requirement, Some(Requirement::DeveloperKey))
    }

    /// The scopes that an operation needs for these object types, in the form of [`Catalog::object_types`]. None where there is
    /// no such type.
    pub fn requirement_on(&self, operation: &Operation, object_types: Option<&str>) -> Option<Requirement> {
        operation.requirement.on_types(object_types.unwrap_or_default())
    }

    fn load() -> Self {
        let mut catalog =
            Self { operations: Vec::new(), by_name: HashMap::default(), tree: resolve::Tree::default(), unlisted: Vec::new() };
        let mut rules = requirement::Rules::default();
        for row in tables::endpoint_rows() {
            let key = (row.method, row.template);
            let id = OperationId(u16::try_from(catalog.operations.len()).expect("the table has fewer than 65,536 rows"));
            catalog.operations.push(Operation {
                id,
                method: row.method,
                template: row.template,
                version: row.version,
                api: row.api,
                auth: row.auth,
                read_only: safety::is_read_only(row.method, row.template),
                safety: safety::of(row.method, row.template).unwrap_or(Safety::UNKNOWN),
                limit_class: limit_class(row.template),
                scopes_from: row.scopes_from,
                source: row.source,
                requirement: rules.rule(&row),
            });
            // Six pairs of rows have the same shape under two names ({folderId}, {folderPath}) and the same scopes. The first row
            // of a pair represents both.
            catalog.by_name.entry(key).or_insert(id);
        }
        let listed = catalog.operations.len();
        catalog.unlisted = Method::ALL
            .into_iter()
            .map(|method| Operation {
                id: OperationId(u16::try_from(listed + method as usize).expect("the table has fewer than 65,531 rows")),
                method,
                template: UNLISTED,
                version: "",
                api: "Unlisted",
                auth: Auth::Bearer,
                read_only: method == Method::Get,
                safety: Safety::UNKNOWN,
                // Nobody knows whether HubSpot exempts it, so it counts.
                limit_class: LimitClass::Standard,
                scopes_from: tables::ScopesFrom::Unstated,
                source: "",
                requirement: requirement::Rule::Fixed(Requirement::Nothing),
            })
            .collect();
        catalog.tree =
            resolve::Tree::build(catalog.operations.iter().map(|operation| (operation.method, operation.template, operation.id)));
        catalog
    }
}

/// The exemptions of hubspot facts, section 5.
fn limit_class(template: &str) -> LimitClass {
    let mut segments = template[1..].split('/');
    let (first, second, third) = (segments.next(), segments.next(), segments.next());
    let crm = first == Some("crm");
    if crm && template.ends_with("/search") {
        LimitClass::Search
    } else if crm && (second == Some("associations") || third == Some("associations")) {
        LimitClass::Associations
    } else if first == Some("webhooks-journal") || EXEMPT_ENDINGS.iter().any(|ending| template.ends_with(ending)) {
        LimitClass::Exempt
    } else {
        LimitClass::Standard
    }
}

/// Sending operations that HubSpot exempts from all limits.
const EXEMPT_ENDINGS: [&str; 4] = ["/single-send", "/single-email/send", "/send", "/send/batch"];

#[cfg(test)]
mod tests;
