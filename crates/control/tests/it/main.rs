//! The control plane from outside.

/// Which module may use which.
mod modules;
