//! The page of something secret that was just made, and is shown this once.

use askama::Template;

use super::shell::Shell;

#[derive(Template)]
#[template(path = "shown_once.html")]
pub(super) struct ShownOnce<'a> {
    pub shell: Shell<'a>,
    pub title: &'a str,
    /// What it is.
    pub name: &'a str,
    pub value: &'a str,
    /// What to do with it.
    pub note: &'a str,
    /// Where the way goes on.
    pub back: &'a str,
    pub back_words: &'a str,
}
