//! A state as a word with an icon; colour only in addition.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// The state of something.
pub(crate) fn status(class: &str, glyph: Icon, word: &str) -> Markup {
    html! { span.status.(class) { (icon(glyph)) (word) } }
}

/// A user's state.
pub(crate) fn active(active: bool) -> Markup {
    if active { status("ok", Icon::Check, "Active") } else { status("idle", Icon::Idle, "Inactive") }
}

/// An HTTP status with its class as an icon and words on hover.
pub(crate) fn http(code: u16) -> Markup {
    let (class, glyph) = match code {
        200..=299 => ("ok", Icon::Check),
        300..=399 => ("idle", Icon::Idle),
        // 501: what was asked is not offered, which is no failure.
        400..=499 | 501 => ("warn", Icon::Alert),
        _ => ("bad", Icon::Error),
    };
    let reason = http::StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason());
    html! { span.status.(class) title=[reason] { (icon(glyph)) (code) } }
}
