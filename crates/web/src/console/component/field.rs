//! Form fields. A field keeps what was typed and carries its own error.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// The hidden field that proves a form came from this session's page.
pub(crate) fn csrf(token: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(token); }
}

/// One labelled input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) value: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) required: bool,
    pub(crate) autocomplete: Option<&'a str>,
    pub(crate) autofocus: bool,
}

impl<'a> Field<'a> {
    pub(crate) fn new(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self { name, label, value, kind: "text", autocomplete: Some("off"), ..Self::default() }
    }

    pub(crate) fn kind(mut self, kind: &'a str) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn error(mut self, error: Option<&'a str>) -> Self {
        self.error = error;
        self
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) fn autocomplete(mut self, value: &'a str) -> Self {
        self.autocomplete = Some(value);
        self
    }

    pub(crate) fn autofocus(mut self) -> Self {
        self.autofocus = true;
        self
    }

    fn described(&self) -> Option<String> {
        let error = self.error.map(|_| format!("{}-error", self.name));
        let hint = self.hint.map(|_| format!("{}-hint", self.name));
        match (error, hint) {
            (Some(error), Some(hint)) => Some(format!("{error} {hint}")),
            (error, hint) => error.or(hint),
        }
    }

    fn wrap(&self, input: &Markup) -> Markup {
        html! {
            div.field {
                label for=(self.name) {
                    (self.label)
                    @if self.required { " " span.must aria-hidden="true" { "*" } }
                }
                (input)
                @if let Some(error) = self.error {
                    p.error id={ (self.name) "-error" } { (icon(Icon::Error)) span { (error) } }
                }
                @if let Some(hint) = self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
            }
        }
    }

    pub(crate) fn input(&self) -> Markup {
        self.wrap(&html! {
            input.input id=(self.name) name=(self.name) type=(self.kind) value=(self.value) required[self.required]
                autocomplete=[self.autocomplete] autofocus[self.autofocus || self.error.is_some()] maxlength="2000"
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described()];
        })
    }

    pub(crate) fn textarea(&self, mono: bool) -> Markup {
        self.wrap(&html! {
            textarea.textarea.mono[mono] id=(self.name) name=(self.name) required[self.required] spellcheck="false"
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described()] { (self.value) }
        })
    }

    /// A drop-down of value and label.
    pub(crate) fn select(&self, options: &[(&str, &str)]) -> Markup {
        self.wrap(&html! {
            select.select id=(self.name) name=(self.name) required[self.required]
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described()] {
                @for (value, label) in options {
                    option value=(value) selected[*value == self.value] { (label) }
                }
            }
        })
    }
}

/// A tick box with its sentence.
pub(crate) fn check(name: &str, value: &str, label: &str, hint: Option<&str>, checked: bool) -> Markup {
    let id = format!("{name}-{value}");
    html! {
        div.check {
            input type="checkbox" id=(id) name=(name) value=(value) checked[checked];
            label for=(id) { (label) @if let Some(hint) = hint { span.hint { (hint) } } }
        }
    }
}

/// One of several, each with its sentence.
pub(crate) fn radio(name: &str, value: &str, label: &str, hint: Option<&str>, checked: bool) -> Markup {
    let id = format!("{name}-{value}");
    html! {
        div.check {
            input type="radio" id=(id) name=(name) value=(value) checked[checked];
            label for=(id) { (label) @if let Some(hint) = hint { span.hint { (hint) } } }
        }
    }
}
