//! All checks, one file a theme.

use std::sync::LazyLock;

use crate::check::Check;

mod attributes;
mod auth;
mod bulk;
mod cursor;
mod discovery;
mod errors;
mod etag;
mod filter;
mod groups;
mod lifecycle;
mod microsoft;
mod okta;
mod paging;
mod patch;
mod patching;
mod projection;
mod put;
mod references;
mod robust;
mod sort;
mod unique;
mod users;

/// Every check, in the order of lists and reports.
pub fn all() -> &'static [Check] {
    static ALL: LazyLock<Vec<Check>> = LazyLock::new(|| {
        let themes: &[(&str, &[Check])] = &[
            ("discovery", discovery::CHECKS),
            ("auth", auth::CHECKS),
            ("users", users::CHECKS),
            ("lifecycle", lifecycle::CHECKS),
            ("put", put::CHECKS),
            ("patch", patch::CHECKS),
            ("references", references::CHECKS),
            ("unique", unique::CHECKS),
            ("filter", filter::CHECKS),
            ("paging", paging::CHECKS),
            ("cursor", cursor::CHECKS),
            ("sort", sort::CHECKS),
            ("projection", projection::CHECKS),
            ("etag", etag::CHECKS),
            ("groups", groups::CHECKS),
            ("bulk", bulk::CHECKS),
            ("errors", errors::CHECKS),
            ("robust", robust::CHECKS),
            ("attributes", attributes::CHECKS),
            ("microsoft", microsoft::CHECKS),
            ("okta", okta::CHECKS),
        ];
        themes
            .iter()
            .flat_map(|(theme, checks)| checks.iter().map(|check| Check { theme, ..*check }))
            .collect()
    });
    &ALL
}
