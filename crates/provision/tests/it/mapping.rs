//! Mappings: the defaults, validation, what flows and why.

use provision::alias::ObjectKind;
use provision::mapping::{
    AttributeMapping, Flow, FlowType, Inputs, Mapper, MappingSource, ObjectMapping, Purpose, Why, defaults,
    validate,
};
use provision::target_schema::{TargetAttribute, TargetSchema, TargetType};
use serde_json::{Value as Json, json};

use crate::world::{cork, group_mapper, inputs, mapper, nadia, target, users};

fn problems(change: impl FnOnce(&mut ObjectMapping)) -> Vec<String> {
    let mut mapping = users();
    change(&mut mapping);
    validate(&mapping, &TargetSchema::users()).into_iter().filter(|p| !p.warning).map(|p| p.message).collect()
}

fn refused(change: impl FnOnce(&mut ObjectMapping), expect: &str) {
    let found = problems(change);
    assert!(found.iter().any(|message| message.contains(expect)), "expected {expect}, found {found:?}");
}

#[test]
fn the_default_mappings_are_sound() {
    assert_eq!(problems(|_| {}), Vec::<String>::new());
    assert!(validate(&defaults::groups("g"), &TargetSchema::groups()).is_empty());
    assert!(validate(&users(), &TargetSchema::users()).is_empty());
    let mut rules = users();
    rules.attributes.retain(|a| a.target != "active");
    assert!(validate(&rules, &TargetSchema::users())[0].warning, "people who leave stay enabled");
    assert_eq!(users().attributes.len(), 22);
    assert!(TargetSchema::users().problems().is_empty());
    assert!(TargetSchema::groups().problems().is_empty());
}

#[test]
fn validation_says_what_is_wrong() {
    let set = |target: &'static str, source: MappingSource| {
        move |mapping: &mut ObjectMapping| {
            mapping.attributes.retain(|a| a.target != target);
            mapping.attributes.push(AttributeMapping::new(target, source));
        }
    };
    let direct = |name: &str| MappingSource::Direct(name.into());
    let expression = |text: &str| MappingSource::Expression(text.into());
    refused(|m| m.attributes[0].matching_priority = 0, "one mapping at least must match");
    refused(|m| m.attributes[2].matching_priority = 1, "matching precedence 1");
    refused(
        |m| m.attributes.push(AttributeMapping::direct("title", "city")),
        "title is mapped more than once",
    );
    refused(|m| drop(m.attributes.remove(0)), "the target requires userName");
    refused(set("nickname2", direct("city")), "the target has no attribute nickname2");
    refused(set("id", direct("objectId")), "primary key");
    refused(set("title", direct("jobTitel")), "the source has no attribute jobTitel");
    refused(set("title", direct("proxyAddresses")), "several values");
    refused(set("title", direct("manager")), "manager is a reference");
    refused(set("title", expression("Append([jobTitle])")), "line 1, column 1: 1 argument");
    refused(set("title", expression("Append([jobTitel], \"x\")")), "no attribute [jobTitel]");
    refused(set("title", expression("Split([jobTitle], \",\")")), "gives a list");
    refused(set("title", expression("SelectUniqueValue([mail], [city])")), "only during object creation");
    refused(set("title", MappingSource::Constant(String::new())), "the constant is empty");
    refused(set("active", MappingSource::Constant("perhaps".into())), "active is true or false");
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    refused(set(manager, direct("city")), "is a reference, and city is none");
    refused(set(manager, expression("Append([mail], \"\")")), "without an expression");
    refused(set(manager, MappingSource::Constant("x".into())), "a reference takes its value");
    refused(
        |m| m.attributes[0].source = MappingSource::Constant("x".into()),
        "a matching attribute needs a value of its own",
    );
    refused(
        |m| {
            m.attributes[0].source = MappingSource::Expression("SelectUniqueValue([mail], [city])".into());
            m.attributes[0].flow = FlowType::ObjectAddOnly;
        },
        "SelectUniqueValue is not possible on a matching attribute",
    );
    refused(|m| m.attributes[1].default_value = Some("x".into()), "default value: active is true or false");
}

