//! Functions of multi-valued attributes.

use std::collections::HashSet;

use super::super::Result;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, example, required};
use crate::value::Value;

const PROXIES: &[(&str, &str)] =
    &[("proxyAddresses", "SMTP:a@x.example"), ("proxyAddresses", "smtp:b@x.example")];

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "Count",
        parameters: &[required("attribute", Kind::List)],
        result: Kind::Number,
        each: false,
        doc: "How many values there are.",
        examples: &[
            example("Count([proxyAddresses])", PROXIES, &["2"]),
            example("Count([proxyAddresses])", &[], &["0"]),
        ],
        run: |call| Ok(Value::text(call.value(0)?.texts().len().to_string())),
    },
    Function {
        name: "Item",
        parameters: &[required("attribute", Kind::List), required("index", Kind::Number)],
        result: Kind::Text,
        each: false,
        doc: "One value, the first being 1; null if there are fewer.",
        examples: &[
            example("Item([proxyAddresses], 1)", PROXIES, &["SMTP:a@x.example"]),
            example("Item([proxyAddresses], 3)", PROXIES, &[]),
        ],
        run: item,
    },
    Function {
        name: "RemoveDuplicates",
        parameters: &[required("attribute", Kind::List)],
        result: Kind::List,
        each: false,
        doc: "Each value once, in their order.",
        examples: &[example(
            "RemoveDuplicates([proxyAddresses])",
            &[("proxyAddresses", "a"), ("proxyAddresses", "b"), ("proxyAddresses", "a")],
            &["a", "b"],
        )],
        run: remove_duplicates,
    },
];

fn item(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let value = call.value(0)?;
    let Some(index) = call.integer(1)? else { return Ok(Value::Null) };
    let Some(index) = index.checked_sub(1).and_then(|i| usize::try_from(i).ok()) else {
        return Err(call.error("the first value has the index 1"));
    };
    Ok(value.texts().get(index).map_or(Value::Null, Value::text))
}

fn remove_duplicates(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let value = call.value(0)?;
    let mut seen = HashSet::new();
    Ok(Value::list(value.texts().iter().filter(|text| seen.insert(text.as_str())).cloned().collect()))
}
