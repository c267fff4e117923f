//! Names that people give: of keys, tenants, operators.

use crate::error::{Error, Result};

/// Characters of a name at most.
const NAME_MAX: usize = 100;

/// The name without spaces around it.
///
/// # Errors
/// [`Error::Invalid`] when it is empty, too long, or holds control characters (which could forge log lines).
pub(crate) fn acceptable(field: &'static str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, "give a name"));
    }
    if text.chars().count() > NAME_MAX {
        return Err(Error::invalid(field, format!("use at most {NAME_MAX} characters")));
    }
    if text.chars().any(scim::invisible::is_deceptive) {
        return Err(Error::invalid(field, "control characters cannot be part of a name"));
    }
    Ok(text.to_owned())
}
