//! The table of SCIM endpoints (RFC 7644 §3.2).

use std::pin::Pin;

use directory::{Kind, Scope};
use http::{Method, StatusCode};

use super::exchange::Call;
use super::reply::{Refusal, Reply};
use super::{discovery, resource, search};
use crate::inventory::Access;

pub(crate) type Answer = Result<Reply, Refusal>;
type Handler = fn(Call) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// One method of one path.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// Whether the request's body is read; it is JSON then.
    pub(crate) body: bool,
    pub(crate) handler: Handler,
}

const fn read(path: &'static str, handler: Handler) -> Endpoint {
    Endpoint { method: Method::GET, path, access: Access::ScimRead, body: false, handler }
}

/// A query in a body (RFC 7644 §3.4.3); it changes nothing.
const fn search(path: &'static str, handler: Handler) -> Endpoint {
    Endpoint { method: Method::POST, path, access: Access::ScimRead, body: true, handler }
}

const fn write(method: Method, path: &'static str, body: bool, handler: Handler) -> Endpoint {
    Endpoint { method, path, access: Access::ScimWrite, body, handler }
}

const ROOT: &str = "/scim/v2/{tenant}";
pub(super) const USERS: &str = "/scim/v2/{tenant}/Users";
pub(super) const USER: &str = "/scim/v2/{tenant}/Users/{id}";
pub(super) const GROUPS: &str = "/scim/v2/{tenant}/Groups";
pub(super) const GROUP: &str = "/scim/v2/{tenant}/Groups/{id}";
const BULK: &str = "/scim/v2/{tenant}/Bulk";
const ME: &str = "/scim/v2/{tenant}/Me";

pub(crate) static ENDPOINTS: &[Endpoint] = &[
    read(USERS, |call| Box::pin(search::list(call, Scope::Kind(Kind::User)))),
    write(Method::POST, USERS, true, |call| Box::pin(resource::create(call, Kind::User))),
    search("/scim/v2/{tenant}/Users/.search", |call| Box::pin(search::search(call, Scope::Kind(Kind::User)))),
    read(USER, |call| Box::pin(resource::get(call, Kind::User))),
    write(Method::PUT, USER, true, |call| Box::pin(resource::replace(call, Kind::User))),
    write(Method::PATCH, USER, true, |call| Box::pin(resource::patch(call, Kind::User))),
    write(Method::DELETE, USER, false, |call| Box::pin(resource::delete(call, Kind::User))),
    read(GROUPS, |call| Box::pin(search::list(call, Scope::Kind(Kind::Group)))),
    write(Method::POST, GROUPS, true, |call| Box::pin(resource::create(call, Kind::Group))),
    search("/scim/v2/{tenant}/Groups/.search", |call| {
        Box::pin(search::search(call, Scope::Kind(Kind::Group)))
    }),
    read(GROUP, |call| Box::pin(resource::get(call, Kind::Group))),
    write(Method::PUT, GROUP, true, |call| Box::pin(resource::replace(call, Kind::Group))),
    write(Method::PATCH, GROUP, true, |call| Box::pin(resource::patch(call, Kind::Group))),
    write(Method::DELETE, GROUP, false, |call| Box::pin(resource::delete(call, Kind::Group))),
    // RFC 7644 §3.4.2.1: a query at the root is over all resource types.
    read(ROOT, |call| Box::pin(search::list(call, Scope::All))),
    read("/scim/v2/{tenant}/", |call| Box::pin(search::list(call, Scope::All))),
    search("/scim/v2/{tenant}/.search", |call| Box::pin(search::search(call, Scope::All))),
    read("/scim/v2/{tenant}/ServiceProviderConfig", |call| {
        Box::pin(discovery::service_provider_config(call))
    }),
    read("/scim/v2/{tenant}/ResourceTypes", |call| Box::pin(discovery::resource_types(call))),
    read("/scim/v2/{tenant}/ResourceTypes/{id}", |call| Box::pin(discovery::resource_type(call))),
    read("/scim/v2/{tenant}/Schemas", |call| Box::pin(discovery::schemas(call))),
    read("/scim/v2/{tenant}/Schemas/{id}", |call| Box::pin(discovery::schema(call))),
    // RFC 7644 §3.11: 501 when the server does not support /Me; §3.7 has no rule for an unsupported /Bulk.
    write(Method::POST, BULK, false, |_| {
        Box::pin(unsupported("bulk operations are not supported; see ServiceProviderConfig"))
    }),
    read(ME, |_| Box::pin(unsupported(NO_ME))),
    write(Method::POST, ME, false, |_| Box::pin(unsupported(NO_ME))),
    write(Method::PUT, ME, false, |_| Box::pin(unsupported(NO_ME))),
    write(Method::PATCH, ME, false, |_| Box::pin(unsupported(NO_ME))),
    write(Method::DELETE, ME, false, |_| Box::pin(unsupported(NO_ME))),
];

const NO_ME: &str = "/Me is not supported: an API key is not a user; address the user by id";

/// A known path with a method it does not have; the router adds `Allow`.
pub(crate) static WRONG_METHOD: Endpoint =
    read("/scim/v2/{tenant}/{wrong-method}", |call| Box::pin(std::future::ready(Err(wrong_method(&call)))));

/// Anything else under `/scim`.
pub(crate) static NOWHERE: Endpoint =
    read("/scim/{nowhere}", |_| Box::pin(std::future::ready(Err(nowhere()))));

async fn unsupported(detail: &'static str) -> Answer {
    Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, detail))
}

fn wrong_method(call: &Call) -> Refusal {
    let detail = format!("{} is not possible here; the header Allow lists what is", call.method);
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

fn nowhere() -> Refusal {
    let detail = "there is nothing at this address; below the SCIM Base URL are Users, Groups, Schemas, ResourceTypes and \
                  ServiceProviderConfig";
    Refusal::new(StatusCode::NOT_FOUND, detail)
}
