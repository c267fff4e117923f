//! The target as the engine sees it: the seam at which simulations put a faulty one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use scim::Resource;
use scim::message::SearchRequest;
use scim_client::{Answer, Client, Failure, Object, Page, Select};
use serde_json::Value as Json;

pub type Calling<'a, T> = Pin<Box<dyn Future<Output = Result<Answer<T>, Failure>> + Send + 'a>>;

/// SCIM's verbs, at `/Users` or `/Groups`.
pub trait Endpoint: Send + Sync + fmt::Debug {
    fn create<'a>(&'a self, endpoint: &'a str, resource: &'a Resource) -> Calling<'a, Object>;
    fn get<'a>(&'a self, endpoint: &'a str, id: &'a str, select: &'a Select) -> Calling<'a, Object>;
    fn query<'a>(&'a self, endpoint: &'a str, search: &'a SearchRequest) -> Calling<'a, Page>;
    fn replace<'a>(
        &'a self,
        endpoint: &'a str,
        id: &'a str,
        resource: &'a Resource,
    ) -> Calling<'a, Option<Object>>;
    fn patch<'a>(&'a self, endpoint: &'a str, id: &'a str, body: &'a Json) -> Calling<'a, Option<Object>>;
    fn delete<'a>(&'a self, endpoint: &'a str, id: &'a str) -> Calling<'a, ()>;
}

impl fmt::Debug for TargetEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TargetEndpoint").field(self.0.target()).finish()
    }
}

/// A real target.
#[derive(Clone)]
pub struct TargetEndpoint(pub Client);

impl Endpoint for TargetEndpoint {
    fn create<'a>(&'a self, endpoint: &'a str, resource: &'a Resource) -> Calling<'a, Object> {
        Box::pin(self.0.create(endpoint, resource))
    }

    fn get<'a>(&'a self, endpoint: &'a str, id: &'a str, select: &'a Select) -> Calling<'a, Object> {
        Box::pin(self.0.get(endpoint, id, select))
    }

    fn query<'a>(&'a self, endpoint: &'a str, search: &'a SearchRequest) -> Calling<'a, Page> {
        Box::pin(self.0.query(endpoint, search))
    }

    fn replace<'a>(
        &'a self,
        endpoint: &'a str,
        id: &'a str,
        resource: &'a Resource,
    ) -> Calling<'a, Option<Object>> {
        Box::pin(self.0.replace(endpoint, id, resource, None))
    }

    /// What the engine sends says where things end, not how they change, so it may be sent twice.
    fn patch<'a>(&'a self, endpoint: &'a str, id: &'a str, body: &'a Json) -> Calling<'a, Option<Object>> {
        Box::pin(self.0.patch(endpoint, id, body, None, true))
    }

    fn delete<'a>(&'a self, endpoint: &'a str, id: &'a str) -> Calling<'a, ()> {
        Box::pin(self.0.delete(endpoint, id, None))
    }
}
