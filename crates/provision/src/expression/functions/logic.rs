//! Null handling, conditions and choices.

use super::super::Result;
use super::super::evaluate::Call;
use super::super::registry::{Function, Kind, example, optional, repeated, required};
use super::super::tree::{Expr, Node};
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function {
        name: "Coalesce",
        parameters: &[repeated("source", Kind::Any)],
        result: Kind::Any,
        each: false,
        doc: "The first source that is not null; the last argument is the default. Null if all are.",
        examples: &[
            example(
                "Coalesce([mail], [userPrincipalName])",
                &[("userPrincipalName", "kim@a.example")],
                &["kim@a.example"],
            ),
            example("Coalesce([mail], [otherMails])", &[], &[]),
        ],
        run: coalesce,
    },
    Function {
        name: "IIF",
        parameters: &[
            required("condition", Kind::Condition),
            required("valueIfTrue", Kind::Any),
            required("valueIfFalse", Kind::Any),
        ],
        result: Kind::Any,
        each: false,
        doc: "One of two values. Conditions compare with = <> > >= < <=; for AND and OR nest. A source in the condition that is null or empty makes the condition fail, whatever it asks: use Coalesce, Switch or IgnoreFlowIfNullOrEmpty for missing values.",
        examples: &[
            example(
                "IIF([country]=\"USA\",[country],[department])",
                &[("country", "USA"), ("department", "Rail")],
                &["USA"],
            ),
            example(
                "IIF([country]=\"USA\",[country],[department])",
                &[("country", "IE"), ("department", "Rail")],
                &["Rail"],
            ),
            example("IIF([country]<>\"USA\",\"abroad\",\"unknown\")", &[], &["unknown"]),
        ],
        run: iif,
    },
    Function {
        name: "Switch",
        parameters: &[
            required("source", Kind::Any),
            optional("defaultValue", Kind::Any),
            repeated("key", Kind::Text),
            repeated("value", Kind::Any),
        ],
        result: Kind::Any,
        each: false,
        doc: "The value whose key is the source; the default, which may be an empty slot, if there is none. Letter case counts; the key \"\" means null or empty.",
        examples: &[
            example(
                "Switch([state], \"Australia/Sydney\", \"QLD\", \"Australia/Brisbane\")",
                &[("state", "QLD")],
                &["Australia/Brisbane"],
            ),
            example("Switch([country],[country],\"\",\"Other\")", &[], &["Other"]),
            example("Switch([country],[country],\"\",\"Other\")", &[("country", "IE")], &["IE"]),
            example(
                "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
                &[("IsSoftDeleted", "False")],
                &["True"],
            ),
            example("Switch([IsSoftDeleted], , \"False\", \"True\")", &[("IsSoftDeleted", "True")], &[]),
        ],
        run: switch,
    },
    Function {
        name: "IsNull",
        parameters: &[required("expression", Kind::Any)],
        result: Kind::Boolean,
        each: false,
        doc: "True if there is no value.",
        examples: &[
            example("IsNull([mail])", &[], &["True"]),
            example("IsNull([mail])", &[("mail", "a@b.example")], &["False"]),
            example("IsNull(\"\")", &[], &["False"]),
        ],
        run: |call| Ok(Value::boolean(call.value(0)? == Value::Null)),
    },
    Function {
        name: "IsNullOrEmpty",
        parameters: &[required("expression", Kind::Any)],
        result: Kind::Boolean,
        each: false,
        doc: "True if there is no value or an empty text.",
        examples: &[
            example("IsNullOrEmpty([mail])", &[], &["True"]),
            example("IsNullOrEmpty(\"\")", &[], &["True"]),
            example("IsNullOrEmpty(\"x\")", &[], &["False"]),
        ],
        run: |call| Ok(Value::boolean(call.value(0)?.is_empty())),
    },
    Function {
        name: "IsPresent",
        parameters: &[required("expression", Kind::Any)],
        result: Kind::Boolean,
        each: false,
        doc: "True if there is a value and it is not an empty text.",
        examples: &[
            example("IsPresent([mail])", &[("mail", "a@b.example")], &["True"]),
            example("IsPresent([mail])", &[], &["False"]),
        ],
        run: |call| Ok(Value::boolean(!call.value(0)?.is_empty())),
    },
    Function {
        name: "IsString",
        parameters: &[required("expression", Kind::Any)],
        result: Kind::Boolean,
        each: false,
        doc: "True if the value is one text.",
        examples: &[
            example("IsString([mail])", &[("mail", "a@b.example")], &["True"]),
            example("IsString([mail])", &[], &["False"]),
            example("IsString(Split(\"a,b\", \",\"))", &[], &["False"]),
        ],
        run: |call| Ok(Value::boolean(call.value(0)?.texts().len() == 1)),
    },
    Function {
        name: "Not",
        parameters: &[required("source", Kind::Boolean)],
        result: Kind::Boolean,
        each: false,
        doc: "False if the source is True; True otherwise.",
        examples: &[
            example("Not(\"False\")", &[], &["True"]),
            example("Not(\"True\")", &[], &["False"]),
            example("Not([missing])", &[], &["True"]),
        ],
        run: |call| Ok(Value::boolean(!call.text(0)?.is_some_and(|t| t.eq_ignore_ascii_case("true")))),
    },
    Function {
        name: "CBool",
        parameters: &[required("expression", Kind::Condition)],
        result: Kind::Boolean,
        each: false,
        doc: "True if the expression is true or a number other than zero.",
        examples: &[
            example("CBool([a1] = [a2])", &[("a1", "x"), ("a2", "x")], &["True"]),
            example("CBool([a1] = [a2])", &[("a1", "x"), ("a2", "y")], &["False"]),
            example("CBool(0)", &[], &["False"]),
            example("CBool(\"-1\")", &[], &["True"]),
        ],
        run: |call| Ok(Value::boolean(holds(&call.value(0)?))),
    },
    Function {
        name: "CStr",
        parameters: &[required("value", Kind::Any)],
        result: Kind::Text,
        each: true,
        doc: "A number, reference or boolean as text.",
        examples: &[
            example("CStr([dn])", &[("dn", "cn=Joe,dc=contoso,dc=com")], &["cn=Joe,dc=contoso,dc=com"]),
            example("CStr(12)", &[], &["12"]),
        ],
        run: |call| Ok(call.text(0)?.map_or(Value::Null, Value::Text)),
    },
    Function {
        name: "IgnoreFlowIfNullOrEmpty",
        parameters: &[required("expression", Kind::Any)],
        result: Kind::Any,
        each: false,
        doc: "Leaves the attribute out of what is sent when the value is null or empty.",
        examples: &[
            example(
                "IgnoreFlowIfNullOrEmpty(Switch([prefix], \"\", \"3443\", \"Dr.\"))",
                &[("prefix", "3443")],
                &["Dr."],
            ),
            example("IgnoreFlowIfNullOrEmpty(Switch([prefix], \"\", \"3443\", \"Dr.\"))", &[], &[""]),
        ],
        run: |call| {
            let value = call.value(0)?;
            call.outcome().ignored |= value.is_empty();
            Ok(value)
        },
    },
    Function {
        name: "Error",
        parameters: &[required("message", Kind::Text)],
        result: Kind::Any,
        each: false,
        doc: "Ends the mapping of this object with that message; the object is held in escrow.",
        examples: &[example(
            "IIF([country]=\"\", \"none\", Coalesce([country], Error(\"country is missing\")))",
            &[("country", "IE")],
            &["IE"],
        )],
        run: |call| {
            let message = call.text(0)?.unwrap_or_default();
            Err(call.error(message))
        },
    },
];