/// The flow of one mapping on the title, for Nadia.
fn flow(mapping: AttributeMapping, purpose: Purpose) -> Flow {
    let mut rules = users();
    rules.attributes.retain(|a| a.target != mapping.target);
    let name = mapping.target.clone();
    rules.attributes.push(mapping);
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    target(&mapper, &nadia(), purpose).find(&name).unwrap().flow.clone()
}

#[test]
fn what_flows_and_what_does_not() {
    use Purpose::{Create, Update};
    let text = |text: &str| Flow::Set(json!(text));
    let title = |source: MappingSource| AttributeMapping::new("title", source);
    let direct = |name: &str| title(MappingSource::Direct(name.into()));
    assert_eq!(flow(direct("jobTitle"), Create), text("Site Engineer"));
    assert_eq!(flow(title(MappingSource::Constant("x".into())), Update), text("x"));
    assert_eq!(flow(AttributeMapping::expression("title", "ToUpper([city])"), Update), text("CORK"));
    assert_eq!(flow(direct("state"), Create), Flow::Nothing(Why::NoValue));
    assert_eq!(flow(direct("state"), Update), Flow::Nothing(Why::NoValue));
    assert_eq!(flow(title(MappingSource::None), Create), Flow::Nothing(Why::NotMapped));
    let with_default = |source| AttributeMapping { default_value: Some("d".into()), ..title(source) };
    assert_eq!(flow(with_default(MappingSource::Direct("state".into())), Create), text("d"));
    assert_eq!(
        flow(with_default(MappingSource::Direct("state".into())), Update),
        Flow::Nothing(Why::NoValue)
    );
    assert_eq!(flow(with_default(MappingSource::None), Create), text("d"));
    assert_eq!(flow(with_default(MappingSource::None), Update), Flow::Nothing(Why::NotMapped));
    let once = AttributeMapping { flow: FlowType::ObjectAddOnly, ..direct("jobTitle") };
    assert_eq!(flow(once.clone(), Create), text("Site Engineer"));
    assert_eq!(flow(once, Update), Flow::Nothing(Why::OnlyDuringCreation));
    let null = AttributeMapping { flow_null: true, ..direct("state") };
    assert_eq!(flow(null.clone(), Create), Flow::Nothing(Why::NoValue));
    assert_eq!(flow(null, Update), Flow::Clear);
    let ignoring = AttributeMapping {
        flow_null: true,
        ..AttributeMapping::expression("title", "IgnoreFlowIfNullOrEmpty([state])")
    };
    assert_eq!(flow(ignoring, Update), Flow::Nothing(Why::Ignored));
    let failing = AttributeMapping::expression("title", "Error(\"no\")");
    assert!(matches!(flow(failing, Create), Flow::Nothing(Why::Failed(message)) if message.contains("no")));
    let active = |text: &str| AttributeMapping::new("active", MappingSource::Constant(text.into()));
    assert_eq!(flow(active("FALSE"), Create), Flow::Set(json!(false)));
}

#[test]
fn a_required_attribute_without_value_fails_the_creation() {
    let mut user = nadia();
    user.resource.shift_remove("userName");
    let wanted = target(&mapper(), &user, Purpose::Create);
    assert_eq!(wanted.failure().unwrap().0, "userName");
    assert!(target(&mapper(), &user, Purpose::Update).failure().is_none());
    assert!(mapper().probes(&user, &inputs()).is_empty());
}

