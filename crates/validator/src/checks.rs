//! All checks, one file a theme.

use std::sync::LazyLock;

use crate::check::Check;

mod discovery;

/// Every check, in the order of lists and reports.
pub fn all() -> &'static [Check] {
    static ALL: LazyLock<Vec<Check>> = LazyLock::new(|| {
        let themes: &[(&str, &[Check])] = &[
            ("discovery", discovery::CHECKS),
        ];
        themes
            .iter()
            .flat_map(|(theme, checks)| checks.iter().map(|check| Check { theme, ..*check }))
            .collect()
    });
    &ALL
}
