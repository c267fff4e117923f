//! Judges a SCIM service provider.
