//! The console: pages made on the server that work without script, for operators with a session.
//!
//! | to … | see |
//! |---|---|
//! | know every page, and who may open it | [`table`] |
//! | follow a request: session, CSRF, tenant, role, page | [`gate`] |
//! | see what a page is given | [`visit`] |
//! | find a page | `page/`, a file each |
//! | find what pages are made of | `component/` |

mod answer;
mod asset;
mod compact;
mod component;
mod cookie;
mod fields;
mod flash;
mod gate;
mod link;
mod menu;
mod page;
mod table;
mod visit;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::App;
use crate::inventory::{Access, Route};

/// Every page of the console and its assets, to be mounted at `/`; a path that nothing is mounted at gets the console's 404.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for endpoint in table::ENDPOINTS {
        let filter = if endpoint.method == Method::POST { MethodFilter::POST } else { MethodFilter::GET };
        let run = move |State(app): State<App>, request: Request| gate::serve(app, endpoint, request);
        router = router.route(endpoint.path, on(filter, run));
    }
    router.route(asset::PATH, on(MethodFilter::GET, asset::serve)).fallback(gate::not_found).with_state(app)
}

/// The console's part of the inventory.
pub(crate) fn routes() -> impl Iterator<Item = Route> {
    let asset = Route { method: Method::GET, path: asset::PATH, access: Access::Public };
    let pages = table::ENDPOINTS.iter().map(|endpoint| Route {
        method: endpoint.method.clone(),
        path: endpoint.path,
        access: if matches!(endpoint.run, table::Run::Open(_)) { Access::Public } else { Access::Operator },
    });
    pages.chain([asset])
}
