//! A progress bar on standard error; nothing when that is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template(
        "{msg:24} {bar:40.cyan/blue} {pos}/{len} requests  {per_sec}  {eta} left",
    );
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}
