//! Every route, and who may call it. The routers are built from these tables, so a route that is not listed does not exist.

use std::sync::OnceLock;

use http::Method;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: no tenant's data is in the answer.
    Public,
    /// An API key of the addressed tenant with scope `SCIM2` or `SCIM2:READ`.
    ScimRead,
    /// An API key of the addressed tenant with scope `SCIM2`.
    ScimWrite,
    /// An API key of any scope for provisioning; one for a single application sees that one only.
    GraphRead,
    /// An API key that may change the application: `PROVISIONING`, or `PROVISIONING:` with its id.
    GraphWrite,
    /// An API key with scope `PROVISIONING` or `PROVISIONING:READ`: people and groups belong to no application.
    GraphReadAll,
    /// An API key with scope `PROVISIONING`.
    GraphWriteAll,
    /// A signed-in operator; the page itself asks for the role.
    Operator,
}

impl Access {
    /// Whether something of the Graph API is changed.
    pub(crate) fn is_graph_write(self) -> bool {
        matches!(self, Self::GraphWrite | Self::GraphWriteAll)
    }
}

/// One method of one path. `GET` answers `HEAD` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

/// Every route of the product.
pub fn inventory() -> &'static [Route] {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    ROUTES.get_or_init(|| {
        let health = crate::health::ENDPOINTS.iter().map(|e| Route {
            method: Method::GET,
            path: e.path,
            access: Access::Public,
        });
        let scim = crate::scim::ENDPOINTS.iter().map(|e| Route {
            method: e.method.clone(),
            path: e.path,
            access: e.access,
        });
        let graph = crate::graph::endpoints().iter().map(|e| Route {
            method: e.row.method.clone(),
            path: &e.path,
            access: e.row.access,
        });
        health.chain(scim).chain(graph).chain(crate::console::routes()).collect()
    })
}
