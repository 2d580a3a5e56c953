//! Which columns of a list are shown: chosen in a form, and kept in a cookie of the browser for the list's address.

use axum::extract::{FromRequestParts, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{MethodRouter, post};

use super::list_place::ListPlace;
use super::sign_in::{cookie_named, is_https, see_other};
use super::visitor::{Fields, Page, Sent};
use keyway_gateway::admin::Admin;

/// A column that may be left out: its word in the cookie, and its head.
pub(super) type Optional = (&'static str, &'static str);

const COOKIE: &str = "keyway-columns";
const YEAR_S: u32 = 31_536_000;

/// The words of the columns that the browser leaves out. Those that a later version adds are shown.
pub(super) struct LeftOut(Vec<String>);

impl FromRequestParts<Admin> for LeftOut {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Admin) -> Result<Self, Self::Rejection> {
        Ok(Self(cookie_named(COOKIE, &parts.headers).unwrap_or_default().split('.').map(str::to_owned).collect()))
    }
}

/// The columns of a list, and which of them are shown.
pub(super) struct Columns {
    pub section: &'static str,
    pub all: &'static [Optional],
    left_out: LeftOut,
    /// The query of the list's address.
    pub list: String,
}

impl Columns {
    pub fn of(section: &'static str, all: &'static [Optional], left_out: LeftOut, fields: &Fields) -> Self {
        Self { section, all, left_out, list: ListPlace::of(section, fields).query }
    }

    pub fn shows(&self, word: &str) -> bool {
        !self.left_out.0.iter().any(|left_out| left_out == word)
    }
}

/// Takes the choice of a list.
pub(super) fn choice(section: &'static str, all: &'static [Optional]) -> MethodRouter<Admin> {
    post(move |State(admin): State<Admin>, sent: Sent| choose(section, all, admin, sent))
}

async fn choose(section: &'static str, all: &'static [Optional], admin: Admin, Sent { fields, .. }: Sent) -> Page {
    let shown = fields.all("column");
    let left_out: Vec<&str> = all.iter().map(|(word, _)| *word).filter(|word| !shown.iter().any(|one| one == word)).collect();
    let secure = if is_https(&admin) { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={}; Path={section}; HttpOnly; SameSite=Lax; Max-Age={YEAR_S}{secure}", left_out.join("."));
    let mut response: Response = see_other(&ListPlace::sent(section, &fields).address(""));
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
