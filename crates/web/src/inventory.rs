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
    /// A signed-in operator; the page itself asks for the role.
    Operator,
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
        health.chain(scim).chain(crate::console::routes()).collect()
    })
}
