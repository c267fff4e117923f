//! Discovery (RFC 7644 §4, RFC 7643 §5–§7, RFC 9865 §4): what this server is and does. It says only what is enforced.

use serde_json::Value;

/// `GET /ServiceProviderConfig`. `base` is the SCIM Base URL of the tenant.
pub fn service_provider_config(base: &str) -> Value {
    let _ = base;
    todo!()
}

/// All ResourceType resources.
pub fn resource_types(base: &str) -> Vec<Value> {
    let _ = base;
    todo!()
}

/// All Schema resources.
pub fn schemas(base: &str) -> Vec<Value> {
    let _ = base;
    todo!()
}