#[test]
fn references_are_resolved_through_links() {
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let wanted = target(&mapper(), &nadia(), Purpose::Create);
    assert_eq!(wanted.find(manager).unwrap().flow, Flow::Set(json!("t-s-2")));
    let nothing = Inputs { link: &|_| None, ..inputs() };
    let wanted = mapper().target(&nadia(), Purpose::Create, &nothing);
    assert_eq!(wanted.unresolved().collect::<Vec<_>>(), [(manager, "s-2")]);
    assert!(wanted.failure().is_none());
    let group = target(&group_mapper(), &cork(), Purpose::Create);
    assert_eq!(group.find("members").unwrap().flow, Flow::Nothing(Why::Members));
}

#[test]
fn each_attribute_explains_itself() {
    let wanted = target(&mapper(), &nadia(), Purpose::Create);
    let name = &wanted.find("name.formatted").unwrap().explanation;
    assert_eq!(name.expression.as_deref(), Some("Join(\" \", [givenName], [surname])"));
    assert_eq!(name.source[0], ("givenName".into(), "Nadia".into()));
    assert_eq!(name.source[1], ("surname".into(), "Okafor".into()));
    assert_eq!(name.result, "Nadia Okafor".into());
}

#[test]
fn probes_ask_by_precedence() {
    let mut rules = users();
    rules.attributes[4].matching_priority = 3;
    rules.attributes[18].matching_priority = 2;
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let filters: Vec<String> = mapper.probes(&nadia(), &inputs()).into_iter().map(|p| p.filter).collect();
    assert_eq!(
        filters,
        [
            "userName eq \"nadia.okafor@fabrikam.example\"",
            "externalId eq \"nokafor\"",
            "emails[type eq \"work\"].value eq \"nadia.okafor@fabrikam.example\"",
        ]
    );
    let mut user = nadia();
    user.resource.insert("userName".into(), json!("a\"b\\c"));
    let mapper = self::mapper();
    assert_eq!(mapper.probes(&user, &inputs())[0].filter, "userName eq \"a\\\"b\\\\c\"");
}

#[test]
fn random_values_are_the_same_at_each_attempt() {
    let mut rules = users();
    rules.attributes.push(AttributeMapping::expression("nickName", "Guid()"));
    rules.attributes.push(AttributeMapping::expression("userType", "Guid()"));
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let with = |seed: u64| mapper.target(&nadia(), Purpose::Create, &Inputs { seed, ..inputs() });
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    assert_ne!(with(1).find("nickName").unwrap().flow, with(1).find("userType").unwrap().flow);
}

#[test]
fn unique_values_are_chosen_by_what_is_taken() {
    let mut rules = users();
    rules.attributes.push(AttributeMapping {
        flow: FlowType::ObjectAddOnly,
        ..AttributeMapping::expression("nickName", "SelectUniqueValue([givenName], [surname])")
    });
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let wanted = mapper.target(
        &nadia(),
        Purpose::Create,
        &Inputs { taken: &|target, value| target == "nickName" && value == "Nadia", ..inputs() },
    );
    let value = wanted.find("nickName").unwrap();
    assert_eq!(value.flow, Flow::Set(json!("Okafor")));
    assert_eq!(value.explanation.candidates, ["Nadia", "Okafor"]);
}

