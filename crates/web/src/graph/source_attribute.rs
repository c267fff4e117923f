//! `sourceAttributes`: Entra's attribute names, as mappings read them, and the SCIM paths of this directory behind them.
//! Muster's own; Graph has no such list.

use provision::alias::{self, Alias, ObjectKind};
use serde_json::{Value, json};

use super::exchange::{Answer, Call};

const FILTERS: &[&str] = &["id", "name", "objectTypeName", "path", "type", "direction"];

pub(crate) async fn list(call: Call) -> Answer {
    if let Some(filter) = &call.options.filter {
        filter.check(FILTERS, false)?;
    }
    let of = |kind: ObjectKind| alias::aliases(kind).iter().map(move |alias| shown(kind, alias));
    call.cut("sourceAttributes", [ObjectKind::User, ObjectKind::Group].into_iter().flat_map(of).collect())
}

/// What is computed has no path.
fn shown(kind: ObjectKind, alias: &Alias) -> Value {
    json!({
        "id": format!("{}.{}", kind.as_str(), alias.name),
        "name": alias.name,
        "objectTypeName": kind.as_str(),
        "path": Some(alias.path).filter(|path| !path.is_empty()),
        "type": alias.kind,
        "multivalued": alias.multi_valued,
        "separator": alias.is_joined().then(|| alias::SEPARATOR.to_string()),
        "direction": alias.direction,
    })
}
