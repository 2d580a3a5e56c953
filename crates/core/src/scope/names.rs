//! Names that people type in place of a scope's name: old ones that HubSpot still accepts, and ones that it never published.

use super::ScopeId;
use crate::object_type::ObjectType;

/// Scopes from before HubSpot divided them, each with its replacements. HubSpot still accepts the old ones, but they open more
/// than most integrations need.
pub static OLD: [(&str, &[&str]); 5] = [
    (
        "contacts",
        &[
            "crm.objects.contacts.read",
            "crm.objects.contacts.write",
            "crm.objects.companies.read",
            "crm.objects.companies.write",
            "crm.objects.deals.read",
            "crm.objects.deals.write",
        ],
    ),
    ("content", &["content.landing_pages.read", "content.landing_pages.write", "content.site_pages.read", "content.site_pages.write"]),
    (
        "e-commerce",
        &["crm.objects.line_items.read", "crm.objects.line_items.write", "crm.objects.products.read", "crm.objects.products.write"],
    ),
    ("files", &["files.read", "files.write", "files.delete"]),
    ("hubdb", &["hubdb.tables.read", "hubdb.tables.write", "hubdb.rows.read", "hubdb.rows.write", "hubdb.tables.publish"]),
];

/// The replacements of an old scope; empty where the name is not an old one.
pub fn successors(name: &str) -> &'static [&'static str] {
    OLD.iter().find(|(old, _)| *old == name).map_or(&[], |(_, new)| new)
}

/// The published scopes that an unpublished name means: of the records of an object type, whatever HubSpot calls their scope
/// (`crm.objects.tickets.read` is `tickets`), or of a name without its beginning (`contacts.read`).
pub fn meant_by(name: &str) -> Vec<&'static str> {
    let name = name.trim().to_lowercase();
    let Some((things, verb)) = name.rsplit_once(['.', ':', '-']) else { return Vec::new() };
    let verb = match verb {
        "read" | "view" => "read",
        "write" | "edit" => "write",
        _ => return Vec::new(),
    };
    let object = things.rsplit(['.', ':']).next().unwrap_or(things);
    let Some(row) = ObjectType::all().iter().find(|row| row.name == object || row.singular == object) else { return Vec::new() };
    let usual = format!("crm.objects.{}.{verb}", row.name);
    if let Some(scope) = ScopeId::of(&usual).filter(|_| usual != name) {
        return vec![scope.name()];
    }
    // For a sensitive scope, users must type its own name.
    let scopes = if verb == "read" { &row.read } else { &row.write };
    let mut names: Vec<&str> =
        scopes.iter().copied().filter(|scope| !scope.contains("sensitive") && ScopeId::of(scope).is_some()).collect();
    names.truncate(3);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::scope::ScopeSet;

    #[test]
    fn an_old_scope_opens_what_its_successors_open() {
        let catalog = Catalog::get();
        let opens = |scope: &str, alternative: &str| {
            let has = |sets: &[ScopeSet], name: &str| sets.iter().any(|set| set.names() == [name]);
            catalog.operations().iter().any(|operation| {
                let sets = catalog.requirement_on(operation, None).map(|requirement| requirement.alternatives()).unwrap_or_default();
                has(&sets, scope) && has(&sets, alternative)
            })
        };
        for (old, new) in &OLD {
            for name in *new {
                assert!(ScopeId::of(old).is_some() && ScopeId::of(name).is_some(), "{old}: {name}");
                assert!(opens(old, name), "no operation takes {old} or {name}");
            }
        }
    }

    #[test]
    fn a_name_that_is_not_published_means_the_scope_of_its_records() {
        assert_eq!(meant_by("crm.objects.tickets.read"), ["tickets"]);
        assert_eq!(meant_by("crm.objects.tickets.write"), ["tickets"]);
        assert_eq!(meant_by("contacts.read"), ["crm.objects.contacts.read"]);
        assert_eq!(meant_by("crm.objects.deal.write"), ["crm.objects.deals.write"]);
        assert_eq!(meant_by("Contacts:Read"), ["crm.objects.contacts.read"]);
        for name in ["contacts", "everything.read", "crm.objects.contacts.fly", ""] {
            assert!(meant_by(name).is_empty(), "{name}");
        }
    }
}
