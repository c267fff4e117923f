//! A progress bar on standard error; nothing when that is not a terminal.

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

pub(crate) fn bar(total: u64) -> ProgressBar {
    styled(total, "{msg:24} {bar:40.cyan/blue} {pos}/{len} requests  {rate}  {eta} left")
}

/// For checks: how many requests they take is not known before.
pub(crate) fn checks(total: u64) -> ProgressBar {
    styled(total, "{bar:40.cyan/blue} {pos}/{len} checks  {msg}  {eta} left")
}

/// For a file that is read: how many lines it has is not known before.
pub(crate) fn bytes(total: u64) -> ProgressBar {
    styled(total, "{prefix:10} {bar:40.cyan/blue} {bytes}/{total_bytes}  {msg}  {eta} left")
}

/// For users and groups: how many there are is known better and better.
pub(crate) fn objects() -> ProgressBar {
    styled(0, "{msg:18} {bar:40.cyan/blue} {pos}/{len} objects  {rate}  {eta} left")
}

/// For rows of a database.
pub(crate) fn rows() -> ProgressBar {
    styled(0, "{msg:28} {bar:40.cyan/blue} {pos}/{len} rows  {rate}  {eta} left")
}

fn styled(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template(template);
    if let Ok(style) = style {
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate).progress_chars("━╸─"));
    }
    bar
}
