//! The objects of an embedded account from outside. What a whole call promises is tested in `portal`.

/// The page of calculated properties.
mod calculated_page;
mod invalid_page;
/// Which module may use which.
mod modules;
