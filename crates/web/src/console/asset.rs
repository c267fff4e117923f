//! Styles, script and the icon: inside the binary, named by their content so that they may be kept for ever.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::compact;

/// Where assets are.
pub(super) const PATH: &str = "/assets/{name}";

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    content: Cow<'static, str>,
    media_type: &'static str,
    /// `/assets/muster.0123456789abcdef.css`
    pub(crate) href: String,
}

impl Asset {
    fn new(
        stem: &str,
        extension: &str,
        media_type: &'static str,
        content: impl Into<Cow<'static, str>>,
    ) -> Self {
        let content = content.into();
        let digest = Sha256::digest(content.as_bytes());
        let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { content, media_type, href: format!("/assets/{stem}.{hash}.{extension}") }
    }
}

pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "muster",
        "css",
        "text/css; charset=utf-8",
        compact::style(include_str!("../../assets/muster.css")),
    )
});

pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "muster",
        "js",
        "text/javascript; charset=utf-8",
        compact::script(include_str!("../../assets/muster.js")),
    )
});

/// The field that suggests, for the pages that have one.
pub(crate) static SUGGEST: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "suggest",
        "js",
        "text/javascript; charset=utf-8",
        compact::script(include_str!("../../assets/suggest.js")),
    )
});

/// htmx 2, unmodified; its licence is beside it.
pub(crate) static HTMX: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("htmx", "js", "text/javascript; charset=utf-8", include_str!("../../assets/htmx.min.js"))
});

pub(crate) static MARK: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_str!("../../assets/mark.svg")));

/// The file of that name, or 404.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let all: [&'static Asset; 5] = [&STYLE, &SCRIPT, &SUGGEST, &HTMX, &MARK];
    let found = all.into_iter().find(|asset| asset.href.strip_prefix("/assets/") == Some(name.as_str()));
    let Some(asset) = found else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = Response::new(Body::from(asset.content.as_ref()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The icon has a style of its own for the dark theme; opened by itself it may do nothing else.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}
