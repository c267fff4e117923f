//! What can go wrong with remembering. Absence is `None`, never an error.

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which constraint a write would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another live resource of the tenant has this unique key.
    UniqueKey,
    /// The id is taken.
    Id,
    /// The name (of an operator, a key) is taken.
    Name,
    /// The stored version is another than the expected one.
    Version,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no such tenant")]
    NoTenant,
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    #[error("the database is busy; try again")]
    Busy,
    /// The server that holds the database does not answer; it may be there again in a moment.
    #[error("the database cannot be reached: {0}")]
    Away(String),
    #[error("the database is not available: {0}")]
    Unavailable(String),
    #[error("the database holds what it should not: {0}")]
    Corrupt(String),
    #[error("the database was made with another master key")]
    OtherKey,
    #[error("{0}")]
    Unsupported(String),
}
