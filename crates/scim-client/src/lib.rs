//! Speaks to any SCIM service provider.
