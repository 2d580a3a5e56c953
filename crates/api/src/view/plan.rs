//! A plan of one app for each integration.

use keyway_advice::plan::Plan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

shown! {
    struct Planned {
        plan: Plan,
        /// The same as a document.
        markdown: String,
        /// The same as a page.
        html: String,
    }
}
