//! `muster copy-database`: from the file of one machine to a database that several share, or back.

use serde_json::json;
use store::{Copied, Location, Options};

use crate::config::{Config, mask};
use crate::house::{Create, location, refuse_missing};
use crate::output::{Doing as _, Output, Result};
use crate::progress;

pub(crate) fn run(config: &Config, to: &str, output: Output) -> Result<()> {
    let from = location(&config.database())?;
    if let Location::File(file) = &from {
        refuse_missing(file, Create::No)?;
    }
    let into = location(to)?;
    let bar = progress::rows();
    let mut told = |copied: Copied| {
        bar.set_length(copied.total);
        bar.set_position(copied.rows);
        let doing = if copied.is_compared { "comparing" } else { "copying" };
        bar.set_message(format!("{doing} {}", copied.table));
    };
    let rows = store::copy(&Options::located(from), &Options::located(into), &mut told);
    bar.finish_and_clear();
    let rows = rows.doing(format_args!("copying into {}", mask(to)))?;
    output.answer(&json!({ "rows": rows }), || {
        format!(
            "{rows} rows are copied, and every one was compared\n\nNext: start the server with --database-url and the same \
             master.key in its data folder"
        )
    });
    Ok(())
}
