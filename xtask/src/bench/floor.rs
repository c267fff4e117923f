//! The bare server: axum, one handler, a constant of the asked size. What the machine and the client allow at most.

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::routing::any;

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
pub(super) fn answering(bytes: usize) -> Scenario {
    let request = super::client::request("GET", &format!("/{bytes}"), "none", None);
    Scenario {
        name: "bare".into(),
        request: Box::new(move |_| request.clone()),
        status: 200,
        contains: "pad",
        requests: None,
        undo: None,
        answer_bytes: bytes,
    }
}
