//! A message in the page: what happened, why, what to do next.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Info,
    Ok,
    Warn,
    Bad,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Info => Icon::Info,
            Self::Ok => Icon::Check,
            Self::Warn => Icon::Alert,
            Self::Bad => Icon::Error,
        }
    }
}

/// A banner; errors interrupt a screen reader, everything else waits its turn.
pub(crate) fn banner(tone: Tone, content: &Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! {
        div.banner.(tone.class()) role=(role) { (icon(tone.icon())) div { (content) } }
    }
}

/// What a form has led to. It stays until it is dismissed or another page is opened.
pub(crate) fn flash(tone: Tone, text: &str) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! {
        div.banner.(tone.class()) role=(role) data-flash {
            (icon(tone.icon()))
            div { (text) }
            button.button.quiet.tiny type="button" data-dismiss aria-label="Dismiss" title="Dismiss" { (icon(Icon::Cross)) }
        }
    }
}

/// A banner of plain text.
pub(crate) fn text(tone: Tone, text: &str) -> Markup {
    banner(tone, &html! { (text) })
}