#[test]
fn values_take_the_types_of_their_attributes() {
    let check = |kind: TargetType, many: bool, value: provision::Value, expect: Result<Json, &str>| {
        let attribute =
            TargetAttribute { multi_valued: many, ..TargetAttribute::new("urn:x:2.0:User:a", kind) };
        match (attribute.to_json(&value), expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect),
            (Err(found), Err(expect)) => assert!(found.contains(expect), "{found}"),
            (found, expect) => panic!("{value:?}: expected {expect:?}, found {found:?}"),
        }
    };
    let text = |t: &str| provision::Value::text(t);
    let list = || provision::Value::List(vec!["1".into(), "2".into()]);
    check(TargetType::String, false, text("7"), Ok(json!("7")));
    check(TargetType::Integer, false, text(" 7 "), Ok(json!(7)));
    check(TargetType::Integer, false, text("7.5"), Err("a whole number"));
    check(TargetType::Boolean, false, text("True"), Ok(json!(true)));
    check(TargetType::Boolean, false, text("1"), Err("true or false"));
    check(TargetType::DateTime, false, text("7/2/2021 3:33:38 PM"), Ok(json!("2021-07-02T15:33:38Z")));
    check(TargetType::DateTime, false, text("soon"), Err("a date"));
    check(TargetType::String, false, list(), Err("takes one value and 2 are there"));
    check(TargetType::String, true, list(), Ok(json!(["1", "2"])));
    check(TargetType::Integer, true, list(), Ok(json!([1, 2])));
    check(TargetType::String, true, text("{\"value\":\"x\"}"), Ok(json!([{ "value": "x" }])));
    let roles = TargetAttribute { multi_valued: true, ..TargetAttribute::new("roles", TargetType::String) };
    assert_eq!(roles.to_json(&text("Admin")), Ok(json!([{ "value": "Admin" }])));
}

#[test]
fn values_compare_as_their_attributes_do() {
    let plain = TargetAttribute::new("a", TargetType::String);
    let exact = TargetAttribute { case_exact: true, ..plain.clone() };
    let flag = TargetAttribute::new("a", TargetType::Boolean);
    let date = TargetAttribute::new("a", TargetType::DateTime);
    let many = TargetAttribute { multi_valued: true, ..plain.clone() };
    assert!(plain.is_same(&json!("ABC"), &json!("abc")));
    assert!(!exact.is_same(&json!("ABC"), &json!("abc")));
    assert!(flag.is_same(&json!("True"), &json!(true)));
    assert!(!flag.is_same(&json!(false), &json!(true)));
    assert!(date.is_same(&json!("2021-07-02T15:33:38Z"), &json!("2021-07-02T17:33:38+02:00")));
    assert!(many.is_same(&json!(["a", "B"]), &json!(["b", "A"])));
    assert!(!many.is_same(&json!(["a"]), &json!(["a", "b"])));
    let manager = TargetAttribute::new("m", TargetType::Reference);
    assert!(manager.is_same(&json!({ "value": "t-1", "displayName": "x" }), &json!("t-1")));
    assert!(!manager.is_same(&json!({ "value": "T-1" }), &json!("t-1")));
}

#[test]
fn attributes_are_added_to_the_target_list_with_care() {
    let mut schema = TargetSchema::users();
    let custom = "urn:ietf:params:scim:schemas:extension:Acme:2.0:User:badge";
    schema.add(TargetAttribute::new(custom, TargetType::Integer)).unwrap();
    assert!(schema.find(custom).unwrap().custom);
    let refused = |schema: &mut TargetSchema, attribute: TargetAttribute, expect: &str| {
        let count = schema.attributes.len();
        let error = schema.add(attribute).unwrap_err();
        assert!(error.contains(expect), "{error}");
        assert_eq!(schema.attributes.len(), count);
    };
    refused(&mut schema, TargetAttribute::new(custom.to_uppercase(), TargetType::String), "already");
    refused(&mut schema, TargetAttribute::new("a b", TargetType::String), "attribute path");
    refused(
        &mut schema,
        TargetAttribute::new("emails[type eq \"x\"]", TargetType::String),
        "which sub-attribute",
    );
    refused(&mut schema, TargetAttribute::new("boss", TargetType::Reference), "users or groups");
    refused(
        &mut schema,
        TargetAttribute { anchor: true, ..TargetAttribute::new("key", TargetType::String) },
        "primary key",
    );
    let mut rules = users();
    rules.attributes.push(AttributeMapping::direct(custom, "extensionAttribute1"));
    let mapper = Mapper::new(&rules, &schema).unwrap();
    assert_eq!(mapper.kind, ObjectKind::User);
    assert_eq!(target(&mapper, &nadia(), Purpose::Create).find(custom).unwrap().flow, Flow::Set(json!(7)));
}
