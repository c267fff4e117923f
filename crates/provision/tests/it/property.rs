//! Properties on random input. A failing case prints its seed.

use proptest::prelude::*;
use provision::expression::{
    AnyAttribute, Comparison, Environment, Expr, Function, Kind, Node, Program, Seeded, functions, parse,
};
use provision::mapping::{AttributeMapping, Flow, Mapper, MappingSource, Purpose};
use provision::patch::{Dialect, create_body, replace_body, update_body};
use provision::plan::diff;
use provision::target_schema::TargetSchema;
use scim::Resource;
use serde_json::{Value as Json, json};

use crate::expression::Object;
use crate::world::{nadia, now, target, users};

fn expr() -> impl Strategy<Value = Expr> {
    let names: Vec<String> = functions().map(|f| f.name.to_owned()).chain(["Nonsense".to_owned()]).collect();
    let leaf = prop_oneof![
        "[a-z]{1,3}".prop_map(Node::Attribute),
        ".{0,8}".prop_map(Node::Text),
        any::<i64>().prop_map(Node::Number),
        (-2_i64..12).prop_map(Node::Number),
        any::<u64>().prop_map(Node::Hex),
        Just(Node::Attribute("emails[type eq \"a]\"].value".into())),
        prop_oneof![
            Just("d"),
            Just("yyyy"),
            Just("ww"),
            Just("2021-08-05"),
            Just("(?<g>.)"),
            Just("g"),
            Just("True")
        ]
        .prop_map(|text| Node::Text(text.into())),
        Just(Node::Word("vbTextCompare".into())),
    ]
    .prop_map(Expr::new);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let argument = prop_oneof![4 => inner.clone().prop_map(Some), 1 => Just(None)];
        let call = (proptest::sample::select(names.clone()), proptest::collection::vec(argument, 0..7))
            // One empty slot and no argument are the same text.
            .prop_map(|(name, arguments)| match arguments.as_slice() {
                [None] => Node::Call(name, Vec::new()),
                _ => Node::Call(name, arguments),
            });
        let operand =
            inner.prop_filter("no comparison of comparisons", |e| !matches!(e.node, Node::Compare(..)));
        let compare = (operand.clone(), operand)
            .prop_map(|(a, b)| Node::Compare(Comparison::GreaterOrEqual, Box::new(a), Box::new(b)));
        prop_oneof![5 => call, 1 => compare].prop_map(Expr::new)
    })
}

/// Calls with as many arguments of the right sort as the function wants: most of them pass the checker.
fn sound() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![Just("a"), Just("b"), Just("d"), Just("missing")]
        .prop_map(|name| Expr::new(Node::Attribute(name.into())))
        .boxed();
    leaf.prop_recursive(4, 40, 4, |inner| {
        let inner = inner.boxed();
        (0..functions().count(), 0..3_usize).prop_flat_map(move |(index, more)| {
            let function = functions().nth(index).unwrap();
            let repeated = function.parameters.iter().filter(|p| p.repeats).count();
            let count = match repeated {
                0 => function.parameters.len(),
                _ => function.parameters.len() + repeated * more,
            };
            let arguments: Vec<BoxedStrategy<Option<Expr>>> =
                (0..count).map(|i| argument(function, i, &inner).prop_map(Some).boxed()).collect();
            arguments.prop_map(move |arguments| Expr::new(Node::Call(function.name.into(), arguments)))
        })
    })
}

fn argument(function: &'static Function, index: usize, inner: &BoxedStrategy<Expr>) -> BoxedStrategy<Expr> {
    let text = |choices: &'static [&'static str]| {
        proptest::sample::select(choices).prop_map(|text| Expr::new(Node::Text(text.into()))).boxed()
    };
    let number = (0_i64..9).prop_map(|n| Expr::new(Node::Number(n))).boxed();
    let attribute = |name: &str| Just(Expr::new(Node::Attribute(name.into()))).boxed();
    let parameter = function.parameter(index).unwrap();
    match (parameter.kind, parameter.name) {
        (Kind::Number, _) => prop_oneof![number, attribute("b")].boxed(),
        (Kind::Date, _) => {
            prop_oneof![attribute("c"), Just(Expr::new(Node::Call("Now".into(), Vec::new())))].boxed()
        }
        (Kind::Interval, _) => text(&["yyyy", "m", "d", "ww", "h", "n", "s"]),
        (Kind::Pattern, _) => text(&["(?<g>[a-z])", "(?<g>.)*", "x", "(?<g>^)"]),
        (Kind::CompareType, _) => Just(Expr::new(Node::Word("vbTextCompare".into()))).boxed(),
        (Kind::Condition, _) => (inner.clone(), inner.clone())
            .prop_map(|(a, b)| Expr::new(Node::Compare(Comparison::NotEqual, Box::new(a), Box::new(b))))
            .boxed(),
        (_, "regexGroupName") => text(&["g"]),
        (_, "inputFormat" | "outputFormat") => text(&["yyyy-MM-dd", "d.M.yy", "o"]),
        (_, "dateTimeStyles") => text(&["None", "AssumeUniversal"]),
        (_, "culture") => text(&["", "tr-TR"]),
        _ => inner.clone(),
    }
}

