//! Reads a path and a method as an action, whatever version form the path has.
//!
//! `/crm/v3/objects/…`, `/crm/objects/v3/…` and `/crm/objects/2026-09/…` are one family; the tail
//! after family and version decides. There is no handler for a version.

use keyway_core::path::NormalPath;

/// The family of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `/crm/…/objects`
    Objects,
    /// `/crm/…/associations`
    Associations,
    /// `/crm/…/properties`
    Properties,
    /// `/crm/…/pipelines`
    Pipelines,
    /// `/crm/…/owners`
    Owners,
    /// `/crm-object-schemas/…/schemas` and `/crm/…/schemas`
    Schemas,
    /// `/crm/…/property-validations`
    Validations,
    /// `/crm/…/object-library`
    Library,
    /// `/crm/…/limits`
    Limits,
    /// `/crm/…/lists`
    Lists,
    /// `/account-info/…`
    AccountInfo,
}

/// The version form of a path, as far as answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `v3`
    V3,
    /// `v4`
    V4,
    /// `2025-09`: a create answers 200.
    D2025,
    /// Every other date, betas included.
    Dated,
}

impl Version {
    fn parse(segment: &str) -> Option<Self> {
        match segment {
            "v3" => Some(Self::V3),
            "v4" => Some(Self::V4),
            "2025-09" => Some(Self::D2025),
            _ => is_dated(segment.strip_suffix("-beta").unwrap_or(segment)).then_some(Self::Dated),
        }
    }
}

/// Whether a segment is a version, in any form.
pub fn is_version(segment: &str) -> bool {
    Version::parse(segment).is_some()
}

fn is_dated(segment: &str) -> bool {
    let shape = |index: usize, byte: u8| if index == 4 { byte == b'-' } else { byte.is_ascii_digit() };
    segment.len() == 7 && segment.bytes().enumerate().all(|(index, byte)| shape(index, byte))
}

/// A path taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// What the path is about.
    pub family: Family,
    /// Which form it has.
    pub version: Version,
    /// The segments after family and version.
    pub tail: Vec<&'a str>,
}

impl<'a> Route<'a> {
    /// Takes a path apart; nothing where it belongs to no family served here.
    pub fn parse(path: &'a NormalPath) -> Option<Self> {
        let mut segments = path.segments();
        let root = segments.next()?;
        if root == "account-info" {
            let version = Version::parse(segments.next()?)?;
            return Some(Self { family: Family::AccountInfo, version, tail: segments.collect() });
        }
        if root == "crm-object-schemas" {
            let version = Version::parse(segments.next()?)?;
            return (segments.next()? == "schemas").then(|| Self { family: Family::Schemas, version, tail: segments.collect() });
        }
        if root != "crm" {
            return None;
        }
        let (first, second) = (segments.next()?, segments.next()?);
        let (family, version) = match Version::parse(first) {
            Some(version) => (family(second)?, version),
            None => (family(first)?, Version::parse(second)?),
        };
        Some(Self { family, version, tail: segments.collect() })
    }
}

fn family(segment: &str) -> Option<Family> {
    match segment {
        "objects" => Some(Family::Objects),
        "associations" => Some(Family::Associations),
        "properties" => Some(Family::Properties),
        "pipelines" => Some(Family::Pipelines),
        "owners" => Some(Family::Owners),
        "schemas" => Some(Family::Schemas),
        "property-validations" => Some(Family::Validations),
        "object-library" => Some(Family::Library),
        "limits" => Some(Family::Limits),
        "lists" => Some(Family::Lists),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(Family, Version, &str)>) {
        let path = NormalPath::parse(path).unwrap();
        let got = Route::parse(&path).map(|route| (route.family, route.version, route.tail.join("/")));
        assert_eq!(got, expected.map(|(family, version, tail)| (family, version, tail.to_owned())));
    }

    #[test]
    fn every_form_is_one_family() {
        check("/crm/v3/objects/contacts/1", Some((Family::Objects, Version::V3, "contacts/1")));
        check("/crm/objects/v3/contacts/1", Some((Family::Objects, Version::V3, "contacts/1")));
        check("/crm/objects/2026-09-beta/contacts", Some((Family::Objects, Version::Dated, "contacts")));
        check("/crm/objects/2025-09/contacts", Some((Family::Objects, Version::D2025, "contacts")));
        check("/account-info/2026-09/details", Some((Family::AccountInfo, Version::Dated, "details")));
    }

    #[test]
    fn what_has_no_version_has_no_route() {
        check("/crm/objects/latest/contacts", None);
        check("/crm/objects/2026-9/contacts", None);
        check("/crm/v3/extensions", None);
        check("/cms/v3/objects/contacts", None);
    }
}
