//! The rows of `data/`, with types. No decision is made here.

use std::fmt;
use std::sync::LazyLock;

/// A method of the catalog's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// Every method, in the order of the enum.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// Parses the method of a request line. Other methods belong to no operation.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    /// The name on the request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The authentication that an operation accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// OAuth access tokens and service keys; private-app tokens work there too.
    Bearer,
    /// The developer account's key only.
    DeveloperKey,
    /// Nothing in the header: the credentials are in the body, or there are none.
    None,
}

/// The source of an operation's scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopesFrom {
    /// HubSpot's specification or documentation of the operation.
    Published,
    /// The operation that HubSpot names in its place, or one with the same function.
    Successor,
    /// HubSpot's description of a scope that names the family.
    Family,
    /// No source: the scopes are unknown.
    Unstated,
}

impl ScopesFrom {
    /// The name in the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Successor => "successor",
            Self::Family => "family",
            Self::Unstated => "unstated",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "" | "published" => Self::Published,
            "successor" => Self::Successor,
            "family" => Self::Family,
            _ => Self::Unstated,
        }
    }
}

/// A row of `endpoints.tsv`, `unpublished.tsv` or `pre_v3_endpoints.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct EndpointRow {
    /// The HTTP method.
    pub method: Method,
    /// The path template, without a slash at the end.
    pub template: &'static str,
    /// The version segment.
    pub version: &'static str,
    /// The API's name.
    pub api: &'static str,
    /// Accepted authentication.
    pub auth: Auth,
    /// The id of its scope set; none where HubSpot lists no scope.
    pub scope_set: Option<&'static str>,
    /// The source of the scopes.
    pub scopes_from: ScopesFrom,
    /// The source of the operation: the clients that send it, or a page. Empty for HubSpot's specification.
    pub source: &'static str,
}

/// A row of `scope_sets.tsv`: each alternative is enough, and all scopes of it are needed.
#[derive(Clone, Debug)]
pub struct ScopeSetRow {
    /// Such as `S001`.
    pub id: &'static str,
    /// Alternatives, each a list of scope names.
    pub alternatives: Vec<Vec<&'static str>>,
}

/// A row of `successors.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct SuccessorRow {
    /// The method; also that of the successor, unless `difference` has another.
    pub method: Method,
    /// The numbered-version path.
    pub path: &'static str,
    /// The dated path; none where HubSpot has published no successor.
    pub successor: Option<&'static str>,
    /// `2026-09`, `2026-03`, `beta` or `none`.
    pub stage: &'static str,
    /// `none`, what differs between the two, or `not published` where HubSpot publishes only the successor.
    pub difference: &'static str,
}

/// A row of `sunsets.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct SunsetRow {
    /// ISO date.
    pub date: &'static str,
    /// `published`, `month only` or `inferred`.
    pub certainty: &'static str,
    /// The API or version that ends.
    pub what: &'static str,
    /// Path patterns, without those after `!`; `auth:…` or `app:…`.
    pub matches: &'static str,
    /// What happens on the day.
    pub effect: &'static str,
    /// What replaces it.
    pub move_to: &'static str,
}

impl SunsetRow {
    /// Whether HubSpot only stops support: the API may keep working, but HubSpot no longer fixes it.
    pub fn may_run_on(&self) -> bool {
        self.effect.starts_with("unsupported")
    }
}

/// A row of `pre_v3.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct PreV3Row {
    /// The prefix of its paths.
    pub prefix: &'static str,
    /// The name of the API.
    pub what: &'static str,
    /// What replaces it.
    pub move_to: &'static str,
}

/// A row of `sdk_calls.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct SdkCallRow {
    /// Such as `crm.contacts.basicApi.create`.
    pub call: &'static str,
    /// The method it sends.
    pub method: Method,
    /// The path template it sends.
    pub path: &'static str,
}

/// A row of `legacy_sdk_calls.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct LegacySdkCallRow {
    /// `hubspot-node`, `hubspot3`, `hapipy`, `hubspot-php` or `hubspot-ruby`.
    pub client: &'static str,
    /// The call below the client, as written: `contacts.getById`, `contacts()->getById`, `Hubspot::Contact.find_by_id`.
    pub call: &'static str,
    /// The method it sends.
    pub method: Method,
    /// The path template it sends.
    pub path: &'static str,
}

/// A row of `legacy_sdk_classes.tsv`.
#[derive(Clone, Copy, Debug)]
pub struct LegacySdkClassRow {
    /// As in [`LegacySdkCallRow`].
    pub client: &'static str,
    /// A class that programs use on its own: `ContactsClient`.
    pub class: &'static str,
    /// The prefix of its calls in the other table: `contacts`.
    pub attribute: &'static str,
}

