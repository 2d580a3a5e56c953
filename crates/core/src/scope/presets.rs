//! Sets of scopes that integrations commonly need, as a start in the console and on the command line.

/// A set of scopes.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name to type.
    pub key: &'static str,
    /// The name to show.
    pub name: &'static str,
    /// The purpose of the set.
    pub purpose: &'static str,
    /// Scopes, by HubSpot's names.
    pub scopes: &'static [&'static str],
}

/// All presets.
pub static ALL: [Preset; 5] = [
    Preset {
        key: "crm-read",
        name: "Read-only CRM sync",
        purpose: "Reads contacts, companies, deals and their owners, and changes nothing.",
        scopes: &[
            "crm.objects.contacts.read",
            "crm.objects.companies.read",
            "crm.objects.deals.read",
            "crm.objects.owners.read",
            "crm.schemas.contacts.read",
            "crm.schemas.companies.read",
            "crm.schemas.deals.read",
        ],
    },
    Preset {
        key: "crm-sync",
        name: "Two-way CRM sync",
        purpose: "Reads, creates and changes contacts, companies and deals.",
        scopes: &[
            "crm.objects.contacts.read",
            "crm.objects.contacts.write",
            "crm.objects.companies.read",
            "crm.objects.companies.write",
            "crm.objects.deals.read",
            "crm.objects.deals.write",
            "crm.objects.owners.read",
            "crm.schemas.contacts.read",
            "crm.schemas.companies.read",
            "crm.schemas.deals.read",
        ],
    },
    Preset {
        key: "leads",
        name: "Contacts from a form",
        purpose: "Looks contacts up, and creates or changes them: a website, a webinar, a shop.",
        scopes: &["crm.objects.contacts.read", "crm.objects.contacts.write"],
    },
    Preset {
        key: "support",
        name: "Help desk",
        purpose: "Works on tickets, and reads whom they belong to.",
        scopes: &["tickets", "crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.owners.read"],
    },
    Preset {
        key: "report",
        name: "Reporting",
        purpose: "Reads what a sales report counts: deals, line items, products, companies, owners.",
        scopes: &[
            "crm.objects.deals.read",
            "crm.objects.line_items.read",
            "crm.objects.products.read",
            "crm.objects.companies.read",
            "crm.objects.owners.read",
            "crm.schemas.deals.read",
        ],
    },
];

/// The preset with this key.
pub fn named(key: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.key == key)
}

#[cfg(test)]
mod tests {
    use super::super::ScopeId;
    use super::*;

    #[test]
    fn every_preset_is_made_of_scopes_that_hubspot_publishes() {
        for preset in &ALL {
            for scope in preset.scopes {
                assert!(ScopeId::of(scope).is_some(), "{}: {scope}", preset.key);
            }
        }
        assert!(named("crm-read").is_some() && named("crm").is_none());
    }
}
