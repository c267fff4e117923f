//! The icons: 16 px, one stroke width, inline so that they take the colour of the text beside them.

use maud::{Markup, PreEscaped, html};

/// An icon by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Alert,
    Apps,
    Check,
    ChevronDown,
    Clock,
    Copy,
    Cross,
    Down,
    Edit,
    Error,
    Groups,
    Home,
    Idle,
    Info,
    Key,
    Logs,
    Menu,
    Pause,
    Person,
    Plus,
    Search,
    Settings,
    Shield,
    SignOut,
    Sync,
    Trash,
    Undo,
    Up,
    Users,
}

impl Icon {
    /// Strokes on a 16 × 16 field.
    fn strokes(self) -> &'static str {
        match self {
            Self::Alert => r#"<path d="M8 2.2 14.4 13.4H1.6Z"/><path d="M8 6.4v3.2M8 11.6v.1"/>"#,
            Self::Apps => {
                r#"<rect x="2" y="2.5" width="12" height="11" rx="1.5"/><path d="M2 6h12M4.4 4.3v.1M6.4 4.3v.1"/>"#
            }
            Self::Check => r#"<path d="m3 8.6 3.3 3.3L13 4.8"/>"#,
            Self::ChevronDown => r#"<path d="m4.5 6.5 3.5 3.5 3.5-3.5"/>"#,
            Self::Clock => r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.6V8l2.3 1.5"/>"#,
            Self::Copy => {
                r#"<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 3.2a1 1 0 0 0-1-.7H4a1.5 1.5 0 0 0-1.5 1.5v5.5a1 1 0 0 0 .7 1"/>"#
            }
            Self::Cross => r#"<path d="m4 4 8 8M12 4l-8 8"/>"#,
            Self::Down => r#"<path d="M8 3v10M4 9.2 8 13l4-3.8"/>"#,
            Self::Edit => r#"<path d="m10.8 2.7 2.5 2.5-7.8 7.8-3 .5.5-3Z"/><path d="m9.3 4.2 2.5 2.5"/>"#,
            Self::Error => r#"<circle cx="8" cy="8" r="6"/><path d="m5.8 5.8 4.4 4.4M10.2 5.8l-4.4 4.4"/>"#,
            Self::Groups => {
                r#"<rect x="2" y="2.5" width="5" height="5" rx="1.2"/><rect x="9" y="2.5" width="5" height="5" rx="1.2"/><rect x="5.5" y="9" width="5" height="5" rx="1.2"/>"#
            }
            Self::Home => {
                r#"<path d="M2.3 7.4 8 2.5l5.7 4.9"/><path d="M3.8 6.4v7h8.4v-7M6.6 13.2V9.4h2.8v3.8"/>"#
            }
            Self::Idle => r#"<circle cx="8" cy="8" r="6"/><path d="M5.2 8h5.6"/>"#,
            Self::Info => r#"<circle cx="8" cy="8" r="6"/><path d="M8 7.3v3.6M8 5v.1"/>"#,
            Self::Key => {
                r#"<circle cx="5" cy="11" r="3"/><path d="m7.2 8.8 5.6-5.6M10.6 5.4l2 2M8.8 7.2l1.2 1.2"/>"#
            }
            Self::Logs => r#"<path d="M3.5 2h9v12h-9Z"/><path d="M6 5.2h4M6 8h4M6 10.8h2.4"/>"#,
            Self::Menu => r#"<path d="M2.5 4.2h11M2.5 8h11M2.5 11.8h11"/>"#,
            Self::Pause => r#"<circle cx="8" cy="8" r="6"/><path d="M6.4 6v4M9.600 6v4"/>"#,
            Self::Person => {
                r#"<circle cx="8" cy="5.2" r="2.8"/><path d="M2.6 13.8c.6-2.9 2.7-4.4 5.4-4.4s4.8 1.5 5.4 4.4"/>"#
            }
            Self::Plus => r#"<path d="M8 3v10M3 8h10"/>"#,
            Self::Search => r#"<circle cx="7" cy="7" r="4.5"/><path d="m10.4 10.4 3.2 3.2"/>"#,
            Self::Settings => {
                r#"<path d="M2 4.5h5.500M11.5 4.500H14M2 11.500h2.500M8.5 11.500H14"/><circle cx="9.5" cy="4.5" r="2"/><circle cx="6.5" cy="11.5" r="2"/>"#
            }
            Self::Shield => {
                r#"<path d="M8 1.8 13.2 4v4c0 3-2.2 5.2-5.2 6.2C5 13.2 2.8 11 2.8 8V4Z"/><path d="m5.7 8 1.7 1.7 3-3.4"/>"#
            }
            Self::SignOut => r#"<path d="M6.5 2.500H3v11h3.500M10.2 4.8 13.5 8l-3.3 3.200M13.3 8H6.4"/>"#,
            Self::Sync => {
                r#"<path d="M13.300 6.800A5.500 5.500 0 0 0 3.200 5.400M2.700 9.200a5.500 5.500 0 0 0 10.100 1.400"/><path d="M3 2.600v3h3M13 13.400v-3h-3"/>"#
            }
            Self::Trash => r#"<path d="M2.8 4.300h10.400M6 4.200V2.500h4v1.700M4.2 4.500l.6 9h6.400l.6-9"/>"#,
            Self::Undo => {
                r#"<path d="M5.6 3 2.7 5.900l2.9 2.9"/><path d="M3 5.900h6.300a3.7 3.7 0 0 1 0 7.400H6"/>"#
            }
            Self::Up => r#"<path d="M8 13V3M4 6.8 8 3l4 3.8"/>"#,
            Self::Users => {
                r#"<circle cx="6" cy="5.4" r="2.5"/><path d="M1.5 13.300c.4-2.6 2.2-4 4.5-4s4.1 1.4 4.5 4M10.5 3.200a2.3 2.3 0 0 1 0 4.400M12 9.600c1.4.5 2.3 1.8 2.5 3.7"/>"#
            }
        }
    }
}

/// An icon beside a word that says the same; hidden from screen readers.
pub(crate) fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"
            stroke-linejoin="round" aria-hidden="true" focusable="false" { (PreEscaped(icon.strokes())) }
    }
}

/// The mark: people drawn up in a row, one of them new.
pub(crate) fn mark() -> Markup {
    html! {
        svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            g.logo-row {
                rect x="2" y="7.2" width="4.4" height="14.3" rx="2.2" {}
                rect x="9.8" y="12.2" width="4.4" height="9.3" rx="2.2" {}
                rect x="17.6" y="7.2" width="4.4" height="14.3" rx="2.2" {}
                circle cx="4.2" cy="3.7" r="2.3" {}
                circle cx="19.8" cy="3.7" r="2.3" {}
            }
            circle.logo-new cx="12" cy="8.1" r="2.6" {}
        }
    }
}