/// `endpoints.tsv`, then `unpublished.tsv`, then `pre_v3_endpoints.tsv`.
pub fn endpoint_rows() -> impl Iterator<Item = EndpointRow> {
    let files = [
        include_str!("../../../data/endpoints.tsv"),
        include_str!("../../../data/unpublished.tsv"),
        include_str!("../../../data/pre_v3_endpoints.tsv"),
    ];
    files.into_iter().flat_map(cells::<8>).map(|[method, path, version, api, auth, scope_set, scopes_from, source]| EndpointRow {
        method: method_of(method),
        template: path.strip_suffix('/').unwrap_or(path),
        version,
        api,
        auth: match auth {
            "none" => Auth::None,
            "developer_hapikey" => Auth::DeveloperKey,
            _ => Auth::Bearer,
        },
        scope_set: given(scope_set),
        scopes_from: ScopesFrom::parse(scopes_from),
        source: given(source).unwrap_or_default(),
    })
}

/// `scope_sets.tsv`.
pub fn scope_set_rows() -> impl Iterator<Item = ScopeSetRow> {
    cells::<2>(include_str!("../../../data/scope_sets.tsv")).map(|[id, any_of]| ScopeSetRow {
        id,
        alternatives: any_of.split(" | ").map(|all_of| all_of.split('+').map(str::trim).collect()).collect(),
    })
}

/// `successors.tsv`.
pub fn successors() -> &'static [SuccessorRow] {
    static ROWS: LazyLock<Vec<SuccessorRow>> = LazyLock::new(|| {
        cells::<5>(include_str!("../../../data/successors.tsv"))
            .map(|[method, path, successor, stage, difference]| SuccessorRow {
                method: method_of(method),
                path,
                successor: given(successor).filter(|successor| *successor != "none"),
                stage,
                difference,
            })
            .collect()
    });
    &ROWS
}

/// `sunsets.tsv`.
pub fn sunsets() -> &'static [SunsetRow] {
    static ROWS: LazyLock<Vec<SunsetRow>> = LazyLock::new(|| {
        cells::<6>(include_str!("../../../data/sunsets.tsv"))
            .map(|[date, certainty, what, matches, effect, move_to]| SunsetRow { date, certainty, what, matches, effect, move_to })
            .collect()
    });
    &ROWS
}

/// `pre_v3.tsv`.
pub fn pre_v3() -> &'static [PreV3Row] {
    static ROWS: LazyLock<Vec<PreV3Row>> = LazyLock::new(|| {
        cells::<3>(include_str!("../../../data/pre_v3.tsv")).map(|[prefix, what, move_to]| PreV3Row { prefix, what, move_to }).collect()
    });
    &ROWS
}

/// `sdk_calls.tsv`.
pub fn sdk_calls() -> &'static [SdkCallRow] {
    static ROWS: LazyLock<Vec<SdkCallRow>> = LazyLock::new(|| {
        cells::<3>(include_str!("../../../data/sdk_calls.tsv"))
            .map(|[call, method, path]| SdkCallRow { call, method: method_of(method), path })
            .collect()
    });
    &ROWS
}

/// `legacy_sdk_calls.tsv`: clients that HubSpot or others no longer maintain, but that are still in use.
pub fn legacy_sdk_calls() -> &'static [LegacySdkCallRow] {
    static ROWS: LazyLock<Vec<LegacySdkCallRow>> = LazyLock::new(|| {
        cells::<4>(include_str!("../../../data/legacy_sdk_calls.tsv"))
            .map(|[client, call, method, path]| LegacySdkCallRow { client, call, method: method_of(method), path })
            .collect()
    });
    &ROWS
}

/// `legacy_sdk_classes.tsv`.
pub fn legacy_sdk_classes() -> &'static [LegacySdkClassRow] {
    static ROWS: LazyLock<Vec<LegacySdkClassRow>> = LazyLock::new(|| {
        cells::<3>(include_str!("../../../data/legacy_sdk_classes.tsv"))
            .map(|[client, class, attribute]| LegacySdkClassRow { client, class, attribute })
            .collect()
    });
    &ROWS
}

/// The rows after the header line, split at tabs; a missing last cell is empty.
fn cells<const N: usize>(file: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    file.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| {
        let mut row = [""; N];
        row.iter_mut().zip(line.split('\t')).for_each(|(cell, text)| *cell = text.trim());
        row
    })
}

fn given(cell: &'static str) -> Option<&'static str> {
    Some(cell).filter(|cell| !cell.is_empty() && *cell != "-")
}

fn method_of(text: &str) -> Method {
    Method::parse(text).expect("the tables hold the five methods only; a test walks every row")
}
