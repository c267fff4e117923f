//! What is wrong with an expression before it is run: unknown names, numbers and kinds of arguments, constants that
//! cannot be what they are for.

use super::functions::{INTERVALS, asks_for_null};
use super::registry::{self, Function, Kind, Parameter};
use super::tree::{Expr, Node};
use super::{Attributes, Error, Position, date, evaluate, pattern};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    /// Allowed, but hardly meant.
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub error: Error,
}

/// Everything that is wrong, in the order of the text.
pub fn check(root: &Expr, attributes: &dyn Attributes) -> Vec<Finding> {
    let mut checker = Checker { attributes, findings: Vec::new() };
    checker.expr(root, None, true);
    checker.findings
}

struct Checker<'a> {
    attributes: &'a dyn Attributes,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    fn error(&mut self, at: Position, message: impl Into<String>) {
        self.findings.push(Finding { severity: Severity::Error, error: Error::new(at, message) });
    }

    fn warning(&mut self, at: Position, message: impl Into<String>) {
        self.findings.push(Finding { severity: Severity::Warning, error: Error::new(at, message) });
    }

    /// `slot`: the function and parameter that the value is for.
    fn expr(&mut self, expr: &Expr, slot: Option<(&'static Function, &'static Parameter)>, outermost: bool) {
        let wanted = slot.map_or(Kind::Any, |(_, parameter)| parameter.kind);
        match &expr.node {
            Node::Call(name, arguments) => self.call(name, arguments, expr.at, outermost),
            Node::Attribute(name) => {
                if self.attributes.attribute(name).is_none() {
                    self.error(expr.at, format!("the source has no attribute [{}]", super::lexer::cut(name)));
                }
            }
            Node::Word(word) if wanted == Kind::CompareType => self.compare_type(word, expr.at),
            Node::Word(word) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {}
            Node::Word(word) => self.error(
                expr.at,
                format!("{} is neither a call, an [attribute] nor a \"text\"", super::lexer::cut(word)),
            ),
            Node::Compare(_, left, right) => {
                if wanted != Kind::Condition {
                    self.error(left.at, "a comparison stands only in the condition of IIF or CBool");
                }
                self.expr(left, None, false);
                self.expr(right, None, false);
            }
            Node::Text(text) => self.text(text, expr.at, slot),
            Node::Number(_) | Node::Hex(_) => {}
        }
    }

    fn call(&mut self, name: &str, arguments: &[Option<Expr>], at: Position, outermost: bool) {
        let Some(function) = registry::find(name) else {
            let hint = registry::similar(name).map_or_else(
                || "see the list of functions".to_owned(),
                |near| format!("did you mean {near}? Letter case counts"),
            );
            self.error(at, format!("there is no function {}; {hint}", super::lexer::cut(name)));
            return;
        };
        self.count(function, arguments, at);
        if function.name == "SelectUniqueValue" && !outermost {
            self.error(at, "SelectUniqueValue must be the outermost function");
        }
        for (index, argument) in arguments.iter().enumerate() {
            let Some(parameter) = function.parameter(index) else { continue };
            match argument {
                Some(argument) => {
                    self.list_for_one(function, parameter, argument, index);
                    self.expr(argument, Some((function, parameter)), false);
                }
                // Entra's own samples leave slots of Switch empty, and a replacement may be nothing.
                None if parameter.required && !parameter.repeats && !short_format(function, arguments) => {
                    self.error(at, format!("{}: {} must not be left out", function.name, parameter.name));
                }
                None => {}
            }
        }
        self.special(function, arguments, at);
    }

    fn count(&mut self, function: &Function, arguments: &[Option<Expr>], at: Position) {
        let given = arguments.len();
        let repeated = function.parameters.iter().filter(|p| p.repeats).count();
        let fixed = function.parameters.len() - repeated;
        let uneven = repeated > 1 && given > fixed && !(given - fixed).is_multiple_of(repeated);
        let few = given < function.arguments_min() && !short_format(function, arguments);
        let many = function.arguments_max().is_some_and(|most| given > most);
        if few || many || uneven {
            let counted = if given == 1 { "1 argument is" } else { &format!("{given} arguments are") };
            let rest = if uneven { "; keys and values come in pairs" } else { "" };
            self.error(at, format!("{counted} given to {}{rest}", function.signature()));
        }
    }

    /// A function that takes one text does not take a list, unless it goes through it value by value.
    fn list_for_one(&mut self, function: &Function, parameter: &Parameter, argument: &Expr, index: usize) {
        let takes_list = matches!(parameter.kind, Kind::Any | Kind::List | Kind::Condition)
            || (function.each && index == 0);
        let gives_list = match &argument.node {
            Node::Call(name, _) => registry::find(name).is_some_and(|f| f.result == Kind::List),
            _ => false,
        };
        if gives_list && !takes_list {
            self.error(
                argument.at,
                format!(
                    "{} of {} is one value, and this is a list; use Item or Join",
                    parameter.name, function.name
                ),
            );
        }
    }

    /// A constant must be what it stands for.
    fn text(&mut self, text: &str, at: Position, slot: Option<(&'static Function, &'static Parameter)>) {
        let Some((function, parameter)) = slot else { return };
        let place = format!("{} of {}", parameter.name, function.name);
        let shown = super::lexer::cut(text);
        match parameter.kind {
            Kind::Number if evaluate::whole(text).is_none() => {
                self.error(at, format!("{place} is a whole number, and \"{shown}\" is none"));
            }
            Kind::Date if date::parse(text).is_none() => {
                self.error(at, format!("{place} is a date, and \"{shown}\" is none; try yyyy-MM-dd"));
            }
            Kind::Interval if !INTERVALS.contains(&text) => {
                self.error(
                    at,
                    format!("{place} is one of {}, and \"{shown}\" is none", INTERVALS.join(", ")),
                );
            }
            Kind::Pattern => {
                if let Err(message) = pattern::compile(text) {
                    self.error(at, message);
                }
            }
            Kind::CompareType => self.compare_type(text, at),
            _ => {}
        }
    }

    fn compare_type(&mut self, word: &str, at: Position) {
        if !matches!(word, "vbTextCompare" | "vbBinaryCompare") {
            self.error(at, "compareType is vbTextCompare or vbBinaryCompare");
        }
    }

    fn special(&mut self, function: &Function, arguments: &[Option<Expr>], at: Position) {
        let argument = |index: usize| arguments.get(index).and_then(Option::as_ref);
        match function.name {
            "Switch" => self.switch(argument(0)),
            "IIF" if argument(0).is_some_and(asks_for_null) => self.warning(
                at,
                "this condition never holds: a source that is null or empty makes it fail; use Switch([a], …, \"\", …) or Coalesce",
            ),
            "Replace" => self.replace(arguments, at),
            "Item" => {
                if let Some(Expr { node: Node::Number(..=0), at }) = argument(1) {
                    self.error(*at, "the first value has the index 1");
                }
            }
            "FormatDateTime" => {
                let formats = if short_format(function, arguments) { [1, 2] } else { [2, 3] };
                for expr in formats.into_iter().filter_map(argument) {
                    if let Node::Text(text) = &expr.node
                        && let Err(message) = super::date_format::Format::new(text)
                    {
                        self.error(expr.at, message);
                    }
                }
            }
            _ => {}
        }
    }

    fn switch(&mut self, source: Option<&Expr>) {
        match source.map(|expr| (&expr.node, expr.at)) {
            Some((Node::Attribute(name), at))
                if self.attributes.attribute(name).is_some_and(|a| a.reference) =>
            {
                self.error(at, format!("Switch does not take the reference [{name}]"));
            }
            Some((Node::Call(name, _), at))
                if matches!(name.as_str(), "IsPresent" | "IsNull" | "IsNullOrEmpty") =>
            {
                self.warning(
                    at,
                    format!("{name} as the source of Switch is better written with the key \"\""),
                );
            }
            _ => {}
        }
    }

    fn replace(&mut self, arguments: &[Option<Expr>], at: Position) {
        let given = |index: usize| arguments.get(index).is_some_and(Option::is_some);
        let [_, old, pattern, group, replacement, attribute, template] = [0, 1, 2, 3, 4, 5, 6].map(given);
        if !old && !pattern {
            self.error(at, "Replace needs oldValue or regexPattern");
        } else if !replacement && !attribute && !template {
            self.error(at, "Replace needs replacementValue, replacementAttributeName or template");
        } else if attribute && !(pattern && group) {
            self.error(at, "replacementAttributeName of Replace needs regexPattern and regexGroupName");
        }
        let text = |index: usize| match arguments.get(index) {
            Some(Some(Expr { node: Node::Text(text), .. })) => Some(text.as_str()),
            _ => None,
        };
        if let (Some(pattern), Some(group)) = (text(2), text(3))
            && let Ok(pattern) = pattern::compile(pattern)
            && !group.is_empty()
            && !pattern.capture_names().flatten().any(|name| name == group)
        {
            self.error(at, format!("the pattern has no group (?<{}>…)", super::lexer::cut(group)));
        }
    }
}

/// `FormatDateTime(source, inputFormat, outputFormat)`
fn short_format(function: &Function, arguments: &[Option<Expr>]) -> bool {
    function.name == "FormatDateTime" && arguments.len() == 3
}
