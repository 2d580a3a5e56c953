//! Why the log fails.

/// The log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database says why.
    #[error("the audit log: {0}")]
    Store(#[from] sqlx::Error),
    /// A file of the log can't be read or written.
    #[error("the audit log: {0}")]
    File(#[from] std::io::Error),
    /// The writer has stopped; the server must not answer calls any more.
    #[error("the audit log can't be written")]
    NotWritable,
}
