//! The table of collections, and how they differ.
//!
//! Fields that HubSpot requires, and those it sets, are from its published specification.

use keyway_core::error_body::ErrorBody;
use keyway_objects::items::Place;
use keyway_objects::request::bad_field;
use keyway_objects::state::State;
use keyway_objects::value::is_email;
use keyway_objects::webhooks;
use serde_json::{Map, Value};

/// How a thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// A number that the account chooses.
    Number,
    /// A UUID that the account chooses.
    Uuid,
    /// A field that the caller chooses.
    Given(&'static str),
}

/// Where a thing's fields stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// In the thing itself.
    Flat,
    /// Under `properties`.
    Properties,
}

/// Refuses the fields of a new thing.
pub type Check = fn(&Map<String, Value>, &Place, &State) -> Result<(), ErrorBody>;

/// A user is invited by e-mail.
fn check_user(fields: &Map<String, Value>, _: &Place, _: &State) -> Result<(), ErrorBody> {
    match fields.get("email").and_then(Value::as_str) {
        Some(address) if is_email(address) => Ok(()),
        _ => Err(bad_field("email", "must be an e-mail address")),
    }
}

/// The styles of a redirect: permanent, temporary, or a proxy (developers.hubspot.com/docs/api-reference/cms-url-redirects-v3/guide).
const REDIRECT_STYLES: [u64; 3] = [301, 302, 305];

fn check_redirect(fields: &Map<String, Value>, _: &Place, _: &State) -> Result<(), ErrorBody> {
    match fields.get("redirectStyle").and_then(Value::as_u64) {
        Some(style) if REDIRECT_STYLES.contains(&style) => Ok(()),
        _ => Err(bad_field("redirectStyle", "must be 301, 302 or 305")),
    }
}

/// A payment link is for line items, which it names or brings (developers.hubspot.com/docs/api-reference/2026-09-beta/revenue/payment-links/guide).
fn check_payment_link(fields: &Map<String, Value>, _: &Place, _: &State) -> Result<(), ErrorBody> {
    let has = |name: &str| fields.get(name).and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    if has("lineItemObjectIds") || has("lineItems") {
        Ok(())
    } else {
        Err(bad_field("lineItems", "or lineItemObjectIds must not be empty"))
    }
}

/// One collection.
#[derive(Debug)]
pub struct Collection {
    /// What is before an id in its paths, without the version; `*` is a parent's id.
    pub root: &'static [&'static str],
    /// Under which name its things are kept; two roots may share one.
    pub store: &'static str,
    pub id: Id,
    pub shape: Shape,
    /// Fields that a create must have.
    pub required: &'static [&'static str],
    /// Fields of a thing that nobody gave.
    pub defaults: &'static str,
    /// The names of the two times, and of the id.
    pub created: &'static str,
    pub updated: &'static str,
    pub shown_id: &'static str,
    /// Whether there are batches, drafts (with publishing and clones), PUT, a total on lists, `archived`.
    pub batch: bool,
    pub draft: bool,
    pub put: bool,
    pub total: bool,
    pub archivable: bool,
    /// Whether its former forms are kept, and whether it has variations in other languages.
    pub revisions: bool,
    pub languages: bool,
    /// Whether nothing follows from its things: they are kept, and that is all.
    pub inert: bool,
    /// What else is asked of the fields of a new thing.
    pub check: Option<Check>,
}