#[test]
fn most_sound_expressions_have_results() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut checked, mut done) = (0, 0);
    for _ in 0..2_000 {
        let tree = sound().new_tree(&mut runner).unwrap().current();
        let Ok(program) = Program::of(tree, &AnyAttribute) else { continue };
        checked += 1;
        if run(&program, 5_000).is_ok_and(|steps| steps > 1) {
            done += 1;
        }
    }
    assert!(checked > 1_000 && done > 500, "{checked} pass the checker, {done} have a result");
}

fn run(program: &Program, fuel: u64) -> Result<u64, String> {
    let object = Object::of(&[("a", "x1 Y2"), ("b", "3"), ("c", "2021-08-05"), ("d", "p"), ("d", "q")]);
    let mut entropy = Seeded(5);
    let mut environment = Environment::new(&object, now(), &mut entropy);
    environment.fuel = fuel;
    program.evaluate(&mut environment).map(|outcome| outcome.steps).map_err(|error| error.to_string())
}

/// Values that survive being sent: no controls, not blank.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-zé0-9@.-]{1,12}"
}

/// A person with some attributes and without others.
fn person() -> impl Strategy<Value = Resource> {
    let some = || proptest::option::of(text());
    let parts = (some(), some(), some(), some(), some(), some(), some(), any::<bool>(), some(), some());
    (text(), parts).prop_map(
        |(user, (display, title, work, home, given, city, mobile, active, department, manager))| {
            let mut resource = Resource::new();
            resource.insert("userName".into(), json!(user));
            resource.insert("active".into(), json!(active));
            for (key, value) in [("displayName", display), ("title", title)] {
                if let Some(value) = value {
                    resource.insert(key.into(), json!(value));
                }
            }
            let element =
                |kind: &str, sub: &str, value: Option<String>| value.map(|v| json!({ "type": kind, sub: v }));
            let lists = [
                ("emails", vec![element("home", "value", home), element("work", "value", work)]),
                ("addresses", vec![element("work", "locality", city)]),
                ("phoneNumbers", vec![element("mobile", "value", mobile)]),
            ];
            for (key, elements) in lists {
                let elements: Vec<Json> = elements.into_iter().flatten().collect();
                if !elements.is_empty() {
                    resource.insert(key.into(), elements.into());
                }
            }
            if let Some(given) = given {
                resource.insert("name".into(), json!({ "givenName": given }));
            }
            let mut enterprise = Resource::new();
            if let Some(department) = department {
                enterprise.insert("department".into(), json!(department));
            }
            if let Some(manager) = manager {
                enterprise.insert("manager".into(), json!({ "value": manager }));
            }
            if !enterprise.is_empty() {
                resource.insert(scim::urn::ENTERPRISE_USER.into(), enterprise.into());
            }
            resource
        },
    )
}

/// The default mappings; `null`: whether missing values clear the target's.
fn mapper(null: bool) -> Mapper {
    let mut rules = users();
    rules
        .attributes
        .push(AttributeMapping::direct("emails[type eq \"home\"].value", "emails[type eq \"home\"].value"));
    rules.attributes.push(AttributeMapping::new("nickName", MappingSource::Constant("Nick".into())));
    rules.attributes.iter_mut().for_each(|a| a.flow_null = null);
    Mapper::new(&rules, &TargetSchema::users()).unwrap()
}

/// As a server stores what was sent.
fn stored(body: Resource) -> Resource {
    let user = scim::schema::user();
    scim::check::check(body, user, scim::check::Purpose::Create).unwrap().resource
}

