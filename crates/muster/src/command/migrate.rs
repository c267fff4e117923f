//! `muster migrate`: opening the database has brought it to this version's schema; say which that is.

use serde_json::json;

use crate::house::House;
use crate::output::Output;

pub(crate) fn run(house: &House, output: Output) {
    let version = house.store.schema_version();
    output.answer(&json!({ "schema_version": version }), || {
        format!("the database has schema version {version}")
    });
}
