//! App roles. An assignment is a JSON text `{"id", "value", "displayName"}`, or the role's name alone.

use serde_json::{Value as Json, json};

use super::super::Result;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, Parameter, example, required};
use crate::value::Value;

const SOURCE: &[Parameter] = &[required("appRoleAssignments", Kind::List)];
const ADMIN: &[(&str, &str)] =
    &[("appRoleAssignments", "{\"id\":\"7\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}")];

/// `type` of every role that Entra sends.
const TYPE: &str = "WindowsAzureActiveDirectoryRole";

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "SingleAppRoleAssignment",
        parameters: SOURCE,
        result: Kind::Text,
        each: false,
        doc: "The name of one role of the user in this application. Meant for users with one role; of several it is the first.",
        examples: &[example("SingleAppRoleAssignment([appRoleAssignments])", ADMIN, &["Admin"])],
        run: |call| Ok(call.value(0)?.texts().first().map_or(Value::Null, |role| Value::Text(name(role)))),
    },
    Function {
        name: "AppRoleAssignments",
        parameters: SOURCE,
        result: Kind::List,
        each: false,
        doc: "The names of all roles of the user in this application.",
        examples: &[example("AppRoleAssignments([appRoleAssignments])", ADMIN, &["Admin"])],
        run: |call| Ok(Value::list(call.value(0)?.texts().iter().map(|role| name(role)).collect())),
    },
    Function {
        name: "AppRoleAssignmentsComplex",
        parameters: SOURCE,
        result: Kind::List,
        each: false,
        doc: "All roles as objects for a target attribute roles; they are only ever added.",
        examples: &[example(
            "AppRoleAssignmentsComplex([appRoleAssignments])",
            ADMIN,
            &[
                "{\"primary\":false,\"type\":\"WindowsAzureActiveDirectoryRole\",\"display\":\"Administrator\",\"value\":\"Admin\"}",
            ],
        )],
        run: complex,
    },
    Function {
        name: "AssertiveAppRoleAssignmentsComplex",
        parameters: SOURCE,
        result: Kind::List,
        each: false,
        doc: "All roles as objects for a target attribute roles; they replace what the target has.",
        examples: &[example(
            "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
            ADMIN,
            &[
                "{\"primary\":false,\"type\":\"WindowsAzureActiveDirectoryRole\",\"display\":\"Administrator\",\"value\":\"Admin\"}",
            ],
        )],
        run: complex,
    },
];

/// Name to compare by and name to show.
fn role(text: &str) -> (String, String) {
    let object = serde_json::from_str::<Json>(text).ok().filter(Json::is_object);
    let part = |key: &str| object.as_ref()?.get(key)?.as_str().map(str::to_owned);
    let display = part("displayName").or_else(|| part("display"));
    let value = part("value").or_else(|| display.clone()).unwrap_or_else(|| text.to_owned());
    (value.clone(), display.unwrap_or(value))
}

fn name(text: &str) -> String {
    role(text).0
}

fn complex(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let assigned = call.value(0)?;
    let objects = assigned.texts().iter().map(|text| {
        let (value, display) = role(text);
        json!({ "primary": false, "type": TYPE, "display": display, "value": value }).to_string()
    });
    Ok(Value::list(objects.collect()))
}
