//! The question before something dangerous: what it will do in numbers, and whether it can be undone.
//!
//! It is a page of its own; where script runs the same page is shown as a dialog over the one it was asked from.

use maud::{Markup, html};

use super::button;
use super::field;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Confirm<'a> {
    pub(crate) title: &'a str,
    pub(crate) content: Markup,
    pub(crate) action: &'a str,
    pub(crate) csrf: &'a str,
    /// The word on the button: what it does, not "OK".
    pub(crate) verb: &'a str,
    /// Where "Cancel" goes.
    pub(crate) back: &'a str,
    pub(crate) danger: bool,
}

/// The question with its two answers.
pub(crate) fn confirm(ask: &Confirm<'_>) -> Markup {
    html! {
        form.confirm method="post" action=(ask.action) data-confirm {
            (field::csrf(ask.csrf))
            h1 #confirm-title { (ask.title) }
            (ask.content)
            div.end {
                (button::cancel(ask.back))
                button.button.primary[!ask.danger].danger[ask.danger].solid[ask.danger] type="submit" { (ask.verb) }
            }
        }
    }
}
