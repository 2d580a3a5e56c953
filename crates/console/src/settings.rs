//! The settings of the server: what each does, its value, and when a change takes effect.

use askama::Template;
use keyway_api::view::{Setting, Settings};

use super::page;
use super::shell::Shell;
use super::visitor::{Page, Visitor};

pub(super) const SECTION: &str = "/settings";

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage<'a> {
    shell: Shell<'a>,
    /// Those with another value than the default come first.
    settings: Vec<Setting>,
}

/// The page.
pub(super) async fn show(visitor: Visitor) -> Page {
    let Settings { mut settings } = visitor.api.get("/api/v1/settings").await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    settings.sort_by_key(|setting| setting.value.is_none());
    Ok(page::render(&SettingsPage { shell: visitor.shell(SECTION), settings }))
}
