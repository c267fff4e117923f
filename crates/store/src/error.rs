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
    #[error("the database is not available: {0}")]
    Unavailable(String),
    #[error("the database holds what it should not: {0}")]
    Corrupt(String),
    #[error("{0}")]
    Unsupported(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy,
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(Code::ConstraintViolation) => constraint(&error),
            Some(_) => Self::Unavailable(error.to_string()),
            None => Self::Corrupt(error.to_string()),
        }
    }
}

fn constraint(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    let conflict = [
        ("resource.unique_key", Conflict::UniqueKey),
        ("resource.id", Conflict::Id),
        ("operator.name_key", Conflict::Name),
        ("operator.id", Conflict::Id),
        ("tenant.id", Conflict::Id),
        ("api_key.id", Conflict::Id),
        ("application.name_key", Conflict::Name),
        ("application.id", Conflict::Id),
        ("link.target_id", Conflict::Id),
    ];
    let found = conflict.into_iter().find(|(column, _)| text.contains(column));
    found.map_or_else(|| Error::Corrupt(text.clone()), |(_, conflict)| Error::Conflict(conflict))
}
