//! Files to findings and usages. To come; docs/ARCHITECTURE.md says what belongs here.
