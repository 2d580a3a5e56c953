//! Why calls failed.

use keyway_advice::doctor::{Diagnosis, Seen};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

shown! {
    struct Diagnosed { calls: Vec<DiagnosedCall>, }
    /// What was read of a call, and its causes.
    struct DiagnosedCall {
        seen: Seen,
        /// The surest first; none where nothing is known to be wrong.
        causes: Vec<Diagnosis>,
    }
}
