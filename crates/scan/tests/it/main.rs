//! The scanner as its users meet it: texts in, findings and usages out.

mod fixes;
mod git;
mod hostile;
mod kinds;
mod legacy;
mod rules;
mod tree;
mod values;

use keyway_scan::detect::{self, Found, Text, Wanted};
use keyway_scan::prefilter::Hits;

/// What is found in a text.
fn examine(path: &str, text: &str) -> Found {
    detect::examine(Text { path, bytes: text.as_bytes() }, Wanted { usages: true }, &mut Hits::default())
}
