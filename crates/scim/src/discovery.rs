//! Discovery (RFC 7644 §4, RFC 7643 §5–§7, RFC 9865 §4): what this server is and does. It says only what is enforced.

use serde_json::{Value, json};

use crate::limits;
use crate::schema::{self, ResourceType, Schema};
use crate::urn;

/// Seconds that a cursor stays valid (RFC 9865 §4 `cursorTimeout`).
pub const CURSOR_TIMEOUT_SECONDS: u32 = 3600;

/// `GET /ServiceProviderConfig`. `base` is the SCIM Base URL of the tenant.
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": [urn::SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": limits::PAGE_MAX },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": limits::PAGE_DEFAULT,
            "maxPageSize": limits::PAGE_MAX,
            "cursorTimeout": CURSOR_TIMEOUT_SECONDS,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API key",
            "description": "An API key of this tenant with scope SCIM2, sent as a bearer token",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// All ResourceType resources.
pub fn resource_types(base: &str) -> Vec<Value> {
    schema::resource_types().into_iter().map(|t| resource_type(t, base)).collect()
}

fn resource_type(resource_type: &ResourceType, base: &str) -> Value {
    let mut body = json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": resource_type.name,
        "name": resource_type.name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": resource_type.schema.id,
    });
    if !resource_type.extensions.is_empty() {
        let extensions = resource_type.extensions.iter();
        body["schemaExtensions"] = extensions.map(|e| json!({ "schema": e.id, "required": false })).collect();
    }
    body["meta"] = json!({
        "resourceType": "ResourceType",
        "location": format!("{base}/ResourceTypes/{}", resource_type.name),
    });
    body
}

/// All Schema resources.
pub fn schemas(base: &str) -> Vec<Value> {
    let types = schema::resource_types();
    types
        .into_iter()
        .flat_map(|t| std::iter::once(&t.schema).chain(&t.extensions))
        .map(|s| definition(s, base))
        .collect()
}

fn definition(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [urn::SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) },
    })
}
