//! Resource versions as ETags (RFC 7644 §3.14).
//!
//! The version counts changes of the resource itself. What is derived from others (a user's `groups`, a member's `display`) may
//! change without it, which is why the tags are weak.

use crate::error::{Error, Result};

/// `W/"12"`: the value of `meta.version` and of the `ETag` header.
pub fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The condition a request puts on the version of the resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    #[default]
    None,
    /// `If-Match`
    IfMatch(Tags),
    /// `If-None-Match`
    IfNoneMatch(Tags),
}

/// `*` or the opaque parts of a list of entity tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    Any,
    List(Vec<String>),
}

impl Precondition {
    /// From the values of the two headers. RFC 9110 §13.2.2: `If-Match` comes first when both are sent.
    ///
    /// # Errors
    /// `invalidVers` when a header is not a list of entity tags.
    pub fn from_headers(if_match: Option<&str>, if_none_match: Option<&str>) -> Result<Self> {
        match (if_match, if_none_match) {
            (Some(text), _) => Ok(Self::IfMatch(tags("If-Match", text)?)),
            (None, Some(text)) => Ok(Self::IfNoneMatch(tags("If-None-Match", text)?)),
            (None, None) => Ok(Self::None),
        }
    }

    /// For a write of a resource that has `version`.
    ///
    /// # Errors
    /// [`Error::VersionMismatch`] (412)
    pub fn check_write(&self, version: u64) -> Result<()> {
        let holds = match self {
            Self::None => true,
            Self::IfMatch(tags) => tags.contain(version),
            Self::IfNoneMatch(tags) => !tags.contain(version),
        };
        if holds { Ok(()) } else { Err(Error::VersionMismatch { current: version }) }
    }

    /// For a read of a resource that has `version`.
    ///
    /// # Errors
    /// [`Error::NotModified`] (304), [`Error::VersionMismatch`] (412)
    pub fn check_read(&self, version: u64) -> Result<()> {
        match self {
            Self::IfNoneMatch(tags) if tags.contain(version) => Err(Error::NotModified { current: version }),
            Self::IfNoneMatch(_) => Ok(()),
            _ => self.check_write(version),
        }
    }
}

impl Tags {
    /// RFC 7644 §3.14 uses weak tags in `If-Match`, so the comparison is the weak one of RFC 9110 §8.8.3.2.
    fn contain(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::List(tags) => tags.iter().any(|tag| *tag == version.to_string()),
        }
    }
}

fn tags(header: &str, text: &str) -> Result<Tags> {
    if text.trim() == "*" {
        return Ok(Tags::Any);
    }
    let mut tags = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        // Some clients send the tag bare, without its quotes; what is meant is clear.
        let tag = part.strip_prefix("W/").or_else(|| part.strip_prefix("w/")).unwrap_or(part);
        let bare = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(tag);
        if bare.contains('"') {
            return Err(invalid(header));
        }
        tags.push(bare.to_owned());
    }
    if tags.is_empty() { Err(invalid(header)) } else { Ok(Tags::List(tags)) }
}

fn invalid(header: &str) -> Error {
    let detail = format!(
        "the header {header} is not a list of entity tags such as W/\"3\"; send meta.version as it was returned"
    );
    Error::Scim(scim::Error::new(scim::ScimType::InvalidVers, detail))
}