fn says_what_is_wanted(mapper: &Mapper, source: &Resource, there: &Resource) {
    let mut user = nadia();
    user.resource = source.clone();
    let wanted = target(mapper, &user, Purpose::Update);
    for value in &wanted.values {
        let rule = mapper.find(&value.target).unwrap();
        match &value.flow {
            Flow::Set(json) => {
                let found = rule
                    .path
                    .read(there)
                    .unwrap_or_else(|| panic!("{} is missing in {there:?}", value.target));
                assert!(rule.attribute.is_same(&found, json), "{}: {found} is not {json}", value.target);
            }
            Flow::Clear => assert_eq!(rule.path.read(there), None, "{}", value.target),
            Flow::Nothing(_) => {}
        }
    }
    assert!(diff(mapper, &wanted, there).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_printed_parses_to_the_same(tree in expr()) {
        let printed = tree.to_string();
        match parse(&printed) {
            Ok(parsed) => prop_assert_eq!(parsed, tree, "{}", printed),
            Err(error) => prop_assert!(error.message.contains("nested") || error.message.contains("parts") || error.message.contains("long"), "{}: {}", printed, error),
        }
    }

    #[test]
    fn any_tree_ends_within_its_fuel(tree in expr()) {
        if let Ok(program) = Program::of(tree, &AnyAttribute)
            && let Ok(steps) = run(&program, 5_000)
        {
            prop_assert!(steps <= 5_000);
        }
    }

    #[test]
    fn sound_trees_print_parse_and_end(tree in sound()) {
        prop_assert_eq!(parse(&tree.to_string()).unwrap(), tree.clone());
        if let Ok(program) = Program::of(tree, &AnyAttribute) {
            let _ = run(&program, 5_000);
        }
    }

    #[test]
    fn each_function_survives_any_arguments(
        index in 0..functions().count(),
        arguments in proptest::collection::vec(proptest::option::weighted(0.85, expr()), 0..8),
    ) {
        let name = functions().nth(index).unwrap().name;
        if let Ok(program) = Program::of(Expr::new(Node::Call(name.into(), arguments)), &AnyAttribute) {
            let _ = run(&program, 5_000);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn anything_like_an_expression_is_parsed_or_refused(text in "[A-Za-z(),\"\\[\\]&=<>\\\\0-9 .-]{0,80}") {
        if let Ok(tree) = parse(&text) {
            prop_assert_eq!(parse(&tree.to_string()).unwrap(), tree);
        }
    }

    #[test]
    fn any_value_goes_through_each_text_function(value in ".{0,40}") {
        for text in [
            "PCase([a])", "NormalizeDiacritics([a])", "Mid([a], 2, 5)", "Left([a], 3)", "InStr([a], \"a\", 1, vbTextCompare)",
            "Word([a], 2, \" ,\")", "Split([a], \" \")", "ConvertFromBase64(ConvertToBase64([a]))", "CDate([a])",
            "FormatDateTime([a], , \"d/M/yyyy\", \"o\")", "DNComponent([a], 1)", "Replace([a], , \"(?<g>[a-z]+)\", \"g\", \"$1\", , )",
            "StringFromSid([a])", "ToUpper([a], \"tr\")", "DateFromNum([a])", "BitAnd([a], 7)",
        ] {
            let program = Program::new(text, &AnyAttribute).unwrap();
            let object = Object::of(&[("a", &value)]);
            let mut entropy = Seeded(0);
            let result = program.evaluate(&mut Environment::new(&object, now(), &mut entropy));
            if text.starts_with("ConvertFrom") && !value.is_empty() {
                prop_assert_eq!(result.unwrap().value, provision::Value::text(&value));
            }
        }
    }

    #[test]
    fn any_text_is_a_date_format_or_none(format in "[dMyhHmsfFtgzK:/ .'\\\\%-]{0,20}", date in "[0-9:/ .TZ+-]{0,24}") {
        let text = "FormatDateTime([d], , [f], [f])";
        let program = Program::new(text, &AnyAttribute).unwrap();
        let object = Object::of(&[("d", &date), ("f", &format)]);
        let mut entropy = Seeded(0);
        let _ = program.evaluate(&mut Environment::new(&object, now(), &mut entropy));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_body_reads_back_as_what_was_written(source in person(), dialect in 0..3_usize) {
        let dialect = [Dialect::Legacy, Dialect::AadOptscim062020, Dialect::Rfc][dialect];
        let mapper = mapper(false);
        let mut user = nadia();
        user.resource = source.clone();
        let body = create_body(&mapper, &target(&mapper, &user, Purpose::Create), dialect);
        says_what_is_wanted(&mapper, &source, &body);
        says_what_is_wanted(&mapper, &source, &stored(body));
    }

    #[test]
    fn a_patch_makes_the_target_what_is_wanted(before in person(), after in person(), null in any::<bool>(), dialect in 0..3_usize) {
        let dialect = [Dialect::Legacy, Dialect::AadOptscim062020, Dialect::Rfc][dialect];
        let mapper = mapper(null);
        let mut user = nadia();
        user.resource = before;
        let current = stored(create_body(&mapper, &target(&mapper, &user, Purpose::Create), Dialect::Legacy));
        user.resource = after.clone();
        let changes = diff(&mapper, &target(&mapper, &user, Purpose::Update), &current);
        if !changes.is_empty() {
            let body = update_body(&mapper, &changes, &current, dialect);
            let request = scim::patch::parse(body.clone()).unwrap_or_else(|e| panic!("{e}: {body}"));
            let applied = scim::patch::apply(&current, &request, scim::schema::user()).unwrap_or_else(|e| panic!("{e}: {body}"));
            says_what_is_wanted(&mapper, &after, &applied.resource);
            if dialect == Dialect::Rfc {
                prop_assert!(applied.quirks.is_empty(), "{:?}: {}", applied.quirks, body);
            }
            says_what_is_wanted(&mapper, &after, &replace_body(&mapper, &changes, &current));
        }
    }
}