impl Collection {
    /// The parents' ids and what follows the root, where a path begins with it.
    pub fn split<'a, 'p>(&'static self, segments: &'a [&'p str]) -> Option<(&'static Self, Vec<&'p str>, &'a [&'p str])> {
        if segments.len() < self.root.len() {
            return None;
        }
        let (head, rest) = segments.split_at(self.root.len());
        let fits = self.root.iter().zip(head).all(|(own, segment)| *own == "*" || own == segment);
        let parents = self.root.iter().zip(head).filter(|(own, _)| **own == "*").map(|(_, segment)| *segment).collect();
        fits.then_some((self, parents, rest))
    }
}

const PLAIN: Collection = Collection {
    root: &[],
    store: "",
    id: Id::Number,
    shape: Shape::Flat,
    required: &[],
    defaults: "{}",
    created: "createdAt",
    updated: "updatedAt",
    shown_id: "id",
    batch: false,
    draft: false,
    put: false,
    total: false,
    archivable: true,
    revisions: false,
    languages: false,
    inert: false,
    check: None,
};

/// What CMS pages and posts have in common. Their defaults are the fields that HubSpot's models always have (tests/catalog/models.tsv).
const CONTENT: Collection = Collection {
    created: "created",
    updated: "updated",
    defaults: r#"{"name":"","slug":"","language":"en","translatedFromId":0,"deletedAt":"1970-01-01T00:00:00Z"}"#,
    batch: true,
    draft: true,
    total: true,
    ..PLAIN
};

/// What site pages and landing pages have in common, except the category.
macro_rules! page {
    ($category:literal, $subcategory:literal) => {
        concat!(
            r#"{"name":"","slug":"","htmlTitle":"","state":"DRAFT","currentState":"DRAFT","currentlyPublished":false,"language":"en","domain":"","url":"","abStatus":"master","abTestId":"","archivedAt":"1970-01-01T00:00:00Z","archivedInDashboard":false,"attachedStylesheets":[],"authorName":"","campaign":"","contentGroupId":"","createdById":"","updatedById":"","dynamicPageDataSourceId":"","dynamicPageDataSourceType":0,"dynamicPageHubDbTableId":"","enableDomainStylesheets":false,"enableLayoutStylesheets":false,"featuredImage":"","featuredImageAltText":"","folderId":"","footerHtml":"","headHtml":"","includeDefaultCustomCss":false,"layoutSections":{},"linkRelCanonicalUrl":"","mabExperimentId":"","metaDescription":"","pageExpiryDate":0,"pageExpiryEnabled":false,"pageExpiryRedirectId":0,"pageExpiryRedirectUrl":"","pageRedirected":false,"password":"","publicAccessRules":[],"publicAccessRulesEnabled":false,"publishDate":"1970-01-01T00:00:00Z","publishImmediately":false,"templatePath":"","themeSettingsValues":{},"translatedFromId":"","translations":{},"useFeaturedImage":false,"widgetContainers":{},"widgets":{},"categoryId":"#,
            $category, r#","contentTypeCategory":""#, $category, r#"","subcategory":""#, $subcategory, r#""}"#
        )
    };
}

const LANDING_PAGES: Collection =
    Collection { store: "landing-pages", defaults: page!("1", "landing_page"), revisions: true, languages: true, ..CONTENT };
const SITE_PAGES: Collection =
    Collection { store: "site-pages", defaults: page!("4", "site_page"), revisions: true, languages: true, ..CONTENT };

const BLOG_POST: &str = r#"{"name":"","slug":"","htmlTitle":"","state":"DRAFT","currentState":"DRAFT","currentlyPublished":false,"language":"en","domain":"","url":"","abStatus":"master","abTestId":"","archivedAt":0,"archivedInDashboard":false,"attachedStylesheets":[],"authorName":"","blogAuthorId":"","campaign":"","categoryId":3,"contentGroupId":"","contentTypeCategory":"3","createdById":"","updatedById":"","dynamicPageDataSourceId":"","dynamicPageDataSourceType":0,"dynamicPageHubDbTableId":"","enableDomainStylesheets":false,"enableGoogleAmpOutputOverride":false,"enableLayoutStylesheets":false,"featuredImage":"","featuredImageAltText":"","folderId":"","footerHtml":"","headHtml":"","includeDefaultCustomCss":false,"layoutSections":{},"linkRelCanonicalUrl":"","mabExperimentId":"","metaDescription":"","pageExpiryDate":0,"pageExpiryEnabled":false,"pageExpiryRedirectId":0,"pageExpiryRedirectUrl":"","password":"","postBody":"","postSummary":"","publicAccessRules":[],"publicAccessRulesEnabled":false,"publishDate":"1970-01-01T00:00:00Z","publishImmediately":false,"rssBody":"","rssSummary":"","tagIds":[],"themeSettingsValues":{},"translatedFromId":"","translations":{},"useFeaturedImage":false,"widgetContainers":{},"widgets":{}}"#;

/// All collections. A root that begins with another root comes before it, because the first match counts.
pub const COLLECTIONS: &[Collection] = &[
    Collection {
        root: &["marketing", "emails"],
        store: "emails",
        required: &["name"],
        defaults: r#"{"name":"","state":"DRAFT","isPublished":false,"subject":"","subcategory":"batch","type":"BATCH_EMAIL","language":"en","content":{},"from":{},"to":{},"testing":{},"sendOnPublish":true}"#,
        draft: true,
        revisions: true,
        total: true,
        ..PLAIN
    },
    Collection {
        root: &["marketing", "campaigns"],
        store: "campaigns",
        inert: true,
        id: Id::Uuid,
        shape: Shape::Properties,
        required: &["hs_name"],
        batch: true,
        total: true,
        ..PLAIN
    },
    Collection {
        root: &["marketing", "forms"],
        store: "forms",
        id: Id::Uuid,
        required: &["name", "formType"],
        defaults: r#"{"fieldGroups":[],"configuration":{},"displayOptions":{},"legalConsentOptions":{"type":"none"}}"#,
        put: true,
        ..PLAIN
    },
    Collection { root: &["cms", "blogs", "posts"], store: "blog-posts", defaults: BLOG_POST, revisions: true, languages: true, ..CONTENT },
    Collection {
        root: &["cms", "blogs", "authors"],
        store: "blog-authors",
        inert: true,
        required: &["fullName"],
        defaults: r#"{"slug":"","language":"en","name":"","displayName":"","email":"","bio":"","website":"","avatar":"","facebook":"","linkedin":"","twitter":"","translatedFromId":0,"deletedAt":"1970-01-01T00:00:00Z"}"#,
        draft: false,
        languages: true,
        ..CONTENT
    },
    Collection {
        root: &["cms", "blogs", "tags"],
        store: "blog-tags",
        inert: true,
        required: &["name"],
        draft: false,
        languages: true,
        ..CONTENT
    },
    Collection {
        root: &["cms", "pages", "landing-pages", "folders"],
        store: "landing-page-folders",
        inert: true,
        required: &["name"],
        defaults: r#"{"name":"","category":1,"parentFolderId":0,"deletedAt":"1970-01-01T00:00:00Z"}"#,
        draft: false,
        revisions: true,
        ..CONTENT
    },
    Collection { root: &["cms", "url-redirects", "url-mappings"], ..URL_REDIRECTS },
    Collection { root: &["cms", "url-redirects"], ..URL_REDIRECTS },
    Collection { root: &["url-mappings", "url-mappings"], ..URL_REDIRECTS },
    Collection { root: &["cms", "pages", "landing-pages"], ..LANDING_PAGES },
    Collection { root: &["cms", "pages", "site-pages"], ..SITE_PAGES },
    Collection {
        root: &["settings", "users"],
        store: "users",
        inert: true,
        required: &["email"],
        defaults: r#"{"roleIds":[],"superAdmin":false}"#,
        put: true,
        archivable: false,
        check: Some(check_user),
        ..PLAIN
    },
    Collection {
        root: &["settings", "currencies", "exchange-rates"],
        store: "exchange-rates",
        inert: true,
        required: &["fromCurrencyCode", "conversionRate"],
        defaults: r#"{"visibleInUI":true}"#,
        batch: true,
        ..PLAIN
    },
    Collection { root: &["events", "custom", "event-definitions"], ..EVENT_DEFINITIONS },
    Collection { root: &["events", "event-definitions"], ..EVENT_DEFINITIONS },
    Collection { root: &["webhooks", "*", "subscriptions"], ..SUBSCRIPTIONS },
    Collection { root: &["app-webhooks", "*", "subscriptions"], ..SUBSCRIPTIONS },
    Collection {
        root: &["integrators", "timeline", "*", "event-templates"],
        store: "timeline-templates",
        required: &["name", "objectType"],
        defaults: r#"{"tokens":[]}"#,
        put: true,
        archivable: false,
        ..PLAIN
    },
    Collection {
        root: &["commerce", "payment-links", "payment-links"],
        store: "payment-links",
        inert: true,
        required: &["paymentLinkName", "currencyCode"],
        defaults: r#"{"acceptedPaymentMethods":[],"additionalFormFields":[],"discountObjectIds":[],"feeObjectIds":[],"fees":[],"lineItemObjectIds":[],"lineItems":[]}"#,
        check: Some(check_payment_link),
        ..PLAIN
    },
    Collection {
        root: &["crm", "object-tags", "*"],
        store: "object-tags",
        inert: true,
        required: &["name", "color", "filterBranch"],
        defaults: r#"{"name":"","color":"","description":"","displayOrder":0,"filterBranch":{},"filterPipelineIds":[]}"#,
        put: true,
        ..PLAIN
    },
    Collection { root: &["files", "folders"], store: "folders", required: &["name"], ..PLAIN },
];

/// Blogs, which nobody makes over the API: `blogs`.
pub const BLOGS: Collection = Collection {
    store: "blogs",
    defaults: r#"{"name":"","slug":"","language":"en","absoluteUrl":"","allowComments":true,"description":"","htmlTitle":"","listingPageId":"","publicAccessRules":[],"publicAccessRulesEnabled":false,"publicTitle":"","translatedFromId":"","deletedAt":"1970-01-01T00:00:00Z"}"#,
    revisions: true,
    languages: true,
    batch: false,
    draft: false,
    ..CONTENT
};

/// Two paths lead to the same redirects.
const URL_REDIRECTS: Collection = Collection {
    store: "url-redirects",
    inert: true,
    required: &["routePrefix", "destination", "redirectStyle"],
    defaults: r#"{"isMatchFullUrl":false,"isMatchQueryString":false,"isOnlyAfterNotFound":false,"isPattern":false,"isProtocolAgnostic":false,"isTrailingSlashOptional":false,"precedence":0}"#,
    created: "created",
    updated: "updated",
    total: true,
    check: Some(check_redirect),
    ..PLAIN
};

const SUBSCRIPTIONS: Collection = Collection {
    store: webhooks::SUBSCRIPTIONS,
    required: &["eventType"],
    defaults: r#"{"active":false}"#,
    batch: true,
    archivable: false,
    check: Some(webhooks::check_subscription),
    ..PLAIN
};

const EVENT_DEFINITIONS: Collection = Collection {
    store: "event-definitions",
    id: Id::Given("name"),
    required: &["name", "label"],
    defaults: r#"{"description":"","primaryObject":"CONTACT","propertyDefinitions":[]}"#,
    shown_id: "name",
    total: true,
    ..PLAIN
};
