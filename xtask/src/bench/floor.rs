//! The bare server: axum, one handler, a constant of the asked size. What the machine and the client allow at most.

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::routing::any;

use super::ask::{Ask, Expect, Fact};
use super::endpoint::Endpoint;
use super::scenario::Scenario;

pub(super) async fn serve() -> anyhow::Result<()> {
    let router = Router::new().route("/{bytes}", any(constant));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn constant(Path(bytes): Path<usize>) -> impl axum::response::IntoResponse {
    let body = format!("{{\"pad\":\"{}\"}}", "x".repeat(bytes.saturating_sub(10)));
    ([(header::CONTENT_TYPE, "application/scim+json")], body)
}

/// A scenario that asks the floor for an answer of as many bytes as the real one has.
pub(super) fn answering(endpoint: &Endpoint, bytes: usize) -> Scenario {
    let request = endpoint.request("GET", &format!("/{bytes}"), None);
    Scenario::of(move |_| Ask {
        request: request.clone(),
        expect: Expect::new(&[200], vec![Fact::Has("pad".into())]),
    })
}