fn coalesce(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    for index in 0..call.len() {
        let value = call.value(index)?;
        if value != Value::Null {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

fn iif(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let condition = condition(call)?;
    call.value(if condition { 1 } else { 2 })
}

/// A comparison already fails on a missing source; so does a question about one (`IIF(IsNullOrEmpty([c]), …)`), as Entra
/// documents it. The checker warns of that form.
fn condition(call: &mut Call<'_, '_, '_>) -> Result<bool> {
    let missing = call.argument(0).is_some_and(asks_for_null);
    Ok(holds(&call.value(0)?) && !missing)
}

/// `IsNull([a])`, `IsNullOrEmpty([a])`: true only where the documented rule makes the check fail.
pub(in crate::expression) fn asks_for_null(expr: &Expr) -> bool {
    matches!(&expr.node, Node::Call(name, arguments)
        if matches!(name.as_str(), "IsNull" | "IsNullOrEmpty")
            && matches!(arguments.first(), Some(Some(Expr { node: Node::Attribute(_), .. }))))
}

fn holds(value: &Value) -> bool {
    match value.texts() {
        [text] => {
            let text = text.trim();
            text.eq_ignore_ascii_case("true") || text.parse::<f64>().is_ok_and(|number| number != 0.0)
        }
        _ => false,
    }
}

fn switch(call: &mut Call<'_, '_, '_>) -> Result<Value> {
    let value = call.value(0)?;
    let source = match value.texts() {
        [] => "",
        [one] => one.as_str(),
        several => {
            return Err(call.error(format!(
                "the source has {} values and one is expected; use Item or Join",
                several.len()
            )));
        }
    };
    for key in (2..call.len()).step_by(2) {
        if call.text(key)?.unwrap_or_default() == source {
            return call.value(key + 1);
        }
    }
    call.value(1)
}
